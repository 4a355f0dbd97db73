"""The best routes from a principal onwards, or back to whoever can become one.

Principals are joined by hops, and by running on a VM and going on as its identity; the
latter passes through the grant that is used, so that a grant of many principals on many
targets is looked at once. Costs only grow along a path, so Dijkstra's search is exact;
of equally good routes the one that was found first counts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import compress
from operator import mul
from typing import NamedTuple

from scanner.grants import Edge, Grant, bits_of, lowest, ones
from scanner.index import Index
from scanner.search import ran

#: Where a route starts: there is no state before it, and no hop.
START = -1
NO_HOP = -1


#: What a step costs, the state that it leads to, and the number of its hop.
Step = tuple[int, int, int]
#: A state that was come to, the one before it, and the hop.
_Found = tuple[int, int, int]


class _Runs(NamedTuple):
    """Hops of VMs that run as one principal: of one space, at one cost."""

    hops: dict[int, int]  # by the position of the VM's class
    bits: int

    def hop_for(self, bits: int) -> int:
        """Return the hop of the first VM among some."""
        return self.hops[lowest(self.bits & bits)]


class Routes:
    """A search: how every state was settled, as far as somebody has looked."""

    def __init__(
        self, index: Index, starts: Mapping[int, int], steps: "_Onwards | _Backwards"
    ) -> None:
        """Begin at some principals; states are settled in the order of their cost."""
        self._index, self._people = index, len(index.principals)
        self._steps = steps
        #: By state, in the order of their costs: the cost, the state before, the hop.
        self._settled: dict[int, _Found] = {}
        self._arrived: list[tuple[int, list[int]]] = []
        self._further = self._levels(starts)

    def arrivals(self) -> Iterator[tuple[int, list[int]]]:
        """Yield the principals that are come to at each cost, no starts, by number."""
        at = 0
        while at < len(self._arrived) or self._one_further():
            yield self._arrived[at]
            at += 1

    def _one_further(self) -> bool:
        level = next(self._further, None)
        if level is not None:
            self._arrived.append(level)
        return level is not None

    def _levels(self, starts: Mapping[int, int]) -> Iterator[tuple[int, list[int]]]:
        settled, people, steps = self._settled, self._people, self._steps
        queues: dict[int, list[_Found]] = {}
        costs: list[int] = []
        for state, cost in starts.items():
            _queue(queues, costs, cost).append((state, START, NO_HOP))
        while costs:
            cost, arrived = heappop(costs), []
            queue = queues[cost]
            queued, append = cost, queue.append
            # What costs nothing more is added at the end, while the queue is walked.
            for state, before, by in queue:
                if state in settled:
                    continue
                settled[state] = (cost, before, by)
                if state < people and before != START:
                    arrived.append(state)
                for more, then, hop in steps(state):
                    if then not in settled:
                        if cost + more != queued:
                            queued = cost + more
                            append = _queue(queues, costs, queued).append
                        append((then, state, hop))
            del queues[cost]
            if arrived:
                arrived.sort()
                yield cost, arrived

    def start_of(self, state: int) -> int:
        """Return the start that the best route to a state begins at."""
        while (before := self._settled[state][1]) != START:
            state = before
        return state

    def hops(self, state: int) -> Iterator[Edge]:
        """Yield the hops from a principal back to the start of its search.

        Between the two principals of a run lie the grant that was used and the target's
        `runs-as`; which of them the search met first depends on its direction.
        """
        index, people = self._index, self._people
        while True:
            _, before, by = self._settled[state]
            if before == START:
                return
            if before < people:
                yield index.edges[by]
                state = before
                continue
            grant, (_, principal, entry) = before - people, self._settled[before]
            if by != NO_HOP:
                yield index.edges[by]
                yield ran(index.principals[principal], *self._used(grant, by))
            else:
                hop = self._steps.runs[entry].hop_for(index.bits[grant])
                yield ran(index.principals[state], *self._used(grant, hop))
                yield index.edges[hop]
            state = principal

    def _used(self, grant: int, hop: int) -> tuple[Grant, Edge]:
        return self._index.grants[grant], self._index.edges[hop]


def _queue(
    queues: dict[int, list[_Found]], costs: list[int], cost: int
) -> list[_Found]:
    queue = queues.get(cost)
    if queue is None:
        queue = queues[cost] = []
        heappush(costs, cost)
    return queue


def onwards(index: Index, principal: int) -> Routes:
    """Find the best routes from a principal to all that it can become."""
    return Routes(index, {principal: 0}, _Onwards(index))


def backwards(index: Index, starts: Mapping[int, int]) -> Routes:
    """Find the best routes from everybody who can become one of some principals.

    Args:
        index: the graph.
        starts: the packed cost that each of them begins with, in order.
    """
    return Routes(index, starts, _Backwards(index))


def who_is_led_to(index: Index, starts: Iterable[int]) -> int:
    """Count who can become one of some principals, these included, at whatever cost."""
    steps, people = _Backwards(index), len(index.principals)
    states = _reached(starts, steps, people + len(index.grants))
    return sum(map(mul, states[:people], index.somebody))


def what_is_led_to(index: Index, principal: int) -> dict[int, int]:
    """Return on which classes a principal can run commands, by space, as bit sets."""
    people = len(index.principals)
    states = _reached([principal], _Onwards(index), people + len(index.grants))
    found: dict[int, int] = {}
    grants: set[int] = set(index.held[principal])
    for state in compress(range(people), states):
        if state != principal:
            grants.update(index.holds[state])
    for grant in grants:
        space = index.grant_spaces[grant]
        found[space] = found.get(space, 0) | index.bits[grant]
    return found


def _reached(
    starts: Iterable[int], steps: "_Onwards | _Backwards", size: int
) -> bytearray:
    """Return for each state 1 if steps lead to it, or it is a start."""
    found, open_ = bytearray(size), list(starts)
    for start in open_:
        found[start] = 1
    while open_:
        for _, then, _ in steps(open_.pop()):
            if not found[then]:
                found[then] = 1
                open_.append(then)
    return found


class _Onwards:
    """The steps from a principal to whom it can become; for one search."""

    runs: Sequence[_Runs] = ()

    def __init__(self, index: Index) -> None:
        self._index, self._people = index, len(index.principals)
        self._seen: dict[int, int] = {}

    def __call__(self, state: int) -> Sequence[Step]:
        index, people = self._index, self._people
        if state < people:
            found = self._hops(state)
            costs, runs = index.grant_costs, index.runs
            for grant in index.holds[state]:
                if runs[grant]:
                    found.append((costs[grant], people + grant, NO_HOP))
            return found
        # Grants arrive from the cheapest on: what was seen before is reached as well.
        grant = state - people
        space, bits = index.grant_spaces[grant], index.bits[grant]
        before = self._seen.get(space, 0)
        fresh = bits & index.hopping[space] & ~before
        self._seen[space] = before | fresh
        first = index.space_starts[space]
        return [
            step
            for position in ones(fresh)
            for target in index.classes[first + position]
            for step in self._hops(people + target)
        ]

    def _hops(self, node: int) -> list[Step]:
        costs, ends = self._index.costs, self._index.ends
        return [(costs[hop], ends[hop], hop) for hop in self._index.out[node]]


class _Backwards:
    """The steps from a principal to whoever can become it; for one search."""

    def __init__(self, index: Index) -> None:
        self._index, self._people = index, len(index.principals)
        self.runs: list[_Runs] = []
        #: By space, and cost of the hop: grants that no VM came to yet. Principals are
        #: settled from the cheapest on, so the first that a grant leads to is the best.
        self._unused: dict[tuple[int, int], Sequence[tuple[int, int]]] = {}

    def __call__(self, state: int) -> Sequence[Step]:
        index, people = self._index, self._people
        if state >= people:
            cost = index.grant_costs[state - people]
            holders = index.holders[state - people]
            return [(cost, principal, NO_HOP) for principal in holders]
        costs, sources = index.costs, index.sources
        found, vms = [], []
        for hop in index.into[state]:
            source = sources[hop]
            if source < people:
                found.append((costs[hop], source, hop))
            else:
                vms.append(hop)
        if vms:
            found += self._runs_on(vms)
        return found

    def _runs_on(self, vms: Iterable[int]) -> Iterator[Step]:
        """Yield the grants on the VMs of some hops; equal hops as one."""
        index, people = self._index, self._people
        alike: dict[tuple[int, int], dict[int, int]] = {}
        for hop in vms:
            for space, position in index.positions(index.sources[hop] - people):
                key = (space, index.costs[hop])
                alike.setdefault(key, {}).setdefault(position, hop)
        for (space, cost), hops in alike.items():
            size = index.space_starts[space + 1] - index.space_starts[space]
            bits, number = bits_of(hops, size), len(self.runs)
            self.runs.append(_Runs(hops, bits))
            for grant in self._taken((space, cost), bits):
                yield cost, people + grant, number

    def _taken(self, key: tuple[int, int], bits: int) -> list[int]:
        """Return the grants on some classes that were not returned before."""
        unused = self._unused.get(key)
        if unused is None:
            unused = self._index.running[key[0]]
        taken = [grant for grant, on in unused if on & bits]
        if taken:
            unused = [one for one in unused if not one[1] & bits]
        self._unused[key] = unused
        return taken
