"""Access rows and classes as tables: the first rows, the others counted."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TextIO

from output.rows import Holding
from output.shapes import Json
from output.table import Cell, Style, and_more, stacked, write_table
from output.words import because_lines, decision_words, hops_words
from scanner.estate import Principal, Target

_ALL = "use --format jsonl"


def write_access_table(
    holdings: Iterable[Holding], stream: TextIO, style: Style
) -> None:
    """Write the first `style.top` rows, in the order of holdings, then targets."""
    rows: list[list[object]] = []
    total = 0
    for one in holdings:
        total += len(one.targets)
        for target in one.targets[: max(0, style.top - len(rows))]:
            rows.append(_row(one, target, style))
    headers = ["principal", "vector", "target", "verdict", "how and why"]
    write_table(stream, headers, rows)
    and_more(stream, total - len(rows), _ALL)


def who(principal: Principal) -> str:
    """Return a principal's name and kind, for a cell."""
    outside = "external " if principal.external else ""
    return f"{principal.name or principal.id} ({outside}{principal.kind})"


def _row(one: Holding, target: Target, style: Style) -> list[object]:
    verdict = Cell(style.paint(one.decision.verdict.value))
    names = [who(one.principal), one.vector.id, target.name or target.id]
    if one.because_at is not None:
        one = replace(one, because=one.because_at(target))
    return [*names, verdict, how_and_why(one)]


def how_and_why(one: Holding) -> Cell:
    """Return the path, what the grant rests on, and what qualifies it, line by line."""
    how = hops_words(one.via) or "directly"
    return stacked(how, *because_lines(one.because), decision_words(one.decision))


def write_classes_table(rows: Iterator[Json], stream: TextIO, style: Style) -> None:
    """Write the first `style.top` classes with the numbers of their members."""
    shown: list[list[object]] = []
    total = 0
    for row in rows:
        total += 1
        if len(shown) < style.top:
            shown.append(_class(row, style))
    headers = ["vector", "verdict", "principals", "targets", "pairs", "such as", "on"]
    write_table(stream, headers, shown)
    and_more(stream, total - len(shown), _ALL)


def _class(row: Json, style: Style) -> list[object]:
    verdict = Cell(style.paint(row["verdict"]))
    numbers = [row["principals"], row["targets"], row["pairs"]]
    principals, targets = row["principal_sample"], row["target_sample"]
    samples = [stacked(*some, width=60) for some in (principals[:1], targets[:1])]
    return [row["vector"], verdict, *numbers, *samples]
