"""Evaluate a condition in three values, and say what of it remains open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from scanner.azure.rbac.comparing import Truth, tested
from scanner.azure.rbac.conditions import (
    OPPOSITE_QUANTIFIERS,
    OPPOSITES,
    Both,
    Call,
    Comparison,
    Either,
    Exists,
    Expression,
    Negated,
    NotAConditionError,
    Unclear,
    parse,
)
from scanner.azure.rbac.contradictions import without_contradictions
from scanner.azure.rbac.roles import matches
from scanner.grants import Condition, Conditions

__all__ = [
    "Request",
    "Truth",
    "both",
    "conjunction",
    "decide",
    "disjunction",
    "truth",
]

_MAX_ALTERNATIVES = 16
_MAX_COMPARED = 32


@dataclass(frozen=True, slots=True)
class Request:
    """What is known about a request: its operation, and attributes by lower-case name.

    An attribute that is absent is unknown, never empty.
    """

    operation: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def truth(expression: Expression, request: Request) -> Truth:
    """Evaluate; what the request does not fix is `UNKNOWN`."""
    match expression:
        case Both(parts):
            return min(truth(part, request) for part in parts)
        case Either(parts):
            return max(truth(part, request) for part in parts)
        case Negated(part):
            return Truth(2 - truth(part, request))
        case Unclear((one, other)):
            first, second = truth(one, request), truth(other, request)
            return first if first is second else Truth.UNKNOWN
        case Call("ActionMatches", value):
            return Truth.TRUE if matches(value, request.operation) else Truth.FALSE
        case Comparison():
            return _tested(expression, request)
        case _:  # suboperations and existence: documented too thinly to decide
            return Truth.UNKNOWN


def _tested(test: Comparison, request: Request) -> Truth:
    left = test.left or request.attributes.get(test.attribute.lower())
    return Truth.UNKNOWN if left is None else tested(test, left)


@lru_cache(maxsize=1 << 14)
def decide(text: str, operation: str) -> tuple[Truth, Conditions]:
    """Decide a condition's text for one operation, no other fact of a request known.

    Returns:
        The truth, and the alternatives that remain when it is unknown. Text that does
        not parse is unknown, with itself as what remains; what no request can meet is
        false.
    """
    try:
        expression = parse(text)
    except NotAConditionError:
        return Truth.UNKNOWN, ((Condition("condition", "Unparsable", (text,)),),)
    request = Request(operation)
    found = truth(expression, request)
    if found is not Truth.UNKNOWN:
        return found, ()
    rest = _open(expression, request, True)
    if not rest:
        return found, ((Condition("condition", "Unevaluated", (text,)),),)
    possible = without_contradictions(rest)
    return (found, possible) if possible else (Truth.FALSE, ())


def both(
    one: str | None, other: str | None, operation: str
) -> tuple[Truth, Conditions]:
    """Decide two conditions that must both hold; None and empty ones bind nothing.

    Returns:
        As `decide` does. Two that contradict each other are false.
    """
    held = Truth.TRUE
    rest: Conditions = ()
    for text in (one, other):
        if text:
            found, open_ = decide(text, operation)
            held, rest = min(held, found), conjunction(rest, open_)
    if held is not Truth.UNKNOWN or not (one and other):
        return held, rest
    possible = without_contradictions(rest)
    return (held, possible) if possible else (Truth.FALSE, ())


def _open(expression: Expression, request: Request, wanted: bool) -> Conditions:
    """Return the alternatives under which an unknown expression is as wanted.

    Empty when they cannot be told apart (mixed groupings) or are too many to list.
    """
    match expression:
        case Both(parts) | Either(parts):
            joined = isinstance(expression, Both) is wanted
            rests = [
                _open(part, request, wanted)
                for part in parts
                if truth(part, request) is Truth.UNKNOWN
            ]
            return _all(rests) if joined else _any(rests)
        case Negated(part):
            return _open(part, request, not wanted)
        case Comparison():
            return ((_condition(expression, wanted),),)
        case Call(name, value):
            return ((Condition(name, "Equals" if wanted else "NotEquals", (value,)),),)
        case Exists(attribute, present):
            operator = "Exists" if present is wanted else "NotExists"
            return ((Condition(attribute, operator, ()),),)
        case Unclear():
            return ()


def _condition(test: Comparison, wanted: bool) -> Condition:
    function = test.function if wanted else OPPOSITES[test.function]
    quantifier = test.quantifier
    if quantifier and not wanted:
        quantifier = OPPOSITE_QUANTIFIERS[quantifier]
    operator = f"{quantifier}:{function}" if quantifier else function
    return Condition(test.attribute or repr(test.left), operator, test.values)


def _any(rests: Iterable[Conditions]) -> Conditions:
    found: list[tuple[Condition, ...]] = []
    for rest in rests:
        if not rest:
            return ()
        found += (alternative for alternative in rest if alternative not in found)
    return tuple(found) if len(found) <= _MAX_ALTERNATIVES else ()


def _all(rests: Iterable[Conditions]) -> Conditions:
    found: Conditions = ((),)
    for rest in rests:
        found = tuple(dict.fromkeys(_joined(a, b) for a in found for b in rest))
        if not found or len(found) > _MAX_ALTERNATIVES:
            return ()
    return found


def _joined(
    one: tuple[Condition, ...], other: tuple[Condition, ...]
) -> tuple[Condition, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def conjunction(one: Conditions, other: Conditions) -> Conditions:
    """Join two sets of alternatives that must both hold; `()` binds nothing."""
    if not one or not other:
        return one or other
    return tuple(dict.fromkeys(_joined(a, b) for a in one for b in other))


def disjunction(one: Conditions, other: Conditions) -> Conditions:
    """Join two sets of alternatives of which either may hold, both non-empty.

    An alternative that asks for more than another one adds nothing; past
    `_MAX_COMPARED` of them that is not looked for.
    """
    joined = dict.fromkeys((*one, *other))
    if len(joined) > _MAX_COMPARED:
        return tuple(joined)
    sets = [frozenset(alternative) for alternative in joined]
    return tuple(
        alternative
        for alternative, mine in zip(joined, sets, strict=True)
        if not any(other < mine for other in sets)
    )
