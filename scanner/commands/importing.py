"""`whocanrun import`: an estate from the JSON that people have."""

from pathlib import Path

import click

from scanner.commands.console import console_of
from scanner.commands.options import DEFAULT_ESTATE, PATH, quiet_option
from scanner.errors import UnusableInput


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=PATH,
)
@click.option(
    "--out",
    "--estate",
    "out",
    type=PATH,
    default=DEFAULT_ESTATE,
    show_default=True,
    help="The estate folder to write or add to; only its owner can read it.",
)
@click.option("--account", help="AWS account of files that do not name theirs.")
@click.option("--region", help="AWS region of files that do not name theirs.")
@click.option("--tenant", help="Azure tenant of files that do not name theirs.")
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    files: tuple[Path, ...],
    out: Path,
    account: str | None,
    region: str | None,
    tenant: str | None,
) -> int:
    """Build an estate from AWS CLI, Azure CLI and AzureHound JSON.

    Azure REST answers and evidence lines are understood too. Files are recognised by
    their members. One that is not recognised is named and refused (exit code 2);
    the rest is kept.
    """
    from output.imports import write_import_table
    from scanner.commands.results import DONE, INCOMPLETE, warn_if_shared
    from scanner.evidence.importers import import_files

    console = console_of(context)
    warn_if_shared(out, console)
    report = import_files(files, out, account, region, tenant)
    write_import_table(report, console.results)
    for file in report.files:
        for note in file.notes:
            console.warn(f"{file.file}: {note}")
    for file in report.refused:
        console.warn(f"not imported: {file.refusal}")
    if report.refused:
        return UnusableInput.exit_code
    console.say(f"see what it holds with `whocanrun report {out}`")
    whole = all(one.complete for file in report.files for one in file.imported)
    return DONE if whole else INCOMPLETE
