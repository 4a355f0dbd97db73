"""The access graph: a networkx multigraph of grants and hops.

Nodes, each with a `kind` attribute:

* `principal` (its id; attribute `principal`),
* `class` (`class:aws:0`; attribute `principals`): principals that share grants, so that
  a grant of ten thousand principals is one edge,
* `targets` (`targets:aws:0`; attribute `targets`): one distinct set of targets,
* `target` (its id; attribute `target`): a VM that has a hop of its own (`runs-as`).

Edges: `in-class` from a principal to its class, `can-run` from a principal or class to
a set of targets, and the hops of `scanner.grants.Edge` between principals and from
targets. A set of targets has no edge to its members: `TargetSet` says what is in it,
and a graph of every membership would cost principals x targets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scanner.estate import Principal, Provider, Target
from scanner.grants import Decided, Edge, Grant, TargetSet, TargetSpace

if TYPE_CHECKING:
    import networkx as nx

CAN_RUN = "can-run"
IN_CLASS = "in-class"


@dataclass(frozen=True, slots=True)
class Holding:
    """Principals that hold exactly the same grants."""

    principals: tuple[Principal, ...]
    grants: tuple[Grant, ...]


@dataclass(frozen=True, eq=False)
class AccessGraph:
    """The networkx graph with the decisions it was linked from.

    Every `can-run` and hop edge carries `kind`, `verdict`, `conditions`, `confidence`,
    `reasons` and `because`; a `can-run` edge also its `grant` (whose `because` is that
    of the first principal of the class), a hop its `edge`.
    """

    decided: tuple[Decided, ...]
    graph: "nx.MultiDiGraph[Any]"

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
    def edges(self) -> tuple[Edge, ...]:
        """Every hop of both clouds, in the engines' order."""
        return tuple(edge for half in self.decided for edge in half.edges)

    @cached_property
    def spaces(self) -> tuple[TargetSpace, ...]:
        """The universes of target classes that grants point into."""
        found: dict[int, TargetSpace] = {}
        for half in self.decided:
            for grant in half.grants:
                found.setdefault(id(grant.targets.space), grant.targets.space)
        return tuple(found.values())

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
            for grant in half.grants:
                if grant.targets.space is space and grant.targets.bits & bits:
                    yield grant

    def hopping(self, space: TargetSpace) -> int:
        """Return the classes of a space with a target that has hops, as a bit set."""
        return self._hopping[id(space)]

    def scopes(self, space: TargetSpace) -> Mapping[str, int]:
        """Return the classes of each account or subscription, as a bit set, sorted."""
        return self._scopes[id(space)]

    @cached_property
    def _scopes(self) -> Mapping[int, Mapping[str, int]]:
        found: dict[int, dict[str, int]] = {}
        for space in self.spaces:
            bits = found.setdefault(id(space), {})
            for position, members in enumerate(space.classes):
                for scope in {target.scope for target in members}:
                    bits[scope] = bits.get(scope, 0) | 1 << position
        return {space: dict(sorted(bits.items())) for space, bits in found.items()}

    @cached_property
    def _hopping(self) -> Mapping[int, int]:
        found = dict.fromkeys(map(id, self.spaces), 0)
        for source in {edge.source for edge in self.edges}:
            for space, position in self.positions(source):
                found[id(space)] |= 1 << position
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
    import networkx

    graph: nx.MultiDiGraph[Any] = networkx.MultiDiGraph()
    joined = AccessGraph(tuple(decided), graph)
    for half in decided:
        _Half(graph, half).add_grants()
    for edge in joined.edges:
        for end in (edge.source, edge.target):
            graph.add_node(end, **_end(joined, end))
        graph.add_edge(edge.source, edge.target, **_hop(edge))
    return joined


class _Half:
    """Adds one provider's grants, naming its classes in the engine's order."""

    def __init__(self, graph: "nx.MultiDiGraph[Any]", half: Decided) -> None:
        self._graph, self._half = graph, half
        self._classes: dict[tuple[str, ...], str] = {}
        # Engines share one tuple between the grants of a class: found by identity
        # (kept alive here, so that it stays unique) before its ids are compared.
        self._same: dict[int, tuple[tuple[Principal, ...], str]] = {}
        self._sets: dict[tuple[int, int], str] = {}

    def add_grants(self) -> None:
        for grant in self._half.grants:
            self._add_grant(grant)

    def _add_grant(self, grant: Grant) -> None:
        source = self._holder(grant.principals)
        self._graph.add_edge(source, self._set(grant.targets), **_can_run(grant))

    def _holder(self, principals: tuple[Principal, ...]) -> str:
        same = self._same.get(id(principals))
        if same is not None:
            return same[1]
        ids = tuple(principal.id for principal in principals)
        found = self._classes.get(ids)
        if found is None:
            found = self._classes[ids] = self._add_class(principals)
        self._same[id(principals)] = (principals, found)
        return found

    def _add_class(self, principals: tuple[Principal, ...]) -> str:
        for principal in principals:
            self._graph.add_node(principal.id, kind="principal", principal=principal)
        if len(principals) == 1:
            return principals[0].id
        name = f"class:{self._provider}:{len(self._classes)}"
        self._graph.add_node(name, kind="class", principals=principals)
        self._graph.add_edges_from(
            (principal.id, name, {"kind": IN_CLASS}) for principal in principals
        )
        return name

    def _set(self, targets: TargetSet) -> str:
        key = (id(targets.space), targets.bits)
        found = self._sets.get(key)
        if found is None:
            found = f"targets:{self._provider}:{len(self._sets)}"
            self._sets[key] = found
            self._graph.add_node(found, kind="targets", targets=targets)
        return found

    @property
    def _provider(self) -> Provider:
        return self._half.provider


def _outsider(provider: Provider, id_: str) -> Principal:
    return Principal(provider, id_, id_, "external", external=True, scope="")


def _end(joined: AccessGraph, id_: str) -> dict[str, Any]:
    target = joined.targets.get(id_)
    if target is not None:
        return {"kind": "target", "target": target}
    return {"kind": "principal", "principal": joined.principals[id_]}


def _can_run(grant: Grant) -> dict[str, Any]:
    decision = grant.decision
    return {
        "kind": CAN_RUN,
        "vector": grant.vector.id,
        "verdict": decision.verdict,
        "conditions": decision.conditions,
        "confidence": decision.confidence,
        "reasons": decision.reasons,
        "because": grant.because_of(grant.principals[0]),
        "grant": grant,
    }


def _hop(edge: Edge) -> dict[str, Any]:
    return {
        "kind": edge.kind,
        "verdict": edge.verdict,
        "conditions": edge.conditions,
        "confidence": edge.confidence,
        "reasons": edge.reasons,
        "because": edge.because,
        "edge": edge,
    }
