"""A second process for half of the work, with the same result as one.

It is forked, so that it finds everything that was read and decided where it is; only
what it makes itself is handed back. Where processes cannot be forked, or the second one
ends without a result, the work is done here.
"""

import io
import os
import pickle
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copyreg import dispatch_table
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


def available() -> int:
    """Return how many processes may work at a time."""
    if not hasattr(os, "fork"):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Apart(Generic[Made]):
    """Work that a second process does meanwhile; made by `apart`."""

    def __init__(self, work: Callable[[], Made], handed: tuple[type, ...]) -> None:
        """Fork."""
        self._work, self._handed = work, handed
        self._reader, writer = os.pipe()
        with warnings.catch_warnings():
            # Python warns of forks beside threads: the second process starts none and
            # waits for no lock that a thread may hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid = os.fork()
        if self._pid == 0:
            self._send(writer)
        os.close(writer)

    def result(self) -> Made:
        """Wait for what it made; it is made here if it could not be."""
        with os.fdopen(self._reader, "rb") as stream:
            sent = stream.read()
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        if status != 0:
            return self._work()
        made: Made = pickle.loads(sent)  # noqa: S301 - our own fork wrote it
        return made

    def end(self) -> None:
        """End it, if its result was not asked for."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            os.close(self._reader)

    def _send(self, writer: int) -> None:
        """Work and leave at once: nothing of the first process is run at exit."""
        status = 1
        try:
            sent = _pickled(self._work(), self._handed)
            with os.fdopen(writer, "wb") as stream:
                stream.write(sent)
            status = 0
        finally:
            os._exit(status)


@contextmanager
def apart(
    work: Callable[[], Made], handed: tuple[type, ...] = ()
) -> Iterator[Apart[Made]]:
    """Let a second process do some work inside the block.

    Args:
        work: takes nothing, and returns what can be pickled.
        handed: frozen dataclasses that the result is made of, handed over fast.
    """
    second = Apart(work, handed)
    try:
        yield second
    finally:
        second.end()


def _pickled(made: object, handed: tuple[type, ...]) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    # Dataclasses with slots are else taken apart field by field, in Python.
    table: dict[Any, Any] = dict(dispatch_table)
    table.update((kind, _reducer(kind)) for kind in handed)
    pickler.dispatch_table = table
    pickler.dump(made)
    return buffer.getvalue()


def _reducer(kind: Any) -> Callable[[object], tuple[type, tuple[object, ...]]]:
    values = attrgetter(*(field.name for field in fields(kind)))
    return lambda one: (kind, values(one))
