"""One escape per sink: names from the cloud are text, never markup or commands.

Terminal, CSV cell, Markdown and file name. JSON needs none of its own: it is written as
ASCII, where `json` itself escapes every control and bidirectional character.
"""

import hashlib
import re
import unicodedata

#: Longest text shown in one terminal or Markdown cell; the rest is counted, not shown.
LONGEST = 160

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA = frozenset("=+-@＝＋－＠﹢﹣﹦﹫'")  # noqa: RUF001 - full-width forms count
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
_PLAIN_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9_]+)+")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def visible(text: str) -> str:
    r"""Show control, bidirectional and invisible characters as escapes (`\x1b`)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if unicodedata.category(char) not in _HIDDEN:
        return char
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def terminal(text: str, longest: int = LONGEST) -> str:
    """Escape a text for one line of a terminal; what is cut off is counted."""
    shown = visible(text[: longest + 1])
    if len(text) > longest or len(shown) > 2 * longest:
        cut = visible(text[:longest])[: 2 * longest]
        return f"{cut}… ({len(text)} characters)"
    return shown


def csv_cell(text: str, *, raw: bool = False) -> str:
    """Return a cell that neither a spreadsheet runs nor a terminal obeys.

    Control, bidirectional and invisible characters are escaped as `visible` does:
    nothing is dropped, and JSON lines have the text itself. A cell whose first
    character after blanks could start a formula (`=` `+` `-` `@`, full-width forms)
    or is `'` gets one `'` in front. So the way back is: of a cell that starts with
    `'`, remove that one character. `raw` leaves the `'` out, for machines.
    """
    shown = visible(text)
    if raw or not shown or shown[0].isalnum():
        return shown
    return f"'{shown}" if shown.lstrip()[:1] in _FORMULA else shown


def markdown(text: str) -> str:
    """Return a code span for a Markdown table cell: no mention, link, image or HTML."""
    shown = terminal(text).replace("|", "\\|")
    runs = [len(run) for run in re.findall(r"`+", shown)]
    fence = "`" * (max(runs, default=0) + 1)
    edge = " " if runs or not shown.strip() else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def file_name(text: str, suffix: str = "") -> str:
    """Return a portable file name for any text; different texts, different names.

    A short lower-case id with a hyphen (`r-1a2b3c4d`) stays as it is. All else is cut
    to the allow-list `A-Z a-z 0-9 _ -` and carries, after a dot, the original's hash.
    """
    if len(text) <= 64 and _PLAIN_NAME.fullmatch(text):
        return text + suffix
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    stem = _UNSAFE.sub("-", text).strip("-")[:48] or "unnamed"
    return f"{stem}.{digest}{suffix}"
