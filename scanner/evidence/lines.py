"""One evidence line: one page of one API call, as it stands in a `.jsonl` file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

#: Stands for a line without `result` (`Raw` cannot be part of a union).
NO_RESULT = msgspec.Raw(b"")


class ErrorBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal or a fault: the provider's code, or one of the collector's own."""

    code: str
    status: int | None = None
    message: str = ""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line as read: `result` stays raw JSON until somebody needs it typed."""

    op: str
    account: str | None = None
    region: str | None = None
    tenant: str | None = None
    subscription: str | None = None
    params: dict[str, Any] | None = None
    page: int = 0
    last: bool = False
    at: str = ""
    result: msgspec.Raw = NO_RESULT
    error: ErrorBody | None = None


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """What makes pages belong together: op, account or subscription, region, params."""

    op: str
    account: str = ""
    region: str = ""
    tenant: str = ""
    subscription: str = ""
    params: str = "{}"  # canonical JSON: sorted keys, no blanks

    @property
    def parameters(self) -> dict[str, Any]:
        """The call's parameters as a fresh dictionary."""
        found: dict[str, Any] = msgspec.json.decode(self.params)
        return found


def canonical(params: Mapping[str, Any] | None) -> str:
    """Return parameters as canonical JSON, the form in which series are compared."""
    if not params:
        return "{}"
    return msgspec.json.encode(params, order="deterministic").decode()


def key_of(line: Line) -> SeriesKey:
    """Return the series that a line belongs to."""
    return SeriesKey(
        line.op,
        line.account or "",
        line.region or "",
        line.tenant or "",
        line.subscription or "",
        canonical(line.params),
    )


_DECODER = msgspec.json.Decoder(Line)


def parse_line(text: bytes) -> Line:
    """Parse one line of evidence.

    Raises:
        msgspec.DecodeError: not JSON, or not the shape of a line (the caller knows
            file and line number, and whether the line may be a torn last one).
    """
    return _DECODER.decode(text)
