"""A remediation before it is proven: the changes, and what they are meant to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from policies.proof.intent import Intent
from policies.proof.model import Aim
from policies.remediation import Change

#: Title of what is not changed because somebody said so.
KEPT = "Nothing is changed: the access is to stay"


@dataclass(frozen=True)
class Draft:
    """Changes that should close a finding.

    Attributes:
        loses: what whom may lose: by principal id the vectors, None for all of them.
        why: why these changes and no others, in words.
        remaining: how the principal regains access, as far as planning sees.
        also: actions that those in `loses` may lose besides, in documents that name
            them for somebody else (an SCP with exceptions).
        gives_up: other access goes with it, which a side effect says.
        lent: what may go with the rights of others; see `Intent`.
    """

    title: str
    changes: tuple[Change, ...]
    aim: Aim
    loses: Mapping[str, frozenset[str] | None]
    why: str = ""
    remaining: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()
    gives_up: bool = False
    lent: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def intent(self) -> Intent:
        """What a proof has to show; always the same one, which is shown once."""
        return Intent(
            self.changes,
            self.aim,
            self.loses,
            self.also,
            gives_up=self.gives_up,
            side_effects=self.side_effects,
            lent=self.lent,
        )


def each_once(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes in order, each object created, changed or deleted once."""
    found: dict[object, Change] = {}
    for one in changes:
        found.setdefault((one.resource, one.before is None, one.after is None), one)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Advice:
    """What somebody else has to do, or what no change of ours can close.

    Attributes:
        changes: what to hand over, if anything: nobody applies or checks them here.
        refused: why nothing may be changed: somebody said that the access must stay.
    """

    title: str
    changes: tuple[Change, ...] = ()
    unknowns: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()
    refused: str = ""
