"""Conditions that can never hold together, however a request is made."""

import math
from collections import defaultdict
from collections.abc import Iterable

from scanner.azure.rbac.comparing import Truth, moment, number, tested
from scanner.azure.rbac.conditions import OPPOSITE_QUANTIFIERS, OPPOSITES, Comparison
from scanner.grants import Condition, Conditions

#: Kinds of `…Equals` that leave an attribute one value.
_FIXING = ("String", "Guid", "Bool", "Numeric", "DateTime")
_READERS = {"Numeric": number, "DateTime": moment}
#: What `truth` writes of calls and of existence, with its opposite.
_OTHERS = {
    "Exists": "NotExists",
    "NotExists": "Exists",
    "Equals": "NotEquals",
    "NotEquals": "Equals",
}


def without_contradictions(found: Conditions) -> Conditions:
    """Drop the alternatives that no request meets."""
    return tuple(alternative for alternative in found if satisfiable(alternative))


def satisfiable(alternative: Iterable[Condition]) -> bool:
    """Say whether conditions can all hold; a doubt counts as yes.

    They cannot when one is the opposite of another, when an attribute would need two
    values, or when a range is empty.
    """
    by_key: defaultdict[str, list[Condition]] = defaultdict(list)
    for condition in alternative:
        by_key[condition.key.lower()].append(condition)
    return all(len(some) == 1 or _together(some) for some in by_key.values())


def _together(some: list[Condition]) -> bool:
    said = {(c.operator, frozenset(c.values)) for c in some}
    if any((_opposite(c.operator), frozenset(c.values)) in said for c in some):
        return False
    tests = [_plain(condition) for condition in some]
    plain = [test for test in tests if test is not None]
    if any(_excludes(one, test) for one in plain for test in plain):
        return False
    return all(_range_left(plain, kind) for kind in _READERS)


def _excludes(one: Comparison, test: Comparison) -> bool:
    """Say whether a test fails for the only value that another leaves."""
    kind = next((name for name in _FIXING if one.function == f"{name}Equals"), None)
    same = kind is not None and test.function.startswith(kind)
    return same and tested(test, one.values) is Truth.FALSE


def _opposite(operator: str) -> str:
    quantifier, colon, function = operator.rpartition(":")
    opposite = OPPOSITES.get(function) or _OTHERS.get(function, "")
    return OPPOSITE_QUANTIFIERS.get(quantifier, "") + colon + opposite


def _plain(condition: Condition) -> Comparison | None:
    """Return a test of one value against one; quantified ones see several values."""
    name = condition.operator
    if name not in OPPOSITES or len(condition.values) != 1:
        return None
    return Comparison(condition.key, "", name, condition.values)


def _range_left(tests: Iterable[Comparison], kind: str) -> bool:
    """Say whether numbers or times remain between the bounds that tests set."""
    low, high = (-math.inf, False), (math.inf, True)  # highest is the last in order
    for test in tests:
        bound = _READERS[kind](test.values[0])
        if bound is None or not test.function.startswith(kind):
            continue
        closed = test.function.endswith("Equals")
        if "Greater" in test.function:
            low = max(low, (bound, not closed))
        elif "Less" in test.function:
            high = min(high, (bound, closed))
    if low[0] == high[0]:
        return not low[1] and high[1]
    return low[0] < high[0]
