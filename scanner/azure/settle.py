"""Decide a class of principals: the best of what it holds, less what is cut."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from scanner.azure.cuts import Cuts
from scanner.azure.model import AzureTenant
from scanner.azure.parties import Parties, Party
from scanner.azure.parts import Parts, less, overlaid
from scanner.azure.places import Place
from scanner.azure.questions import (
    NOTHING,
    Asked,
    Operation,
    Question,
    questions_of,
)
from scanner.azure.rbac.evaluation import HANGING, because_of
from scanner.azure.spots import Spot, Spots, at, union
from scanner.grants import AssignmentBecause, Decision, Verdict

UNREAD = Decision(Verdict.UNKNOWN, reasons=("role assignments were not read",))
_UNSEEN = Decision(Verdict.UNKNOWN, reasons=("group members were not read",))


@dataclass(frozen=True, slots=True)
class _Group:
    """Questions that a set of patterns answers alike, but for what is cut.

    Attributes:
        mode: the number of their mode.
        terms: (pattern, number of what it gives).
        unseen: where groups with unread members give it.
        questions: they, and together those that the same guards cut.
    """

    mode: int
    terms: tuple[tuple[int, int], ...]
    unseen: int
    questions: tuple[tuple[Question, ...], ...]


def ask(tenant: AzureTenant, operations: tuple[Operation, ...]) -> Asked:
    """Ask a tenant's roles and denies about all that is to be decided, once."""
    return questions_of(tenant, operations, (UNREAD, _UNSEEN, HANGING))


class Engine:
    """One tenant, some operations, and a place to ask them about.

    Attributes:
        questions: the operations, joined where every answer is the same.
        parties: the principals.
        spots: where assignments count.
        cuts: what takes access away.
        resting: the assignments that grants rest on, by what they ask and what is held:
            principals that hold the same share them.
    """

    def __init__(
        self,
        tenant: AzureTenant,
        place: Place,
        asked: Asked,
        apart: Callable[[str], int] = lambda object_id: 0,
    ) -> None:
        """Prepare to decide principals with `settle`.

        Args:
            tenant: whose assignments count.
            place: its machines, or what stands for them.
            asked: its roles and denies, asked by `ask`.
            apart: tells apart principals, by id, that hold the same (`Parties`).
        """
        self.tenant, self.place = tenant, place
        self.questions, self._ledger = asked.questions, asked.ledger
        self._patterns, self._pattern_of = asked.patterns, asked.pattern_of
        self.spots = Spots(place, (question.mode for question in self.questions))
        self._given = [
            {
                pattern: self._ledger.decisions[row[question.number]]
                for pattern, row in enumerate(asked.patterns)
                if row[question.number] != NOTHING
            }
            for question in self.questions
        ]
        self._gives = [
            sum(1 << n for n, term in enumerate(row) if term != NOTHING)
            for row in asked.patterns
        ]
        self._given_to: dict[tuple[int, ...], int] = {}
        self._asked = {op: q for q in self.questions for op in q.operations}
        self._settling = tuple(q for q in self.questions if not q.aside)
        self._modes = {mode: n for n, mode in enumerate(self.spots.modes)}
        self._mode_of = [self._modes[question.mode] for question in self.questions]
        self.parties = Parties(tenant, asked.giving, apart)
        self.cuts = Cuts(tenant, place, self.parties, self.spots)
        self.resting: dict[tuple[object, tuple[int, ...]], tuple[int, ...]] = {}
        self._unread = place.within(tenant.assignments_unread)
        #: Assignments by number, as their own principals and others name them.
        unnamed = [None] * len(tenant.assignments)
        self._own_names: list[AssignmentBecause | None] = [*unnamed]
        self._group_names: list[AssignmentBecause | None] = [*unnamed]
        self._spots_by_mode: dict[int, list[int]] = {}
        self._plans: dict[tuple[object, ...], tuple[_Group, ...]] = {}
        self._unsure = self._ledger.number(HANGING)
        self._open = [self._open_classes(question) for question in self.questions]
        by_group = {
            tenant.assignments[n].principal: n
            for question in self.questions
            for n in self.open_holdings(question)
        }
        self._examples = frozenset(by_group.values())

    def question(self, operation: Operation) -> Question:
        """Return the question that an operation is part of."""
        return self._asked[operation]

    def classes(self) -> list[Party]:
        """Return the classes of principals that something is to be said about."""
        return self.parties.classes(bool(self._unread) or any(self._open))

    def settle(self, party: Party) -> list[Parts]:
        """Return what a class of principals may do, where, question by question.

        The rest is denied. Sets are disjoint. What a role assignment list or the
        members of a group that nobody has read could grant is `unknown` where nothing
        better is known. Questions with equal answers share one list.
        """
        return self.settled(party)[0]

    def settled(self, party: Party) -> tuple[list[Parts], list[Parts]]:
        """Return the same, and what it would be if nothing were denied or locked."""
        found: list[Parts] = [[]] * len(self.questions)
        uncut: list[Parts] = [[]] * len(self.questions)
        row = self.cuts.of(party)
        left: dict[tuple[int, int], Parts] = {}
        for families, parts in self._uncut(party):
            for questions in families:
                cut = self.cuts.cut(questions[0], party, row)
                key = (id(parts), id(cut))
                rest = left.get(key)
                if rest is None:
                    rest = left[key] = less(parts, cut)
                for question in questions:
                    found[question.number] = rest
                    uncut[question.number] = parts
        return found, uncut

    def _uncut(
        self, party: Party
    ) -> Iterator[tuple[tuple[tuple[Question, ...], ...], Parts]]:
        """Yield questions that are answered alike, but for what is cut."""
        held, hanging = self._held(party)
        known: dict[tuple[object, ...], Parts] = {}  # modes mostly say the same
        for group in self._plan(party, tuple(sorted(held))):
            mode = group.mode
            where = tuple(id(at(held[pattern], mode)) for pattern, _ in group.terms)
            key = (group.terms, group.unseen, where)
            parts = known.get(key)
            if parts is None:
                parts = known[key] = self._parts(group, held, hanging, party)
            if parts:
                yield group.questions, parts

    def gives(self, question: Question, party: Party) -> bool:
        """Say whether a class holds anything that gives what is asked, wherever."""
        found = self._given_to.get(party.holdings)
        if found is None:
            found = 0
            for n in party.holdings:
                found |= self._gives[self._pattern_of[n]]
            self._given_to[party.holdings] = found
        return bool(found >> question.number & 1)

    def terms(
        self, question: Question, holdings: Iterable[int]
    ) -> list[tuple[int, Decision]]:
        """Return the assignments that give what is asked, wherever they count."""
        given, pattern_of = self._given[question.number], self._pattern_of
        return [(n, given[pattern_of[n]]) for n in holdings if pattern_of[n] in given]

    def only_giving(self, question: Question, holdings: Iterable[int]) -> int | None:
        """Return the one assignment that gives what is asked, if it is one.

        Whatever is allowed then rests on it; None where there are more, or none.
        """
        given, pattern_of = self._given[question.number], self._pattern_of
        holding = [n for n in holdings if pattern_of[n] in given]
        return holding[0] if len(holding) == 1 else None

    def given(
        self, question: Question, holdings: Iterable[int], bits: int
    ) -> Iterator[tuple[int, Decision]]:
        """Yield the assignments that give what is asked at any of the classes."""
        given, pattern_of = self._given[question.number], self._pattern_of
        spots, perhaps = self._spots_in(question), self.place.perhaps
        for n in holdings:
            decision = given.get(pattern_of[n])
            if decision is None:
                continue
            if spots[n] & bits:
                yield n, decision
            if perhaps and perhaps.get(self.tenant.assignments[n].scope, 0) & bits:
                yield n, HANGING

    def _spots_in(self, question: Question) -> list[int]:
        """Return the classes that each assignment counts at, for what is asked."""
        mode = self._mode_of[question.number]
        found = self._spots_by_mode.get(mode)
        if found is None:
            spots = (self.spots.of(one.scope) for one in self.tenant.assignments)
            found = self._spots_by_mode[mode] = [at(spot, mode) for spot in spots]
        return found

    def all_named(
        self, numbers: Iterable[int], principal: str
    ) -> tuple[AssignmentBecause, ...]:
        """Name assignments as what a principal's access rests on."""
        return tuple([self.named(n, principal) for n in numbers])

    def named(self, number: int, principal: str) -> AssignmentBecause:
        """Name an assignment as what a principal's access rests on.

        It is the same for all that hold it by the group that it is assigned to.
        """
        assignment = self.tenant.assignments[number]
        own = assignment.principal == principal
        names = self._own_names if own else self._group_names
        found = names[number]
        if found is None:
            found = names[number] = because_of(assignment, self.tenant.roles, principal)
        return found

    def open_holdings(self, question: Question) -> Iterator[int]:
        """Yield the assignments of groups whose members nobody has read."""
        unseen = self.tenant.directory.open_groups
        for number, a in enumerate(self.tenant.assignments) if unseen else ():
            row = self._patterns[self._pattern_of[number]]
            if a.principal in unseen and row[question.number] != NOTHING:
                yield number

    def _held(self, party: Party) -> tuple[dict[int, Spot], dict[int, int]]:
        """Return where a class of principals holds each pattern, and where perhaps."""
        held: dict[int, Spot] = {}
        hanging: dict[int, int] = {}
        assignments, perhaps = self.tenant.assignments, self.place.perhaps
        pattern_of, spot_of, touched = (
            self._pattern_of,
            self.spots.of,
            self.cuts.touched,
        )
        for n in party.holdings:
            pattern, scope = pattern_of[n], assignments[n].scope
            spot = spot_of(scope)
            if n in touched:
                spot = self.cuts.left_of(n, spot, party)
            known = held.get(pattern)
            held[pattern] = spot if known is None else union(known, spot)
            if perhaps and scope in perhaps:
                hanging[pattern] = hanging.get(pattern, 0) | perhaps[scope]
        return held, hanging

    def _plan(self, party: Party, patterns: tuple[int, ...]) -> tuple[_Group, ...]:
        """Return the questions that some patterns answer, grouped by their answers."""
        hidden = not party.delegated and any(self._open)
        unseen = hidden and not self._known_to_all(party)
        everything = unseen or (bool(self._unread) and not party.delegated)
        key = (patterns, unseen, everything)
        if key not in self._plans:
            opened = self._open if unseen else [0] * len(self.questions)
            self._plans[key] = tuple(self._grouped(patterns, opened, everything))
        return self._plans[key]

    def _grouped(
        self, patterns: tuple[int, ...], opened: list[int], everything: bool
    ) -> Iterator[_Group]:
        found: dict[tuple[int, tuple[int, ...], int], list[Question]] = {}
        rows = [self._patterns[pattern] for pattern in patterns]
        columns = list(zip(*rows, strict=True)) or [()] * len(self.questions)
        nothing = (NOTHING,) * len(patterns)
        for question in self._settling:
            number = question.number
            if everything or columns[number] != nothing:
                alike = (self._mode_of[number], columns[number], opened[number])
                found.setdefault(alike, []).append(question)
        for (mode, column, unseen), questions in found.items():
            given = zip(patterns, column, strict=True)
            terms = tuple((p, term) for p, term in given if term != NOTHING)
            yield _Group(mode, terms, unseen, tuple(self.cuts.alike(questions)))

    def _parts(
        self,
        group: _Group,
        held: dict[int, Spot],
        hanging: dict[int, int],
        party: Party,
    ) -> Parts:
        found: dict[int, int] = {}
        for pattern, term in group.terms:
            bits = at(held[pattern], group.mode)
            if bits:
                found[term] = found.get(term, 0) | bits
            if pattern in hanging:
                known = found.get(self._unsure, 0)
                found[self._unsure] = known | hanging[pattern]
        if group.unseen:
            unseen = self._ledger.number(_UNSEEN)
            found[unseen] = found.get(unseen, 0) | group.unseen
        if self._unread and not party.delegated:
            unread = self._ledger.number(UNREAD)
            found[unread] = found.get(unread, 0) | self._unread
        decisions = self._ledger.decisions
        if len(found) == 1:
            return [(decisions[n], bits) for n, bits in found.items()]
        return overlaid((decisions[n], found[n]) for n in sorted(found))

    def _known_to_all(self, party: Party) -> bool:
        """Say whether the party is, or is in, every group with unread members."""
        return self._examples.issubset(party.holdings)

    def _open_classes(self, question: Question) -> int:
        """Return where groups grant what is asked whose members nobody has read."""
        found, mode = 0, self._modes[question.mode]
        for n in self.open_holdings(question):
            scope = self.tenant.assignments[n].scope
            found |= at(self.spots.of(scope), mode) | self.place.perhaps.get(scope, 0)
        return found
