"""The vectors that work on some machine of a tenant, with what each is asked by."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from scanner.azure.model import CONSOLE, CONSOLE_UNREAD
from scanner.azure.places import Place
from scanner.azure.questions import Question
from scanner.azure.vectors import MACHINE_VECTORS, AzureVector
from scanner.grants import Tier

_GAINING = Tier.ESCALATION
_SWITCH = "whether the serial console of the subscription is on was not read"


class Lot(NamedTuple):
    """A vector with what it is asked by.

    Attributes:
        mask: the classes that it works on, and `place` a number for that set.
        lot: a number for the question and the set together.
        gains: it gains other vectors, so it is worth no more than they are.
    """

    of: AzureVector
    question: Question
    mask: int
    place: int
    lot: int
    gains: bool


def lots_of(questions: Mapping[str, Question], place: Place) -> list[Lot]:
    """Return the vectors that work on any machine there is."""
    found: list[Lot] = []
    places: dict[int, int] = {}
    lots: dict[tuple[int, int], int] = {}
    for vector in MACHINE_VECTORS:
        question, gains = questions[vector.vector.id], vector.vector.tier is _GAINING
        for one, mask in _surely(vector, _reachable(vector, place), place):
            where = places.setdefault(mask, len(places))
            lot = lots.setdefault((question.number, where), len(lots))
            found.append(Lot(one, question, mask, where, lot, gains))
    return found


def _surely(
    vector: AzureVector, mask: int, place: Place
) -> Iterator[tuple[AzureVector, int]]:
    """Yield a vector where it works, and apart where that is not known."""
    unread = place.lacking.get(CONSOLE_UNREAD, 0) if vector.needs == CONSOLE else 0
    if mask & ~unread:
        yield vector, mask & ~unread
    if mask & unread:
        yield replace(vector, inferred=_SWITCH), mask & unread


def _reachable(vector: AzureVector, place: Place) -> int:
    """Return the classes that a vector works on: of its kinds, with what it needs."""
    found = 0
    for kind in vector.kinds:
        found |= place.kinds.get(kind, 0)
    return found & ~place.lacking.get(vector.needs, 0)
