"""What Azure subscriptions say about themselves: whether anything denies commands.

A policy is a guard rail on writes of extensions and run commands only: where there is
no deny assignment it is named, and run command itself is not said to be stopped.
"""

from collections.abc import Iterable, Iterator

from scanner.azure.model import AzureTenant, DenyAssignment
from scanner.azure.policies.model import Shut
from scanner.azure.policies.shutting import shuts_of
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
_POLICIES = "denies writes of resources only, not runCommand/action"
_MOST_NAMED = 3


def facts_of(tenants: Iterable[AzureTenant]) -> Facts:
    """Return the facts of every subscription with machines."""
    known: list[Fact] = []
    unasked: set[tuple[str, str]] = set()
    for tenant in tenants:
        known += _consoles(tenant)
        shuts = {one for some in shuts_of(tenant.policies).values() for one in some}
        for name in {machine.target.scope for machine in tenant.machines}:
            if name.lower() not in tenant.consoles_asked:
                unasked.add((_CONSOLES, name))
            if name.lower() in tenant.denies_unread:
                unasked.add((_DENIES, name))
            elif not any(map(_denies_commands, _around(tenant, name))):
                detail = "; ".join((_NONE, *_policies(tenant, name, shuts)))
                known.append(Fact(Topic.NO_CONTROL, name, detail=detail))
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
    for deny in tenant.denies:
        if _is_around(tenant, subscription, deny.scope):
            yield deny


def _is_around(tenant: AzureTenant, subscription: str, scope: str) -> bool:
    place = f"/subscriptions/{subscription.lower()}"
    above, _ = tenant.hierarchy.chain(subscription)
    return scope in (ROOT, *above) or covers(place, scope)


def _policies(
    tenant: AzureTenant, subscription: str, shuts: Iterable[Shut]
) -> Iterator[str]:
    """Yield, in words, what policies above, at or below a subscription deny."""
    around = (one for one in shuts if _is_around(tenant, subscription, one.scope))
    names = sorted({one.name for one in around})
    if names:
        more = len(names) - _MOST_NAMED
        listed = ", ".join(names[:_MOST_NAMED])
        also = f" and {more} more" * (more > 0)
        yield f"Azure Policy ({listed}{also}) {_POLICIES}"


def _denies_commands(deny: DenyAssignment) -> bool:
    return not deny.audit and any(
        block.includes(operation, False)
        for block in deny.permissions
        for operation in _COMMANDS
    )
