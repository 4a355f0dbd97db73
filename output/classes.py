"""Grants by class: one row per grant with its members counted, for large estates."""

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import TextIO

from output.escape import csv_cell
from output.holdings import ALL, Selection
from output.rows import Holding, csv_text, decision_json
from output.shapes import Json, dump
from scanner.grants import Decided, Grant

_SAMPLE = 3

#: Members of a row, and columns of the CSV, in order.
CLASS_COLUMNS = (
    "provider",
    "vector",
    "tier",
    "principals",
    "targets",
    "pairs",
    "principal_sample",
    "target_sample",
    "verdict",
    "conditions",
    "confidence",
    "reasons",
    "standing",
    "standing_until",
    "documents",
    "via",
    "because",
)


def class_rows(
    decided: Sequence[Decided], selection: Selection = ALL
) -> Iterator[Json]:
    """Yield one row per class pair: principals x targets that share one decision.

    `principals`, `targets` and `pairs` count; the samples are the first ids of each
    class and `because` is that of the first principal. A selection of one principal
    or target picks the classes that it is in.
    """
    for half in sorted(decided, key=attrgetter("provider")):
        for grant in sorted(filter(selection.takes, half.grants), key=_order):
            if _has(grant, selection):
                yield _row(grant)


def _order(grant: Grant) -> tuple[str, str, str]:
    principals = grant.principals
    first = principals[0].id if principals else ""
    return grant.vector.id, first, grant.decision.verdict.value


def _has(grant: Grant, wanted: Selection) -> bool:
    principals, targets = grant.principals, grant.targets
    return (
        wanted.principal is None or any(p.id == wanted.principal for p in principals)
    ) and (wanted.target is None or any(t.id == wanted.target for t in targets))


def _row(grant: Grant) -> Json:
    first = grant.principals[0]
    held = Holding(first, grant.vector, (), grant.decision, grant.because_of(first))
    return {
        "provider": grant.vector.provider.value,
        "vector": grant.vector.id,
        "tier": grant.vector.tier.value,
        "principals": len(grant.principals),
        "targets": len(grant.targets),
        "pairs": grant.pairs,
        "principal_sample": [one.id for one in grant.principals[:_SAMPLE]],
        "target_sample": [one.id for one in islice(grant.targets, _SAMPLE)],
        **decision_json(held),
    }


def write_classes_jsonl(rows: Iterator[Json], stream: TextIO) -> int:
    """Write one JSON object per class pair and return how many."""
    written = 0
    for row in rows:
        stream.write(dump(row) + "\n")
        written += 1
    return written


def write_classes_csv(
    rows: Iterator[Json], stream: TextIO, *, raw: bool = False
) -> int:
    """Write class pairs as CSV and return how many."""
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerow(CLASS_COLUMNS)
    written = 0
    for row in rows:
        cells = map(csv_text, row.values())
        writer.writerow([csv_cell(cell, raw=raw) for cell in cells])
        written += 1
    return written
