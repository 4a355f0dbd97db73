"""Hops that changes open or close, with what they lead to.

Engines join many callers to many roles by nodes that stand for classes of them, and
number these anew each time. So hops are compared by who is behind them; what a target
is entered by is spelt out only where that is not the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from policies.proof.classes import key_of
from policies.shifts import Way, way_of
from scanner.classes import POWER, is_class, shown_hops
from scanner.closure import closure_of
from scanner.grants import Decision, Edge, Tier
from scanner.graph import AccessGraph

_RUNS_AS = "runs-as"


@dataclass(frozen=True, slots=True)
class HopShift:
    """A hop that is new, gone, or easier or harder to take.

    Attributes:
        before, after: None when the hop is not there.
        vectors: what its end can use on any target, itself or by further hops; sorted.
        targets: on how many targets.
    """

    way: Way
    why: str
    before: Edge | None
    after: Edge | None
    vectors: tuple[str, ...]
    targets: int

    @property
    def edge(self) -> Edge:
        """The hop as it is, or was."""
        found = self.after or self.before
        if found is None:  # never made
            raise ValueError("a hop without sides")
        return found


def hop_shifts(old: AccessGraph, new: AccessGraph) -> Iterator[HopShift]:
    """Yield the hops that differ between two graphs: gains first, sorted by ends."""
    before, after = _Entries(old, {}), _Entries(new, {})
    after.interned = before.interned
    ends = dict.fromkeys((*old.hops_into, *new.hops_into))
    found: list[HopShift] = []
    for end in sorted(ends):
        if _is_node(old, end) or _is_node(new, end):
            continue
        if before.signature(end) != after.signature(end):
            found += _differences(before.spelt(end), after.spelt(end), old, new)
    found.sort(key=lambda one: (one.way, one.edge.kind, one.edge.source))
    yield from found


def told(
    shifts: Iterable[HopShift], old: AccessGraph, new: AccessGraph
) -> Iterator[HopShift]:
    """Yield shifts without those that only name anew what somebody could become.

    Such powers are worked out from what everybody holds: they differ whenever that
    does. A hop to one counts where its source reaches more by it, or less.
    """
    known: dict[tuple[str, Way], bool] = {}
    for one in shifts:
        source, target = one.edge.source, one.edge.target
        if _is_power(old, source) or _is_power(new, source):
            continue
        if _is_power(old, target) or _is_power(new, target):
            sides = (old, new) if one.way is Way.GAINED else (new, old)
            if (source, one.way) not in known:
                known[source, one.way] = _reaches_more(*sides, source)
            if not known[source, one.way]:
                continue
        yield one


def _is_power(graph: AccessGraph, id_: str) -> bool:
    one = graph.principals.get(id_)
    return one is not None and one.kind == POWER


def _reaches_more(one: AccessGraph, other: AccessGraph, id_: str) -> bool:
    """Tell whether a principal reaches anything in another graph only."""
    return any(not _reach(other, id_, t) <= _reach(one, id_, t) for t in Tier)


def _reach(graph: AccessGraph, id_: str, tier: Tier) -> frozenset[str]:
    if id_ not in graph.principals:
        return frozenset()
    vectors, sets = closure_of(graph, (tier,)).at(id_)
    return vectors | {target.id for some in sets for target in some}


def _is_node(graph: AccessGraph, id_: str) -> bool:
    one = graph.principals.get(id_)
    return one is not None and is_class(one)


@dataclass
class _Entries:
    """Who enters what in one graph, classes looked through."""

    graph: AccessGraph
    interned: dict[object, int]
    _known: dict[str, int] = field(default_factory=dict)

    def signature(self, end: str) -> int:
        """Return a number that is equal for ends entered alike, in both graphs."""
        found = self._known.get(end)
        if found is None:
            entries = frozenset(
                (e.kind, self._source(e.source), e.verdict, frozenset(e.conditions))
                for e in self.graph.hops_into.get(end, ())
            )
            found = self.interned.setdefault(entries, len(self.interned))
            self._known[end] = found
        return found

    def _source(self, id_: str) -> int | str:
        return self.signature(id_) if _is_node(self.graph, id_) else id_

    def spelt(self, end: str) -> Mapping[tuple[str, str], Edge]:
        """Return the hops into an end, each from who takes it; the best of several."""
        found: dict[tuple[str, str], Edge] = {}
        for edge in self._chains((), end):
            key = edge.kind, edge.source
            known = found.get(key)
            if known is None or way_of(_sides(known), _sides(edge))[0] is Way.GAINED:
                found[key] = edge
        return found

    def _chains(self, after: tuple[Edge, ...], end: str) -> Iterator[Edge]:
        for edge in self.graph.hops_into.get(end, ()):
            if _is_node(self.graph, edge.source):
                yield from self._chains((edge, *after), edge.source)
            else:
                yield shown_hops((edge, *after))[-1]


def _sides(edge: Edge | None) -> Decision | None:
    return None if edge is None else Decision(edge.verdict, edge.conditions)


def _differences(
    was: Mapping[tuple[str, str], Edge],
    now: Mapping[tuple[str, str], Edge],
    old: AccessGraph,
    new: AccessGraph,
) -> Iterator[HopShift]:
    for key in sorted({*was, *now}):
        before, after = was.get(key), now.get(key)
        sides = _sides(before), _sides(after)
        if before and after and _key(before) == _key(after):
            continue
        way, why = way_of(*sides)
        edge = (after if way is Way.GAINED else before) or after or before
        if edge is not None:
            graph = new if way is Way.GAINED else old
            yield HopShift(way, why, before, after, *_beyond(graph, edge))


def _key(edge: Edge) -> object:
    return key_of(Decision(edge.verdict, edge.conditions))


def _beyond(graph: AccessGraph, edge: Edge) -> tuple[tuple[str, ...], int]:
    """Return what a hop leads to: vectors, and the number of targets."""
    vectors, sets = closure_of(graph, tuple(Tier)).at(edge.target)
    return tuple(sorted(vectors)), sum(map(len, sets))
