"""The one result that every writer takes."""

from dataclasses import dataclass

from checks.finding import Finding
from policies.remediation import Remediation
from scanner.coverage import Coverage
from scanner.grants import Decided
from scanner.graph import AccessGraph


@dataclass(frozen=True, slots=True)
class Result:
    """Everything one analysis of an estate found.

    Attributes:
        decided: one entry per provider that has evidence, AWS first.
        remediations: empty until `remediate` (or `demo`) plans them.
    """

    coverage: Coverage
    decided: tuple[Decided, ...]
    graph: AccessGraph
    findings: tuple[Finding, ...]
    remediations: tuple[Remediation, ...] = ()
