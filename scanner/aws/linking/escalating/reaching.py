"""Whom somebody becomes by hops that are known already, and the best way there."""

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from itertools import count

from scanner.grants import Edge, Verdict
from scanner.hops import Cost, cost_of, plus


class Ways:
    """Hops by their source, and where they lead."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        """Index the hops that are not denied."""
        self._from: dict[str, list[Edge]] = {}
        for edge in edges:
            if edge.verdict is not Verdict.DENIED:
                self._from.setdefault(edge.source, []).append(edge)
        self._onwards: dict[str, Mapping[str, tuple[Edge, ...]]] = {}

    def onwards(self, source: str) -> Mapping[str, tuple[Edge, ...]]:
        """Return everybody that a source becomes, with the best hops to each."""
        if source not in self._onwards:
            self._onwards[source] = self._searched(source)
        return self._onwards[source]

    def _searched(self, source: str) -> Mapping[str, tuple[Edge, ...]]:
        order = count()
        start: tuple[Edge, ...] = ()
        heap: list[tuple[Cost, int, str, tuple[Edge, ...]]]
        heap = [((0, 0, 0), next(order), source, start)]
        found: dict[str, tuple[Edge, ...]] = {}
        while heap:
            cost, _, at, hops = heappop(heap)
            if at in found:
                continue
            found[at] = hops
            for edge in self._from.get(at, ()):
                if edge.target not in found:
                    total = plus(cost, cost_of(edge))
                    heappush(heap, (total, next(order), edge.target, (*hops, edge)))
        del found[source]
        return found
