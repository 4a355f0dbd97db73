"""The one result that every writer takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from checks.finding import Check, Finding
from checks.suppressions import Suppressed
from policies.remediation import Remediation
from scanner.classes import is_somebody
from scanner.config import AcceptedGap
from scanner.coverage import Coverage
from scanner.estate import Gap
from scanner.grants import Decided
from scanner.graph import AccessGraph, Searchable


@dataclass(frozen=True, slots=True)
class EstateFacts:
    """What a report says about where it comes from; times are the scan's.

    Attributes:
        path: the estate as it was named on the command line.
        started, finished: ISO 8601, None when no manifest says so.
        tool: what collected it, None when unknown.
    """

    path: str = ""
    started: str | None = None
    finished: str | None = None
    tool: str | None = None


class Answerable(Protocol):
    """What the answers to queries are written from."""

    @property
    def coverage(self) -> Coverage: ...  # noqa: D102
    @property
    def graph(self) -> Searchable: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one analysis of an estate found.

    Attributes:
        decided: one entry per provider that has evidence, AWS first.
        remediations: empty until `remediate` (or `demo`) plans them.
        estate: where it comes from.
        catalogue: the checks that ran; they hold the techniques of their findings.
        claims: the four M1026 numbers of `checks`.
        remediation_ids: the id that a remediation of each finding has, planned or not.
        pairs: number of principal x target pairs per vector and verdict.
        suppressed: findings that somebody has answered for, which count nowhere.
        accepted_gaps: gaps that somebody has accepted by name, with the entry.
        config: the file that said what is approved and suppressed; empty: none.
        warnings: what it says that has expired, or fits nothing.
    """

    coverage: Coverage
    decided: tuple[Decided, ...]
    graph: AccessGraph
    findings: tuple[Finding, ...]
    remediations: tuple[Remediation, ...] = ()
    estate: EstateFacts = EstateFacts()
    catalogue: tuple[Check, ...] = ()
    remediation_ids: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    pairs: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    suppressed: tuple[Suppressed, ...] = ()
    accepted_gaps: tuple[tuple[Gap, AcceptedGap], ...] = ()
    config: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def principal_count(self) -> int:
        """How many principals were decided about; nodes for many of them do not count.

        A class of callers is no principal of its own.
        """
        halves = (half.principals for half in self.decided)
        return sum(is_somebody(one) for principals in halves for one in principals)
