"""All grants of a tenant, decided in one process or in two, with the same result.

A second process hands back numbers: decisions and sets of targets once each, and for
every class of principals the positions of what it is granted among them.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from scanner.azure.parties import Party
from scanner.azure.tenant_grants import Share, TenantGrants
from scanner.grants import Decision, Grant, TargetSet, lowest
from scanner.processes import apart

#: With fewer classes of principals a second process costs more than it saves.
_MANY = 2_000


def grants_of(
    half: TenantGrants, processes: int = 1, many: int = _MANY
) -> Iterator[Grant]:
    """Yield the grants of a tenant, by class of principals and then in vector order.

    Args:
        half: the tenant.
        processes: with two or more, half of the classes are decided in a second one.
        many: classes of principals from which on that pays.
    """
    parties = half.engine.classes()
    here = _middle(parties) if processes > 1 and len(parties) >= many else len(parties)
    mine, others = parties[:here], parties[here:]
    if others:
        with apart(partial(_packed, half, others)) as second:
            yield from _decided(half, mine)
            packed = second.result()
        for party, shares in zip(others, packed.shares(half), strict=True):
            yield from half.granted(party, shares)
    else:
        yield from _decided(half, mine)
    yield from half.elevated()


def _decided(half: TenantGrants, parties: Iterable[Party]) -> Iterator[Grant]:
    for party in parties:
        yield from half.granted(party, half.shares(party))


def _middle(parties: list[Party]) -> int:
    """Return how many of the classes make half of the work: it grows with holdings."""
    work = list(accumulate(1 + len(party.holdings) for party in parties))
    return sum(done * 2 <= work[-1] for done in work)


class _Sparse(NamedTuple):
    """A bit set without the zeros below its lowest bit; most sets are few bits."""

    lowest: int
    bits: int


@dataclass(slots=True)
class _Packed:
    """The shares of some classes, column by column."""

    counts: "array[int]" = field(default_factory=lambda: array("L"))
    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    decided: "array[int]" = field(default_factory=lambda: array("L"))
    placed: "array[int]" = field(default_factory=lambda: array("L"))
    decisions: list[Decision] = field(default_factory=list)
    sets: list[_Sparse] = field(default_factory=list)

    def shares(self, half: TenantGrants) -> Iterator[list[Share]]:
        """Yield the shares again, class by class."""
        sets = [half.target_set(one.bits << one.lowest) for one in self.sets]
        rows = zip(self.numbers, self.decided, self.placed, strict=True)
        for count in self.counts:
            some = (next(rows) for _ in range(count))
            yield [Share(n, self.decisions[d], sets[place]) for n, d, place in some]


def _packed(half: TenantGrants, parties: Iterable[Party]) -> _Packed:
    found = _Packed()
    decisions: dict[Decision, int] = {}
    places: dict[int, tuple[int, TargetSet]] = {}
    for party in parties:
        before = len(found.numbers)
        for number, decision, targets in half.shares(party):
            found.numbers.append(number)
            found.decided.append(decisions.setdefault(decision, len(decisions)))
            if id(targets) not in places:
                bits = targets.bits
                places[id(targets)] = (len(places), targets)
                found.sets.append(_Sparse(lowest(bits), bits >> lowest(bits)))
            found.placed.append(places[id(targets)][0])
        found.counts.append(len(found.numbers) - before)
    found.decisions = list(decisions)
    return found
