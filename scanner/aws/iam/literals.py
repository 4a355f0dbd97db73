"""The parts of a formula: alternatives of conjunctions of literals.

A literal is a condition on the request, a doubt (something that evidence or the
provider's documentation leaves open), or a condition that is itself in doubt.
"""

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from scanner.grants import Condition


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

_TOO_MANY = "too many alternatives of conditions to list"
#: Stands for what is not listed: more alternatives, or more that must hold.
MORE = Literal(None, Doubt(DoubtKind.ASSUMED, _TOO_MANY))
#: The same, where all that is not listed rests on missing evidence.
MORE_UNKNOWN = Literal(None, Doubt(DoubtKind.UNKNOWN, _TOO_MANY))


def is_doubted(conjunction: Conjunction) -> bool:
    """Tell whether a conjunction rests on a doubt of any kind."""
    return any(literal.doubt is not None for literal in conjunction)


def is_unknown(conjunction: Conjunction) -> bool:
    """Tell whether a conjunction rests on missing evidence."""
    return any(
        literal.doubt is not None and literal.doubt.kind is DoubtKind.UNKNOWN
        for literal in conjunction
    )


@lru_cache(maxsize=1 << 14)
def conditions_of(conjunction: Conjunction) -> frozenset[Condition]:
    """Return the conditions of a conjunction, those in doubt included."""
    found = (literal.condition for literal in conjunction)
    return frozenset(condition for condition in found if condition is not None)


@lru_cache(maxsize=1 << 14)
def order(conjunction: Conjunction) -> list[str]:
    """Return a sort key, so that the same alternatives always come first."""
    return sorted(map(repr, conjunction))
