"""The coverage block: what could be looked at, first in every format."""

import csv
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

from output.escape import csv_cell
from output.shapes import Json
from scanner.coverage import Coverage, ScopeCoverage
from scanner.estate import Gap
from scanner.evidence.outcomes import Outcome

#: Outcomes with a column of their own; every other gap counts as `broken`.
_COUNTED = {
    "refused": Outcome.REFUSED,
    "throttled": Outcome.THROTTLED,
    "not_asked": Outcome.NOT_ASKED,
}

CSV_COLUMNS = (
    "provider",
    "kind",
    "scope",
    "name",
    "state",
    "collected_at",
    "asked",
    "answered",
    "what",
    "region",
    "params",
    "outcome",
    "why",
    "permission",
    "effect",
    "note",
)


def counts(scope: ScopeCoverage) -> dict[str, int]:
    """Count a scope's lists: asked, answered, refused, throttled, broken, not asked."""
    gaps = Counter(gap.outcome for gap in scope.gaps)
    named = {word: gaps[outcome] for word, outcome in _COUNTED.items()}
    broken = len(scope.gaps) - sum(named.values())
    return {
        "asked": scope.asked,
        "answered": scope.answered,
        "refused": named["refused"],
        "throttled": named["throttled"],
        "broken": broken,
        "not_asked": named["not_asked"],
    }


def coverage_json(coverage: Coverage) -> Json:
    """Return the `coverage` member of every JSON output."""
    return {
        "complete": coverage.complete,
        "scopes": [_scope_json(scope) for scope in coverage.scopes],
        "unknown_operations": list(coverage.unknown_operations),
    }


def _scope_json(scope: ScopeCoverage) -> Json:
    return {
        "provider": scope.provider.value,
        "kind": scope.kind,
        "id": scope.id,
        "name": scope.name,
        "state": scope.state,
        "collected_at": scope.collected_at,
        **counts(scope),
        "gaps": [_gap_json(gap) for gap in scope.gaps],
        "note": scope.note,
    }


def _gap_json(gap: Gap) -> Json:
    return {
        "what": gap.what,
        "region": gap.region,
        "params": gap.params,
        "outcome": gap.outcome.value,
        "why": gap.why,
        "permission": gap.permission,
        "effect": gap.effect,
    }


def write_coverage_csv(
    coverage: Coverage, stream: TextIO, *, raw: bool = False
) -> None:
    """Write one row per gap, and one for each scope without gaps."""
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(CSV_COLUMNS)
    for scope in coverage.scopes:
        for row in _csv_rows(scope):
            writer.writerow([csv_cell(cell, raw=raw) for cell in row])


def _csv_rows(scope: ScopeCoverage) -> Iterator[list[str]]:
    head = [scope.provider.value, scope.kind, scope.id, scope.name, scope.state]
    head += [scope.collected_at or "", str(scope.asked), str(scope.answered)]
    for gap in scope.gaps:
        what = [gap.what, gap.region, gap.params, gap.outcome.value]
        yield [*head, *what, gap.why, gap.permission, gap.effect, scope.note]
    if not scope.gaps:
        yield [*head, *[""] * 7, scope.note]
