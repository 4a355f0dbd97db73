"""stdout carries results, stderr messages; colour only where a person looks."""

import io
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from output.table import Style


@dataclass(slots=True)
class Console:
    """What a run says, and how it ends.

    Attributes:
        quiet: drop what is neither result nor warning.
        outcome: the exit code, set before results are written: it holds even when
            their reader goes away half-way.
    """

    quiet: bool = False
    outcome: int = 0

    def say(self, text: str) -> None:
        """Tell something useful on stderr, unless quiet."""
        if not self.quiet:
            self.warn(text)

    def warn(self, text: str) -> None:
        """Tell something that matters on stderr; `text` may hold untrusted names."""
        from output.escape import visible

        click.echo(f"whocanrun: {visible(text)}", err=True)

    @property
    def results(self) -> TextIO:
        """The stream for results, as the process has it now."""
        return sys.stdout

    def csv_note(self, *, raw: bool) -> None:
        """Say which kind of CSV was asked for."""
        if raw:
            self.say("raw CSV: cells may start a formula; not for a spreadsheet")
        else:
            self.say("CSV cells that could start a formula have a ' before them")

    def style(self, top: int) -> "Style":
        """Return the style of tables: colour on a terminal without `NO_COLOR`."""
        from output.table import Style

        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return Style(colour=sys.stdout.isatty() and not plain, top=top)


def console_of(context: click.Context) -> Console:
    """Return the console of this run."""
    return context.ensure_object(Console)


def prepare_streams(streams: Iterable[TextIO]) -> None:
    """Make the standard streams take any text and leave line ends alone."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")


def drop_stdout() -> None:
    """Stop writing after the reader has gone away (`| head`), without a complaint."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
