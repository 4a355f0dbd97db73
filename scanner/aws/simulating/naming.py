"""Resource elements compiled: `patterns.match_resource`, its work done before."""

import re
from collections.abc import Mapping

from scanner.aws.iam.formulas import FALSE, TRUE, Formula, doubted
from scanner.aws.iam.patterns import as_written, glob, is_plain
from scanner.aws.iam.statements import POSSIBLE_RESOURCE, pattern_names

#: Stars before the last that a regular expression may search for without end.
MOST_STARS = 2
NOTHING = re.compile(r"(?!)")
#: Wildcards that stay inside a segment of an ARN.
INSIDE = {"*": "[^:]*", "?": "[^:]"}
_POSSIBLE = doubted(POSSIBLE_RESOURCE)


class Patterns:
    """Resource elements without variables, the common forms looked up at once."""

    __slots__ = ("_exact", "_prefixes", "_rest")

    def __init__(self, patterns: tuple[str, ...]) -> None:
        """Compile elements of one statement."""
        simple = [p for p in patterns if p.count(":") > 4 and as_written(p) == p]
        self._exact = frozenset(filter(is_plain, simple))
        heads = {p[:-1] for p in simple if p[-1] == "*" and is_plain(p[:-1])}
        self._prefixes = tuple(heads)
        done = self._exact | {f"{head}*" for head in heads}
        self._rest = tuple(_Pattern(each) for each in patterns if each not in done)

    def __call__(self, resource: str) -> Formula:
        """Return what must hold for one of them to name a resource."""
        if resource == "*":  # only a pattern that covers everything names it
            return FALSE
        if resource in self._exact or resource.startswith(self._prefixes):
            return TRUE
        named = FALSE
        for pattern in self._rest:
            one = pattern(resource)
            if one is TRUE:
                return TRUE
            named = one or named
        return named


class _Pattern:
    """One Resource element: `patterns.match_resource` with its work done before."""

    __slots__ = ("_glob", "_head", "_pattern", "_segments")

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._head = as_written(re.split(r"[*?]", pattern, maxsplit=1)[0])
        self._glob = glob(pattern)
        self._segments = _by_segments(pattern)

    def __call__(self, resource: str) -> Formula:
        # Whatever matches by segments matches as plain text too.
        if not resource.startswith(self._head) or not self._glob.matches(resource):
            return FALSE
        if self._segments is None:
            return pattern_names(self._pattern, resource)
        return TRUE if self._segments.fullmatch(resource) else _POSSIBLE


def _by_segments(pattern: str) -> re.Pattern[str] | None:
    """Compile the reading by colon segments; None where it could search for long."""
    segments = pattern.split(":")
    if len(segments) < 3 or not is_plain(segments[2]):
        return NOTHING
    if pattern[:-1].count("*") - segments[1].count("*") > MOST_STARS:
        return None
    rest = r"[\s\S]*" if len(segments) > 3 and pattern[-1] == "*" else ""
    return re.compile(":".join(literally(s, INSIDE) for s in segments) + rest)


def literally(text: str, wild: Mapping[str, str]) -> str:
    """Write a pattern as a regular expression, its wildcards as `wild` says."""
    return "".join(wild.get(each) or re.escape(as_written(each)) for each in text)
