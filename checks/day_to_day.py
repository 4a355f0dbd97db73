"""Not for daily work: identities that people or programs carry around all day."""

from collections.abc import Iterator

from checks.context import Context
from checks.declared import check
from checks.hits import Hit, hit_on_held
from checks.ours import commands_of_ours
from scanner.estate import Principal, Provider
from scanner.grants import Grant


@check
def t1651_aws_iam_user(context: Context) -> Iterator[Hit]:
    """Yield a hit per IAM user that runs commands."""
    for principal, grants in _users(context):
        message = f"IAM user {principal.name} can run commands"
        yield hit_on_held(context.graph, principal, grants, message)


@check
def t1651_aws_access_key(context: Context) -> Iterator[Hit]:
    """Yield a hit per IAM user with a key that works."""
    usage = context.graph.usage[Provider.AWS]
    for principal, grants in _users(context):
        keys = usage.of(principal.id).access_keys or 0
        if keys:
            some = "an active access key" if keys == 1 else f"{keys} active access keys"
            message = f"IAM user {principal.name} has {some} and can run commands"
            yield hit_on_held(context.graph, principal, grants, message)


@check
def t1651_aws_user_without_mfa(context: Context) -> Iterator[Hit]:
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
