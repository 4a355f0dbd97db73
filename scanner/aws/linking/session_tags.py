"""Tags of a session: conditions on who asks are met by whoever may choose its tags.

Whoever enters a role and may pass tags (`sts:TagSession`) is joined to what the role
holds with them: any value, or those that trusts and policies let it pass. Tags of a
session hide those of its role. Sessions enter further roles, and tag those too.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product

from scanner.aws.deciding.controls import resource_controls, service_controls
from scanner.aws.iam.conditions import Missing, Seen, variables
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.patterns import is_plain
from scanner.aws.linking.callers import EntryIndex
from scanner.aws.linking.escalating.catalogue import actions
from scanner.aws.linking.hops import MEMBER_OF
from scanner.aws.linking.requests import (
    ANY_TAGS,
    ASSUME,
    TAG,
    Entering,
    Passed,
    tagging,
)
from scanner.aws.linking.rights import Operations, Rights
from scanner.aws.linking.tag_names import (
    RequestTags,
    compared_tags,
    principal_tags,
    variable_tags,
)
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.aws.vectors import catalogue
from scanner.classes import POWER
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Edge

#: A value that no policy names: whoever may pass it may pass any.
_ANY_VALUE = "any-value-at-all"
#: With more sets of values than this, which of them may be passed is left open.
_MOST_CHOICES = 16
_ATTRIBUTES = "which attributes Identity Center passes as tags is not in evidence"
_PRINCIPAL_TAG = "aws:principaltag/"

#: Tags that are passed, with their values; None is any.
_Choice = tuple[tuple[str, str | None], ...]
_Made = Mapping[str, Sequence[Identity]]


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a role with tags.

    Attributes:
        role: the role.
        node: id of what somebody is in it.
        entering: the requests that it takes.
        free: its tags are all of any value.
    """

    role: Identity
    node: str
    entering: Entering
    free: bool


class Sessions:
    """Finds what roles hold with tags of their sessions.

    `all` lists the sessions that hold more or other than the role does.
    """

    def __init__(self, estate: AwsEstate, index: EntryIndex) -> None:
        """Remember the estate and its documents."""
        self._estate, self._index = estate, index
        self._identities: dict[str, Identity] = {}
        self._named: dict[object, str] = {}

    @cached_property
    def all(self) -> tuple[Session, ...]:
        """Every session of interest, role by role."""
        return tuple(
            session
            for account in self._estate.accounts.values()
            for session in self._in_account(account)
        )

    def found(self, nodes: Iterable[str]) -> _Made:
        """Return what somebody is in some sessions, by account."""
        made: defaultdict[str, list[Identity]] = defaultdict(list)
        for node in sorted(nodes):
            made[self._identities[node].principal.scope].append(self._identities[node])
        return made

    def by_attributes(self, known: Iterable[Edge]) -> Iterator[Edge]:
        """Yield the sessions of people of Identity Center, tagged by attributes.

        Args:
            known: the hops found so far.
        """
        free = {
            one.role.principal.id: one.node
            for one in self.all
            if one.free and one.role.permission_set
        }
        for edge in known if free else ():
            if edge.kind == MEMBER_OF and edge.target in free:
                yield replace(
                    edge,
                    target=free[edge.target],
                    confidence=Confidence.INFERRED,
                    reasons=(*edge.reasons, _ATTRIBUTES),
                )

    def _in_account(self, account: AwsAccount) -> Iterator[Session]:
        roles = [one for one in account.identities if self._tagged(one)]
        shared = self._of_everybody(account) if roles else frozenset()
        rights: Rights | None = None
        for role in roles:
            wanted = shared | self._asked_of(role)
            if wanted:
                rights = rights or Rights(self._estate, account, self._operations)
                for choice, entering in self._choices(role, wanted):
                    node = self._node(rights, role, choice)
                    if node is not None:
                        free = all(value is None for _, value in choice)
                        yield Session(role, node, entering, free)

    def _tagged(self, role: Identity) -> bool:
        """Tell whether the trust of a role lets anybody pass tags."""
        trust = None if role.service_linked else role.trust
        return trust is not None and self._index.of(trust).tagging

    # ---- which tags matter ----

    def _of_everybody(self, account: AwsAccount) -> frozenset[str]:
        """Return the tags that control policies ask of everybody in an account."""
        levels = service_controls(self._estate, account)
        return _united(principal_tags(p.document) for level in levels for p in level)

    def _asked_of(self, role: Identity) -> frozenset[str]:
        """Return the tags that what a role has, or may enter, asks of it."""
        limit = (role.boundary,) if role.boundary else ()
        own = [one.document for one in (*role.policies, *limit)]
        found = _united(map(principal_tags, own))
        enters = any(self._index.of(one).patterns for one in own)
        for trust in self._asking_trusts:
            if enters or role.principal.id in trust.text:
                found |= principal_tags(trust)
        return found

    @cached_property
    def _asking_trusts(self) -> tuple[PolicyDocument, ...]:
        """Trust and resource control policies that name tags of who asks."""
        accounts = self._estate.accounts.values()
        found = [one.trust for each in accounts for one in each.identities if one.trust]
        for account in accounts:
            levels = resource_controls(self._estate, account)
            found += [one.document for level in levels for one in level]
        return tuple(one for one in dict.fromkeys(found) if principal_tags(one))

    # ---- which of them may be passed ----

    def _choices(
        self, role: Identity, wanted: frozenset[str]
    ) -> Iterator[tuple[_Choice, Entering]]:
        """Yield sets of tags with the requests that pass them."""
        tags = sorted(wanted)
        options = [list(self._values(tag)) for tag in tags]
        if self._requests.keys and len(tags) > 1:
            options = [[*each, False] for each in options]
        count = 1
        for each in options:
            count *= len(each)
        if count > _MOST_CHOICES or any(Missing.REQUEST in each for each in options):
            yield tuple((tag, None) for tag in tags), tagging([ANY_TAGS])
            return
        for values in product(*options):
            chosen = tuple(
                (tag, value)
                for tag, value in zip(tags, values, strict=True)
                if value is None or isinstance(value, str)
            )
            if chosen:
                yield chosen, self._entering(role, chosen)

    def _values(self, tag: str) -> Iterator[str | bool | Missing | None]:
        """Yield values of a tag worth passing: any, and those that policies name."""
        yield None
        named: dict[str, None] = {}
        for value in self._requests.values.get(tag, ()):
            found = self._meant(tag, value)
            if found is None:
                yield Missing.REQUEST
                return
            named |= dict.fromkeys(found)
        yield from sorted(named)

    def _meant(self, tag: str, value: str) -> Iterable[str] | None:
        """Return the values that a text to compare with stands for; None for others."""
        keys = [key.lower() for key in variables(value)]
        if not all(key.startswith(_PRINCIPAL_TAG) for key in keys):
            return None
        if keys:
            tags = (key.removeprefix(_PRINCIPAL_TAG) for key in keys)
            return [one for each in tags for one in self._held(each)]
        if is_plain(value):
            return [value]
        if value != "*" and tag in self._variable:
            return None
        any_ = value.replace("*", "any").replace("?", "x")
        return [any_, *self._compared.get(tag, ())]

    @cached_property
    def _compared(self) -> Mapping[str, Iterable[str]]:
        """What any policy compares tags of who asks with."""
        return compared_tags(self._documents)

    @cached_property
    def _variable(self) -> frozenset[str]:
        """Tags of who asks that any policy compares others with."""
        return _united(map(variable_tags, self._documents))

    def _held(self, tag: str) -> dict[str, None]:
        """Return the values of a tag that identities have."""
        everybody = (
            one for each in self._estate.accounts.values() for one in each.identities
        )
        return {
            value: None
            for one in everybody
            for key, value in one.tags
            if key.lower() == tag
        }

    def _entering(self, role: Identity, choice: _Choice) -> Entering:
        """Return the requests that pass some tags: alone, or with others asked for."""
        trust = (role.trust,) if role.trust else ()
        others = RequestTags(trust).values.keys(), self._requests.values.keys()
        chosen = {tag for tag, _ in choice}
        values: list[tuple[str, Seen]] = [
            (tag, (_ANY_VALUE if value is None else value,)) for tag, value in choice
        ]
        ways: dict[Passed, None] = {}
        for more in ([], *(sorted(each - chosen) for each in others)):
            also: list[tuple[str, Seen]] = [(tag, Missing.REQUEST) for tag in more]
            keys = self._requests.named((*sorted(chosen), *more))
            ways[Passed((*values, *also), Missing.ABSENT, keys)] = None
        return tagging(ways)

    @cached_property
    def _requests(self) -> RequestTags:
        """What any document says about tags that entries pass."""
        return RequestTags(
            one for one in self._documents if self._index.of(one).by_tags
        )

    @cached_property
    def _documents(self) -> Iterable[PolicyDocument]:
        documents: dict[PolicyDocument, None] = {}
        for account in self._estate.accounts.values():
            for one in account.identities:
                limit = (one.boundary,) if one.boundary else ()
                documents |= {p.document: None for p in (*one.policies, *limit)}
                if one.trust is not None:
                    documents[one.trust] = None
            for controls in (service_controls, resource_controls):
                levels = controls(self._estate, account)
                documents |= {p.document: None for level in levels for p in level}
        return documents

    # ---- what a session holds ----

    @cached_property
    def _operations(self) -> Operations:
        return Operations(
            tuple(dict.fromkeys((*catalogue().actions, *actions(), ASSUME, TAG)))
        )

    def _node(self, rights: Rights, role: Identity, choice: _Choice) -> str | None:
        """Return what somebody is in a session; None where that is the role."""
        made = replace(role, session_tags=choice)
        power = rights.power(made)
        enters = self._enters(role)
        if power == rights.power(role) and not enters:
            return None
        # A trust may name the role as well as its tags.
        like = rights.account.id, power, (role.principal.id, choice) if enters else ""
        if like not in self._named:
            made = replace(made, alone=enters)
            self._named[like] = self._make(rights.account, made, choice)
        return self._named[like]

    def _enters(self, role: Identity) -> bool:
        """Tell whether a role enters others that ask for tags of who asks."""
        asking = self._asking_trusts
        able = any(self._index.of(one.document).patterns for one in role.policies)
        return any(able or role.principal.id in one.text for one in asking)

    def _make(self, account: AwsAccount, made: Identity, choice: _Choice) -> str:
        number = len(self._identities) + 1
        arn = f"arn:{account.partition}:iam::{account.id}:*#session-tags-{number}"
        named = self._requests.named(tag for tag, _ in choice)
        tags = (
            f"{tag} of its choice" if value is None else f"{tag}={value}"
            for tag, (_, value) in zip(named, choice, strict=True)
        )
        name = f"{made.principal.name} in a session tagged with {', '.join(tags)}"
        principal = Principal(Provider.AWS, arn, name, POWER, False, account.id)
        self._identities[arn] = replace(
            made,
            principal=principal,
            known_as=made.known,
            trust=None,
            permission_set=None,
        )
        return arn


def _united(found: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*found)
