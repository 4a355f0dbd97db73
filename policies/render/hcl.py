"""HCL as `terraform fmt` leaves it: attributes, blocks, and strings that stay strings.

`fmt` aligns the `=` of attributes on neighbouring lines; what takes several lines is
set apart by empty lines, so that it aligns with nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.render.text import HIDDEN, one_line

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_INTERPOLATION = re.compile(r"([$%])(?=\{)")


@dataclass(frozen=True, slots=True)
class Code:
    """An expression as it is written: a reference or a call, never from the cloud."""

    text: str


Value = str | bool | int | Code | Sequence[str]


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" … { … }`: attributes first, then the blocks inside."""

    type: str
    labels: Sequence[str] = ()
    attributes: Sequence[tuple[str, Value]] = ()
    blocks: Sequence["Block"] = ()
    comments: Sequence[str] = ()


def quoted(text: str) -> str:
    """Return a quoted string that means exactly this text: nothing is interpolated."""
    escaped = "".join(map(_escaped, text))
    literal = _INTERPOLATION.sub(r"\1\1", escaped)
    return f'"{literal}"'


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if unicodedata.category(char) not in HIDDEN:
        return char
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def document(blocks: Iterable[Block]) -> str:
    """Return a file: the blocks, with one empty line between them."""
    return "\n".join("".join(f"{line}\n" for line in _block(one)) for one in blocks)


def _block(block: Block) -> list[str]:
    comments = [f"# {one_line(text)}" for text in block.comments]
    head = " ".join([block.type, *(quoted(one) for one in block.labels)])
    groups = [_aligned(group) for group in _groups(block.attributes)]
    groups += [_block(inner) for inner in block.blocks]
    body: list[str] = []
    for group in groups:
        body += ["", *group] if body else group
    inside = [f"  {line}" if line else "" for line in body]
    return [*comments, f"{head} {{", *inside, "}"]


_Attributes = list[tuple[str, Value]]


def _groups(attributes: Iterable[tuple[str, Value]]) -> list[_Attributes]:
    """Split attributes so that one with many lines stands alone."""
    groups: list[_Attributes] = []
    joins = False
    for name, value in attributes:
        alone = _is_long(value)
        if joins and not alone:
            groups[-1].append((name, value))
        else:
            groups.append([(name, value)])
        joins = not alone
    return groups


def _is_long(value: Value) -> bool:
    return not isinstance(value, (str, bool, int, Code)) and len(value) > 1


def _aligned(group: _Attributes) -> list[str]:
    width = max(len(name) for name, _ in group)
    lines: list[str] = []
    for name, value in group:
        first, *rest = _value(value)
        lines += [f"{name:<{width}} = {first}", *rest]
    return lines


def _value(value: Value) -> list[str]:
    if isinstance(value, str):
        return [quoted(value)]
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, int):
        return [str(value)]
    if isinstance(value, Code):
        return [value.text]
    if _is_long(value):
        return ["[", *(f"  {quoted(one)}," for one in value), "]"]
    return [f"[{', '.join(quoted(one) for one in value)}]"]
