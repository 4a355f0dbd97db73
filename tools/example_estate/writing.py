"""Write evidence lines the way a scan does, at one fixed time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scanner.evidence.lines import ErrorBody, SeriesKey, canonical
from scanner.evidence.log import Clock
from scanner.evidence.manifest import Scope
from scanner.evidence.store import OVERWRITE, EstateStore

START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def ticking() -> Clock:
    """Return a clock that moves 40 ms at each look, so that builds are repeatable."""
    ticks: Iterator[int] = iter(range(10**9))
    return lambda: START + timedelta(milliseconds=40 * next(ticks))


class Writer:
    """Evidence of one file; every list is one page, complete unless refused."""

    def __init__(self, store: EstateStore, name: str, **where: str) -> None:
        self.name, self._where = name, where
        self._store, self._file = store, store.file(name)

    def answer(self, op: str, result: Any, *, region: str = "", **params: Any) -> None:
        """Write a complete one-page series."""
        self._file.page(self._key(op, region, params), 0, result, last=True)

    def refuse(
        self, op: str, code: str, status: int, *, region: str = "", **params: Any
    ) -> None:
        """Write a refusal as the provider words it."""
        message = "the scanner's role lacks this right"
        error = ErrorBody(code, status, message)
        self._file.error(self._key(op, region, params), 0, error)

    def finish(self) -> None:
        """List the file in the manifest as whole."""
        self._store.finish(self.name)

    def _key(self, op: str, region: str, params: dict[str, Any]) -> SeriesKey:
        named = {name.replace("_", "-"): value for name, value in params.items()}
        where = self._where | ({"region": region} if region else {})
        return SeriesKey(op, params=canonical(named), **where)


def new_store(root: Path, scopes: list[Scope]) -> EstateStore:
    """Start the estate anew and say what this "scan" set out to read."""
    store = EstateStore(root, OVERWRITE, ticking())
    store.add_scopes(scopes)
    return store
