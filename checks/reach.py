"""How far some grants reach: every node of a scope, tagged ones, or a few."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from scanner.estate import Target
from scanner.grants import TargetSet, TargetSpace, bits_of
from scanner.graph import AccessGraph

EVERY, TAGGED, NAMED, NONE = "every-node", "tagged-nodes", "named-nodes", "none-yet"
_SAMPLE = 10


_Key = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known about a graph's sets of targets.

    By the identity of their bits, which are kept with it: large sets hash slowly.
    """

    kinds: dict[tuple[int, int], tuple[TargetSet, str]] = field(default_factory=dict)
    reaches: "dict[_Key, tuple[list[TargetSet], Reach]]" = field(default_factory=dict)
    tags: "dict[int, _Tags]" = field(default_factory=dict)


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
    each = {_place(one): one for one in sets}  # grants share their sets
    known, key = _known(graph).reaches, tuple(each)
    found = known.get(key)
    if found is None:
        different = list(each.values())
        found = known[key] = different, _reach_of(graph, different)
    return found[1]


def _place(targets: TargetSet) -> tuple[int, int]:
    return id(targets.space), id(targets.bits)


def _reach_of(graph: AccessGraph, sets: Iterable[TargetSet]) -> Reach:
    together: dict[int, TargetSet] = {}
    for one in sets:
        before = together.get(id(one.space))
        both = one if before is None else TargetSet(one.space, before.bits | one.bits)
        together[id(one.space)] = both
    merged = [one for one in together.values() if one.bits]
    kinds = {_kind(graph, one) for one in merged}
    kind = next((kind for kind in (EVERY, TAGGED, NAMED) if kind in kinds), NONE)
    first = {target.id: target for one in merged for target in _first(one)}
    return Reach(kind, sum(map(len, merged)), tuple(sorted(first.values())[:_SAMPLE]))


def covers_a_scope(graph: AccessGraph, targets: TargetSet) -> bool:
    """True when all targets of an account or subscription are among these."""
    return _kind(graph, targets) == EVERY


def _known(graph: AccessGraph) -> _Known:
    return _KNOWN.setdefault(graph, _Known())


def _kind(graph: AccessGraph, targets: TargetSet) -> str:
    known, key = _known(graph).kinds, _place(targets)
    found = known.get(key)
    if found is None:
        found = known[key] = targets, _kind_of(graph, targets)
    return found[1]


def _kind_of(graph: AccessGraph, targets: TargetSet) -> str:
    if not targets.bits:
        return NONE
    if graph.scopes(targets.space).covered(targets.bits):
        return EVERY
    return TAGGED if _told_apart_by_tag(graph, targets) else NAMED


def _told_apart_by_tag(graph: AccessGraph, targets: TargetSet) -> bool:
    """True when the targets are all those of their scopes that carry some tag."""
    known = _known(graph).tags
    if id(targets.space) not in known:
        known[id(targets.space)] = _Tags(targets.space)
    tags, first = known[id(targets.space)], next(iter(targets))
    shared = [tag for tag in first.tags if tags.all_carry(tag, targets.bits)]
    if not shared:
        return False
    around = graph.scopes(targets.space).around(targets.bits)
    return any(tags.only_these(tag, targets.bits, around) for tag in shared)


class _Tags:
    """Which classes of a space carry which tag, as bit sets made when asked."""

    def __init__(self, space: TargetSpace) -> None:
        self._sizes = tuple(map(len, space.classes))
        #: The class of every target with a tag, once for each such target.
        self._carried: dict[tuple[str, str], list[int]] = {}
        for position, members in enumerate(space.classes):
            for target in members:
                for tag in target.tags:
                    self._carried.setdefault(tag, []).append(position)
        self._masks: dict[tuple[str, str], tuple[int, int]] = {}

    def all_carry(self, tag: tuple[str, str], bits: int) -> bool:
        """True when all targets of some classes have a tag that one of them has."""
        if len(self._carried[tag]) < bits.bit_count():
            return False
        if tag not in self._masks:
            self._masks[tag] = self._masks_of(tag)
        every, _ = self._masks[tag]
        return bits & every == bits

    def only_these(self, tag: tuple[str, str], bits: int, around: int) -> bool:
        """True when no others around have a tag that `all_carry`."""
        _, some = self._masks[tag]
        return not some & around & ~bits

    def _masks_of(self, tag: tuple[str, str]) -> tuple[int, int]:
        """Return the classes of which every target has a tag, and of which some has."""
        counts = Counter(self._carried[tag])
        whole = (n for n, count in counts.items() if count == self._sizes[n])
        size = len(self._sizes)
        return bits_of(whole, size), bits_of(counts, size)


def _first(targets: TargetSet) -> Iterable[Target]:
    for n, target in enumerate(targets):
        if n == _SAMPLE:
            return
        yield target
