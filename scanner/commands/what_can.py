"""`whocanrun what-can PRINCIPAL`: every target it can run commands on, and why."""

from pathlib import Path

import click

from scanner.commands.queries import begin, query_options


@click.command()
@click.argument("principal")
@query_options
def command(
    context: click.Context,
    principal: str,
    estate_dir: Path | None,
    form: str,
    top: int,
    cache: bool,
) -> int:
    """List what PRINCIPAL can run commands on, and why.

    Direct access comes first. PRINCIPAL is an id, a name or a part of one that fits
    only one principal; of outsiders also an account, a tenant or an OIDC subject.
    """
    from output.answers import write_what_can_json, write_what_can_table
    from scanner.names import find_principal
    from scanner.paths import targets_of, what_can

    console, result = begin(context, estate_dir, cache)
    found = find_principal(result.graph, principal)
    reached = what_can(result.graph, found.id)
    if form == "json":
        write_what_can_json(result, found, reached, console.results)
    else:
        targets = targets_of(result.graph, found.id)
        write_what_can_table(
            result, found, reached, targets, console.results, console.style(top)
        )
    return console.outcome
