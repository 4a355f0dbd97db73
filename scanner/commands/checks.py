"""`whocanrun checks`: what each check looks for, why, and how to fix it."""

import click

from scanner.commands.console import console_of
from scanner.commands.options import quiet_option
from scanner.errors import UnusableInput


@click.command()
@click.argument("check_id", metavar="[ID]", required=False)
@quiet_option
@click.pass_context
def command(context: click.Context, check_id: str | None) -> int:
    """List the checks, or explain the one with this ID."""
    from checks.catalogue import catalogue
    from output.catalogue import write_catalogue, write_check

    console = console_of(context)
    found = catalogue()
    if check_id is None:
        write_catalogue(found, console.results, console.style(len(found)))
        return 0
    for check in found:
        if check.id == check_id:
            write_check(check, console.results)
            return 0
    raise UnusableInput(
        repr(check_id), "no such check", "list them with `whocanrun checks`"
    )
