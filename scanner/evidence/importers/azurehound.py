"""AzureHound JSON: `{"data": [{"kind", "data"}, …], "meta": {…}}`, object by object.

Files grow to hundreds of megabytes. They are taken apart into raw pieces, and one
object at a time is parsed, strictly: memory stays near the size of the file.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from scanner.evidence.importers.answers import Answer, Source
from scanner.evidence.importers.azurehound_answers import answers as list_answers
from scanner.evidence.importers.azurehound_lists import Collected
from scanner.evidence.strictjson import loads

_TOP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLAIN = msgspec.json.Decoder(dict[str, Any])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
#: Where a file says what it is: the first object's kind, or `meta` before or after.
_NEAR = 1 << 12
_MARKS = (b'"AZ', b'"azure"')


def answers(source: Source, text: bytes) -> Iterator[Answer] | None:
    """Yield what an AzureHound file holds, or return None when it is none.

    Args:
        source: the file; its `notes` then name the kinds that are not read.
        text: its content. A file that is broken off is no AzureHound file: whoever
            parses it as plain JSON says where it ends.

    Raises (while iterating):
        NeedsMore: nothing says which tenant it is from.
        UnusableInput: not strict JSON, or an object of another shape; with its line.
    """
    if not any(
        mark in part for part in (text[:_NEAR], text[-_NEAR:]) for mark in _MARKS
    ):
        return None
    try:
        top = _TOP.decode(text)
        items = _ITEMS.decode(top["data"])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    kind = str(_member(items[0], "kind")) if items else ""
    if _member(top.get("meta"), "type") != "azure" and not kind.startswith("AZ"):
        return None
    return _answers(source, text, top, items) if _unique(text, top) else None


def _member(raw: msgspec.Raw | None, name: str) -> Any:
    try:
        return _PLAIN.decode(raw or b"{}").get(name)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _answers(
    source: Source, text: bytes, top: dict[str, msgspec.Raw], items: list[msgspec.Raw]
) -> Iterator[Answer]:
    found = Collected(source)
    for item, line in _placed(text, items):
        found.add(loads(bytes(item), str(source.path), line), line)
    counted = _counted(source, top)
    whole = counted in (None, len(items))
    if not whole:
        source.notes.append(f"meta counts {counted} objects, {len(items)} are there")
    if found.unread:
        named = (f"{kind[:60]!a} ({n})" for kind, n in sorted(found.unread.items()))
        source.notes.append(f"kinds that are not read: {', '.join(named)}")
    yield from list_answers(found, whole=whole)


def _unique(text: bytes, top: dict[str, msgspec.Raw]) -> bool:
    """Say whether every member at the top was taken apart: none is there twice."""
    quotes = 2 * len(top)
    for raw in top.values():
        part = memoryview(raw)
        start = text.index(part)
        quotes += text.count(b'"', start, start + len(part))
    return quotes == text.count(b'"')


def _counted(source: Source, top: dict[str, msgspec.Raw]) -> int | None:
    if "meta" not in top:
        return None
    meta = loads(bytes(top["meta"]), str(source.path))
    counted = meta.get("count") if isinstance(meta, dict) else None
    return counted if isinstance(counted, int) else None


def _placed(text: bytes, items: list[msgspec.Raw]) -> Iterator[tuple[msgspec.Raw, int]]:
    """Yield the objects with the lines of the file that they start on."""
    at, line = text.index(b'"data"'), 1
    line += text.count(b"\n", 0, at)
    for item in items:
        start = text.index(memoryview(item), at)
        line += text.count(b"\n", at, start)
        yield item, line
        at = start + 1
