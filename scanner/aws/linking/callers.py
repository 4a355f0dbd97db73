"""Whose own policies may let them enter roles: callers by the resources they name.

A trust in a whole account is decided by that account's identities. They are found by
the resource patterns of their `sts:AssumeRole` statements, never by trying everybody,
and those that nothing tells apart share one answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.aws.deciding.controls import binds
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.patterns import is_plain
from scanner.aws.iam.statements import names_action
from scanner.aws.linking.requests import ASSUME, OF_TAGS, TAG
from scanner.aws.model import Attached, Identity

#: Keys by which an answer differs between principals, and between roles, of an account.
_OF_PRINCIPAL = ("aws:principalarn", "aws:principaltag", "aws:userid", "aws:username")
_OF_ROLE = ("aws:resourcetag", "iam:resourcetag")
#: Keys by which it differs between the accounts of roles.
_OF_HOME = ("aws:resourceaccount", "aws:resourceorg")
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Entries:
    """What one document says about entering roles.

    Attributes:
        bears: it allows, denies, or cannot be read.
        patterns: Resource elements of its allows; `*` stands for those that cannot be
            looked up (NotResource, variables, an unreadable document).
        compared: all its Resource and NotResource elements, which tell roles apart.
        cut: those by which it takes roles out: of denies, and NotResource.
        by_principal, by_role: its answer differs between principals, or roles, that
            the elements do not tell apart.
        by_home: its answer differs between the accounts of roles.
        by_tags: its answer differs between requests that pass tags, and others.
        tagging: it allows passing tags.
    """

    bears: bool
    patterns: frozenset[str]
    compared: frozenset[str]
    cut: frozenset[str] = frozenset()
    by_principal: bool = False
    by_role: bool = False
    by_home: bool = False
    by_tags: bool = False
    tagging: bool = False


def entries_of(document: PolicyDocument) -> Entries:
    """Gather what a document says about `sts:AssumeRole`, and tags passed by it."""
    if document.problem:
        return Entries(True, frozenset({_ANY}), frozenset())
    entering = [each for each in document.statements if names_action(each, ASSUME)]
    allows = [each for each in entering if each.effect == "Allow"]
    tagging = [each for each in document.statements if names_action(each, TAG)]
    found = [*entering, *(each for each in tagging if each not in entering)]
    return Entries(
        bears=bool(found),
        patterns=frozenset(p for each in allows for p in _lookup(each)),
        compared=frozenset(p for each in found for p in _elements(each)),
        cut=frozenset(p for each in found for p in _cutting(each)),
        by_principal=any(_mentions(each, _OF_PRINCIPAL) for each in found),
        by_role=any(_mentions(each, _OF_ROLE) or _varies(each) for each in found),
        by_home=any(_mentions(each, _OF_HOME) for each in found),
        by_tags=any(_mentions(each, OF_TAGS) for each in found),
        tagging=any(each.effect == "Allow" for each in tagging),
    )


def _elements(statement: Statement) -> tuple[str, ...]:
    return (*(statement.resources or ()), *(statement.not_resources or ()))


def _cutting(statement: Statement) -> tuple[str, ...]:
    denied = statement.resources if statement.effect == "Deny" else ()
    return (*(denied or ()), *(statement.not_resources or ()))


def _lookup(statement: Statement) -> Iterator[str]:
    if statement.resources is None:
        yield _ANY
    for pattern in statement.resources or ():
        yield _ANY if "${" in pattern else pattern


def _mentions(statement: Statement, words: tuple[str, ...]) -> bool:
    """True when a condition, or a variable, rests on a key of this sort."""
    texts = [key for _, key, _ in statement.conditions]
    texts += [v for _, _, values in statement.conditions for v in values if "${" in v]
    texts += [each for each in _elements(statement) if "${" in each]
    return any(word in text.lower() for text in texts for word in words)


def _varies(statement: Statement) -> bool:
    return any("${" in element for element in _elements(statement))


class EntryIndex:
    """Remembers what each distinct document says, whoever it is attached to."""

    def __init__(self) -> None:
        self._of: dict[PolicyDocument, Entries] = {}
        #: Some document that was asked for tells requests by their tags.
        self.by_tags = False

    def of(self, document: PolicyDocument) -> Entries:
        """Return what a document says about entering roles."""
        found = self._of.get(document)
        if found is None:
            found = self._of[document] = entries_of(document)
            self.by_tags = self.by_tags or found.by_tags
        return found

    def compared(self) -> frozenset[str]:
        """Return every pattern by which a document that was asked for tells roles."""
        found = (entries.compared for entries in self._of.values())
        return frozenset(pattern for patterns in found for pattern in patterns)

    def bearing(self, policies: Iterable[Attached]) -> tuple[Attached, ...]:
        """Return the policies that say anything about entering roles."""
        return tuple(each for each in policies if self.of(each.document).bears)


@dataclass(frozen=True, eq=False, slots=True)
class Member:
    """One identity of a group, with where it has each of the documents attached."""

    identity: Identity
    sources: Mapping[PolicyDocument, str]


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """Identities of one account that no policy of theirs tells apart as callers.

    Attributes:
        like: one of them, with the policies that bear on entering roles only.
        members: all of them.
        named, cut: the roles that their policies name one by one, and take out.
        kind: equal for groups that no trust policy tells apart, names aside.
        globs: the other patterns by which their policies tell roles apart.
        by_role: their policies tell roles apart otherwise than by name.
        by_home: they tell the accounts of roles apart.
    """

    like: Identity
    members: list[Member]
    kind: object
    named: frozenset[str]
    cut: frozenset[str]
    globs: frozenset[str]
    by_role: bool
    by_home: bool


class Callers:
    """The identities of one account, by the roles that their policies may name.

    Attributes:
        account: its id.
        globs, by_home, by_role: those of its groups together.
    """

    def __init__(
        self,
        account: str,
        identities: Iterable[Identity],
        index: EntryIndex,
        apart: bool,
    ) -> None:
        """Index the identities; the root user cannot enter roles and is left out.

        Args:
            account: its id.
            identities: of the account.
            index: of documents, shared by all accounts.
            apart: control policies tell the account's principals apart.
        """
        self.account = account
        self._index, self._apart = index, apart
        self._groups: dict[object, Group] = {}
        self._of: defaultdict[str, list[tuple[Group, Member]]] = defaultdict(list)
        self._by_pattern: defaultdict[str, dict[Group, None]] = defaultdict(dict)
        self._by_name: defaultdict[str, dict[Group, None]] = defaultdict(dict)
        for identity in identities:
            if identity.principal.kind != "root":
                self._add(identity)
        self.globs = frozenset(p for each in self.groups for p in each.globs)
        self.by_home = any(each.by_home for each in self.groups)
        self.by_role = any(each.by_role for each in self.groups)

    @property
    def groups(self) -> Iterable[Group]:
        """Every group."""
        return self._groups.values()

    @property
    def patterns(self) -> Iterable[str]:
        """The patterns by which policies let somebody enter roles."""
        return self._by_pattern.keys()

    def of(self, arn: str) -> Sequence[tuple[Group, Member]]:
        """Return an identity as a member of its group, or whatever it could be."""
        return self._of.get(arn, ())

    def ending(self, text: str) -> Iterable[str]:
        """Return the ARNs of identities that end in a text."""
        return (each for each in self._of if each.endswith(text))

    def by_globs(self, patterns: Iterable[str]) -> Iterator[Group]:
        """Yield the groups that any of some patterns, not plain, lets enter roles."""
        for pattern in patterns:
            yield from self._by_pattern.get(pattern, ())

    def by_name(self, role: str) -> Iterable[Group]:
        """Return the groups whose policies name exactly this role."""
        return self._by_name.get(role, ())

    def _add(self, identity: Identity) -> None:
        bearing = self._index.bearing(identity.policies)
        boundary = identity.boundary.document if identity.boundary else None
        documents = frozenset(each.document for each in bearing)
        said = [self._index.of(one) for one in (*documents, boundary) if one]
        unread = (identity.unread, identity.unread_boundary)
        kind, linked = (
            identity.principal.kind,
            (identity.service_linked, binds(identity)),
        )
        key: object = (kind, documents, boundary, unread, linked)
        if self._apart or any(one.by_principal for one in said):
            key = identity.principal.id
        if key not in self._groups:
            like = replace(identity, policies=bearing)
            self._groups[key] = _group(like, said)
            self._look_up(
                self._groups[key], [self._index.of(each) for each in documents]
            )
        sources = {each.document: each.source for each in bearing}
        member, group = Member(identity, sources), self._groups[key]
        group.members.append(member)
        who = identity.known if identity.alone else identity.principal
        self._of[who.id].append((group, member))

    def _look_up(self, group: Group, allowing: Iterable[Entries]) -> None:
        patterns = {pattern for each in allowing for pattern in each.patterns}
        if group.like.unread:
            patterns.add(_ANY)
        for role in group.named:
            self._by_name[role][group] = None
        for pattern in sorted(patterns):
            if not is_plain(pattern):
                self._by_pattern[pattern][group] = None


def _group(like: Identity, said: Iterable[Entries]) -> Group:
    compared = {pattern for one in said for pattern in one.compared}
    named = frozenset(filter(is_plain, compared))
    return Group(
        like=like,
        members=[],
        kind=_kind(like),
        named=named,
        cut=frozenset(p for one in said for p in one.cut if is_plain(p)),
        globs=frozenset(compared - named),
        by_role=any(one.by_role for one in said),
        by_home=any(one.by_home for one in said),
    )


def _kind(like: Identity) -> object:
    ceiling = like.boundary is not None or like.unread_boundary
    return like.principal.scope, like.principal.kind, ceiling, binds(like)
