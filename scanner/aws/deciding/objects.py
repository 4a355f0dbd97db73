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

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from scanner.aws.arn import parse_arn
from scanner.aws.deciding.facts import (
    AWS_OWNED,
    Membership,
    Resource,
    owner_facts,
    tags_by_key,
)
from scanner.aws.deciding.forwarding import forwards
from scanner.aws.deciding.kinds import (
    FILLER,
    SHAPES,
    Kind,
    Mention,
    name_in,
)
from scanner.aws.deciding.overlaps import overlaps
from scanner.aws.deciding.witnesses import (
    AWS_PREFIX,
    concrete,
    is_owned,
    may_exist,
    names,
    useless_names,
)
from scanner.aws.iam.conditions import Missing, Seen
from scanner.aws.iam.patterns import (
    as_written,
    glob,
    is_plain,
)
from scanner.aws.model import AwsAccount, SsmDocument
from scanner.aws.vectors import Catalogue

#: Label of the stand-ins: any document at all.
ANY = "any"
_UNHEARD = "no known document of AWS fits the pattern"
_NOT_LISTED = "what exists already was not listed"
_UNREAD = "what a document runs could not be read"
#: Owner of AWS's own documents.
_AWS = "Amazon"
#: What shows the content of all others.
_READING = ("ssm:ListDocuments", "ssm:GetDocument")


class Objects:
    """Lists an account's objects, region by region."""

    def __init__(
        self, account: AwsAccount, member: Membership, catalogue: Catalogue
    ) -> None:
        """Remember whose objects they are."""
        self._account = account
        self._member = member
        self._catalogue = catalogue
        self._useless_names = {
            one.name: useless_names(one, catalogue) for one in SHAPES
        }
        self._refused = any(one.what in _READING for one in account.gaps)
        own = [one for one in account.documents if one.owner != _AWS]
        self._unread = {one.name for one in own if one.content is None}
        self._read = {one.name for one in own}.difference(self._unread)
        self._of_others = {one.name: self._of_other_types(one) for one in SHAPES}

    def listed(
        self, regions: Iterable[str], patterns: Iterable[str]
    ) -> tuple[Resource, ...]:
        """Return the objects of some regions, sorted by ARN and kind.

        Args:
            regions: where the targets are.
            patterns: expanded Resource elements that allow, and NotResource elements
                that deny.
        """
        mentions = [Mention.of(pattern) for pattern in sorted(set(patterns))]
        mentioned = {
            kind: [one.text for one in mentions if one.concerns(kind)]
            for kind in SHAPES
        }
        found: dict[tuple[str, str, str], Resource] = {}
        for region in regions:
            for resource in self._in_region(region, mentioned):
                if resource.arn in self._of_others[resource.kind]:
                    continue
                known = resource.arn, resource.kind, region
                found.setdefault(known, resource)
        nothing = [self._nothing(region) for region in regions]
        in_order = [found[known] for known in sorted(found)]
        return tuple(nothing + list(self._with_twins(in_order)))

    def _with_twins(self, resources: Iterable[Resource]) -> Iterator[Resource]:
        listed = {document.arn for document in self._account.documents}
        for resource in resources:
            yield resource
            whole = resource.region in self._account.documents_complete
            if resource.arn not in listed and not whole and is_owned(resource):
                yield replace(resource, tags=Missing.UNREAD, unlisted=True)

    def _in_region(
        self, region: str, mentioned: Mapping[Kind, list[str]]
    ) -> Iterator[Resource]:
        for kind, patterns in mentioned.items():
            if kind.holder in self._account.listed:
                yield from self._held(kind, region)
                continue
            if kind.documents:
                yield from self._known(kind, region)
                yield from self._named_sessions(kind, region)
                yield self._object(kind, region, "", f"{AWS_PREFIX}{FILLER}", ANY)
            own = self._account.id
            yield self._object(kind, region, own, kind.stand_in, ANY)
            if kind.only:
                continue
            for pattern in patterns:
                yield from self._witnesses(kind, region, pattern)
            yield from self._overlaps(kind, region, patterns)

    def _known(self, kind: Kind, region: str) -> Iterator[Resource]:
        for document in self._account.documents:
            serves = not document.kind or document.kind in kind.documents
            here = serves and document.region == region
            if here and not self._useless(kind, document.name):
                yield self._document(kind, document)

    def _held(self, kind: Kind, region: str) -> Iterator[Resource]:
        """What evidence lists of a kind that must exist already."""
        for holder in self._account.holders:
            if holder.kind == kind.holder and holder.region == region:
                tags = (
                    Missing.UNREAD if holder.tags is None else tags_by_key(holder.tags)
                )
                fixed = self._facts(self._account.id, region)
                yield Resource(holder.arn, kind.name, region, "", tags, fixed)

    def _named_sessions(self, kind: Kind, region: str) -> Iterator[Resource]:
        """The documents with which StartSession runs commands, listed or not."""
        if kind.name != "session-document":
            return
        for name in sorted(self._catalogue.sessions):
            default = name == self._catalogue.default_session
            owner = self._account.id if default else ""
            yield self._object(kind, region, owner, name, name)

    def _witnesses(self, kind: Kind, region: str, pattern: str) -> Iterator[Resource]:
        """What a pattern names that the stand-ins are not: at most one per owner."""
        name = name_in(pattern, kind.prefix)
        if not name.strip("*") and not kind.documents:
            return
        written = as_written(name)
        if "${" in written or self._useless(kind, written):
            return
        for owner in self._owners(kind, pattern):
            standing = concrete(name, kind, owner)
            arn = self._arn(kind, region, owner, standing)
            if may_exist(kind, owner, standing) and names(pattern, arn):
                ours = owner in ("", self._account.id)
                label = written if ours else as_written(pattern)
                one = self._object(kind, region, owner, standing, label)
                yield replace(one, doubt=one.doubt or self._doubt(kind, owner, name))

    def _doubt(self, kind: Kind, owner: str, name: str) -> str:
        """Say why a document that only policies mention may be of no use."""
        if not owner:
            return _UNHEARD if self._unheard(kind, name) else ""
        if not kind.documents or name == self._catalogue.default_session:
            return ""
        if is_plain(name):
            return _UNREAD if self._refused or owner != self._account.id else ""
        fitting = set(filter(glob(name).matches, self._unread))
        all_unread = fitting and not any(map(glob(name).matches, self._read))
        return _UNREAD if all_unread else ""

    def _unheard(self, kind: Kind, name: str) -> bool:
        """Whether a pattern of `AWS-…` fits no document known of the kind's type.

        Names of other beginnings, and of other types, are not known well enough.
        """
        known = {
            "Command": self._catalogue.commands,
            "Session": self._catalogue.sessions,
        }.get(kind.document_type)
        if known is None or is_plain(name) or not name.startswith(AWS_PREFIX):
            return False
        return not any(map(glob(name).matches, known))

    def _overlaps(
        self, kind: Kind, region: str, patterns: list[str]
    ) -> Iterator[Resource]:
        """What two or three patterns all name, where none covers the others."""
        wild = {name_in(pattern, kind.prefix): pattern for pattern in patterns}
        partly = (name for name in sorted(wild) if name.strip("*") and "*" in name)
        for name, named_by in overlaps(tuple(partly)):
            if "${" in name or self._useless(kind, name):
                continue
            texts = [wild[one] for one in named_by]
            owners = {o for text in texts for o in self._owners(kind, text)}
            for owner in sorted(owners):
                found = self._object(kind, region, owner, name, name)
                named = all(names(text, found.arn) for text in texts)
                if named and may_exist(kind, owner, name):
                    doubts = (self._doubt(kind, owner, one) for one in named_by)
                    doubt = found.doubt or next(filter(None, doubts), "")
                    yield replace(found, doubt=doubt)

    def _owners(self, kind: Kind, pattern: str) -> list[str]:
        """The account, AWS, and another account that shares its document."""
        own = [self._account.id]
        if not kind.documents:
            return own
        arn = parse_arn(pattern)
        other = arn.account if arn and is_plain(arn.account) else ""
        return sorted({*own, "", other})

    def _useless(self, kind: Kind, name: str) -> bool:
        return name in self._useless_names[kind.name]

    def _of_other_types(self, kind: Kind) -> frozenset[str]:
        """The known documents that cannot serve as this kind, by ARN.

        AWS's session documents are known by name, whatever is listed.
        """
        return frozenset(
            document.arn
            for document in self._account.documents
            if kind.documents and document.kind
            if document.kind not in kind.documents or forwards(document.content)
            if document.name not in self._catalogue.sessions
        )

    def _document(self, kind: Kind, document: SsmDocument) -> Resource:
        arn = parse_arn(document.arn)
        owner = arn.account if arn else document.owner
        tags = Missing.UNREAD if document.tags is None else tags_by_key(document.tags)
        fixed = self._facts(owner, document.region)
        seen = (document.kind,) if document.kind else Missing.UNREAD
        fixed["ssm:documenttype"] = seen
        readable = document.content is not None or not owner
        known = readable or document.name == self._catalogue.default_session
        return Resource(
            document.arn,
            kind.name,
            document.region,
            document.name,
            tags,
            fixed,
            doubt="" if known else _UNREAD,
        )

    def _object(
        self, kind: Kind, region: str, owner: str, name: str, label: str
    ) -> Resource:
        fixed = self._facts(owner, region)
        if kind.document_type:
            fixed["ssm:documenttype"] = (kind.document_type,)
        tags: dict[str, Seen] | Missing = {} if kind.tags is None else kind.tags
        doubt = _NOT_LISTED if kind.holder else ""
        arn = self._arn(kind, region, owner, name)
        return Resource(arn, kind.name, region, label, tags, fixed, doubt)

    def _arn(self, kind: Kind, region: str, owner: str, name: str) -> str:
        partition = self._account.partition
        place = f"{kind.service}:{region if kind.regional else ''}:{owner}"
        return f"arn:{partition}:{place}:{kind.prefix}{name}"

    def _nothing(self, region: str) -> Resource:
        fixed: dict[str, Seen] = {"aws:requestedregion": (region,)}
        return Resource("*", "nothing", region, fixed=fixed)

    def _facts(self, owner: str, region: str) -> dict[str, Seen]:
        if owner == self._account.id:
            return owner_facts(owner, region, self._member)
        outside = Membership(Missing.UNREAD, Missing.UNREAD)
        return owner_facts(owner or AWS_OWNED, region, outside)
