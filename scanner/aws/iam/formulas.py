"""What must hold besides the evidence, and the verdict that follows from it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, TypeVar

from scanner.aws.iam.algebra import always, negated, satisfiable
from scanner.aws.iam.literals import (
    FALSE,
    MORE,
    TRUE,
    Conjunction,
    Doubt,
    DoubtKind,
    Formula,
    Literal,
    is_doubted,
    is_unknown,
    order,
)
from scanner.aws.iam.operators import parse_operator
from scanner.aws.iam.patterns import as_written, in_policy
from scanner.aws.iam.simplifying import MOST_ALTERNATIVES, joined, reduced
from scanner.aws.iam.variables import needed
from scanner.grants import Condition, Conditions, Confidence, Verdict

__all__ = [
    "FALSE",
    "MOST_ALTERNATIVES",
    "TRUE",
    "Conjunction",
    "Doubt",
    "DoubtKind",
    "Formula",
    "Literal",
    "Settled",
    "all_of",
    "any_of",
    "both",
    "doubted",
    "either",
    "folded",
    "on",
    "opposite",
    "settle",
]


T = TypeVar("T")
#: As many parts are joined one by one.
_MANY = 16
_PATTERNED = ("StringLike", "ArnEquals", "ArnLike")


class Settled(NamedTuple):
    """A formula as a verdict."""

    verdict: Verdict
    conditions: Conditions
    confidence: Confidence
    reasons: tuple[str, ...]


def on(condition: Condition, doubt: Doubt | None = None) -> Formula:
    """Return the formula that holds when the condition does."""
    if not satisfiable([condition]):
        return FALSE
    if always(condition):
        return TRUE
    return frozenset({frozenset({Literal(condition, doubt)})})


def doubted(reason: str, kind: DoubtKind = DoubtKind.ASSUMED) -> Formula:
    """Return the formula that rests on a doubt alone."""
    return frozenset({frozenset({Literal(None, Doubt(kind, reason))})})


@lru_cache(maxsize=1 << 16)
def either(one: Formula, other: Formula) -> Formula:
    """Return the formula that holds when one of the two does."""
    if TRUE in (one, other):
        return TRUE
    return reduced(one | other)


@lru_cache(maxsize=1 << 16)
def both(one: Formula, other: Formula) -> Formula:
    """Return the formula that holds when both do; contradictions are dropped."""
    if one == TRUE or other == FALSE:
        return other
    if other == TRUE or one == FALSE:
        return one
    return joined(one, other)


@lru_cache(maxsize=1 << 16)
def opposite(formula: Formula) -> Formula:
    """Return the formula that holds when this one does not.

    What was unknown becomes assumed: a Deny that may hold leaves the verdict standing,
    and only its confidence is inferred.
    """
    result = TRUE
    for conjunction in sorted(formula, key=lambda c: (len(c), order(c))):
        literals = sorted(conjunction, key=repr)
        result = both(result, any_of(map(_opposite_literal, literals)))
    return result


def any_of(formulas: Iterable[Formula]) -> Formula:
    """Return the formula that holds when one of many does."""
    return folded(either, list(formulas), FALSE)


def all_of(formulas: Iterable[Formula]) -> Formula:
    """Return the formula that holds when all of many do."""
    return folded(both, list(formulas), TRUE)


def folded(join: Callable[[T, T], T], parts: Sequence[T], start: T) -> T:
    """Join parts in order, beginning with `start`.

    Of many, halves are joined first: what grows with each part is then gone through
    once for every doubling, and not once for every part.
    """
    if len(parts) > _MANY:
        middle = len(parts) // 2
        first = folded(join, parts[:middle], start)
        return join(first, folded(join, parts[middle + 1 :], parts[middle]))
    for part in parts:
        start = join(start, part)
    return start


@lru_cache(maxsize=1 << 16)
def settle(formula: Formula) -> Settled:
    """Turn what must hold into a verdict (design section 4).

    Alternatives without doubt and with assumed doubts make the verdict; the doubts only
    lower its confidence. Where all alternatives rest on missing evidence it is unknown.
    """
    certain = _conditions(c for c in formula if not is_doubted(c))
    standing = _conditions(_listed(formula))
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


def _listed(formula: Formula) -> list[Conjunction]:
    """Alternatives that make the verdict; that there are more allows nothing."""
    standing = [c for c in formula if not is_unknown(c)]
    return [c for c in standing if c != {MORE}] or standing


def _opposite_literal(literal: Literal) -> Formula:
    condition, doubt = literal
    assumed = doubt and Doubt(DoubtKind.ASSUMED, doubt.reason)
    if condition is None:
        return frozenset({frozenset({Literal(None, assumed)})})
    opposites = negated(condition)
    if opposites is None:
        reason = f"the opposite of {condition.operator} on {condition.key} is not known"
        return doubted(assumed.reason if assumed else reason)
    found = all_of(on(one, assumed) for one in opposites)
    # A variable without value keeps a whole statement from matching.
    absent = (Condition(key, "Null", ("true",)) for key in _needed(condition))
    return any_of((found, *(on(one, assumed) for one in absent)))


def _needed(condition: Condition) -> list[str]:
    return sorted({key for value in condition.values for key in needed(value)})


def _conditions(conjunctions: Iterable[Conjunction]) -> Conditions:
    """Return the conditions alone, simplified and sorted."""
    bare = frozenset(
        frozenset(Literal(one.condition) for one in conjunction if one.condition)
        for conjunction in conjunctions
    )
    alternatives = (
        sorted(_as_people_write(one.condition) for one in conjunction if one.condition)
        for conjunction in reduced(bare)
    )
    return tuple(sorted(map(tuple, alternatives)))


def _as_people_write(condition: Condition) -> Condition:
    operator = parse_operator(condition.operator)
    patterned = operator is not None and operator.family in _PATTERNED
    spelled = in_policy if patterned else as_written
    return replace(condition, values=tuple(map(spelled, condition.values)))


def _reasons(formula: Formula) -> tuple[str, ...]:
    doubts = (one.doubt for conjunction in formula for one in conjunction)
    return tuple(sorted({doubt.reason for doubt in doubts if doubt is not None}))
