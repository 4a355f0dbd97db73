"""How long to wait before trying again: what the service says, within reason."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scanner.azure.collect.options import Timings

_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")
_JITTER = 0.25
#: Reads left in ARM's bucket (250, refilled 25 a second) that are left to workloads.
_LOW = 25
_REMAINING = (
    "x-ms-ratelimit-remaining-subscription-reads",
    "x-ms-ratelimit-remaining-tenant-reads",
)


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that an answer asks to wait, if it says so usably.

    `Retry-After` comes in seconds or as an HTTP date; the milliseconds of some
    services win. A negative wait, a past date and an unreadable text say nothing.
    """
    named = {name.lower(): value.strip() for name, value in headers.items()}
    for name in _MILLISECONDS:
        if (wait := _seconds(named.get(name, ""))) is not None:
            return wait / 1000
    text = named.get("retry-after", "")
    found = _seconds(text)
    return found if found is not None else _until(text, now)


def _seconds(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if found > 0 else None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait = (moment - now).total_seconds()
    return wait if wait > 0 else None


def pause(attempt: int, asked: float | None, timings: Timings) -> float:
    """Return how long to sleep before try `attempt` + 1 (the first try is 0).

    Never shorter than what was asked, unless that is more than the cap; a little
    longer at random, so that workers do not come back all at once.
    """
    wait = asked if asked is not None else timings.first_wait * 2.0**attempt
    jitter = 1 + _JITTER * random.random()  # noqa: S311 - spreads load, no secret
    return min(wait, timings.longest_wait) * jitter


def running_low(headers: Mapping[str, str]) -> bool:
    """True when ARM says that few reads are left in the shared quota."""
    left = (headers.get(name, "") for name in _REMAINING)
    return any(text.isdecimal() and int(text) < _LOW for text in left)
