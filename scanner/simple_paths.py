"""Every simple path from a principal to a target: no principal and no VM comes twice.

Their number may grow exponentially with their length. They come shortest first, one at
a time, and only ways are walked that lead to the target within the length.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush

from scanner.classes import hop_cost, is_class
from scanner.grants import Edge, TargetSet, ones
from scanner.graph import Searchable
from scanner.hops import Cost, cost_of, plus
from scanner.index import Index
from scanner.paths import Reached, along
from scanner.search import ran

_Hops = tuple[Edge, ...]
#: By principal: the grants on the target that it holds, with the target's class.
_Ends = dict[int, list[tuple[int, TargetSet]]]


def simple_paths(
    graph: Searchable, principal_id: str, target_id: str, most_hops: int
) -> Iterator[Reached]:
    """Yield every way of a principal to a target, the shortest first.

    Running on a VM and going on as its identity are two hops; a VM that several
    vectors reach is passed by the best of them. Hops through classes of callers
    (`scanner.classes`) are one. A path comes once for each grant at its end.

    Args:
        graph: the access graph; hops that are denied are not in it.
        principal_id: who starts.
        target_id: the VM at the end; no path passes through it before.
        most_hops: the longest path; 0 leaves direct grants alone.

    Raises:
        KeyError: nobody of that id is in the graph.
    """
    index = graph.index
    start, target = index.principal_number(principal_id), index.target_number(target_id)
    if start is None:
        raise KeyError(principal_id)
    if target is None:
        return
    walk, principal = _Walk(index, target, most_hops), index.principals[start]
    for length in range(most_hops + 1):
        for hops, holder in walk.of_length(start, length):
            for grant, only in walk.ends[holder]:
                end = index.principals[holder]
                yield along(principal, end, index.grants[grant], only, hops)


def path_cost(reached: Reached) -> Cost:
    """Return what a path costs: its unknown hops, then conditions, then hops."""
    total = cost_of(reached.grant.decision, hops=0)
    for hop in reached.hops:
        total = plus(total, hop_cost(hop))
    return total


@dataclass(frozen=True, slots=True)
class _Way:
    """A way on from a principal: a hop, or a run on a VM and what that runs as."""

    hops: _Hops
    length: int
    end: int
    #: The node that was run on, or none.
    vm: int = -1


class _Walk:
    """What is known about the ways to one target."""

    def __init__(self, index: Index, target: int, most: int) -> None:
        self._index, self._people = index, len(index.principals)
        self._target = self._people + target
        self.ends = _ends(index, target)
        self._left = _distances(index, self.ends, self._target, most)
        self._ways = cache(lambda node: tuple(self._onwards(node)))

    def of_length(self, start: int, length: int) -> Iterator[tuple[_Hops, int]]:
        """Yield the paths of exactly that many hops, and who holds a grant there."""
        if self._left.get(start, length + 1) <= length:
            yield from self._from(start, length, (), {start})

    def _from(
        self, at: int, left: int, hops: _Hops, passed: set[int]
    ) -> Iterator[tuple[_Hops, int]]:
        if left == 0:
            if at in self.ends:
                yield hops, at
            return
        for way in self._ways(at):
            rest = left - way.length
            fresh = way.end not in passed and way.vm not in passed
            if fresh and rest >= self._left[way.end]:
                onto = {way.end, way.vm} - {-1}
                yield from self._from(way.end, rest, (*hops, *way.hops), passed | onto)

    def _onwards(self, node: int) -> Iterator[_Way]:
        """Yield the ways on that can lead to the target, classes seen through."""
        for hops, end in self._seen_through((), node):
            if end in self._left:
                yield _Way(hops, 1, end)
        yield from self._by_runs(node)

    def _seen_through(self, into: _Hops, node: int) -> Iterator[tuple[_Hops, int]]:
        """Yield the hops to other principals; those through classes as one chain."""
        index = self._index
        for hop in index.out[node]:
            end, hops = index.ends[hop], (*into, index.edges[hop])
            if end < self._people and is_class(index.principals[end]):
                if end in self._left:
                    yield from self._seen_through(hops, end)
            else:
                yield hops, end

    def _by_runs(self, node: int) -> Iterator[_Way]:
        """Yield the ways through VMs, each by the best grant that reaches it."""
        index, seen = self._index, dict[int, int]()
        running = (grant for grant in index.holds[node] if index.runs[grant])
        for grant in sorted(running, key=lambda one: index.grant_costs[one]):
            space = index.grant_spaces[grant]
            before = seen.get(space, 0)
            fresh = index.bits[grant] & index.hopping[space] & ~before
            seen[space] = before | fresh
            first = index.space_starts[space]
            for position in ones(fresh):
                for target in index.classes[first + position]:
                    yield from self._through(node, grant, self._people + target)

    def _through(self, node: int, grant: int, vm: int) -> Iterator[_Way]:
        index = self._index
        for hop in index.out[vm] if vm != self._target else ():
            end = index.ends[hop]
            if end in self._left:
                runs_as = index.edges[hop]
                run = ran(index.principals[node], index.grants[grant], runs_as)
                yield _Way((run, runs_as), 2, end, vm)


def _ends(index: Index, target: int) -> _Ends:
    """Return who holds grants on the target, with the class of the target in each."""
    found: _Ends = {}
    for space, position in index.positions(target):
        only = TargetSet(index.spaces[space], 1 << position)
        for grant in index.by_space[space]:
            if index.bits[grant] >> position & 1:
                for principal in index.holders[grant]:
                    found.setdefault(principal, []).append((grant, only))
    return found


def _distances(
    index: Index, holders: Iterable[int], avoided: int, most: int
) -> dict[int, int]:
    """Return how many hops everybody is at least away from a holder, up to `most`."""
    people, settled = len(index.principals), dict[int, int]()
    unused = {
        space: [grant for grant in index.by_space[space] if index.runs[grant]]
        for space in range(len(index.spaces))
    }
    heap = [(0, holder) for holder in holders]
    while heap:
        far, at = heappop(heap)
        if at in settled or far > most:
            continue
        settled[at] = far
        step = 0 if is_class(index.principals[at]) else 1
        vms: dict[int, int] = {}
        for source in (index.sources[hop] for hop in index.into[at]):
            if source < people:
                heappush(heap, (far + step, source))
            elif source != avoided:
                for space, position in index.positions(source - people):
                    vms[space] = vms.get(space, 0) | 1 << position
        for space, bits in vms.items():
            kept = []
            for grant in unused[space]:
                if not index.bits[grant] & bits:
                    kept.append(grant)
                    continue
                for principal in index.holders[grant]:
                    heappush(heap, (far + 2, principal))
            unused[space] = kept
    return settled
