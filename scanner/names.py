"""Find the principal or target that somebody means by an id, a name or a part."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from scanner.errors import AmbiguousName
from scanner.estate import Principal, Target
from scanner.graph import AccessGraph

_MOST = 10
Named = TypeVar("Named", Principal, Target)


def find_principal(graph: AccessGraph, text: str) -> Principal:
    """Return the principal of that id, of that name, or with that part in either.

    Case only decides where it is needed to tell two of them apart.

    Raises:
        AmbiguousName: several fit (at most ten are listed), or none does.
    """
    return _find("principal", text, graph.principals.values())


def find_target(graph: AccessGraph, text: str) -> Target:
    """Return the target of that id, of that name, or with that part in either.

    Raises:
        AmbiguousName: several fit (at most ten are listed), or none does.
    """
    return _find("target", text, graph.targets.values())


def _find(what: str, text: str, all_: Iterable[Named]) -> Named:
    candidates = sorted(all_, key=lambda one: one.id)
    folded = text.casefold()
    ladder: list[Callable[[Named], bool]] = [
        lambda one: text == one.id,
        lambda one: folded == one.id.casefold(),
        lambda one: text == one.name,
        lambda one: folded == one.name.casefold(),
        lambda one: folded == one.id.casefold().rpartition("/")[2],
        lambda one: folded in one.id.casefold() or folded in one.name.casefold(),
    ]
    for fits in ladder if text else ():
        found = [one for one in candidates if fits(one)]
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousName(repr(text), _several(what, found), "give the full id")
    reason = f"no {what} of that id or name"
    raise AmbiguousName(repr(text), reason, _near(text, candidates))


def _several(what: str, found: Sequence[Principal | Target]) -> str:
    listed = ", ".join(_label(one) for one in found[:_MOST])
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    return f"fits {len(found)} {what}s: {listed}{more}"


def _label(one: Principal | Target) -> str:
    return one.id if one.name in ("", one.id) else f"{one.id} ({one.name})"


def _near(text: str, candidates: Sequence[Principal | Target]) -> str:
    names: dict[str, str] = {}
    for one in candidates:
        for name in (one.id, one.id.rpartition("/")[2], one.name):
            names.setdefault(name.casefold(), one.id)
    close = get_close_matches(text.casefold(), names, n=3, cutoff=0.6)
    ids = dict.fromkeys(names[name] for name in close)
    return f"did you mean {', '.join(ids)}?" if ids else "list them with `access`"
