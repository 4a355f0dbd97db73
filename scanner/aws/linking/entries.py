"""Deciding entries by halves: what callers may ask, and whom roles let in, apart.

A thousand groups of callers and a thousand classes of roles are a million entries, but
only some thousand halves. Each is judged once, and so is each two that say different
things.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scanner.aws.deciding.controls import (
    Levels,
    resource_controls,
    service_controls,
)
from scanner.aws.deciding.sides import Sides
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.formulas import Settled, all_of, any_of, settle
from scanner.aws.iam.halves import Half, Matched
from scanner.aws.iam.patterns import Match, is_plain
from scanner.aws.linking.callers import (
    Callers,
    Entries,
    EntryIndex,
    Group,
    Member,
)
from scanner.aws.linking.grounds import Ground, grounds_of, own_of
from scanner.aws.linking.requests import EITHER, PLAIN, Entering
from scanner.aws.linking.trusts import names_somebody_else
from scanner.aws.model import AwsAccount, AwsEstate, Identity

NOBODY = PolicyDocument("", "2012-10-17", ())


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """One half of entries, with what it rests on.

    `halves` are of the requests of each way of the entry. `value` is equal for those
    that make the same answers.
    """

    halves: tuple[tuple[Half, ...], ...]
    value: int
    grounds: tuple[Ground, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """A role to enter.

    Attributes:
        role: the identity.
        matching: the patterns of callers' policies that name it, plain ones aside.
        key: equal for roles that neither callers' nor control policies tell apart.
        trust: equal for roles whose own half is the same for the same caller.
        apart: that half tells callers of one account apart.
        entering: the requests that the entry takes.
        target: id of what whoever enters is then: the role, or its session.
    """

    role: Identity
    matching: Mapping[str, Match]
    key: object
    trust: object
    apart: bool
    entering: Entering
    target: str


@dataclass(frozen=True, slots=True)
class _Controls:
    """What an account's SCPs, or RCPs, tell apart, and their patterns."""

    by_principal: bool
    by_role: bool
    by_home: bool
    globs: frozenset[str]


class Halves:
    """Judges halves of entries into roles, and joins them; each thing once."""

    def __init__(self, estate: AwsEstate, index: EntryIndex) -> None:
        """Read every account's control policies."""
        self._sides, self._index = Sides(estate), index
        self._scps: dict[str, _Controls] = {}
        self._rcps: dict[str, _Controls] = {}
        for name, account in estate.accounts.items():
            self._scps[name] = self._read(service_controls(estate, account))
            self._rcps[name] = self._read(resource_controls(estate, account))
        self._values: dict[object, int] = {}
        self._own: dict[object, Judged] = {}
        self._alike: dict[object, Judged] = {}
        self._trust: dict[object, Judged] = {}
        self._settled: dict[object, Settled] = {}
        self._answers: dict[Settled, Settled] = {}

    def tells_apart(self, account: AwsAccount) -> bool:
        """True when the account's SCPs tell its principals apart."""
        return self._scps[account.id].by_principal

    def door(
        self,
        role: Identity,
        matching: Mapping[str, Match],
        session: tuple[str, Entering] | None = None,
    ) -> Door:
        """Return a role with what tells it from others.

        Args:
            role: the role.
            matching: the patterns that name it.
            session: id of a session with tags and the requests for it, where that is
                what is entered.
        """
        home, trust = role.principal.scope, role.trust or NOBODY
        said, rcps = self._index.of(trust), self._rcps[home]
        globs = frozenset(p for p in said.compared if not is_plain(p)) | rcps.globs
        own: object = tuple(sorted(p for p in globs if p in matching))
        alone = said.by_role or _names_roles(said)
        if alone or rcps.by_role:
            own = role.principal.id
        linked = role.service_linked
        target, entering = session or (role.principal.id, self._entering(said))
        return Door(
            role=role,
            matching=matching,
            key=(role.principal.id, entering)
            if alone
            else (home, trust, linked, entering, *matching.items()),
            trust=(home, trust, linked, own, entering),
            apart=said.by_principal or rcps.by_principal or names_somebody_else(trust),
            entering=entering,
            target=target,
        )

    def _entering(self, said: Entries) -> Entering:
        """Return the requests for a role: tags count where they may change anything."""
        return EITHER if said.tagging and self._index.by_tags else PLAIN

    def by_role(self, account: str, home: str) -> bool:
        """True when control policies tell the roles of an account apart for another."""
        return self._scps[account].by_role or self._rcps[home].by_role

    def view(self, callers: Callers, door: Door) -> object:
        """Return what is equal for roles that an account's policies do not tell apart.

        Their names aside.
        """
        scps = self._scps[callers.account]
        globs = (*callers.globs, *scps.globs)
        matching = tuple(door.matching.get(pattern) for pattern in globs)
        by_home = callers.by_home or scps.by_home
        return matching, door.role.principal.scope if by_home else None

    def own(self, group: Group, door: Door) -> Judged:
        """Judge the callers' half of an entry."""
        role = door.role
        scope, home = group.like.principal.scope, role.principal.scope
        scps = self._scps[scope]
        by_name = group.by_role or scps.by_role or role.principal.id in group.named
        if by_name:
            place: object = (group, role.principal.id, door.entering)
        else:
            globs = (*group.globs, *scps.globs)
            matching = tuple(door.matching.get(pattern) for pattern in globs)
            by_home = group.by_home or scps.by_home
            place = (group, matching, home if by_home else None, door.entering)
        found = self._own.get(place)
        if found is None:
            found = self._own[place] = self._judge_own(group, door)
        return found

    def trust(self, group: Group, member: Member | None, door: Door) -> Judged:
        """Judge the role's half of an entry, for all of a group or one member of it."""
        who = group.kind if member is None else member.identity.principal.id
        place = (who, door.trust)
        found = self._trust.get(place)
        if found is None:
            caller = member.identity if member else group.like
            halves = tuple(
                tuple(
                    self._sides.trusts_half(caller, door.role, a.action, a.passed.over)
                    for a in way
                )
                for way in door.entering.ways
            )
            value = self._value(_said(halves))
            grounds = grounds_of(_matched(halves), {})
            same = (door.trust, value, grounds)
            found = self._alike.setdefault(same, Judged(halves, value, grounds))
            self._trust[place] = found
        return found

    def settled(self, own: Judged, trust: Judged, group: Group, door: Door) -> Settled:
        """Join two halves into an answer."""
        like = group.like
        here = like.principal.scope == door.role.principal.scope
        place = (own.value, trust.value, here, like.principal.kind)
        found = self._settled.get(place)
        if found is None:
            ways = any_of(
                all_of(
                    self._sides.joined(ours, theirs, like, door.role).formula
                    for ours, theirs in zip(*each, strict=True)
                )
                for each in zip(own.halves, trust.halves, strict=True)
            )
            whole = settle(ways)
            # One object for equal answers, so that they are told apart by identity.
            found = self._answers.setdefault(whole, whole)
            self._settled[place] = found
        return found

    def _judge_own(self, group: Group, door: Door) -> Judged:
        """Judge a callers' half; equal ones are one, so that what they share is."""
        like, role = group.like, door.role
        halves = tuple(
            tuple(
                self._sides.callers_half(like, role, a.action, a.passed.over)
                for a in way
            )
            for way in door.entering.ways
        )
        # What is missing of an account's identities is part of what they may.
        value = self._value((_said(halves), self._sides.doubt(like)))
        grounds = grounds_of(_matched(halves), group.members[0].sources)
        place = (group, value, own_of(grounds))
        return self._alike.setdefault(place, Judged(halves, value, grounds))

    def _value(self, said: object) -> int:
        return self._values.setdefault(said, len(self._values))

    def _read(self, levels: Levels) -> _Controls:
        said = [self._index.of(each.document) for level in levels for each in level]
        return _Controls(
            by_principal=any(one.by_principal for one in said),
            by_role=any(one.by_role or _names_roles(one) for one in said),
            by_home=any(one.by_home for one in said),
            globs=frozenset(p for one in said for p in one.compared),
        )


def _said(halves: tuple[tuple[Half, ...], ...]) -> object:
    return tuple(tuple(half.value for half in way) for way in halves)


def _matched(halves: tuple[tuple[Half, ...], ...]) -> tuple[Matched, ...]:
    """Return the statements of all requests, each once."""
    found = {
        (one.layer, one.because): one
        for way in halves
        for h in way
        for one in h.matched
    }
    return tuple(found.values())


def _names_roles(said: Entries) -> bool:
    return any(is_plain(pattern) for pattern in said.compared)
