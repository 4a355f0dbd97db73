"""The access graph: principals, targets, grants and hops of both clouds.

Lookups work on the engines' own grants and hops; `AccessGraph.graph` is the same as a
networkx multigraph (`scanner.multigraph`), built when somebody asks for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from scanner.crossing import crossing
from scanner.estate import Principal, Provider, Target
from scanner.facts import Facts
from scanner.grants import (
    Because,
    Decided,
    Edge,
    Grant,
    TargetSet,
    TargetSpace,
    Vector,
    Verdict,
    bits_of,
    ones,
)
from scanner.index import Index, index_of
from scanner.scopes import Scopes
from scanner.usage import Usages
from scanner.wording import Wording

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Holding:
    """Principals that hold exactly the same grants."""

    principals: tuple[Principal, ...]
    grants: tuple[Grant, ...]


class Searchable(Protocol):
    """What queries ask of a graph: one that was just decided, or one that was kept."""

    @property
    def index(self) -> Index: ...  # noqa: D102
    @property
    def principals(self) -> Mapping[str, Principal]: ...  # noqa: D102
    @property
    def targets(self) -> Mapping[str, Target]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class AccessGraph:
    """The decisions of both clouds, joined where a hop of one names the other."""

    decided: tuple[Decided, ...]

    @cached_property
    def graph(self) -> "nx.MultiDiGraph[Any]":
        """The whole graph, for networkx; see `scanner.multigraph`."""
        from scanner.multigraph import multigraph

        return multigraph(self.decided, self.principals, self.targets)

    @cached_property
    def index(self) -> Index:
        """The graph in numbers, for searches."""
        return index_of(self)

    @cached_property
    def principals(self) -> Mapping[str, Principal]:
        """Every principal of both clouds, by id.

        An end of a hop that nobody describes is an outsider of that name.
        """
        named: dict[str, Principal] = {}
        for half in self.decided:
            for principal in half.principals:
                named.setdefault(principal.id, principal)
        for half in self.decided:
            for edge in half.edges:
                for end in (edge.source, edge.target):
                    if end not in named and end not in self.targets:
                        named[end] = _outsider(half.provider, end)
        return named

    @cached_property
    def targets(self) -> Mapping[str, Target]:
        """Every target of both clouds, by id."""
        return {t.id: t for half in self.decided for t in half.targets}

    @cached_property
    def grants_of(self) -> Mapping[str, tuple[Grant, ...]]:
        """The grants of every principal that has any, in the engine's order."""
        found: dict[str, list[Grant]] = {}
        for half in self.decided:
            for grant in half.grants:
                for principal in grant.principals:
                    found.setdefault(principal.id, []).append(grant)
        return {id_: tuple(grants) for id_, grants in found.items()}

    @cached_property
    def holds(self) -> Mapping[str, tuple[Grant, ...]]:
        """`grants_of`, and what nodes would hold that only hops lead to."""
        return {**self.grants_of, **self.beyond}

    @cached_property
    def beyond(self) -> Mapping[str, tuple[Grant, ...]]:
        """What nodes would hold that only hops lead to."""
        found: dict[str, list[Grant]] = {}
        for half in self.decided:
            for grant in half.beyond:
                for node in grant.principals:
                    found.setdefault(node.id, []).append(grant)
        return {id_: tuple(grants) for id_, grants in found.items()}

    @cached_property
    def holdings(self) -> tuple[Holding, ...]:
        """Everybody who holds a grant, together with those who hold the same ones."""
        alike: dict[tuple[int, ...], list[str]] = {}
        for id_, grants in self.grants_of.items():
            alike.setdefault(tuple(map(id, grants)), []).append(id_)
        return tuple(
            Holding(tuple(self.principals[id_] for id_ in ids), self.grants_of[ids[0]])
            for ids in alike.values()
        )

    @cached_property
    def usage(self) -> Mapping[Provider, Usages]:
        """When principals last did what, by cloud."""
        return {half.provider: half.usage for half in self.decided}

    def work_of(self, principal: Principal) -> tuple[str, ...]:
        """Return the policies or roles that a principal holds for other work."""
        halves = (one for one in self.decided if one.provider is principal.provider)
        return tuple(name for half in halves for name in half.work_of(principal))

    def homes_of(self, principal: Principal) -> tuple[str, ...]:
        """Return where a workload lives: accounts or resource groups; or nothing."""
        halves = (one for one in self.decided if one.provider is principal.provider)
        return tuple(place for half in halves for place in half.homes_of(principal))

    @cached_property
    def facts(self) -> Mapping[Provider, Facts]:
        """What each cloud's half says about itself, besides who can do what."""
        return {half.provider: half.facts for half in self.decided}

    def wording_of(self, because: Because) -> tuple[Wording, ...]:
        """Return how a statement, or an assignment's role, is written."""
        return tuple(one for half in self.decided for one in half.wording_of(because))

    def retags(
        self, principal: Principal, key: str, target: Target
    ) -> tuple[Because, ...]:
        """Return what lets a principal set a tag of that key on a target."""
        halves = (one for one in self.decided if one.provider is principal.provider)
        return tuple(
            why for half in halves for why in half.retags(principal, key, target)
        )

    def denied_because(
        self, principal: Principal, vector: Vector, target: Target
    ) -> tuple[Because, ...]:
        """Return what denies a pair that is in no grant; nothing if nothing allows."""
        halves = (one for one in self.decided if one.provider is vector.provider)
        return tuple(
            why
            for half in halves
            for why in half.denied_because(principal, vector, target)
        )

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every hop of both clouds, in the engines' order, then those across."""
        own = (edge for half in self.decided for edge in half.edges)
        return (*own, *crossing(self.decided))

    @cached_property
    def hops_from(self) -> Mapping[str, tuple[Edge, ...]]:
        """The hops out of every principal and target that are not denied."""
        return _grouped(self.edges, lambda edge: edge.source)

    @cached_property
    def hops_into(self) -> Mapping[str, tuple[Edge, ...]]:
        """The hops into every principal that are not denied."""
        return _grouped(self.edges, lambda edge: edge.target)

    @cached_property
    def spaces(self) -> tuple[TargetSpace, ...]:
        """The universes of target classes that grants point into."""
        found: dict[int, TargetSpace] = {}
        for half in self.decided:
            for grant in (*half.grants, *half.beyond):
                found.setdefault(id(grant.targets.space), grant.targets.space)
        return tuple(found.values())

    def because(
        self, principal: Principal, grants: Sequence[Grant]
    ) -> tuple[Because, ...]:
        """Return what some grants of a principal, all of one cloud, rest on."""
        cloud = grants[0].vector.provider if grants else None
        for half in self.decided:
            if half.provider is cloud and half.because_together is not None:
                return half.because_together(principal, grants)
        # Vectors that are answered alike share what they rest on.
        asked = {id(grant.because_of): grant.because_of for grant in grants}
        found = (why for because_of in asked.values() for why in because_of(principal))
        return tuple(dict.fromkeys(found))

    def positions(self, target_id: str) -> Iterator[tuple[TargetSpace, int]]:
        """Yield each space that knows the target, with the position of its class."""
        for space in self.spaces:
            position = self._places[id(space)].get(target_id)
            if position is not None:
                yield space, position

    def grants_on(self, targets: TargetSet) -> Iterator[Grant]:
        """Yield the grants on any of some targets, in the engines' order."""
        space, bits = targets.space, targets.bits
        for half in self.decided:
            for grant in (*half.grants, *half.beyond):
                if grant.targets.space is space and grant.targets.bits & bits:
                    yield grant

    def hopping(self, space: TargetSpace) -> int:
        """Return the classes of a space with a target that has hops, as a bit set."""
        return self._hopping[id(space)]

    def scopes(self, space: TargetSpace) -> Scopes:
        """Return which accounts or subscriptions the targets of a space are in."""
        return self._scopes[1][id(space)]

    @property
    def scope_numbers(self) -> Mapping[str, int]:
        """A number for each account or subscription with targets."""
        return self._scopes[0]

    def scopes_of(self, sets: Iterable[TargetSet]) -> tuple[str, ...]:
        """Return the accounts or subscriptions that any of some targets are in."""
        found = 0
        for one in sets:
            found |= self.scopes(one.space).of(one.bits)
        return tuple(self._scope_names[number] for number in ones(found))

    @cached_property
    def _scope_names(self) -> tuple[str, ...]:
        return tuple(self.scope_numbers)

    @cached_property
    def _scopes(self) -> tuple[Mapping[str, int], Mapping[int, Scopes]]:
        numbers: dict[str, int] = {}
        return numbers, {id(one): Scopes(one, numbers) for one in self.spaces}

    @cached_property
    def _hopping(self) -> Mapping[int, int]:
        sources = {edge.source for edge in self.edges}
        found = {}
        for space in self.spaces:
            places = self._places[id(space)]
            here = (places[source] for source in sources if source in places)
            found[id(space)] = bits_of(here, len(space.classes))
        return found

    @cached_property
    def _places(self) -> Mapping[int, Mapping[str, int]]:
        return {
            id(space): {
                target.id: position
                for position, members in enumerate(space.classes)
                for target in members
            }
            for space in self.spaces
        }


def build_graph(decided: Sequence[Decided]) -> AccessGraph:
    """Join the halves of the estate into one graph.

    Both clouds meet where a hop of one names a principal or target of the other by id.
    """
    return AccessGraph(tuple(decided))


def _grouped(
    edges: Iterable[Edge], end: Callable[[Edge], str]
) -> Mapping[str, tuple[Edge, ...]]:
    found: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.verdict is not Verdict.DENIED:
            found.setdefault(end(edge), []).append(edge)
    return {id_: tuple(edges) for id_, edges in found.items()}


def _outsider(provider: Provider, id_: str) -> Principal:
    return Principal(provider, id_, id_, "external", external=True, scope="")
