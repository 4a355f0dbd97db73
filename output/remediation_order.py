"""The order in which remediations are worth making: risk removed per change."""

from collections.abc import Mapping, Sequence

from checks.finding import Finding, Severity
from policies.remediation import Remediation

#: How much one principal x vector x target of a finding weighs.
_WEIGHTS = {
    Severity.CRITICAL: 10,
    Severity.HIGH: 5,
    Severity.MEDIUM: 2,
    Severity.LOW: 1,
    Severity.INFO: 1,
}


def risk_per_change(one: Remediation, finding: Finding | None) -> float:
    """Return what one change takes away on average, weighted by severity.

    Somebody else's change counts as nothing: it is not ours to make.
    """
    if one.status == "failed" or not one.changes:
        return 0.0
    weight = 1 if finding is None else _WEIGHTS[finding.severity]
    return round(weight * one.taken_away / len(one.changes), 2)


def by_risk(
    remediations: Sequence[Remediation], findings: Mapping[str, Finding]
) -> list[Remediation]:
    """Sort by risk removed per change, the most first; equal ones by id.

    Args:
        remediations: in any order.
        findings: by fingerprint.
    """

    def key(one: Remediation) -> tuple[bool, float, str]:
        risk = risk_per_change(one, findings.get(one.finding))
        return (one.status == "failed", -risk, one.id)

    return sorted(remediations, key=key)
