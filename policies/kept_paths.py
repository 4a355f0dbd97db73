"""Access that must stay and is had by entering somebody: changes may not cut it."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from policies.keep import Keep
from policies.proof.model import Proof
from scanner.grants import Edge
from scanner.graph import AccessGraph

#: Hops by which people come to access that they are meant to have.
_ENTERING = ("assumes", "member-of", "delegated-to")


def cut_paths(graph: AccessGraph, keep: Sequence[Keep], proof: Proof) -> str:
    """Return why changes may not be made: whose kept path they cut; empty for none.

    What somebody has by itself as well is not cut. A piece of access that names its
    holder is honoured where the changes are chosen, and not looked at here.

    Args:
        graph: the estate as it is.
        keep: what must stay.
        proof: what the changes take.
    """
    if not keep:
        return ""
    losses = (*proof.removed, *proof.narrowed, *proof.temporary)
    for one in losses:
        for who in sorted(_before(graph, one.principal)):
            for kept in keep:
                mine = kept.concerns(who) and not kept.concerns(one.principal)
                if mine and _needs(graph, kept, who, one.principal, one.vector):
                    return f"{kept.reason} ({who} uses it by {one.principal})"
    for hop in proof.hops:
        if not hop.grown and hop.kind in _ENTERING:
            for who in sorted({hop.source, *_before(graph, hop.source)}):
                for kept in keep:
                    if kept.concerns(who) and _leads(graph, kept, who, hop.target):
                        return f"{kept.reason} ({who} uses it by {hop.target})"
    return ""


def _before(graph: AccessGraph, id_: str) -> set[str]:
    """Return everybody who comes to somebody by entering."""
    return _closure(graph.hops_into, id_, lambda edge: edge.source)


def _closure(
    hops: Mapping[str, tuple[Edge, ...]], id_: str, end: Callable[[Edge], str]
) -> set[str]:
    found: set[str] = set()
    waiting = [id_]
    while waiting:
        for edge in hops.get(waiting.pop(), ()):
            if edge.kind in _ENTERING and end(edge) not in found:
                found.add(end(edge))
                waiting.append(end(edge))
    return found


def _leads(graph: AccessGraph, kept: Keep, who: str, entered: str) -> bool:
    """True when entering somebody leads to access that must stay."""
    ends = {entered, *_closure(graph.hops_from, entered, lambda edge: edge.target)}
    return any(
        _needs(graph, kept, who, end, grant.vector.id)
        for end in ends
        for grant in graph.grants_of.get(end, ())
    )


def _needs(graph: AccessGraph, kept: Keep, who: str, end: str, vector: str) -> bool:
    """True when a vector of `end` is kept on a target where `who` has none itself."""
    if not kept.names_vector(vector):
        return False
    own = set(_targets(graph, kept, who, vector))
    return any(one not in own for one in _targets(graph, kept, end, vector))


def _targets(graph: AccessGraph, kept: Keep, id_: str, vector: str) -> Iterator[str]:
    for grant in graph.grants_of.get(id_, ()):
        if grant.vector.id == vector:
            yield from (one.id for one in grant.targets if kept.names_target(one))
