"""One vector of one class: its steps joined, way by way and region by region."""

from collections.abc import Iterator
from functools import partial

from scanner.aws.deciding.borrowing import Borrowing
from scanner.aws.deciding.cells import NOTHING, Cells, meet, under, unite, within
from scanner.aws.deciding.halves import BY_RULES, Answer, Documents, Half, Outcome
from scanner.aws.deciding.layout import Picks
from scanner.aws.deciding.lending import Lending
from scanner.aws.deciding.outcomes import (
    add,
    answered,
    either_way,
    followed,
)
from scanner.aws.deciding.powers import Effects, Power
from scanner.aws.deciding.rules import Rule
from scanner.aws.iam.formulas import TRUE, doubted
from scanner.aws.vectors import TARGETS, AwsVector, Catalogue, Step, Way, lends, place

#: What they need may be granted in ways of their own.
_OTHER_RIGHTS = (
    "ssm:StartSession",
    "ssm:StartAutomationExecution",
    "ssm:StartChangeRequestExecution",
)


class Joins:
    """Decides vectors for the powers of one account."""

    def __init__(
        self, nodes: Effects, picks: Picks, catalogue: Catalogue, lending: Lending
    ) -> None:
        """Remember the universes of targets, of what callers pick, and of lenders."""
        self._nodes = nodes.space
        self._halves, self._reached = picks.halves, picks.reached
        self._node_effects = nodes
        self._regions = sorted({node.region for node in self._nodes.resources})
        self._outcomes: dict[tuple[AwsVector, Power], Outcome] = {}
        self._matters: dict[tuple[Rule, AwsVector], bool] = {}
        self.borrowing = Borrowing(nodes.space, catalogue, lending, self.outcome)

    def outcome(self, power: Power, vector: AwsVector) -> Outcome:
        """Decide one vector for a power (`Power.on` that vector), once."""
        known = vector, power
        found = self._outcomes.get(known)
        if found is None:
            within_reach = power.only(partial(self._may_matter, vector))
            found = self._decided(within_reach, vector)
            self._outcomes[known] = found
        return found

    def _decided(self, power: Power, vector: AwsVector) -> Outcome:
        known = vector, power
        found = self._outcomes.get(known)
        if found is None:
            found = {}
            for way in vector.ways:
                found = either_way(found, self._way(power, way))
            self._outcomes[known] = found
        return found

    def _may_matter(self, vector: AwsVector, rule: Rule) -> bool:
        """Tell whether a rule may name anything that a vector needs."""
        known = rule, vector
        found = self._matters.get(known)
        if found is None:
            steps = (
                one for one in vector.steps if rule.actions >> place(one.action) & 1
            )
            found = any(self._may_name(rule, step) for step in steps)
            self._matters[known] = found
        return found

    def _may_name(self, rule: Rule, step: Step) -> bool:
        if step.action in BY_RULES or not TARGETS.isdisjoint(step.needs):
            return True
        lenders = self.borrowing.lenders
        lent = (lenders.of_kind(kind) for kind in step.needs if lends(kind))
        return any(
            bits & lenders.named(rule) for bits in lent
        ) or self._halves.may_name(rule, step)

    def reachable(self, way: Way) -> int:
        """Return the nodes that a way can reach at all."""
        if way.reaches == "instance":
            return self._nodes.of_kind("instance")
        return self._nodes.all

    def object_bits(self, step: Step, region: str) -> int:
        """Return the objects of a region that a step authorises on."""
        return self._halves.bits(step.needs, region)

    def _way(self, power: Power, way: Way) -> Outcome:
        if way.lender:
            lent = self.borrowing.lent(power, way)
            return self._joined_way(power, way, lent) if lent else {}
        known = power, way
        found = self._reached.get(known)
        if found is None:
            found = self._reached[known] = self._joined_way(power, way, None)
        return found

    def _joined_way(self, power: Power, way: Way, lent: Outcome | None) -> Outcome:
        granted = self._targets(power, way)
        picked = self._picked(power, way) if granted else None
        if picked is None:
            return {}
        if way.doubt is not None:
            granted = under(granted, doubted(way.doubt))
        result: dict[Answer, int] = {}
        for caller, documents in self._with_picked(granted, *picked):
            commanded = (
                answered(caller, None) if lent is None else followed(caller, lent)
            )
            for one, bits in commanded.items():
                written = one.documents if documents is None else documents
                add(result, Answer(one.formula, written), bits)
        return result

    def _with_picked(
        self, granted: Cells, cells: dict[str, Cells], halves: list[Half]
    ) -> Iterator[tuple[Cells, Documents]]:
        """Join targets with what the caller picks, region by region."""
        if not cells:
            yield granted, None
            return
        for region in self._regions:
            here = within(granted, self._nodes.in_region(region))
            if here:
                answer = self._halves.answer(cells, halves, region)
                yield under(here, answer.formula), answer.documents

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
