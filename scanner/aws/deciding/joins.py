"""One vector of one class: its steps joined, way by way and region by region."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from scanner.aws.deciding.cells import (
    NOTHING,
    Cells,
    combined,
    covered,
    meet,
    under,
    unite,
    within,
)
from scanner.aws.deciding.halves import Answer, Documents, Half, Outcome, joined
from scanner.aws.deciding.layout import Picks
from scanner.aws.deciding.lending import Lender, Lending
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.space import Space
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, both, doubted, either
from scanner.aws.vectors import (
    TARGETS,
    AwsVector,
    Catalogue,
    Step,
    Way,
    lends,
    place,
)
from scanner.grants import ones

_TWO_REQUESTS = "conditions of the caller and of a lent role exclude each other"
#: What they need may be granted in ways of their own.
_OTHER_RIGHTS = (
    "ssm:StartSession",
    "ssm:StartAutomationExecution",
    "ssm:StartChangeRequestExecution",
)


@dataclass(frozen=True, slots=True)
class Lent:
    """What lenders command: nodes by what must hold, and the documents there."""

    nodes: Cells
    documents: Documents


class Commanding(NamedTuple):
    """A lent role, and the targets that it commands by one vector."""

    role: str
    power: Power
    vector: AwsVector
    targets: int


class Joins:
    """Decides vectors for the powers of one account."""

    def __init__(
        self, nodes: Effects, picks: Picks, catalogue: Catalogue, lending: Lending
    ) -> None:
        """Remember the universes of targets, of what callers pick, and of lenders."""
        self._nodes = nodes.space
        self._catalogue = catalogue
        self._lending = lending
        self._halves, self._reached = picks.halves, picks.reached
        self._node_effects = nodes
        self._regions = sorted({node.region for node in self._nodes.resources})
        self._vectors = {one.action: one for one in catalogue.covered}
        self._outcomes: dict[tuple[str, Power], Outcome] = {}
        self._commands: dict[tuple[Power, tuple[str, ...]], Lent] = {}
        self._held: dict[tuple[int, tuple[str, ...]], Lent] = {}

    def outcome(self, power: Power, vector: AwsVector) -> Outcome:
        """Decide one vector for a power (`Power.on` that vector), once."""
        known = vector.action, power
        found = self._outcomes.get(known)
        if found is None:
            found = {}
            for way in vector.ways:
                one = self._way(power, way)
                found = _either_way(found, one) if found and one else found or one
            self._outcomes[known] = found
        return found

    def reachable(self, way: Way) -> int:
        """Return the nodes that a way can reach at all."""
        if way.reaches == "instance":
            return self._nodes.of_kind("instance")
        return self._nodes.all

    def object_bits(self, step: Step, region: str) -> int:
        """Return the objects of a region that a step authorises on."""
        return self._halves.bits(step.needs, region)

    @cached_property
    def lenders(self) -> Space:
        """What lends what it holds, as resources."""
        return Space([one.resource for one in self._lenders])

    @cached_property
    def _lenders(self) -> list[Lender]:
        return self._lending.lenders(self._catalogue)

    @cached_property
    def _lender_effects(self) -> Effects:
        return Effects(self.lenders)

    def _way(self, power: Power, way: Way) -> Outcome:
        if way.lender:
            lent = self._lent(power, way)
            return self._joined_way(power, way, lent) if lent.nodes else {}
        known = power, way
        found = self._reached.get(known)
        if found is None:
            found = self._reached[known] = self._joined_way(power, way, None)
        return found

    def _joined_way(self, power: Power, way: Way, lent: Lent | None) -> Outcome:
        granted = self._targets(power, way)
        if lent is not None:
            granted = combined(granted, lent.nodes, _followed)
        picked = self._picked(power, way) if granted else None
        if picked is None:
            return {}
        cells, halves = picked
        if way.doubt is not None:
            granted = under(granted, doubted(way.doubt))
        result: dict[Answer, int] = {}
        for region in self._regions:
            here = within(granted, self._nodes.in_region(region))
            if not here:
                continue
            answer = Answer(TRUE, None)
            if cells:
                answer = self._halves.answer(cells, halves, region)
            documents = answer.documents
            if documents is None and lent is not None:
                documents = lent.documents
            for formula, bits in under(here, answer.formula).items():
                one = Answer(formula, documents)
                result[one] = result.get(one, 0) | bits
        return result

    def _targets(self, power: Power, way: Way) -> Cells:
        """Return the targets on which all steps that name them are authorised."""
        everything = self.reachable(way)
        granted = whole = {TRUE: everything} if everything else NOTHING
        for step in way.steps:
            if granted and step.names_target:
                named = within(self._on_nodes(power.of(step), step), everything)
                granted = named if granted == whole else meet(granted, named)
        return granted

    def _on_nodes(self, power: Power, step: Step) -> Cells:
        """Return the nodes on which a step is authorised, tags set before included."""
        granted = self._node_effects.of(power, step).granted
        if power.forged is None:
            return granted
        nodes, forged = power.forged
        tagged = self._node_effects.of(forged, step).granted
        return unite(granted, within(tagged, nodes))

    def _picked(
        self, power: Power, way: Way
    ) -> tuple[dict[str, Cells], list[Half]] | None:
        """Return what the caller may pick, by kind; None where some kind has none."""
        halves = [
            self._halves.of(power.of(step), step)
            for step in way.steps
            if not all(kind in TARGETS or lends(kind) for kind in step.needs)
        ]
        cells: dict[str, Cells] = {}
        for half in halves:
            for kind in half.step.needs:
                if kind in TARGETS or lends(kind):
                    continue
                found = within(half.granted, self._halves.of_kind(kind))
                cells[kind] = meet(cells[kind], found) if kind in cells else found
        if way.steps[0].action in _OTHER_RIGHTS:
            return cells, halves
        return (cells, halves) if all(cells.values()) else None

    def lent_roles(
        self, power: Power, vector: AwsVector, targets: int
    ) -> Iterator[Commanding]:
        """Yield roles that a vector lends, until all targets are commanded by some.

        Args:
            power: as for `outcome`.
            vector: a vector on targets that the power has it on.
            targets: these targets, as bits.
        """
        for way in vector.ways:
            granted = covered(self._lending_of(power, way)) if way.lends else 0
            for lender in map(self._lenders.__getitem__, ones(granted)):
                if not targets:
                    return
                if lender.role:
                    inside = targets & self._nodes.in_region(lender.resource.region)
                    for found in self._commanded(lender.role, way.lends, inside):
                        targets &= ~found.targets
                        yield found

    def _commanded(
        self, role: str, by: tuple[str, ...], targets: int
    ) -> Iterator[Commanding]:
        power = self._lending.powers[role]
        for vector in map(self._vectors.__getitem__, by):
            outcome = self.outcome(power.on(place(vector.action)), vector)
            if reached := targets & _all(outcome.values()):
                targets &= ~reached
                yield Commanding(role, power, vector, reached)

    def _lending_of(self, power: Power, way: Way) -> Cells:
        """Return the lenders that all steps which need one authorise."""
        kind = way.lender or ""
        granted: Cells = {TRUE: self.lenders.of_kind(kind)}
        for step in way.steps:
            if kind in step.needs and covered(granted):
                effect = self._lender_effects.of(power.of(step), step)
                granted = meet(granted, effect.granted)
        return granted

    def _lent(self, power: Power, way: Way) -> Lent:
        """Return what is lent by what all steps that need a lender authorise."""
        nodes: Cells = NOTHING
        held = {
            formula: self._holding(bits, way.lends)
            for formula, bits in self._lending_of(power, way).items()
            if bits
        }
        for formula, lent in held.items():
            alone: Cells = {formula: covered(lent.nodes)}
            nodes = unite(nodes, combined(alone, lent.nodes, _followed))
        return Lent(nodes, _joined(lent.documents for lent in held.values()))

    def _holding(self, bits: int, by: tuple[str, ...]) -> Lent:
        """Return what some lenders together command, once per set of them."""
        known = bits, by
        found = self._held.get(known)
        if found is None:
            found = self._held[known] = self._united(bits, by)
        return found

    def _united(self, bits: int, by: tuple[str, ...]) -> Lent:
        nodes: Cells = NOTHING
        documents: list[Documents] = []
        for region in self._regions:
            inside = self._nodes.in_region(region)
            lent: dict[tuple[Power, Formula, str], None] = {}
            for n in ones(bits & self.lenders.in_region(region)):
                lender = self._lenders[n]
                if lender.role:
                    power = self._lending.powers[lender.role]
                    lent[power, lender.given, lender.document] = None
                    continue
                nodes = unite(nodes, under(lender.holds, lender.given))
                documents.append((lender.document,) if lender.document else None)
            for power, given, document in lent:
                command = self._command(power, by)
                nodes = unite(nodes, within(under(command.nodes, given), inside))
                documents.append((document,) if document else command.documents)
        return Lent(nodes, _joined(documents))

    def _command(self, power: Power, by: tuple[str, ...]) -> Lent:
        """Return what a role commands by itself, by any of some vectors."""
        known = power, by
        if known not in self._commands:
            outcomes = [
                self.outcome(power.on(place(action)), self._vectors[action])
                for action in by
            ]
            nodes: Cells = NOTHING
            for answer, bits in (one for each in outcomes for one in each.items()):
                nodes = unite(nodes, {answer.formula: bits})
            documents = (answer.documents for each in outcomes for answer in each)
            self._commands[known] = Lent(nodes, _joined(documents))
        return self._commands[known]


def _followed(caller: Formula, lent: Formula) -> Formula:
    """Join what a caller and a lent role need: two requests, so neither rules out."""
    found = both(caller, lent)
    return doubted(_TWO_REQUESTS) if found == FALSE else found


def _either_way(one: Outcome, other: Outcome) -> Outcome:
    """Unite the outcomes of two ways; where both reach a target, either suffices."""
    result: dict[Answer, int] = {}
    for answer, bits in one.items():
        for against, found in other.items():
            if common := bits & found:
                both_of = Answer(
                    either(answer.formula, against.formula),
                    _joined((answer.documents, against.documents)),
                )
                result[both_of] = result.get(both_of, 0) | common
    for outcome, rest in ((one, other), (other, one)):
        outside = ~_all(rest.values())
        for answer, bits in outcome.items():
            if kept := bits & outside:
                result[answer] = result.get(answer, 0) | kept
    return result


def _joined(many: Iterable[Documents]) -> Documents:
    """Unite documents; None where nothing has any."""
    return joined(*many) or None


def _all(many: Iterable[int]) -> int:
    found = 0
    for bits in many:
        found |= bits
    return found
