"""The access graph: a networkx multigraph of grants and hops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx

from scanner.grants import Decided


@dataclass(frozen=True, slots=True)
class AccessGraph:
    """The networkx graph with the decisions it was linked from.

    Nodes are principal ids, target ids (those with hops) and target classes; edges carry
    `kind`, `verdict`, `conditions`, `confidence`, `reasons` and `because`.
    """

    decided: tuple[Decided, ...]
    graph: "nx.MultiDiGraph[Any]"


def build_graph(decided: Sequence[Decided]) -> AccessGraph:
    """Join the halves of the estate into one graph."""
    raise NotImplementedError
