"""What everybody gains by hops, worked out for all principals at once.

A search per principal costs principals x hops. Here the hops are condensed to their
strongly connected components, each of which gains what its members hold and what its
successors gain, as bit sets; and one search backwards from all holders finds the best
way of everybody.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

from scanner.classes import hop_cost
from scanner.grants import Edge, Grant, TargetSet, Tier
from scanner.graph import AccessGraph
from scanner.hops import Cost, cost_of
from scanner.paths import Reached, along
from scanner.search import Arrival, State, hops_of, search


@dataclass(frozen=True, slots=True)
class Gain:
    """What somebody can do after one hop or more.

    Attributes:
        best: the best way to any of it: fewest unknown hops, then fewest conditions,
            then fewest hops.
        vectors: ids of every vector that is gained.
        sets: all targets, one set for each space.
    """

    best: Reached
    vectors: frozenset[str]
    sets: tuple[TargetSet, ...]


@dataclass(frozen=True, slots=True)
class _Sum:
    """Grants added up: the ids of their vectors, and their targets by space."""

    vectors: frozenset[str]
    bits: Mapping[int, int]


_NOTHING = _Sum(frozenset(), {})


@dataclass(frozen=True, eq=False)
class Closure:
    """Gains by hops, counting grants of some tiers; running on VMs is no hop here."""

    graph: AccessGraph
    tiers: tuple[Tier, ...]

    def own(self, principal_id: str) -> tuple[Grant, ...]:
        """Return what somebody holds without a hop."""
        return self._own.get(principal_id, ())

    def beyond(self, entry: Edge) -> Gain | None:
        """Return what the source of a hop gains by taking it and going on.

        What the end of the hop holds itself comes first; what lies further on counts
        where that is nothing.
        """
        held, sums = self.own(entry.target), self._beyond(entry)
        if not sums.vectors:
            return None
        source = self.graph.principals[entry.source]
        hops = (entry, *(() if held else self._way(entry.target)))
        holder = hops[-1].target
        grant = self._cheapest(holder)
        best = along(source, self.graph.principals[holder], grant, grant.targets, hops)
        return Gain(best, sums.vectors, self._sets(sums))

    def scopes(self, entry: Edge) -> frozenset[str]:
        """Return the accounts or subscriptions of what `beyond` a hop is gained."""
        sums = self._beyond(entry)
        found = self._scopes.get(id(sums))
        if found is None:
            scopes = frozenset(self.graph.scopes_of(self._sets(sums)))
            found = self._scopes[id(sums)] = sums, scopes
        return found[1]

    def _beyond(self, entry: Edge) -> _Sum:
        held = self.own(entry.target)
        return self._sums[held] if held else self._gained(entry.target)

    def at(self, principal_id: str) -> tuple[frozenset[str], tuple[TargetSet, ...]]:
        """Return what somebody can do at all, itself or by hops: vectors and targets.

        One set of targets for each space.
        """
        held = self._sums.get(self.own(principal_id), _NOTHING)
        sums = _united((held, self._gained(principal_id)))
        return sums.vectors, self._sets(sums)

    def alike(self, principal_id: str) -> object:
        """Return what is equal for principals of which `at` says the same."""
        held = self._sums.get(self.own(principal_id), _NOTHING)
        return id(held), self._component.get(principal_id)

    @cached_property
    def _own(self) -> Mapping[str, tuple[Grant, ...]]:
        found = {}
        for holding in self.graph.holdings:
            grants = tuple(g for g in holding.grants if g.vector.tier in self.tiers)
            for principal in holding.principals if grants else ():
                found[principal.id] = grants
        for node, held in self.graph.beyond.items():
            grants = tuple(g for g in held if g.vector.tier in self.tiers)
            if grants:
                found[node] = grants
        return found

    @cached_property
    def _sums(self) -> Mapping[tuple[Grant, ...], _Sum]:
        return {grants: _sum_of(grants) for grants in set(self._own.values())}

    @cached_property
    def _arrivals(self) -> Mapping[State, Arrival]:
        """How everybody is led to a holder, from the holders backwards."""
        starts = {
            id_: cost_of(self._cheapest(id_).decision, hops=0) for id_ in self._own
        }

        def steps(state: State) -> Iterator[tuple[Cost, State, Edge | None]]:
            if isinstance(state, str):
                for edge in hops_of(self.graph, state, into=True):
                    if edge.source not in self.graph.targets:
                        yield hop_cost(edge), edge.source, edge

        return search(starts, steps)

    @cached_property
    def _cheapest_of(self) -> Mapping[tuple[Grant, ...], Grant]:
        return {
            grants: min(grants, key=lambda grant: cost_of(grant.decision, hops=0))
            for grants in set(self._own.values())
        }

    def _cheapest(self, holder: str) -> Grant:
        return self._cheapest_of[self._own[holder]]

    def _way(self, principal_id: str) -> Iterator[Edge]:
        """Yield the hops from somebody to the holder that is best for it."""
        while (edge := self._arrivals[principal_id].by) is not None:
            yield edge
            principal_id = edge.target

    def _gained(self, principal_id: str) -> _Sum:
        component = self._component.get(principal_id)
        return _NOTHING if component is None else self._gains[component]

    @cached_property
    def _component(self) -> Mapping[str, int]:
        return {id_: n for n, ids in enumerate(self._components) for id_ in ids}

    @cached_property
    def _components(self) -> tuple[frozenset[str], ...]:
        """Whoever gets to a holder, by component: successors before predecessors."""
        import networkx

        hops: networkx.DiGraph[str] = networkx.DiGraph()
        hops.add_nodes_from(id_ for id_ in self._arrivals if isinstance(id_, str))
        hops.add_edges_from(
            (edge.source, edge.target)
            for source in tuple(hops)
            for edge in hops_of(self.graph, source)
            if edge.target in hops
        )
        # The search emits a component once all that it leads to are emitted.
        components = networkx.strongly_connected_components(hops)
        return tuple(frozenset(members) for members in components)

    @cached_property
    def _gains(self) -> tuple[_Sum, ...]:
        """What each component gains: by its members' hops, at any distance."""
        found: list[_Sum] = []
        # Most add up what many others do: a sum is kept once.
        known: dict[frozenset[int], _Sum] = {}
        for n, members in enumerate(self._components):
            parts = {id(one): one for one in self._parts(n, members, found)}
            place = frozenset(parts)
            if place not in known:
                known[place] = _united(parts.values())
            found.append(known[place])
        return tuple(found)

    def _parts(
        self, n: int, members: Iterable[str], found: Sequence[_Sum]
    ) -> Iterator[_Sum]:
        """Yield what the hops out of a component lead to, and what lies beyond."""
        component = self._component
        for member in members:
            for edge in hops_of(self.graph, member):
                onto = component.get(edge.target)
                if onto is not None and edge.target in self._own:
                    yield self._sums[self._own[edge.target]]
                if onto is not None and onto != n:
                    yield found[onto]

    def _sets(self, sums: _Sum) -> tuple[TargetSet, ...]:
        """Return the targets of a sum; of one sum always the same object."""
        found = self._sets_of.get(id(sums))
        if found is None:
            spaces = (one for one in self.graph.spaces if sums.bits.get(id(one)))
            sets = tuple(TargetSet(one, sums.bits[id(one)]) for one in spaces)
            found = self._sets_of[id(sums)] = sums, sets
        return found[1]

    @cached_property
    def _sets_of(self) -> dict[int, tuple[_Sum, tuple[TargetSet, ...]]]:
        """By the identity of a sum, which is kept so that no other has it."""
        return {}

    @cached_property
    def _scopes(self) -> dict[int, tuple[_Sum, frozenset[str]]]:
        """By the identity of a sum, which is kept so that no other has it."""
        return {}


#: Closures by the tiers that they count, freed with their graph.
_KNOWN: WeakKeyDictionary[AccessGraph, dict[tuple[Tier, ...], Closure]]
_KNOWN = WeakKeyDictionary()


def closure_of(graph: AccessGraph, tiers: tuple[Tier, ...]) -> Closure:
    """Return the closure of a graph for grants of some tiers; made once."""
    known = _KNOWN.setdefault(graph, {})
    if tiers not in known:
        known[tiers] = Closure(graph, tiers)
    return known[tiers]


def _sum_of(grants: tuple[Grant, ...]) -> _Sum:
    bits: dict[int, int] = {}
    for grant in grants:
        space = id(grant.targets.space)
        bits[space] = bits.get(space, 0) | grant.targets.bits
    return _Sum(frozenset(grant.vector.id for grant in grants), bits)


def _united(sums: Collection[_Sum]) -> _Sum:
    if len(sums) == 1:
        return next(iter(sums))
    vectors: set[str] = set()
    bits: dict[int, int] = {}
    for one in sums:
        vectors |= one.vectors
        for space, some in one.bits.items():
            bits[space] = bits.get(space, 0) | some
    return _Sum(frozenset(vectors), bits)
