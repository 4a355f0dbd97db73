"""The access graph as a networkx directed multigraph.

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

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx

from scanner.crossing import crossing
from scanner.estate import Principal, Provider, Target
from scanner.grants import Decided, Edge, Grant, TargetSet
from scanner.hops import CAN_RUN

IN_CLASS = "in-class"


def multigraph(
    decided: Iterable[Decided],
    principals: Mapping[str, Principal],
    targets: Mapping[str, Target],
) -> "nx.MultiDiGraph[Any]":
    """Join the grants and hops of the halves of an estate.

    Every `can-run` and hop edge carries `kind`, `verdict`, `conditions`, `confidence`,
    `reasons` and `because`; a `can-run` edge also its `grant` (whose `because` is that
    of the first principal of the class), a hop its `edge`.

    Args:
        decided: the halves.
        principals: everybody that a hop names, by id.
        targets: every VM, by id.
    """
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    halves = tuple(decided)
    for half in halves:
        _Half(graph, half).add_grants()
    own = (edge for half in halves for edge in half.edges)
    for edge in (*own, *crossing(halves)):
        for end in (edge.source, edge.target):
            graph.add_node(end, **_end(end, principals, targets))
        graph.add_edge(edge.source, edge.target, **_hop(edge))
    return graph


class _Half:
    """Adds one provider's grants, naming its classes in the engine's order."""

    def __init__(self, graph: "nx.MultiDiGraph[Any]", half: Decided) -> None:
        self._graph, self._half = graph, half
        self._classes: dict[tuple[str, ...], str] = {}
        # Engines share one tuple between the grants of a class: found by identity
        # (kept alive here, so that it stays unique) before its ids are compared.
        self._same: dict[int, tuple[Sequence[Principal], str]] = {}
        self._sets: dict[tuple[int, int], str] = {}

    def add_grants(self) -> None:
        for grant in (*self._half.grants, *self._half.beyond):
            self._add_grant(grant)

    def _add_grant(self, grant: Grant) -> None:
        source = self._holder(grant.principals)
        self._graph.add_edge(source, self._set(grant.targets), **_can_run(grant))

    def _holder(self, principals: Sequence[Principal]) -> str:
        same = self._same.get(id(principals))
        if same is not None:
            return same[1]
        ids = tuple(principal.id for principal in principals)
        found = self._classes.get(ids)
        if found is None:
            found = self._classes[ids] = self._add_class(principals)
        self._same[id(principals)] = (principals, found)
        return found

    def _add_class(self, principals: Sequence[Principal]) -> str:
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


def _end(
    id_: str, principals: Mapping[str, Principal], targets: Mapping[str, Target]
) -> dict[str, Any]:
    target = targets.get(id_)
    if target is not None:
        return {"kind": "target", "target": target}
    return {"kind": "principal", "principal": principals[id_]}


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
