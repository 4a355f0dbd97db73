"""Principal tags that somebody sets: conditions on them are met by whoever may tag.

Access by attribute is only as strong as the right to tag who asks. Whoever tags an
identity that it is, or becomes, is joined to what that identity holds with any tags.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from scanner.aws.deciding.controls import service_controls
from scanner.aws.deciding.facts import Resource, owner_facts, tags_by_key
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.formulas import Formula, settle
from scanner.aws.linking.hops import after, settled_edge
from scanner.aws.linking.requests import ASSUME
from scanner.aws.linking.rights import Operations, Rights, is_everything
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity
from scanner.aws.vectors import Step, catalogue
from scanner.classes import CLASS_PREFIX, POWER
from scanner.estate import Principal, Provider
from scanner.grants import Edge, Verdict, ones

_BECOMES = "can-become"
_WORD = "principaltag/"
_KEYS = frozenset(
    {"aws:resourcetag", "iam:resourcetag", "aws:requesttag", "aws:tagkeys"}
)
_WAYS = tuple(
    Step(f"iam:Tag{kind.title()}", (kind,), _KEYS) for kind in ("user", "role")
)
_ACTIONS = tuple(step.action for step in _WAYS)


@dataclass(frozen=True, slots=True)
class _Account:
    """Identities that may gain by other tags, in the order of their bits.

    `made`: what those are with any tags that somebody may set, by all that they rest
    on; `entering`: ARNs of those that enter roles by their tags; `places`: their bits;
    `known`: what each of them is found to be.
    """

    rights: Rights
    effects: Effects
    identities: tuple[Identity, ...]
    entering: frozenset[str]
    places: Mapping[str, int]
    made: dict[object, str] = field(default_factory=dict)
    known: dict[str, str | None] = field(default_factory=dict)


class _Ways:
    """Whom sources become by one hop, through nodes that stand for many or not."""

    def __init__(self, hops: Mapping[str, Sequence[Edge]]) -> None:
        self._hops = hops
        self._through: dict[str, int] = {}
        self._known: dict[str, dict[str, Edge]] = {}

    def entered(self, source: str, places: Mapping[str, int]) -> int:
        """Return the places of those that a source becomes; always the same places."""
        found = 0
        for edge in self._hops.get(source, ()):
            at = edge.target
            found |= places.get(at, 0)
            if at.startswith(CLASS_PREFIX):
                if at not in self._through:
                    self._through[at] = 0  # a node that leads back to itself adds none
                    self._through[at] = self.entered(at, places)
                found |= self._through[at]
        return found

    def nearest(self, source: str, wanted: Sequence[str]) -> tuple[Edge, ...]:
        """Return the fewest hops to any of some that a source becomes."""
        level: list[tuple[Edge, ...]] = [()]
        seen = {source}
        while level:
            ends = [self._ends(hops[-1].target if hops else source) for hops in level]
            for arn in wanted:
                for hops, led in zip(level, ends, strict=True):
                    if arn in led:
                        return (*hops, led[arn])
            seen.update(hops[-1].target for hops in level if hops)
            level = [
                (*hops, edge)
                for hops, led in zip(level, ends, strict=True)
                for at, edge in led.items()
                if at.startswith(CLASS_PREFIX) and at not in seen
            ]
        return ()

    def _ends(self, at: str) -> Mapping[str, Edge]:
        """Return the first hop to each that one leads to."""
        found = self._known.get(at)
        if found is None:
            found = self._known[at] = {}
            for edge in self._hops.get(at, ()):
                found.setdefault(edge.target, edge)
        return found


@dataclass
class Retagged:
    """Finds who gains by tagging identities.

    What it names fills while `edges` runs.

    Attributes:
        made: what identities could become, by account.
    """

    estate: AwsEstate
    principals: list[Principal] = field(default_factory=list)
    made: dict[str, list[Identity]] = field(default_factory=dict)

    def edges(self, known: Sequence[Edge]) -> Iterator[Edge]:
        """Yield a hop from everybody who may to what it then is.

        Args:
            known: the hops found so far.
        """
        operations = Operations((*catalogue().actions, ASSUME, *_ACTIONS))
        by_trust = any(
            one.trust is not None and _WORD in one.trust.text.lower()
            for account in self.estate.accounts.values()
            for one in account.identities
        )
        tagging = operations.bits(*_ACTIONS)
        accounts = []
        for each in self.estate.accounts.values():
            rights = Rights(self.estate, each, operations)
            gaining = self._in_account(rights, operations, by_trust)
            if gaining is not None:
                accounts.append(gaining)
        if not accounts:
            return
        hops = _by_source(known)
        for account in accounts:
            ways = _Ways(hops)
            for power, identities in account.rights.holders(tagging).items():
                whole = any(map(is_everything, power.identity))
                for step in _WAYS:
                    part = power.about(operations.bits(step.action))
                    cells = account.effects.of(part, step).granted
                    for formula, bits in cells.items():
                        for one in identities:
                            may = _own(account, one, bits) if whole else bits
                            granted = formula, may, step
                            yield from self._tagged(account, one, part, granted, ways)

    def _tagged(
        self,
        account: _Account,
        one: Identity,
        power: Power,
        granted: tuple[Formula, int, Step],
        ways: _Ways,
    ) -> Iterator[Edge]:
        formula, bits, step = granted
        settled, source = settle(formula), one.principal.id
        space = account.effects.space
        bits &= space.of_kind(step.needs[0])
        if settled.verdict is Verdict.DENIED or not bits:
            return
        members: defaultdict[str, set[str]] = defaultdict(set)
        reached = _own(account, one, bits) | ways.entered(source, account.places)
        for n in ones(bits & reached):
            target = self._with_tags(account, account.identities[n])
            if target is not None:
                members[target].add(account.identities[n].principal.id)
        because = account.rights.because(one, frozenset(power.rules)) if members else ()
        for target, holders in members.items():
            last = settled_edge(_BECOMES, source, target, settled, because)
            if source in holders:
                yield last
                continue
            hops = ways.nearest(source, sorted(holders))
            why = (*because, *(w for hop in hops for w in hop.because))
            yield after(hops, replace(last, because=tuple(dict.fromkeys(why))))

    def _in_account(
        self, rights: Rights, operations: Operations, by_trust: bool
    ) -> _Account | None:
        account = rights.account
        everybody = any(
            _about_tags(one)
            for level in service_controls(self.estate, account)
            for one in level
        )
        gaining = operations.bits(*catalogue().actions, ASSUME)
        found: list[Identity] = []
        entering: set[str] = set()
        for one in account.identities:
            able = rights.allowed(one) if one.principal.kind in ("user", "role") else 0
            enters = by_trust and able & operations.bits(ASSUME)
            if one.service_linked or not able & gaining:
                continue
            if enters:
                entering.add(one.principal.id)
            if everybody or enters or _names_tags(one):
                found.append(one)
        if not found:
            return None
        space = Space([_resource(rights, one) for one in found])
        places = {one.principal.id: 1 << n for n, one in enumerate(found)}
        enter = frozenset(entering)
        return _Account(rights, Effects(space), tuple(found), enter, places)

    def _with_tags(self, account: _Account, one: Identity) -> str | None:
        """Return what an identity is with any tags, or None where that is the same."""
        if one.principal.id not in account.known:
            account.known[one.principal.id] = self._retagged(account, one)
        return account.known[one.principal.id]

    def _retagged(self, account: _Account, one: Identity) -> str | None:
        free, rights = replace(one, free_tags=True), account.rights
        power, enters = rights.power(free), one.principal.id in account.entering
        if power == rights.power(one) and not enters:
            return None
        # A trust may name the identity as well as its tags.
        like = power, one.principal.id if enters else ""
        if like not in account.made:
            number = len(account.made) + 1
            free = replace(free, alone=enters)
            account.made[like] = self._made(rights.account, free, number)
        return account.made[like]

    def _made(self, account: AwsAccount, free: Identity, number: int) -> str:
        arn = f"arn:{account.partition}:iam::{account.id}:*#own-tags-{number}"
        name = f"{free.principal.name} with principal tags of its choice"
        principal = Principal(Provider.AWS, arn, name, POWER, False, account.id)
        self.principals.append(principal)
        one = replace(
            free,
            principal=principal,
            known_as=free.known,
            trust=None,
            permission_set=None,
        )
        self.made.setdefault(account.id, []).append(one)
        return arn


def _by_source(edges: Sequence[Edge]) -> Mapping[str, Sequence[Edge]]:
    found: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        if edge.verdict is not Verdict.DENIED:
            found[edge.source].append(edge)
    return found


def _resource(rights: Rights, one: Identity) -> Resource:
    facts = owner_facts(rights.account.id, "", rights.member)
    fixed = {key: seen for key, seen in facts.items() if not key.endswith("region")}
    tags = tags_by_key(one.tags) if one.tags_known else Missing.NOT_COLLECTED
    return Resource(one.principal.id, one.principal.kind, "", "", tags, fixed)


def _names_tags(identity: Identity) -> bool:
    limit = (identity.boundary,) if identity.boundary else ()
    return any(_about_tags(one) for one in (*identity.policies, *limit))


def _about_tags(attached: Attached) -> bool:
    return _WORD in attached.document.text.lower()


def _own(account: _Account, one: Identity, bits: int) -> int:
    """Return an identity's own bit, if it is among some."""
    # Whoever may do anything has the rest already.
    return bits & account.places.get(one.principal.id, 0)
