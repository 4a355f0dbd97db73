"""What is lent to whom: lenders by class, and what each set of them commands."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import NamedTuple

from scanner.aws.deciding.cells import Cells, combined, covered, meet, under, within
from scanner.aws.deciding.halves import Answer, Outcome
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
from scanner.aws.iam.formulas import TRUE, Formula, both
from scanner.aws.vectors import AwsVector, Catalogue, Way, place
from scanner.grants import ones


class Commanding(NamedTuple):
    """A lent role, and the targets that it commands by one vector."""

    role: str
    power: Power
    vector: AwsVector
    targets: int


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
        self._regions = sorted({node.region for node in nodes.resources})
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
        found: Outcome = {}
        for region in self._regions:
            inside = self._nodes.in_region(region)
            # Lenders of one class are one: their role's power, and what limits it.
            alike: dict[tuple[Power, Formula, str], None] = {}
            for n in ones(bits & self.lenders.in_region(region)):
                lender = self._lenders[n]
                if lender.role and not lender.confined:
                    power = self._lending.powers[lender.role]
                    alike[power, lender.given, lender.document] = None
                else:
                    found = either_way(found, self._held_by(lender, by, inside))
            for power, given, document in alike:
                command = _only(self._command(power, by), given, document, inside)
                found = either_way(found, command)
        return found

    def _held_by(self, lender: Lender, by: tuple[str, ...], inside: int) -> Outcome:
        """Return what is commanded by one that holds nodes."""
        holds = within(under(lender.holds, lender.given), inside)
        document = (lender.document,) if lender.document else None
        if not lender.role:
            return answered(holds, document)
        command = self._command(self._lending.powers[lender.role], by)
        confined = combined(holds, {TRUE: covering(command)}, both)
        return followed(confined, _only(command, TRUE, lender.document, inside))

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


def _only(outcome: Outcome, given: Formula, document: str, inside: int) -> Outcome:
    """Return an outcome on some targets, under a formula, with a fixed document."""
    result: dict[Answer, int] = {}
    for answer, bits in outcome.items():
        documents = (document,) if document else answer.documents
        add(result, Answer(both(answer.formula, given), documents), bits & inside)
    return result
