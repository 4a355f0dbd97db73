"""When PIM's access is in force: a later beginning is a condition, an end the end."""

from datetime import datetime
from typing import Protocol

from scanner.evidence.series import time_of
from scanner.grants import Condition, Conditions

#: The attribute by which Azure's own conditions speak of the time of a request.
_NOW = "@Environment[UtcNow]"


class Dated(Protocol):
    """Anything with a beginning and an end."""

    @property
    def start_date_time(self) -> str | None: ...  # noqa: D102
    @property
    def end_date_time(self) -> str | None: ...  # noqa: D102


def is_over(row: Dated, at: str) -> bool:
    """Say whether a schedule instance had ended when it was read."""
    now, over = _time(at), _time(row.end_date_time)
    return now is not None and over is not None and over <= now


def begin_of(row: Dated, at: str) -> str | None:
    """Return when a schedule instance begins, if it had not when it was read."""
    now, begin = _time(at), _time(row.start_date_time)
    later = now is not None and begin is not None and begin > now
    return row.start_date_time if later else None


def not_before(begins: str) -> Conditions:
    """Return what access that begins later takes: a request after that moment."""
    return ((Condition(_NOW, "DateTimeGreaterThanEquals", (begins,)),),)


def _time(text: str | None) -> datetime | None:
    found = time_of(text) if text else None
    return found if found and found.year > 1 else None
