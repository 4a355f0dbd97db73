"""`whocanrun report`: findings and coverage of an estate."""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from scanner.commands.console import Console, console_of
from scanner.commands.options import (
    PATH,
    cache_option,
    chosen_estate,
    config_option,
    estate_argument,
    fail_on_option,
    format_option,
    jobs_option,
    quiet_option,
    raw_csv_option,
    top_option,
)

if TYPE_CHECKING:
    from output.result import Result
    from output.table import Style

FORMATS = ("table", "json", "csv")
_WHOLE = {"table": "report.txt", "json": "report.json", "csv": "findings.csv"}


@click.command()
@estate_argument
@format_option(*FORMATS)
@click.option(
    "--out",
    type=PATH,
    help="Write to this file, or into this folder (0600) instead of stdout.",
)
@fail_on_option
@config_option
@jobs_option
@top_option
@raw_csv_option
@cache_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    estate: Path | None,
    estate_dir: Path | None,
    form: str,
    out: Path | None,
    fail_on: str | None,
    config_file: Path | None,
    jobs: int | None,
    top: int,
    raw_csv: bool,
    cache: bool,
) -> int:
    """Show findings and coverage of an estate.

    Coverage comes first: "no finding" and "could not look" never look alike. With
    --format csv, --out FOLDER also writes coverage.csv and claims.csv.
    """
    from scanner.commands.results import (
        checked,
        configuration,
        exit_code,
        load,
        result_kept,
        warn_if_shared,
        warn_of_config,
    )

    console = console_of(context)
    root = chosen_estate(estate, estate_dir)
    config = configuration(config_file)
    loaded = load(root, check=False, processes=jobs)
    with result_kept(root, loaded, console, jobs) if cache else nullcontext():
        result = checked(loaded, config, jobs).result
        warn_if_shared(root, console)
        warn_of_config(result, console)
        console.outcome = exit_code(result, fail_on)
        if out:
            save_report(result, form, out, console, top=top, raw=raw_csv)
        else:
            print_report(result, form, console, top=top, raw=raw_csv)
    return console.outcome


def print_report(
    result: "Result", form: str, console: Console, *, top: int, raw: bool = False
) -> None:
    """Write the report to stdout in one of `FORMATS`."""
    from scanner.commands.results import warn_of_gaps

    if form == "csv":
        warn_of_gaps(result.coverage, console)
        console.csv_note(raw=raw)
    _write(result, form, console.results, console.style(top), raw=raw)


def save_report(
    result: "Result",
    form: str,
    out: Path,
    console: Console,
    *,
    top: int,
    raw: bool = False,
) -> None:
    """Write the report to a file, or into a folder.

    A folder is meant when there is one, or by a name without a suffix.

    Raises:
        UnusableOutput: a read-only or full disk, a symlink.
    """
    from output.table import Style
    from scanner.commands.results import warn_if_shared
    from scanner.evidence.files import private_folder, write_private

    if form == "csv":
        console.csv_note(raw=raw)
    folder = out.is_dir() or not out.suffix
    warn_if_shared(out if folder else out.parent, console)
    for name, text in report_files(result, form, Style(top=top), raw=raw):
        if folder:
            path = private_folder(out) / name
        elif name == _WHOLE[form]:
            private_folder(out.parent)
            path = out
        else:
            continue
        write_private(path, text)
        console.say(f"wrote {path}")


def report_files(
    result: "Result", form: str, style: "Style", *, raw: bool = False
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one format, by name; CSV comes with two more of its own."""
    from output.coverage import write_coverage_csv
    from output.csv_report import write_claims_csv

    whole = io.StringIO(newline="")
    _write(result, form, whole, style, raw=raw)
    yield _WHOLE[form], encoded(whole)
    if form == "csv":
        coverage = io.StringIO(newline="")
        write_coverage_csv(result.coverage, coverage, raw=raw)
        yield "coverage.csv", encoded(coverage)
        claims = io.StringIO(newline="")
        write_claims_csv(result, claims, raw=raw)
        yield "claims.csv", encoded(claims)


def encoded(text: io.StringIO) -> bytes:
    """Return what was written, as UTF-8 whatever it holds."""
    return text.getvalue().encode("utf-8", "backslashreplace")


def _write(
    result: "Result", form: str, stream: TextIO, style: "Style", *, raw: bool
) -> None:
    from output.csv_report import write_findings_csv
    from output.json_report import write_report_json
    from output.table_report import write_report_table

    if form == "json":
        write_report_json(result, stream)
    elif form == "csv":
        write_findings_csv(result, stream, raw=raw)
    else:
        write_report_table(result, stream, style)
