"""Bicep: the same deployments as the ARM templates, as text for people."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from policies.render.arm import deployments_of, folder_of
from policies.render.arm_objects import ArmObject, Scope
from policies.render.steps import Rendering, Step
from policies.render.text import HIDDEN, one_line

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'", "\\": "\\\\"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = frozenset({"true", "false", "null", "for", "if"})
_EXTENSION = "an object at one resource is in the ARM template, not in the Bicep file"


def bicep(steps: Sequence[Step]) -> Rendering:
    """Return a file per scope, with the `targetScope` that it is deployed at."""
    deployments, left_out = deployments_of(steps)
    files: dict[str, bytes] = {}
    for number, members in enumerate(deployments.values(), 1):
        left_out |= {s.number: _EXTENSION for s, one in members if one.scope.resource}
        kept = [(step, one) for step, one in members if not one.scope.resource]
        if kept:
            scope = kept[0][1].scope
            path = f"bicep/{folder_of(number, scope)}/main.bicep"
            files[path] = _file(scope, kept).encode()
    return Rendering(files, left_out)


def _file(scope: Scope, members: Sequence[tuple[Step, ArmObject]]) -> str:
    at = f"// To be deployed at {one_line(scope.path)}"
    lines = [at, f"targetScope = {quoted(scope.level.value)}"]
    previous = ""
    for step, one in members:
        symbol = f"change{step.number}"
        head = quoted(f"{one.type}@{one.api_version}")
        body: dict[str, Any] = {"name": one.name, "properties": one.properties}
        inside = [f"  {key}: {literal(value, 1)}" for key, value in body.items()]
        if previous:
            inside.append(f"  dependsOn: [\n    {previous}\n  ]")
        comment = f"// {one_line(step.change.title)}"
        resource = f"resource {symbol} {head} = {{"
        lines += ["", comment, resource, *inside, "}"]
        previous = symbol
    return "".join(f"{line}\n" for line in lines)


def quoted(text: str) -> str:
    """Return a string that means exactly this text: nothing is interpolated."""
    return f"'{''.join(map(_escaped, text)).replace('${', chr(92) + '${')}'"


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if unicodedata.category(char) not in HIDDEN:
        return char
    return f"\\u{{{ord(char):x}}}"


def literal(value: Any, depth: int = 0) -> str:
    """Return a JSON value as a Bicep literal, indented from its first line on."""
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict) and value:
        members = (
            f"{inner}{_key(k)}: {literal(v, depth + 1)}" for k, v in value.items()
        )
        return "\n".join(["{", *members, f"{outer}}}"])
    if isinstance(value, list) and value:
        items = (f"{inner}{literal(one, depth + 1)}" for one in value)
        return "\n".join(["[", *items, f"{outer}]"])
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, float):
        return f"json({quoted(repr(value))})"
    return str(value) if isinstance(value, int) else quoted(str(value))


def _key(name: str) -> str:
    plain = _NAME.fullmatch(name) and name not in _RESERVED
    return name if plain else quoted(name)
