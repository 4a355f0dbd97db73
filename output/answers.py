"""Answers to `who-can` and `what-can`: best path first, with the reasons in words."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import islice
from typing import TextIO

from output.access_table import how_and_why, who
from output.coverage import coverage_json
from output.escape import terminal
from output.holdings import reached_holding
from output.json_report import FORMAT
from output.result import Result
from output.rows import decision_json
from output.shapes import Json, dump, principal_json, target_json
from output.table import Cell, Style, and_more, count, stacked, write_table
from scanner.coverage import Coverage
from scanner.estate import Principal, Target
from scanner.paths import Reached

_SAMPLE = 3


def write_who_can_json(
    result: Result, target: Target, reached: Sequence[Reached], stream: TextIO
) -> None:
    """Write `{format, coverage, target, principals}`, the best path first."""
    answers = ({**_holder(one), **_how(one, target)} for one in reached)
    head = {"target": target_json(target)}
    write_json(result, head, "principals", answers, stream)


def write_what_can_json(
    result: Result, principal: Principal, reached: Sequence[Reached], stream: TextIO
) -> None:
    """Write `{format, coverage, principal, targets}`: one entry per grant or path."""
    answers = (
        {**_how(one), "targets": sorted(target.id for target in one.targets)}
        for one in reached
    )
    head = {"principal": principal_json(principal)}
    write_json(result, head, "grants", answers, stream)


def write_json(
    result: Result, about: Json, name: str, answers: Iterator[Json], stream: TextIO
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
    result: Result,
    target: Target,
    reached: Sequence[Reached],
    stream: TextIO,
    style: Style,
) -> None:
    """Write who can run commands on a target, how, and what could hide others."""
    stream.write(
        f"{terminal(target.name or target.id)}: {target.kind} {terminal(target.id)}, "
        f"{target.reachability}\n"
    )
    hidden(result.coverage, "principals", stream)
    people = len({one.principal.id for one in reached})
    stream.write(f"{count(people, 'principal')} can run commands on it\n")
    if reached:
        folded = _folded(
            reached, lambda one: (one.principal.id, who(one.principal)), target
        )
        headers = ["principal", "vectors", "verdict", "how and why"]
        _write_folded(folded, headers, stream, style)


def write_what_can_table(
    result: Result,
    principal: Principal,
    reached: Sequence[Reached],
    stream: TextIO,
    style: Style,
) -> None:
    """Write what a principal can run commands on, how, and what could hide more."""
    stream.write(f"{named(principal)}\n")
    hidden(result.coverage, "targets", stream)
    targets = {target.id for one in reached for target in one.targets}
    stream.write(f"It can run commands on {count(len(targets), 'target')}\n")
    if reached:
        folded = _folded(reached, lambda one: (one.targets, _sample(one)))
        headers = ["targets", "vectors", "verdict", "how and why"]
        _write_folded(folded, headers, stream, style)


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


def _folded(
    reached: Sequence[Reached],
    label: Callable[[Reached], tuple[Hashable, str]],
    at: Target | None = None,
) -> dict[tuple[Hashable, str, str, Cell], list[str]]:
    """Give vectors with the same holder (or targets), verdict and reasons one row."""
    folded: dict[tuple[Hashable, str, str, Cell], list[str]] = {}
    for one in reached:
        why = how_and_why(reached_holding(one, at))
        row = folded.setdefault((*label(one), one.verdict.value, why), [])
        row.append(one.grant.vector.id)
    return folded


def _write_folded(
    folded: dict[tuple[Hashable, str, str, Cell], list[str]],
    headers: Sequence[str],
    stream: TextIO,
    style: Style,
) -> None:
    rows = [
        [name, stacked(*vectors), Cell(style.paint(verdict)), why]
        for (_, name, verdict, why), vectors in islice(folded.items(), style.top)
    ]
    write_table(stream, headers, rows)
    and_more(stream, len(folded) - style.top, "use --format json")


def hidden(coverage: Coverage, what: str, stream: TextIO) -> None:
    """Write which gaps may hide more of what is asked for, if there are any."""
    gaps = [gap for scope in coverage.scopes for gap in scope.gaps]
    if gaps:
        first = "; ".join(terminal(str(gap)) for gap in gaps[:_SAMPLE])
        stream.write(
            f"Coverage is INCOMPLETE: {count(len(gaps), 'gap')} may hide more {what} "
            f"({first}{'; …' if len(gaps) > _SAMPLE else ''})\n"
        )
