"""Which accounts or subscriptions the targets of a set are in."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from scanner.estate import Target
from scanner.grants import TargetSpace, bits_of, ones


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
        #: The last class of each run of neighbours with the same scopes.
        self._ends = bits_of(self._runs(), self._size)
        self._inner = ((1 << self._size) - 1) & ~self._ends
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
    def _runs_of(self) -> Mapping[int, int]:
        """The runs of each scope, by their ends."""
        return {number: mask & self._ends for number, mask in self._masks.items()}

    def of(self, bits: int) -> int:
        """Return the scopes that some targets are in, as a set of their numbers."""
        runs = self._touched(bits)
        found = self._known.get(runs)
        if found is None:
            found = 0
            for end in ones(runs):
                found |= self._classes[end]
            self._known[runs] = found
        return found

    def around(self, bits: int) -> int:
        """Return all targets of the scopes that some targets are in."""
        found = 0
        for number in ones(self.of(bits)):
            found |= self._masks[number]
        return found

    def covered(self, bits: int) -> bool:
        """True when all targets of at least one scope are among these."""
        whole = self._ends & ~self._touched((self._inner | self._ends) & ~bits)
        return any(
            not self._runs_of[number] & ~whole
            for end in ones(whole)
            for number in ones(self._classes[end])
        )

    def _of_class(self, members: Sequence[Target]) -> int:
        found = 0
        for target in members:
            found |= 1 << self._numbers.setdefault(target.scope, len(self._numbers))
        return found

    def _runs(self) -> Iterator[int]:
        """Yield where each run ends."""
        following = (*self._classes[1:], None)
        for at, (one, other) in enumerate(zip(self._classes, following, strict=True)):
            if one != other:
                yield at

    def _touched(self, bits: int) -> int:
        """Return the runs with any of some classes, by their ends.

        For all runs in one sum: what is added to the ones of a run's other classes
        carries into its last.
        """
        return ((bits & self._inner) + self._inner | bits) & self._ends
