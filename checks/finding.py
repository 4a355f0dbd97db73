"""What a check concludes, and what a check is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from scanner.config import Approval
from scanner.estate import Principal, Provider, Target
from scanner.grants import Because, Confidence, Edge, Verdict

if TYPE_CHECKING:
    from checks.context import Context


class Severity(StrEnum):
    """How bad, by the documented rule of `checks/severity.py`."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Claim(StrEnum):
    """The testable claims of M1026 on T1651."""

    COUNT = "count"
    DAY_TO_DAY = "day-to-day"
    ROLE_LEVEL = "role-level"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's conclusion about one principal (or one scope).

    Attributes:
        check: the check's id.
        principal: None when the finding is about a scope (`scope`) as a whole.
        scope: `aws:111122223333`, `azure:<subscription or tenant id>`.
        reach_kind: `every-node`, `tagged-nodes`, `named-nodes`, `none-yet`.
        targets: how many, with `sample` of at most ten.
        vectors: sorted vector ids.
        path: hops that lead to the grant; empty for direct grants.
        fingerprint: `wcr1:` + 12 hex digits over check, provider, scope, principal and
            reach kind (never dates, texts, severities or target lists).
        message: one sentence, in words, about this principal.
    """

    check: str
    severity: Severity
    claim: Claim
    provider: Provider
    scope: str
    principal: Principal | None
    verdict: Verdict
    reach_kind: str
    targets: int
    sample: tuple[Target, ...]
    vectors: tuple[str, ...]
    confidence: Confidence
    reasons: tuple[str, ...]
    because: tuple[Because, ...]
    path: tuple[Edge, ...]
    message: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Check:
    """A check is data plus one pure function over the graph and what is said of it.

    `techniques` are ATT&CK ids: T1651 always; T1199 for outsiders, T1078.004 for unused
    or over-privileged accounts. `mitigations` holds M1026, and M1032 or M1018 beside
    T1199 (M1026 does not mitigate T1199). `severity` is the most that a finding can
    have. `needs` names the lists it reads: where one is missing the check is unknown.
    `settled_by` are the approvals that answer what it asks; `threshold` names the
    number of `whocanrun.toml` that it compares with; `example` is what a finding says.
    """

    id: str
    title: str
    provider: Provider
    severity: Severity
    claim: Claim
    techniques: tuple[str, ...]
    mitigations: tuple[str, ...]
    rationale: str
    fix: str
    references: tuple[str, ...]
    run: "Callable[[Context], Iterator[Finding]]"
    needs: tuple[str, ...] = ()
    settled_by: tuple[Approval, ...] = ()
    threshold: str = ""
    example: str = ""


Catalogue = Sequence[Check]
