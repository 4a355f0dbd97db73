"""Type an account's SSM documents: content, tags, and whom they are shared with."""

from dataclasses import dataclass, field

import msgspec

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.loading import node_answers as api
from scanner.aws.loading.identities import tags_of
from scanner.aws.loading.nodes import TAGS
from scanner.aws.loading.scope import Scope
from scanner.aws.loading.tolerance import UNREADABLE, decode
from scanner.aws.model import SsmDocument

LIST = "ssm:ListDocuments"
AWS_OWNED = "Amazon"
#: Names that AWS keeps for itself: nobody else can create such a document.
_RESERVED = ("aws", "amazon", "amzn")

_Place = tuple[str, str]  # region, name as listed


@dataclass
class _Found:
    """What the answers say about documents, by place."""

    listed: dict[_Place, api.DocumentIdentifier] = field(default_factory=dict)
    content: dict[_Place, api.DocumentContent] = field(default_factory=dict)
    shared: dict[_Place, tuple[str, ...]] = field(default_factory=dict)
    tags: dict[_Place, tuple[tuple[str, str], ...]] = field(default_factory=dict)


def read_documents(
    scope: Scope, account: str, partition: str
) -> tuple[tuple[SsmDocument, ...], frozenset[str]]:
    """Return the documents that evidence names, and the regions listed to the end.

    One region is asked once per class of owner: it is complete when every list is.
    """
    found = _Found()
    complete: set[str] = set()
    broken: set[str] = set()
    for answer in scope.read(LIST, api.Documents):
        (complete if answer.complete else broken).add(answer.region)
        for page in answer.pages:
            for row in page.document_identifiers:
                found.listed[answer.region, row.name] = row
    _read_details(scope, found)
    places = sorted({*found.listed, *found.content, *found.shared})
    documents = (_document(found, place, account, partition) for place in places)
    return tuple(documents), frozenset(complete - broken)


def _read_details(scope: Scope, found: _Found) -> None:
    for content in scope.read("ssm:GetDocument", api.DocumentContent):
        for page in content.pages:
            name = str(content.params.get("Name") or page.name)
            found.content[content.region, name] = page
    for shared in scope.read("ssm:DescribeDocumentPermission", api.DocumentPermission):
        if shared.whole:
            ids = (one for page in shared.pages for one in page.account_ids)
            place = (shared.region, str(shared.params.get("Name")))
            found.shared[place] = tuple(sorted(ids))
    for tags in scope.read(TAGS, api.ResourceTags):
        if tags.params.get("ResourceType") == "Document" and tags.complete:
            rows = [tag for page in tags.pages for tag in page.tag_list]
            found.tags[tags.region, str(tags.params.get("ResourceId"))] = tags_of(rows)


def _document(
    found: _Found, place: _Place, account: str, partition: str
) -> SsmDocument:
    region, name = place
    row, content = found.listed.get(place), found.content.get(place)
    owner = (row.owner if row else "") or _owner(name, account)
    listed_tags = None if row is None or row.tags is None else tags_of(row.tags)
    kind = (row.document_type if row else "") or (
        content.document_type if content else ""
    )
    return SsmDocument(
        arn=_arn(name, owner, region, partition),
        name=name,
        owner=owner,
        region=region,
        kind=kind,
        content=_text(content.content) if content else None,
        tags=found.tags.get(place, listed_tags),
        shared_with=found.shared.get(place),
    )


def _owner(name: str, account: str) -> str:
    """Return who owns a document that is not in a list."""
    arn = parse_arn(name)
    if arn is not None:
        return arn.account
    return AWS_OWNED if name.lower().startswith(_RESERVED) else account


def _arn(name: str, owner: str, region: str, partition: str) -> str:
    """Return a document's ARN: AWS-owned ones have no account, shared ones are ARNs."""
    if parse_arn(name) is not None:
        return name
    account = "" if owner == AWS_OWNED else owner
    return str(Arn(partition, "ssm", region, account, f"document/{name}"))


def _text(raw: msgspec.Raw) -> str | None:
    """Return content as text: the API gives a string, hand-written files an object."""
    try:
        return decode(raw, str)
    except UNREADABLE:
        text = bytes(raw).decode(errors="replace")
        return None if text == "null" else text
