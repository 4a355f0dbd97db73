"""`whocanrun what-can PRINCIPAL`: every target it can run commands on, and why."""

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
@click.argument("principal")
@estate_option
@format_option("table", "json")
@top_option
@quiet_option
@click.pass_context
def command(
    context: click.Context, principal: str, estate_dir: Path | None, form: str, top: int
) -> int:
    """List what PRINCIPAL can run commands on, and why.

    Direct access comes first. PRINCIPAL is an id, a name or a part of one that fits
    only one principal.
    """
    from output.answers import write_what_can_json, write_what_can_table
    from scanner.commands.results import exit_code, load, readable
    from scanner.names import find_principal
    from scanner.paths import reach_of

    console = console_of(context)
    result = load(chosen_estate(None, estate_dir), check=False).result
    readable(result.coverage)
    console.outcome = exit_code(result)
    found = find_principal(result.graph, principal)
    reached = reach_of(result.graph, found.id)
    if form == "json":
        write_what_can_json(result, found, reached, console.results)
    else:
        style = console.style(top)
        write_what_can_table(result, found, reached, console.results, style)
    return console.outcome
