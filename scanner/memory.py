"""Memory while an estate is built: millions of objects, all kept, none in a cycle."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def keep_to_the_end() -> None:
    """Let everything made so far live as long as the process.

    Nobody then looks for cycles among it again: not while a report is written, nor at
    exit, when the system frees it anyway.
    """
    gc.freeze()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the cyclic garbage collector inside the block.

    It looks for cycles whenever enough objects were made, and finds none while evidence
    is typed: it would only walk the growing estate again and again, for up to half of
    the time. A collector that was off before stays off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
