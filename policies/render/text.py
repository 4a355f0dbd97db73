"""Names from the cloud inside files: one line, and identifiers by allow-list."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

#: Categories of characters that a reader cannot see, or that change what is seen.
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def one_line(text: str) -> str:
    r"""Return a text that stays inside one comment line (`\x0a` for a line feed)."""
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if unicodedata.category(char) not in HIDDEN:
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"


def label(number: int, name: str) -> str:
    """Return an identifier for any name: letters, digits and `_`; apart by number."""
    stem = _NOT_WORD.sub("_", name.lower()).strip("_")[:40].strip("_")
    return f"{stem}_{number}" if stem[:1].isalpha() else f"change_{number}"


def is_text(text: str) -> bool:
    """False for text with half a surrogate pair, which no encoding can hold."""
    return not any(0xD800 <= ord(char) < 0xE000 for char in text)


def texts_in(value: Any) -> Iterator[str]:
    """Yield all text in a JSON value, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)


def last(path: str) -> str:
    """Return what stands after the last slash."""
    return path.rpartition("/")[2]
