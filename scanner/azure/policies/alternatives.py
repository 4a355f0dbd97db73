"""Conditions on a write that may hold together, or instead of each other.

Alternatives are a tuple of tuples as in `Conditions`, but here `()` says that nothing
passes and `((),)` that everything does.
"""

from collections.abc import Iterable

from scanner.azure.policies.comparisons import OPPOSITES, holds
from scanner.grants import Condition, Conditions

NOTHING: Conditions = ()
EVERYTHING: Conditions = ((),)
_MAX = 32


def any_of(some: Iterable[Conditions]) -> Conditions:
    """Return what passes one of them; past `_MAX` alternatives everything does."""
    found = dict.fromkeys(one for rest in some for one in rest)
    if () in found or len(found) > _MAX:
        return EVERYTHING
    return tuple(found)


def all_of(some: Iterable[Conditions]) -> Conditions:
    """Return what passes all of them, without alternatives that nothing meets."""
    found = EVERYTHING
    for rest in some:
        joined = (together((*a, *b)) for a in found for b in rest)
        found = tuple(dict.fromkeys(one for one in joined if one is not None))
        if len(found) > _MAX:
            return EVERYTHING
    return EVERYTHING if () in found else found


def together(conditions: Iterable[Condition]) -> tuple[Condition, ...] | None:
    """Join conditions that must all hold; None where they never do.

    Lists of values for one field become one list.
    """
    by_key: dict[str, list[Condition]] = {}
    for condition in dict.fromkeys(conditions):
        by_key.setdefault(condition.key.lower(), []).append(condition)
    found: list[Condition] = []
    for some in by_key.values():
        joined = _of_field(some)
        if joined is None:
            return None
        found += joined
    return tuple(found)


def _of_field(some: list[Condition]) -> list[Condition] | None:
    said = {(one.operator, one.values) for one in some}
    if any((OPPOSITES.get(op, ""), values) in said for op, values in said):
        return None
    listed = [one for one in some if one.operator == "in"]
    if listed:
        return _within(listed, [one for one in some if one.operator != "in"])
    banned = [one for one in some if one.operator == "notIn"]
    if len(banned) < 2:
        return some
    values = tuple(dict.fromkeys(value for one in banned for value in one.values))
    rest = [one for one in some if one.operator != "notIn"]
    return [Condition(some[0].key, "notIn", values), *rest]


def _within(listed: list[Condition], others: list[Condition]) -> list[Condition] | None:
    """Keep the values of a list that the other conditions on the field admit."""
    values = [
        value
        for value in listed[0].values
        if all(holds(one.operator, value, one.values) is not False for one in others)
        and all(holds("in", value, one.values) for one in listed[1:])
    ]
    if not values:
        return None
    open_ = [one for one in others if holds(one.operator, "", one.values) is None]
    return [Condition(listed[0].key, "in", tuple(values)), *open_]
