"""The report as JSON: one object, coverage before anything else was concluded."""

from collections import Counter
from collections.abc import Iterable
from typing import TextIO

from checks.finding import Severity
from output.coverage import coverage_json
from output.finding_lines import FindingLines
from output.result import Result
from output.shapes import Json, dump
from scanner import ATTACK_VERSION, __version__
from scanner.config import AcceptedGap
from scanner.estate import Gap
from scanner.grants import Vector

FORMAT = 1


def write_report_json(result: Result, stream: TextIO) -> None:
    """Write the report's head, its findings, and those that do not count.

    A finding is one line, so that reports can be compared line by line.
    """
    stream.write("{\n")
    for name, value in report_head(result).items():
        stream.write(f" {dump(name)}: {dump(value)},\n")
    lines = FindingLines(result)
    _write_lines("findings", map(lines.of, result.findings), stream)
    stream.write(",\n")
    _write_lines("suppressed", map(lines.suppressed, result.suppressed), stream)
    stream.write("\n}\n")


def _write_lines(name: str, lines: Iterable[str], stream: TextIO) -> None:
    stream.write(f" {dump(name)}: [")
    before = ""
    for line in lines:
        stream.write(f"{before}\n  {line}")
        before = ","
    stream.write("\n ]" if before else "]")


def report_head(result: Result) -> Json:
    """Return every member but the lists of findings."""
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
        "configuration": {
            "path": result.config or None,
            "warnings": list(result.warnings),
            "accepted_gaps": [_accepted_gap(*one) for one in result.accepted_gaps],
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
        "suppressed": len(result.suppressed),
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


def _accepted_gap(gap: Gap, one: AcceptedGap) -> Json:
    return {
        "scope": gap.scope,
        "what": gap.what,
        "region": gap.region,
        "by": one.place,
        "reason": one.reason,
        "owner": one.owner,
        "until": one.expires.isoformat(),
        "ticket": one.ticket,
    }
