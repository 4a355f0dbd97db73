"""Obligation 5 on Azure, the other side: what is to stay is not gone for a while.

What is active before and after has to be active at every step; what is eligible on one
side, and held on the other, has to be held: of access that becomes temporary, the right
to activate it is what stays, so it is there before the standing access goes.
"""

from collections.abc import Iterable, Iterator, Sequence

from policies.proof.copies import Copy, copied
from policies.proof.holdings import (
    Allowed,
    Holdings,
    Unit,
    active,
    allowed,
    beyond,
    binds,
    denied,
    held,
    without,
)
from policies.proof.obligations import Case
from policies.proof.operations import Operations
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.azure.elsewhere import enclosing
from scanner.azure.model import AzureEstate, AzureTenant, DenyAssignment

#: Objects that take rights by being there; all others give some.
_TAKING = (
    ResourceKind.DENY_ASSIGNMENT,
    ResourceKind.LOCK,
    ResourceKind.POLICY_ASSIGNMENT,
    ResourceKind.POLICY_DEFINITION,
)


def gives(change: Change) -> bool:
    """True for a step after which somebody may hold more."""
    taking = change.resource.kind in _TAKING
    return (change.before if taking else change.after) is not None


def _takes(change: Change) -> bool:
    taking = change.resource.kind in _TAKING
    return (change.after if taking else change.before) is not None


def gaps(case: Case) -> Iterator[tuple[int, str, str]]:
    """Yield the first right that each step takes and a later one gives back.

    Yields:
        The number of the step, whose right it is, and the operation.
    """
    changes = case.intent.changes
    for number, change in enumerate(changes, start=1):
        if _takes(change) and any(map(gives, changes[number:])):
            now = copied(case.context, case.copy.before, changes[:number])
            found = next(_missing(case.copy, now), None)
            if found is not None:
                yield number, *found


def _missing(last: Copy, now: Copy) -> Iterator[tuple[str, str]]:
    """Yield who is without which operation between two steps."""
    sides = last.before, now.after, last.after
    start, meanwhile, end = (_tenants(side) for side in sides)
    for name, tenant in start.items():
        if meanwhile[name] is not tenant:
            steps = _Steps(tenant, meanwhile[name], end[name])
            yield from steps.missing(sorted(last.ids))


def _tenants(half: object) -> dict[str, AzureTenant]:
    assert isinstance(half, AzureEstate)  # noqa: S101
    return dict(half.tenants)


class _Steps:
    """A tenant as it is, between two steps, and at the end."""

    def __init__(self, *tenants: AzureTenant) -> None:
        self._tenants = tenants
        first, *others = (frozenset(tenant.denies) for tenant in tenants)
        self._denies = frozenset[DenyAssignment]().union(
            *(first ^ other for other in others)
        )
        roles = (role for tenant in tenants for role in tenant.roles.values())
        self._operations = Operations.of(dict.fromkeys(roles), ())

    def missing(self, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield who is without what, in the order of the principals given."""
        for counts in (active, held):
            sides = [Holdings(tenant, counts) for tenant in self._tenants]
            seen: set[object] = set()
            for id_ in ids:
                units = [side.of(id_) for side in sides]
                key = (*map(frozenset, units), self._bound(id_))
                if key not in seen:
                    seen.add(key)
                    yield from ((id_, name) for name in self._of(id_, units))

    def _bound(self, id_: str) -> frozenset[DenyAssignment]:
        """Return the deny assignments that differ and are about somebody."""
        known = self._tenants[0]
        return frozenset(one for one in self._denies if binds(known, one, id_))

    def _of(self, id_: str, units: Sequence[list[Unit]]) -> Iterator[str]:
        start, now, end = units
        bound = self._bound(id_)
        if not bound and not (without(start, now) and without(end, now)):
            return
        places = {one.scope for some in units for one in some}
        for scope in sorted(places | {one.scope for one in bound}):
            old, meanwhile, new = (
                self._at(scope, id_, number, some) for number, some in enumerate(units)
            )
            lost = beyond(_kept(old, new), meanwhile)
            yield from self._operations.listed(lost)

    def _at(self, scope: str, id_: str, side: int, units: Iterable[Unit]) -> Allowed:
        """Return what somebody may do at a scope, by condition."""
        tenant = self._tenants[side]
        above = enclosing(tenant.hierarchy, scope)
        found = allowed(self._operations, (u for u in units if u.scope in above))
        gone = 0
        for one in tenant.denies:
            if one.scope in above and binds(tenant, one, id_):
                gone |= denied(self._operations, one)
        return {condition: bits & ~gone for condition, bits in found.items()}


def _kept(some: Allowed, others: Allowed) -> Allowed:
    """Return what both sides allow, by the condition that it is under."""
    found: dict[str | None, int] = {}
    for first, second in ((some, others), (others, some)):
        for condition, bits in first.items():
            both = second.get(None, 0) | second.get(condition, 0)
            found[condition] = found.get(condition, 0) | bits & both
    return found
