"""Write evidence: one file per scope, a page at a time, flushed, resumable."""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from scanner.evidence.files import open_private, output_errors, write_private
from scanner.evidence.lines import ErrorBody, Line, SeriesKey, parse_line
from scanner.evidence.series import group

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time in UTC, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """Write a time in UTC as evidence does (`2026-11-24T04:00:00Z`)."""
    return moment.isoformat().replace("+00:00", "Z")


class EvidenceFile:
    """One scope's evidence while it is collected; safe to share between threads.

    Opening an existing file resumes it: complete series are kept and can be replayed,
    everything else (torn lines, unfinished or refused series) is dropped and asked
    again, because page tokens expire. With `keep`, lines are only added: what was
    refused before stays known as refused.
    """

    def __init__(
        self, path: Path, clock: Clock = utc_now, *, keep: bool = False
    ) -> None:
        """Open or create the file with mode 0600.

        Raises:
            UnusableOutput: the folder is read-only or full, or the path is a symlink.
        """
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[SeriesKey, list[tuple[int, int]]] = {}
        if path.exists() and not keep:
            self._compact()
        with output_errors(path):
            self._handle = open_private(path)
            if keep:
                self._end_torn_line()

    def page(
        self,
        key: SeriesKey,
        number: int,
        result: object,
        *,
        last: bool,
        at: str | None = None,
    ) -> None:
        """Append one page as the API gave it (`result`: anything JSON can hold).

        Args:
            key: what was asked.
            number: the page's place in its series, from 0.
            result: the answer.
            last: True when the provider names no further page.
            at: when it was answered, in ISO 8601; now, unless it was imported.

        Raises:
            UnusableOutput: the disk refused the page; earlier pages are safe.
        """
        self._append(key, {"page": number, "last": last}, {"result": result}, at)

    def error(
        self, key: SeriesKey, number: int, error: ErrorBody, at: str | None = None
    ) -> None:
        """Append a refusal or a fault that took the place of page `number`."""
        self._append(key, {"page": number}, {"error": error}, at)

    def complete(self, key: SeriesKey) -> bool:
        """True when a resumed file already holds this series to its last page."""
        return key in self._kept

    def replay(self, key: SeriesKey) -> Iterator[Any]:
        """Yield the results of a complete series that an earlier run collected."""
        for offset, length in self._kept[key]:
            line = parse_line(os.pread(self._handle, length, offset))
            yield msgspec.json.decode(line.result)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        with self._lock:
            if self._handle >= 0:
                os.close(self._handle)
                self._handle = -1

    def _append(
        self,
        key: SeriesKey,
        head: dict[str, Any],
        body: dict[str, Any],
        at: str | None,
    ) -> None:
        at = at or iso(self._clock())
        line = {**_envelope(key), **head, "at": at, **body}
        text = msgspec.json.encode(line) + b"\n"
        with self._lock, output_errors(self.path):
            size = os.fstat(self._handle).st_size
            written = 0
            try:
                while written < len(text):
                    written += os.write(self._handle, text[written:])
            except OSError:
                os.ftruncate(self._handle, size)  # never leave half a line behind
                raise

    def _end_torn_line(self) -> None:
        """Keep a torn last line from swallowing the first one that is added."""
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            os.write(self._handle, b"\n")

    def _compact(self) -> None:
        """Rewrite the file with complete series only, remembering where they are."""
        kept, texts = bytearray(), {}
        lines = list(_readable(self.path))
        for text, line in lines:
            texts[id(line.result)] = text
        for key, series in group(line for _, line in lines).items():
            for page in series.pages if series.answered else ():
                text = texts[id(page)]
                self._kept.setdefault(key, []).append((len(kept), len(text)))
                kept += text
        write_private(self.path, bytes(kept))


def _readable(path: Path) -> Iterator[tuple[bytes, Line]]:
    with output_errors(path), path.open("rb") as stream:
        for text in stream:
            try:
                line = parse_line(text)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                continue
            if text.endswith(b"\n"):
                yield text, line


def _envelope(key: SeriesKey) -> dict[str, Any]:
    scope = {
        "account": key.account,
        "region": key.region,
        "tenant": key.tenant,
        "subscription": key.subscription,
    }
    named = {name: value for name, value in scope.items() if value}
    return {"op": key.op, **named, "params": key.parameters}
