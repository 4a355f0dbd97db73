"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`."""

import re
from typing import NamedTuple

from scanner.aws.iam.keys import multi_valued
from scanner.aws.iam.patterns import literally
from scanner.aws.iam.seen import Look, Missing, OneOf, Shape

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"\s*([^,]*[^,\s])\s*(?:,\s*'([^']*)'\s*)?")
_ESCAPES = ("*", "?", "$")
_EXPANDING_VERSION = "2012-10-17"


class Open(NamedTuple):
    """A variable that evidence does not fix, and why."""

    key: str
    why: Missing


class Expanded(NamedTuple):
    """A pattern in which what is known is substituted; the rest still is `${…}`."""

    pattern: str
    open: tuple[Open, ...] = ()


def variables(text: str) -> tuple[str, ...]:
    """Return the keys that a text's policy variables name."""
    if "${" not in text:
        return ()
    return tuple(name for name, _ in _named(text))


def needed(text: str) -> tuple[str, ...]:
    """Return those keys without which the text has no value: no default stands by."""
    return tuple(name for name, default in _named(text) if default is None)


def _named(text: str) -> list[tuple[str, str | None]]:
    if "${" not in text:
        return []
    found = (
        _NAMED.fullmatch(content)
        for content in _VARIABLE.findall(text)
        if content not in _ESCAPES
    )
    return [(one[1], one[2]) for one in found if one is not None]


def expand(text: str, version: str, look: Look) -> str | Missing:
    """Substitute policy variables, giving a pattern.

    Args:
        text: a Resource element or condition value.
        version: of its document; 2008-10-17 leaves the text as it is.
        look: what is known of the keys.

    Returns the pattern, or what stands in the way: ABSENT (then the whole statement
    does not match, Allow or Deny alike), or that a key is not fixed by evidence.
    Wildcards in substituted values are literal; a value known only by its shape is
    substituted as that pattern.
    """
    found = substituted(text, version, look, shapes=True)
    if found is None:
        return Missing.ABSENT
    return found.open[0].why if found.open else found.pattern


def substituted(
    text: str, version: str, look: Look, shapes: bool = False
) -> Expanded | None:
    """Substitute the variables that are known; None where one has no value.

    Args:
        text: a Resource element or condition value.
        version: of its document.
        look: what is known of the keys.
        shapes: substitute a value known only by its shape; else it stays open.
    """
    if "${" not in text:
        return Expanded(text)
    if version != _EXPANDING_VERSION:
        return Expanded(text.replace("${", literally("$") + "{"))
    pieces: list[str] = []
    left: list[Open] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        value = _value_of(found[1], look, shapes)
        if value is None:
            return None
        if isinstance(value, Open):
            left.append(value)
            value = found[0]
        pieces += [text[at : found.start()], value]
        at = found.end()
    return Expanded("".join([*pieces, text[at:]]), tuple(left))


def _value_of(content: str, look: Look, shapes: bool) -> str | Open | None:
    if content in _ESCAPES:
        return literally(content)
    named = _NAMED.fullmatch(content)
    if named is None:
        return None
    key = named[1]
    default = None if named[2] is None else literally(named[2])
    if multi_valued(key):
        return default
    seen = look(key)
    if isinstance(seen, Shape):
        return seen.pattern if shapes else Open(key, Missing.REQUEST)
    if isinstance(seen, OneOf):
        return Open(key, Missing.UNREAD)
    if isinstance(seen, tuple):
        return literally(seen[0]) if len(seen) == 1 else default
    return default if seen is Missing.ABSENT else Open(key, seen)
