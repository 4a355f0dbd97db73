"""Names that two or three patterns have in common, where none covers the others."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from scanner.aws.deciding.kinds import FILLER
from scanner.aws.iam.patterns import glob, is_plain, shared_text

#: Of more overlapping pairs than this, threes are not looked for.
_MOST_PAIRS = 512


class Overlap(NamedTuple):
    """A name, and the patterns that were put together for it."""

    name: str
    patterns: tuple[str, ...]


@lru_cache(maxsize=1 << 10)
def overlaps(patterns: tuple[str, ...]) -> tuple[Overlap, ...]:
    """Return a name for each two patterns that overlap, and for each three.

    Args:
        patterns: sorted, each with a `*` and something else.

    A policy may allow the first, a boundary the second and an SCP the third.
    """
    pairs = tuple(_pairs(patterns))
    threes = _threes(pairs) if len(pairs) <= _MOST_PAIRS else ()
    return (*pairs, *threes)


def _pairs(patterns: Sequence[str]) -> Iterator[Overlap]:
    """Two patterns overlap only where the beginning of one begins the other's."""
    by_beginning: dict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        by_beginning[_beginning(pattern)].append(pattern)
    for other in patterns:
        text = _beginning(other)
        for size in range(len(text) + 1):
            for one in by_beginning.get(text[:size], ()):
                if size < len(text) or one < other:
                    name = shared_text(one, other, FILLER)
                    if name:
                        yield Overlap(name, (one, other))


def _threes(pairs: Sequence[Overlap]) -> Iterator[Overlap]:
    near: dict[str, set[str]] = defaultdict(set)
    for _, (one, other) in pairs:
        near[one].add(other)
        near[other].add(one)
    seen: set[frozenset[str]] = set()
    for name, (one, other) in pairs:
        for third in sorted(near[one] & near[other]):
            three = frozenset({one, other, third})
            if three in seen:
                continue
            seen.add(three)
            text = name if glob(third).matches(name) else _merged(sorted(three))
            if text is not None and text != name:
                yield Overlap(text, tuple(sorted(three)))


def _merged(patterns: Sequence[str]) -> str | None:
    """Return a name with the beginnings, insides and ends of all patterns."""
    pieces = [pattern.split("*") for pattern in patterns]
    start = max((one[0] for one in pieces), key=len)
    end = max((one[-1] for one in pieces), key=len)
    inner = [text for one in pieces for text in one[1:-1] if text]
    text = FILLER.join([start, *inner, end]).replace("?", FILLER)
    fits = all(glob(pattern).matches(text) for pattern in patterns)
    return text if fits else None


def _beginning(pattern: str) -> str:
    """Return a pattern's text up to its first wildcard."""
    at = next((n for n, c in enumerate(pattern) if not is_plain(c)), len(pattern))
    return pattern[:at]
