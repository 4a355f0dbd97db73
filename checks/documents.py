"""Documents that others see, write or own, and that run on nodes all the same."""

from collections.abc import Iterator
from functools import partial

from checks.context import Context
from checks.evidence import AWS_BASE, AWS_ORGANIZATION
from checks.finding import Check, Claim, Severity
from checks.hits import (
    ANY_OF_OURS,
    T1651,
    VALID_ACCOUNTS,
    Hit,
    define,
    hit_on_held,
    listed,
)
from checks.ours import commands_of_ours
from checks.scopes import facts_about, hit_on_scope
from scanner.estate import Provider
from scanner.facts import Topic
from scanner.grants import Tier

_SSM = "https://docs.aws.amazon.com/systems-manager/latest/userguide"
_SHARING = f"{_SSM}/documents-ssm-sharing.html"
_LISTS = ("ssm:ListDocuments", "ssm:DescribeDocumentPermission")
_REWRITING = ("ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion")


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_aws_document_writable",
            title="A principal that runs no commands can rewrite a document that runs "
            "on nodes",
            severity=Severity.HIGH,
            claim=Claim.ROLE_LEVEL,
            techniques=(T1651, VALID_ACCOUNTS),
            rationale="Associations, windows, rules and session preferences run the "
            "newest or default version: whoever writes it runs code on their nodes.",
            fix="Take ssm:UpdateDocument and ssm:UpdateDocumentDefaultVersion on those "
            "documents away, or pin their consumers to a version.",
            find=_writers,
            example="ops can rewrite documents that run: 3 nodes",
            settled_by=ANY_OF_OURS,
            needs=(*AWS_BASE, "ssm:ListAssociations", "ssm:ListDocuments"),
            references=(f"{_SSM}/documents-creating-content.html",),
        ),
        define(
            "t1651_aws_document_public",
            title="A document of the account is shared with every AWS account",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale="Everybody reads what runs on your nodes, names, paths and "
            "secrets in it included, and sees each new version of it.",
            fix="Stop sharing the document with everybody "
            "(ssm:ModifyDocumentPermission), and block public sharing.",
            find=partial(_shared, Topic.DOCUMENT_PUBLIC, "{} is shared with everybody"),
            example="Own-Script is shared with everybody",
            needs=(*AWS_BASE, *_LISTS),
            references=(_SHARING,),
        ),
        define(
            "t1651_aws_document_shared_outside",
            title="A document of the account is shared with an account outside",
            severity=Severity.LOW,
            claim=Claim.COUNT,
            rationale="The other account reads each version of what runs on your "
            "nodes, and may run it: a change of yours is code on its nodes.",
            fix="Share documents within the organization only, or agree with the other "
            "account on a version.",
            find=partial(
                _shared, Topic.DOCUMENT_SHARED, "{} is shared with an account outside"
            ),
            example="Own-Script is shared with an account outside",
            needs=(*AWS_BASE, *AWS_ORGANIZATION, *_LISTS),
            references=(_SHARING,),
        ),
        define(
            "t1651_aws_document_foreign",
            title="Nodes run a document of another account, whatever it will say",
            severity=Severity.HIGH,
            claim=Claim.COUNT,
            rationale="Without a version the owner of the document decides anew what "
            "runs on your nodes, as root, at each run.",
            fix="Copy the document into the account, or pin its version and verify its "
            "hash where it is run.",
            find=partial(
                _shared, Topic.DOCUMENT_FOREIGN, "Nodes run {}, which others write"
            ),
            example="Nodes run Own-Script, which others write",
            needs=(*AWS_BASE, *AWS_ORGANIZATION, "ssm:ListAssociations"),
            references=(_SHARING,),
        ),
    )


def _writers(context: Context) -> Iterator[Hit]:
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        rewriting = [one for one in grants if one.vector.id in _REWRITING]
        direct = any(one.vector.tier is Tier.DIRECT for one in grants)
        if any(one.targets.bits for one in rewriting) and not direct:
            message = f"{principal.name} can rewrite documents that run"
            yield hit_on_held(graph, principal, rewriting, message)


def _shared(topic: Topic, message: str, context: Context) -> Iterator[Hit]:
    for scope, facts in facts_about(context, Provider.AWS, topic):
        names = listed(_name(fact.subject) for fact in facts)
        yield from hit_on_scope(context, Provider.AWS, scope, message.format(names))


def _name(document: str) -> str:
    return document.rpartition("document/")[2]
