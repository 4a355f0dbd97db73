"""Lists that never end: a page too many, a token again, or pages that say nothing."""

import hashlib
import time
from collections.abc import Callable

import msgspec

#: Pages one after the other that bring nothing new. Services that filter behind the
#: page hand out some empty ones; none hands out so many.
IDLE = 200


class Endless(Exception):
    """The list has no end that is worth waiting for; the text says how that shows."""


class Paging:
    """Watches the pages of one list.

    A server that invents tokens is stopped by what it does not do: bring new rows. One
    that invents rows as well is stopped by the number of pages and by the time.
    """

    def __init__(
        self,
        pages: int,
        seconds: float,
        idle: int = IDLE,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Allow so many pages, so much time, and so many pages without a new row."""
        self._most, self._seconds, self._longest_idle = pages, seconds, idle
        self._now = now
        self._begun = now()
        self._tokens: set[bytes] = set()
        self._pages: set[bytes] = set()
        self._idle = 0

    def go_on(self, token: str, rows: object) -> None:
        """Take note of a page that another one follows.

        Args:
            token: what the next page is asked with.
            rows: the page's rows, anything JSON can hold; empty if there are none.

        Raises:
            Endless: there is no point in asking for the next page.
        """
        if self._known(self._tokens, token.encode("utf-8", "surrogatepass")):
            raise Endless("a page token came twice")
        known = self._known(self._pages, msgspec.json.encode(rows))
        self._idle = self._idle + 1 if known or not rows else 0
        if self._idle >= self._longest_idle:
            raise Endless(f"{self._idle} pages one after the other brought nothing new")
        if len(self._tokens) >= self._most:
            raise Endless(f"more than {self._most} pages")
        if self._now() - self._begun > self._seconds:
            raise Endless(f"not at its end after {self._seconds:g} seconds")

    @staticmethod
    def _known(seen: set[bytes], text: bytes) -> bool:
        """Say whether a text was seen before; only its digest is kept."""
        digest = hashlib.blake2b(text, digest_size=16).digest()
        if digest in seen:
            return True
        seen.add(digest)
        return False
