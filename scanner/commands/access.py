"""`whocanrun access`: the grants, one row per principal, vector and target."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.console import Console, console_of
from scanner.commands.options import (
    cache_option,
    chosen_estate,
    estate_argument,
    format_option,
    quiet_option,
    raw_csv_option,
    top_option,
)
from scanner.errors import UsageError

if TYPE_CHECKING:
    from output.holdings import Selection
    from output.result import Result
    from output.rows import Holding
    from scanner.estate import Target
    from scanner.grants import Vector

VERDICTS = ("allowed", "conditional", "unknown", "denied")


@click.command()
@estate_argument
@click.option("--principal", help="Only this principal: an id, a name or a part of it.")
@click.option("--target", help="Only this target: an id, a name or a part of it.")
@click.option(
    "--vector",
    "vectors",
    multiple=True,
    help="Only this operation, as `ssm:SendCommand`, in any case (repeatable).",
)
@click.option(
    "--verdict",
    "verdicts",
    multiple=True,
    type=click.Choice(VERDICTS),
    help="Only this verdict (repeatable); `denied` needs --principal and --target.",
)
@click.option("--paths", is_flag=True, help="Add access that is gained through hops.")
@click.option(
    "--classes", is_flag=True, help="One row per class of grants, members counted."
)
@format_option("table", "csv", "jsonl")
@top_option
@raw_csv_option
@cache_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    estate: Path | None,
    estate_dir: Path | None,
    principal: str | None,
    target: str | None,
    vectors: tuple[str, ...],
    verdicts: tuple[str, ...],
    paths: bool,
    classes: bool,
    form: str,
    top: int,
    raw_csv: bool,
    cache: bool,
) -> int:
    """List the grants: who can use what, and where.

    Verdicts are allowed, conditional and unknown. The table shows the first rows;
    jsonl and csv hold all of them, sorted by provider, principal, vector and
    target.
    """
    from scanner.commands.results import exit_code, keep_result, load, readable
    from scanner.commands.vector_names import chosen_vectors

    if "denied" in verdicts and None in (principal, target):
        raise UsageError("--verdict denied needs both --principal and --target")
    if classes and (paths or "denied" in verdicts):
        raise UsageError("--classes counts grants: not with --paths or denied")
    console = console_of(context)
    chosen = chosen_vectors(vectors, console)
    root = chosen_estate(estate, estate_dir)
    loaded = load(root, check=False)
    result = loaded.result
    readable(result.coverage)
    console.outcome = exit_code(result)
    wanted = _selection(result, principal, target, chosen, verdicts)
    writer = _Writer(result, console, form, top, raw_csv)
    if classes:
        writer.classes(wanted)
    else:
        writer.rows(access_holdings(result, wanted, paths=paths))
    if cache:
        keep_result(root, loaded, console)
    return console.outcome


def _selection(
    result: "Result",
    principal: str | None,
    target: str | None,
    vectors: frozenset[str] | None,
    verdicts: tuple[str, ...],
) -> "Selection":
    from output.holdings import Selection
    from scanner.grants import Verdict
    from scanner.names import find_principal, find_target

    graph = result.graph
    return Selection(
        None if principal is None else find_principal(graph, principal).id,
        None if target is None else find_target(graph, target).id,
        vectors,
        frozenset(map(Verdict, verdicts)) or None,
    )


def access_holdings(
    result: "Result", wanted: "Selection", *, paths: bool = False
) -> Iterator["Holding"]:
    """Yield the wanted access in row order; `paths` adds what hops lead to.

    `denied` in the selection answers for its one principal and target.
    """
    from output.holdings import direct_holdings, path_holdings
    from scanner.classes import is_somebody
    from scanner.paths import reach_of

    if "denied" in (wanted.verdicts or ()):
        yield from _with_denied(result, wanted, paths=paths)
    elif not paths:
        yield from direct_holdings(result.decided, wanted)
    else:
        principals = result.graph.principals.values()
        for one in sorted(principals, key=lambda one: (one.provider, one.id)):
            if wanted.principal in (None, one.id) and is_somebody(one):
                yield from path_holdings(reach_of(result.graph, one.id), wanted)


def _with_denied(
    result: "Result", wanted: "Selection", *, paths: bool
) -> Iterator["Holding"]:
    """Yield the rows of one pair, denied ones among them, by vector."""
    from dataclasses import replace

    from output.holdings import denied_holdings

    principal = result.graph.principals[wanted.principal or ""]
    target = result.graph.targets[wanted.target or ""]
    others = frozenset(wanted.verdicts or ()) - {"denied"}
    granted = replace(wanted, verdicts=others)
    found = list(access_holdings(result, granted, paths=paths)) if others else []
    for half in result.decided:
        if half.provider is principal.provider is target.provider:
            vectors = filter(wanted.takes_vector, _decided_vectors(target))
            found += denied_holdings(half, list(vectors), principal, target)
    yield from sorted(found, key=lambda one: one.vector.id)


def _decided_vectors(target: "Target") -> Iterator["Vector"]:
    """Yield the vectors that an engine decides for a target of this kind."""
    if target.provider == "aws":
        from scanner.aws.vectors import catalogue

        yield from (one.vector for one in catalogue().covered)
        return
    from scanner.azure.vectors import COVERED, MACHINE_VECTORS

    others = {one.vector for one in MACHINE_VECTORS if target.kind not in one.kinds}
    yield from (vector for vector in COVERED if vector not in others)


class _Writer:
    """Writes rows in the chosen format, with what coverage hides said first."""

    def __init__(
        self, result: "Result", console: Console, form: str, top: int, raw: bool
    ) -> None:
        self._result, self._console = result, console
        self._form, self._top, self._raw = form, top, raw

    def rows(self, holdings: Iterator["Holding"]) -> None:
        from output.access_table import write_access_table
        from output.rows import write_access_csv, write_access_jsonl

        self._coverage()
        if self._form == "jsonl":
            write_access_jsonl(holdings, self._console.results)
        elif self._form == "csv":
            self._console.csv_note(raw=self._raw)
            write_access_csv(holdings, self._console.results, raw=self._raw)
        else:
            style = self._console.style(self._top)
            write_access_table(holdings, self._console.results, style)

    def classes(self, wanted: "Selection") -> None:
        from output.access_table import write_classes_table
        from output.classes import class_rows, write_classes_csv, write_classes_jsonl

        self._coverage()
        rows = class_rows(self._result.decided, wanted)
        if self._form == "jsonl":
            write_classes_jsonl(rows, self._console.results)
        elif self._form == "csv":
            self._console.csv_note(raw=self._raw)
            write_classes_csv(rows, self._console.results, raw=self._raw)
        else:
            style = self._console.style(self._top)
            write_classes_table(rows, self._console.results, style)

    def _coverage(self) -> None:
        from output.table_report import coverage_line
        from scanner.commands.results import warn_of_gaps

        if self._form == "table":
            style = self._console.style(self._top)
            line = coverage_line(self._result.coverage, style)
            self._console.results.write(line + "\n\n")
        else:
            warn_of_gaps(self._result.coverage, self._console)
