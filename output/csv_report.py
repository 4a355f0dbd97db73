"""Findings as CSV: one row each, fixed columns, cells that no spreadsheet runs."""

import csv
from collections.abc import Iterator
from typing import TextIO

from checks.finding import Finding
from checks.suppressions import Suppressed
from output.escape import csv_cell
from output.holdings import grants_by_principal
from output.result import Result
from scanner.estate import Principal
from scanner.grants import AssignmentBecause, Because, Grant

#: Columns of the findings table, in order. `last_used` is empty without usage data.
COLUMNS = (
    "fingerprint",
    "status",
    "severity",
    "provider",
    "account",
    "account_name",
    "principal",
    "principal_kind",
    "external",
    "vector",
    "reach_kind",
    "target_count",
    "condition_keys",
    "standing",
    "last_used",
    "granting_policy",
    "check",
    "suppressed_reason",
    "suppressed_until",
    "collected_at",
)

_BETWEEN = "; "
_Held = dict[str, tuple[Principal, list[Grant]]]


def write_findings_csv(result: Result, stream: TextIO, *, raw: bool = False) -> None:
    """Write the findings in the result's order; `; ` parts values in one cell.

    Those that somebody has answered for come last, with status `suppressed`.
    """
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for row in _rows(result):
        writer.writerow([csv_cell(cell, raw=raw) for cell in row])


def _rows(result: Result) -> Iterator[list[str]]:
    scopes = {f"{one.provider}:{one.id}": one for one in result.coverage.scopes}
    held: _Held = {}
    for half in result.decided:
        held |= grants_by_principal(half.grants)
    answers = {one.finding.fingerprint: one for one in result.suppressed}
    for finding in (*result.findings, *(one.finding for one in result.suppressed)):
        scope = scopes.get(finding.scope)
        yield _row(
            finding,
            scope.name if scope else "",
            (scope.collected_at or "") if scope else "",
            _grants(finding, held),
            answers.get(finding.fingerprint),
        )


def _grants(finding: Finding, held: _Held) -> list[Grant]:
    """Return the grants that a finding is about: those at the end of its path."""
    holder = finding.path[-1].target if finding.path else ""
    if not holder and finding.principal:
        holder = finding.principal.id
    _, grants = held.get(holder, (None, []))
    return [grant for grant in grants if grant.vector.id in finding.vectors]


def write_claims_csv(result: Result, stream: TextIO, *, raw: bool = False) -> None:
    """Write the numbers of M1026, a row for each."""
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(("claim", "number", "value"))
    for claim, numbers in result.claims.items():
        for name, value in numbers.items():
            text = "" if value is None else str(value)
            writer.writerow([csv_cell(cell, raw=raw) for cell in (claim, name, text)])


def _row(
    finding: Finding,
    name: str,
    at: str,
    grants: list[Grant],
    answer: Suppressed | None,
) -> list[str]:
    who = finding.principal
    return [
        finding.fingerprint,
        "suppressed" if answer else "open",
        finding.severity.value,
        finding.provider.value,
        finding.scope.partition(":")[2],
        name,
        who.id if who else "",
        who.kind if who else "",
        str(who.external).lower() if who else "",
        _BETWEEN.join(finding.vectors),
        finding.reach_kind,
        str(finding.targets),
        _BETWEEN.join(sorted(_condition_keys(finding, grants))),
        _BETWEEN.join(sorted({grant.decision.standing.value for grant in grants})),
        "",
        _BETWEEN.join(dict.fromkeys(map(_source, finding.because))),
        finding.check,
        _reason(answer) if answer else "",
        answer.until.isoformat() if answer and answer.until else "",
        at,
    ]


def _reason(answer: Suppressed) -> str:
    return f"{answer.reason} ({answer.owner})" if answer.owner else answer.reason


def _condition_keys(finding: Finding, grants: list[Grant]) -> set[str]:
    alternatives = [grant.decision.conditions for grant in grants]
    alternatives += [hop.conditions for hop in finding.path]
    return {one.key for some in alternatives for group in some for one in group}


def _source(because: Because) -> str:
    if isinstance(because, AssignmentBecause):
        return because.assignment
    return because.source
