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
from scanner.aws.iam.formulas import Settled
from scanner.aws.iam.halves import Half
from scanner.aws.iam.patterns import Match, is_plain
from scanner.aws.linking.callers import (
    ASSUME,
    Callers,
    Entries,
    EntryIndex,
    Group,
    Member,
)
from scanner.aws.linking.grounds import Ground, grounds_of, own_of
from scanner.aws.linking.trusts import names_somebody_else
from scanner.aws.model import AwsAccount, AwsEstate, Identity

NOBODY = PolicyDocument("", "2012-10-17", ())


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """One half of entries, with what it rests on.

    `value` is equal for halves that make the same answers.
    """

    half: Half
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
    """

    role: Identity
    matching: Mapping[str, Match]
    key: object
    trust: object
    apart: bool


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

    def door(self, role: Identity, matching: Mapping[str, Match]) -> Door:
        """Return a role with what tells it from others."""
        home, trust = role.principal.scope, role.trust or NOBODY
        said, rcps = self._index.of(trust), self._rcps[home]
        globs = frozenset(p for p in said.compared if not is_plain(p)) | rcps.globs
        own: object = tuple(sorted(p for p in globs if p in matching))
        alone = said.by_role or _names_roles(said)
        if alone or rcps.by_role:
            own = role.principal.id
        linked = role.service_linked
        return Door(
            role=role,
            matching=matching,
            key=role.principal.id
            if alone
            else (home, trust, linked, *matching.items()),
            trust=(home, trust, linked, own),
            apart=said.by_principal or rcps.by_principal or names_somebody_else(trust),
        )

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
            place: object = (group, role.principal.id)
        else:
            globs = (*group.globs, *scps.globs)
            matching = tuple(door.matching.get(pattern) for pattern in globs)
            by_home = group.by_home or scps.by_home
            place = (group, matching, home if by_home else None)
        found = self._own.get(place)
        if found is None:
            found = self._own[place] = self._judge_own(group, role)
        return found

    def trust(self, group: Group, member: Member | None, door: Door) -> Judged:
        """Judge the role's half of an entry, for all of a group or one member of it."""
        who = group.kind if member is None else member.identity.principal.id
        place = (who, door.trust)
        found = self._trust.get(place)
        if found is None:
            caller = member.identity if member else group.like
            half = self._sides.trusts_half(caller, door.role, ASSUME)
            value = self._value(half.value)
            grounds = grounds_of(half.matched, {})
            same = (door.trust, value, grounds)
            found = self._alike.setdefault(same, Judged(half, value, grounds))
            self._trust[place] = found
        return found

    def settled(self, own: Judged, trust: Judged, group: Group, door: Door) -> Settled:
        """Join two halves into an answer."""
        like = group.like
        here = like.principal.scope == door.role.principal.scope
        place = (own.value, trust.value, here, like.principal.kind)
        found = self._settled.get(place)
        if found is None:
            whole = self._sides.joined(own.half, trust.half, like, door.role)
            # One object for equal answers, so that they are told apart by identity.
            found = self._answers.setdefault(whole.settled, whole.settled)
            self._settled[place] = found
        return found

    def _judge_own(self, group: Group, role: Identity) -> Judged:
        """Judge a callers' half; equal ones are one, so that what they share is."""
        half = self._sides.callers_half(group.like, role, ASSUME)
        # What is missing of an account's identities is part of what they may.
        value = self._value((half.value, self._sides.doubt(group.like)))
        grounds = grounds_of(half.matched, group.members[0].sources)
        place = (group, value, own_of(grounds))
        return self._alike.setdefault(place, Judged(half, value, grounds))

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


def _names_roles(said: Entries) -> bool:
    return any(is_plain(pattern) for pattern in said.compared)
