"""Guard rails: what should stop even those who hold every right."""

from collections.abc import Iterator

from checks.context import Context
from checks.evidence import AWS_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import BREAK_GLASS, COMMANDS, Hit, define, hit_on_held


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_root_not_fenced",
            title="No SCP stops the account's root user from running commands",
            severity=Severity.LOW,
            claim=Claim.STANDING,
            rationale="The root user holds the full power of its account, and only an "
            "SCP takes any of it away; running commands is never a task for it.",
            fix="Deny the command vectors to root users in an SCP, or remove the root "
            "credentials of member accounts centrally.",
            find=_roots,
            example="The root user of 111122223333 can run commands: 3 nodes",
            settled_by=BREAK_GLASS,
            needs=AWS_BASE,
            references=(
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html",
            ),
        ),
    )


def _roots(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for holding in graph.holdings:
        grants = [g for g in holding.grants if g.vector.tier in COMMANDS]
        for principal in holding.principals if grants else ():
            if principal.kind == "root":
                message = f"The root user of {principal.scope} can run commands"
                yield hit_on_held(graph, principal, grants, message)
