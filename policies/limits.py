"""Sizes and counts that a change must keep to, as data with source and date.

IAM counts characters without white space; changes are measured as minified JSON, which
is never less. The smaller of documented and reported values is used.
"""

import json
from dataclasses import dataclass
from typing import Any

_IAM_QUOTAS = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: how much, of what, said where and as of when."""

    value: int
    of: str
    source: str
    dated: str


MANAGED_POLICY = Limit(6_144, "characters of a managed policy", _IAM_QUOTAS, "2026-09")
TRUST_POLICY = Limit(2_048, "characters of a trust policy", _IAM_QUOTAS, "2026-09")
INLINE_TOTAL = {
    "user": Limit(
        2_048, "characters of a user's inline policies", _IAM_QUOTAS, "2026-09"
    ),
    "group": Limit(
        5_120, "characters of a group's inline policies", _IAM_QUOTAS, "2026-09"
    ),
    "role": Limit(
        10_240, "characters of a role's inline policies", _IAM_QUOTAS, "2026-09"
    ),
}


def size_of(document: Any) -> int:
    """Return the number of characters of a document as minified JSON."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def fits(document: Any, limit: Limit, used: int = 0) -> bool:
    """True when a document is within a limit beside what is used already."""
    return used + size_of(document) <= limit.value
