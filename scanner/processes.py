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
from collections.abc import Callable, Iterator, Mapping, Sequence
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

    def __init__(
        self,
        work: Callable[[], Made],
        handed: tuple[type, ...],
        shared: Sequence[object],
    ) -> None:
        """Fork."""
        self._work, self._handed, self._shared = work, handed, shared
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
        made: Made = _Unpickler(io.BytesIO(sent), self._shared).load()
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
            sent = _pickled(self._work(), self._handed, self._shared)
            with os.fdopen(writer, "wb") as stream:
                stream.write(sent)
            status = 0
        finally:
            os._exit(status)


@contextmanager
def apart(
    work: Callable[[], Made],
    handed: tuple[type, ...] = (),
    shared: Sequence[object] = (),
) -> Iterator[Apart[Made]]:
    """Let a second process do some work inside the block.

    Args:
        work: takes nothing, and returns what can be pickled.
        handed: frozen dataclasses that the result is made of, handed over fast.
        shared: objects that the result may name, each of a type that is handed: the
            very same ones are in it again.
    """
    second = Apart(work, handed, shared)
    try:
        yield second
    finally:
        second.end()


def _pickled(made: object, handed: tuple[type, ...], shared: Sequence[object]) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, pickle.HIGHEST_PROTOCOL)
    places = {id(one): place for place, one in enumerate(shared)}
    kinds = {type(one) for one in shared}
    # Dataclasses with slots are else taken apart field by field, in Python.
    table: dict[Any, Any] = dict(dispatch_table)
    for kind in handed:
        table[kind] = _reducer(kind, places if kind in kinds else {})
    pickler.dispatch_table = table
    pickler.dump(made)
    return buffer.getvalue()


def _reducer(
    kind: Any, places: Mapping[int, int]
) -> Callable[[object], tuple[Any, tuple[object, ...]]]:
    values = attrgetter(*(field.name for field in fields(kind)))

    def reduced(one: object) -> tuple[Any, tuple[object, ...]]:
        place = places.get(id(one))
        return (kind, values(one)) if place is None else (shared_at, (place,))

    return reduced if places else lambda one: (kind, values(one))


def shared_at(place: int) -> object:
    """Stand in a pickle for what both processes have; `_Unpickler` looks it up."""
    raise LookupError(place)


class _Unpickler(pickle.Unpickler):
    """Reads what our own fork wrote."""

    def __init__(self, stream: io.BytesIO, shared: Sequence[object]) -> None:
        super().__init__(stream)
        self._shared = shared

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, shared_at.__name__):
            return self._shared.__getitem__
        return super().find_class(module, name)
