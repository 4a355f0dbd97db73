"""Tables for a terminal: every cell escaped, everything that is left out is counted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TextIO

from tabulate import tabulate

from output.escape import terminal

#: ANSI codes of the words that deserve attention; only used on a terminal.
_COLOURS = {
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "INCOMPLETE": "1;33",
    "unreadable": "31",
    "partial": "33",
    "unknown": "33",
    "complete": "32",
}


@dataclass(frozen=True, slots=True)
class Style:
    """How much to show, and whether in colour.

    Attributes:
        colour: write ANSI colours (a terminal, and no `NO_COLOR`).
        top: rows of each ranked table; the rest is counted and named.
    """

    colour: bool = False
    top: int = 20

    def paint(self, word: str) -> str:
        """Colour one of our own words; never applied to text from the cloud."""
        code = _COLOURS.get(word)
        return f"\x1b[{code}m{word}\x1b[0m" if self.colour and code else word


class Cell(str):
    """A cell that is already safe to print: our own word, maybe coloured."""

    __slots__ = ()


def stacked(*texts: str, longest: int = 300, width: int = 100) -> Cell:
    """Return a cell with a line per text, escaped, cut and wrapped; empty ones none."""
    shown = (terminal(text, longest) for text in texts if text)
    lines = (wrap(text, width, break_on_hyphens=False) for text in shown)
    return Cell("\n".join(line for some in lines for line in some))


def write_table(
    stream: TextIO,
    headers: Sequence[str],
    rows: Iterable[Sequence[object]],
    longest: int = 72,
) -> None:
    """Write one table; all text but a `Cell` is escaped and cut to `longest`."""
    safe = [[_cell(value, longest) for value in row] for row in rows]
    text = tabulate(safe, headers, tablefmt="simple", disable_numparse=True)
    stream.write(text + "\n")


def _cell(value: object, longest: int) -> str:
    if isinstance(value, Cell):
        return str(value)
    return terminal(str(value), longest)


def heading(stream: TextIO, text: str) -> None:
    """Write the heading of a section."""
    stream.write(f"\n{text}\n")


def and_more(stream: TextIO, left: int, how: str) -> None:
    """Say how many rows were left out and how to see them."""
    if left > 0:
        stream.write(f"… and {left} more ({how})\n")


def count(number: int, word: str) -> str:
    """Return `1 gap`, `2 gaps`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
