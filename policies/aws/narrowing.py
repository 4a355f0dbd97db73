"""A5: which documents on which nodes an operation is narrowed to."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence

from policies.aws.index import PlanIndex
from policies.aws.owners import TAGGING
from policies.aws.statements import Narrowing, names_action
from policies.keep import Keep
from policies.wishes import Wishes
from scanner.aws.iam.patterns import Match, match_resource
from scanner.aws.model import AwsAccount, Identity, Node, SsmDocument
from scanner.aws.vectors import catalogue
from scanner.estate import Target
from scanner.grants import Grant

#: Operations that are authorised on a document and on a node.
_SEND, _START = "ssm:SendCommand", "ssm:StartSession"
_KINDS = {_SEND: "Command", _START: "Session"}
#: AWS's documents that take no code of the caller's, for who named none.
_HARMLESS = ("AWS-RunPatchBaseline", "AWS-UpdateSSMAgent")
#: Nodes that are named one by one at most; a longer list outgrows a policy.
_MOST_NODES = 20


class Narrower:
    """Writes what is left of an operation."""

    def __init__(self, index: PlanIndex, wishes: Wishes) -> None:
        """Remember the estate and what must stay."""
        self._index, self._wishes = index, wishes

    def to_kept(
        self, id_: str, vectors: Iterable[str], kept: Sequence[Keep]
    ) -> tuple[Narrowing, ...]:
        """Narrow operations to the documents and nodes that must stay.

        Only those that name a document and a node can be; of several pieces of access
        that must stay, everything named is left.
        """
        identity = self._index.identities[id_]
        account = self._index.account_of(id_)
        if account is None:
            return ()
        found = []
        for vector in sorted(_KINDS.keys() & set(vectors)):
            named = [one for one in kept if one.names_vector(vector)]
            documents = tuple(dict.fromkeys(_documents(account, named, vector)))
            nodes, tags = self._nodes(identity, account, named)
            found.append(Narrowing(vector, documents, nodes, tags))
        return tuple(found)

    def by_default(self, id_: str, vectors: Iterable[str]) -> tuple[Narrowing, ...]:
        """Narrow commands to documents that take no code; sessions go altogether.

        Those are AWS's own patching and the account's documents without a parameter
        that takes free text.
        """
        account = self._index.account_of(id_)
        if account is None or _SEND not in set(vectors):
            return ()
        own = (one.arn for one in account.documents if _takes_no_code(one))
        partition = account.partition
        documents = (*(_aws_document(partition, name) for name in _HARMLESS), *own)
        tuples = tuple(dict.fromkeys(documents))
        return (Narrowing(_SEND, tuples, _every_node(account)),)

    def _nodes(
        self, identity: Identity, account: AwsAccount, kept: Sequence[Keep]
    ) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """Return node ARNs, and tags where the principal cannot write them itself."""
        if any(not (one.targets or one.tags) for one in kept):
            return _every_node(account), ()
        by_tag = [one.tags for one in kept if one.tags and not one.targets]
        exact = len(kept) == len(by_tag) == 1 and len(by_tag[0]) == 1
        plain = exact and not set("*?") & set(by_tag[0][0])
        if plain and not can_tag(identity):
            key, _, value = by_tag[0][0].partition("=")
            return _every_node(account), ((f"aws:ResourceTag/{key}", value),)
        wanted = [node for node in account.nodes if _any_names(kept, node)]
        if 0 < len(wanted) <= _MOST_NODES:
            return tuple(node.target.id for node in wanted), ()
        patterns = [p for one in kept for p in one.targets if p.startswith("arn:")]
        return tuple(dict.fromkeys(patterns)) or _every_node(account), ()


def within(grants: Iterable[Grant], one: Narrowing) -> bool:
    """True when access to an operation is no wider than what it would be narrowed to.

    Then narrowing takes nothing from anybody: no document, and no node.
    """
    documents = {each.rpartition(":document/")[2] for each in one.documents}
    mine = [grant for grant in grants if grant.vector.id == one.action]
    return bool(mine) and all(
        _only(grant.decision.documents, one.documents, documents)
        and all(_is_named(target, one) for target in grant.targets)
        for grant in mine
    )


def _only(
    run: str | tuple[str, ...] | None, arns: Collection[str], names: Collection[str]
) -> bool:
    """True when nothing but some documents is run; `*` stands for any."""
    if "*" in names:
        return True
    return isinstance(run, tuple) and all(
        each in (arns if each.startswith("arn:") else names) for each in run
    )


def _is_named(target: Target, one: Narrowing) -> bool:
    tags = {(f"aws:ResourceTag/{key}", value) for key, value in target.tags}
    named = any(match_resource(p, target.id) is Match.YES for p in one.nodes)
    return named and tags.issuperset(one.tags)


def can_tag(identity: Identity) -> bool:
    """True when a principal may move the tags that a condition would look at.

    Any Allow counts, whatever its condition: a tag that its reader can write bounds
    nothing.
    """
    return any(
        names_action(statement.actions, statement.not_actions, action)
        for attached in identity.policies
        for statement in attached.document.statements
        if statement.effect == "Allow"
        for action in TAGGING
    )


def _any_names(kept: Sequence[Keep], node: Node) -> bool:
    return any(one.names_target(node.target) for one in kept)


def _every_node(account: AwsAccount) -> tuple[str, ...]:
    partition = account.partition
    return (
        f"arn:{partition}:ec2:*:{account.id}:instance/*",
        f"arn:{partition}:ssm:*:{account.id}:managed-instance/*",
    )


def _documents(account: AwsAccount, kept: Sequence[Keep], vector: str) -> Iterator[str]:
    """Yield the ARNs of documents that must stay; any document stays any."""
    for one in kept:
        if not one.documents:
            yield f"arn:{account.partition}:ssm:*:*:document/*"
        for name in one.documents:
            yield from _named(account, name, vector)


def _named(account: AwsAccount, name: str, vector: str) -> Iterator[str]:
    if name.startswith("arn:"):
        yield name
        return
    own = [one for one in account.documents if one.name == name]
    yield from (one.arn for one in own if one.kind in (_KINDS[vector], ""))
    if not own:
        known = catalogue().commands | catalogue().sessions
        if name in known or name.startswith(("AWS-", "Amazon")):
            yield _aws_document(account.partition, name)
        else:
            yield f"arn:{account.partition}:ssm:*:{account.id}:document/{name}"


def _aws_document(partition: str, name: str) -> str:
    return f"arn:{partition}:ssm:*::document/{name}"


def _takes_no_code(document: SsmDocument) -> bool:
    """True for a command of the account whose parameters are all fixed choices.

    One whose content was not read, or is no JSON, may take anything.
    """
    if document.kind != "Command" or not document.content:
        return False
    try:
        content = json.loads(document.content)
    except (ValueError, RecursionError):
        return False
    parameters = content.get("parameters", {}) if isinstance(content, dict) else None
    if not isinstance(parameters, dict) or "aws:runDocument" in document.content:
        return False
    return all(
        isinstance(one, dict) and one.get("allowedValues")
        for one in parameters.values()
    )
