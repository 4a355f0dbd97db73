"""The other halves of a request: documents, sessions, windows … that a caller may name.

Evidence names some documents; of everything else the caller picks one. So the universe
holds what evidence names, one stand-in for anything nobody mentions (an AWS-owned
document, one of the account's own), one witness for each name or pattern that a policy
mentions, and one for each two document patterns that overlap: a policy may allow the
first and a boundary the second. A stand-in has no tags: a document of the account that
does not exist yet, or an AWS-owned one, carries none. Where evidence does not list all
documents, each document that only policies mention has a twin that exists, with unread
tags; `Joins` says which of the two a principal's policies are about.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.facts import (
    AWS_OWNED,
    Membership,
    Resource,
    owner_facts,
    tags_by_key,
)
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.patterns import (
    Match,
    as_written,
    glob,
    is_plain,
    match_resource,
    shared_text,
)
from scanner.aws.model import AwsAccount, SsmDocument
from scanner.aws.vectors import Catalogue

#: Label of the stand-ins: any document at all.
ANY = "any"
#: Stands for a run of characters that no policy names.
_FILLER = "~"
#: Customers cannot name their documents like this; AWS's own are all named so.
_RESERVED = ("aws", "amazon", "amzn")
_AWS_PREFIX = "AWS-"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How resources of a kind are written: `arn:…:<service>:…:<type>/<name>`."""

    name: str
    service: str
    type: str
    stand_in: str = _FILLER
    #: What is known of the tags of one that evidence does not show; None: it has none.
    tags: Missing | None = Missing.UNREAD
    #: Value of `ssm:DocumentType`, for documents.
    document_type: str = ""
    #: Kinds of SSM document that serve as one.
    documents: frozenset[str] = frozenset()


def _document_kind(name: str, *kinds: str) -> _Kind:
    return _Kind(
        name,
        "ssm",
        "document",
        tags=None,
        document_type=kinds[0] if len(kinds) == 1 else "",
        documents=frozenset(kinds),
    )


_SHAPES = (
    _document_kind("command-document", "Command"),
    _document_kind("session-document", "Session"),
    _document_kind("automation-document", "Automation"),
    _document_kind("association-document", "Command", "Automation", "Policy"),
    _Kind("session", "ssm", "session", tags=Missing.REQUEST),
    _Kind("association", "ssm", "association"),
    _Kind("automation-execution", "ssm", "automation-execution"),
    _Kind(
        "automation-definition", "ssm", "automation-definition", f"{_FILLER}:1", None
    ),
    _Kind("maintenancewindow", "ssm", "maintenancewindow"),
    _Kind("windowtask", "ssm", "windowtask"),
    _Kind("instance-connect-endpoint", "ec2", "instance-connect-endpoint"),
)


#: Kinds of resource of which the caller picks one.
KINDS = tuple(shape.name for shape in _SHAPES)
_DOCUMENTS = frozenset(shape.name for shape in _SHAPES if shape.documents)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A mentioned pattern, with what tells quickly which kinds it cannot name."""

    text: str
    #: Its service segment, if it has all segments and that one is plain.
    service: str
    #: The type it names, if it names one before any wildcard.
    type: str

    @classmethod
    def of(cls, text: str) -> "_Pattern":
        segments = text.split(":", 5)
        if len(segments) < 6 or not is_plain(segments[2]):
            return cls(text, "", "")
        type_, slash, _ = segments[5].partition("/")
        return cls(text, segments[2], type_ if slash and is_plain(type_) else "")

    def concerns(self, kind: _Kind) -> bool:
        """Tell whether it may name resources of a kind."""
        return self.service in ("", kind.service) and self.type in ("", kind.type)


class Objects:
    """Lists an account's objects, region by region."""

    def __init__(
        self, account: AwsAccount, member: Membership, catalogue: Catalogue
    ) -> None:
        """Remember whose objects they are."""
        self._account = account
        self._member = member
        self._catalogue = catalogue
        self._useless_names = {one.name: _useless(one, catalogue) for one in _SHAPES}
        self._of_others = {one.name: self._of_other_types(one) for one in _SHAPES}

    def listed(
        self, regions: Iterable[str], patterns: Iterable[str]
    ) -> tuple[Resource, ...]:
        """Return the objects of some regions, sorted by ARN and kind.

        Args:
            regions: where the targets are.
            patterns: expanded Resource elements that allow, and NotResource elements
                that deny.
        """
        mentioned = [_Pattern.of(pattern) for pattern in sorted(set(patterns))]
        found: dict[tuple[str, str], Resource] = {}
        for region in regions:
            for resource in self._in_region(region, mentioned):
                if resource.arn in self._of_others[resource.kind]:
                    continue
                found.setdefault((resource.arn, resource.kind), resource)
        nothing = [self._nothing(region) for region in regions]
        in_order = [found[known] for known in sorted(found)]
        return tuple(nothing + list(self._with_twins(in_order)))

    def _with_twins(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        listed = {document.arn for document in self._account.documents}
        for resource in resources:
            yield resource
            whole = resource.region in self._account.documents_complete
            if resource.arn not in listed and not whole and _is_owned(resource):
                yield replace(resource, tags=Missing.UNREAD, unlisted=True)

    def _in_region(self, region: str, patterns: list[_Pattern]) -> Iterator[Resource]:
        for kind in _SHAPES:
            if kind.documents:
                yield from self._known(kind, region)
                yield from self._named_sessions(kind, region)
                yield self._object(kind, region, "", f"{_AWS_PREFIX}{_FILLER}", ANY)
            own = self._account.id
            yield self._object(kind, region, own, kind.stand_in, ANY)
            for pattern in patterns:
                if pattern.concerns(kind):
                    yield from self._witnesses(kind, region, pattern.text)
            if kind.documents:
                yield from self._overlaps(kind, region, patterns)

    def _known(self, kind: _Kind, region: str) -> Iterator[Resource]:
        for document in self._account.documents:
            serves = not document.kind or document.kind in kind.documents
            here = serves and document.region == region
            if here and not self._useless(kind, document.name):
                yield self._document(kind, document)

    def _named_sessions(self, kind: _Kind, region: str) -> Iterator[Resource]:
        """The documents with which StartSession runs commands, listed or not."""
        if kind.name != "session-document":
            return
        for name in sorted(self._catalogue.sessions):
            default = name == self._catalogue.default_session
            owner = self._account.id if default else ""
            yield self._object(kind, region, owner, name, name)

    def _witnesses(self, kind: _Kind, region: str, pattern: str) -> Iterator[Resource]:
        """What a pattern names that the stand-ins are not: at most one per owner."""
        name = _name_in(pattern, kind.type)
        if not name.strip("*") and not kind.documents:
            return
        written = as_written(name)
        if "${" in written or self._useless(kind, written):
            return
        for owner in self._owners(kind, pattern):
            concrete = _concrete(name, kind, owner)
            label = written if owner in ("", self._account.id) else as_written(pattern)
            one = self._object(kind, region, owner, concrete, label)
            if _may_exist(kind, owner, concrete) and names(pattern, one.arn):
                yield replace(one, unheard=not owner and self._unheard(kind, name))

    def _unheard(self, kind: _Kind, name: str) -> bool:
        """Whether a pattern of `AWS-…` fits no document known of the kind's type.

        Names of other beginnings, and of other types, are not known well enough.
        """
        known = {
            "Command": self._catalogue.commands,
            "Session": self._catalogue.sessions,
        }.get(kind.document_type)
        if known is None or is_plain(name) or not name.startswith(_AWS_PREFIX):
            return False
        return not any(map(glob(name).matches, known))

    def _overlaps(
        self, kind: _Kind, region: str, patterns: list[_Pattern]
    ) -> Iterator[Resource]:
        """What two patterns both name, where neither covers the other."""
        wild = {
            _name_in(pattern.text, kind.type): pattern.text
            for pattern in patterns
            if pattern.concerns(kind)
        }
        partly = [name for name in sorted(wild) if name.strip("*") and "*" in name]
        for one, other in combinations(partly, 2):
            name = shared_text(one, other, _FILLER)
            if not name or "${" in name or self._useless(kind, name):
                continue
            both = (wild[one], wild[other])
            owners = {o for text in both for o in self._owners(kind, text)}
            for owner in sorted(owners):
                found = self._object(kind, region, owner, name, name)
                named = all(names(text, found.arn) for text in both)
                if named and _may_exist(kind, owner, name):
                    either = self._unheard(kind, one) or self._unheard(kind, other)
                    yield replace(found, unheard=not owner and either)

    def _owners(self, kind: _Kind, pattern: str) -> list[str]:
        """The account, AWS, and another account that shares its document."""
        own = [self._account.id]
        if not kind.documents:
            return own
        arn = parse_arn(pattern)
        other = arn.account if arn and is_plain(arn.account) else ""
        return sorted({*own, "", other})

    def _useless(self, kind: _Kind, name: str) -> bool:
        return name in self._useless_names[kind.name]

    def _of_other_types(self, kind: _Kind) -> frozenset[str]:
        """The listed documents that cannot serve as this kind, by ARN.

        AWS's session documents are known by name, whatever is listed.
        """
        return frozenset(
            document.arn
            for document in self._account.documents
            if kind.documents and document.kind
            if document.kind not in kind.documents
            if document.name not in self._catalogue.sessions
        )

    def _document(self, kind: _Kind, document: SsmDocument) -> Resource:
        arn = parse_arn(document.arn)
        owner = arn.account if arn else document.owner
        tags = Missing.UNREAD if document.tags is None else tags_by_key(document.tags)
        fixed = self._facts(owner, document.region)
        seen = (document.kind,) if document.kind else Missing.UNREAD
        fixed["ssm:documenttype"] = seen
        return Resource(
            document.arn, kind.name, document.region, document.name, tags, fixed
        )

    def _object(
        self, kind: _Kind, region: str, owner: str, name: str, label: str
    ) -> Resource:
        partition = self._account.partition
        arn = f"arn:{partition}:{kind.service}:{region}:{owner}:{kind.type}/{name}"
        fixed = self._facts(owner, region)
        if kind.document_type:
            fixed["ssm:documenttype"] = (kind.document_type,)
        tags: dict[str, Seen] | Missing = {} if kind.tags is None else kind.tags
        return Resource(arn, kind.name, region, label, tags, fixed)

    def _nothing(self, region: str) -> Resource:
        fixed: dict[str, Seen] = {"aws:requestedregion": (region,)}
        return Resource("*", "nothing", region, fixed=fixed)

    def _facts(self, owner: str, region: str) -> dict[str, Seen]:
        if owner == self._account.id:
            return owner_facts(owner, region, self._member)
        outside = Membership(Missing.UNREAD, Missing.UNREAD)
        return owner_facts(owner or AWS_OWNED, region, outside)


def _useless(kind: _Kind, catalogue: Catalogue) -> frozenset[str]:
    """Return the names of documents that carry no command for a kind."""
    if not kind.documents:
        return frozenset()
    by_type = (
        ("Session", catalogue.sessions),
        ("Command", catalogue.commands),
        ("Automation", catalogue.runbooks),
    )
    others = (names for type_, names in by_type if type_ not in kind.documents)
    return catalogue.tunnels.union(*others)


def names(pattern: str, arn: str) -> bool:
    """Tell whether a pattern may name an ARN."""
    return match_resource(pattern, arn) is not Match.NO


def _is_owned(resource: Resource) -> bool:
    """Whether it is a document of a customer: AWS's own never carry their tags."""
    arn = parse_arn(resource.arn)
    return resource.kind in _DOCUMENTS and arn is not None and bool(arn.account)


def _concrete(name: str, kind: _Kind, owner: str) -> str:
    """Return a name that a pattern names and hardly any other literal does."""
    if kind.documents and not owner and "*" in name:
        start, rest = name.split("*", 1)
        if _AWS_PREFIX.startswith(start):
            name = f"{_AWS_PREFIX}*{rest}"
    return as_written(name.replace("*", _FILLER).replace("?", _FILLER))


def _may_exist(kind: _Kind, owner: str, name: str) -> bool:
    """Only AWS owns documents of certain names, and only of those."""
    reserved = name.lower().startswith(_RESERVED)
    return not kind.documents or reserved is not bool(owner)


def _name_in(pattern: str, kind: str) -> str:
    """Return the part of a pattern that stands for the name; empty when it has none."""
    _, found, name = pattern.partition(f"{kind}/")
    if found:
        return name
    _, star, rest = pattern.rpartition(":")[2].partition("*")
    return star + rest
