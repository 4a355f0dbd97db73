"""How long what an assignment gives lasts, and when it begins."""

from dataclasses import replace

from scanner.azure.model import Assignment
from scanner.azure.rbac.truth import conjunction
from scanner.azure.times import not_before
from scanner.grants import DURATION_UNKNOWN, Confidence, Decision, Standing, Verdict

ALLOWED = Decision(Verdict.ALLOWED)
CONDITION_UNREAD = "whether the role assignment has a condition was not read"


def lasting(decision: Decision, assignment: Assignment) -> Decision:
    """Say how long what an assignment gives lasts, and what of it was not read.

    What has not begun is conditional: on a request after its beginning.
    """
    unread = assignment.condition_unread
    permanent = assignment.standing is Standing.PERMANENT and not assignment.begins
    plain = permanent and assignment.until is None
    if plain and not assignment.undated and not unread and decision == ALLOWED:
        return decision
    if assignment.begins and decision.verdict is not Verdict.UNKNOWN:
        decision = replace(
            decision,
            verdict=Verdict.CONDITIONAL,
            conditions=conjunction(decision.conditions, not_before(assignment.begins)),
        )
    reasons = (DURATION_UNKNOWN,) if assignment.undated else ()
    return replace(
        decision,
        confidence=Confidence.INFERRED if unread else Confidence.CERTAIN,
        reasons=(*reasons, CONDITION_UNREAD) if unread else reasons,
        standing=assignment.standing,
        standing_until=assignment.until,
        activation=assignment.activation,
    )
