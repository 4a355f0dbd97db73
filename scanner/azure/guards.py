"""Removing the guard: rights to delete what alone keeps somebody from a command."""

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.azure.cuts import bound_hits
from scanner.azure.elsewhere import Elsewhere
from scanner.azure.joints import disjoint, joint
from scanner.azure.parties import Party, Profile
from scanner.azure.questions import Operation, Question
from scanner.azure.rbac.evaluation import doubted
from scanner.azure.rbac.truth import Truth
from scanner.azure.settle import Engine, Parts
from scanner.grants import Decision

_MA = "Microsoft.Authorization"
DELETE_DENY = f"{_MA}/denyAssignments/delete"
WRITE_DENY = f"{_MA}/denyAssignments/write"
DELETE_LOCK = f"{_MA}/locks/delete"
MANAGE_STACK = "Microsoft.Resources/deploymentStacks/manageDenySetting/action"

GUARD_OPERATIONS = tuple(
    map(Operation, (DELETE_DENY, WRITE_DENY, DELETE_LOCK, MANAGE_STACK))
)
_UNLOCK = Operation(DELETE_LOCK)
_STACK = "whether the deny assignment was made by a deployment stack is not known"


@dataclass(frozen=True, slots=True)
class _Removable:
    """What a class may remove: guards by number, with the decision on each."""

    denies: dict[int, Decision]
    locks: dict[int, Decision]

    def joined(self) -> Decision | None:
        """Return what using all of it takes; None when there is nothing."""
        found: Decision | None = None
        for one in (*self.denies.values(), *self.locks.values()):
            found = one if found is None else joint(found, one)
        return found


@dataclass(frozen=True, slots=True)
class _Way:
    """Deny assignments and read-only locks, by number."""

    denies: tuple[int, ...]
    locks: tuple[int, ...]


class Guards:
    """Decides who gains a vector by removing what blocks it."""

    def __init__(self, engine: Engine, vectors: list[tuple[int, int]]) -> None:
        """Prepare.

        Args:
            engine: it was asked about the vectors and `GUARD_OPERATIONS`.
            vectors: (number of the question, classes that the vector works on).
        """
        self._engine, self._tenant = engine, engine.tenant
        self._elsewhere = Elsewhere(engine)
        masks: dict[int, int] = {}
        for number, mask in vectors:
            masks[number] = masks.get(number, 0) | mask
        self._vectors = [(engine.questions[n], mask) for n, mask in masks.items()]
        self._removing = tuple(map(engine.question, GUARD_OPERATIONS))
        self._bound: dict[tuple[Profile, bool], tuple[int, ...]] = {}
        self._guarded = bool(self._tenant.denies) or any(
            lock.read_only for lock in self._tenant.locks
        )

    def parts(self, party: Party) -> Iterator[tuple[str, Parts]]:
        """Yield each removal with where it gives a class what it lacks now.

        A target that a lock and a deny assignment guard together counts for the
        removal of either, if the class may remove both.
        """
        if not self._guarded or not self._may_remove(party):
            return
        uncut = self._engine.uncut(party)
        shut = self._shut(party, uncut)
        if not shut:
            return
        way = self._in_the_way(party, shut)
        locks = self._locks(party, way)
        for name in (DELETE_DENY, WRITE_DENY, MANAGE_STACK):
            denies = self._denies(name, party, locks, way)
            if denies:
                removed = _Removable(denies, locks)
                without = _Removable({}, locks)
                yield name, self._gained(uncut, way, removed, without)
        if locks:
            denies = self._denies(DELETE_DENY, party, locks, way)
            removed, without = _Removable(denies, locks), _Removable(denies, {})
            yield DELETE_LOCK, self._gained(uncut, way, removed, without)

    def _shut(self, party: Party, uncut: list[Parts]) -> int:
        """Return where a class holds something that is blocked."""
        found, row = 0, self._engine.cuts.of(party)
        for question, mask in self._vectors:
            if uncut[question.number]:
                blocked = self._engine.cuts.cut(question, party, row).blocked & mask
                for _, bits in uncut[question.number] if blocked else ():
                    found |= bits & blocked
        return found

    def _in_the_way(self, party: Party, shut: int) -> _Way:
        """Return the guards that block a class where it holds something."""
        key = (party.profile, party.delegated)
        if key not in self._bound:
            every = range(len(self._tenant.denies))
            strangers = self._engine.parties.strangers
            found = bound_hits(party, strangers, self._tenant, every)
            self._bound[key] = tuple(found)
        below, tenant = self._engine.place.below, self._tenant
        denies = (
            n for n in self._bound[key] if below.get(tenant.denies[n].scope, 0) & shut
        )
        locks = (
            n
            for n, lock in enumerate(() if party.delegated else tenant.locks)
            if lock.read_only and below.get(lock.scope, 0) & shut
        )
        return _Way(tuple(denies), tuple(locks))

    def _may_remove(self, party: Party) -> bool:
        return any(any(self._engine.terms(q, party.holdings)) for q in self._removing)

    def _locks(self, party: Party, way: _Way) -> dict[int, Decision]:
        """Return the locks in its way that a class may delete."""
        found: dict[int, Decision] = {}
        for number in way.locks:
            scope = self._tenant.locks[number].scope
            may = self._elsewhere.at(_UNLOCK, party, scope, locks=False)
            if may is not None:
                found[number] = may
        return found

    def _denies(
        self, name: str, party: Party, locks: dict[int, Decision], way: _Way
    ) -> dict[int, Decision]:
        """Return the deny assignments in its way that a class may remove.

        Made by Azure, they go with their deployment stack only. A lock in the way may
        be deleted first.
        """
        stack = name == MANAGE_STACK
        found: dict[int, Decision] = {}
        for number in way.denies:
            deny = self._tenant.denies[number]
            if deny.system is not stack:
                continue
            operation = Operation(name)
            may = self._elsewhere.at(operation, party, deny.scope, locks=not locks)
            if may is not None:
                found[number] = doubted(may, (_STACK,)) if stack else may
        return found

    def _gained(
        self,
        uncut: list[Parts],
        way: _Way,
        removed: _Removable,
        without: _Removable,
    ) -> Parts:
        """Return what opens when guards go that stays shut `without` some of them."""
        taken = removed.joined()
        if taken is None:
            return []
        found: Parts = []
        for question, mask in self._vectors:
            parts = uncut[question.number]
            if parts:
                shut = self._blocked(question, way, without)
                opened = mask & shut & ~self._blocked(question, way, removed)
                if opened:
                    found += [(joint(d, taken), bits & opened) for d, bits in parts]
        return disjoint(found)

    def _blocked(self, question: Question, way: _Way, removed: _Removable) -> int:
        """Return where a class is blocked although some guards are gone."""
        bits, cuts = 0, self._engine.cuts
        for number in way.denies:
            named = question.denies.get(number) is Truth.TRUE
            if named and number not in removed.denies:
                bits |= cuts.bits_of(self._tenant.denies[number], question)
        for number in way.locks if question.locked else ():
            if number not in removed.locks:
                scope = self._tenant.locks[number].scope
                bits |= self._engine.spots.cut(scope, question.mode)
        return bits
