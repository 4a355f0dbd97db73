"""Evaluate a condition in three values, and say what of it remains open."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache, partial

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
from scanner.azure.rbac.roles import matches
from scanner.grants import Condition, Conditions

_MAX_ALTERNATIVES = 16


class Truth(IntEnum):
    """Ordered so that AND is the least and OR the greatest."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


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
    compare = _compared(test.function)
    if left is None or compare is None:
        return Truth.UNKNOWN
    some, each = any, all
    outer = each if test.quantifier.startswith("ForAll") else some
    inner = each if test.quantifier.endswith("AllValues") else some
    held = outer(inner(compare(a, b) for b in test.values) for a in left)
    return Truth.TRUE if held else Truth.FALSE


def _compared(function: str) -> "partial[bool] | None":
    """Return the comparison of a function; None for numbers and times."""
    kind = "" if function.startswith(("Numeric", "DateTime")) else function
    for form in ("Equals", "Like", "StartsWith"):
        if form in kind:
            exact = kind.startswith("String") and not kind.endswith("IgnoreCase")
            return partial(_alike, form, exact, "Not" not in kind)
    return None


def _alike(form: str, exact: bool, wanted: bool, one: str, other: str) -> bool:
    if not exact:
        one, other = one.lower(), other.lower()
    if form == "Equals":
        return (one == other) is wanted
    if form == "StartsWith":
        return one.startswith(other) is wanted
    pattern = ".*".join(
        re.escape(part).replace(r"\?", ".") for part in other.split("*")
    )
    return (re.fullmatch(pattern, one, re.DOTALL) is not None) is wanted


@lru_cache(maxsize=1 << 14)
def decide(text: str, operation: str) -> tuple[Truth, Conditions]:
    """Decide a condition's text for one operation, no other fact of a request known.

    Returns:
        The truth, and the alternatives that remain when it is unknown. Text that does
        not parse is unknown, with itself as what remains.
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
    return found, rest or ((Condition("condition", "Unevaluated", (text,)),),)


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
    """Join two sets of alternatives of which either may hold, both non-empty."""
    return tuple(dict.fromkeys((*one, *other)))
