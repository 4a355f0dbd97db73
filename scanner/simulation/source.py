"""A file of requests, piece by piece: one request, an array, or JSON lines."""

import io
import json
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple, NoReturn

import msgspec

from scanner.errors import UnusableInput
from scanner.evidence import strictjson

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_VALUES = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
#: What decoding raises beside bad syntax: too deep, or not UTF-8.
UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class Piece(NamedTuple):
    """The text of what may be a request, and the line of the file that it starts on."""

    text: bytes
    line: int


def pieces(stream: BinaryIO, name: str) -> Iterator[Piece]:
    """Take a file apart without holding more of it than its form needs.

    Args:
        stream: JSON lines, one object (over as many lines as it likes) or an array.
            Blank lines, Windows line ends and a byte order mark are tolerated.
        name: what messages call the file.

    JSON lines are handed on as they are read, bad ones too: whoever answers says what
    is wrong with them.

    Raises:
        UnusableInput: not JSON at all, empty, or an array that is broken off.
    """
    lines = _filled_lines(stream)
    first = next(lines, None)
    if first is None:
        raise UnusableInput(name, "is empty", "hand in JSON requests")
    if first.text.startswith(b"["):
        yield from _elements(_rest(first, lines), name)
    elif _is_value(first.text):
        yield first
        yield from lines
    else:
        yield from _broken_start(first, list(lines), name)


def _filled_lines(stream: BinaryIO) -> Iterator[Piece]:
    """Yield the lines that are not blank, stripped."""
    for number, line in enumerate(stream, start=1):
        text = (line.removeprefix(_BOM) if number == 1 else line).strip(_BLANK)
        if text:
            yield Piece(text, number)


def _rest(first: Piece, lines: Iterator[Piece]) -> Piece:
    """Join what is left of the file, every line where it was."""
    whole, at = io.BytesIO(), first.line
    whole.write(first.text)
    for piece in lines:
        whole.write(b"\n" * (piece.line - at) + piece.text)
        at = piece.line
    return Piece(whole.getvalue(), first.line)


def _is_value(text: bytes) -> bool:
    try:
        _VALUE.decode(text)
    except UNREADABLE:
        return False
    return True


def _is_object(text: bytes) -> bool:
    try:
        _MEMBERS.decode(text)
    except UNREADABLE:
        return False
    return True


def _elements(array: Piece, name: str) -> Iterator[Piece]:
    """Yield the elements of an array with the lines they start on."""
    text, line, at = array.text, array.line, 0
    try:
        texts = [bytes(raw) for raw in _VALUES.decode(text)]
    except UNREADABLE:
        texts = _loose_elements(array, name)
    for element in texts:
        start = text.find(element, at)
        line += text.count(b"\n", at, start)
        yield Piece(element, line)
        at = start + len(element)
        line += element.count(b"\n")


def _loose_elements(array: Piece, name: str) -> list[bytes]:
    """Find the elements of an array that only a lax reader takes (NaN, surrogates).

    Each is refused on its own then, and the others are answered.
    """
    decoder = json.JSONDecoder()
    try:
        text = array.text.decode()
        json.loads(text)
    except (ValueError, RecursionError):
        _refuse(array, name)
    found, at = [], _next_value(text, 1)
    while text[at] != "]":
        end = decoder.raw_decode(text, at)[1]
        found.append(text[at:end].encode())
        at = _next_value(text, end)
    return found


def _next_value(text: str, at: int) -> int:
    """Return where the next element, or the end of a sound array, starts."""
    while text[at] in " \t\r\n,":
        at += 1
    return at


def _broken_start(first: Piece, later: list[Piece], name: str) -> Iterator[Piece]:
    """Read a file whose first line alone is no JSON.

    It is one object over several lines, or JSON lines that start with a bad one.
    """
    whole = _rest(first, iter(later))
    if _is_value(whole.text) or _is_lax(whole.text):
        yield whole
    elif any(_is_object(piece.text) for piece in later):
        yield first
        yield from later
    else:
        _refuse(whole, name)


def _is_lax(text: bytes) -> bool:
    """Tell whether a lax reader takes it: then it is JSON of a sort, to be refused."""
    try:
        json.loads(text.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _refuse(whole: Piece, name: str) -> NoReturn:
    """Say where a text stops being JSON."""
    strictjson.loads(whole.text, name, whole.line)
    raise UnusableInput(name, "is not JSON", "hand in JSON requests")
