"""Every simple path from a principal to a target: no principal and no VM comes twice.

Their number may grow exponentially with their length. They come shortest first, one at
a time, and only ways are walked that lead to the target within the length.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from heapq import heappop, heappush

from scanner.classes import hop_cost, is_class
from scanner.grants import Edge, Grant, TargetSet, ones
from scanner.graph import AccessGraph
from scanner.hops import Cost, cost_of, plus
from scanner.paths import Reached, along
from scanner.search import RUNS_CODE, hops_of, ran

_Hops = tuple[Edge, ...]
_Ends = Mapping[str, list[tuple[Grant, TargetSet]]]


def simple_paths(
    graph: AccessGraph, principal_id: str, target_id: str, most_hops: int
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
    walk = _Walk(graph, target_id, most_hops)
    principal = graph.principals[principal_id]
    for length in range(most_hops + 1):
        for hops, holder in walk.of_length(principal_id, length):
            for grant, only in walk.ends[holder]:
                yield along(principal, graph.principals[holder], grant, only, hops)


def path_cost(reached: Reached) -> Cost:
    """Return what a path costs: its unknown hops, then conditions, then hops."""
    total = cost_of(reached.grant.decision, hops=0)
    for hop in reached.hops:
        total = plus(total, hop_cost(hop))
    return total


@dataclass(frozen=True, slots=True)
class _Way:
    """A way on from a principal: a hop, or a run on a VM and what that runs as."""

    hops: tuple[Edge, ...]
    length: int
    end: str
    vm: str = ""


class _Walk:
    """What is known about the ways to one target."""

    def __init__(self, graph: AccessGraph, target_id: str, most: int) -> None:
        self._graph, self._target = graph, target_id
        self.ends = _ends(graph, target_id)
        self._left = _distances(graph, self.ends, target_id, most)
        self._ways = cache(lambda id_: tuple(self._onwards(id_)))

    def of_length(self, start: str, length: int) -> Iterator[tuple[_Hops, str]]:
        """Yield the paths of exactly that many hops, and who holds a grant there."""
        if self._left.get(start, length + 1) <= length:
            yield from self._from(start, length, (), {start})

    def _from(
        self, at: str, left: int, hops: _Hops, passed: set[str]
    ) -> Iterator[tuple[_Hops, str]]:
        if left == 0:
            if at in self.ends:
                yield hops, at
            return
        for way in self._ways(at):
            rest = left - way.length
            fresh = way.end not in passed and way.vm not in passed
            if fresh and rest >= self._left[way.end]:
                onto = {way.end, way.vm} - {""}
                yield from self._from(way.end, rest, (*hops, *way.hops), passed | onto)

    def _onwards(self, id_: str) -> Iterator[_Way]:
        """Yield the ways on that can lead to the target, classes seen through."""
        for hops in self._seen_through((), id_):
            yield from self._leading(_Way(hops, 1, hops[-1].target))
        yield from self._by_runs(id_)

    def _seen_through(self, into: tuple[Edge, ...], id_: str) -> Iterator[_Hops]:
        """Yield the hops to other principals; those through classes as one chain."""
        for hop in hops_of(self._graph, id_):
            onto = self._graph.principals.get(hop.target)
            if onto is not None and is_class(onto):
                if onto.id in self._left:
                    yield from self._seen_through((*into, hop), onto.id)
            else:
                yield (*into, hop)

    def _leading(self, way: _Way) -> Iterator[_Way]:
        if way.end in self._left:
            yield way

    def _by_runs(self, id_: str) -> Iterator[_Way]:
        """Yield the ways through VMs, each by the best grant that reaches it."""
        graph, seen = self._graph, dict[int, int]()
        grants = graph.holds.get(id_, ())
        for grant in sorted(grants, key=lambda one: cost_of(one.decision)):
            space = grant.targets.space
            before = seen.get(id(space), 0)
            if grant.vector.tier not in RUNS_CODE:
                continue
            fresh = grant.targets.bits & graph.hopping(space) & ~before
            seen[id(space)] = before | fresh
            for position in ones(fresh):
                for vm in space.classes[position]:
                    for hop in hops_of(graph, vm.id) if vm.id != self._target else ():
                        hops = (ran(graph, id_, grant, hop), hop)
                        yield from self._leading(_Way(hops, 2, hop.target, vm.id))


def _ends(graph: AccessGraph, target_id: str) -> _Ends:
    """Return who holds grants on the target, with the class of the target in each."""
    found: dict[str, list[tuple[Grant, TargetSet]]] = {}
    for space, position in graph.positions(target_id):
        only = TargetSet(space, 1 << position)
        for grant in graph.grants_on(only):
            for principal in grant.principals:
                found.setdefault(principal.id, []).append((grant, only))
    return found


def _distances(
    graph: AccessGraph, holders: Iterable[str], avoided: str, most: int
) -> dict[str, int]:
    """Return how many hops everybody is at least away from a holder, up to `most`."""
    runs = [
        g
        for h in graph.decided
        for g in (*h.grants, *h.beyond)
        if g.vector.tier in RUNS_CODE
    ]
    heap = [(0, holder) for holder in holders]
    settled: dict[str, int] = {}
    while heap:
        far, at = heappop(heap)
        if at in settled or far > most:
            continue
        settled[at] = far
        vms: dict[int, int] = {}
        for hop in hops_of(graph, at, into=True):
            if hop.source in graph.principals:
                class_ = is_class(graph.principals[at])
                heappush(heap, (far if class_ else far + 1, hop.source))
            elif hop.source != avoided:
                for space, position in graph.positions(hop.source):
                    vms[id(space)] = vms.get(id(space), 0) | 1 << position
        unused = []
        for grant in runs if vms else ():
            if grant.targets.bits & vms.get(id(grant.targets.space), 0):
                for principal in grant.principals:
                    heappush(heap, (far + 2, principal.id))
            else:
                unused.append(grant)
        runs = unused if vms else runs
    return settled
