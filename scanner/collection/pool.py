"""A bounded pool of workers that stops at once on Ctrl-C, SIGTERM or a first fault."""

import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from scanner.errors import Interrupted

Job = Callable[[], object]

#: How long calls in flight may take to come back once a stop was asked for.
GRACE = 2.0
#: Seconds after which a wait looks up.
_TURN = 0.5


class Pool:
    """Runs jobs on a bounded number of threads; jobs may submit further jobs.

    ```
    with Pool(workers=16) as pool:
        pool.submit(job)        # any callable without arguments
        pool.wait()             # raises what a job raised first
    ```

    A job handles what it can name; an exception that leaves it ends the run. Ctrl-C
    and SIGTERM anywhere in the block leave it as `Interrupted`. The threads are
    daemons: a call that hangs never keeps the process alive.
    """

    def __init__(self, workers: int, *, grace: float = GRACE) -> None:
        """`workers`: jobs at the same time; `grace`: seconds to wait after a stop."""
        self._workers, self._grace = workers, grace
        self._jobs: deque[Job] = deque()
        self._running = 0
        self._threads = 0
        self._fault: BaseException | None = None
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._before: object = None

    @property
    def stopping(self) -> bool:
        """True once no more work is handed out; long jobs look at it between calls."""
        return self._stop.is_set()

    def submit(self, job: Job, *, first: bool = False) -> None:
        """Queue a job; `first` puts it before all others, to end a begun scope."""
        with self._changed:
            if self.stopping:
                return
            if first:
                self._jobs.appendleft(job)
            else:
                self._jobs.append(job)
            if self._threads < self._workers:
                self._threads += 1
                threading.Thread(target=self._work, daemon=True).start()
            self._changed.notify_all()

    def stop(self) -> None:
        """Hand out no more jobs; those in flight finish."""
        with self._changed:
            self._stop.set()
            self._jobs.clear()
            self._changed.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every job is over, those submitted by jobs included.

        Returns False when `timeout` seconds passed before that.

        Raises:
            Exception: whatever a job raised first; queued jobs were dropped.
        """
        idle = self._until_idle(timeout)
        if self._fault is not None:
            raise self._fault
        return idle

    def __enter__(self) -> Self:
        """From here on SIGTERM means Ctrl-C (in the main thread, where it arrives)."""
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the threads; raises `Interrupted` for Ctrl-C and SIGTERM.

        A second Ctrl-C does not wait for the calls in flight.
        """
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        try:
            self.stop()
            self._until_idle(self._grace)
        except KeyboardInterrupt:
            interrupted = True
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)  # type: ignore[arg-type]
        if interrupted:
            raise Interrupted("interrupted; what was read so far is kept") from None

    def _until_idle(self, timeout: float | None) -> bool:
        """Wait in short turns: a signal that comes as one begins shows at its end."""
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._jobs or self._running:
                left = _TURN if end is None else end - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _TURN))
            return True

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except BaseException as fault:  # noqa: BLE001 - raised again by `wait`
                self._fault = self._fault or fault
                self.stop()
            finally:
                with self._changed:
                    self._running -= 1
                    self._changed.notify_all()

    def _next(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._jobs) or self.stopping)
            if self.stopping:
                return None
            self._running += 1
            return self._jobs.popleft()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
