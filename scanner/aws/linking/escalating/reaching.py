"""Whom somebody becomes by hops that are known already, and the best way there."""

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from itertools import count

from scanner.grants import Edge, Verdict
from scanner.hops import Cost, cost_of, plus


class Ways:
    """Hops by their source."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        """Index the hops that are not denied."""
        self._from: dict[str, list[Edge]] = {}
        for edge in edges:
            if edge.verdict is not Verdict.DENIED:
                self._from.setdefault(edge.source, []).append(edge)

    def of(self, source: str) -> Iterable[Edge]:
        """Return the hops of somebody."""
        return self._from.get(source, ())


def ways_from(ways: Ways, source: str) -> Mapping[str, tuple[Edge, ...]]:
    """Return everybody that a source becomes, with the best hops to each."""
    order = count()
    heap: list[tuple[Cost, int, str, tuple[Edge, ...]]] = []
    heappush(heap, ((0, 0, 0), next(order), source, ()))
    found: dict[str, tuple[Edge, ...]] = {}
    while heap:
        cost, _, at, hops = heappop(heap)
        if at in found:
            continue
        found[at] = hops
        for edge in ways.of(at):
            if edge.target not in found:
                total = plus(cost, cost_of(edge))
                heappush(heap, (total, next(order), edge.target, (*hops, edge)))
    del found[source]
    return found
