"""`whocanrun demo`: a real run over the bundled example estate, without credentials."""

import io
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.console import console_of
from scanner.commands.options import PATH, quiet_option, top_option

if TYPE_CHECKING:
    from output.result import Result

EXAMPLE = "the bundled example estate"


@click.command()
@click.option(
    "--out",
    type=PATH,
    help="Folder for the report (default: whocanrun-report/<UTC time>).",
)
@top_option
@quiet_option
@click.pass_context
def command(context: click.Context, out: Path | None, top: int) -> int:
    """Show a real run over a bundled example; no credentials.

    Needs no network either. Writes the whole report to a folder and prints
    its summary. The example has deliberate gaps; the exit code is 0 all the same.
    """
    from output.table_report import write_report_table
    from scanner.commands.remediate import new_report_folder

    console = console_of(context)
    result = example_result()
    folder = out or new_report_folder()
    save_everything(result, folder)
    write_report_table(result, console.results, console.style(top))
    console.results.write(
        f"\nWrote report.json, findings.csv, coverage.csv, claims.csv, access.jsonl "
        f"and remediation/ to {folder}\n"
    )
    return 0


def example_result() -> "Result":
    """Analyse the bundled example estate, remediations included."""
    from dataclasses import replace

    from scanner.commands.results import load, plan

    with as_file(files("scanner") / "example" / "estate") as root:
        loaded = load(root, name=EXAMPLE)
    return replace(loaded.result, remediations=plan(loaded))


def save_everything(result: "Result", folder: Path) -> None:
    """Write report, access and remediations into a private folder.

    Raises:
        UnusableOutput: a read-only or full disk, a symlink.
    """
    from scanner.commands.remediate import save_remediations
    from scanner.evidence.files import private_folder, write_private

    private_folder(folder)
    for name, text in _files(result):
        write_private(folder / name, text)
    save_remediations(result.remediations, folder / "remediation", result.findings)


def _files(result: "Result") -> Iterator[tuple[str, bytes]]:
    from output.holdings import direct_holdings
    from output.rows import write_access_jsonl
    from output.table import Style
    from scanner.commands.report import encoded, report_files

    for form in ("json", "csv"):
        yield from report_files(result, form, Style())
    access = io.StringIO(newline="")
    write_access_jsonl(direct_holdings(result.decided), access)
    yield "access.jsonl", encoded(access)
