"""IAM patterns: `*` and `?` in actions, resources and values, in linear time.

A pattern is text in which `*` spans any run and `?` one character. A wildcard that is
meant literally (`${*}`, or one inside a substituted variable) is written with
`literally` and matches only itself.
"""

import re
from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import lru_cache

_LITERAL = str.maketrans({"*": "\ufdd0", "?": "\ufdd1", "$": "\ufdd3"})
_PLAIN = str.maketrans({"\ufdd0": "*", "\ufdd1": "?", "\ufdd3": "$"})
_ESCAPED = str.maketrans({"\ufdd0": "${*}", "\ufdd1": "${?}"})
#: Products of two pattern lengths above this are not searched for a shared text.
_LARGEST_PRODUCT = 250_000


#: Beyond this product a chunk with `?` is searched for from all places at once.
_LARGEST_SEARCH = 100_000_000


class Match(Enum):
    """Whether a resource pattern names a resource."""

    NO = 0
    #: Readings of the segment rules differ; nobody confirmed which one is live.
    POSSIBLE = 1
    YES = 2


def literally(text: str) -> str:
    """Return a pattern that matches exactly this text."""
    return text.translate(_LITERAL)


def as_written(pattern: str) -> str:
    """Return a pattern as people write it: its literal wildcards as they look."""
    return pattern.translate(_PLAIN)


def plain(pattern: str) -> str:
    """Return a text without wildcards; a `${` that is no variable stays marked."""
    marked = pattern.replace("\ufdd3{", "\ufdd4{")
    return as_written(marked).replace("\ufdd4", "\ufdd3")


def in_policy(pattern: str) -> str:
    """Return a pattern as a policy spells it: `${*}` for a literal `*`."""
    return as_written(pattern.translate(_ESCAPED).replace("\ufdd3{", "${$}{"))


def folded(text: str) -> str:
    """Return a text as it is compared where case does not count, each character."""
    return "".join(c if len(f := c.casefold()) > 1 else f for c in text)


class _Chunk:
    """A run of pattern text between two `*`."""

    __slots__ = ("_pattern", "size", "text", "wild")

    def __init__(self, pattern: str) -> None:
        self.size = len(pattern)
        self.text = as_written(pattern)
        self.wild = None
        if "?" in pattern:
            pieces = map(re.escape, map(as_written, pattern.split("?")))
            self.wild = re.compile(".".join(pieces), re.DOTALL)
        self._pattern = pattern

    def at(self, text: str, start: int) -> bool:
        if self.wild is None:
            return text.startswith(self.text, start)
        return self.wild.match(text, start) is not None

    def find(self, text: str, start: int, end: int) -> int:
        if self.wild is None:
            return text.find(self.text, start, end)
        if self.size * (end - start) > _LARGEST_SEARCH:
            return self._follow(text, start, end)
        found = self.wild.search(text, start, end)
        return found.start() if found else -1

    def _follow(self, text: str, start: int, end: int) -> int:
        """Search all beginnings at once: bit n stands for n characters that fit."""
        anywhere, named = 0, dict.fromkeys(self.text, 0)
        for n, character in enumerate(self._pattern):
            if character == "?":
                anywhere |= 1 << n
            else:
                named[as_written(character)] |= 1 << n
        places, last = 0, 1 << (self.size - 1)
        for at in range(start, end):
            fits = anywhere | named.get(text[at], 0)
            places = (places << 1 | 1) & fits
            if places & last:
                return at - self.size + 1
        return -1


class Glob:
    """A compiled pattern; each `*` is settled at its first fit, so never twice."""

    __slots__ = ("_chunks", "_least")

    def __init__(self, pattern: str) -> None:
        """Compile a pattern; many `*` in a row are one."""
        pieces = pattern.split("*")
        inner = [piece for piece in pieces[1:-1] if piece]
        ends = pieces[:1] if len(pieces) == 1 else [pieces[0], *inner, pieces[-1]]
        self._chunks = [_Chunk(piece) for piece in ends]
        self._least = sum(chunk.size for chunk in self._chunks)

    def matches(self, text: str) -> bool:
        """Tell whether the whole text fits."""
        size = len(text)
        first = self._chunks[0]
        if size < self._least or not first.at(text, 0):
            return False
        if len(self._chunks) == 1:
            return size == self._least
        last = self._chunks[-1]
        end = size - last.size
        if not last.at(text, end):
            return False
        at = first.size
        for chunk in self._chunks[1:-1]:
            at = chunk.find(text, at, end)
            if at < 0:
                return False
            at += chunk.size
        return True


@lru_cache(maxsize=1 << 16)
def glob(pattern: str) -> Glob:
    """Compile a pattern once."""
    return Glob(pattern)


def is_plain(pattern: str) -> bool:
    """Tell whether a pattern has no wildcard: it matches one text only."""
    return "*" not in pattern and "?" not in pattern


def covers_everything(pattern: str) -> bool:
    """Tell whether a pattern is `*`: all that actions without resources match."""
    return bool(pattern) and not pattern.strip("*")


def match_action(pattern: str, action: str) -> bool:
    """Tell whether an action pattern names an action; case does not count."""
    return glob(pattern.lower()).matches(action.lower())


def match_resource(pattern: str, resource: str) -> Match:
    """Tell whether a Resource element names a resource.

    Args:
        pattern: a Resource or NotResource element, its variables already substituted.
        resource: an ARN, or `*` for an action that has no resource type.

    Wildcards act inside a colon segment, a `*` that ends the pattern takes the rest,
    and the service segment takes none. Where a plain reading of the whole text would
    match and this one does not, the answer is POSSIBLE: a `*` ending an inner segment
    may run past its colon.
    """
    if covers_everything(pattern):
        return Match.YES
    if resource == "*":
        return Match.NO
    if _by_segment(pattern.split(":"), resource.split(":")):
        return Match.YES
    return Match.POSSIBLE if glob(pattern).matches(resource) else Match.NO


def _by_segment(pattern: list[str], resource: list[str]) -> bool:
    """Match segments one by one; the last one takes the rest where it ends in `*`."""
    if len(pattern) < 3 or not is_plain(pattern[2]):
        return False
    whole = len(pattern) > 3 and pattern[-1].endswith("*")
    if len(resource) < len(pattern) or (len(resource) > len(pattern) and not whole):
        return False
    found = zip(pattern, resource, strict=False)
    return all(one == other or glob(one).matches(other) for one, other in found)


def match_arn(pattern: str, value: str) -> bool:
    """Match as ArnLike and ArnEquals do: six segments, wildcards inside each.

    Only the last segment, which keeps its own colons, lets `*` span them.
    """
    if covers_everything(pattern):
        return True
    patterns, values = pattern.split(":", 5), value.split(":", 5)
    if len(patterns) != 6 or len(values) != 6:
        return False
    return all(
        one == other or glob(one).matches(other)
        for one, other in zip(patterns, values, strict=True)
    )


def shared_text(one: str, other: str, filler: str) -> str | None:
    """Return a text that both patterns match, or None; longer ones than AWS allows too.

    Args:
        one: a pattern.
        other: another one.
        filler: the character to write where neither pattern names one.
    """
    if len(one) * len(other) > _LARGEST_PRODUCT:
        return None
    texts = {(0, 0): ""}
    waiting = deque(texts)
    while waiting:
        place = waiting.popleft()
        if place == (len(one), len(other)):
            return as_written(texts[place])
        for further, written in _steps(one, other, place, filler):
            if further not in texts:
                texts[further] = texts[place] + written
                # Steps that write nothing come first: the shortest text is found.
                (waiting.append if written else waiting.appendleft)(further)
    return None


def _steps(
    one: str, other: str, place: tuple[int, int], filler: str
) -> Iterator[tuple[tuple[int, int], str]]:
    """Where two patterns can go on from, and what each step writes."""
    i, j = place
    here = one[i] if i < len(one) else ""
    there = other[j] if j < len(other) else ""
    if here == "*":
        yield (i + 1, j), ""
    if there == "*":
        yield (i, j + 1), ""
    if not here or not there or here == there == "*":
        return
    written = filler if here in "*?" and there in "*?" else there
    if here not in "*?":
        written = here
        if there not in ("*", "?", here):
            return
    yield (i + (here != "*"), j + (there != "*")), written
