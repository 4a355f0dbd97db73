"""The clock of every benchmark."""

import gc
import time
from collections.abc import Callable


def best(
    rounds: int,
    run: Callable[[], object],
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Return the shortest time of several runs, each with a clean heap behind it."""
    times = []
    for _ in range(rounds):
        gc.collect()
        started = clock()
        run()
        times.append(clock() - started)
    return min(times)
