"""The credential report: one row of CSV for each IAM user and for root.

Its text is evidence like any other, and believed no more than that: a row counts for
the principal whose ARN it names, a value that AWS does not document is not known.
"""

import base64
import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from scanner.usage import Usage, Use, latest

#: Since when AWS keeps the times of passwords and of keys.
_PASSWORDS, _KEYS = (
    datetime(2014, 10, 20, tzinfo=UTC),
    datetime(2015, 4, 22, tzinfo=UTC),
)
_NEVER = frozenset({"N/A", "no_information"})
_BOOLEANS = {"true": True, "false": False}
_KEY_NUMBERS = ("1", "2")
_LEAST = frozenset({"user", "arn"})

_Row = Mapping[str, str]


class Unreadable(Exception):
    """The report is not a table that AWS would write; the text says why."""


@dataclass(frozen=True, slots=True)
class Report:
    """The usage of each principal that a report names, by ARN.

    `problem`: what is wrong with some of its rows, in words; empty if nothing is.
    """

    users: Mapping[str, Usage]
    problem: str = ""


def read_report(content: str, asked: datetime) -> Report:
    """Read a credential report.

    Args:
        content: CSV in base64, as the API gives it; or the CSV itself.
        asked: when it was read from the API.

    Raises:
        Unreadable: not text, no CSV, or without the columns that name users.
    """
    users: dict[str, Usage] = {}
    named: set[str] = set()
    bad: list[int] = []
    try:
        for number, row in _rows(_text(content)):
            arn = row.get("arn") or ""
            if arn == "" or arn in named:
                bad.append(number)
                users.pop(arn, None)  # which of the two is true, nobody knows
            else:
                users[arn] = _usage(row, asked)
            named.add(arn)
    except csv.Error as error:
        raise Unreadable(f"not CSV: {error}") from None
    more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    return Report(users, f"row {bad[0]} is odd{more}" if bad else "")


def _text(content: str) -> str:
    if "," in content:
        return content
    try:
        return base64.b64decode(content, validate=True).decode("utf-8-sig")
    except ValueError as error:  # of either; text that is no ASCII included
        raise Unreadable(f"not text in base64: {error}") from None


def _rows(text: str) -> Iterator[tuple[int, _Row]]:
    """Yield the rows, numbered; one with values too many or too few is empty."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = next(lines, [])
    if not set(names) >= _LEAST or len(set(names)) < len(names):
        raise Unreadable("its first line does not name the columns user and arn")
    for number, values in enumerate(lines, 1):
        if values:
            fits = len(values) == len(names)
            yield number, dict(zip(names, values if fits else [], strict=fits))


def _usage(row: _Row, asked: datetime) -> Usage:
    created = _time(row.get("user_creation_time"))
    uses = [_use(row.get("password_last_used"), asked, created, _PASSWORDS)]
    keys: list[bool | None] = []
    for number in _KEY_NUMBERS:
        used = row.get(f"access_key_{number}_last_used_date")
        uses.append(_use(used, asked, created, _KEYS))
        keys.append(_boolean(row.get(f"access_key_{number}_active")))
    return Usage(
        seen=latest(uses),
        password=_boolean(row.get("password_enabled")),
        mfa=_boolean(row.get("mfa_active")),
        access_keys=None if None in keys else sum(map(bool, keys)),
    )


def _use(
    text: str | None, asked: datetime, created: datetime | None, tracked: datetime
) -> Use:
    if text in _NEVER:
        return Use(asked, None, max(tracked, created or tracked))
    at = _time(text)
    return Use(asked, at, at)


def _boolean(text: str | None) -> bool | None:
    return _BOOLEANS.get((text or "").lower())


def _time(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
