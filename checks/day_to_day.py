"""Not for daily work: identities that people or programs carry around all day."""

from collections.abc import Iterator

from checks.context import Context
from checks.evidence import AWS_BASE, AWS_CREDENTIALS
from checks.finding import Check, Claim, Severity
from checks.hits import (
    BREAK_GLASS,
    M1026,
    MFA,
    T1651,
    VALID_ACCOUNTS,
    Hit,
    define,
    hit_on_held,
)
from checks.ours import commands_of_ours
from scanner.estate import Principal, Provider
from scanner.grants import Grant

_BEST = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html"


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
            references=(_BEST,),
        ),
        define(
            "t1651_aws_access_key",
            title="An IAM user with an active access key can run commands on nodes",
            severity=Severity.HIGH,
            claim=Claim.DAY_TO_DAY,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="An access key works from anywhere until somebody deletes it; it "
            "lies in files, in pipelines and in the history of shells.",
            fix="Delete the key. Let programs assume a role with credentials that "
            "expire, and people sign in through Identity Center.",
            find=_with_keys,
            example="IAM user alice has an active access key and can run commands: "
            "3 nodes",
            settled_by=BREAK_GLASS,
            needs=(*AWS_BASE, *AWS_CREDENTIALS),
            references=(_BEST,),
        ),
        define(
            "t1651_aws_user_without_mfa",
            title="An IAM user without MFA can run commands on nodes",
            severity=Severity.HIGH,
            claim=Claim.DAY_TO_DAY,
            techniques=(T1651, VALID_ACCOUNTS),
            mitigations=(M1026, MFA),
            rationale="A password or a key is then all that it takes to run commands "
            "as root.",
            fix="Give the user a second factor and require it in its policies "
            "(aws:MultiFactorAuthPresent), or take the vectors from it.",
            find=_without_mfa,
            example="IAM user alice has no MFA and can run commands: 3 nodes",
            needs=(*AWS_BASE, *AWS_CREDENTIALS),
            references=(_BEST,),
        ),
    )


def _iam_users(context: Context) -> Iterator[Hit]:
    for principal, grants in _users(context):
        message = f"IAM user {principal.name} can run commands"
        yield hit_on_held(context.graph, principal, grants, message)


def _with_keys(context: Context) -> Iterator[Hit]:
    usage = context.graph.usage[Provider.AWS]
    for principal, grants in _users(context):
        keys = usage.of(principal.id).access_keys or 0
        if keys:
            some = "an active access key" if keys == 1 else f"{keys} active access keys"
            message = f"IAM user {principal.name} has {some} and can run commands"
            yield hit_on_held(context.graph, principal, grants, message)


def _without_mfa(context: Context) -> Iterator[Hit]:
    """Who has neither password nor key cannot sign in, with or without."""
    usage = context.graph.usage[Provider.AWS]
    for principal, grants in _users(context):
        found = usage.of(principal.id)
        locked_out = found.password is False and found.access_keys == 0
        if found.mfa is False and not locked_out:
            message = f"IAM user {principal.name} has no MFA and can run commands"
            yield hit_on_held(context.graph, principal, grants, message)


def _users(context: Context) -> Iterator[tuple[Principal, list[Grant]]]:
    for principal, grants in commands_of_ours(context.graph, Provider.AWS):
        if principal.kind == "user":
            yield principal, grants
