"""`whocanrun what-if`: access gained or lost by changes, before they are applied."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.console import console_of
from scanner.commands.options import (
    chosen_estate,
    estate_argument,
    format_option,
    matching,
    quiet_option,
    top_option,
)
from scanner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policies.what_if import WhatIf
    from scanner.commands.results import Loaded


@click.command()
@estate_argument
@click.option(
    "--change",
    "given",
    multiple=True,
    metavar="[OBJECT=]FILE",
    help="A file that says which object it is, or OBJECT=FILE (repeatable; `-`: "
    "standard input).",
)
@click.option(
    "--delete",
    "deleted",
    multiple=True,
    metavar="OBJECT",
    help="An object that is deleted or detached (repeatable).",
)
@click.option(
    "--account",
    callback=matching(r"[0-9]{12}", "AWS account id"),
    help="The account of AWS names that come without an ARN.",
)
@format_option("table", "json", "jsonl")
@top_option
@quiet_option
@click.pass_context
def command(
    context: click.Context,
    estate: Path | None,
    estate_dir: Path | None,
    given: tuple[str, ...],
    deleted: tuple[str, ...],
    account: str | None,
    form: str,
    top: int,
) -> int:
    """Show access gained or lost by changes before they are applied.

    FILE is a policy, trust policy, role definition, assignment or eligibility: what
    the AWS and Azure command lines take and print, ARM JSON, a Terraform plan
    (`terraform show -json`) or the folder of one remediation. A bare policy document
    needs its OBJECT: `arn:…:policy/NAME`, `arn:…:role/NAME/inline/POLICY`,
    `arn:…:role/NAME/trust`, `p-POLICY` and others; docs/what-if.md lists them.

    Exit code 1 when access is gained (unknown counts as gained), 0 when none is, 3
    when none is and coverage is incomplete.
    """
    from scanner.commands.results import FOUND, exit_code, load, readable

    console = console_of(context)
    if not given and not deleted:
        raise UsageError("nothing to look at: give --change or --delete")
    loaded = load(chosen_estate(estate, estate_dir), check=False)
    readable(loaded.result.coverage)
    found = _found(loaded, given, deleted, account)
    console.outcome = FOUND if found.gains else exit_code(loaded.result)
    _write(loaded, found, form, top, context)
    return console.outcome


def _found(
    loaded: "Loaded",
    given: "Sequence[str]",
    deleted: "Sequence[str]",
    account: str | None,
) -> "WhatIf":
    """Read what was handed in, and decide.

    Raises:
        UnusableInput: a file or object that cannot be used.
    """
    from policies.apply import UnappliableChange
    from policies.apply.aws_index import AwsIndex
    from policies.apply.azure_draft import AzureIndex
    from policies.changes_in.names import Names
    from policies.changes_in.read import Reader
    from policies.changes_in.settle import ids_of, refusal, settled
    from policies.what_if import what_if

    analysis = loaded.analysis
    aws = AwsIndex(analysis.aws) if analysis.aws else None
    azure = AzureIndex(analysis.azure) if analysis.azure else None
    reader = Reader(aws, azure, Names(aws, account))
    wanted = [one for text in given for one in reader.change(text)]
    wanted += [reader.delete(text) for text in deleted]
    changes = settled(wanted, aws, azure)
    passed = reader.passed
    try:
        found = what_if(loaded.result.graph, changes, aws, azure)
        return replace(found, unread=tuple(passed.unread), others=passed.others)
    except UnappliableChange as error:
        raise refusal(error, wanted, ids_of(aws, azure)) from error


def _write(
    loaded: "Loaded", found: "WhatIf", form: str, top: int, context: click.Context
) -> None:
    from output.what_if import (
        write_what_if_json,
        write_what_if_jsonl,
        write_what_if_table,
    )
    from scanner.commands.results import warn_of_gaps

    console = console_of(context)
    if form == "json":
        write_what_if_json(loaded.result, found, console.results)
    elif form == "jsonl":
        warn_of_gaps(loaded.result.coverage, console)
        write_what_if_jsonl(found, console.results)
    else:
        style = console.style(top)
        write_what_if_table(loaded.result, found, console.results, style)
