"""A small reader of the part of Bicep that literals are written in."""

import re
from typing import Any

_STRING = re.compile(r"'(?:\\.|[^'\\\n])*'")
_ESCAPE = re.compile(r"\\(?:u\{(?P<code>[0-9a-f]+)\}|(?P<one>.))")
_CHARACTERS = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}
_TOKEN = re.compile(
    r"(?P<string>'(?:\\.|[^'\\\n])*')|(?P<word>[A-Za-z_0-9-]+)|(?P<mark>[{}\[\]:=\n])"
    r"|(?P<comment>//[^\n]*)|(?P<blank> +)"
)


def unquoted(text: str) -> str:
    """Return what a string means; an interpolation in it is an error."""
    inner = text[1:-1]
    assert not re.search(r"(?<!\\)(?:\\\\)*\$\{", inner), f"interpolates: {text}"

    def one(match: re.Match[str]) -> str:
        if match["code"]:
            return chr(int(match["code"], 16))
        return _CHARACTERS[match["one"]]

    return _ESCAPE.sub(one, inner)


def tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        assert match, f"no Bicep at {text[at : at + 20]!r}"
        if not match["blank"] and not match["comment"]:
            found.append(match[0])
        at = match.end()
    return found


def read(text: str) -> dict[str, Any]:
    """Return a file: its target scope, and its resources by type, in order."""
    words = [one for one in tokens(text) if one != "\n"]
    assert words[:2] == ["targetScope", "="]
    found: dict[str, Any] = {"targetScope": unquoted(words[2]), "resources": []}
    rest = words[3:]
    while rest:
        assert rest[0] == "resource"
        assert rest[3] == "="
        value, left = _value(rest[4:])
        found["resources"].append((unquoted(rest[2]), value))
        rest = left
    return found


def _value(words: list[str]) -> tuple[Any, list[str]]:
    first, rest = words[0], words[1:]
    if first == "{":
        members: dict[str, Any] = {}
        while rest[0] != "}":
            key = unquoted(rest[0]) if rest[0].startswith("'") else rest[0]
            assert rest[1] == ":"
            assert key not in members
            members[key], rest = _value(rest[2:])
        return members, rest[1:]
    if first == "[":
        items = []
        while rest[0] != "]":
            item, rest = _value(rest)
            items.append(item)
        return items, rest[1:]
    if first.startswith("'"):
        return unquoted(first), rest
    plain = {"true": True, "false": False, "null": None}
    if first in plain:
        return plain[first], rest
    return (int(first) if re.fullmatch(r"-?\d+", first) else first), rest
