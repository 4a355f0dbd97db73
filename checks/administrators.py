"""Accounts that an organization has made administrators of services in all others."""

from collections.abc import Iterator

from checks.access import entered, together
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit, counted, scope_of
from scanner.closure import Gain, closure_of
from scanner.estate import Provider
from scanner.search import hops_of

_DELEGATED = "delegated-to"


@check
def t1651_aws_delegated_administrator(context: Context) -> Iterator[Hit]:
    """Yield a hit per administrator account, on the nodes of the others."""
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    edges = [edge for edge in graph.edges if edge.kind == _DELEGATED]
    for id_ in sorted({edge.source for edge in edges}):
        principal = graph.principals[id_]
        if principal.provider is not Provider.AWS:
            continue
        gains: dict[str, Gain] = {}
        for edge in hops_of(graph, id_):
            gain = closure.beyond(edge) if edge.kind == _DELEGATED else None
            if gain is not None:
                gains.setdefault(edge.target, gain)
        if gains:
            accounts = counted(len(gains), "account")
            message = f"{principal.scope} administers {accounts} with nodes"
            access = together([entered(gain) for gain in gains.values()])
            yield Hit(scope_of(principal), principal, access, message)
