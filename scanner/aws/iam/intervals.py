"""Sets of numbers or addresses as sorted, disjoint intervals: exact and in n log n.

An end of an interval is any value that sorts. Numbers are dense, so an open end is
told apart from the number itself: `(5, -1)` lies just below 5, `(5, 1)` just above.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

Point = tuple[Decimal, int]
End = TypeVar("End", int, Point)

_INFINITY = Decimal("Infinity")
NUMBERS: list[tuple[Point, Point]] = [((-_INFINITY, 0), (_INFINITY, 0))]


def compared(relation: str, limit: Decimal) -> tuple[Point, Point]:
    """Return the numbers that stand in a relation to a limit."""
    ((least, greatest),) = NUMBERS
    if relation == "=":
        return (limit, 0), (limit, 0)
    if relation[0] == "<":
        return least, (limit, 0 if relation == "<=" else -1)
    return (limit, 0 if relation == ">=" else 1), greatest


def just_below(point: Point) -> Point:
    """Return the end of what comes before an interval that starts here."""
    return point[0], point[1] - 1


def just_above(point: Point) -> Point:
    """Return the start of what comes after an interval that ends here."""
    return point[0], point[1] + 1


def union(intervals: Iterable[tuple[End, End]]) -> list[tuple[End, End]]:
    """Sort intervals and join those that overlap."""
    result: list[tuple[End, End]] = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def intersection(
    one: list[tuple[End, End]], other: list[tuple[End, End]]
) -> list[tuple[End, End]]:
    """Return what lies in both of two unions."""
    result: list[tuple[End, End]] = []
    n = m = 0
    while n < len(one) and m < len(other):
        start, end = max(one[n][0], other[m][0]), min(one[n][1], other[m][1])
        if start <= end:
            result.append((start, end))
        if one[n][1] < other[m][1]:
            n += 1
        else:
            m += 1
    return result


def difference(
    one: list[tuple[End, End]],
    other: list[tuple[End, End]],
    before: Callable[[End], End],
    after: Callable[[End], End],
) -> list[tuple[End, End]]:
    """Return what lies in the first union and not in the second.

    Args:
        one: a union.
        other: what to take away, a union.
        before: gives the end of what precedes an interval's start.
        after: gives the start of what follows an interval's end.
    """
    result: list[tuple[End, End]] = []
    m = 0
    for start, end in one:
        at = start
        while m < len(other) and other[m][1] < at:
            m += 1
        k = m
        while k < len(other) and other[k][0] <= end:
            if at < other[k][0]:
                result.append((at, before(other[k][0])))
            at = after(other[k][1])
            k += 1
        if at <= end:
            result.append((at, end))
    return result
