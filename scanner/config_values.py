"""Values of `whocanrun.toml`: each of its form, or refused with its place."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import NoReturn

from scanner.config import matches
from scanner.errors import UnusableInput

DOCUMENTED = "docs/configuration.md describes every key"

MOST = 1_000_000
_GUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
_ACCOUNT = r"[0-9]{12}"
_ARN = re.compile(r"arn:[^:]+:[^:]+:[^:]*:[^:]*:[^:]+.*")
_SCOPE = re.compile(rf"(?:{_ACCOUNT}|{_GUID})")
_TAG = re.compile(r"[^=*?]+=.*[^*?].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is written: a file and a key."""

    file: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.key}" if self.key else self.file

    def below(self, key: str | int) -> "Place":
        """Return the place of a member or an element."""
        if isinstance(key, int):
            return Place(self.file, f"{self.key}[{key + 1}]")
        return Place(self.file, f"{self.key}.{key}" if self.key else key)

    def refuse(self, reason: str, hint: str) -> NoReturn:
        """Say what is wrong here, and what to do."""
        raise UnusableInput(str(self), reason, hint)


#: What a text must be, and the same in words.
Form = tuple[Callable[[str], bool], str]


def number(value: object, place: Place, most: int = MOST) -> int:
    """Return a whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int):
        place.refuse(f"must be a whole number, not {kind(value)}", "write one")
    if not 0 <= value <= most:
        place.refuse(f"{value} is out of range", f"write 0 to {most}")
    return value


def day(value: object, place: Place) -> date:
    """Return a date; a time of day is none."""
    if isinstance(value, datetime) or not isinstance(value, date):
        place.refuse(f"must be a date, not {kind(value)}", "write it as 2027-01-31")
    return value


def text(value: object, place: Place) -> str:
    """Return a text of one line, without blanks around it."""
    if not isinstance(value, str):
        place.refuse(f"must be a text, not {kind(value)}", "put it in quotes")
    if not value.strip() or not value.isprintable():
        place.refuse("must be a text that says something", "write it on one line")
    return value.strip()


def texts(value: object, place: Place, form: Form) -> tuple[str, ...]:
    """Return a list of texts of one form, each of which says something of its own."""
    if not isinstance(value, list):
        place.refuse(f"must be a list, not {kind(value)}", 'write ["…"]')
    if not value:
        place.refuse("names nothing", "fill the list, or leave it out")
    fits, words = form
    found = [text(one, place.below(n)) for n, one in enumerate(value)]
    for n, one in enumerate(found):
        if not fits(one):
            place.below(n).refuse(f"{one!a} is not {words}", DOCUMENTED)
    _none_covered(found, place)
    return tuple(found)


def _none_covered(found: Sequence[str], place: Place) -> None:
    """Refuse a pattern whenever all that it fits, another one fits as well."""
    first: dict[str, int] = {}
    wide = [n for n, one in enumerate(found) if "*" in one and "?" not in one]
    for n, one in enumerate(found):
        same = first.setdefault(one.lower(), n)
        others = (o for o in wide if o != n and matches((found[o],), one))
        covering = same if same != n else next(others, None)
        if covering is not None:
            by = place.below(covering).key
            place.below(n).refuse(f"{one!a} is covered by {by}", "leave one out")


def is_principal(text: str) -> bool:
    """True for an ARN that names somebody, and for an Entra object id."""
    name = re.split("[:/]", text)[-1]
    named = bool(_ARN.fullmatch(text)) and bool(name.strip("*?"))
    return named or bool(re.fullmatch(_GUID, text))


PRINCIPAL: Form = (
    is_principal,
    "an ARN that names somebody, or an object id",
)


def is_partner(text: str) -> bool:
    """True for an id, and for a subject that is more than its issuer's kind."""
    if _SCOPE.fullmatch(text) or is_principal(text):
        return True
    return ":" in text and not text.startswith("arn:") and bool(text.strip("*?:"))


PARTNER: Form = (is_partner, "an account or tenant id, or a subject")
TAG: Form = (
    lambda one: bool(_TAG.fullmatch(one)),
    "`key=value` with a value of its own",
)
SCOPE: Form = (
    lambda one: bool(_SCOPE.fullmatch(one)),
    "an account or subscription id",
)


def is_finding_scope(text: str) -> bool:
    """True for what findings call a scope; `aws:*` is that of what was not seen."""
    provider, _, rest = text.partition(":")
    return provider in ("aws", "azure") and (
        rest == "*" or bool(_SCOPE.fullmatch(rest))
    )


def instead(key: str, known: Collection[str]) -> str:
    """Say what could be meant by a word that is not known."""
    close = get_close_matches(key, list(known), n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    few = len(known) <= 12
    return f"known are {', '.join(known)}" if few else "see `whocanrun checks`"


def kind(value: object) -> str:
    """Say of which kind a value is."""
    names = {bool: "true or false", str: "a text", list: "a list", dict: "a table"}
    names |= {int: "a number", float: "a number", date: "a date", datetime: "a time"}
    return names.get(type(value), "that")
