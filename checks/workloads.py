"""Workloads and pipelines whose commands leave the place that they were made for."""

from collections.abc import Iterator

from checks.access import entered, held, together
from checks.context import Context
from checks.declared import check
from checks.delegated import is_oidc
from checks.hits import COMMANDS, Hit, counted, scope_of
from checks.ours import commands_of_ours
from checks.sides import WORKLOAD, side_of
from scanner.closure import Gain, closure_of
from scanner.estate import Principal, Provider, Target
from scanner.grants import Grant
from scanner.graph import AccessGraph
from scanner.search import hops_of

# ---- AWS: by hops, as no role's own rights leave its account ----


@check
def t1651_aws_workload_beyond_its_account(context: Context) -> Iterator[Hit]:
    """Look at hops: no role's own rights leave its account."""
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    for _, principal in sorted(graph.principals.items()):
        if principal.provider is not Provider.AWS or not _is_program(
            context, principal
        ):
            continue
        gains = (closure.beyond(edge) for edge in hops_of(graph, principal.id))
        found = [(one, closure.scopes(one)) for one in gains if one is not None]
        outside, message = _outside(graph, principal, found)
        if outside:
            access = together([entered(gain) for gain in outside])
            yield Hit(scope_of(principal), principal, access, message)


def _is_program(context: Context, principal: Principal) -> bool:
    """A role that programs use, or a subject of an OIDC provider of ours."""
    if principal.kind == "federated":
        return is_oidc(principal)
    is_role = principal.kind == "role"
    return is_role and side_of(principal, context.config) == WORKLOAD


def _outside(
    graph: AccessGraph, principal: Principal, gains: list[tuple[Gain, frozenset[str]]]
) -> tuple[list[Gain], str]:
    """Return the ways that leave home; a pipeline is at home in one account only.

    Args:
        graph: the graph.
        principal: the workload.
        gains: what it gains hop by hop, each with the accounts that this is in.
    """
    name = f"Workload {principal.name}"
    homes = set(graph.homes_of(principal))
    if homes:
        leaving = [gain for gain, scopes in gains if scopes - homes]
        return leaving, f"{name} can run commands outside its account"
    accounts = frozenset[str]().union(*(scopes for _, scopes in gains))
    leaving = [gain for gain, _ in gains] if len(accounts) > 1 else []
    return leaving, f"{name} can run commands in {counted(len(accounts), 'account')}"


# ---- Azure: by its own rights ----


@check
def t1651_azure_workload_beyond_its_group(context: Context) -> Iterator[Hit]:
    """Look at its own rights."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AZURE):
        program = principal.kind in ("service-principal", "managed-identity")
        if not program or side_of(principal, context.config) != WORKLOAD:
            continue
        homes = graph.homes_of(principal)
        outside = [g for g in grants if homes and _leaves(g, homes)]
        message = f"Workload {principal.name} can run commands outside its "
        if outside:
            access = held(graph, outside)
            yield Hit(
                scope_of(principal), principal, access, f"{message}resource group"
            )
        elif not homes:
            yield from _everywhere(graph, principal, grants)


def _everywhere(
    graph: AccessGraph, principal: Principal, grants: list[Grant]
) -> Iterator[Hit]:
    """An application without a home in Azure is at home in one subscription only."""
    scopes = graph.scopes_of(grant.targets for grant in grants)
    if len(scopes) > 1:
        where = counted(len(scopes), "subscription")
        message = f"Workload {principal.name} can run commands in {where}"
        yield Hit(scope_of(principal), principal, held(graph, grants), message)


def _leaves(grant: Grant, homes: tuple[str, ...]) -> bool:
    return any(not _is_within(target, homes) for target in grant.targets)


def _is_within(target: Target, homes: tuple[str, ...]) -> bool:
    place = target.id.lower()
    return any(place.startswith(f"{home}/") for home in homes)
