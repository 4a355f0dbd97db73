"""Rate limits that leave the account's own API quota to its workloads."""

import threading
import time
from collections.abc import Callable

#: Requests a second for one account, region and service: well below published limits.
CEILING, FLOOR = 10.0, 0.2
#: Requests that may go out at once after a rest. Every provider's own bucket holds
#: more, and a small scope is read without waiting.
BURST = 10
_RECOVERY = 0.05  # added a success; a throttle halves


class Bucket:
    """A token bucket that halves on a throttle and recovers slowly (AIMD)."""

    def __init__(
        self,
        ceiling: float = CEILING,
        *,
        burst: int = 1,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Start at half the ceiling (requests a second), with a full burst."""
        self.ceiling = ceiling
        self._burst = burst
        self.rate = ceiling / 2
        self._now, self._sleep = now, sleep
        self._next = float("-inf")
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait for this caller's turn; turns are handed out in order."""
        with self._lock:
            rested = self._now() - (self._burst - 1) / self.rate
            turn = max(self._next, rested)
            self._next = turn + 1 / self.rate
        if (wait := turn - self._now()) > 0:
            self._sleep(wait)

    def throttled(self) -> None:
        """Halve the rate and end the burst: the provider said that it is too much."""
        with self._lock:
            self._burst = 1
            self.rate = min(self.rate, max(FLOOR, self.rate / 2))

    def succeeded(self) -> None:
        """Recover a little, up to the ceiling."""
        with self._lock:
            self.rate = min(self.ceiling, self.rate + _RECOVERY)


class Rates:
    """One bucket per key (account, region, service), under one ceiling for the scan."""

    def __init__(
        self, max_rate: float | None = None, *, ceiling: float = CEILING
    ) -> None:
        """Limit requests a second.

        `max_rate`: over everything (`--max-rate`), or no cap; `ceiling`: of one bucket.
        """
        self._ceiling = min(ceiling, max_rate or ceiling)
        self._burst = (
            1 if max_rate else BURST
        )  # a ceiling that is set is never exceeded
        self._all = Bucket(max_rate) if max_rate else None
        if self._all and max_rate:
            self._all.rate = max_rate
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        self._lock = threading.Lock()

    def bucket(self, *key: str) -> Bucket:
        """Return the bucket of one account, region and service."""
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = Bucket(self._ceiling, burst=self._burst)
            return self._buckets[key]

    def take(self, *key: str) -> Bucket:
        """Wait for a turn under both limits and return the bucket, to report back."""
        bucket = self.bucket(*key)
        bucket.take()
        if self._all:
            self._all.take()
        return bucket
