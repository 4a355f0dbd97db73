"""What is lent to whom: lenders by class, and what each set of them commands."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from scanner.aws.deciding.cells import Cells, combined, covered, meet, under, within
from scanner.aws.deciding.halves import Answer, Documents, Outcome, joined
from scanner.aws.deciding.lenders import Lender
from scanner.aws.deciding.lending import Lending
from scanner.aws.deciding.outcomes import (
    add,
    answered,
    covering,
    either_way,
    followed,
)
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.formulas import TRUE, Formula, both, folded
from scanner.aws.vectors import AwsVector, Catalogue, Way, place
from scanner.grants import ones


class Commanding(NamedTuple):
    """A lent role, and the targets that it commands by one vector."""

    role: str
    power: Power
    vector: AwsVector
    targets: int


class _Alike(NamedTuple):
    """What lenders have in common that differ in the document that they run."""

    region: str
    power: Power | None
    holds: tuple[tuple[Formula, int], ...]
    given: Formula
    confined: bool


class Borrowing:
    """Works out what lenders command, once per set of them."""

    def __init__(
        self,
        nodes: Space,
        catalogue: Catalogue,
        lending: Lending,
        outcome: Callable[[Power, AwsVector], Outcome],
    ) -> None:
        """Remember the nodes and the lenders.

        `outcome` decides a vector for a power, as `Joins.outcome` does.
        """
        self._nodes = nodes
        self._catalogue = catalogue
        self._lending = lending
        self._outcome = outcome
        self._vectors = {one.action: one for one in catalogue.covered}
        self._commands: dict[tuple[Power, tuple[str, ...]], Outcome] = {}
        self._reached: dict[
            tuple[Power, tuple[str, ...]], tuple[tuple[AwsVector, int], ...]
        ] = {}
        self._held: dict[tuple[int, tuple[str, ...]], Outcome] = {}

    @cached_property
    def lenders(self) -> Space:
        """What lends what it holds, as resources."""
        return Space([one.resource for one in self._lenders])

    @cached_property
    def _lenders(self) -> list[Lender]:
        return self._lending.lenders(self._catalogue)

    @cached_property
    def _effects(self) -> Effects:
        return Effects(self.lenders)

    def lent(self, power: Power, way: Way) -> Outcome:
        """Return what is lent by what all steps that need a lender authorise."""
        found: Outcome = {}
        for formula, bits in self._authorised(power, way).items():
            if bits:
                held = self._holding(bits, way.lends)
                alone: Cells = {formula: covering(held)}
                found = either_way(found, followed(alone, held))
        return found

    def lent_roles(
        self, power: Power, vector: AwsVector, targets: int
    ) -> Iterator[Commanding]:
        """Yield roles that a vector lends, until all targets are commanded by some.

        Args:
            power: as for `Joins.outcome`.
            vector: a vector on targets that the power has it on.
            targets: these targets, as bits.
        """
        for way in vector.ways:
            granted = covered(self._authorised(power, way)) if way.lends else 0
            for lender in map(self._lenders.__getitem__, ones(granted)):
                if not targets:
                    return
                if lender.role:
                    inside = targets & self._nodes.in_region(lender.resource.region)
                    if lender.confined:
                        inside &= covered(lender.holds)
                    for found in self._commanded(lender.role, way.lends, inside):
                        targets &= ~found.targets
                        yield found

    def _commanded(
        self, role: str, by: tuple[str, ...], targets: int
    ) -> Iterator[Commanding]:
        power = self._lending.powers[role]
        for vector, bits in self._reaches(power, by):
            if reached := targets & bits:
                targets &= ~reached
                yield Commanding(role, power, vector, reached)

    def _reaches(
        self, power: Power, by: tuple[str, ...]
    ) -> tuple[tuple[AwsVector, int], ...]:
        """Return what a power commands by some vectors, those that command any."""
        known = power, by
        found = self._reached.get(known)
        if found is None:
            vectors = [self._vectors[action] for action in by]
            reached = (
                (one, covering(self._outcome(power.on(place(one.action)), one)))
                for one in vectors
            )
            found = self._reached[known] = tuple(some for some in reached if some[1])
        return found

    def _authorised(self, power: Power, way: Way) -> Cells:
        """Return the lenders that all steps which need one authorise."""
        kind = way.lender or ""
        granted: Cells = {TRUE: self.lenders.of_kind(kind)}
        for step in way.steps:
            if kind in step.needs and covered(granted):
                effect = self._effects.of(power.of(step), step)
                granted = meet(granted, effect.granted)
        return granted

    def _holding(self, bits: int, by: tuple[str, ...]) -> Outcome:
        """Return what some lenders together command, once per set of them."""
        known = bits, by
        found = self._held.get(known)
        if found is None:
            found = self._held[known] = self._united(bits, by)
        return found

    def _united(self, bits: int, by: tuple[str, ...]) -> Outcome:
        kinds, of_each = self._alike
        documents: dict[int, set[str]] = defaultdict(set)
        for n in ones(bits):
            documents[of_each[n]].add(self._lenders[n].document)
        parts = (
            self._held_by(kinds[place], documents[place], by)
            for place in sorted(documents)
        )
        return folded(either_way, [part for part in parts if part], {})

    @cached_property
    def _alike(self) -> tuple[list[_Alike], list[int]]:
        """What lends alike, and the place in it of what each lender lends."""
        places: dict[_Alike, int] = {}
        of_each = []
        for one in self._lenders:
            power = self._lending.powers[one.role] if one.role else None
            holds = tuple(one.holds.items())
            alike = _Alike(one.resource.region, power, holds, one.given, one.confined)
            of_each.append(places.setdefault(alike, len(places)))
        return list(places), of_each

    def _held_by(
        self, alike: _Alike, documents: set[str], by: tuple[str, ...]
    ) -> Outcome:
        """Return what is commanded by some that lend alike.

        Args:
            alike: what they lend.
            documents: names of those that they run; empty where none is fixed.
            by: as for `_command`.
        """
        inside = self._nodes.in_region(alike.region)
        holds = within(under(dict(alike.holds), alike.given), inside)
        fixed = joined(documents - {""}) or None
        if alike.power is None:
            return answered(holds, fixed)
        command = self._command(alike.power, by)
        own = command if "" in documents else {}
        if fixed:
            own = either_way(_running(command, fixed), own)
        if not alike.confined:
            return _limited(own, alike.given, inside)
        return followed(combined(holds, {TRUE: covering(command)}, both), own)

    def _command(self, power: Power, by: tuple[str, ...]) -> Outcome:
        """Return what a role commands by itself, by any of some vectors."""
        known = power, by
        if known not in self._commands:
            found: Outcome = {}
            for action in by:
                own = self._outcome(power.on(place(action)), self._vectors[action])
                found = either_way(found, own)
            self._commands[known] = found
        return self._commands[known]


def _running(outcome: Outcome, documents: Documents) -> Outcome:
    """Return an outcome with fixed documents."""
    result: dict[Answer, int] = {}
    for answer, bits in outcome.items():
        add(result, Answer(answer.formula, documents), bits)
    return result


def _limited(outcome: Outcome, given: Formula, inside: int) -> Outcome:
    """Return an outcome on some targets, under a formula."""
    result: dict[Answer, int] = {}
    for answer, bits in outcome.items():
        limited = Answer(both(answer.formula, given), answer.documents)
        add(result, limited, bits & inside)
    return result
