"""Symbolic sets: which resources are granted, split by what must hold for it.

Cells map a formula to the bit set of the resources it governs. The bit sets of one
mapping are disjoint and its formulas distinct; a resource in no cell is not granted.
"""

from collections.abc import Callable, Iterable, Mapping

from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    Formula,
    any_of,
    both,
    either,
    opposite,
)
from scanner.grants import bits_of as bits_of

Cells = Mapping[Formula, int]

NOTHING: Cells = {}


def covered(cells: Cells) -> int:
    """Return all resources that are in some cell."""
    return union(cells.values())


def union(many: Iterable[int]) -> int:
    """Return what is in any of many sets of bits."""
    found = 0
    for bits in many:
        found |= bits
    return found


def unite(one: Cells, other: Cells) -> Cells:
    """Return what one or the other grants."""
    if not one or not other:
        return one or other
    return _combined(one, other, either, keep_one=True, keep_other=True)


def meet(one: Cells, other: Cells) -> Cells:
    """Return what both grant."""
    if not one or not other:
        return NOTHING
    return _combined(one, other, both, keep_one=False, keep_other=False)


def combined(
    one: Cells, other: Cells, combine: Callable[[Formula, Formula], Formula]
) -> Cells:
    """Return what both grant, their formulas combined in a way of one's own."""
    return _combined(one, other, combine, keep_one=False, keep_other=False)


def minus(one: Cells, denied: Cells) -> Cells:
    """Return what one grants and the other does not deny."""
    if not one or not denied:
        return one
    return _combined(one, denied, _unless, keep_one=True, keep_other=False)


def within(cells: Cells, bits: int) -> Cells:
    """Return the cells restricted to some resources."""
    return {f: kept for f, found in cells.items() if (kept := found & bits)}


def under(cells: Cells, formula: Formula) -> Cells:
    """Return the cells where a formula must hold besides."""
    if formula == TRUE:
        return cells
    result: dict[Formula, int] = {}
    for own, bits in cells.items():
        _add(result, both(own, formula), bits)
    return result


def somewhere(cells: Cells, bits: int) -> Formula:
    """Return what must hold for at least one of some resources to be granted."""
    return any_of(formula for formula, found in cells.items() if found & bits)


def unless_everywhere(denied: Cells, bits: int) -> Formula:
    """Return what must hold for at least one of some resources not to be denied."""
    if bits & ~covered(denied):
        return TRUE
    return any_of(opposite(f) for f, found in denied.items() if found & bits)


def _unless(allowed: Formula, denied: Formula) -> Formula:
    return both(allowed, opposite(denied))


def _combined(
    one: Cells,
    other: Cells,
    combine: Callable[[Formula, Formula], Formula],
    keep_one: bool,
    keep_other: bool,
) -> Cells:
    """Combine where cells overlap; keep the rest of one, the other, or neither."""
    result: dict[Formula, int] = {}
    for formula, bits in one.items():
        for against, found in other.items():
            common = bits & found
            if common:
                _add(result, combine(formula, against), common)
    for kept, cells, rest in ((keep_one, one, other), (keep_other, other, one)):
        outside = ~covered(rest) if kept else 0
        for formula, bits in cells.items() if kept else ():
            _add(result, formula, bits & outside)
    return result


def _add(result: dict[Formula, int], formula: Formula, bits: int) -> None:
    if bits and formula != FALSE:
        result[formula] = result.get(formula, 0) | bits
