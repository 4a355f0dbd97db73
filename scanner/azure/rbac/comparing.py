"""The functions of the condition language: compare literals, in three values."""

import math
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial

from scanner.azure.rbac.conditions import Comparison


class Truth(IntEnum):
    """Ordered so that AND is the least and OR the greatest."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


_Compared = Callable[[str, str], Truth]

_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": operator.eq,
    "NotEquals": operator.ne,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def tested(test: Comparison, left: tuple[str, ...]) -> Truth:
    """Evaluate a comparison for the values on its left, of which there is one or more.

    Any or all of the left must match any or all of the right, as the quantifier says;
    without one, any of either.
    """
    compared = _compared(test.function)
    outer = min if test.quantifier.startswith("ForAll") else max
    inner = min if test.quantifier.endswith("AllValues") else max
    return outer(inner(compared(a, b) for b in test.values) for a in left)


def _compared(function: str) -> _Compared:
    for kind, read in (("Numeric", number), ("DateTime", moment)):
        if function.startswith(kind):
            return partial(_ordered, read, _ORDERS[function.removeprefix(kind)])
    exact = function.startswith("String") and not function.endswith("IgnoreCase")
    form = next(form for form in _FORMS if form in function)
    return partial(_alike, _FORMS[form], exact, "Not" not in function)


def _ordered(
    read: Callable[[str], float | None],
    order: Callable[[float, float], bool],
    one: str,
    other: str,
) -> Truth:
    first, second = read(one), read(other)
    if first is None or second is None:
        return Truth.UNKNOWN
    return Truth.TRUE if order(first, second) else Truth.FALSE


def number(text: str) -> float | None:
    """Read a number; None for what is none, or none that can be compared."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def moment(text: str) -> float | None:
    """Read an ISO 8601 time, UTC unless it says otherwise, as seconds; or None."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return (zoned - datetime.min.replace(tzinfo=UTC)).total_seconds()


def _alike(
    form: Callable[[str, str], bool], exact: bool, wanted: bool, one: str, other: str
) -> Truth:
    if not exact:
        one, other = one.lower(), other.lower()
    return Truth.TRUE if form(one, other) is wanted else Truth.FALSE


def like(text: str, pattern: str) -> bool:
    """Match a whole text: `*` spans any characters, `?` is one.

    Only the last `*` is ever tried again: many of them cost no more than one.
    """
    at, place, star, again = 0, 0, -1, 0
    while at < len(text):
        mark = pattern[place] if place < len(pattern) else ""
        if mark == "*":
            star, again, place = place, at, place + 1
        elif mark in ("?", text[at]) and mark:
            at, place = at + 1, place + 1
        elif star >= 0:
            again, place = again + 1, star + 1
            at = again
        else:
            return False
    return not pattern[place:].strip("*")


_FORMS: dict[str, Callable[[str, str], bool]] = {
    "Equals": operator.eq,
    "Like": like,
    "StartsWith": str.startswith,
}
