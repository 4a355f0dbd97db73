"""One request at a time: denies first, then assignments, conditions and locks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scanner.azure.model import EVERYONE, Assignment, DenyAssignment, Lock
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.scopes import ancestors
from scanner.azure.rbac.truth import Truth, conjunction, decide, disjunction
from scanner.grants import (
    DURATION_UNKNOWN,
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


@dataclass(frozen=True, slots=True)
class Ask:
    """A request to decide.

    Attributes:
        principal: object id, lower case.
        groups: ids of all groups that the principal is in, through others too.
        scope: the target, normalized.
        management_groups: normalized scopes of those above the target, in any order.
    """

    principal: str
    groups: frozenset[str]
    operation: str
    data: bool
    scope: str
    management_groups: tuple[str, ...] = ()

    @property
    def identities(self) -> frozenset[str]:
        """The ids under which the principal is assigned or denied something."""
        return self.groups | {self.principal}

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes whose assignments apply."""
        return frozenset((*ancestors(self.scope), *self.management_groups))


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, the assignments it rests on, and what denied it (ids)."""

    decision: Decision
    because: tuple[AssignmentBecause, ...] = ()
    denied_by: tuple[str, ...] = ()


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
    """
    held = [
        (assignment, found)
        for assignment in assignments
        if assignment.principal in ask.identities and assignment.scope in ask.scopes
        if (found := granted(assignment, roles, ask.operation, ask.data)) is not None
    ]
    cut = _cuts(ask, denies, locks)
    if cut.blocking:
        return Answer(replace(DENIED, confidence=cut.confidence), (), cut.blocking)
    best = combined(decision for _, decision in held)
    if best is None:
        return Answer(DENIED)
    because = tuple(
        because_of(assignment, roles, ask.principal)
        for assignment, decision in held
        if supports(decision, best)
    )
    return Answer(doubted(best, cut.doubts), because)


def because_of(
    assignment: Assignment, roles: Mapping[str, RoleDefinition], principal: str
) -> AssignmentBecause:
    """Name an assignment, its role, and the group when it is not the principal's."""
    role = roles.get(assignment.role)
    group = None if assignment.principal == principal else assignment.principal
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
        held, _ = _both(assignment.condition, None, operation)
        return None if held is Truth.FALSE else UNREAD_ROLE
    alternatives: Conditions = ()
    for block in role.granting(operation, data):
        held, rest = _both(assignment.condition, block.condition, operation)
        if held is Truth.TRUE:
            return lasting(Decision(Verdict.ALLOWED), assignment)
        if held is Truth.UNKNOWN:
            alternatives = disjunction(alternatives, rest)
    if not alternatives:
        return None
    return lasting(Decision(Verdict.CONDITIONAL, alternatives), assignment)


def lasting(decision: Decision, assignment: Assignment) -> Decision:
    """Say how long what an assignment gives lasts, or that it is not known."""
    return replace(
        decision,
        reasons=(DURATION_UNKNOWN,) if assignment.undated else (),
        standing=assignment.standing,
        standing_until=assignment.until,
    )


def _both(
    one: str | None, other: str | None, operation: str
) -> tuple[Truth, Conditions]:
    held = Truth.TRUE
    rest: Conditions = ()
    for text in (one, other):
        if text:
            found, open_ = decide(text, operation)
            held, rest = min(held, found), conjunction(rest, open_)
    return held, rest


def denies_operation(deny: DenyAssignment, operation: str, data: bool) -> Truth:
    """Say whether a deny assignment names an operation; audit-only ones never block.

    `UNKNOWN` when only its condition would tell: it is then not shown to block.
    """
    if deny.audit:
        return Truth.FALSE
    found = Truth.FALSE
    for block in deny.permissions:
        if block.includes(operation, data):
            found = max(found, _both(deny.condition, block.condition, operation)[0])
    return found


def locks_operation(operation: str, data: bool) -> bool:
    """Say whether a read-only lock stops an operation: all but reads and data."""
    return not data and not operation.lower().endswith("/read")


@dataclass(frozen=True, slots=True)
class _Cuts:
    blocking: tuple[str, ...]
    confidence: Confidence
    doubts: tuple[str, ...]


def _cuts(ask: Ask, denies: Iterable[DenyAssignment], locks: Iterable[Lock]) -> _Cuts:
    blocking, doubts, sure = [], [], False
    for deny in denies:
        if not _applies(deny, ask):
            continue
        found = denies_operation(deny, ask.operation, ask.data)
        if found is Truth.TRUE:
            blocking.append(deny.id)
            sure = sure or not deny.effect_unread
        elif found is Truth.UNKNOWN:
            doubts.append(undecided(deny))
    if locks_operation(ask.operation, ask.data):
        held = [lock for lock in locks if lock.read_only and lock.scope in ask.scopes]
        blocking += [lock.id for lock in held]
        sure = sure or (bool(held) and not ask.operation.lower().endswith("/action"))
    confidence = Confidence.CERTAIN if sure else Confidence.INFERRED
    return _Cuts(tuple(blocking), confidence, tuple(doubts))


def _applies(deny: DenyAssignment, ask: Ask) -> bool:
    if EVERYONE not in deny.principals and not deny.principals & ask.identities:
        return False
    if deny.excluded & ask.identities:
        return False
    if deny.own_scope_only:
        return deny.scope == ask.scope
    return deny.scope in ask.scopes


def undecided(deny: DenyAssignment) -> str:
    """Say that a deny assignment may block, as a reason."""
    return f"deny assignment {deny.id} has a condition that cannot be decided"


def ordered(decisions: Iterable[Decision]) -> list[Decision]:
    """Order decisions, best first: by verdict, standing, confidence, then how long.

    An active path wins over an eligible one, a permanent over a time-bound one.
    """
    found = sorted(decisions, key=lambda d: d.standing_until or "", reverse=True)
    return sorted(found, key=_rank)


def _rank(decision: Decision) -> tuple[int, int, bool, Conditions, tuple[str, ...]]:
    return (
        _VERDICTS.index(decision.verdict),
        _STANDINGS.index(decision.standing),
        decision.confidence is Confidence.INFERRED,
        decision.conditions,
        decision.reasons,
    )


def combined(decisions: Iterable[Decision]) -> Decision | None:
    """Return what several grants of one request say together; None for none."""
    best: Decision | None = None
    for decision in ordered(dict.fromkeys(decisions)):
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


def doubted(decision: Decision, reasons: tuple[str, ...]) -> Decision:
    """Keep the verdict, and say why it is only inferred."""
    if not reasons or decision.verdict is Verdict.UNKNOWN:
        return decision
    merged = tuple(dict.fromkeys((*decision.reasons, *reasons)))
    return replace(decision, confidence=Confidence.INFERRED, reasons=merged)
