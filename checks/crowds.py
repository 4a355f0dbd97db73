"""What is seen of many principals alike: one finding, as one change mends it."""

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from scanner.config import Config
from scanner.estate import Principal

#: More principals than this are one finding where one change mends it for all of them.
CROWD = 50

Seen = TypeVar("Seen")


def apart(config: Config, principal: Principal) -> str:
    """Return what keeps a principal out of a crowd; empty for most.

    Whoever is approved stays apart: an approval settles its own finding only.
    """
    return principal.id if config.approvals(principal) else ""


def in_crowds(seen: Iterable[tuple[Hashable, Seen]]) -> Iterator[list[Seen]]:
    """Yield what is alike and more than a crowd together, and the rest one by one.

    Args:
        seen: each with what is equal where it is alike.
    """
    alike: dict[Hashable, list[Seen]] = {}
    for key, one in seen:
        alike.setdefault(key, []).append(one)
    for some in alike.values():
        if len(some) > CROWD:
            yield some
        else:
            yield from ([one] for one in some)
