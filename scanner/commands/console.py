"""stdout carries results, stderr messages; colour only where a person looks."""

import io
import os
import signal
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import click

from scanner.errors import UnusableOutput

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

        tell(f"whocanrun: {visible(text)}")

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


def prepare_streams() -> None:
    """Make the standard streams take any text and leave line ends alone.

    A closed stderr is as good as `2>/dev/null`: what it would say is lost on purpose.

    Raises:
        UnusableOutput: stdout is closed, so that results have nowhere to go.
    """
    closed = sys.stdout is None
    # A file opened later must not get the number of a standard stream, and its text.
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()
    if closed:
        raise UnusableOutput("stdout", "is closed", "send it to a file or /dev/null")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", newline="")


def tell(text: str) -> None:
    """Write a line to stderr; one that takes nothing (a full disk) ends no run."""
    try:
        click.echo(text, err=True)
    except OSError:
        drop(sys.stderr)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - a stream


def drop(stream: TextIO) -> None:
    """Stop writing to a stream that takes nothing more, without a complaint."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def no_more_interrupts() -> None:
    """Let no further Ctrl-C disturb a run that is ending anyway."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
