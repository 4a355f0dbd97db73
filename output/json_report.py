"""The report as JSON: one object, coverage before anything else was concluded."""

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from checks.finding import Finding, Severity
from output.catalogue import attack_json
from output.coverage import coverage_json
from output.result import Result
from output.shapes import (
    Json,
    because_json,
    dump,
    hops_json,
    principal_json,
    target_json,
)
from scanner import ATTACK_VERSION, __version__
from scanner.grants import Vector

FORMAT = 1


def write_report_json(result: Result, stream: TextIO) -> None:
    """Write `{format, tool, attack, estate, coverage, summary, findings}`.

    A finding is one line, so that reports can be compared line by line.
    """
    stream.write("{\n")
    for name, value in report_head(result).items():
        stream.write(f" {dump(name)}: {dump(value)},\n")
    stream.write(' "findings": [')
    for n, finding in enumerate(findings_json(result)):
        stream.write(("," if n else "") + "\n  " + dump(finding))
    stream.write("\n ]\n}\n" if result.findings else "]\n}\n")


def report_head(result: Result) -> Json:
    """Return every member but `findings`."""
    return {
        "format": FORMAT,
        "tool": {"name": "whocanrun", "version": __version__},
        "attack": {"version": ATTACK_VERSION, "technique": "T1651"},
        "estate": {
            "path": result.estate.path,
            "started": result.estate.started,
            "finished": result.estate.finished,
            "tool": result.estate.tool,
        },
        "coverage": coverage_json(result.coverage),
        "summary": summary_json(result),
    }


def summary_json(result: Result) -> Json:
    """Return the numbers: principals, targets, pairs, claims, findings by severity."""
    severities = Counter(finding.severity for finding in result.findings)
    return {
        "principals": result.principal_count,
        "targets": sum(len(half.targets) for half in result.decided),
        "findings": {word.value: severities[word] for word in Severity},
        "claims": result.claims,
        "pairs": result.pairs,
        "not_covered": [vector_json(vector) for vector in not_covered(result)],
    }


def not_covered(result: Result) -> list[Vector]:
    """Return the vectors of the catalogue that no engine decides yet."""
    return sorted(vector for half in result.decided for vector in half.not_covered)


def vector_json(vector: Vector) -> Json:
    """A vector with its tier."""
    return {
        "provider": vector.provider.value,
        "id": vector.id,
        "tier": vector.tier.value,
        **({"why_not": vector.why_not} if vector.why_not else {}),
    }


def findings_json(result: Result) -> Iterable[Json]:
    """Yield the findings, in the result's order."""
    checks = {check.id: check for check in result.catalogue}
    for finding in result.findings:
        check = checks.get(finding.check)
        attack = attack_json(check) if check else []
        remediation = result.remediation_ids.get(finding.fingerprint)
        yield {**_finding(finding), "attack": attack, "remediation": remediation}


def _finding(finding: Finding) -> Json:
    principal = finding.principal
    return {
        "fingerprint": finding.fingerprint,
        "check": finding.check,
        "severity": finding.severity.value,
        "claim": finding.claim.value,
        "provider": finding.provider.value,
        "scope": finding.scope,
        "principal": principal_json(principal) if principal else None,
        "verdict": finding.verdict.value,
        "confidence": finding.confidence.value,
        "reasons": list(finding.reasons),
        "targets": {
            "count": finding.targets,
            "class": finding.reach_kind,
            "sample": [target_json(target) for target in finding.sample],
        },
        "vectors": list(finding.vectors),
        "path": hops_json(finding.path),
        "because": because_json(finding.because),
        "message": finding.message,
    }
