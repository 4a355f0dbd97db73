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
    """

    changes: tuple[Change, ...]
    aim: Aim
    loses: Mapping[str, frozenset[str] | None]
    also: frozenset[str] = frozenset()
    gives_up: bool = False
    side_effects: tuple[str, ...] = field(default=())

    @property
    def meant(self) -> Meant:
        """What is declared, without the changes."""
        return Meant(self.loses, self.also, self.gives_up, self.side_effects)

    def means(self, principal: str, vector: str) -> bool:
        """True when the changes may take this vector from this principal."""
        lost = self.loses.get(principal, frozenset())
        return lost is None or vector in lost

    def actions(self, principal: str, vectors: frozenset[str]) -> frozenset[str]:
        """Return the actions that a principal may lose; `vectors` are all there are."""
        if principal not in self.loses:
            return frozenset()
        lost = self.loses[principal]
        return (vectors if lost is None else lost) | self.also
