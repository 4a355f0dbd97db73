"""Where Azure Policy denies what a question asks: to everybody, class by class."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.azure.places import Place
from scanner.azure.policies.alternatives import EVERYTHING, NOTHING, all_of
from scanner.azure.policies.model import Shut
from scanner.azure.questions import Level, Question
from scanner.azure.spots import Spots
from scanner.grants import Conditions


@dataclass(frozen=True, slots=True)
class Closed:
    """Disjoint bit sets of target classes.

    Attributes:
        blocked: every write is denied.
        unless: every write is, unless an exemption that nobody has read spares it.
        limits: only writes that meet the conditions pass.
    """

    blocked: int = 0
    unless: int = 0
    limits: tuple[tuple[Conditions, int], ...] = ()


OPEN = Closed()


class Closing:
    """Finds what the policies behind questions close, each set of them once."""

    def __init__(self, place: Place, spots: Spots, unread: Iterable[str]) -> None:
        """Prepare; `unread`: subscriptions whose exemptions nobody has read."""
        self._place, self._spots = place, spots
        self._unread = place.within(unread)
        self._found: dict[object, Closed] = {}

    def of(self, question: Question, without: frozenset[Shut] = frozenset()) -> Closed:
        """Return what is closed, by all policies or `without` some of them."""
        if not question.policies:
            return OPEN
        policies = tuple(one for one in question.policies if one not in without)
        key = policies, question.mode
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._closed(question, policies)
        return found

    def blocking(self, question: Question) -> Iterator[tuple[Shut, int]]:
        """Yield each policy that has a part in denying every write, and where."""
        blocked = self.of(question).blocked
        for shut in question.policies if blocked else ():
            alone = shut.rest == NOTHING
            bits = self.bits(shut, question) & blocked
            if bits and not alone:
                others = (one for one in question.policies if one.rest == NOTHING)
                for other in others:  # what is denied whole needs no more reason
                    bits &= ~self.bits(other, question)
            if bits:
                yield shut, bits

    def bits(self, shut: Shut, question: Question) -> int:
        """Return the classes that a policy holds at; perhaps spared ones it does not.

        It holds at a child of a machine as on the machine.
        """
        bits = self._spots.cut(shut.scope, question.mode)
        mode = question.mode._replace(level=Level.RESOURCE)
        for scope in shut.spared if bits else ():
            maybe = self._place.perhaps.get(scope, 0)
            bits &= ~(self._spots.covered(scope, mode) | maybe)
        return bits

    def _closed(self, question: Question, policies: tuple[Shut, ...]) -> Closed:
        limits: dict[Conditions, int] = {}
        for shut in policies:
            bits = self.bits(shut, question)
            for rest, known in list(limits.items()) if bits else ():
                if both := known & bits:
                    limits[rest] ^= both
                    joined = all_of((rest, shut.rest))
                    limits[joined] = limits.get(joined, 0) | both
                    bits ^= both
            if bits:
                limits[shut.rest] = limits.get(shut.rest, 0) | bits
        blocked = limits.pop(NOTHING, 0)
        limits.pop(EVERYTHING, None)
        left = tuple((rest, bits) for rest, bits in sorted(limits.items()) if bits)
        return Closed(blocked & ~self._unread, blocked & self._unread, left)
