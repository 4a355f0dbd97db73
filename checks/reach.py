"""How far some grants reach: every node of a scope, tagged ones, or a few."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from weakref import WeakKeyDictionary

from scanner.estate import Target
from scanner.grants import TargetSet
from scanner.graph import AccessGraph

EVERY, TAGGED, NAMED, NONE = "every-node", "tagged-nodes", "named-nodes", "none-yet"
_SAMPLE = 10


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about a graph's sets of targets, by space and bits."""

    kinds: dict[tuple[int, int], str] = field(default_factory=dict)
    scopes: dict[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    reaches: "dict[tuple[tuple[int, int], ...], Reach]" = field(default_factory=dict)


#: Freed with its graph.
_KNOWN: WeakKeyDictionary[AccessGraph, _Known] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Reach:
    """Targets of one or more grants, taken together.

    Attributes:
        kind: `every-node` when all targets of at least one account or subscription are
            among them, `tagged-nodes` when a tag tells them from the others, else
            `named-nodes`; `none-yet` when there is none.
        sample: at most ten of them, by id.
    """

    kind: str
    targets: int
    sample: tuple[Target, ...]


def reach_of_sets(graph: AccessGraph, sets: Iterable[TargetSet]) -> Reach:
    """Return how far some sets of targets reach together."""
    together: dict[int, TargetSet] = {}
    for one in sets:
        before = together.get(id(one.space))
        bits = one.bits | (before.bits if before else 0)
        together[id(one.space)] = TargetSet(one.space, bits)
    merged = tuple(one for one in together.values() if one.bits)
    known = _known(graph).reaches
    key = tuple((id(one.space), one.bits) for one in merged)
    if key not in known:
        known[key] = _reach_of(graph, merged)
    return known[key]


def _reach_of(graph: AccessGraph, merged: tuple[TargetSet, ...]) -> Reach:
    kinds = {_kind(graph, one) for one in merged}
    kind = next((kind for kind in (EVERY, TAGGED, NAMED) if kind in kinds), NONE)
    sample = sorted({target for one in merged for target in _first(one)})
    return Reach(kind, sum(map(len, merged)), tuple(sample[:_SAMPLE]))


def scopes_of(graph: AccessGraph, targets: TargetSet) -> tuple[str, ...]:
    """Return the accounts or subscriptions that some targets are in, sorted."""
    known, key = _known(graph).scopes, (id(targets.space), targets.bits)
    if key not in known:
        masks = graph.scopes(targets.space)
        known[key] = tuple(s for s, mask in masks.items() if mask & targets.bits)
    return known[key]


def within(graph: AccessGraph, targets: TargetSet, scope: str) -> TargetSet:
    """Return those of some targets that are in an account or subscription."""
    mask = graph.scopes(targets.space).get(scope, 0)
    return TargetSet(targets.space, targets.bits & mask)


def covers_a_scope(graph: AccessGraph, targets: TargetSet) -> bool:
    """True when all targets of an account or subscription are among these."""
    return _kind(graph, targets) == EVERY


def _known(graph: AccessGraph) -> _Known:
    return _KNOWN.setdefault(graph, _Known())


def _kind(graph: AccessGraph, targets: TargetSet) -> str:
    known, key = _known(graph).kinds, (id(targets.space), targets.bits)
    if key not in known:
        known[key] = _kind_of(graph, targets)
    return known[key]


def _kind_of(graph: AccessGraph, targets: TargetSet) -> str:
    if not targets.bits:
        return NONE
    masks = graph.scopes(targets.space)
    for scope in scopes_of(graph, targets):
        if masks[scope] & targets.bits == masks[scope]:
            return EVERY
    return TAGGED if _told_apart_by_tag(graph, targets) else NAMED


def _told_apart_by_tag(graph: AccessGraph, targets: TargetSet) -> bool:
    """True when the targets are all those of their scopes that carry some tag."""
    common = reduce(and_, (set(target.tags) for target in targets))
    if not common:
        return False
    masks, bits = graph.scopes(targets.space), 0
    for scope in scopes_of(graph, targets):
        bits |= masks[scope]
    others = TargetSet(targets.space, bits & ~targets.bits)
    for target in others:
        common -= set(target.tags)
        if not common:
            return False
    return True


def _first(targets: TargetSet) -> Iterable[Target]:
    for n, target in enumerate(targets):
        if n == _SAMPLE:
            return
        yield target
