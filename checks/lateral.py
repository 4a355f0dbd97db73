"""Lateral movement and escalation: from a VM to others, from little to VMs."""

from collections.abc import Iterator
from dataclasses import replace

from checks.access import entered, together
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit, hit_on_held, is_command, scope_of
from scanner.classes import is_somebody
from scanner.closure import closure_of
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Grant, Tier, Verdict
from scanner.graph import AccessGraph
from scanner.search import hops_of


@check
def t1651_aws_instance_role_commands_others(context: Context) -> Iterator[Hit]:
    """Look at the roles of instances."""
    return _lateral(context, Provider.AWS)


@check
def t1651_azure_vm_identity_commands_others(context: Context) -> Iterator[Hit]:
    """Look at the identities of machines."""
    return _lateral(context, Provider.AZURE)


@check
def t1651_aws_escalation_to_nodes(context: Context) -> Iterator[Hit]:
    """Look at ways to become somebody in AWS."""
    return _escalations(context, Provider.AWS)


@check
def t1651_azure_escalation_to_machines(context: Context) -> Iterator[Hit]:
    """Look at ways to become somebody in Azure and Entra."""
    return _escalations(context, Provider.AZURE)


def _lateral(context: Context, provider: Provider) -> Iterator[Hit]:
    graph = context.graph
    for identity, carried in sorted(_carriers(graph, provider).items()):
        grants = [
            grant
            for grant in graph.grants_of.get(identity, ())
            if is_command(grant, provider) and _others(grant, carried)
        ]
        if grants:
            principal = graph.principals[identity]
            message = f"Machines that run as {principal.name} can run commands"
            first = carried[min(carried)]
            hit = hit_on_held(graph, principal, grants, message)
            yield replace(hit, path=(first,))


def _carriers(graph: AccessGraph, provider: Provider) -> dict[str, dict[str, Edge]]:
    """Return the machines of each identity that runs on any, with their hops."""
    found: dict[str, dict[str, Edge]] = {}
    for edge in graph.edges:
        if edge.kind == "runs-as" and edge.verdict is not Verdict.DENIED:
            target = graph.targets.get(edge.source)
            if target is not None and target.provider is provider:
                found.setdefault(edge.target, {}).setdefault(edge.source, edge)
    return found


def _others(grant: Grant, carried: dict[str, Edge]) -> bool:
    """True when some machine with the identity can command a machine but itself."""
    if len(carried) > 1 or len(grant.targets) > 1:
        return len(grant.targets) > 0
    return any(target.id not in carried for target in grant.targets)


def _escalations(context: Context, provider: Provider) -> Iterator[Hit]:
    graph = context.graph
    closure = closure_of(graph, COMMANDS)
    sources = {edge.source for edge in graph.edges if edge.kind == "can-become"}
    for id_ in sorted(sources | _escalating(graph)):
        principal = graph.principals.get(id_)
        if principal is None or not is_somebody(principal):
            continue
        if not _counts(graph, provider, principal):
            continue
        grants = [g for g in graph.grants_of.get(id_, ()) if _escalates(g)]
        becomes = (edge for edge in hops_of(graph, id_) if edge.kind == "can-become")
        gains = [gain for edge in becomes if (gain := closure.beyond(edge))]
        if gains:
            access = together([entered(gain) for gain in gains])
            message = f"{principal.name} can become somebody who runs commands"
            because = access.hops[0].because
            yield Hit(scope_of(principal), principal, access, message, because)
        elif grants:
            message = f"{principal.name} can gain the right to run commands"
            yield hit_on_held(graph, principal, grants, message)


def _escalating(graph: AccessGraph) -> set[str]:
    return {
        principal.id
        for holding in graph.holdings
        if any(map(_escalates, holding.grants))
        for principal in holding.principals
    }


def _escalates(grant: Grant) -> bool:
    return grant.vector.tier is Tier.ESCALATION and grant.targets.bits != 0


def _counts(graph: AccessGraph, provider: Provider, principal: Principal) -> bool:
    """True for our principals that hold no right to run commands themselves."""
    own = graph.grants_of.get(principal.id, ())
    return (
        principal.provider is provider
        and not principal.external
        and not any(grant.vector.tier in COMMANDS for grant in own)
    )
