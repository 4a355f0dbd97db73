"""Trust policies that let in more than anybody meant: anyone, a whole account."""

from collections.abc import Callable, Iterator

from checks.context import Context
from checks.declared import check
from checks.delegated import entries
from checks.hits import COMMANDS, Hit, hit_on_held
from checks.scopes import facts_about
from scanner.closure import closure_of
from scanner.estate import Principal, Provider
from scanner.facts import Topic

_ANYONE = "*"


@check
def t1651_aws_trusts_anyone(context: Context) -> Iterator[Hit]:
    """Look at trust in `*`."""
    return _entered(context, _is_anyone)


@check
def t1651_aws_trusts_whole_account(context: Context) -> Iterator[Hit]:
    """Look at trust in `:root` of a partner."""
    return _entered(context, _is_whole_account)


@check
def t1651_aws_trusts_organization(context: Context) -> Iterator[Hit]:
    """Yield a hit per role that trusts whatever is in an organization."""
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    topic = Topic.TRUSTS_ORGANIZATION
    for _, facts in facts_about(context, Provider.AWS, topic):
        for fact in facts:
            principal = graph.principals.get(fact.subject)
            own = list(closure.own(fact.subject))
            if principal is not None and own:
                name = f"{principal.name} lets in everybody in {fact.detail}"
                yield hit_on_held(graph, principal, own, f"{name} and can run commands")


def _entered(context: Context, wide: Callable[[Principal], bool]) -> Iterator[Hit]:
    graph = context.graph
    for _, principal in sorted(graph.principals.items()):
        ours = principal.provider is not Provider.AWS or not principal.external
        if not ours and wide(principal):
            yield from entries(graph, principal, lambda edge: edge.kind == "assumes")


def _is_anyone(principal: Principal) -> bool:
    return principal.id == _ANYONE


def _is_whole_account(principal: Principal) -> bool:
    return principal.kind == "external" and principal.id.endswith(":root")
