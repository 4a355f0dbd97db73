"""What identities could become, as finders make it: each is to be followed once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from scanner.aws.model import Identity

Made = Mapping[str, Sequence[Identity]]


class Maker(Protocol):
    """Finds what identities could become; `made` grows while it does, by account."""

    @property
    def made(self) -> Made:
        """What was found so far."""


class Fresh:
    """What makers found since somebody asked last."""

    def __init__(self, makers: Iterable[Maker]) -> None:
        """Start with nothing asked."""
        self._makers = tuple(makers)
        self._asked: dict[tuple[int, str], int] = {}

    def take(self) -> Made:
        """Return what is new, by account; the same is never returned again."""
        found: dict[str, list[Identity]] = {}
        for n, maker in enumerate(self._makers):
            for account, made in maker.made.items():
                asked = self._asked.get((n, account), 0)
                if len(made) > asked:
                    found.setdefault(account, []).extend(made[asked:])
                    self._asked[n, account] = len(made)
        return found
