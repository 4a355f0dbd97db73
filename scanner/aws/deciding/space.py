"""A universe of resources that rules carve bit sets out of, once per distinct atom."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scanner.aws.deciding.arns import ArnIndex
from scanner.aws.deciding.cells import (
    NOTHING,
    Cells,
    bits_of,
    covered,
    meet,
    minus,
    union,
    unite,
)
from scanner.aws.deciding.facts import Always, Resource, asking, resource_tag
from scanner.aws.deciding.rules import Rule, mentioned_families
from scanner.aws.iam import conditions
from scanner.aws.iam.conditions import Look, Missing, Seen, expand, variables
from scanner.aws.iam.formulas import TRUE, Formula, folded
from scanner.aws.iam.keys import family
from scanner.aws.iam.statements import (
    Request,
    names_open_pattern,
)
from scanner.aws.vectors import Step

#: Resources that are told apart by the value of an open variable.
_FEW = 64
#: Rules, with the mentioned key families that a step supplies, and its service.
Signature = tuple[tuple[Rule, ...], frozenset[str], str]


class Space:
    """Resources in a fixed order; bit n of a set stands for `resources[n]`."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        """Index the resources, which must be sorted by ARN."""
        self.resources = tuple(resources)
        self.all = (1 << len(self.resources)) - 1
        self._arns = ArnIndex([resource.arn for resource in self.resources])
        self._kinds = self._grouped([resource.kind for resource in resources])
        self._regions = self._grouped([resource.region for resource in resources])
        self._partitions: dict[tuple[object, ...], list[tuple[dict[str, Seen], int]]]
        self._partitions = {}
        self._fixed = frozenset(key for one in self.resources for key in one.fixed)
        self._rules: dict[Signature, Cells] = {}
        self._names: dict[Rule, int] = {}
        self._families: dict[tuple[Rule, ...], frozenset[str]] = {}

    def regions(self, bits: int) -> list[str]:
        """Return the regions that some resources are in."""
        return [region for region, there in self._regions.items() if there & bits]

    def _grouped(self, names: Sequence[str]) -> dict[str, int]:
        groups: dict[str, list[int]] = defaultdict(list)
        for n, name in enumerate(names):
            groups[name].append(n)
        return {name: bits_of(group, len(names)) for name, group in groups.items()}

    def of_kind(self, kind: str) -> int:
        """Return the resources of a kind."""
        return self._kinds.get(kind, 0)

    def in_region(self, region: str) -> int:
        """Return the resources of a region."""
        return self._regions.get(region, 0)

    def cells(self, rule: Rule, step: Step) -> Cells:
        """Return the resources that a rule applies to when a step is requested."""
        known = self.signature((rule,), step)
        found = self._rules.get(known)
        if found is None:
            found = self._rules[known] = self._applied(rule, step)
        return found

    def signature(self, rules: tuple[Rule, ...], step: Step) -> Signature:
        """Return what the cells of some rules depend on: steps often share it."""
        families = self._families.get(rules)
        if families is None:
            families = frozenset().union(*map(mentioned_families, rules))
            self._families[rules] = families
        return rules, families & step.keys, _service_for(families, step)

    def _applied(self, rule: Rule, step: Step) -> Cells:
        result: Cells = {rule.given: self.all}
        result = meet(result, self._named(rule, rule.patterns, step))
        held = []
        for condition in rule.conditions if result else ():
            held.append(self._condition(condition, rule, step))
            if not held[-1]:
                return NOTHING
        return folded(meet, held, result)

    def of_type(self, type_: str, rule: Rule, step: Step) -> int:
        """Return what a rule names by Resource elements that spell out this type."""
        if rule.excepts:
            return 0
        patterns = [
            pattern
            for pattern in rule.patterns
            if pattern.split(":", 5)[-1].startswith(f"{type_}/")
        ]
        return covered(self._named(rule, patterns, step))

    def named(self, rule: Rule) -> int:
        """Return what a rule names, or may name where that takes more to tell."""
        found = self._names.get(rule)
        if found is None:
            if rule.excepts or any("${" in pattern for pattern in rule.patterns):
                found = self.all
            else:
                found = union(
                    covered(self._arns.matching(one)) for one in rule.patterns
                )
            self._names[rule] = found
        return found

    def _named(self, rule: Rule, patterns: Iterable[str], step: Step) -> Cells:
        named: Cells = {}
        applicable = self.all
        for pattern in patterns:
            if "${" in pattern:
                cells, applicable_here = self._variable(pattern, rule, step)
                applicable &= applicable_here
            else:
                cells = self._arns.matching(pattern)
            named = unite(named, cells)
        whole: Cells = {TRUE: applicable} if applicable else {}
        return minus(whole, named) if rule.excepts else meet(named, whole)

    def _variable(self, pattern: str, rule: Rule, step: Step) -> tuple[Cells, int]:
        """Match a pattern with variables; and where all of them have a value."""
        cells: Cells = {}
        applicable = 0
        keys = tuple(sorted({key.lower() for key in variables(pattern)}))
        for seen, bits in self._partition(keys, rule, step):
            expanded = expand(pattern, rule.version, _looking_in(seen))
            if expanded is Missing.ABSENT:
                continue
            applicable |= bits
            if isinstance(expanded, Missing):
                found = self._one_by_one(pattern, rule, seen, bits)
            else:
                found = meet(self._arns.matching(expanded), {TRUE: bits})
            cells = unite(cells, found)
        return cells, applicable

    def _one_by_one(
        self, pattern: str, rule: Rule, seen: dict[str, Seen], bits: int
    ) -> Cells:
        """Match a pattern of which only a request fixes some variable.

        Which value names which resource is told of a few only: each is its own cell.
        """
        exactly = bits.bit_count() <= _FEW and not rule.excepts
        found: dict[Formula, list[int]] = defaultdict(list)
        for n, resource in enumerate(self.resources):
            if bits >> n & 1:
                request = Request("", resource.arn, _looking_in(seen))
                named = names_open_pattern(pattern, rule.version, request, exactly)
                found[named].append(n)
        return self._cells_of(found)

    def _cells_of(self, found: dict[Formula, list[int]]) -> Cells:
        size = len(self.resources)
        return {f: bits_of(positions, size) for f, positions in found.items() if f}

    def _condition(
        self, condition: tuple[str, str, tuple[str, ...]], rule: Rule, step: Step
    ) -> Cells:
        operator, key, values = condition
        used = {name.lower() for value in values for name in variables(value)}
        keys = tuple(sorted({key.lower(), *used}))
        result: dict[Formula, int] = {}
        for seen, bits in self._partition(keys, rule, step):
            outcome = conditions.test(
                operator, key, values, rule.version, _looking_in(seen)
            )
            if outcome:
                result[outcome] = result.get(outcome, 0) | bits
        return result

    def _partition(
        self, keys: tuple[str, ...], rule: Rule, step: Step
    ) -> list[tuple[dict[str, Seen], int]]:
        """Split the resources by what is known of some keys."""
        facts = {
            key: seen
            for key, seen in rule.facts
            if key in keys and (family(key) in step.keys or not resource_tag(key))
        }
        own = tuple(key for key in keys if key not in facts)
        listed = tuple(family(key) in step.keys for key in own)
        known = own, listed, _service_for(own, step)
        found = self._partitions.get(known)
        if found is None:
            found = self._partitions[known] = self._split(own, step)
        if not facts:
            return found
        return [(facts | seen, bits) for seen, bits in found]

    def _split(
        self, keys: tuple[str, ...], step: Step
    ) -> list[tuple[dict[str, Seen], int]]:
        asks = [asking(key, step.service, step.keys, self._fixed) for key in keys]
        alike = [ask.seen for ask in asks if isinstance(ask, Always)]
        if self.resources and len(alike) == len(asks):
            return [(dict(zip(keys, alike, strict=True)), self.all)]
        groups: dict[tuple[Seen, ...], list[int]] = defaultdict(list)
        for n, resource in enumerate(self.resources):
            groups[tuple([ask(resource) for ask in asks])].append(n)
        size = len(self.resources)
        return [
            (dict(zip(keys, seen, strict=True)), bits_of(positions, size))
            for seen, positions in groups.items()
        ]


def _service_for(keys: Iterable[str], step: Step) -> str:
    """Return a step's service where that decides who supplies some keys."""
    return "" if all(key.startswith("aws:") for key in keys) else step.service


def _looking_in(seen: Mapping[str, Seen]) -> Look:
    return lambda key: seen[key.lower()]
