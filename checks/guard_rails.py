"""Guard rails: what should stop even those who hold every right."""

from collections.abc import Iterator

from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit, hit_on_held
from checks.scopes import facts_about, hit_on_scope
from scanner.estate import Provider
from scanner.facts import Topic


@check
def t1651_aws_no_control_on_commands(context: Context) -> Iterator[Hit]:
    """Look for service control policies."""
    return _uncontrolled(context, Provider.AWS)


@check
def t1651_azure_no_control_on_commands(context: Context) -> Iterator[Hit]:
    """Look for deny assignments."""
    return _uncontrolled(context, Provider.AZURE)


@check
def t1651_aws_root_not_fenced(context: Context) -> Iterator[Hit]:
    """Yield a hit per root user that runs commands."""
    graph = context.graph
    for holding in graph.holdings:
        grants = [g for g in holding.grants if g.vector.tier in COMMANDS]
        for principal in holding.principals if grants else ():
            if principal.kind == "root":
                message = f"The root user of {principal.scope} can run commands"
                yield hit_on_held(graph, principal, grants, message)


def _uncontrolled(context: Context, provider: Provider) -> Iterator[Hit]:
    what = "account" if provider is Provider.AWS else "subscription"
    for scope, facts in facts_about(context, provider, Topic.NO_CONTROL):
        message = f"Nothing above the {what} limits commands: {facts[0].detail}"
        yield from hit_on_scope(context, provider, scope, message)
