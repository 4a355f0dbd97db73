"""The members of one request: taken apart at C speed, and strictly all the same."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

import msgspec

from scanner.errors import UnusableInput
from scanner.evidence import strictjson
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.source import UNREADABLE, Piece

#: Raw JSON by member name.
Members = Mapping[str, bytes]

T = TypeVar("T")
_DECODER = msgspec.json.Decoder(dict[str, msgspec.Raw])


def members_of(piece: Piece) -> Members:
    """Take a request apart; each member's text stays raw JSON.

    Names are unique, values are not looked into: whoever reads one, reads it strictly.

    Raises:
        MalformedRequest: not an object, not JSON, or a name twice.
    """
    text = piece.text
    try:
        found = {name: bytes(raw) for name, raw in _DECODER.decode(text).items()}
    except UNREADABLE:
        _explain(piece)
    if not _is_compact(text, found) and text.count(b'"') != _quotes(found):
        strict(text, "", piece.line)
    return found


def known_members(piece: Piece) -> Members:
    """Return what can be told of the members of a malformed request, for its Id.

    Of two equal names nobody can tell which one is meant: both are left out.
    """
    try:
        found = {name: bytes(raw) for name, raw in _DECODER.decode(piece.text).items()}
        pairs = json.loads(
            piece.text.decode(),
            object_pairs_hook=list,
            parse_int=str,
        )
    except (*UNREADABLE, ValueError):
        return {}
    names = Counter(name for name, _ in pairs)
    return {name: raw for name, raw in found.items() if names[name] == 1}


def strict(raw: bytes, member: str, line: int = 1) -> Any:
    """Parse a member strictly.

    Args:
        raw: its JSON text.
        member: its path in the request, for messages.
        line: the line that the text starts on, for messages.

    Raises:
        MalformedRequest: as `strictjson.loads`; the place is line and column.
    """
    try:
        return strictjson.loads(raw, "", line)
    except UnusableInput as error:
        _, row, column = error.source.split(":")
        reason = str(error).removeprefix(f"{error.source}: ")
        reason = reason.removesuffix("; correct it")
        place = f"line {row}, column {column}"
        raise MalformedRequest(member, f"{reason} ({place})") from None


def typed(decoder: "msgspec.json.Decoder[T]", raw: bytes, member: str) -> T:
    """Decode a member that holds no objects, so that no name can be there twice.

    Raises:
        MalformedRequest: not of the decoder's type; the place is the path to it.
    """
    try:
        return decoder.decode(raw)
    except UNREADABLE as error:
        strict(raw, member)
        reason, _, place = str(error).partition(" - at `$")
        path = f"{member}{place.rstrip('`')}"
        raise MalformedRequest(path, reason[:1].lower() + reason[1:]) from None


def echoed(raw: bytes, member: str) -> str:
    """Return a scalar as the ASCII JSON to echo it as.

    Raises:
        MalformedRequest: an object or an array, or what `strict` refuses.
    """
    if raw[:1] == b'"' and raw.isascii() and b"\\" not in raw and b"\x7f" not in raw:
        return raw.decode()
    found = strict(raw, member)
    if isinstance(found, dict | list):
        raise MalformedRequest(member, "is neither a string nor a number")
    return json.dumps(found) if isinstance(found, str) else raw.decode()


def _explain(piece: Piece) -> NoReturn:
    if not isinstance(strict(piece.text, "", piece.line), dict):
        raise MalformedRequest("", "a request is an object")
    raise MalformedRequest("", "is not JSON")


def _is_compact(text: bytes, found: Members) -> bool:
    """Tell whether the members fill the text to the last byte: so none is hidden."""
    names = sum(map(len, found))
    return len(text) == 1 + names + 4 * len(found) + sum(map(len, found.values()))


def _quotes(found: Members) -> int:
    return 2 * len(found) + sum(raw.count(b'"') for raw in found.values())
