"""`whocanrun checks`: what each check looks for, why, and how to fix it."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.console import console_of
from scanner.commands.options import config_option, format_option, quiet_option
from scanner.errors import UnusableInput

if TYPE_CHECKING:
    from checks.finding import Check


@click.command()
@click.argument("check_id", metavar="[ID]", required=False)
@format_option("table", "json")
@config_option
@quiet_option
@click.pass_context
def command(
    context: click.Context, check_id: str | None, form: str, config_file: Path | None
) -> int:
    """List the checks, or explain the one with this ID.

    Thresholds are those in force: see --config.
    """
    from checks.catalogue import catalogue
    from output.catalogue import write_catalogue, write_catalogue_json, write_check
    from scanner.commands.results import configuration

    console = console_of(context)
    config = configuration(config_file)
    found = catalogue()
    chosen = found if check_id is None else [_named(check_id, found)]
    if form == "json":
        write_catalogue_json(chosen, console.results, config)
    elif check_id is None:
        write_catalogue(found, console.results, console.style(len(found)))
    else:
        write_check(chosen[0], console.results, config)
    return 0


def _named(check_id: str, checks: Sequence["Check"]) -> "Check":
    for check in checks:
        if check.id == check_id:
            return check
    near = get_close_matches(check_id, [one.id for one in checks], n=1)
    hint = f"did you mean {near[0]}?" if near else "list them with `whocanrun checks`"
    raise UnusableInput(repr(check_id), "no such check", hint)
