"""`whocanrun who-can TARGET`: everybody who can run commands on it, and why."""

from pathlib import Path

import click

from scanner.commands.console import console_of
from scanner.commands.options import (
    chosen_estate,
    estate_option,
    format_option,
    quiet_option,
    top_option,
)


@click.command()
@click.argument("target")
@estate_option
@format_option("table", "json")
@top_option
@quiet_option
@click.pass_context
def command(
    context: click.Context, target: str, estate_dir: Path | None, form: str, top: int
) -> int:
    """List who can run commands on TARGET, and why.

    The best path comes first. TARGET is an id, a name or a part of one that fits
    only one target.
    """
    from output.answers import write_who_can_json, write_who_can_table
    from scanner.commands.results import exit_code, load, readable
    from scanner.names import find_target
    from scanner.paths import who_can

    console = console_of(context)
    result = load(chosen_estate(None, estate_dir), check=False).result
    readable(result.coverage)
    console.outcome = exit_code(result)
    found = find_target(result.graph, target)
    reached = who_can(result.graph, found.id)
    if form == "json":
        write_who_can_json(result, found, reached, console.results)
    else:
        style = console.style(top)
        write_who_can_table(result, found, reached, console.results, style)
    return console.outcome
