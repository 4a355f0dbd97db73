"""Through how broad a role: any document on every node, broad policies, wide scopes."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from checks.access import shared
from checks.azure_assignments import (
    Held,
    held_directly,
    is_wide,
    scope_level,
    shares_of,
)
from checks.context import Context
from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import (
    ANY_OF_OURS,
    T1651,
    VALID_ACCOUNTS,
    Hit,
    define,
    hit_on_held,
    scope_of,
)
from checks.ours import commands_of_ours
from checks.reach import covers_a_scope
from checks.statements import behind
from scanner.estate import Provider
from scanner.grants import Because, Grant, StatementBecause
from scanner.graph import AccessGraph

_SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html"
_AZURE_RUN = "https://learn.microsoft.com/azure/virtual-machines/run-command-overview"
_OVER_PRIVILEGED = (T1651, VALID_ACCOUNTS)
_AWS_MANAGED = re.compile(r"arn:[^:]+:iam::aws:policy/")

#: Words that make a role's name tell what it can do to machines.
_SAYS_MACHINE = re.compile(
    r"^(owner|contributor)$|machine|\bvms?\b|compute|server|run ?command",
    re.IGNORECASE,
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_any_document_every_node",
            title="A principal can run any SSM document on every node of an account",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale="Documents such as AWS-RunShellScript take the command as a "
            "parameter: any document means any code, as root or SYSTEM, everywhere.",
            fix="Allow only the documents that the job needs, on nodes with the tag of "
            "the team that owns them.",
            find=_any_document_every_node,
            example="ops can run any document on every node: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(_SSM,),
        ),
        define(
            "t1651_aws_any_document",
            title="A principal can run any SSM document on some nodes",
            severity=Severity.MEDIUM,
            claim=Claim.ROLE_LEVEL,
            rationale="Scoping the nodes does not scope the code: a shell document is "
            "still root or SYSTEM on each of them.",
            fix="Name the documents that the job needs instead of `document/*`.",
            find=_any_document_some_nodes,
            example="ops can run any document on some nodes: 2 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(_SSM,),
        ),
        define(
            "t1651_aws_managed_policy_grants",
            title="An AWS-managed policy lets a principal run commands on nodes",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale="AWS-managed policies name no node and no document of yours, "
            "grow without notice, and often grant vectors that nobody expects.",
            fix="Attach a copy without the command vectors, and give those to few "
            "principals in a policy of your own.",
            find=_managed_policy,
            example="ops can run commands through AmazonSSMFullAccess: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
                "access_policies_managed-vs-inline.html",
            ),
        ),
        define(
            "t1651_azure_wide_scope",
            title="A role that runs commands is assigned at a subscription or above",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale="An assignment at a subscription, a management group or the root "
            "covers every machine below it, and those that are created tomorrow.",
            fix="Assign at the resource group of the team, or replace the role by a "
            "custom role without the operations that run commands.",
            find=_wide_scope,
            example="carol can run commands as Owner at a subscription: 2 nodes",
            settled_by=ANY_OF_OURS,
            needs=AZURE_BASE,
            references=(_AZURE_RUN,),
        ),
        define(
            "t1651_azure_unexpected_role",
            title="A role that does not sound like it can run commands on machines",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale="Monitoring, backup and policy roles may write VM extensions, "
            "which is code as root or SYSTEM; reviews by role name miss them.",
            fix="Replace the role by a custom role without the runCommand, runCommands "
            "and extensions operations.",
            find=_unexpected_role,
            example="carol can run commands as Log Analytics Contributor: 2 nodes",
            settled_by=ANY_OF_OURS,
            needs=AZURE_BASE,
            references=(_AZURE_RUN,),
        ),
    )


def _any_document_every_node(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        wide = [grant for grant in grants if covers_a_scope(graph, grant.targets)]
        if any(_any_document(grant) for grant in wide):
            # Vectors without a document are open to any code as well.
            free = [g for g in wide if not isinstance(g.decision.documents, tuple)]
            message = f"{principal.name} can run any document on every node"
            yield hit_on_held(graph, principal, free, message)


def _any_document_some_nodes(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        any_ = [grant for grant in grants if _any_document(grant)]
        if any_ and not any(covers_a_scope(graph, grant.targets) for grant in any_):
            message = f"{principal.name} can run any document on some nodes"
            yield hit_on_held(graph, principal, any_, message)


def _any_document(grant: Grant) -> bool:
    return grant.decision.documents == "any"


def _managed_policy(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        names = _policies(behind(graph, principal, grants))
        if names:
            through = [g for g in grants if _policies(g.because_of(principal))]
            what = f"can run commands through {', '.join(sorted(names))}"
            yield hit_on_held(graph, principal, through, f"{principal.name} {what}")


def _policies(because: Iterable[Because]) -> set[str]:
    """Return the names of the AWS-managed policies among what allows something."""
    sources = (
        why.source
        for why in because
        if isinstance(why, StatementBecause) and why.allows
    )
    return {name for name in map(_managed_by_aws, sources) if name}


@lru_cache(maxsize=65_536)
def _managed_by_aws(source: str) -> str:
    return source.rpartition("/")[2] if _AWS_MANAGED.match(source) else ""


def _wide_scope(context: Context) -> Iterator[Hit]:
    yield from _by_assignment(
        context.graph,
        lambda held: is_wide(held.because.assignment),
        lambda held: f"{held.because.role} at {scope_level(held.because.assignment)}",
    )


def _unexpected_role(context: Context) -> Iterator[Hit]:
    yield from _by_assignment(
        context.graph,
        lambda held: not _SAYS_MACHINE.search(held.because.role),
        lambda held: held.because.role,
    )


def _by_assignment(
    graph: AccessGraph, flagged: Callable[[Held], bool], name: Callable[[Held], str]
) -> Iterator[Hit]:
    """Yield a hit per principal of ours that holds flagged assignments itself."""
    for principal, _ in commands_of_ours(graph, Provider.AZURE):
        held = [one for one in held_directly(graph, principal) if flagged(one)]
        if held:
            names = ", ".join(sorted({name(one) for one in held}))
            access = shared(graph, shares_of(held))
            because = tuple(dict.fromkeys(one.because for one in held))
            message = f"{principal.name} can run commands as {names}"
            yield Hit(scope_of(principal), principal, access, message, because)
