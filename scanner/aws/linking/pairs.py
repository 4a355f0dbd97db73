"""Who acts as two at once: it becomes both, or is one of them and becomes the other."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.hops import after
from scanner.grants import Edge
from scanner.hops import Cost

#: Sets of subjects as bits, by account.
_Bits = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Both:
    """One that becomes some of either side of an account.

    Attributes:
        source: its ARN.
        account: whose subjects.
        bits: those that it becomes, itself included.
        led: the same for each of its hops that leads away from it for good: what they
            hold together is found from there.
    """

    source: str
    account: str
    bits: int
    led: Sequence[int]


class Pairs:
    """Finds them."""

    def __init__(self, ways: Ways, subjects: Mapping[str, tuple[str, int]]) -> None:
        """Remember the hops, and account and bit of each subject, by ARN."""
        self._ways, self._subjects = ways, subjects

    def of(self, sides: Mapping[str, tuple[int, int]]) -> Iterator[Both]:
        """Yield whoever becomes some of both sides.

        Args:
            sides: by account, who is on the one and who on the other, as bits.
        """
        for source in self._ways.sources:
            becomes = self._ways.beyond(source)
            home, own = self._subjects.get(source, ("", 0))
            for account, bits in becomes.items():
                bits |= own if account == home else 0
                one, other = sides[account]
                if bits & one and bits & other:
                    led = self._led(source, account)
                    if bits not in led:
                        yield Both(source, account, bits, led)

    def _led(self, source: str, account: str) -> Sequence[int]:
        found: dict[int, None] = {}
        for target in self._ways.away(source):
            home, own = self._subjects.get(target, ("", 0))
            bits = self._ways.beyond(target).get(account, 0)
            found[bits | (own if home == account else 0)] = None
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Nearest:
    """Whom a source becomes most easily, and by which hops: none where it is that."""

    end: str
    hops: Sequence[Edge]
    cost: Cost = (0, 0, 0)

    def is_as_easy_as(self, *others: "Nearest") -> bool:
        """Tell whether becoming it takes no more conditions than becoming others."""
        return self.cost[:2] <= max(one.cost[:2] for one in others)


def nearest_of(ways: Ways, source: str, wanted: Collection[str]) -> Nearest | None:
    """Return the nearest of some identities, given by ARN; None where none is."""
    if source in wanted:
        return Nearest(source, ())
    found = ways.nearest(source, frozenset(wanted))
    return None if found is None else Nearest(found[1][-1].target, found[1], found[0])


def after_all(hops: Sequence[Edge], last: Edge) -> Edge:
    """Return a hop that takes others first, with all that these rest on."""
    why = (*last.because, *(one for hop in hops for one in hop.because))
    return after(hops, replace(last, because=tuple(dict.fromkeys(why))))
