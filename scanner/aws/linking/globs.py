"""Many patterns against one ARN: only those whose literal beginning fits are tried."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner.aws.iam.patterns import Match, match_resource

_LITERAL = re.compile(r"[^*?$]*")


class Globs:
    """Patterns by what they begin with, up to the first wildcard or variable."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Index patterns; they are found in this order."""
        self._by_length: defaultdict[int, dict[str, list[tuple[int, str]]]]
        self._by_length = defaultdict(dict)
        for n, pattern in enumerate(patterns):
            found = _LITERAL.match(pattern)
            beginning = found[0] if found else ""
            alike = self._by_length[len(beginning)].setdefault(beginning, [])
            alike.append((n, pattern))

    def naming(self, arn: str) -> Iterator[tuple[str, Match]]:
        """Yield the patterns that name an ARN, or may name it, and which of both."""
        candidates = (
            one
            for length, beginnings in self._by_length.items()
            for one in beginnings.get(arn[:length], ())
        )
        for _, pattern in sorted(candidates):
            match = match_resource(pattern, arn)
            if match is not Match.NO:
                yield pattern, match
