"""A remediation before it is checked: the changes, and the estate as it would be."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from policies.remediation import Change
from scanner.aws.model import AwsEstate
from scanner.azure.model import AzureEstate

Estate = TypeVar("Estate", AwsEstate, AzureEstate)


class Aim(StrEnum):
    """What a draft is to do with the access of its finding."""

    REMOVE = "remove"  # denied, or at least narrower
    TEMPORARY = "temporary"  # eligible instead of permanent
    ENTRY = "entry"  # an outsider's way in takes a condition


@dataclass(frozen=True, slots=True)
class Draft(Generic[Estate]):
    """Changes that should close a finding.

    Attributes:
        before, after: the part of the estate that the changes can touch: decided again
            instead of the whole, which is the same because an engine decides each
            principal by its own policies or assignments.
        vectors: what they may lose; None for all.
        may_lose: principals that may lose the vectors: those with the same finding.
        affected: everybody that the changed objects serve; decided again.
    """

    title: str
    changes: tuple[Change, ...]
    aim: Aim
    before: Estate
    after: Estate
    vectors: frozenset[str] | None
    may_lose: frozenset[str]
    affected: frozenset[str]
    remaining: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()

    def means(self, principal: str, vector: str) -> bool:
        """True when the changes are to touch this principal's use of a vector."""
        every = self.vectors is None
        return principal in self.may_lose and (every or vector in (self.vectors or ()))


@dataclass(frozen=True, slots=True)
class Advice:
    """What somebody else has to do, or what no change of ours can close.

    `changes` are what to hand over, if anything: nobody applies or checks them here.
    """

    title: str
    changes: tuple[Change, ...] = ()
    unknowns: tuple[str, ...] = ()
    side_effects: tuple[str, ...] = ()
