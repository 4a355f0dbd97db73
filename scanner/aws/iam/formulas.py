"""What must hold besides the evidence: alternatives of conjunctions of literals.

A literal is a condition on the request, a doubt (something that evidence or the
provider's documentation leaves open), or a condition that is itself in doubt.
"""

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

from scanner.aws.iam.algebra import negated, satisfiable, tightened
from scanner.aws.iam.patterns import as_written
from scanner.grants import Condition, Conditions, Confidence, Verdict

#: A formula with more alternatives than this is not listed but doubted.
MOST_ALTERNATIVES = 64


class DoubtKind(StrEnum):
    """What a doubt does to a verdict that rests on it."""

    #: The verdict stays; its confidence is inferred.
    ASSUMED = "assumed"
    #: The verdict is unknown.
    UNKNOWN = "unknown"


class Doubt(NamedTuple):
    """Something left open, and why, in words."""

    kind: DoubtKind
    reason: str


class Literal(NamedTuple):
    """One thing that must hold; at least one of its members is set."""

    condition: Condition | None
    doubt: Doubt | None = None


Conjunction = frozenset[Literal]
Formula = frozenset[Conjunction]

FALSE: Formula = frozenset()
TRUE: Formula = frozenset({frozenset()})
_NOTHING: Conjunction = frozenset()
_TOO_MANY = Doubt(DoubtKind.ASSUMED, "too many alternatives of conditions to list")


class Settled(NamedTuple):
    """A formula as a verdict."""

    verdict: Verdict
    conditions: Conditions
    confidence: Confidence
    reasons: tuple[str, ...]


def on(condition: Condition, doubt: Doubt | None = None) -> Formula:
    """Return the formula that holds when the condition does."""
    literal = Literal(condition, doubt)
    return frozenset({frozenset({literal})}) if satisfiable([condition]) else FALSE


def doubted(reason: str, kind: DoubtKind = DoubtKind.ASSUMED) -> Formula:
    """Return the formula that rests on a doubt alone."""
    return frozenset({frozenset({Literal(None, Doubt(kind, reason))})})


@lru_cache(maxsize=1 << 16)
def either(one: Formula, other: Formula) -> Formula:
    """Return the formula that holds when one of the two does."""
    return _reduced(one | other)


@lru_cache(maxsize=1 << 16)
def both(one: Formula, other: Formula) -> Formula:
    """Return the formula that holds when both do; contradictions are dropped."""
    if one == TRUE or other == FALSE:
        return other
    if other == TRUE or one == FALSE:
        return one
    joined = (_conjunction(a | b) for a in one for b in other)
    return _reduced(frozenset(found for found in joined if found is not None))


@lru_cache(maxsize=1 << 16)
def opposite(formula: Formula) -> Formula:
    """Return the formula that holds when this one does not.

    What was unknown becomes assumed: a Deny that may hold leaves the verdict standing,
    and only its confidence is inferred.
    """
    result = TRUE
    for conjunction in sorted(formula, key=_order):
        alternatives = FALSE
        for literal in conjunction:
            alternatives = either(alternatives, _opposite_literal(literal))
        result = both(result, alternatives)
    return result


def any_of(formulas: Iterable[Formula]) -> Formula:
    """Return the formula that holds when one of many does."""
    result = FALSE
    for formula in formulas:
        result = either(result, formula)
    return result


def all_of(formulas: Iterable[Formula]) -> Formula:
    """Return the formula that holds when all of many do."""
    result = TRUE
    for formula in formulas:
        result = both(result, formula)
    return result


@lru_cache(maxsize=1 << 16)
def settle(formula: Formula) -> Settled:
    """Turn what must hold into a verdict (design section 4).

    Alternatives without doubt and with assumed doubts make the verdict; the doubts only
    lower its confidence. Where all alternatives rest on missing evidence it is unknown.
    """
    certain = _conditions(c for c in formula if not _doubts(c))
    standing = _conditions(c for c in formula if not _unknown(c))
    reasons = _reasons(formula)
    if not standing:
        if not formula:
            return Settled(Verdict.DENIED, (), Confidence.CERTAIN, ())
        return Settled(Verdict.UNKNOWN, (), Confidence.INFERRED, reasons)
    verdict = Verdict.ALLOWED if standing == ((),) else Verdict.CONDITIONAL
    conditions = () if verdict is Verdict.ALLOWED else standing
    if certain == standing == _conditions(formula):
        return Settled(verdict, conditions, Confidence.CERTAIN, ())
    return Settled(verdict, conditions, Confidence.INFERRED, reasons)


def _opposite_literal(literal: Literal) -> Formula:
    condition, doubt = literal
    assumed = doubt and Doubt(DoubtKind.ASSUMED, doubt.reason)
    if condition is None:
        return frozenset({frozenset({Literal(None, assumed)})})
    opposites = negated(condition)
    if opposites is None:
        reason = f"the opposite of {condition.operator} on {condition.key} is not known"
        return doubted(assumed.reason if assumed else reason)
    conjunction = frozenset(Literal(one, assumed) for one in opposites)
    return frozenset({conjunction}) if satisfiable(opposites) else FALSE


def _conjunction(literals: Conjunction) -> Conjunction | None:
    """Simplify a conjunction; None when it can never hold."""
    conditions = [one.condition for one in literals if one.condition is not None]
    if not satisfiable(conditions):
        return None
    doubted_ones = frozenset(one for one in literals if one.doubt is not None)
    plain = [one.condition for one in literals - doubted_ones if one.condition]
    return doubted_ones | {Literal(one) for one in tightened(plain)}


def _reduced(formula: Formula) -> Formula:
    """Drop alternatives that others contain, and join complementary ones."""
    if len(formula) < 2:
        return formula
    if _NOTHING in formula:
        return TRUE
    kept = _absorbed(_joined(formula))
    if len(kept) > MOST_ALTERNATIVES:
        return frozenset({frozenset({Literal(None, _TOO_MANY)})})
    return kept


def _absorbed(formula: Formula) -> Formula:
    if _NOTHING in formula:
        return TRUE
    by_size = sorted(formula, key=len)
    kept: list[Conjunction] = []
    for conjunction in by_size:
        if not any(other <= conjunction for other in kept):
            kept.append(conjunction)
    return frozenset(kept)


def _joined(formula: Formula) -> Formula:
    """Replace (x and a) or (x and not a) by x, until nothing changes."""
    if len(formula) > MOST_ALTERNATIVES:
        return formula
    for one, other in combinations(sorted(formula, key=_order), 2):
        if len(one) == len(other) and len(one ^ other) == 2:
            (first,), (second,) = one - other, other - one
            opposites = _opposite_literal(first)
            if first.doubt is None and opposites == {frozenset({second})}:
                return _joined((formula - {one, other}) | {one & other})
    return formula


def _order(conjunction: Conjunction) -> list[str]:
    """A sort key, so that the same alternatives are always joined first."""
    return sorted(map(repr, conjunction))


def _doubts(conjunction: Conjunction) -> bool:
    return any(literal.doubt is not None for literal in conjunction)


def _unknown(conjunction: Conjunction) -> bool:
    return any(
        literal.doubt is not None and literal.doubt.kind is DoubtKind.UNKNOWN
        for literal in conjunction
    )


def _conditions(conjunctions: Iterable[Conjunction]) -> Conditions:
    """Return the conditions alone, simplified and sorted."""
    bare = frozenset(
        frozenset(Literal(one.condition) for one in conjunction if one.condition)
        for conjunction in conjunctions
    )
    alternatives = (
        sorted(_as_people_write(one.condition) for one in conjunction if one.condition)
        for conjunction in _reduced(bare)
    )
    return tuple(sorted(map(tuple, alternatives)))


def _as_people_write(condition: Condition) -> Condition:
    values = tuple(map(as_written, condition.values))
    return replace(condition, values=values)


def _reasons(formula: Formula) -> tuple[str, ...]:
    doubts = (one.doubt for conjunction in formula for one in conjunction)
    return tuple(sorted({doubt.reason for doubt in doubts if doubt is not None}))
