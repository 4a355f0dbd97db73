"""What several checks ask of a graph: worked out once, and freed with it."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from scanner.graph import AccessGraph

Made = TypeVar("Made")

_KNOWN: WeakKeyDictionary[AccessGraph, dict[tuple[Hashable, ...], Any]]
_KNOWN = WeakKeyDictionary()


def once(graph: AccessGraph, make: Callable[..., Made], *arguments: Hashable) -> Made:
    """Return `make(graph, *arguments)`, made when it is first asked for."""
    known, key = _KNOWN.setdefault(graph, {}), (make, *arguments)
    if key not in known:
        known[key] = make(graph, *arguments)
    found: Made = known[key]
    return found
