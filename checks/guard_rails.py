"""Guard rails: what should stop even those who hold every right."""

from collections.abc import Iterator
from functools import partial

from checks.context import Context
from checks.evidence import AWS_BASE, AWS_CONTROLS, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import BREAK_GLASS, COMMANDS, Hit, define, hit_on_held
from checks.scopes import facts_about, hit_on_scope
from scanner.estate import Provider
from scanner.facts import Topic

_DENIES = "https://learn.microsoft.com/azure/role-based-access-control/deny-assignments"
_SCPS = (
    "https://docs.aws.amazon.com/organizations/latest/userguide/"
    "orgs_manage_policies_scps.html"
)


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
        define(
            "t1651_aws_no_control_on_commands",
            title="No service control policy limits who runs commands in an account",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale="What an account's own administrators grant, nothing takes away: "
            "one careless policy, or one administrator's key, is every node.",
            fix="Deny the command vectors in an SCP to all but the roles that run "
            "commands, and protect those roles; keep nodes out of the management "
            "account, which no SCP binds.",
            find=partial(_uncontrolled, Provider.AWS),
            example="Nothing above the account limits commands: no service control "
            "policy denies a command",
            needs=(*AWS_BASE, *AWS_CONTROLS),
            references=(_SCPS,),
        ),
        define(
            "t1651_azure_no_control_on_commands",
            title="No deny assignment limits who runs commands in a subscription",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale="Role assignments add up, and nothing takes any of them away: "
            "every Owner can hand out commands on every machine.",
            fix="Deny runCommand, runCommands and extensions to everybody but "
            "break-glass with a deployment stack's deny settings or a user-assigned "
            "deny assignment.",
            find=partial(_uncontrolled, Provider.AZURE),
            example="Nothing above the subscription limits commands: no deny "
            "assignment names a command",
            needs=(*AZURE_BASE, "Microsoft.Authorization/denyAssignments"),
            references=(_DENIES,),
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


def _uncontrolled(provider: Provider, context: Context) -> Iterator[Hit]:
    what = "account" if provider is Provider.AWS else "subscription"
    for scope, facts in facts_about(context, provider, Topic.NO_CONTROL):
        message = f"Nothing above the {what} limits commands: {facts[0].detail}"
        yield from hit_on_scope(context, provider, scope, message)
