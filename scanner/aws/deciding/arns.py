"""Which of many ARNs a pattern names: by index, not one by one."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from scanner.aws.deciding.cells import Cells, bits_of, unite
from scanner.aws.iam.formulas import TRUE, Formula, doubted
from scanner.aws.iam.patterns import as_written, covers_everything, glob, is_plain
from scanner.aws.iam.statements import POSSIBLE_RESOURCE, pattern_names

_SEGMENTS = 6
#: Segments up to and with the service.
_SERVICE = 3
#: Sorts after every character of an ARN.
_LAST = "\U0010ffff"


class _Run(NamedTuple):
    """A contiguous part of the sorted ARNs."""

    start: int
    end: int

    @property
    def bits(self) -> int:
        """The part as a bit set."""
        return (1 << self.end) - (1 << self.start)


class ArnIndex:
    """Sorted ARNs, by their first five segments and then by the beginning of the last.

    It answers as `match_resource` does, pattern by pattern and ARN by ARN, but for
    patterns that name all segments it never lets a `*` in one of the first five run on
    into an ARN whose last segment has colons of its own.
    """

    def __init__(self, arns: Sequence[str]) -> None:
        """Index ARNs, which must be sorted; equal ones may repeat."""
        self._arns = arns
        heads: dict[tuple[str, ...], _Run] = {}
        for n, arn in enumerate(arns):
            *head, _ = segments = arn.split(":", _SEGMENTS - 1)
            if len(segments) == _SEGMENTS:
                key = tuple(head)
                start = heads[key].start if key in heads else n
                heads[key] = _Run(start, n + 1)
        self._services: dict[str, list[tuple[tuple[str, ...], _Run]]]
        self._services = defaultdict(list)
        for key, run in heads.items():
            self._services[key[_SERVICE - 1]].append((key, run))
        self._heads = heads
        self._found: dict[str, Cells] = {}

    def matching(self, pattern: str) -> Cells:
        """Return the ARNs that an expanded pattern names, or may name, as bits."""
        found = self._found.get(pattern)
        if found is None:
            found = self._found[pattern] = self._match(pattern)
        return found

    def _match(self, pattern: str) -> Cells:
        whole = _Run(0, len(self._arns))
        if covers_everything(pattern):
            return {TRUE: whole.bits} if self._arns else {}
        segments = pattern.split(":", _SEGMENTS - 1)
        if len(segments) == _SEGMENTS and is_plain(segments[_SERVICE - 1]):
            return self._match_whole(segments)
        prefix = pattern.removesuffix("*")
        if prefix != pattern and is_plain(prefix) and len(segments) < _SEGMENTS:
            bits = self._beginning(as_written(prefix), whole).bits
            sure = TRUE if len(segments) > _SERVICE else doubted(POSSIBLE_RESOURCE)
            return {sure: bits} if bits else {}
        return self._match_each(pattern, range(len(self._arns)))

    def _match_whole(self, segments: list[str]) -> Cells:
        """Match a pattern of six segments and a plain service, head by head."""
        *heads, last = segments
        if all(map(is_plain, heads)):
            head = tuple(map(as_written, heads))
            run = self._heads.get(head)
            return self._match_last(":".join(head), last, run) if run else {}
        result: Cells = {}
        for head, run in self._services.get(as_written(heads[_SERVICE - 1]), ()):
            if all(glob(p).matches(s) for p, s in zip(heads, head, strict=True)):
                found = self._match_last(":".join(head), last, run)
                result = unite(result, found)
        return result

    def _match_last(self, head: str, last: str, run: _Run) -> Cells:
        """Match the last segment among the ARNs of one head, by its beginning."""
        start = f"{head}:{as_written(_plain_beginning(last))}"
        if is_plain(last):
            bits = self._equal_to(start, run).bits
            return {TRUE: bits} if bits else {}
        begun = self._beginning(start, run)
        if is_plain(last.removesuffix("*")):
            return {TRUE: begun.bits} if begun.bits else {}
        if ":" in last:
            return self._match_each(f"{head}:{last}", range(*begun))
        compiled, skip = glob(last), len(head) + 1
        fits: list[int] = []
        others: list[int] = []
        for n in range(*begun):
            rest = self._arns[n][skip:]
            if ":" in rest:
                others.append(n)
            elif compiled.matches(rest):
                fits.append(n)
        bits = bits_of(fits, len(self._arns))
        alike: Cells = {TRUE: bits} if bits else {}
        return unite(alike, self._match_each(f"{head}:{last}", others))

    def _beginning(self, text: str, run: _Run) -> _Run:
        low = bisect_left(self._arns, text, *run)
        return _Run(low, bisect_left(self._arns, text + _LAST, low, run.end))

    def _equal_to(self, text: str, run: _Run) -> _Run:
        low = bisect_left(self._arns, text, *run)
        return _Run(low, bisect_right(self._arns, text, low, run.end))

    def _match_each(self, pattern: str, positions: Iterable[int]) -> Cells:
        found: dict[Formula, list[int]] = defaultdict(list)
        for n in positions:
            found[pattern_names(pattern, self._arns[n])].append(n)
        size = len(self._arns)
        return {f: bits_of(places, size) for f, places in found.items() if f}


def _plain_beginning(pattern: str) -> str:
    """Return a pattern's text up to its first wildcard."""
    return pattern.split("*", 1)[0].split("?", 1)[0]
