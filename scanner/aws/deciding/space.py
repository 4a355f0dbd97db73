"""A universe of resources that rules carve bit sets out of, once per distinct atom."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from scanner.aws.deciding.cells import Cells, bits_of, meet, minus, unite
from scanner.aws.deciding.facts import Resource, asking
from scanner.aws.deciding.rules import Rule, mentioned_keys
from scanner.aws.iam import conditions
from scanner.aws.iam.conditions import Look, Missing, Seen, expand, variables
from scanner.aws.iam.formulas import TRUE, Formula, doubted
from scanner.aws.iam.keys import family
from scanner.aws.iam.patterns import as_written, covers_everything, glob, is_plain
from scanner.aws.iam.statements import (
    POSSIBLE_RESOURCE,
    Request,
    names_open_pattern,
    pattern_names,
)
from scanner.aws.vectors import AwsVector

_SEGMENTS = 6
#: Segments up to and with the service.
_SERVICE = 3
#: Sorts after every character of an ARN.
_LAST = "\U0010ffff"

#: Rules, with the mentioned key families that a vector supplies, and its service.
Signature = tuple[tuple[Rule, ...], frozenset[str], str]


class Space:
    """Resources in a fixed order; bit n of a set stands for `resources[n]`."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        """Index the resources, which must be sorted by ARN."""
        self.resources = tuple(resources)
        self.all = (1 << len(self.resources)) - 1
        self._arns = [resource.arn for resource in self.resources]
        self._heads, self._odd = self._index()
        self._kinds = self._grouped([resource.kind for resource in resources])
        self._regions = self._grouped([resource.region for resource in resources])
        self._patterns: dict[str, Cells] = {}
        self._partitions: dict[tuple[object, ...], list[tuple[dict[str, Seen], int]]]
        self._partitions = {}
        self._rules: dict[Signature, Cells] = {}
        self._families: dict[tuple[Rule, ...], frozenset[str]] = {}

    def regions(self, bits: int) -> list[str]:
        """Return the regions that some resources are in."""
        return [region for region, there in self._regions.items() if there & bits]

    def _index(self) -> tuple[dict[tuple[str, ...], tuple[int, int]], dict[int, None]]:
        """Find the run of resources of each ARN head; and those of another shape."""
        heads: dict[tuple[str, ...], tuple[int, int]] = {}
        odd: dict[int, None] = {}
        for n, arn in enumerate(self._arns):
            *head, _ = segments = arn.split(":")
            if len(segments) != _SEGMENTS:
                odd[n] = None
                continue
            key = tuple(head)
            heads[key] = heads.get(key, (n, n))[0], n + 1
        return heads, odd

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

    def cells(self, rule: Rule, vector: AwsVector) -> Cells:
        """Return the resources that a rule applies to when a vector is requested."""
        known = self.signature((rule,), vector)
        found = self._rules.get(known)
        if found is None:
            found = self._rules[known] = self._applied(rule, vector)
        return found

    def signature(self, rules: tuple[Rule, ...], vector: AwsVector) -> Signature:
        """Return what the cells of some rules depend on: vectors often share it."""
        families = self._families.get(rules)
        if families is None:
            keys = (key for rule in rules for key in mentioned_keys(rule))
            families = self._families[rules] = frozenset(map(family, keys))
        return rules, families & vector.keys, vector.service if families else ""

    def _applied(self, rule: Rule, vector: AwsVector) -> Cells:
        result: Cells = {rule.given: self.all}
        named = self._named(rule, vector)
        result = meet(result, named)
        for condition in rule.conditions:
            if not result:
                break
            result = meet(result, self._condition(condition, rule, vector))
        return result

    def _named(self, rule: Rule, vector: AwsVector) -> Cells:
        named: Cells = {}
        applicable = self.all
        for pattern in rule.patterns:
            if "${" in pattern:
                cells, applicable_here = self._variable(pattern, rule, vector)
                applicable &= applicable_here
            else:
                cells = self.matching(pattern)
            named = unite(named, cells)
        whole: Cells = {TRUE: applicable} if applicable else {}
        return minus(whole, named) if rule.excepts else meet(named, whole)

    def _variable(
        self, pattern: str, rule: Rule, vector: AwsVector
    ) -> tuple[Cells, int]:
        """Match a pattern with variables; and where all of them have a value."""
        cells: Cells = {}
        applicable = 0
        keys = tuple(sorted({key.lower() for key in variables(pattern)}))
        for seen, bits in self._partition(keys, rule, vector):
            expanded = expand(pattern, rule.version, _looking_in(seen))
            if expanded is Missing.ABSENT:
                continue
            applicable |= bits
            if isinstance(expanded, Missing):
                found = self._one_by_one(pattern, rule.version, seen, bits)
            else:
                found = meet(self.matching(expanded), {TRUE: bits})
            cells = unite(cells, found)
        return cells, applicable

    def _one_by_one(
        self, pattern: str, version: str, seen: dict[str, Seen], bits: int
    ) -> Cells:
        """Match a pattern of which only a request fixes some variable."""
        found: dict[Formula, list[int]] = defaultdict(list)
        for n, resource in enumerate(self.resources):
            if bits >> n & 1:
                request = Request("", resource.arn, _looking_in(seen))
                found[names_open_pattern(pattern, version, request)].append(n)
        return self._cells_of(found)

    def matching(self, pattern: str) -> Cells:
        """Return the resources that an expanded pattern names, or may name."""
        found = self._patterns.get(pattern)
        if found is None:
            found = self._patterns[pattern] = self._match(pattern)
        return found

    def _match(self, pattern: str) -> Cells:
        if covers_everything(pattern):
            return {TRUE: self.all} if self.all else {}
        segments = pattern.split(":")
        prefix = pattern.removesuffix("*")
        if len(segments) < _SEGMENTS and prefix != pattern and is_plain(prefix):
            run = self._run(as_written(prefix), 0, len(self._arns))
            certain = TRUE if len(segments) > _SERVICE else doubted(POSSIBLE_RESOURCE)
            return {certain: run} if run else {}
        if len(segments) != _SEGMENTS or not is_plain(segments[2]):
            return self._match_each(pattern, range(len(self.resources)))
        found = 0
        for head, (start, end) in self._heads.items():
            if all(glob(p).matches(s) for p, s in zip(segments, head, strict=False)):
                found |= self._match_names(":".join(head), segments[5], start, end)
        whole: Cells = {TRUE: found} if found else {}
        return unite(whole, self._match_each(pattern, self._odd))

    def _match_names(self, head: str, pattern: str, start: int, end: int) -> int:
        """Match the last segment among the resources from start to end, by prefix."""
        prefix = pattern.removesuffix("*")
        if is_plain(prefix):
            text = f"{head}:{as_written(prefix)}"
            if prefix != pattern:
                return self._run(text, start, end)
            low = bisect_left(self._arns, text, start, end)
            return (1 << bisect_right(self._arns, text, low, end)) - (1 << low)
        compiled, skip = glob(pattern), len(head) + 1
        fits = (
            n
            for n in range(start, end)
            if n not in self._odd and compiled.matches(self._arns[n][skip:])
        )
        return bits_of(fits, len(self._arns))

    def _run(self, prefix: str, start: int, end: int) -> int:
        """The resources from start to end whose ARN begins with a text."""
        low = bisect_left(self._arns, prefix, start, end)
        return (1 << bisect_left(self._arns, prefix + _LAST, low, end)) - (1 << low)

    def _match_each(self, pattern: str, positions: Iterable[int]) -> Cells:
        found: dict[Formula, list[int]] = defaultdict(list)
        for n in positions:
            found[pattern_names(pattern, self._arns[n])].append(n)
        return self._cells_of(found)

    def _cells_of(self, found: dict[Formula, list[int]]) -> Cells:
        size = len(self.resources)
        return {f: bits_of(positions, size) for f, positions in found.items() if f}

    def _condition(
        self, condition: tuple[str, str, tuple[str, ...]], rule: Rule, vector: AwsVector
    ) -> Cells:
        operator, key, values = condition
        used = {name.lower() for value in values for name in variables(value)}
        keys = tuple(sorted({key.lower(), *used}))
        result: dict[Formula, int] = {}
        for seen, bits in self._partition(keys, rule, vector):
            outcome = conditions.test(
                operator, key, values, rule.version, _looking_in(seen)
            )
            if outcome:
                result[outcome] = result.get(outcome, 0) | bits
        return result

    def _partition(
        self, keys: tuple[str, ...], rule: Rule, vector: AwsVector
    ) -> list[tuple[dict[str, Seen], int]]:
        """Split the resources by what is known of some keys."""
        facts = {key: seen for key, seen in rule.facts if key in keys}
        own = tuple(key for key in keys if key not in facts)
        listed = tuple(family(key) in vector.keys for key in own)
        known = own, listed, vector.service
        found = self._partitions.get(known)
        if found is None:
            found = self._partitions[known] = self._split(own, vector)
        if not facts:
            return found
        return [(facts | seen, bits) for seen, bits in found]

    def _split(
        self, keys: tuple[str, ...], vector: AwsVector
    ) -> list[tuple[dict[str, Seen], int]]:
        asks = [asking(key, vector.service, vector.keys) for key in keys]
        groups: dict[tuple[Seen, ...], list[int]] = defaultdict(list)
        for n, resource in enumerate(self.resources):
            groups[tuple([ask(resource) for ask in asks])].append(n)
        size = len(self.resources)
        return [
            (dict(zip(keys, seen, strict=True)), bits_of(positions, size))
            for seen, positions in groups.items()
        ]


def _looking_in(seen: Mapping[str, Seen]) -> Look:
    return lambda key: seen[key.lower()]
