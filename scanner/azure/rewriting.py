"""Custom roles that their own holder may rewrite: a plain one becomes any other.

Whoever holds a role that gives nothing yet, and the right to write it, gives himself
what he wants wherever that role is assigned to him.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce

from scanner.azure.elsewhere import Elsewhere
from scanner.azure.joints import conditional, joint
from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.parties import Party
from scanner.azure.parts import Parts
from scanner.azure.questions import Operation
from scanner.azure.rbac.scopes import normalized
from scanner.azure.settle import Engine
from scanner.azure.times import not_before
from scanner.grants import Condition, Decision, Verdict

DEFINE = "Microsoft.Authorization/roleDefinitions/write"
REWRITES = Operation(DEFINE, aside=True)
_UNSCOPED = Decision(
    Verdict.UNKNOWN,
    reasons=("at which scopes the role may be assigned is not in evidence",),
)


class CustomHoldings:
    """The custom roles of those who may write roles anywhere.

    Attributes:
        all: numbers of assignments of custom roles, for each distinct answer of `of`;
            the first is that of everybody else, empty.
        scopes: where they are assigned.
    """

    def __init__(self, tenant: AzureTenant) -> None:
        """Find who may write roles, and what custom roles they are assigned."""
        self.all: list[tuple[int, ...]] = [()]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}
        self._of: dict[str, int] = {}
        self.scopes: set[str] = set()
        able = _able(tenant)
        if not able:
            return
        held: dict[str, list[int]] = {}
        holders: dict[str, set[str]] = {}
        for number, one in enumerate(tenant.assignments):
            role = tenant.roles.get(one.role)
            if role is not None and role.custom:
                if one.principal not in holders:
                    holders[one.principal] = able.intersection(_with(tenant, one))
                for holder in holders[one.principal]:
                    held.setdefault(holder, []).append(number)
        for holder, numbers in held.items():
            key = tuple(numbers)
            if key not in self._numbers:
                self._numbers[key] = len(self.all)
                self.all.append(key)
            self._of[holder] = self._numbers[key]
        for number in {number for some in self.all for number in some}:
            self.scopes.add(tenant.assignments[number].scope)

    def of(self, object_id: str) -> int:
        """Return the position of a principal's answer in `all`."""
        return self._of.get(object_id, 0)


def _able(tenant: AzureTenant) -> set[str]:
    """Return who may write roles anywhere."""
    writers = {g for g, r in tenant.roles.items() if any(r.granting(DEFINE, False))}
    given = (one for one in tenant.assignments if one.role in writers)
    return {holder for one in given for holder in _with(tenant, one)}


def _with(tenant: AzureTenant, one: Assignment) -> Iterator[str]:
    """Yield who holds an assignment, itself or through a group."""
    yield one.principal
    yield from tenant.directory.reached.get(one.principal, ())


class Rewriting:
    """Decides where a class gains anything by rewriting a role that it holds."""

    def __init__(self, engine: Engine, holdings: CustomHoldings) -> None:
        """Prepare; the engine was asked about `REWRITES`."""
        self._engine, self._holdings = engine, holdings
        self._elsewhere = Elsewhere(engine)
        self._every = (1 << len(engine.place.space.classes)) - 1

    def parts(self, party: Party, custom: int) -> Parts:
        """Return the machines at which a class holds a custom role it may rewrite.

        A definition is written with the right at every scope it may be assigned at.

        Args:
            party: the class.
            custom: position of what it holds in the holdings.
        """
        tenant, below = self._engine.tenant, self._engine.place.below
        found: Parts = []
        may: dict[str, Decision | None] = {}
        for number in self._holdings.all[custom]:
            held = tenant.assignments[number]
            if held.role not in may:
                may[held.role] = self._rewriting(party, held.role)
            rewriting = may[held.role]
            if rewriting is not None:
                bits = below.get(held.scope, 0) & self._every
                found.append((joint(_holding(held), rewriting), bits))
        return [(decision, bits) for decision, bits in found if bits]

    def resting_on(self, party: Party, custom: int, bits: int) -> Iterator[int]:
        """Yield the assignments of roles that a class may rewrite, on some machines."""
        tenant, below = self._engine.tenant, self._engine.place.below
        for number in self._holdings.all[custom]:
            held = tenant.assignments[number]
            if below.get(held.scope, 0) & bits and self._rewriting(party, held.role):
                yield number

    def _rewriting(self, party: Party, guid: str) -> Decision | None:
        """Return whether a class may rewrite a role: None where it may not."""
        role = self._engine.tenant.roles[guid]
        scopes = filter(None, role.assignable_scopes)
        wanted = {normalized(scope) for scope in scopes}
        if not wanted:
            return _UNSCOPED if self._elsewhere.anywhere(REWRITES, party) else None
        may = self._elsewhere.among(REWRITES, party, sorted(wanted))
        if len(may) < len(wanted):
            return None
        return reduce(joint, may.values())


def _holding(held: Assignment) -> Decision:
    """Return what holding an assignment says, whatever its role is rewritten to."""
    plain = Decision(
        Verdict.ALLOWED,
        standing=held.standing,
        standing_until=held.until,
        activation=held.activation,
    )
    if held.begins:
        plain = replace(
            plain, verdict=Verdict.CONDITIONAL, conditions=not_before(held.begins)
        )
    if held.condition is None:
        return plain
    return conditional(plain, Condition("condition", "Unevaluated", (held.condition,)))
