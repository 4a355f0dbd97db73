"""Access to the root of the tenant, by roles of the Entra directory.

A Global Administrator makes himself User Access Administrator at `/`; who manages roles
of the directory makes himself Global Administrator first. What Azure's own roles say of
`elevateAccess` counts for nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from scanner.azure.entra import DirectoryRole
from scanner.azure.model import AzureTenant
from scanner.azure.powers import PERMISSIONS
from scanner.azure.rbac.evaluation import ordered
from scanner.azure.times import not_before
from scanner.estate import Principal
from scanner.grants import (
    DURATION_UNKNOWN,
    AssignmentBecause,
    Because,
    Decision,
    Standing,
    Verdict,
)

_ACTIVE = Decision(Verdict.ALLOWED, reasons=(DURATION_UNKNOWN,))
_PERMANENT = Decision(Verdict.ALLOWED)
_ELIGIBLE = Decision(Verdict.ALLOWED, standing=Standing.ELIGIBLE)


@dataclass(frozen=True, slots=True)
class Elevation:
    """Principals that get to the root of the tenant alike.

    `because`: what it rests on, by principal id.
    """

    principals: tuple[Principal, ...]
    decision: Decision
    because: Mapping[str, tuple[Because, ...]]

    def because_of(self, principal: Principal) -> tuple[Because, ...]:
        """Name the roles of the directory that a principal holds, or may activate."""
        return self.because.get(principal.id, ())


def elevations(tenant: AzureTenant) -> Iterator[Elevation]:
    """Yield who gets to the root of the tenant: now, and by a PIM activation.

    Each principal comes with the best that it holds.
    """
    holders: dict[Decision, dict[str, list[Because]]] = {}
    powers = tenant.directory.powers
    for one in tenant.directory.roles:
        if one.role in powers and powers[one.role].elevates and not one.scope:
            decision = _begun(_lasting(one), one.begins)
            _hold(holders.setdefault(decision, {}), one, tenant)
            _join(holders, one, tenant)
    seen: set[str] = set()
    principals = tenant.directory.principals
    for decision in ordered(holders):
        found = {
            id_: tuple(dict.fromkeys(why))
            for id_, why in holders[decision].items()
            if id_ not in seen
        }
        seen |= found.keys()
        known = tuple(principals[id_] for id_ in sorted(found) if id_ in principals)
        if known:
            yield Elevation(known, decision, found)


def _lasting(held: DirectoryRole) -> Decision:
    """Return how long a role lasts; permissions of applications know no end."""
    if held.standing is Standing.ELIGIBLE:
        return _ELIGIBLE
    return _PERMANENT if held.role in PERMISSIONS else _ACTIVE


def _begun(decision: Decision, begins: str) -> Decision:
    """Make what begins later conditional."""
    if not begins:
        return decision
    conditions = not_before(begins)
    return replace(decision, verdict=Verdict.CONDITIONAL, conditions=conditions)


def _hold(
    holders: dict[str, list[Because]], held: DirectoryRole, tenant: AzureTenant
) -> None:
    """Note a holder, and who is in it."""
    holders.setdefault(held.principal, []).append(_because(held, tenant, None))
    for member in tenant.directory.reached.get(held.principal, ()):
        holders.setdefault(member, []).append(_because(held, tenant, held.principal))


def _join(
    holders: dict[Decision, dict[str, list[Because]]],
    held: DirectoryRole,
    tenant: AzureTenant,
) -> None:
    """Note whom PIM for Groups lets join the holder, or a group in it."""
    directory = tenant.directory
    within = {held.principal, *directory.reached.get(held.principal, ())}
    for principal, group in directory.eligible:
        if group in within:
            later = directory.joining_from.get((principal, group), "")
            decision = _begun(_ELIGIBLE, max(held.begins, later))
            joining = holders.setdefault(decision, {})
            joining.setdefault(principal, []).append(
                _because(held, tenant, held.principal)
            )


def _because(held: DirectoryRole, tenant: AzureTenant, group: str | None) -> Because:
    name = tenant.directory.powers[held.role].name
    return AssignmentBecause(held.id, name, group)
