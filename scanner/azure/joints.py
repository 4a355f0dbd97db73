"""Steps that are needed together: the weaker word of each counts."""

from collections.abc import Iterable
from functools import lru_cache

from scanner.azure.parts import Parts, limited, overlaid
from scanner.azure.rbac.evaluation import ordered
from scanner.azure.rbac.lasting import ALLOWED
from scanner.azure.rbac.truth import conjunction
from scanner.grants import Condition, Confidence, Decision, Standing, Verdict

_VERDICTS = [Verdict.UNKNOWN, Verdict.CONDITIONAL, Verdict.ALLOWED]  # worst first
_STANDINGS = list(Standing)


def meeting(one: Parts, other: Parts) -> Parts:
    """Return where two steps are held, with what they say together."""
    if one is other and all(plain(decision) for decision, _ in one):
        return one
    return [
        (joint(first, second), both)
        for first, bits in one
        for second, more in other
        if (both := bits & more)
    ]


def plain(decision: Decision) -> bool:
    """Say whether a decision is allowed without any qualification."""
    return decision is ALLOWED or decision == ALLOWED


@lru_cache(maxsize=1 << 12)
def joint(one: Decision, other: Decision) -> Decision:
    """Join the decisions on two steps that are both needed."""
    if plain(other):
        return one
    if plain(one):
        return other
    verdict = min(one.verdict, other.verdict, key=_VERDICTS.index)
    conditional = verdict is Verdict.CONDITIONAL
    weaker = max(one, other, key=lambda d: _STANDINGS.index(d.standing))
    unsure = Confidence.INFERRED in (one.confidence, other.confidence)
    return Decision(
        verdict,
        conjunction(one.conditions, other.conditions) if conditional else (),
        Confidence.INFERRED if unsure else Confidence.CERTAIN,
        tuple(dict.fromkeys((*one.reasons, *other.reasons))),
        weaker.standing,
        weaker.standing_until,
        activation=weaker.activation,
    )


def conditional(decision: Decision, condition: Condition) -> Decision:
    """Add a condition to a decision; what is unknown stays so."""
    return limited(decision, ((condition,),))


def disjoint(parts: Parts) -> Parts:
    """Make any sets of decisions disjoint: the better decision takes the target."""
    if len(parts) == 1:
        return [part for part in parts if part[1]]
    return overlaid(ranked(parts))


def ranked(parts: Iterable[tuple[Decision, int]]) -> Parts:
    """Join equal decisions and order them, best first, for `overlaid`."""
    found: dict[Decision, int] = {}
    for decision, bits in parts:
        if bits:
            found[decision] = found.get(decision, 0) | bits
    if len(found) < 2:
        return list(found.items())
    return [(decision, found[decision]) for decision in ordered(found)]
