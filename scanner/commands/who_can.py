"""`whocanrun who-can TARGET`: everybody who can run commands on it, and why."""

from pathlib import Path

import click

from scanner.commands.queries import begin, query_options


@click.command()
@click.argument("target")
@query_options
def command(
    context: click.Context,
    target: str,
    estate_dir: Path | None,
    form: str,
    top: int,
    cache: bool,
) -> int:
    """List who can run commands on TARGET, and why.

    The best path comes first. TARGET is an id, a name or a part of one that fits
    only one target.
    """
    from output.answers import write_who_can_json, write_who_can_table
    from scanner.everybody import Everybody
    from scanner.names import find_target

    console, result = begin(context, estate_dir, cache)
    found = find_target(result.graph, target)
    reached = Everybody(result.graph, found.id)
    if form == "json":
        write_who_can_json(result, found, reached, console.results)
    else:
        principals = reached.principals
        write_who_can_table(
            result, found, reached, principals, console.results, console.style(top)
        )
    return console.outcome
