"""What takes access away at which targets: denies, read-only locks, and policies."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from scanner.azure.closed import Closing
from scanner.azure.model import AzureTenant, DenyAssignment
from scanner.azure.parties import Hit, Parties, Party, Profile, hits
from scanner.azure.places import Place
from scanner.azure.questions import Question
from scanner.azure.rbac.blocks import (
    EFFECT_UNREAD,
    HANGING_DENY,
    LOCKED_ACTION,
    denies_operation,
    undecided,
)
from scanner.azure.rbac.evaluation import DENIED
from scanner.azure.rbac.scopes import type_and_parent
from scanner.azure.rbac.truth import Truth
from scanner.azure.spots import Spot, Spots, at
from scanner.grants import AssignmentBecause, Conditions, Confidence, Decision

# One reason for many denies: each distinct reason would split the sets it touches.
_DENIES_UNREAD = "deny assignments were not read"
_NAMES_UNREAD_GROUP = "members of a group that a deny assignment names were not read"
_EXCLUDES_UNREAD_GROUP = (
    "members of a group that a deny assignment excludes were not read"
)
_EXEMPTIONS_UNREAD = "exemptions from a policy that denies it were not read"
_UNBOUND = "whether user-assigned deny assignments bind delegated partners is not known"


@dataclass(frozen=True, slots=True)
class Block:
    """A deny assignment, lock or policy that blocks: at the classes `bits`.

    `doubt` says why that is only inferred; empty when it is certain.
    """

    id: str
    name: str
    bits: int
    doubt: str = ""

    @property
    def because(self) -> AssignmentBecause:
        """Name it as what a denial rests on."""
        return AssignmentBecause(self.id, self.name, None)


def denial(ways: Iterable[Iterable[Block]]) -> Decision:
    """Say how sure it is that every way to a target is blocked.

    A way is surely blocked by one block without a doubt; one that is not makes the
    whole denial inferred.
    """
    doubts = [[block.doubt for block in blocks] for blocks in ways]
    reasons = dict.fromkeys(doubt for some in doubts if all(some) for doubt in some)
    if not reasons:
        return DENIED
    return replace(DENIED, confidence=Confidence.INFERRED, reasons=tuple(reasons))


@dataclass(frozen=True, slots=True)
class Cut:
    """Bit sets of target classes.

    Attributes:
        blocked: denied, whatever is assigned.
        unless: denied unless a group nobody has read excludes the principal, or an
            exemption the target: reason and classes.
        doubts: perhaps denied: reason and classes.
        limits: allowed under these conditions only: disjoint sets.
    """

    blocked: int
    unless: tuple[tuple[str, int], ...]
    doubts: tuple[tuple[str, int], ...]
    limits: tuple[tuple[Conditions, int], ...] = ()


class Cuts:
    """Cuts by question and class of principals, each made once; equal ones are one.

    Attributes:
        touched: assignments at a child that is cut itself; see `left_of`.
        closing: what policies close.
    """

    def __init__(
        self, tenant: AzureTenant, place: Place, parties: Parties, spots: Spots
    ) -> None:
        """Prepare to cut a tenant's grants at a place."""
        self._tenant, self._place, self._spots = tenant, place, spots
        self._strangers = parties.strangers
        self._rows: dict[tuple[Profile, bool], dict[object, Cut]] = {}
        self._same: dict[Cut, Cut] = {}
        self._kinds: dict[int, int] = {}
        self._numbers: dict[object, int] = {}
        self._anywhere: dict[int, int] = {}
        self._unread = place.within(tenant.denies_unread)
        self.closing = Closing(place, spots, tenant.policies.exemptions_unread)
        self.touched = frozenset(_touched(tenant, spots))

    def of(self, party: Party) -> dict[object, Cut]:
        """Return the cuts of a class of principals that were made, for `cut`."""
        return self._rows.setdefault((party.profile, party.delegated), {})

    def cut(self, question: Question, party: Party, row: dict[object, Cut]) -> Cut:
        """Return what cuts a question's grants of a class of principals."""
        found = row.get(question.number)
        if found is None:
            alike = _alike(question)
            found = row.get(alike)
            if found is None:
                made = self._cut(question, party)
                found = row[alike] = self._same.setdefault(made, made)
            row[question.number] = found
        return found

    def alike(self, questions: Iterable[Question]) -> Iterator[tuple[Question, ...]]:
        """Yield some questions, those together that are always cut alike."""
        found: dict[object, list[Question]] = {}
        for question in questions:
            if question.number not in self._kinds:
                kind = self._numbers.setdefault(_alike(question), len(self._numbers))
                self._kinds[question.number] = kind
            found.setdefault(self._kinds[question.number], []).append(question)
        return map(tuple, found.values())

    def left_of(self, number: int, spot: Spot, party: Party) -> Spot:
        """Return where one of `touched` counts, less what cuts one held on a child.

        A lock or deny at an extension leaves its VM alone, but not who holds nothing
        but that extension.
        """
        scope = self._tenant.assignments[number].scope
        kind, _ = type_and_parent(scope)
        return tuple(
            0 if mode.child == kind and self._cuts_child(scope, kind, party)
            else at(spot, n)
            for n, mode in enumerate(self._spots.modes)
        )  # fmt: skip

    def _cuts_child(self, scope: str, kind: str, party: Party) -> bool:
        here = any(
            lock.read_only and lock.scope == scope for lock in self._tenant.locks
        )
        if here and not party.delegated:
            return True
        spoken = hits(party, self._strangers)
        return any(
            deny.scope == scope
            and spoken[number] is Hit.YES
            and (deny.system or not party.delegated)
            and denies_operation(deny, f"{kind}/write", False) is Truth.TRUE
            for number, deny in enumerate(self._tenant.denies)
        )

    def guarded(self, question: Question, party: Party, row: dict[object, Cut]) -> int:
        """Return what deny assignments and locks block, whatever policies do."""
        if not question.policies:
            return self.cut(question, party, row).blocked
        return self._cut(replace(question, policies=()), party).blocked

    def _cut(self, question: Question, party: Party) -> Cut:
        closed = self.closing.of(question)
        blocked = closed.blocked
        unless = [(_EXEMPTIONS_UNREAD, closed.unless)]
        doubts = [(_DENIES_UNREAD, self._unread)]
        spoken = hits(party, self._strangers)
        for number, truth in question.denies.items():
            deny, hit = self._tenant.denies[number], spoken[number]
            if hit is Hit.NO:
                continue
            bits = self.bits_of(deny, question)
            doubts += self._hanging(deny)
            if party.delegated and not deny.system:
                doubts.append((_UNBOUND, bits))
            elif truth is Truth.UNKNOWN:
                doubts.append((undecided(deny), bits))
            elif hit is Hit.PERHAPS:
                doubts.append((_NAMES_UNREAD_GROUP, bits))
            elif hit is Hit.UNLESS:
                unless.append((_EXCLUDES_UNREAD_GROUP, bits))
            else:
                blocked |= bits
        if question.locked and not party.delegated:
            for _, bits in self.locks(question):
                blocked |= bits
        return Cut(blocked, _present(unless), _present(doubts), closed.limits)

    def blocking(
        self, question: Question, operation: str, party: Party
    ) -> Iterator[Block]:
        """Yield what blocks one operation of a question for a class of principals."""
        spoken = hits(party, self._strangers)
        for number, truth in question.denies.items():
            deny = self._tenant.denies[number]
            bound = deny.system or not party.delegated
            if truth is Truth.TRUE and spoken[number] is Hit.YES and bound:
                doubt = EFFECT_UNREAD if deny.effect_unread else ""
                yield Block(deny.id, deny.name, self.bits_of(deny, question), doubt)
        if question.locked and not party.delegated:
            doubt = LOCKED_ACTION if operation.lower().endswith("/action") else ""
            for number, bits in self.locks(question):
                lock = self._tenant.locks[number]
                yield Block(lock.id, lock.name, bits, doubt)
        for shut, bits in self.closing.blocking(question):
            yield Block(shut.id, shut.name, bits)

    def anywhere(self, question: Question) -> int:
        """Return the classes at which something blocks a question for somebody."""
        found = self._anywhere.get(question.number)
        if found is None:
            found = self.closing.of(question).blocked
            for number in question.denies:
                found |= self.bits_of(self._tenant.denies[number], question)
            for _, bits in self.locks(question) if question.locked else ():
                found |= bits
            self._anywhere[question.number] = found
        return found

    def locks(self, question: Question) -> Iterator[tuple[int, int]]:
        """Yield the read-only locks by number, with the classes they hold."""
        for number, lock in enumerate(self._tenant.locks):
            if lock.read_only:
                yield number, self._spots.cut(lock.scope, question.mode)

    def bits_of(self, deny: DenyAssignment, question: Question) -> int:
        """Return the classes that a deny assignment blocks."""
        if deny.own_scope_only:
            return self._place.equal(deny.scope, question.mode.whole_set)
        return self._spots.cut(deny.scope, question.mode)

    def _hanging(self, deny: DenyAssignment) -> Iterator[tuple[str, int]]:
        bits = 0 if deny.own_scope_only else self._place.perhaps.get(deny.scope, 0)
        if bits:
            yield HANGING_DENY, bits


def _alike(question: Question) -> object:
    # Equal policies are one object: to hash them for everybody would take too long.
    guards = tuple(question.denies.items()), question.locked, id(question.policies)
    return guards, question.mode


def _present(found: list[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    merged: dict[str, int] = {}
    for reason, bits in found:
        if bits:
            merged[reason] = merged.get(reason, 0) | bits
    return tuple(merged.items())


def _touched(tenant: AzureTenant, spots: Spots) -> Iterator[int]:
    """Yield the assignments at a child that a lock or deny stands at as well."""
    children = {mode.child for mode in spots.modes} - {""}
    standing = {deny.scope for deny in tenant.denies}
    standing |= {lock.scope for lock in tenant.locks if lock.read_only}
    standing = {one for one in standing if type_and_parent(one)[0] in children}
    if standing:
        for number, assignment in enumerate(tenant.assignments):
            if assignment.scope in standing:
                yield number


def bound_hits(
    party: Party, strangers: tuple[Hit, ...], tenant: AzureTenant, among: Iterable[int]
) -> Iterator[int]:
    """Yield those deny assignments, by number, that surely bind a class."""
    spoken = dict(party.profile)
    for number in among:
        hit = spoken.get(number, strangers[number])
        if hit is Hit.YES and (tenant.denies[number].system or not party.delegated):
            yield number
