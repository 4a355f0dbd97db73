"""What everybody of an Azure tenant holds, block by block, and what denies it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from policies.proof.operations import Operations
from scanner.azure.model import EVERYONE, Assignment, AzureTenant, DenyAssignment
from scanner.azure.rbac.roles import Permission
from scanner.grants import Standing

Holds = Callable[[Assignment], bool]


@dataclass(frozen=True, slots=True)
class Unit:
    """One block of what somebody holds, at one scope.

    Attributes:
        where: the assignment, for people; two units that differ in it alone are equal.
    """

    scope: str
    block: Permission
    condition: str | None
    where: str


def held(one: Assignment) -> bool:
    """True for any assignment, one that has to be activated first included."""
    return True


def active(one: Assignment) -> bool:
    """True for what its holder may use without activating it."""
    return one.standing is not Standing.ELIGIBLE


class Holdings:
    """What everybody of a tenant holds, directly and through groups."""

    def __init__(self, tenant: AzureTenant, counts: Holds = held) -> None:
        """Look at the assignments of a tenant that count."""
        self._tenant = tenant
        self._held: dict[str, list[Assignment]] = {}
        for one in filter(counts, tenant.assignments):
            self._held.setdefault(one.principal, []).append(one)
        self._groups: dict[str, list[str]] = {}
        for group, inside in tenant.directory.reached.items():
            if group in self._held:
                for member in inside:
                    self._groups.setdefault(member, []).append(group)

    def of(self, id_: str) -> list[Unit]:
        """Return the blocks that somebody holds."""
        holders = (id_, *self._groups.get(id_, ()))
        return [
            unit
            for holder in holders
            for one in self._held.get(holder, ())
            for unit in self._units(one)
        ]

    def _units(self, one: Assignment) -> Iterator[Unit]:
        role = self._tenant.roles.get(one.role)
        for block in role.permissions if role else ():
            yield Unit(one.scope, block, one.condition, one.id)


def _content(one: Unit) -> Unit:
    return replace(one, where="")


def without(some: Iterable[Unit], others: Iterable[Unit]) -> list[Unit]:
    """Return the blocks that others do not hold, by whichever assignment."""
    known = set(map(_content, others))
    return [one for one in some if _content(one) not in known]


def binds(tenant: AzureTenant, one: DenyAssignment, id_: str) -> bool:
    """True when a deny assignment is about somebody, itself or by a group."""
    reached = tenant.directory.reached.items()
    parties = {id_, *(group for group, inside in reached if id_ in inside)}
    if not parties.isdisjoint(one.excluded):
        return False
    return EVERYONE in one.principals or not parties.isdisjoint(one.principals)


def denied(operations: Operations, one: DenyAssignment) -> int:
    """Return the operations that a deny assignment takes: none when it only audits."""
    found = 0
    for block in () if one.audit else one.permissions:
        found |= operations.allowed(block)
    return found


Allowed = Mapping[str | None, int]


def allowed(operations: Operations, units: Iterable[Unit]) -> Allowed:
    """Return the operations that blocks allow, by the condition that they are under."""
    found: dict[str | None, int] = {}
    for one in units:
        together = _both(one.condition, one.block.condition)
        found[together] = found.get(together, 0) | operations.allowed(one.block)
    return found


def _both(one: str | None, other: str | None) -> str | None:
    return f"({one}) AND ({other})" if one and other else one or other


def beyond(some: Allowed, others: Allowed) -> int:
    """Return what is allowed under a condition, and otherwise not, nor without one."""
    found = 0
    for condition, bits in some.items():
        found |= bits & ~others.get(None, 0) & ~others.get(condition, 0)
    return found
