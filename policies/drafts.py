"""A remediation before it is proven: the changes, and what they are meant to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from policies.remediation import Change


class Aim(StrEnum):
    """What a draft is to do with the access of its finding."""

    REMOVE = "remove"  # denied, or at least narrower
    NARROW = "narrow"  # fewer documents or targets, or more conditions
    TEMPORARY = "temporary"  # eligible instead of permanent
    ENTRY = "entry"  # an outsider's way in takes a condition, or is closed


@dataclass(frozen=True)
class Draft:
    """Changes that should close a finding.

    Attributes:
        loses: what whom may lose: by principal id the vectors, None for all of them.
        why: why these changes and no others, in words.
        remaining: how the principal keeps or regains access, as far as planning sees.
    """

    title: str
    changes: tuple[Change, ...]
    aim: Aim
    loses: Mapping[str, frozenset[str] | None]
    why: str = ""
    remaining: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()

    @cached_property
    def affected(self) -> frozenset[str]:
        """Everybody whom a changed object serves; decided again."""
        return frozenset(id_ for change in self.changes for id_ in change.affects)

    def means(self, principal: str, vector: str) -> bool:
        """True when the changes may touch this principal's use of a vector."""
        lost = self.loses.get(principal, frozenset())
        return lost is None or vector in lost


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
    why: str = ""
    refused: str = ""
    alternatives: tuple[str, ...] = field(default=())
