"""What subjects of one account would be after a change, by what they could do then."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scanner.aws.linking.escalating.abilities import Layers
from scanner.aws.linking.escalating.account import AccountEscalations
from scanner.aws.linking.escalating.changing import changed
from scanner.aws.linking.escalating.gaining import Change
from scanner.aws.model import Identity
from scanner.grants import ones


class Changed(NamedTuple):
    """A power that subjects would have.

    Attributes:
        layers: all that policies would say of them.
        subjects: as bits.
        made: the first of them, as it would be.
    """

    layers: Layers
    subjects: int
    made: Identity


class Changes:
    """Works changes out once for each set of subjects."""

    def __init__(self, account: AccountEscalations) -> None:
        """Remember the account."""
        self._account = account
        self._more_of: dict[tuple[int, Change], tuple[tuple[int, Layers], ...]] = {}
        self._alike: dict[tuple[Change, int], tuple[Changed, ...]] = {}
        self._adding: dict[object, tuple[Changed, ...]] = {}

    def alike(self, change: Change, bits: int) -> Sequence[Changed]:
        """Return the powers that subjects would have after a change, the most first.

        Only those that are more than the subjects have.
        """
        found = self._alike.get((change, bits))
        if found is None:
            grouped = self._grouped(change, bits)
            most_first = sorted(grouped.values(), key=lambda one: one.layers.limits)
            found = self._alike[change, bits] = tuple(most_first)
        return found

    def adding(
        self, has: tuple[Layers, ...], change: Change, bits: int
    ) -> Sequence[Changed]:
        """Return the powers that are more than what somebody has.

        Worked out once for all that have and gain the same.
        """
        place = (change, bits, *has)
        found = self._adding.get(place)
        if found is None:
            adds = self._account.adds
            found = self._adding[place] = tuple(
                one
                for one in self.alike(change, bits)
                if all(adds(one.layers, each) for each in has)
            )
        return found

    def _grouped(self, change: Change, bits: int) -> Mapping[Layers, Changed]:
        found: dict[Layers, Changed] = {}
        for n in ones(bits):
            for number, layers in self._made_of(n, change):
                known = found.get(layers)
                if known is None:
                    made = self._made(n, change, number)
                    found[layers] = Changed(layers, 1 << n, made)
                else:
                    found[layers] = known._replace(subjects=known.subjects | 1 << n)
        return found

    def _made(self, n: int, change: Change, number: int) -> Identity:
        subject = self._account.subjects.identities[n]
        return tuple(changed(subject, change, self._account.account))[number]

    def _made_of(self, n: int, change: Change) -> tuple[tuple[int, Layers], ...]:
        """Return what a subject may be after a change, numbered as `changed` does."""
        found = self._more_of.get((n, change))
        if found is None:
            subject = self._account.subjects.identities[n]
            more = tuple(self._account.more_of(subject, change))
            found = self._more_of[n, change] = more
        return found
