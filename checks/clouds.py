"""From one cloud into the other: who commands machines that are not of its cloud."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from checks.access import Access, entered, held, together
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit
from scanner.closure import Closure, closure_of
from scanner.estate import Provider
from scanner.grants import Edge, TargetSet, Verdict
from scanner.graph import AccessGraph


@check
def t1651_aws_from_azure(context: Context) -> Iterator[Hit]:
    """Look at hops from Azure to nodes."""
    return _crossing(context, Provider.AWS)


@check
def t1651_azure_from_aws(context: Context) -> Iterator[Hit]:
    """Look at hops from AWS to machines."""
    return _crossing(context, Provider.AZURE)


_NAMES: Mapping[Provider, str] = {Provider.AWS: "AWS", Provider.AZURE: "Azure"}


def _crossing(context: Context, provider: Provider) -> Iterator[Hit]:
    """Yield a hit for each source of hops from the other cloud, by where they lead."""
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    found: dict[tuple[str, str], dict[Edge, Access]] = {}
    for edge in graph.edges:
        end = graph.principals.get(edge.target)
        if end is None or end.provider is not provider or not _crosses(graph, edge):
            continue
        access = _beyond(graph, closure, edge, provider)
        if access is not None:
            found.setdefault((edge.source, end.scope), {})[edge] = access
    for (source, scope), ways in sorted(found.items()):
        who = graph.principals.get(source)
        first = next(iter(ways))
        name = who.name if who else graph.targets[source].name
        message = f"{name} of {_NAMES[_home(graph, source)]} can run commands in "
        yield Hit(
            f"{provider}:{scope}",
            who or graph.principals[first.target],
            together(list(ways.values())),
            f"{message}{_NAMES[provider]}",
            tuple(dict.fromkeys(why for edge in ways for why in edge.because)),
            () if who else (first,),
        )


def _crosses(graph: AccessGraph, edge: Edge) -> bool:
    if edge.verdict is Verdict.DENIED:
        return False
    return _home(graph, edge.source) is not graph.principals[edge.target].provider


def _home(graph: AccessGraph, id_: str) -> Provider:
    known = graph.principals.get(id_) or graph.targets[id_]
    return known.provider


def _beyond(
    graph: AccessGraph, closure: Closure, edge: Edge, provider: Provider
) -> Access | None:
    """Return what a hop gains in its cloud: a machine's is what its identity holds."""
    if edge.source in graph.targets:
        own = [g for g in closure.own(edge.target) if g.vector.provider is provider]
        return held(graph, own) if own else None
    gain = closure.beyond(edge)
    if gain is None:
        return None
    sets = tuple(one for one in gain.sets if _is_of(one, provider))
    return replace(entered(gain), sets=sets) if sets else None


def _is_of(targets: TargetSet, provider: Provider) -> bool:
    first = next(iter(targets), None)
    return first is not None and first.provider is provider
