"""One request at a time: denies first, then assignments, conditions and locks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from scanner.azure.model import Assignment, DenyAssignment, Lock
from scanner.azure.rbac.blocks import (
    HANGING_DENY,
    Block,
    applies,
    denies_operation,
    denying,
    locking,
    undecided,
)
from scanner.azure.rbac.lasting import ALLOWED, lasting
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.scopes import ROOT, ancestors, management_group
from scanner.azure.rbac.truth import Truth, both, disjunction
from scanner.grants import (
    AssignmentBecause,
    Conditions,
    Confidence,
    Decision,
    Standing,
    Verdict,
)

_VERDICTS = list(Verdict)
_VERDICTS.remove(Verdict.DENIED)  # what is left is in falling order
_STANDINGS = list(Standing)

DENIED = Decision(Verdict.DENIED)
#: Which role, `because` says: a reason of its own for each would split every answer.
UNREAD_ROLE = Decision(Verdict.UNKNOWN, reasons=("the role definition was not read",))
#: Held at a management group that may be above the target.
HANGING = Decision(
    Verdict.UNKNOWN, reasons=("the management groups above were not read",)
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to decide.

    Attributes:
        principal: object id, lower case.
        groups: ids of all groups that the principal is in, through others too.
        scope: the target, normalized.
        management_groups: normalized scopes of those above the target, in any order.
        groups_known: False when there may be more of them.
    """

    principal: str
    groups: frozenset[str]
    operation: str
    data: bool
    scope: str
    management_groups: tuple[str, ...] = ()
    groups_known: bool = True

    @property
    def identities(self) -> frozenset[str]:
        """The ids under which the principal is assigned or denied something."""
        return self.groups | {self.principal}

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes whose assignments apply."""
        return frozenset((*ancestors(self.scope), *self.management_groups))

    def may_lie_below(self, scope: str) -> bool:
        """Say whether a scope is a management group of which nobody knows its place."""
        if self.groups_known or self.scope in (ROOT, scope):
            return False
        return scope not in self.management_groups and bool(management_group(scope))


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, and what it rests on.

    Attributes:
        held: the assignments that give it; empty when it is denied.
        blocks: what denies it, whether or not anything would give it.
        because: the assignments in words.
    """

    decision: Decision
    held: tuple[Assignment, ...] = ()
    blocks: tuple[Block, ...] = ()
    because: tuple[AssignmentBecause, ...] = ()

    @property
    def denied_by(self) -> tuple[str, ...]:
        """The ids of the deny assignments and locks, each once."""
        return tuple(dict.fromkeys(block.by.id for block in self.blocks))


def evaluate(
    ask: Ask,
    roles: Mapping[str, RoleDefinition],
    assignments: Iterable[Assignment],
    denies: Iterable[DenyAssignment] = (),
    locks: Iterable[Lock] = (),
) -> Answer:
    """Decide one request on whole evidence.

    A missing role definition makes a would-be `denied` `unknown`. A deny assignment
    whose condition cannot be decided does not block; the verdict is then `inferred`.
    What nothing grants is denied for certain, whatever else may block it.
    """
    identities, scopes = ask.identities, ask.scopes
    held = list(_held(ask, identities, scopes, roles, assignments))
    cut = _cut(ask, identities, scopes, denies, locks)
    best = combined(decision for _, decision in held)
    if best is None:
        return Answer(DENIED, blocks=cut.blocks)
    if cut.blocks:
        return Answer(denied_by(cut.blocks), blocks=cut.blocks)
    given = tuple(a for a, decision in held if supports(decision, best))
    because = tuple(because_of(a, roles, ask.principal) for a in given)
    return Answer(doubted(best, cut.doubts), given, (), because)


def _held(
    ask: Ask,
    identities: frozenset[str],
    scopes: frozenset[str],
    roles: Mapping[str, RoleDefinition],
    assignments: Iterable[Assignment],
) -> Iterator[tuple[Assignment, Decision]]:
    """Yield the assignments that give something at the target, and what."""
    for assignment in assignments:
        if assignment.principal not in identities:
            continue
        hangs = ask.may_lie_below(assignment.scope)
        if not hangs and assignment.scope not in scopes:
            continue
        found = granted(assignment, roles, ask.operation, ask.data)
        if found is not None:
            yield assignment, HANGING if hangs else found


def because_of(
    assignment: Assignment, roles: Mapping[str, RoleDefinition], principal: str
) -> AssignmentBecause:
    """Name an assignment, its role, and the group when it is not the principal's."""
    role = roles.get(assignment.role)
    group = None if assignment.principal == principal else assignment.principal
    group = assignment.through or group
    return AssignmentBecause(
        assignment.id, role.name if role else assignment.role, group
    )


def granted(
    assignment: Assignment,
    roles: Mapping[str, RoleDefinition],
    operation: str,
    data: bool,
) -> Decision | None:
    """Say what one assignment gives at its scope: None, or a decision but `denied`.

    The assignment's and the block's condition must both hold. Data actions are never
    delegated.
    """
    if assignment.delegated and data:
        return None
    role = roles.get(assignment.role)
    if role is None:
        held, _ = both(assignment.condition, None, operation)
        return None if held is Truth.FALSE else UNREAD_ROLE
    alternatives: Conditions = ()
    for block in role.granting(operation, data):
        held, rest = both(assignment.condition, block.condition, operation)
        if held is Truth.TRUE:
            return lasting(ALLOWED, assignment)
        if held is Truth.UNKNOWN:
            alternatives = disjunction(alternatives, rest)
    if not alternatives:
        return None
    return lasting(Decision(Verdict.CONDITIONAL, alternatives), assignment)


@dataclass(frozen=True, slots=True)
class _Cut:
    """What blocks a request, and why what is left of it is only inferred."""

    blocks: tuple[Block, ...]
    doubts: tuple[str, ...]


def _cut(
    ask: Ask,
    identities: frozenset[str],
    scopes: frozenset[str],
    denies: Iterable[DenyAssignment],
    locks: Iterable[Lock],
) -> _Cut:
    blocks: list[Block] = []
    doubts: list[str] = []
    for deny in denies:
        if not applies(deny, identities):
            continue
        hangs = ask.may_lie_below(deny.scope) and not deny.own_scope_only
        if not hangs and not _reaches(deny, ask, scopes):
            continue
        found = denies_operation(deny, ask.operation, ask.data)
        if found is Truth.TRUE and not hangs:
            blocks.append(denying(deny))
        elif found is not Truth.FALSE:
            doubts.append(HANGING_DENY if hangs else undecided(deny))
    blocks += locking(locks, scopes, ask.operation, ask.data)
    return _Cut(tuple(blocks), tuple(doubts))


def _reaches(deny: DenyAssignment, ask: Ask, scopes: frozenset[str]) -> bool:
    return deny.scope == ask.scope if deny.own_scope_only else deny.scope in scopes


def denied_by(blocks: Iterable[Block]) -> Decision:
    """Deny, and say why that is only inferred if none of the blocks is certain."""
    doubts = [block.doubt for block in blocks]
    if not doubts or not all(doubts):
        return DENIED
    reasons = tuple(dict.fromkeys(doubts))
    return replace(DENIED, confidence=Confidence.INFERRED, reasons=reasons)


def ordered(decisions: Iterable[Decision]) -> list[Decision]:
    """Order decisions, best first: by verdict, standing, confidence, then how long.

    An active path wins over an eligible one, a permanent over a time-bound one.
    """
    found = sorted(decisions, key=lambda d: d.standing_until or "", reverse=True)
    return sorted(found, key=_rank)


def _rank(decision: Decision) -> tuple[object, ...]:
    """Rank an easy activation before one with approval, and an unread one first."""
    activation = decision.activation
    return (
        _VERDICTS.index(decision.verdict),
        _STANDINGS.index(decision.standing),
        (activation.approval, activation.mfa, activation) if activation else (False,),
        decision.confidence is Confidence.INFERRED,
        decision.conditions,
        decision.reasons,
    )


def combined(decisions: Iterable[Decision]) -> Decision | None:
    """Return what several grants of one request say together; None for none."""
    found = list(dict.fromkeys(decisions))
    if len(found) < 2:
        return found[0] if found else None
    best: Decision | None = None
    for decision in ordered(found):
        best = decision if best is None else either(best, decision)
    return best


def either(best: Decision, other: Decision) -> Decision:
    """Add a decision to one that ranks no lower: alternatives and reasons add up."""
    if best.verdict is not other.verdict or best.verdict is Verdict.ALLOWED:
        return best
    return replace(
        best,
        conditions=disjunction(best.conditions, other.conditions),
        reasons=tuple(dict.fromkeys((*best.reasons, *other.reasons))),
    )


def supports(decision: Decision, best: Decision) -> bool:
    """Say whether a verdict rests on this grant too: as good, and active if it is."""
    eligible = Standing.ELIGIBLE
    active = best.standing is not eligible
    return decision.verdict is best.verdict and not (
        active and decision.standing is eligible
    )


@lru_cache(maxsize=1 << 12)
def doubted(decision: Decision, reasons: tuple[str, ...]) -> Decision:
    """Keep the verdict, and say why it is only inferred."""
    if not reasons or decision.verdict is Verdict.UNKNOWN:
        return decision
    merged = tuple(dict.fromkeys((*decision.reasons, *reasons)))
    return replace(decision, confidence=Confidence.INFERRED, reasons=merged)
