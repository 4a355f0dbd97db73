"""Policies and roles that say more than was meant: wildcards, and what they omit."""

from collections.abc import Callable, Iterable, Iterator

from checks.access import shared
from checks.azure_assignments import Held, held_directly, shares_of
from checks.context import Context
from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import (
    ANY_OF_OURS,
    T1651,
    VALID_ACCOUNTS,
    Hit,
    define,
    listed,
    scope_of,
)
from checks.ours import commands_of_ours
from checks.statements import on_statements
from scanner.estate import Provider
from scanner.grants import Grant
from scanner.wording import Wording

_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_ROLES = "https://learn.microsoft.com/azure/role-based-access-control"
_OVER_PRIVILEGED = (T1651, VALID_ACCOUNTS)
_WILDCARDS = (
    "A wildcard grants operations that nobody listed, and those that the provider "
    "adds tomorrow: commands come along with harmless rights."
)
_VM = "Microsoft.Compute/virtualMachines"
_SET = "Microsoft.Compute/virtualMachineScaleSets"
_ARC = "Microsoft.HybridCompute/machines"
#: Operations that do the same to the same machine: one left out changes nothing.
SIBLINGS = (
    (f"{_VM}/runCommand/action", f"{_VM}/runCommands/write", f"{_VM}/extensions/write"),
    (
        f"{_SET}/virtualMachines/runCommand/action",
        f"{_SET}/virtualMachines/runCommands/write",
        f"{_SET}/virtualMachines/extensions/write",
        f"{_SET}/extensions/write",
    ),
    (f"{_ARC}/runCommands/write", f"{_ARC}/extensions/write"),
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_wildcard_action",
            title="A policy of the account grants commands by a wildcard",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale=_WILDCARDS,
            fix="List the actions that the job needs instead of the wildcard.",
            find=_aws_wildcards,
            example="ops can run commands by the wildcard ssm:*: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(f"{_IAM}/best-practices.html#grant-least-privilege",),
        ),
        define(
            "t1651_aws_not_action",
            title="A policy of the account grants commands by NotAction",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale="Allow with NotAction grants all that is not listed; whoever "
            "wrote it thought of what to keep out, and not of commands.",
            fix="Replace NotAction by the list of actions that the job needs.",
            find=_aws_not_actions,
            example="ops can run commands as NotAction does not list them: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=AWS_BASE,
            references=(f"{_IAM}/reference_policies_elements_notaction.html",),
        ),
        define(
            "t1651_azure_custom_role_wildcard",
            title="A custom role grants commands by a wildcard",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale=_WILDCARDS,
            fix="List the operations that the job needs, without the runCommand, "
            "runCommands and extensions ones.",
            find=_azure_wildcards,
            example="carol can run commands as VM operator by the wildcard "
            "Microsoft.Compute/*: 2 nodes",
            settled_by=ANY_OF_OURS,
            needs=AZURE_BASE,
            references=(f"{_ROLES}/custom-roles",),
        ),
        define(
            "t1651_azure_not_actions_leave_siblings",
            title="A role leaves out one operation that runs commands, and not the "
            "others",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=_OVER_PRIVILEGED,
            rationale="Run command by action, run command by name and extensions each "
            "run code as root or SYSTEM: leaving one out looks like a fix and is none.",
            fix="List the wanted operations instead of subtracting, and none of the "
            "runCommand, runCommands and extensions ones.",
            find=_azure_left_out,
            example="carol can run commands as VM operator by siblings of what its "
            "notActions leave out: 2 nodes",
            settled_by=ANY_OF_OURS,
            needs=AZURE_BASE,
            references=(f"{_ROLES}/role-definitions#notactions",),
        ),
    )


def _aws_wildcards(context: Context) -> Iterator[Hit]:
    """Look at statements of ours that spell the vector out nowhere."""
    yield from on_statements(
        context,
        lambda said, vector: said.ours and not said.but and _wild(said, vector),
        lambda flagged, grants: (
            f"can run commands by the wildcard {_patterns(flagged, grants)}"
        ),
    )


def _aws_not_actions(context: Context) -> Iterator[Hit]:
    yield from on_statements(
        context,
        lambda said, vector: said.ours and bool(said.but) and said.names(vector),
        lambda flagged, grants: "can run commands as NotAction does not list them",
    )


def _wild(said: Wording, vector: str) -> bool:
    return bool(said.wildcards_for(vector))


def _patterns(wordings: Iterable[Wording], grants: Iterable[Grant]) -> str:
    vectors = {grant.vector.id for grant in grants}
    found = {p for one in wordings for v in vectors for p in one.wildcards_for(v)}
    return listed(found)


# ---- Azure ----


def _azure_wildcards(context: Context) -> Iterator[Hit]:
    yield from _by_role(
        context,
        lambda vector, said: said.wildcards_for(vector),
        "by the wildcard {}",
    )


def _azure_left_out(context: Context) -> Iterator[Hit]:
    yield from _by_role(
        context, _siblings, "by siblings of what its notActions leave out"
    )


def _siblings(vector: str, said: Wording) -> tuple[str, ...]:
    """Return what a role leaves out beside an operation that it gives."""
    family = next((some for some in SIBLINGS if vector in some), ())
    if not said.names(vector):
        return ()
    return tuple(one for one in family if said.leaves_out(one))


def _by_role(
    context: Context, flagged: Callable[[str, Wording], tuple[str, ...]], how: str
) -> Iterator[Hit]:
    """Yield a hit per principal of ours with custom roles flagged for a vector.

    `how`: what a message says of them; `{}` stands for what was flagged.
    """
    graph = context.graph
    for principal, _ in commands_of_ours(graph, Provider.AZURE):
        found: dict[Held, tuple[str, ...]] = {}
        for one in held_directly(graph, principal):
            custom = (said for said in graph.wording_of(one.because) if said.ours)
            vector = one.grant.vector.id
            words = tuple(word for said in custom for word in flagged(vector, said))
            if words:
                found[one] = words
        if found:
            names = listed(one.because.role for one in found)
            what = how.format(listed(word for some in found.values() for word in some))
            access = shared(graph, shares_of(found))
            because = tuple(dict.fromkeys(one.because for one in found))
            message = f"{principal.name} can run commands as {names} {what}"
            yield Hit(scope_of(principal), principal, access, message, because)
