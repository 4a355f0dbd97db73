"""What the queries about one principal or target share: options and preparation."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scanner.commands.console import Console, console_of
from scanner.commands.options import (
    F,
    cache_option,
    chosen_estate,
    estate_option,
    format_option,
    quiet_option,
    top_option,
)

if TYPE_CHECKING:
    from output.result import Answerable


def query_options(command: F) -> F:
    """Take the estate, the format and the number of rows, and pass the context on."""
    options: list[Callable[[F], F]] = [
        estate_option,
        format_option("table", "json"),
        top_option,
        cache_option,
        quiet_option,
    ]
    taken: F = click.pass_context(command)  # type: ignore[assignment]
    for option in reversed(options):
        taken = option(taken)
    return taken


def begin(
    context: click.Context, estate_dir: Path | None, cache: bool
) -> tuple[Console, "Answerable"]:
    """Load the estate, without checks, and set the exit code that coverage asks for.

    Args:
        context: of this run.
        estate_dir: the estate that was named, if one was.
        cache: use what an earlier analysis kept, or keep this one.

    Raises:
        UnusableInput: no estate there, or one that must not be read.
        NothingReadable: no list of any scope was answered.
    """
    from scanner.commands.results import coverage_code, load, load_kept, readable

    console, root = console_of(context), chosen_estate(None, estate_dir)
    result = load_kept(root, console) if cache else load(root, check=False).result
    readable(result.coverage)
    console.outcome = coverage_code(result.coverage)
    return console, result
