"""What Azure subscriptions say about themselves: whether anything denies commands."""

from collections.abc import Iterable, Iterator

from scanner.azure.model import AzureTenant, DenyAssignment
from scanner.azure.rbac.scopes import ROOT, covers
from scanner.azure.vectors import MACHINE_VECTORS
from scanner.facts import Fact, Facts, Topic
from scanner.grants import Tier

_CONSOLES = "Microsoft.SerialConsole/consoleServices"
_DENIES = "Microsoft.Authorization/denyAssignments"
_COMMANDS = tuple(
    one.operation for one in MACHINE_VECTORS if one.vector.tier is Tier.DIRECT
)
_NONE = "no deny assignment names a command"


def facts_of(tenants: Iterable[AzureTenant]) -> Facts:
    """Return the facts of every subscription with machines."""
    known: list[Fact] = []
    unasked: set[tuple[str, str]] = set()
    for tenant in tenants:
        known += _consoles(tenant)
        for name in {machine.target.scope for machine in tenant.machines}:
            if name.lower() not in tenant.consoles_asked:
                unasked.add((_CONSOLES, name))
            if name.lower() in tenant.denies_unread:
                unasked.add((_DENIES, name))
            elif not any(map(_denies_commands, _around(tenant, name))):
                known.append(Fact(Topic.NO_CONTROL, name, detail=_NONE))
    return Facts(tuple(sorted(known)), frozenset(unasked))


def _consoles(tenant: AzureTenant) -> Iterator[Fact]:
    """Yield the subscriptions with VMs whose serial console is known to be on."""
    if tenant.consoles_on:
        vms = (one.target for one in tenant.machines if one.target.kind != "arc")
        for name in {target.scope for target in vms}:
            if name.lower() in tenant.consoles_on:
                yield Fact(Topic.SERIAL_CONSOLE, name)


def _around(tenant: AzureTenant, subscription: str) -> Iterator[DenyAssignment]:
    """Yield the deny assignments above, at or below a subscription."""
    place = f"/subscriptions/{subscription.lower()}"
    above, _ = tenant.hierarchy.chain(subscription)
    for deny in tenant.denies:
        if deny.scope in (ROOT, *above) or covers(place, deny.scope):
            yield deny


def _denies_commands(deny: DenyAssignment) -> bool:
    return not deny.audit and any(
        block.includes(operation, False)
        for block in deny.permissions
        for operation in _COMMANDS
    )
