"""Rows of numbers of different lengths, in two columns."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Rows:
    """Row `n` is `items[starts[n]:starts[n + 1]]`."""

    starts: Sequence[int]
    items: Sequence[int]

    def __getitem__(self, n: int) -> Sequence[int]:
        """Return a row."""
        return self.items[self.starts[n] : self.starts[n + 1]]


def rows_of(rows: Iterable[Sequence[int]]) -> Rows:
    """Return some rows as columns."""
    starts, items = array("I", [0]), array("I")
    for row in rows:
        items.extend(row)
        starts.append(len(items))
    return Rows(starts, items)


def grouped(keys: Sequence[int], size: int) -> Rows:
    """Return for each number below `size` where it is among some keys, in order."""
    counts = array("I", bytes(4 * (size + 1)))
    for key in keys:
        counts[key + 1] += 1
    starts = array("I", accumulate(counts))
    free, items = array("I", starts), array("I", bytes(4 * len(keys)))
    for at, key in enumerate(keys):
        items[free[key]] = at
        free[key] += 1
    return Rows(starts, items)
