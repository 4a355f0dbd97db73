"""Documents that others see, write or own, and that run on nodes all the same."""

from collections.abc import Iterator

from checks.context import Context
from checks.declared import check
from checks.hits import Hit, hit_on_held, listed
from checks.ours import commands_of_ours
from checks.scopes import facts_about, hit_on_scope
from scanner.estate import Provider
from scanner.facts import Topic
from scanner.grants import Tier

_REWRITING = ("ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion")


@check
def t1651_aws_document_public(context: Context) -> Iterator[Hit]:
    """Look at documents that everybody reads."""
    return _shared(context, Topic.DOCUMENT_PUBLIC, "{} is shared with everybody")


@check
def t1651_aws_document_shared_outside(context: Context) -> Iterator[Hit]:
    """Look at documents that others read."""
    return _shared(
        context, Topic.DOCUMENT_SHARED, "{} is shared with an account outside"
    )


@check
def t1651_aws_document_foreign(context: Context) -> Iterator[Hit]:
    """Look at documents that others write."""
    return _shared(context, Topic.DOCUMENT_FOREIGN, "Nodes run {}, which others write")


@check
def t1651_aws_document_writable(context: Context) -> Iterator[Hit]:
    """Yield a hit per principal that only writes what others run."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        rewriting = [one for one in grants if one.vector.id in _REWRITING]
        direct = any(one.vector.tier is Tier.DIRECT for one in grants)
        if any(one.targets.bits for one in rewriting) and not direct:
            message = f"{principal.name} can rewrite documents that run"
            yield hit_on_held(graph, principal, rewriting, message)


def _shared(context: Context, topic: Topic, message: str) -> Iterator[Hit]:
    for scope, facts in facts_about(context, Provider.AWS, topic):
        names = listed(_name(fact.subject) for fact in facts)
        yield from hit_on_scope(context, Provider.AWS, scope, message.format(names))


def _name(document: str) -> str:
    return document.rpartition("document/")[2]
