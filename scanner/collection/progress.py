"""Progress on stderr: a bar on a terminal, nothing when piped."""

import sys
import threading

from tqdm import tqdm


class Progress:
    """Counts asked and answered calls; silent when stderr is no terminal or quiet."""

    def __init__(self, *, quiet: bool = False) -> None:
        """Show a bar unless `quiet` or stderr is not a terminal."""
        hidden = quiet or not sys.stderr.isatty()
        self._bar = tqdm(
            total=0, unit=" calls", file=sys.stderr, disable=hidden, leave=False
        )
        self._lock = threading.Lock()

    def expect(self, calls: int) -> None:
        """Add calls that are about to be made."""
        with self._lock:
            self._bar.total = (self._bar.total or 0) + calls

    def done(self, scope: str) -> None:
        """One call is over; `scope` is shown beside the bar."""
        with self._lock:
            self._bar.set_postfix_str(scope, refresh=False)
            self._bar.update(1)

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()
