"""Find the principal or target that somebody means by an id, a name or a part."""

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from scanner.classes import is_somebody
from scanner.errors import AmbiguousName
from scanner.estate import Principal, Target
from scanner.graph import Searchable

_MOST = 10
Named = TypeVar("Named", Principal, Target)


def find_principal(graph: Searchable, text: str) -> Principal:
    """Return the principal that an id, a name, or a part of either means.

    An outsider is also found by the account or tenant that it is, or is alone of, and
    a federated one by a subject that its pattern admits (`repo:org/app:*`). Case only
    decides where it is needed to tell two of them apart.

    Raises:
        AmbiguousName: several fit (at most ten are listed), or none does.
    """
    if text in graph.principals and is_somebody(graph.principals[text]):
        return graph.principals[text]
    real = (one for one in graph.principals.values() if is_somebody(one))
    return _find("principal", text, real, _is_outsider_of, _admits)


def _is_outsider_of(one: Principal, text: str) -> bool:
    """True for an account's root, a tenant, or somebody of one of these."""
    return one.external and text.casefold() == one.scope.casefold()


def _admits(one: Principal, text: str) -> bool:
    """True when a federated principal's pattern of subjects admits a subject."""
    _, hash_sign, pattern = one.id.partition("#")
    parts = (re.escape(part) for part in re.split(r"([*?])", pattern))
    glob = "".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts)
    return bool(hash_sign) and bool(re.fullmatch(glob, text, re.DOTALL))


def find_target(graph: Searchable, text: str) -> Target:
    """Return the target of that id, of that name, or with that part in either.

    Raises:
        AmbiguousName: several fit (at most ten are listed), or none does.
    """
    if text in graph.targets:
        return graph.targets[text]
    return _find("target", text, graph.targets.values())


def _find(
    what: str, text: str, all_: Iterable[Named], *more: Callable[[Named, str], bool]
) -> Named:
    candidates = sorted(all_, key=lambda one: one.id)
    folded = text.casefold()
    ladder: list[Callable[[Named], bool]] = [
        lambda one: folded == one.id.casefold(),
        lambda one: text == one.name,
        lambda one: folded == one.name.casefold(),
        lambda one: folded == one.id.casefold().rpartition("/")[2],
        *(partial(_with, fits, text) for fits in more),
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


def _with(fits: Callable[[Named, str], bool], text: str, one: Named) -> bool:
    return fits(one, text)


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
