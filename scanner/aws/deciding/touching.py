"""Whether rules touch what is asked about: targets, what callers pick, lenders."""

from typing import NamedTuple

from scanner.aws.deciding.cells import covered, union
from scanner.aws.deciding.joins import Joins
from scanner.aws.deciding.rules import Rule
from scanner.aws.deciding.space import Space
from scanner.aws.vectors import TARGETS, Step, lends, place


class Wanted(NamedTuple):
    """What a step is asked for: bits of targets, of what callers pick, of lenders."""

    nodes: int
    objects: int
    lenders: int


class Reach:
    """Tells what the rules of one account reach."""

    def __init__(self, joins: Joins, nodes: Space, objects: Space) -> None:
        """Remember the universes."""
        self._joins, self._nodes, self._objects = joins, nodes, objects

    def wanted(self, step: Step, targets: int) -> Wanted:
        """Return what a step is asked for where a vector is asked for on targets."""
        regions = self._nodes.regions(targets)
        objects = (self._joins.object_bits(step, region) for region in regions)
        lent = union(
            self._joins.borrowing.lenders.of_kind(kind)
            & self._joins.borrowing.lenders.in_region(region)
            for kind in filter(lends, step.needs)
            for region in regions
        )
        named = not TARGETS.isdisjoint(step.needs)
        return Wanted(targets if named else 0, union(objects), lent)

    def touches(self, rule: Rule, step: Step, wanted: Wanted) -> bool:
        """Tell whether a rule applies to anything that a step is asked for."""
        if not rule.actions >> place(step.action) & 1:
            return False
        return bool(
            self.on_nodes(rule, step, wanted) & wanted.nodes
            or self.on_objects(rule, step, wanted) & wanted.objects
            or self.on_lenders(rule, step, wanted) & wanted.lenders
        )

    def on_nodes(self, rule: Rule, step: Step, wanted: Wanted) -> int:
        """Return the nodes that a rule applies to; none where none are wanted."""
        return wanted.nodes and covered(self._nodes.cells(rule, step))

    def on_objects(self, rule: Rule, step: Step, wanted: Wanted) -> int:
        """Return the same of what callers pick."""
        return wanted.objects and covered(self._objects.cells(rule, step))

    def on_lenders(self, rule: Rule, step: Step, wanted: Wanted) -> int:
        """Return the same of lenders."""
        return wanted.lenders and covered(
            self._joins.borrowing.lenders.cells(rule, step)
        )
