"""Not for daily work: identities that people or programs carry around all day."""

from collections.abc import Iterator

from checks.context import Context
from checks.evidence import AWS_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import BREAK_GLASS, T1651, VALID_ACCOUNTS, Hit, define, hit_on_held
from checks.ours import commands_of_ours
from scanner.estate import Provider


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_iam_user",
            title="An IAM user, a long-term identity, can run commands on nodes",
            severity=Severity.HIGH,
            claim=Claim.DAY_TO_DAY,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="IAM users sign in with passwords and access keys that do not "
            "expire, and are used for daily work; a leaked key runs commands as root.",
            fix="Take the vectors from the user; let people assume a role for the task "
            "through Identity Center, with MFA and short sessions.",
            find=_iam_users,
            example="IAM user alice can run commands: 3 nodes",
            settled_by=BREAK_GLASS,
            needs=AWS_BASE,
            references=(
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html",
            ),
        ),
    )


def _iam_users(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        if principal.kind == "user":
            message = f"IAM user {principal.name} can run commands"
            yield hit_on_held(graph, principal, grants, message)
