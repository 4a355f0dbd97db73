"""Removing the guard: rights to delete what alone keeps somebody from a command."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.azure.cuts import bound_hits
from scanner.azure.elsewhere import Elsewhere
from scanner.azure.joints import disjoint, joint
from scanner.azure.parties import Party
from scanner.azure.parts import Parts
from scanner.azure.policy_guards import PolicyGuards
from scanner.azure.posts import Posts
from scanner.azure.questions import Operation, Question
from scanner.azure.rbac.evaluation import doubted
from scanner.azure.rbac.truth import Truth
from scanner.azure.settle import Engine
from scanner.grants import Decision

_MA = "Microsoft.Authorization"
DELETE_DENY = f"{_MA}/denyAssignments/delete"
WRITE_DENY = f"{_MA}/denyAssignments/write"
DELETE_LOCK = f"{_MA}/locks/delete"
MANAGE_STACK = "Microsoft.Resources/deploymentStacks/manageDenySetting/action"

REMOVING = {
    name: Operation(name, aside=True)
    for name in (DELETE_DENY, WRITE_DENY, DELETE_LOCK, MANAGE_STACK)
}
GUARD_OPERATIONS = tuple(REMOVING.values())
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
        self._policies = PolicyGuards(engine, self._vectors)
        self._removing = {n: engine.question(op) for n, op in REMOVING.items()}
        above = self._elsewhere.above
        denies = ((n, deny.scope) for n, deny in enumerate(self._tenant.denies))
        locks = ((n, k.scope) for n, k in enumerate(self._tenant.locks) if k.read_only)
        self._deny_posts = Posts(dict(denies), above)
        self._lock_posts = Posts(dict(locks), above)

    def parts(
        self, party: Party, settled: list[Parts], uncut: list[Parts]
    ) -> Iterator[tuple[str, Parts]]:
        """Yield each removal with where it gives a class what it lacks now.

        `settled` and `uncut` are what `Engine.settled` says of the class.

        A target that a lock and a deny assignment guard together counts for the
        removal of either, if the class may remove both.
        """
        yield from self._policies.parts(party, settled, uncut)
        cut = [
            (question, mask)
            for question, mask in self._vectors
            if settled[question.number] is not uncut[question.number]
        ]
        held = self._held(party) if cut else frozenset()
        shut = self._shut(party, uncut, cut) if held else 0
        if not shut:
            return
        locks = self._locks(party, shut) if DELETE_LOCK in held else {}
        for name in (DELETE_DENY, WRITE_DENY, MANAGE_STACK):
            denies = self._denies(name, party, locks, shut) if name in held else {}
            if denies:
                removed = _Removable(denies, locks)
                needed = _Removable(denies, {})
                yield name, self._gained(uncut, party, removed, needed)
        if locks:
            denies = self._denies(DELETE_DENY, party, locks, shut)
            removed, needed = _Removable(denies, locks), _Removable({}, locks)
            yield DELETE_LOCK, self._gained(uncut, party, removed, needed)

    def _shut(
        self, party: Party, uncut: list[Parts], cut: list[tuple[Question, int]]
    ) -> int:
        """Return where a class holds something that is blocked."""
        found, row = 0, self._engine.cuts.of(party)
        for question, mask in cut:
            blocked = self._engine.cuts.cut(question, party, row).blocked & mask
            for _, bits in uncut[question.number]:
                found |= bits & blocked
        return found

    def _below(self, scope: str) -> int:
        return self._engine.place.below.get(scope, 0)

    def _held(self, party: Party) -> frozenset[str]:
        """Return what a class may do anywhere of what removes guards."""
        return frozenset(
            name
            for name, question in self._removing.items()
            if self._engine.gives(question, party)
        )

    def _within(self, party: Party, name: str) -> set[str]:
        """Return the scopes at which a class is assigned what removes guards."""
        holding = self._engine.terms(self._removing[name], party.holdings)
        return {self._tenant.assignments[n].scope for n, _ in holding}

    def _locks(self, party: Party, shut: int) -> dict[int, Decision]:
        """Return the locks in its way that a class may delete."""
        if party.delegated:
            return {}
        scopes = {
            n: self._tenant.locks[n].scope
            for n in self._lock_posts.below(self._within(party, DELETE_LOCK))
            if self._below(self._tenant.locks[n].scope) & shut
        }
        operation = REMOVING[DELETE_LOCK]
        may = self._elsewhere.among(operation, party, scopes.values(), locks=False)
        return {n: may[scope] for n, scope in scopes.items() if scope in may}

    def _denies(
        self, name: str, party: Party, locks: dict[int, Decision], shut: int
    ) -> dict[int, Decision]:
        """Return the deny assignments in its way that a class may remove.

        Made by Azure, they go with their deployment stack only. A lock in the way may
        be deleted first.
        """
        stack = name == MANAGE_STACK
        every = self._tenant.denies
        near = self._deny_posts.below(self._within(party, name))
        scopes = {
            n: every[n].scope
            for n in self._bound(party, (n for n in near if every[n].system is stack))
            if self._below(every[n].scope) & shut
        }
        if not scopes:
            return {}
        may = self._elsewhere.among(
            REMOVING[name], party, scopes.values(), locks=not locks
        )
        return {
            n: doubted(may[scope], (_STACK,)) if stack else may[scope]
            for n, scope in scopes.items()
            if scope in may
        }

    def _bound(self, party: Party, among: Iterable[int]) -> Iterator[int]:
        return bound_hits(party, self._engine.parties.strangers, self._tenant, among)

    def _gained(
        self,
        uncut: list[Parts],
        party: Party,
        removed: _Removable,
        needed: _Removable,
    ) -> Parts:
        """Return what opens when guards go, of what the `needed` among them block."""
        taken = removed.joined()
        if taken is None:
            return []
        rest = self._left(party, removed, needed)
        found: Parts = []
        for question, mask in self._vectors:
            parts = uncut[question.number]
            blocked = self._blocked(question, needed) & mask if parts else 0
            if blocked:
                opened = blocked & ~self._blocked(question, rest)
                free = self._policies.lifted(party, question, parts)
                found += [(joint(d, taken), bits & opened) for d, bits in free]
        return disjoint([(d, bits) for d, bits in found if bits])

    def _left(self, party: Party, removed: _Removable, needed: _Removable) -> _Way:
        """Return the guards that still bind a class where the needed ones stood."""
        scopes = [self._tenant.denies[n].scope for n in needed.denies]
        scopes += [self._tenant.locks[n].scope for n in needed.locks]
        denies = self._deny_posts.around(scopes) - removed.denies.keys()
        locks = () if party.delegated else self._lock_posts.around(scopes)
        return _Way(
            tuple(self._bound(party, denies)),
            tuple(n for n in locks if n not in removed.locks),
        )

    def _blocked(self, question: Question, by: _Way | _Removable) -> int:
        """Return where some guards block a question."""
        return blocked_by(self._engine, question, by.denies, by.locks)


def blocked_by(
    engine: Engine, question: Question, denies: Iterable[int], locks: Iterable[int]
) -> int:
    """Return where some deny assignments and locks, by number, block a question."""
    bits, tenant = 0, engine.tenant
    for number in denies:
        if question.denies.get(number) is Truth.TRUE:
            bits |= engine.cuts.bits_of(tenant.denies[number], question)
    for number in locks if question.locked else ():
        bits |= engine.spots.cut(tenant.locks[number].scope, question.mode)
    return bits
