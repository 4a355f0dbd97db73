"""Who can run commands on one target: everybody, the best path of each first."""

from collections import deque
from collections.abc import Iterator, Mapping
from functools import cached_property
from heapq import merge
from operator import itemgetter

from scanner.grants import TargetSet
from scanner.graph import Searchable
from scanner.index import ONE_HOP, Index, rank_of_packed
from scanner.paths import Reached, along
from scanner.reachable import who_is_led_to
from scanner.routes import Backwards, Level, Routes

#: The rank of no access at all: any verdict is better.
_NOTHING = 3


class Everybody:
    """Who can run commands on a target, the best path first; found while it is read.

    One answer per principal and vector; a second one, through hops, only beside a
    direct verdict that is worse. `targets` of an answer is the class of the target.
    """

    def __init__(self, graph: Searchable, target_id: str) -> None:
        """Ask about a target; nobody can run commands on one that is not known."""
        index = graph.index
        target = index.target_number(target_id)
        self._index = index
        self._lots: list[tuple[TargetSet, list[int]]] = []
        for space, position in () if target is None else index.positions(target):
            only = TargetSet(index.spaces[space], 1 << position)
            by_vector: dict[int, list[int]] = {}
            for grant in index.by_space[space]:
                if index.bits[grant] >> position & 1:
                    by_vector.setdefault(index.vectors[grant], []).append(grant)
            self._lots += ((only, grants) for grants in by_vector.values())

    def __iter__(self) -> Iterator[Reached]:
        """Yield the answers, the best path first, then by principal and vector."""
        searches = Backwards(self._index)
        lots = (_answers(self._index, *lot, searches) for lot in self._lots)
        for answer in merge(*lots, key=itemgetter(0, 1, 2)):
            yield self._reached(answer)

    @cached_property
    def principals(self) -> int:
        """How many principals there are answers about."""
        index = self._index
        holders = {
            n for _, grants in self._lots for g in grants for n in index.holders[g]
        }
        return who_is_led_to(index, holders)

    def _reached(self, answer: "_Answer") -> Reached:
        _, principal, _, grant, only, routes = answer
        index = self._index
        who, granted = index.principals[principal], index.grants[grant]
        if routes is None:
            return along(who, who, granted, only, ())
        hops = tuple(routes.hops(principal))
        holder = index.principals[routes.start_of(principal)]
        return along(who, holder, granted, only, hops)


#: Cost, principal, vector, grant at the end, the target's class, routes to its holder.
_Answer = tuple[int, int, int, int, TargetSet, Routes | None]


def who_can(graph: Searchable, target_id: str) -> tuple[Reached, ...]:
    """Return everybody who can run commands on a target, as `Everybody` finds them."""
    return tuple(Everybody(graph, target_id))


def _answers(
    index: Index, only: TargetSet, grants: list[int], searches: Backwards
) -> Iterator[_Answer]:
    """Yield who uses one vector, by cost and principal."""
    vector, somebody = index.vectors[grants[0]], index.somebody
    granted: list[_Answer] = []
    direct: dict[int, int] = {}
    ends: dict[int, int] = {}
    for grant in grants:
        cost = index.grant_costs[grant] - ONE_HOP
        for principal in index.holders[grant]:
            if somebody[principal]:
                granted.append((cost, principal, vector, grant, only, None))
            if principal not in direct or cost < direct[principal]:
                direct[principal], ends[principal] = cost, grant
    directly = deque(sorted(granted, key=itemgetter(0, 1)))
    routes = searches.routes(direct)
    for level in routes.levels():
        found: list[_Answer] = []
        while directly and directly[0][0] == level.cost:
            found.append(directly.popleft())
        for principal in _better(index, level, direct):
            end = ends[routes.start_of(principal)]
            found.append((level.cost, principal, vector, end, only, routes))
        yield from sorted(found, key=itemgetter(1))
        # What is cheaper than all that is still to be found need not wait for it.
        while directly and (level.further is None or directly[0][0] < level.further):
            yield directly.popleft()


def _better(index: Index, level: Level, direct: Mapping[int, int]) -> Iterator[int]:
    """Yield whoever is nobody's class, and has no direct verdict that is as good."""
    rank = rank_of_packed(level.cost)
    for principal in level.principals:
        own = direct.get(principal)
        worse = _NOTHING if own is None else rank_of_packed(own)
        if index.somebody[principal] and worse > rank:
            yield principal
