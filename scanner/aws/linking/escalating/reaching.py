"""Whom somebody becomes by hops that are known already, and the best way there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heappop, heappush
from itertools import count

from scanner.classes import hop_cost
from scanner.grants import Edge, Verdict
from scanner.hops import Cost, plus

#: Sets of subjects as bits, by account.
_Bits = Mapping[str, int]
_NOBODY: _Bits = {}
_NONE: Mapping[str, tuple[str, int]] = {}


class _Search:
    """A search from one source that goes on only as far as somebody asks."""

    def __init__(self, source: str, hops: Mapping[str, list[Edge]]) -> None:
        self._source, self._hops, self._order = source, hops, count()
        self._heap: list[tuple[Cost, int, str, Edge | None]]
        self._heap = [((0, 0, 0), next(self._order), source, None)]
        #: Whoever was reached, the nearest first, and the last hop to each.
        self._reached: dict[str, tuple[Cost, Edge | None]] = {}

    def nearest(self, wanted: frozenset[str]) -> tuple[Cost, tuple[Edge, ...]] | None:
        wanted -= {self._source}
        reached = wanted & self._reached.keys()
        if reached:
            at = min(reached, key=lambda one: (self._reached[one][0], one))
            return self._reached[at][0], tuple(self._way(at))
        while self._heap:
            at = self._settled()
            if at in wanted:
                return self._reached[at][0], tuple(self._way(at))
        return None

    def all(self) -> Mapping[str, tuple[Edge, ...]]:
        """Go on to the end."""
        while self._heap:
            self._settled()
        others = (at for at in self._reached if at != self._source)
        return {at: tuple(self._way(at)) for at in others}

    def _settled(self) -> str:
        """Take the next nearest; empty text for one that was reached before."""
        cost, _, at, by = heappop(self._heap)
        if at in self._reached:
            return ""
        self._reached[at] = cost, by
        for edge in self._hops.get(at, ()):
            if edge.target not in self._reached:
                total = plus(cost, hop_cost(edge))
                heappush(self._heap, (total, next(self._order), edge.target, edge))
        return at

    def _way(self, at: str) -> Iterator[Edge]:
        hops: list[Edge] = []
        while (edge := self._reached[at][1]) is not None:
            hops.append(edge)
            at = edge.source
        return reversed(hops)


class Ways:
    """Hops by their source, and where they lead."""

    def __init__(
        self, edges: Iterable[Edge], subjects: Mapping[str, tuple[str, int]] = _NONE
    ) -> None:
        """Index the hops that are not denied.

        Args:
            edges: hops.
            subjects: account and bit of those that `beyond` tells of, by ARN.
        """
        self._subjects = subjects
        self._from: dict[str, list[Edge]] = {}
        for edge in edges:
            if edge.verdict is not Verdict.DENIED:
                self._from.setdefault(edge.source, []).append(edge)
        self._searches: dict[str, _Search] = {}

    def beyond(self, source: str) -> _Bits:
        """Return the subjects that a source becomes, at any distance."""
        component = self._component.get(source)
        return _NOBODY if component is None else self._sums[component]

    @property
    def sources(self) -> Iterable[str]:
        """Everybody that hops lead on from."""
        return self._from.keys()

    def away(self, source: str) -> Iterator[str]:
        """Yield the ends of the hops of a source from where none leads back to it."""
        here = self._component.get(source)
        for edge in self._from.get(source, ()):
            if self._component[edge.target] != here:
                yield edge.target

    def into(self, wanted: Iterable[str], surely: bool = False) -> frozenset[str]:
        """Return some others, and whoever becomes any of them.

        Args:
            wanted: these others.
            surely: only by hops without conditions.
        """
        found, waiting = set(wanted), list(wanted)
        while waiting:
            for edge in self._into.get(waiting.pop(), ()):
                fits = not surely or edge.verdict is Verdict.ALLOWED
                if fits and edge.source not in found:
                    found.add(edge.source)
                    waiting.append(edge.source)
        return frozenset(found)

    @cached_property
    def _into(self) -> Mapping[str, Sequence[Edge]]:
        found: defaultdict[str, list[Edge]] = defaultdict(list)
        for edges in self._from.values():
            for edge in edges:
                found[edge.target].append(edge)
        return found

    def nearest(
        self, source: str, wanted: frozenset[str]
    ) -> tuple[Cost, tuple[Edge, ...]] | None:
        """Return the best hops from a source to any of some others, and their cost."""
        return self._search(source).nearest(wanted)

    def onwards(self, source: str) -> Mapping[str, tuple[Edge, ...]]:
        """Return everybody that a source becomes, with the best hops to each."""
        return self._search(source).all()

    def _search(self, source: str) -> _Search:
        if source not in self._searches:
            self._searches[source] = _Search(source, self._from)
        return self._searches[source]

    @cached_property
    def _components(self) -> tuple[frozenset[str], ...]:
        """Everybody by component: whom hops lead to before those that they are from."""
        import networkx

        hops: networkx.DiGraph[str] = networkx.DiGraph()
        hops.add_edges_from(
            (edge.source, edge.target) for each in self._from.values() for edge in each
        )
        components = networkx.strongly_connected_components(hops)
        return tuple(frozenset(members) for members in components)

    @cached_property
    def _component(self) -> Mapping[str, int]:
        return {id_: n for n, ids in enumerate(self._components) for id_ in ids}

    @cached_property
    def _sums(self) -> tuple[_Bits, ...]:
        """What each component leads to; equal sums of the same parts are one."""
        found: list[_Bits] = []
        known: dict[tuple[frozenset[int], frozenset[str]], _Bits] = {}
        for n, members in enumerate(self._components):
            ends = {e.target for m in members for e in self._from.get(m, ())}
            parts = {self._component[end] for end in ends} - {n}
            beyond = {id(found[part]): found[part] for part in parts}
            own = frozenset(end for end in ends if end in self._subjects)
            place = frozenset(beyond), own
            if place not in known:
                known[place] = self._united(beyond.values(), own)
            found.append(known[place])
        return tuple(found)

    def _united(self, parts: Iterable[_Bits], own: Iterable[str]) -> _Bits:
        bits: dict[str, int] = {}
        for part in parts:
            for account, some in part.items():
                bits[account] = bits.get(account, 0) | some
        for arn in own:
            account, bit = self._subjects[arn]
            bits[account] = bits.get(account, 0) | bit
        return bits
