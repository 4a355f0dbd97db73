"""What Entra principals are there for besides commanding machines.

The roles that people hold for other work, and where a workload has its home.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from scanner.azure.model import AzureTenant, Source
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.vectors import COVERED
from scanner.estate import Principal
from scanner.grants import Standing, Tier

#: Providers whose rights belong to commanding machines, or to looking on.
_RELATED = frozenset(
    {
        *("microsoft.compute", "microsoft.hybridcompute", "microsoft.insights"),
        *("microsoft.serialconsole", "microsoft.hybridconnectivity"),
        *("microsoft.support", "microsoft.resources", "microsoft.authorization"),
    }
)
_GROUP_DEPTH = 5  # "", subscriptions, its id, resourceGroups, its name


class Surroundings:
    """What lists say of principals beyond their commands; read when asked."""

    def __init__(self, tenants: Iterable[AzureTenant]) -> None:
        """Look at these tenants."""
        self._tenants = tuple(tenants)

    def work_of(self, principal: Principal) -> tuple[str, ...]:
        """Return the names of roles that a principal holds now for other work, sorted.

        Such a role runs no command, and changes something that has nothing to do with
        machines. Held itself or through groups, permanently or for a time.
        """
        return tuple(sorted(self._work.get(principal.id, ())))

    def homes_of(self, principal: Principal) -> tuple[str, ...]:
        """Return the resource groups that a managed identity lives or runs in, sorted.

        Normalized; empty where no list says it.
        """
        return tuple(sorted(self._homes.get(principal.id, ())))

    @cached_property
    def _work(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for tenant in self._tenants:
            work = {one.guid: one.name for one in tenant.roles.values() if _works(one)}
            for assignment in tenant.assignments:
                name = work.get(assignment.role)
                active = assignment.standing is not Standing.ELIGIBLE
                if name is None or not active or assignment.source is Source.CLASSIC:
                    continue
                inside = tenant.directory.reached.get(assignment.principal, ())
                for holder in (assignment.principal, *inside):
                    found.setdefault(holder, set()).add(name)
        return found

    @cached_property
    def _homes(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for tenant in self._tenants:
            for scope, identities in _carriers(tenant):
                parts = scope.split("/")
                for identity in identities if len(parts) > _GROUP_DEPTH else ():
                    home = "/".join(parts[:_GROUP_DEPTH])
                    found.setdefault(identity, set()).add(home)
        return found


def _carriers(tenant: AzureTenant) -> Iterator[tuple[str, tuple[str, ...]]]:
    for machine in tenant.machines:
        yield machine.scope, machine.identities
    for host in tenant.hosts:
        yield host.scope, host.identities
    for account in tenant.workers:
        yield account.scope, account.identities


def _works(role: RoleDefinition) -> bool:
    if any(any(role.granting(vector, False)) for vector in _commands()):
        return False
    return any(map(_changes_elsewhere, role.permissions))


def _changes_elsewhere(block: Permission) -> bool:
    named = (*block.actions, *block.data_actions)
    return any(map(_is_elsewhere, map(str.lower, named)))


def _is_elsewhere(pattern: str) -> bool:
    looking = pattern.endswith(("/read", "/list/action"))
    return not looking and pattern.partition("/")[0] not in _RELATED


def _commands() -> tuple[str, ...]:
    tiers = (Tier.DIRECT, Tier.INDIRECT)
    return tuple(vector.id for vector in COVERED if vector.tier in tiers)
