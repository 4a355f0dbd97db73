"""Where Azure Policy denies what a question asks: to everybody, class by class."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scanner.azure.places import Place
from scanner.azure.policies.alternatives import EVERYTHING, NOTHING, all_of
from scanner.azure.policies.model import Shut
from scanner.azure.questions import Level, Question
from scanner.azure.spots import Spots
from scanner.grants import Conditions


@dataclass(frozen=True, slots=True)
class Area:
    """Target classes at which the same policies hold, and what they let pass."""

    bits: int
    shuts: tuple[Shut, ...]
    rest: Conditions


@dataclass(frozen=True, slots=True)
class Closed:
    """Disjoint bit sets of target classes.

    Attributes:
        blocked: every write is denied.
        unless: every write is, unless an exemption that nobody has read spares it.
        limits: only writes that meet the conditions pass.
        areas: all of it, by the policies that hold there.
        touching: a policy to its areas, by number.
    """

    blocked: int = 0
    unless: int = 0
    limits: tuple[tuple[Conditions, int], ...] = ()
    areas: tuple[Area, ...] = ()
    touching: Mapping[Shut, tuple[int, ...]] = field(default_factory=dict)

    @property
    def shut(self) -> int:
        """Where every write is denied, as far as is known."""
        return self.blocked | self.unless


OPEN = Closed()


class Closing:
    """Finds what the policies behind questions close, once for each question."""

    def __init__(self, place: Place, spots: Spots, unread: Iterable[str]) -> None:
        """Prepare; `unread`: subscriptions whose exemptions nobody has read."""
        self._place, self._spots = place, spots
        self._unread = place.within(unread)
        self._found: dict[int, Closed] = {}

    def of(self, question: Question) -> Closed:
        """Return what is closed of a question."""
        if not question.policies:
            return OPEN
        found = self._found.get(question.number)
        if found is None:
            found = self._found[question.number] = self._closed(question)
        return found

    def blocking(self, question: Question) -> Iterator[tuple[Shut, int]]:
        """Yield each policy that has a part in denying every write, and where.

        Beside one that denies them all, no other needs to be named.
        """
        found: dict[Shut, int] = {}
        for area in self.of(question).areas:
            if area.rest == NOTHING and area.bits & ~self._unread:
                whole = tuple(one for one in area.shuts if one.rest == NOTHING)
                for shut in whole or area.shuts:
                    found[shut] = found.get(shut, 0) | area.bits & ~self._unread
        yield from found.items()

    def _bits(self, shut: Shut, question: Question) -> int:
        """Return the classes that a policy holds at; perhaps spared ones it does not.

        It holds at a child of a machine as on the machine.
        """
        bits = self._spots.cut(shut.scope, question.mode)
        mode = question.mode._replace(level=Level.RESOURCE)
        for scope in shut.spared if bits else ():
            maybe = self._place.perhaps.get(scope, 0)
            bits &= ~(self._spots.covered(scope, mode) | maybe)
        return bits

    def _closed(self, question: Question) -> Closed:
        areas = tuple(self._areas(question))
        limits: dict[Conditions, int] = {}
        touching: dict[Shut, list[int]] = {}
        for number, area in enumerate(areas):
            limits[area.rest] = limits.get(area.rest, 0) | area.bits
            for shut in area.shuts:
                touching.setdefault(shut, []).append(number)
        blocked = limits.pop(NOTHING, 0)
        limits.pop(EVERYTHING, None)
        return Closed(
            blocked & ~self._unread,
            blocked & self._unread,
            tuple(sorted(limits.items())),
            areas,
            {shut: tuple(some) for shut, some in touching.items()},
        )

    def _areas(self, question: Question) -> Iterator[Area]:
        found: dict[tuple[Shut, ...], int] = {}
        covered = 0
        for shut in question.policies:
            bits = self._bits(shut, question)
            shared = bits & covered
            covered |= bits
            for shuts, known in list(found.items()) if shared else ():
                if both := known & shared:
                    found[shuts] ^= both
                    found[*shuts, shut] = both
                    shared ^= both
                    bits ^= both
            if bits:
                found[shut,] = bits
        rests: dict[tuple[Conditions, ...], Conditions] = {}
        for shuts, bits in found.items():
            if bits:
                key = tuple(one.rest for one in shuts)
                if key not in rests:
                    rests[key] = all_of(key)
                yield Area(bits, shuts, rests[key])
