"""Decide a class of principals: the best of what it holds, less what is cut."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scanner.azure.cuts import Cuts
from scanner.azure.model import AzureTenant
from scanner.azure.parties import Parties, Party
from scanner.azure.places import Place
from scanner.azure.questions import Operation, Question, questions_of
from scanner.azure.rbac.evaluation import HANGING, doubted, either
from scanner.azure.rbac.scopes import type_and_parent
from scanner.grants import Decision, Verdict

#: Disjoint sets of target classes, each with its decision.
Parts = list[tuple[Decision, int]]

_UNREAD = Decision(Verdict.UNKNOWN, reasons=("role assignments were not read",))
_UNSEEN = Decision(Verdict.UNKNOWN, reasons=("group members were not read",))


class Engine:
    """One tenant, some operations, and a place to ask them about.

    Attributes:
        questions: the operations, joined where every answer is the same.
        parties: the principals.
        cuts: what takes access away.
    """

    def __init__(
        self, tenant: AzureTenant, place: Place, operations: tuple[Operation, ...]
    ) -> None:
        """Ask roles and denies once; principals are decided by `settle`."""
        self.tenant, self.place = tenant, place
        more = (_UNREAD, _UNSEEN, HANGING)
        self.questions, self._ledger = questions_of(tenant, operations, more)
        relevant = {n for question in self.questions for n in question.terms}
        self.parties = Parties(tenant, relevant)
        self.cuts = Cuts(tenant, place, self.parties)
        self._unread = place.within(tenant.assignments_unread)
        self._gives = [self._given(question) for question in self.questions]
        self._open = [self._open_classes(question) for question in self.questions]
        by_group = {
            tenant.assignments[n].principal: n
            for question in self.questions
            for n in self.open_holdings(question)
        }
        self._examples = frozenset(by_group.values())

    def classes(self) -> list[Party]:
        """Return the classes of principals that something is to be said about."""
        return self.parties.classes(bool(self._unread) or any(self._open))

    def settle(self, question: Question, party: Party) -> Parts:
        """Return what a class of principals may do, where; the rest is denied.

        Sets are disjoint. What a role assignment list or the members of a group that
        nobody has read could grant is `unknown` where nothing better is known.
        """
        found = self._held(question, party)
        if not party.delegated:
            if self._open[question.number] and not self._known_to_all(party):
                unseen = self._ledger.number(_UNSEEN)
                found[unseen] = found.get(unseen, 0) | self._open[question.number]
            if self._unread:
                unread = self._ledger.number(_UNREAD)
                found[unread] = found.get(unread, 0) | self._unread
        if not found:
            return []
        cut = self.cuts.cut(question, party)
        allowed = ~cut.blocked
        decisions = self._ledger.decisions
        ranked = ((decisions[n], found[n] & allowed) for n in sorted(found))
        parts = overlaid(ranked)
        for reason, bits in cut.unless:
            unsure = Decision(Verdict.UNKNOWN, reasons=(reason,))
            parts = list(_split(parts, bits, unsure))
        for reason, bits in cut.doubts:
            parts = list(_doubting(parts, bits, reason))
        return parts

    def given(
        self, question: Question, holdings: Iterable[int], bits: int
    ) -> Iterator[tuple[int, Decision]]:
        """Yield the assignments that give what is asked at any of the classes."""
        gives, decisions = self._gives[question.number], self._ledger.decisions
        for n in holdings:
            for number, covered in gives.get(n, ()):
                if covered & bits:
                    yield n, decisions[number]

    def open_holdings(self, question: Question) -> Iterator[int]:
        """Yield the assignments of groups whose members nobody has read."""
        unseen = self.tenant.directory.open_groups
        for number in question.terms:
            if self.tenant.assignments[number].principal in unseen:
                yield number

    def _held(self, question: Question, party: Party) -> dict[int, int]:
        found: dict[int, int] = {}
        gives = self._gives[question.number]
        for n in party.holdings:
            for number, bits in gives.get(n, ()):
                found[number] = found.get(number, 0) | bits
        return found

    def _given(self, question: Question) -> dict[int, tuple[tuple[int, int], ...]]:
        """Return what each assignment gives where: decisions by number, and classes."""
        found: dict[int, tuple[tuple[int, int], ...]] = {}
        unsure = self._ledger.number(HANGING)
        for n, term in question.terms.items():
            scope = self.tenant.assignments[n].scope
            covered = self.place.covered(
                _checked_at(scope, question), question.whole_set
            )
            hanging = self.place.perhaps.get(scope, 0)
            pairs = ((term, covered), (unsure, hanging))
            found[n] = tuple(pair for pair in pairs if pair[1])
        return found

    def _known_to_all(self, party: Party) -> bool:
        """Say whether the party is, or is in, every group with unread members."""
        return self._examples.issubset(party.holdings)

    def _open_classes(self, question: Question) -> int:
        """Return where groups grant what is asked whose members nobody has read."""
        found = 0
        for n in self.open_holdings(question):
            for _, covered in self._gives[question.number][n]:
                found |= covered
        return found


def _checked_at(scope: str, question: Question) -> str:
    """Return the machine of a scope that is a child which the question is about."""
    if not question.child:
        return scope
    kind, parent = type_and_parent(scope)
    return parent if kind == question.child else scope


def overlaid(ranked: Iterable[tuple[Decision, int]]) -> Parts:
    """Make sets disjoint, given best first: the better decision takes the target.

    Where two conditional or two unknown ones meet, what they say adds up.
    """
    parts: Parts = []
    taken = 0
    for decision, bits in ranked:
        if decision.verdict is not Verdict.ALLOWED and bits & taken:
            parts = list(_added(parts, decision, bits))
        bits &= ~taken
        if bits:
            parts.append((decision, bits))
            taken |= bits
    return joined(parts) if len(parts) > 1 else parts


def _added(
    parts: Parts, decision: Decision, bits: int
) -> Iterator[tuple[Decision, int]]:
    for known, covered in parts:
        meeting = covered & bits
        better = either(known, decision)
        if not meeting or better == known:
            yield known, covered
            continue
        yield better, meeting
        if covered & ~meeting:
            yield known, covered & ~meeting


def joined(parts: Iterable[tuple[Decision, int]]) -> Parts:
    """Join sets with equal decisions."""
    found: dict[Decision, int] = {}
    for decision, bits in parts:
        found[decision] = found.get(decision, 0) | bits
    return list(found.items())


def _split(
    parts: Parts, bits: int, instead: Decision
) -> Iterator[tuple[Decision, int]]:
    for decision, covered in parts:
        hit = covered & bits
        if hit:
            reasons = tuple(dict.fromkeys((*decision.reasons, *instead.reasons)))
            yield replace(instead, reasons=reasons), hit
        if covered & ~bits:
            yield decision, covered & ~bits


def _doubting(parts: Parts, bits: int, reason: str) -> Iterator[tuple[Decision, int]]:
    for decision, covered in parts:
        hit = covered & bits
        if hit:
            yield doubted(decision, (reason,)), hit
        if covered & ~bits:
            yield decision, covered & ~bits
