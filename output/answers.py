"""Answers to `who-can` and `what-can`: best path first, with the reasons in words."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TextIO, cast

from output.access_table import how_and_why, who
from output.coverage import coverage_json
from output.escape import terminal
from output.holdings import reached_holding
from output.json_report import FORMAT
from output.result import Answerable
from output.rows import decision_json
from output.shapes import Json, dump, principal_json, target_json
from output.table import Cell, Style, count, stacked, write_table
from scanner.coverage import Coverage
from scanner.estate import Principal, Target
from scanner.grants import TargetSet
from scanner.hops import Cost
from scanner.paths import Reached
from scanner.simple_paths import path_cost

_SAMPLE = 3


def write_who_can_json(
    result: Answerable, target: Target, reached: Iterable[Reached], stream: TextIO
) -> None:
    """Write `{format, coverage, target, principals}`, the best path first."""
    answers = ({**_holder(one), **_how(one, target)} for one in reached)
    head = {"target": target_json(target)}
    write_json(result, head, "principals", answers, stream)


def write_what_can_json(
    result: Answerable, principal: Principal, reached: Iterable[Reached], stream: TextIO
) -> None:
    """Write `{format, coverage, principal, targets}`: one entry per grant or path."""
    answers = (
        {**_how(one), "targets": sorted(target.id for target in one.targets)}
        for one in reached
    )
    head = {"principal": principal_json(principal)}
    write_json(result, head, "grants", answers, stream)


def write_json(
    result: Answerable, about: Json, name: str, answers: Iterator[Json], stream: TextIO
) -> None:
    """Write `{format, coverage, …}` with what it is about, and a line per answer."""
    head = {"format": FORMAT, "coverage": coverage_json(result.coverage), **about}
    stream.write("{\n")
    for member, value in head.items():
        stream.write(f" {dump(member)}: {dump(value)},\n")
    stream.write(f" {dump(name)}: [")
    for n, answer in enumerate(answers):
        stream.write(("," if n else "") + "\n  " + dump(answer))
    stream.write("\n ]\n}\n")


def _holder(one: Reached) -> Json:
    return {"principal": principal_json(one.principal)}


def _how(one: Reached, at: Target | None = None) -> Json:
    vector = one.grant.vector
    return {
        "vector": vector.id,
        "tier": vector.tier.value,
        **decision_json(reached_holding(one, at)),
    }


def write_who_can_table(
    result: Answerable,
    target: Target,
    reached: Iterable[Reached],
    principals: int,
    stream: TextIO,
    style: Style,
) -> None:
    """Write who can run commands on a target, how, and what could hide others.

    Args:
        result: for its coverage.
        target: what is asked about.
        reached: who reaches it, the best path first; read as far as is shown.
        principals: how many these are.
        stream: receives the text.
        style: how many rows, and whether in colour.
    """
    stream.write(
        f"{terminal(target.name or target.id)}: {target.kind} {terminal(target.id)}, "
        f"{target.reachability}\n"
    )
    hidden(result.coverage, "principals", stream)
    stream.write(f"{count(principals, 'principal')} can run commands on it\n")
    rows = _folded(
        reached,
        lambda one: (one.principal.id, who(one.principal)),
        lambda one: one.principal.id,
        style.top,
        target,
    )
    shown = {row.about for row in rows[: style.top]}
    _write_folded(rows, "principal", principals - len(shown), stream, style)


def write_what_can_table(
    result: Answerable,
    principal: Principal,
    reached: Iterable[Reached],
    targets: int,
    stream: TextIO,
    style: Style,
) -> None:
    """Write what a principal can run commands on, how, and what could hide more.

    Args:
        result: for its coverage.
        principal: who is asked about.
        reached: what it reaches, direct access first; read as far as is shown.
        targets: on how many targets that is.
        stream: receives the text.
        style: how many rows, and whether in colour.
    """
    stream.write(f"{named(principal)}\n")
    hidden(result.coverage, "targets", stream)
    stream.write(f"It can run commands on {count(targets, 'target')}\n")
    rows = _folded(
        reached,
        lambda one: (one.targets, _sample(one)),
        lambda one: one.holder.id,
        style.top,
    )
    shown = {t.id for row in rows[: style.top] for t in cast(TargetSet, row.about)}
    _write_folded(rows, "target", targets - len(shown), stream, style)


def named(principal: Principal) -> str:
    """Return the line that says who is asked about, escaped."""
    outside = ", external" if principal.external else ""
    return (
        f"{terminal(principal.name or principal.id)}: {principal.kind}{outside}, "
        + (f"{terminal(principal.id)}")
    )


def _sample(one: Reached) -> str:
    names = [target.name or target.id for target in islice(one.targets, _SAMPLE)]
    left = len(one.targets) - len(names)
    return ", ".join(names) + (f" and {left} more" if left else "")


@dataclass(frozen=True, slots=True)
class _Row:
    """Vectors of the same principal (or on the same targets) with equal reasons."""

    about: Hashable
    name: str
    verdict: str
    why: Cell
    vectors: list[str]


def _folded(
    reached: Iterable[Reached],
    label: Callable[[Reached], tuple[Hashable, str]],
    end: Callable[[Reached], str],
    top: int,
    at: Target | None = None,
) -> list[_Row]:
    """Fold answers into rows; one more than the `top` ones when there are more.

    What folds into a row has the same `end` and cost, and comes together: answers are
    read no further than the rows that are wanted.
    """
    rows: dict[tuple[Hashable, str, str, Cell], _Row] = {}
    for _, together in groupby(reached, lambda one: (end(one), _cost(one))):
        for one in together:
            key, name = label(one)
            why, verdict = how_and_why(reached_holding(one, at)), one.verdict.value
            new = _Row(key, name, verdict, why, [])
            row = rows.setdefault((key, name, verdict, why), new)
            row.vectors.append(one.grant.vector.id)
        if len(rows) > top:
            break
    return list(rows.values())


def _cost(one: Reached) -> Cost | None:
    """Return what a path costs; direct access comes in the engine's order."""
    return path_cost(one) if one.hops else None


def _write_folded(
    rows: Sequence[_Row], what: str, left: int, stream: TextIO, style: Style
) -> None:
    """Write the first rows, and how many principals or targets are in none of them."""
    if not rows:
        return
    first = what if what == "principal" else f"{what}s"
    shown = [
        [row.name, stacked(*row.vectors), Cell(style.paint(row.verdict)), row.why]
        for row in rows[: style.top]
    ]
    write_table(stream, [first, "vectors", "verdict", "how and why"], shown)
    if len(rows) > style.top:
        more = count(left, f"more {what}") if left else "more ways"
        stream.write(f"… and {more} (use --format json)\n")


def hidden(coverage: Coverage, what: str, stream: TextIO) -> None:
    """Write which gaps may hide more of what is asked for, if there are any."""
    gaps = [gap for scope in coverage.scopes for gap in scope.gaps]
    if gaps:
        first = "; ".join(terminal(str(gap)) for gap in gaps[:_SAMPLE])
        stream.write(
            f"Coverage is INCOMPLETE: {count(len(gaps), 'gap')} may hide more {what} "
            f"({first}{'; …' if len(gaps) > _SAMPLE else ''})\n"
        )
