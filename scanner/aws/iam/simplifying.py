"""Shorter formulas that say the same, and an honest end to their growth.

A formula over the limit is replaced by one that holds wherever it does and carries a
doubt: an answer that rests on it is inferred, and never a denial.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache

from scanner.aws.iam.algebra import (
    complete,
    holds_absent,
    implied,
    satisfiable,
    tightened,
    united,
)
from scanner.aws.iam.literals import (
    MORE,
    MORE_UNKNOWN,
    Conjunction,
    Formula,
    Literal,
    conditions_of,
    is_doubted,
    is_unknown,
    order,
)

#: A formula with more alternatives than this is not listed whole but doubted.
MOST_ALTERNATIVES = 64
#: A formula with more is written shorter first, by listing values together.
_MANY_ALTERNATIVES = 16
#: More pairs of alternatives are not joined.
_MOST_PRODUCTS = 512


def joined(one: Formula, other: Formula) -> Formula:
    """Return what holds when both of two formulas do, without contradictions."""
    if one == other:
        return one
    if len(one) * len(other) <= _MOST_PRODUCTS:
        found = (conjunction(a | b) for a in one for b in other)
        absorbed = _absorbed(c for c in found if c is not None)
        if len(absorbed) <= MOST_ALTERNATIVES:
            return _simplified(absorbed)
    return _half(one, other)


def reduced(formula: Formula) -> Formula:
    """Drop alternatives that others contain, and parts that others complete."""
    if len(formula) < 2:
        return formula
    kept = _absorbed(formula)
    if len(kept) > _MANY_ALTERNATIVES:
        kept = _absorbed(_merged(kept))
    if len(kept) > MOST_ALTERNATIVES:
        return _shortened(kept)
    return _simplified(kept)


def conjunction(literals: Conjunction) -> Conjunction | None:
    """Simplify a conjunction; None when it can never hold."""
    if not satisfiable(conditions_of(literals)):
        return None
    doubted = frozenset(one for one in literals if one.doubt is not None)
    plain = [one.condition for one in literals - doubted if one.condition]
    return doubted | {Literal(one) for one in tightened(plain)}


def _absorbed(formula: Iterable[Conjunction]) -> Formula:
    kept: list[Conjunction] = []
    for one in sorted(set(formula), key=len):
        if not any(other <= one for other in kept):
            kept.append(one)
    return frozenset(kept)


def _simplified(formula: Formula) -> Formula:
    """Use what implies what, one step at a time, until nothing changes."""
    kept = sorted(formula, key=order) if len(formula) > 1 else list(formula)
    n = 0
    while n < len(kept):
        shorter = _shorter(kept[n], [*kept[:n], *kept[n + 1 :]])
        if shorter == kept[n]:
            n += 1
            continue
        kept.pop(n)
        if shorter is not None:
            kept.append(shorter)
        n = 0
    return frozenset(kept)


def _shorter(one: Conjunction, others: Sequence[Conjunction]) -> Conjunction | None:
    """An alternative as it may be beside others; None where it is superfluous."""
    keys = _keys(one)
    for other in others:
        if _keys(other) <= keys and all(_given(b, one) for b in other):
            return None
    for other in others:
        if not keys & _keys(other) & (_absent(one) | _absent(other)):
            continue
        for a in sorted(one, key=repr):
            if a.doubt is None and _completes(a, one - {a}, other):
                return one - {a}
    return one


def _completes(part: Literal, rest: Conjunction, other: Conjunction) -> bool:
    """Whether (rest and not part) is contained in another alternative."""
    for b in other:
        if (
            part.condition
            and b.condition
            and b.doubt is None
            and part.condition.key.lower() == b.condition.key.lower()
            and complete(part.condition, b.condition)
        ):
            return all(_given(literal, rest) for literal in other - {b})
    return False


def _given(literal: Literal, by: Conjunction) -> bool:
    if literal in by:
        return True
    if literal.doubt is not None or literal.condition is None:
        return False
    return implied(conditions_of(by), literal.condition)


@lru_cache(maxsize=1 << 14)
def _keys(one: Conjunction) -> frozenset[str]:
    return frozenset(condition.key.lower() for condition in conditions_of(one))


@lru_cache(maxsize=1 << 14)
def _absent(one: Conjunction) -> frozenset[str]:
    """The keys that may be absent: only there do two conditions leave no way out."""
    found = conditions_of(one)
    return frozenset(c.key.lower() for c in found if holds_absent(c))


def _half(one: Formula, other: Formula) -> Formula:
    """Keep the shorter of two formulas that must both hold, and say that more must."""
    kept, left_out = sorted((one, other), key=_by_size)
    more = _more(left_out)
    return frozenset(alternative | {more} for alternative in kept)


def _by_size(formula: Formula) -> tuple[int, list[list[str]]]:
    return len(formula), sorted(map(order, formula))


def _shortened(formula: Formula) -> Formula:
    """Keep the simplest alternatives, and say that there are more."""
    ranked = sorted(
        formula, key=lambda c: (is_unknown(c), is_doubted(c), len(c), order(c))
    )
    kept, left_out = ranked[: MOST_ALTERNATIVES - 1], ranked[MOST_ALTERNATIVES - 1 :]
    return frozenset((*kept, frozenset({_more(left_out)})))


def _more(left_out: Iterable[Conjunction]) -> Literal:
    return MORE_UNKNOWN if all(map(is_unknown, left_out)) else MORE


def _merged(formula: Formula) -> Formula:
    """Write alternatives that differ in the listed values of one condition as one."""
    alike: dict[tuple[Conjunction, str, str], list[Literal]] = defaultdict(list)
    for one in formula:
        for literal in one:
            if literal.condition is not None and literal.doubt is None:
                condition = literal.condition
                place = one - {literal}, condition.key.lower(), condition.operator
                alike[place].append(literal)
    left = set(formula)
    largest = sorted(alike, key=lambda at: (-len(alike[at]), order(at[0]), at[1:]))
    for place in largest:
        rest = place[0]
        found = [one for one in alike[place] if rest | {one} in left]
        listed = united(sorted(one.condition for one in found if one.condition))
        if len(found) > 1 and listed is not None:
            left.difference_update(rest | {one} for one in found)
            left.add(rest | {Literal(listed)})
    return frozenset(left)
