"""Group the lines of one evidence file into page series, whatever their order."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeVar

import msgspec

from scanner.evidence.lines import ErrorBody, Line, SeriesKey, key_of
from scanner.evidence.outcomes import Outcome, outcome_of_error
from scanner.evidence.partial import is_partial

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Series:
    """The newest complete run of pages of one call, or the best that there is.

    Attributes:
        key: what was asked.
        outcome: `ANSWERED` only when pages 0..n are there and the last says so.
        pages: raw JSON results in page order; kept even when the series is broken.
        at: time of the newest line, as written.
        error: what ended the series, if an error line did.
    """

    key: SeriesKey
    outcome: Outcome
    pages: tuple[msgspec.Raw, ...]
    at: str
    error: ErrorBody | None = None

    @property
    def answered(self) -> bool:
        """True when an empty list here means that there is nothing."""
        return self.outcome is Outcome.ANSWERED

    def decoded(self, decoder: "msgspec.json.Decoder[T]") -> Iterator[T]:
        """Decode each page; raises `msgspec.DecodeError` at the first odd one."""
        return map(decoder.decode, self.pages)

    def plain(self) -> Iterator[Any]:
        """Decode each page to plain dictionaries and lists."""
        return map(msgspec.json.decode, self.pages)


def group(lines: Iterable[Line]) -> dict[SeriesKey, Series]:
    """Group lines by what was asked, and choose the series that counts.

    The newest complete series wins and two runs of the same call are never mixed. The
    order of lines does not matter: runs are told apart by their times and page numbers.
    """
    by_key: defaultdict[SeriesKey, list[Line]] = defaultdict(list)
    for line in lines:
        by_key[key_of(line)].append(line)
    return {key: _choose(key, found) for key, found in by_key.items()}


def _choose(key: SeriesKey, lines: list[Line]) -> Series:
    if len(lines) == 1:
        return _series(key, lines)
    runs = [_series(key, run) for run in _runs(lines)]
    complete = [run for run in runs if run.answered]
    return (complete or runs)[-1]


def _runs(lines: list[Line]) -> list[list[Line]]:
    """Split repeated askings of one call, oldest first.

    A run starts at a page 0; a later page joins the newest run that waits for it. A
    page that no run waits for starts a run of its own, which can never be complete.
    """
    in_order = sorted(lines, key=lambda line: line.page)
    if all(_follows(page, after) for page, after in pairwise(in_order)):
        return [in_order]
    unique = {_age(line): line for line in lines}  # the same line twice is one page
    runs: list[list[Line]] = []
    for _, line in sorted(unique.items(), key=itemgetter(0)):
        waiting = (run for run in reversed(runs) if _follows(run[-1], line))
        run = next(waiting, None)
        if line.page == 0 or run is None:
            runs.append([line])
        else:
            run.append(line)
    return runs


def _follows(page: Line, after: Line) -> bool:
    return page.page + 1 == after.page and not page.last and page.error is None


def _age(line: Line) -> tuple[datetime, int, str, bool, str, bytes]:
    """Order lines by time; what breaks a tie does not depend on their order."""
    ended = f"{line.error}"
    return (
        *(time_of(line.at), line.page, line.at),
        *(line.last, ended, bytes(line.result)),
    )


def time_of(text: str) -> datetime:
    """Parse an evidence time (ISO 8601); an unreadable one counts as the oldest."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _series(key: SeriesKey, run: Sequence[Line]) -> Series:
    pages = tuple(line.result for line in run if _is_body(line.result))
    newest = run[-1]
    error = next((line.error for line in run if line.error is not None), None)
    return Series(key, _outcome(run, error), pages, newest.at, error)


def _is_body(result: msgspec.Raw) -> bool:
    """True when a page is an object, as every answer of both providers is."""
    return bytes(memoryview(result)[:1]) == b"{"


def _outcome(run: Sequence[Line], error: ErrorBody | None) -> Outcome:
    if error is not None:
        return outcome_of_error(error.code, error.status)
    if not all(_is_body(line.result) for line in run):
        return Outcome.MALFORMED
    whole = [line.page for line in run] == list(range(len(run)))
    if not whole or not run[-1].last or is_partial(run[-1].result):
        return Outcome.INCOMPLETE
    return Outcome.ANSWERED
