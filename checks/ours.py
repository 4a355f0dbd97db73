"""Whose access the checks about our own principals look at."""

from collections.abc import Iterator

from checks.hits import is_command, is_service_linked
from checks.once import once
from scanner.estate import Principal, Provider
from scanner.grants import Grant
from scanner.graph import AccessGraph


def commands_of_ours(
    graph: AccessGraph, provider: Provider
) -> Iterator[tuple[Principal, list[Grant]]]:
    """Yield our principals that can run commands by themselves, with those grants.

    Left to checks of their own: somebody else's principals, and account roots, whose
    power no policy of the account takes away. Left out altogether: service-linked
    roles, which only their service uses and nobody can edit (`access` lists them).
    """
    for principals, grants in once(graph, _ours, provider):
        for principal in principals:
            yield principal, grants


def _ours(
    graph: AccessGraph, provider: Provider
) -> list[tuple[list[Principal], list[Grant]]]:
    found = []
    for holding in graph.holdings:
        grants = [g for g in holding.grants if is_command(g, provider)]
        principals = [one for one in holding.principals if grants and _is_ours(one)]
        if principals:
            found.append((principals, grants))
    return found


def _is_ours(principal: Principal) -> bool:
    root = principal.kind == "root"
    return not (principal.external or root or is_service_linked(principal))
