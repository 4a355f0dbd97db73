"""Lateral movement and escalation: from a VM to others, from little to VMs."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from checks.access import entered, together
from checks.context import Context
from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import (
    BREAK_GLASS,
    COMMANDS,
    T1651,
    VALID_ACCOUNTS,
    Hit,
    define,
    hit_on_held,
    scope_of,
)
from scanner.classes import is_somebody
from scanner.closure import closure_of
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Grant, Tier, Verdict
from scanner.graph import AccessGraph
from scanner.search import hops_of

_ATTACK = "https://attack.mitre.org/techniques/T1651/"
_OVER_PRIVILEGED = (T1651, VALID_ACCOUNTS)
_LATERAL = (
    "Whoever runs code on one machine takes its identity from the metadata service; if "
    "that identity commands other machines, one foothold is all of them."
)
_ESCALATION = (
    "The principal holds no right to run commands, but can become one that does; "
    "reviews of who can run commands miss it."
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_instance_role_commands_others",
            title="The role of an instance can run commands on other instances",
            severity=Severity.CRITICAL,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale=_LATERAL,
            fix="Give instances a role with the agent's rights only, and run fleet "
            "jobs under a role that no instance carries.",
            find=partial(_lateral, Provider.AWS),
            example="Machines that run as ops can run commands: 3 nodes",
            needs=AWS_BASE,
            references=(_ATTACK,),
        ),
        define(
            "t1651_azure_vm_identity_commands_others",
            title="The identity of a machine can run commands on other machines",
            severity=Severity.CRITICAL,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale=_LATERAL,
            fix="Remove the identity's role assignment, or give it a role without "
            "operations that run commands.",
            find=partial(_lateral, Provider.AZURE),
            example="Machines that run as vm-identity can run commands: 2 nodes",
            needs=AZURE_BASE,
            references=(_ATTACK,),
        ),
        define(
            "t1651_aws_escalation_to_nodes",
            title="A principal without command rights can become one that has them",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale=_ESCALATION,
            fix="Take away the right that lets it become the other principal.",
            find=partial(_escalations, Provider.AWS),
            example="alice can become somebody who runs commands: 3 nodes",
            settled_by=BREAK_GLASS,
            needs=AWS_BASE,
            references=(_ATTACK,),
        ),
        define(
            "t1651_azure_escalation_to_machines",
            title="A principal without command rights can gain them in Azure or Entra",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale=_ESCALATION,
            fix="Take away the ownership, role or assignment that lets it gain access.",
            find=partial(_escalations, Provider.AZURE),
            example="carol can become somebody who runs commands: 2 nodes",
            settled_by=BREAK_GLASS,
            needs=AZURE_BASE,
            references=(_ATTACK,),
        ),
    )


def _lateral(provider: Provider, context: Context) -> Iterator[Hit]:
    graph = context.graph
    for identity, carried in sorted(_carriers(graph, provider).items()):
        grants = [
            grant
            for grant in graph.grants_of.get(identity, ())
            if grant.vector.provider is provider
            and grant.vector.tier in COMMANDS
            and _others(grant, carried)
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


def _escalations(provider: Provider, context: Context) -> Iterator[Hit]:
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
