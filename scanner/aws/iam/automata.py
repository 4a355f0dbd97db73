"""Patterns as machines over bit sets: what covers, what overlaps, what is left over.

All of it takes time linear in one pattern, times the machine words of the other.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from scanner.aws.iam.patterns import as_written, covers_everything, folded

#: Stands for every character that no pattern names.
FRESH = "\ufdd2"
_WILD = "*?"
_ARN_COLONS = 5
#: Products of two pattern lengths above this are not compared.
_LARGEST_PRODUCT = 100_000_000
#: Sets of places beyond which following a pattern is given up.
_MOST_STATES = 2_000
#: Patterns of more characters are not searched, nor is a search longer than so many
#: steps of a pattern.
_MOST_TEXT = 2_000
_MOST_STEPS = 20_000


class Automaton:
    """A pattern; in a set of places, bit n stands for n tokens read.

    A token is a character or `?`; what lies between two of them is a gap where the
    pattern has a `*` there.
    """

    __slots__ = ("_any", "_gaps", "_literal", "accept", "fold", "named")

    def __init__(self, pattern: str, arn: bool = False, fold: bool = False) -> None:
        """Compile a pattern.

        Args:
            pattern: its `*` and `?` are wildcards, `literally` written ones are not.
            arn: match as ArnLike does: six segments, and wildcards stay inside each of
                the first five.
            fold: case does not count.
        """
        self.fold = fold
        self._literal: dict[str, int] = {}
        any_, gaps = [0, 0], [0, 0]  # for colons, and for all other characters
        place = colons = 0
        everywhere = not arn or covers_everything(pattern)
        for character in pattern:
            crosses = everywhere or colons >= _ARN_COLONS
            if character in _WILD:
                kind = gaps if character == "*" else any_
                kind[0] |= (1 << place) if crosses else 0
                kind[1] |= 1 << place
            else:
                text = self._folded(as_written(character))
                self._literal[text] = self._literal.get(text, 0) | 1 << place
                colons += character == ":"
            place += character != "*"
        self._any, self._gaps = tuple(any_), tuple(gaps)
        self.accept = 1 << place if everywhere or colons >= _ARN_COLONS else 0
        self.named = frozenset(self._literal)

    def _folded(self, character: str) -> str:
        return folded(character) if self.fold else character

    def step(self, places: int, character: str) -> int:
        """Return the places after one more character; `FRESH` is one of no pattern."""
        other = character != ":"
        taken = self._any[other] | self._literal.get(self._folded(character), 0)
        return (places & taken) << 1 | (places & self._gaps[other])

    def step_any(self, places: int) -> int:
        """Return the places after some one character."""
        return (places & ~self.accept) << 1 | (places & self._gaps[1])


@lru_cache(maxsize=1 << 14)
def automaton(pattern: str, arn: bool = False, fold: bool = False) -> Automaton:
    """Compile a pattern once."""
    return Automaton(pattern, arn, fold)


def overlap(one: str, other: str) -> bool:
    """Tell whether some text matches both patterns.

    True as well where the patterns are too long to compare.
    """
    if len(one) * len(other) > _LARGEST_PRODUCT:
        return True
    machine = automaton(other)
    places, beyond = 1, machine.accept << 1
    for character in one:
        if character == "*":
            # A text of one's own choice leads from a place to all later ones.
            places = beyond - (places & -places)
        elif character == "?":
            places = machine.step_any(places)
        else:
            places = machine.step(places, as_written(character))
        if not places:
            return False
    return bool(places & machine.accept)


def covers(wide: str, narrow: str, arn: bool = False) -> bool:
    """Tell whether `wide` matches whatever `narrow` matches.

    Where a wildcard leaves the choice, a character that `wide` does not name is the
    hardest for it. False as well where that takes too long to follow.
    """
    if len(wide) * len(narrow) > _LARGEST_PRODUCT:
        return False
    machine = automaton(wide, arn)
    reached = {1}
    for character in narrow:
        if character == "*":
            reached = _closure(machine, reached)
        else:
            text = FRESH if character == "?" else as_written(character)
            reached = {machine.step(places, text) for places in reached}
        if 0 in reached or len(reached) > _MOST_STATES:
            return False
    return all(places & machine.accept for places in reached)


def _closure(machine: Automaton, reached: set[int]) -> set[int]:
    """Where any number of unnamed characters can lead from each."""
    found, waiting = set(reached), list(reached)
    while waiting and len(found) <= _MOST_STATES:
        further = machine.step(waiting.pop(), FRESH)
        if further not in found:
            found.add(further)
            waiting.append(further)
    return found


class Listed(NamedTuple):
    """A list of patterns of which one must match, or none may."""

    machines: tuple[Automaton, ...]
    refused: bool


_State = tuple[tuple[int, ...], ...]


def some_text(lists: Sequence[Listed], size: int) -> bool:
    """Tell whether some text matches one pattern of each list and none of the refused.

    Args:
        lists: the lists.
        size: how many characters their patterns have; True, without a search, where
            they are too many.
    """
    if size > _MOST_TEXT:
        return True
    machines = [machine for one in lists for machine in one.machines]
    alphabet = _alphabet(machines)
    steps, cost = 0, len(machines) * len(alphabet)
    start: _State = tuple((1,) * len(one.machines) for one in lists)
    seen, waiting = {start}, [start]
    for state in waiting:
        if all(map(_accepts, lists, state)):
            return True
        for character in alphabet:
            further = _stepped(lists, state, character)
            if further is not None and further not in seen:
                seen.add(further)
                waiting.append(further)
        steps += cost
        if steps > _MOST_STEPS:
            return True
    return False


def _alphabet(machines: Iterable[Automaton]) -> list[str]:
    found = {FRESH, ":"}
    for machine in machines:
        found |= machine.named
        if machine.fold:
            found |= {character.upper() for character in machine.named}
    return sorted(found)


def _accepts(one: Listed, places: tuple[int, ...]) -> bool:
    accepted = any(
        at & machine.accept for at, machine in zip(places, one.machines, strict=True)
    )
    return accepted is not one.refused


def _stepped(lists: Sequence[Listed], state: _State, character: str) -> _State | None:
    """None where a list that must match no longer can."""
    result = []
    for one, places in zip(lists, state, strict=True):
        moved = tuple(
            machine.step(at, character)
            for machine, at in zip(one.machines, places, strict=True)
        )
        if not one.refused and not any(moved):
            return None
        result.append(moved)
    return tuple(result)
