"""Which accounts or subscriptions the targets of a set are in."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from scanner.estate import Target
from scanner.grants import TargetSpace, bits_of, lowest, ones


class Scopes:
    """The scopes of one space; engines order targets by scope, so runs are few."""

    def __init__(self, space: TargetSpace, numbers: dict[str, int]) -> None:
        """Index the classes of a space by the scopes of their members.

        Args:
            space: the universe.
            numbers: a number for each scope, extended here: spaces share it.
        """
        self._size = len(space.classes)
        self._numbers = numbers
        #: For each class its scopes, as a set of numbers.
        self._classes = [self._of_class(members) for members in space.classes]
        #: For each class, where the run of neighbours with its scopes ends.
        self._ends = [0] * self._size
        end = self._size
        for at in reversed(range(self._size)):
            if at + 1 < self._size and self._classes[at] != self._classes[at + 1]:
                end = at + 1
            self._ends[at] = end
        self._known: dict[int, int] = {}

    @cached_property
    def masks(self) -> Mapping[str, int]:
        """The classes of each scope, sorted by scope."""
        names = sorted((scope, n) for scope, n in self._numbers.items())
        return {scope: self._masks[n] for scope, n in names if n in self._masks}

    @cached_property
    def _masks(self) -> Mapping[int, int]:
        found: dict[int, list[int]] = {}
        for position, scopes in enumerate(self._classes):
            for number in ones(scopes):
                found.setdefault(number, []).append(position)
        return {number: bits_of(found[number], self._size) for number in found}

    @cached_property
    def _counts(self) -> Mapping[int, int]:
        return {number: mask.bit_count() for number, mask in self._masks.items()}

    def of(self, bits: int) -> int:
        """Return the scopes that some targets are in, as a set of their numbers."""
        found = self._known.get(bits)
        if found is None:
            found = self._known[bits] = self._touched(bits)
        return found

    def around(self, bits: int) -> int:
        """Return all targets of the scopes that some targets are in."""
        found = 0
        for mask in self._masks_at(bits):
            found |= mask
        return found

    def covered(self, bits: int) -> bool:
        """True when all targets of at least one scope are among these."""
        count = bits.bit_count()
        return any(
            count >= self._counts[number]
            and self._masks[number] & bits == self._masks[number]
            for number in ones(self.of(bits))
        )

    def _masks_at(self, bits: int) -> Iterator[int]:
        return (self._masks[number] for number in ones(self.of(bits)))

    def _of_class(self, members: Sequence[Target]) -> int:
        found = 0
        for target in members:
            found |= 1 << self._numbers.setdefault(target.scope, len(self._numbers))
        return found

    def _touched(self, bits: int) -> int:
        """Look at each run once: a search in text for a digit runs in C."""
        if not bits:
            return 0
        first = lowest(bits)  # most sets lie close together: what is before is left out
        found, text, at = 0, bin(bits >> first)[:1:-1], 0
        while at >= 0:
            found |= self._classes[first + at]
            at = text.find("1", self._ends[first + at] - first)
        return found
