"""`whocanrun simulate`: decide hand-written requests, as the engines decide estates."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from scanner.commands.console import console_of
from scanner.commands.options import quiet_option
from scanner.errors import UnusableInput

_STDIN = "-"


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@quiet_option
@click.pass_context
def command(context: click.Context, file: Path) -> int:
    """Decide hand-written requests.

    FILE is one JSON request, an array of them, or one on each line; `-` is standard
    input. AWS requests are those of IAM's SimulateCustomPolicy with a few members
    more, Azure requests name an operation, a scope and the lists that ARM returns;
    docs/simulate.md describes both. A file may mix them.

    Answers are JSON lines in the order of the requests. A request that is malformed
    is answered with its `error`, the others still run, and the exit code is 2.
    """
    from scanner.memory import collector_paused
    from scanner.simulation.run import Simulation

    console = console_of(context)
    simulation = Simulation()
    with _opened(file) as stream, collector_paused():
        for lines in simulation.answers(stream, _name(file)):
            if simulation.malformed:
                console.outcome = UnusableInput.exit_code
            console.results.write(lines)
            if stream is sys.stdin.buffer:
                console.results.flush()
    if simulation.malformed:
        console.say(f"malformed requests: {simulation.malformed}; see their `error`")
    return console.outcome


def _name(file: Path) -> str:
    return "standard input" if str(file) == _STDIN else str(file)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """Open the file, or hand out standard input as bytes."""
    if str(file) == _STDIN:
        yield sys.stdin.buffer
        return
    try:
        stream = file.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusableInput(str(file), reason, "name a file to read") from error
    with stream:
        yield stream
