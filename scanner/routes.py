"""The best routes from a principal onwards, or back to whoever can become one.

Principals are joined by hops, and by running on a VM and going on as its identity; the
latter passes through the grant that is used, so that a grant of many principals on many
targets is looked at once. Costs only grow along a path, so Dijkstra's search is exact;
of equally good routes the one that was found first counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
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


class Level(NamedTuple):
    """What a search comes to at one cost.

    Attributes:
        cost: packed.
        principals: by number, without starts; there may be none.
        further: the cost of the next level; None for the last one.
    """

    cost: int
    principals: Sequence[int]
    further: int | None


class _Runs(NamedTuple):
    """Hops of VMs that run as one principal: of one space, at one cost."""

    hops: dict[int, int]  # by the position of the VM's class
    bits: int

    def hop_for(self, bits: int) -> int:
        """Return the hop of the first VM among some."""
        return self.hops[lowest(self.bits & bits)]


#: The hops into a principal from others, and those from VMs by space and cost.
_Entries = tuple[list[Step], list[tuple[tuple[int, int], _Runs]]]


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
        self._arrived: list[Level] = []
        self._further = self._levels(starts)

    def levels(self) -> Iterator[Level]:
        """Yield the principals that are come to, cost by cost."""
        at = 0
        while at < len(self._arrived) or self._one_further():
            yield self._arrived[at]
            at += 1

    def _one_further(self) -> bool:
        level = next(self._further, None)
        if level is not None:
            self._arrived.append(level)
        return level is not None

    def _levels(self, starts: Mapping[int, int]) -> Iterator[Level]:
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
            arrived.sort()
            yield Level(cost, arrived, costs[0] if costs else None)

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


class Backwards:
    """Finds the best routes from everybody who can become one of some principals.

    Searches share what each of them looks up, and those from the same starts are one.
    """

    def __init__(self, index: Index) -> None:
        """Search one graph."""
        self._index = index
        self._entries: dict[int, _Entries] = {}
        self._known: dict[tuple[tuple[int, int], ...], Routes] = {}

    def routes(self, starts: Mapping[int, int]) -> Routes:
        """Return the routes to some principals.

        Args:
            starts: the packed cost that each of them begins with, in order.
        """
        same = tuple(starts.items())
        if same not in self._known:
            steps = _Backwards(self._index, self._entries)
            self._known[same] = Routes(self._index, starts, steps)
        return self._known[same]


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

    def __init__(self, index: Index, entries: dict[int, _Entries]) -> None:
        self._index, self._people = index, len(index.principals)
        self._entries = entries
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
        entries = self._entries.get(state)
        if entries is None:
            entries = self._entries[state] = self._looked_up(state)
        found, runs = entries
        return [*found, *self._runs_on(runs)] if runs else found

    def _looked_up(self, principal: int) -> _Entries:
        """Return the hops into a principal; those from VMs are joined where equal."""
        index, people = self._index, self._people
        found: list[Step] = []
        alike: dict[tuple[int, int], dict[int, int]] = {}
        for hop in index.into[principal]:
            source, cost = index.sources[hop], index.costs[hop]
            if source < people:
                found.append((cost, source, hop))
                continue
            for space, position in index.positions(source - people):
                alike.setdefault((space, cost), {}).setdefault(position, hop)
        runs: list[tuple[tuple[int, int], _Runs]] = []
        for key, hops in alike.items():
            size = index.space_starts[key[0] + 1] - index.space_starts[key[0]]
            runs.append((key, _Runs(hops, bits_of(hops, size))))
        return found, runs

    def _runs_on(self, runs: Sequence[tuple[tuple[int, int], _Runs]]) -> Iterator[Step]:
        """Yield the grants on the VMs of some hops; equal hops as one."""
        for key, run in runs:
            number = len(self.runs)
            self.runs.append(run)
            for grant in self._taken(key, run.bits):
                yield key[1], self._people + grant, number

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
