"""Strict JSON: what people hand in is read exactly, or refused with its place.

`json.loads` takes the last of two equal names, reads NaN and 1e999, and goes as deep as
the text does; a policy read like that is not the policy that the provider reads.
"""

import json
import math
import re
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from scanner.errors import UnusableInput

#: Bytes of one text. An account's authorization details are tens of megabytes.
MAX_BYTES = 512 << 20
#: Nested objects and arrays; policies and ARM answers stay below 30.
MAX_DEPTH = 200
#: Characters of one number; a 64-bit float needs 25.
MAX_NUMBER = 128

_BOM = b"\xef\xbb\xbf"
_STRING = r'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)'
_STRINGS = re.compile(_STRING, re.DOTALL)
_TOKENS = re.compile(
    rf"(?P<string>{_STRING})|(?P<number>-?[0-9][0-9.eE+-]*)|(?P<mark>[\[\]{{}},:])"
    r"|(?P<constant>-?Infinity|NaN)",
    re.DOTALL,
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_LONE = re.compile("[\ud800-\udfff]")
_STEP = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
#: Bytes of a text that is worth parsing twice.
_SHORT = 1 << 16
#: Turns what numbers are written with into zeros: long runs are found at C speed.
_ZEROS = bytes(48 if code in b"0123456789.eE+-" else 32 for code in range(256))
_LONG_NUMBER = b"0" * (MAX_NUMBER + 1)
_UNSURE = object()
_NO_BRACKETS = bytes(code for code in range(256) if code not in _STEP)


class _Fault(Exception):
    """Something that the parser's hooks refuse; its place is searched for after."""


def load_file(path: Path) -> Any:
    """Read and parse one file.

    Raises:
        UnusableInput: it cannot be read, or as `loads` says.
    """
    return loads(read_bytes(path), str(path))


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Read a file of at most `limit` bytes.

    Raises:
        UnusableInput: it cannot be read, or is larger.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnusableInput(str(path), reason, "name a file to read") from error
    if len(text) > limit:
        raise UnusableInput(str(path), f"larger than {limit} bytes", "split it")
    return text


def loads(text: bytes, source: str, line: int = 1) -> Any:
    """Parse JSON in UTF-8 (a byte order mark is tolerated), in linear time.

    Args:
        text: one JSON value and nothing else.
        source: the file's name, for messages.
        line: number of the text's first line in that file (for JSON lines).

    Returns:
        What `json.loads` returns for the same text.

    Raises:
        UnusableInput: not JSON, a name twice in one object, NaN or Infinity, a number
            that no float holds or that is longer than `MAX_NUMBER`, half a surrogate
            pair, deeper than `MAX_DEPTH`, larger than `MAX_BYTES`, or not UTF-8. Its
            source reads `file:line:column`.
    """
    found = _plain(text)
    if found is not _UNSURE:
        return found
    decoded = _decode(text, source, line)
    if (deep := _depth(decoded)) > MAX_DEPTH:
        reason = f"nested {deep} deep, {MAX_DEPTH} allowed"
        _refuse(source, decoded, _too_deep(decoded), reason, line)
    try:
        found = _DECODER.decode(decoded)
    except json.JSONDecodeError as error:
        _refuse(source, decoded, error.pos, error.msg, line)
    except _Fault:
        _refuse(source, decoded, *_first_fault(decoded), line)
    if _SURROGATE.search(decoded) and (half := _lone_surrogate(decoded)):
        _refuse(source, decoded, half.start(), "half of a surrogate pair", line)
    return found


def _plain(text: bytes) -> Any:
    """Parse short text that has nothing odd about it, many times faster.

    Without escapes every string has two quotes, so a name that is there twice shows:
    what was parsed has fewer of them. `_UNSURE` when only a close look can tell.
    """
    if len(text) > _SHORT or b"\\" in text or _LONG_NUMBER in text.translate(_ZEROS):
        return _UNSURE
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH:
        return _UNSURE
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _UNSURE
    same = msgspec.json.encode(found).count(b'"') == text.count(b'"')
    return found if same else _UNSURE


def _decode(text: bytes, source: str, line: int) -> str:
    where = f"{source}:{line}:1"
    if len(text) > MAX_BYTES:
        raise UnusableInput(where, f"larger than {MAX_BYTES} bytes", "split it")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in text[:4]:
        raise UnusableInput(where, "not UTF-8 but UTF-16 or UTF-32", "save it as UTF-8")
    plain = text.removeprefix(_BOM)
    if not plain.strip():
        raise UnusableInput(where, "is empty", "hand in JSON")
    try:
        return plain.decode()
    except UnicodeDecodeError as error:
        before = plain[: error.start].decode()
        _refuse(source, before, len(before), "not UTF-8", line)


def _refuse(source: str, text: str, at: int, reason: str, line: int) -> NoReturn:
    row = line + text.count("\n", 0, at)
    column = at - text.rfind("\n", 0, at)
    raise UnusableInput(f"{source}:{row}:{column}", reason, "correct it") from None


def _depth(text: str) -> int:
    """Return how deep brackets outside strings nest, or 0 when there are few."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return 0
    brackets = _STRINGS.sub("", text).encode().translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _too_deep(text: str) -> int:
    depth = 0
    for token in _TOKENS.finditer(text):
        depth += _STEP.get(ord(token.group()[0]), 0)
        if depth > MAX_DEPTH:
            return token.start()
    return 0


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Fault
    return found


def _constant(_: str) -> NoReturn:
    raise _Fault


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER:
        raise _Fault
    return int(text)


def _float(text: str) -> float:
    found = float(text)
    if len(text) > MAX_NUMBER or not math.isfinite(found):
        raise _Fault
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_int=_integer,
    parse_float=_float,
)


def _first_fault(text: str) -> tuple[int, str]:
    """Find where the hooks said no, in text that is well-formed up to there."""
    names: list[set[str]] = []  # of the objects around, arrays included
    string: re.Match[str] | None = None
    for token in _TOKENS.finditer(text):
        word = token.group()
        if token["constant"]:
            return token.start(), f"{word} is not JSON"
        if token["number"] and (reason := _bad_number(word)):
            return token.start(), reason
        if word in "{[":
            names.append(set())
        elif word in "}]":
            names.pop()
        elif word == ":" and string:
            name = json.loads(string.group())
            if name in names[-1]:
                return string.start(), f"the name {name[:50]!a} is there twice"
            names[-1].add(name)
        string = token if token["string"] else None
    return 0, "not JSON"


def _bad_number(word: str) -> str:
    if len(word) > MAX_NUMBER:
        return f"a number of {len(word)} characters"
    return "" if math.isfinite(float(word)) else f"the number {word} is too large"


def _lone_surrogate(text: str) -> re.Match[str] | None:
    """Find a string whose escapes leave half a pair: no UTF-8 text can hold it."""
    for token in _STRINGS.finditer(text):
        if "\\u" in token.group() and _LONE.search(json.loads(token.group())):
            return token
    return None
