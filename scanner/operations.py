"""What the scanner knows about a list call: the right it needs, and what it decides."""

from dataclasses import dataclass
from enum import StrEnum


class Weight(StrEnum):
    """What an answer rests on this list for (design section 3)."""

    BASE = "base"  # missing: what would be denied is unknown
    RESTRICTING = "restricting"  # missing: the verdict stays, confidence inferred
    REFINING = "refining"  # missing: an attribute is unknown; verdicts stay


@dataclass(frozen=True, slots=True)
class Operation:
    """One list call of a provider.

    Attributes:
        op: as written in evidence (`ssm:ListDocuments`, `Microsoft.Compute/…`).
        permission: the exact right that a refusal lacks (`ssm:ListDocuments`,
            `Microsoft.Compute/virtualMachines/read`, `GroupMember.Read.All`).
        weight: what rests on it.
        effect: what is unknown without it, in words (`node registration unknown`).
        loaded: True when `load` reads it; others are kept and named in coverage.
    """

    op: str
    permission: str
    weight: Weight
    effect: str
    loaded: bool = True
