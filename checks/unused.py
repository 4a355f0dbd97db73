"""Unused access: what was granted, and not used for longer than is accepted."""

from collections.abc import Iterator

from checks.context import Context
from checks.declared import check
from checks.hits import Hit, hit_on_held
from checks.ours import commands_of_ours
from checks.usage import Judgement, use_of_commands
from scanner.estate import Principal, Provider


@check
def t1651_aws_unused_access(context: Context) -> Iterator[Hit]:
    """Look at when AWS last saw an access."""
    return _unused(context, Provider.AWS)


@check
def t1651_azure_unused_access(context: Context) -> Iterator[Hit]:
    """Look at the activity log."""
    return _unused(context, Provider.AZURE)


def _unused(context: Context, provider: Provider) -> Iterator[Hit]:
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
