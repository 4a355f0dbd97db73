"""How access is written: what a statement or a role names, and what it leaves out."""

import re
from dataclasses import dataclass
from functools import lru_cache

_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of an IAM statement, or of one block of a role definition.

    Attributes:
        actions: patterns of the operations that it names, as written; `*` where it
            names all but some.
        but: patterns that it leaves out again: NotAction, notActions.
        ours: somebody here wrote it: neither AWS's own policies nor built-in roles.
        tags: keys of the target's tags that its conditions ask for.
    """

    actions: tuple[str, ...]
    but: tuple[str, ...] = ()
    ours: bool = True
    tags: tuple[str, ...] = ()

    def names(self, operation: str) -> bool:
        """True when it names an operation and does not leave it out."""
        return _any(self.actions, operation) and not _any(self.but, operation)

    def leaves_out(self, operation: str) -> bool:
        """True when it names an operation and leaves it out again."""
        return _any(self.actions, operation) and _any(self.but, operation)

    def wildcards_for(self, operation: str) -> tuple[str, ...]:
        """Return the patterns that name an operation; none where it is spelled out."""
        if not self.names(operation):
            return ()
        found = tuple(one for one in self.actions if _matches(one, operation))
        return found if all(map(_WILD.search, found)) else ()


@lru_cache(maxsize=1 << 14)
def _any(patterns: tuple[str, ...], operation: str) -> bool:
    return any(_matches(pattern, operation) for pattern in patterns)


@lru_cache(maxsize=1 << 14)
def _matches(pattern: str, operation: str) -> bool:
    """Match without case; `*` spans any characters, `?` one.

    Only the last `*` is ever tried again, so that time is pattern times operation.
    """
    wanted, given = pattern.lower(), operation.lower()
    at, star, retry, n = 0, -1, 0, 0
    while n < len(given):
        if at < len(wanted) and wanted[at] == "*":
            star, retry = at, n
            at += 1
        elif at < len(wanted) and wanted[at] in ("?", given[n]):
            at, n = at + 1, n + 1
        elif star >= 0:
            retry += 1
            at, n = star + 1, retry
        else:
            return False
    return not wanted[at:].strip("*")
