"""What changes are meant to do, said by whoever planned them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies.proof.model import Aim, Meant
from policies.remediation import Change


@dataclass(frozen=True, slots=True)
class Intent:
    """Changes, and what they may take from whom.

    Attributes:
        changes: in order, each with its `resource`.
        loses: by principal id the vectors that it may lose, None for all of them. Of
            the aim `entry`, whoever may lose its way into the changed roles.
        also: actions besides vectors that those in `loses` may lose.
        gives_up: what else is lost is a declared side effect, which the proof lists;
            when False, any such loss fails it.
        side_effects: declared ones, in words.
        lent: by principal id vectors that may go with the rights of others, as whom
            something acts for it; nothing has to be gone of them.
    """

    changes: tuple[Change, ...]
    aim: Aim
    loses: Mapping[str, frozenset[str] | None]
    also: frozenset[str] = frozenset()
    gives_up: bool = False
    side_effects: tuple[str, ...] = field(default=())
    lent: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def meant(self) -> Meant:
        """What is declared, without the changes."""
        return Meant(self.loses, self.also, self.gives_up, self.side_effects, self.lent)

    @classmethod
    def of(cls, changes: tuple[Change, ...], aim: Aim, meant: Meant) -> "Intent":
        """Return what some changes were declared to do, as `meant` says it."""
        return cls(
            changes,
            aim,
            meant.loses,
            meant.also,
            meant.gives_up,
            meant.side_effects,
            meant.lent,
        )

    def takes(self, principal: str, vector: str) -> bool:
        """True when the changes set out to take this vector from this principal."""
        lost = self.loses.get(principal, frozenset())
        return lost is None or vector in lost

    def means(self, principal: str, vector: str) -> bool:
        """True when the changes may take this vector from this principal."""
        lent = self.lent.get(principal, frozenset())
        return vector in lent or self.takes(principal, vector)

    def actions(self, principal: str, vectors: frozenset[str]) -> frozenset[str]:
        """Return the actions that a principal may lose; `vectors` are all there are."""
        if principal not in self.loses:
            return frozenset()
        lost = self.loses[principal]
        return (vectors if lost is None else lost) | self.also
