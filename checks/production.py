"""Production: who gets to its machines from outside it."""

from collections.abc import Iterator, Mapping

from checks.access import entered, shared
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit, scope_of
from scanner.classes import hop_cost, is_somebody
from scanner.closure import Gain
from scanner.config import matches
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Grant, TargetSet, Verdict
from scanner.graph import AccessGraph
from scanner.hops import Cost, cost_of
from scanner.paths import along
from scanner.search import Arrival, State, hops_of, search

#: Whoever starts outside production, with the machine's hop that makes it so.
_Starts = Mapping[str, tuple[Edge, ...]]


@check
def t1651_aws_production_from_outside(context: Context) -> Iterator[Hit]:
    """Look at who starts outside production in AWS."""
    return _crossings(context, Provider.AWS)


@check
def t1651_azure_production_from_outside(context: Context) -> Iterator[Hit]:
    """Look at who starts outside production in Azure."""
    return _crossings(context, Provider.AZURE)


def _crossings(context: Context, provider: Provider) -> Iterator[Hit]:
    """Yield a hit for whoever starts outside production and commands a part of it."""
    graph = context.graph
    starts = _starts(context, provider)
    ways = _ways(graph, context.production) if starts else {}
    for id_ in sorted(starts.keys() & ways.keys()):
        principal, hops = graph.principals[id_], tuple(_hops(ways, id_))
        message = f"{principal.name}, {_said(principal, starts[id_])}, can run commands"
        yield _hit(context, principal, starts[id_], hops, f"{message} in production")


def _said(principal: Principal, carried: tuple[Edge, ...]) -> str:
    what = "role" if principal.provider is Provider.AWS else "identity"
    if carried:
        return f"the {what} of machines outside production"
    return "of an account outside production"


def _starts(context: Context, provider: Provider) -> _Starts:
    """Return the identities of machines outside production, and whoever lives there."""
    graph, config = context.graph, context.config
    found: dict[str, tuple[Edge, ...]] = {
        id_: ()
        for id_, one in graph.principals.items()
        if matches(config.non_production.scopes, one.scope)
        and one.provider is provider
        and not (one.external or not is_somebody(one))
    }
    for edge in graph.edges:
        target = graph.targets.get(edge.source) if edge.kind == "runs-as" else None
        if target is None or edge.verdict is Verdict.DENIED:
            continue
        if target.provider is provider and config.is_non_production(target):
            before = found.get(edge.target)
            if not before or edge.source < before[0].source:
                found[edge.target] = (edge,)
    return found


def _ways(graph: AccessGraph, live: Mapping[int, int]) -> Mapping[State, Arrival]:
    """Return how everybody is led to whoever commands production, backwards."""
    starts: dict[str, Cost] = {}
    for holding in graph.holdings:
        costs = [cost_of(g.decision, hops=0) for g in holding.grants if _bits(g, live)]
        for principal in holding.principals if costs else ():
            starts[principal.id] = min(costs)

    def steps(state: State) -> Iterator[tuple[Cost, State, Edge | None]]:
        if isinstance(state, str):
            for edge in hops_of(graph, state, into=True):
                if edge.source not in graph.targets:
                    yield hop_cost(edge), edge.source, edge

    return search(starts, steps)


def _hops(ways: Mapping[State, Arrival], id_: str) -> Iterator[Edge]:
    while (edge := ways[id_].by) is not None:
        yield edge
        id_ = edge.target


def _hit(
    context: Context,
    principal: Principal,
    carried: tuple[Edge, ...],
    hops: tuple[Edge, ...],
    message: str,
) -> Hit:
    """Return the hit on somebody who commands production itself, or by hops."""
    graph = context.graph
    holder = graph.principals[hops[-1].target] if hops else principal
    shares = [
        (grant, bits)
        for grant in graph.grants_of[holder.id]
        if (bits := _bits(grant, context.production))
    ]
    because = graph.because(holder, [grant for grant, _ in shares])
    if not hops:
        access = shared(graph, shares)
    else:
        sets = tuple(TargetSet(grant.targets.space, bits) for grant, bits in shares)
        best = min((g for g, _ in shares), key=lambda g: cost_of(g.decision, hops=0))
        way = along(principal, holder, best, best.targets, hops)
        vectors = frozenset(grant.vector.id for grant, _ in shares)
        access = entered(Gain(way, vectors, sets))
        because = tuple(dict.fromkeys([w for hop in hops for w in hop.because]))
    path = (*carried, *hops)
    return Hit(scope_of(principal), principal, access, message, because, path)


def _bits(grant: Grant, live: Mapping[int, int]) -> int:
    """Return the targets in production that a grant runs commands on."""
    if grant.vector.tier not in COMMANDS:
        return 0
    return grant.targets.bits & live.get(id(grant.targets.space), 0)
