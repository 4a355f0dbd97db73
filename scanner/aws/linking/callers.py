"""Whose own policies may let them enter roles: callers by the resources they name.

A trust in a whole account is decided by that account's identities. They are found by
the resource patterns of their `sts:AssumeRole` statements, never by trying everybody,
and those that nothing tells apart share one answer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.patterns import is_plain
from scanner.aws.iam.statements import names_action
from scanner.aws.linking.globs import Globs
from scanner.aws.model import Attached, Identity

ASSUME = "sts:AssumeRole"
#: Keys by which an answer differs between principals, and between roles, of an account.
_OF_PRINCIPAL = ("aws:principalarn", "aws:principaltag", "aws:userid", "aws:username")
_OF_ROLE = ("aws:resourcetag", "iam:resourcetag")
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
    """

    bears: bool
    patterns: frozenset[str]
    compared: frozenset[str]
    cut: frozenset[str] = frozenset()
    by_principal: bool = False
    by_role: bool = False


def entries_of(document: PolicyDocument) -> Entries:
    """Gather what a document says about `sts:AssumeRole`."""
    if document.problem:
        return Entries(True, frozenset({_ANY}), frozenset())
    found = [each for each in document.statements if names_action(each, ASSUME)]
    allows = [each for each in found if each.effect == "Allow"]
    return Entries(
        bears=bool(found),
        patterns=frozenset(p for each in allows for p in _lookup(each)),
        compared=frozenset(p for each in found for p in _elements(each)),
        cut=frozenset(p for each in found for p in _cutting(each)),
        by_principal=any(_mentions(each, _OF_PRINCIPAL) for each in found),
        by_role=any(_mentions(each, _OF_ROLE) or _varies(each) for each in found),
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

    def of(self, document: PolicyDocument) -> Entries:
        """Return what a document says about entering roles."""
        found = self._of.get(document)
        if found is None:
            found = self._of[document] = entries_of(document)
        return found

    def compared(self) -> frozenset[str]:
        """Return every pattern by which a document that was asked for tells roles."""
        found = (entries.compared for entries in self._of.values())
        return frozenset(pattern for patterns in found for pattern in patterns)

    def bearing(self, policies: Iterable[Attached]) -> tuple[Attached, ...]:
        """Return the policies that say anything about entering roles."""
        return tuple(each for each in policies if self.of(each.document).bears)


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity with what its own side says about entering roles.

    Attributes:
        identity: with the policies that bear on it only.
        group: equal for callers that no policy tells apart.
        named, cut: the roles that its policies name one by one, and take out.
        by_role: its policies tell roles apart otherwise than by name.
        sources: where each of its policies is attached, by document.
    """

    identity: Identity
    group: object
    named: frozenset[str]
    cut: frozenset[str]
    by_role: bool
    sources: Mapping[PolicyDocument, str]


class Callers:
    """The identities of one account, by the roles that their policies may name."""

    def __init__(self, identities: Iterable[Identity], index: EntryIndex) -> None:
        """Index the identities; the root user cannot enter roles and is left out."""
        self._index = index
        self.by_arn: dict[str, Caller] = {}
        self._by_pattern: defaultdict[str, list[str]] = defaultdict(list)
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        for identity in identities:
            if identity.principal.kind != "root":
                self._add(identity)
        self._globs = Globs(p for p in self._by_pattern if not is_plain(p))

    def by_globs(self, role: str) -> Iterator[Caller]:
        """Yield the callers that a pattern lets enter a role, with others like it."""
        lists = (self._by_pattern[pattern] for pattern, _ in self._globs.naming(role))
        for arn in dict.fromkeys(arn for found in lists for arn in found):
            yield self.by_arn[arn]

    def by_name(self, role: str) -> Iterator[Caller]:
        """Yield the callers whose policies name exactly this role."""
        for arn in self._by_name.get(role, ()):
            yield self.by_arn[arn]

    def _add(self, identity: Identity) -> None:
        arn = identity.principal.id
        bearing = self._index.bearing(identity.policies)
        entries = [self._index.of(each.document) for each in bearing]
        self.by_arn[arn] = caller = self._caller(identity, bearing)
        for role in caller.named:
            self._by_name[role].append(arn)
        patterns = {pattern for each in entries for pattern in each.patterns}
        if identity.unread:
            patterns.add(_ANY)
        for pattern in patterns:
            self._by_pattern[pattern].append(arn)

    def _caller(self, identity: Identity, bearing: tuple[Attached, ...]) -> Caller:
        boundary = identity.boundary.document if identity.boundary else None
        documents = frozenset(each.document for each in bearing)
        said = [self._index.of(one) for one in (*documents, boundary) if one]
        unread = (identity.unread, identity.unread_boundary)
        kind, linked = identity.principal.kind, identity.service_linked
        group: object = (kind, documents, boundary, unread, linked)
        if any(one.by_principal for one in said):
            group = identity.principal.id
        return Caller(
            identity=replace(identity, policies=bearing),
            group=group,
            named=frozenset(p for one in said for p in one.compared if is_plain(p)),
            cut=frozenset(p for one in said for p in one.cut if is_plain(p)),
            by_role=any(one.by_role for one in said),
            sources={each.document: each.source for each in bearing},
        )
