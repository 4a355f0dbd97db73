"""Unused access: what was granted, and not used for longer than is accepted."""

from collections.abc import Iterator
from functools import partial

from checks.context import Context
from checks.evidence import AWS_BASE, AWS_LAST_ACCESSED, AZURE_BASE, AZURE_USAGE
from checks.finding import Check, Claim, Severity
from checks.hits import (
    BREAK_GLASS,
    T1651,
    VALID_ACCOUNTS,
    Hit,
    define,
    hit_on_held,
)
from checks.ours import commands_of_ours
from checks.usage import Judgement, use_of_commands
from scanner.estate import Principal, Provider

_RATIONALE = (
    "Access that nobody uses does no work and is there for whoever takes the account; "
    "taking it away costs nothing."
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_unused_access",
            title="A principal can run commands on nodes and has not for long",
            severity=Severity.MEDIUM,
            claim=Claim.DAY_TO_DAY,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale=_RATIONALE,
            fix="Take the vectors from the principal, or let it get them for the time "
            "of a task. Look for jobs that run once a year before you do.",
            find=partial(_unused, Provider.AWS),
            example="ops has not run commands for 90 days: 3 nodes",
            settled_by=BREAK_GLASS,
            threshold="unused_days",
            needs=(*AWS_BASE, *AWS_LAST_ACCESSED),
            references=(
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
                "access_policies_last-accessed.html",
            ),
        ),
        define(
            "t1651_azure_unused_access",
            title="A principal can run commands on machines and has not for long",
            severity=Severity.MEDIUM,
            claim=Claim.DAY_TO_DAY,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale=_RATIONALE,
            fix="Remove the role assignment, or make it eligible. Look for jobs that "
            "run once a year before you do.",
            find=partial(_unused, Provider.AZURE),
            example="carol has not run commands for 90 days: 2 nodes",
            settled_by=BREAK_GLASS,
            threshold="unused_days",
            needs=(*AZURE_BASE, *AZURE_USAGE),
            references=(
                "https://learn.microsoft.com/azure/azure-monitor/platform/activity-log",
            ),
        ),
    )


def _unused(provider: Provider, context: Context) -> Iterator[Hit]:
    graph, days = context.graph, context.config.thresholds.unused_days
    if not graph.usage[provider].asked:
        return
    for principal, grants in commands_of_ours(graph, provider):
        found = use_of_commands(graph, principal, grants, days)
        if found.judgement is Judgement.UNUSED and _acts(principal):
            message = f"{principal.name} has not run commands for {days} days"
            yield hit_on_held(graph, principal, list(found.unused), message)


def _acts(principal: Principal) -> bool:
    """A group does nothing itself: its members are looked at one by one."""
    return principal.kind != "group"
