"""Compare two sets of documents over every action: what one allows and the other not.

Documents of one layer (what an identity holds, its boundary, a level of control
policies) add up: their Allows unite, and so do their Denies. The patterns of both sides
split actions, resources and conditions into finitely many classes, and each is
compared; nothing is sampled.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from policies.proof.actions import Actions
from policies.proof.readings import Reading, readings
from policies.proof.rules import EVERYWHERE, Element, Named, Rule, rules_of, unheard_of
from scanner.aws.iam.automata import Listed, automaton, covers, some_text
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    Formula,
    all_of,
    any_of,
    both,
    on,
    opposite,
)
from scanner.grants import Condition

Documents = frozenset[PolicyDocument]

#: Resource elements beyond which the resources of a class are not told apart.
_MOST_ELEMENTS = 16
_UNCOMPARED = "too many resource patterns to compare"


@dataclass(frozen=True, slots=True)
class Shift:
    """How one class of actions is decided otherwise, on one class of resources."""

    resource: str
    before: str
    after: str


@dataclass(slots=True)
class LayerDifference:
    """What two sets of documents decide otherwise.

    Attributes:
        gained: actions that the second allows, or no longer denies, and the first not;
            those that may be lost are looked at as well.
        lost: the other way round, but for those that may be lost.
        future: patterns whose actions that no list holds yet are lost.
        same: known actions that may not be lost and are decided the same.
    """

    gained: list[tuple[str, Shift]] = field(default_factory=list)
    lost: list[tuple[str, Shift]] = field(default_factory=list)
    lost_bits: int = 0
    future: list[str] = field(default_factory=list)
    same: int = 0


def compare_layers(
    actions: Actions, before: Documents, after: Documents, meant: Collection[str]
) -> LayerDifference:
    """Compare what two sets of documents allow and deny, for every action.

    Args:
        actions: the known ones.
        before: documents; none that has a problem.
        after: those that take their place.
        meant: actions that may be lost.
    """
    old = [rule for one in before for rule in rules_of(one)]
    new = [rule for one in after for rule in rules_of(one)]
    may_go = 0
    for action in meant:
        may_go |= actions.named(action)
    found = LayerDifference()
    for bits, first, second in _classes(actions, old, new):
        _compare_class(actions, found, (bits, may_go), first, second)
    _compare_meant(actions, found, meant, old, new)
    for pattern, action in unheard_of((*old, *new)).items():
        if pattern not in actions.names:
            _compare_future(found, pattern, action, old, new)
    return found


_Rules = frozenset[Rule]


def _classes(
    actions: Actions, old: Sequence[Named], new: Sequence[Named]
) -> Iterator[tuple[int, _Rules, _Rules]]:
    """Split the known actions by the rules of both sides that name them."""
    by_bits: dict[int, tuple[set[Rule], set[Rule]]] = {}
    for side, rules in enumerate((old, new)):
        for one in rules:
            sides = by_bits.setdefault(one.bits(actions), (set(), set()))
            sides[side].add(one.rule)
    parts: list[tuple[int, _Rules, _Rules]] = [
        (actions.every, frozenset(), frozenset())
    ]
    for bits, (some, others) in by_bits.items():
        split = []
        for part, first, second in parts:
            if part & bits:
                split.append((part & bits, first | some, second | others))
            if part & ~bits:
                split.append((part & ~bits, first, second))
        parts = split
    yield from parts


def _compare_class(
    actions: Actions,
    found: LayerDifference,
    bits_and_meant: tuple[int, int],
    first: _Rules,
    second: _Rules,
) -> None:
    bits, meant = bits_and_meant
    counted = bits & ~meant
    if first == second:
        found.same += counted.bit_count()
        return
    gained, lost = _shifts(first, second)
    for shift in gained:
        found.gained += [(name, shift) for name in actions.listed(bits)]
    for shift in lost if counted else ():
        found.lost += [(name, shift) for name in actions.listed(counted)]
    if lost:
        found.lost_bits |= counted
    if not gained and not lost:
        found.same += counted.bit_count()


def _compare_meant(
    actions: Actions,
    found: LayerDifference,
    meant: Collection[str],
    old: Sequence[Named],
    new: Sequence[Named],
) -> None:
    """Look at actions that may be lost and that the list does not hold."""
    for action in sorted(meant):
        if not actions.named(action):
            sides = (_naming(old, action), _naming(new, action))
            found.gained += [(action, shift) for shift in _shifts(*sides)[0]]


def _compare_future(
    found: LayerDifference,
    pattern: str,
    action: str,
    old: Sequence[Named],
    new: Sequence[Named],
) -> None:
    gained, lost = _shifts(_naming(old, action), _naming(new, action))
    found.gained += [(pattern, shift) for shift in gained]
    if lost:
        found.future.append(pattern)


def _naming(rules: Iterable[Named], action: str) -> _Rules:
    return frozenset(one.rule for one in rules if one.names(action))


# ---- one class of actions ----


def _shifts(first: _Rules, second: _Rules) -> tuple[list[Shift], list[Shift]]:
    """Return what is gained and what is lost between two sets of rules."""
    gained: list[Shift] = []
    lost: list[Shift] = []
    if first == second:
        return gained, lost
    elements = sorted(
        {one.resource for one in (*first, *second)} - {EVERYWHERE}, key=repr
    )
    if len(elements) > _MOST_ELEMENTS:
        return [Shift("*", _UNCOMPARED, _UNCOMPARED)], []
    for reading in readings(p for one in elements for p in one.patterns):
        for inside in _cells(elements, reading):
            here = {EVERYWHERE, *inside}
            old = frozenset(one for one in first if one.resource in here)
            new = frozenset(one for one in second if one.resource in here)
            if _content(old) != _content(new):
                _compare_cell(inside, _Answer.of(old), _Answer.of(new), gained, lost)
    return list(dict.fromkeys(gained)), list(dict.fromkeys(lost))


def _content(rules: _Rules) -> frozenset[tuple[bool, frozenset[Condition]]]:
    return frozenset((one.allows, one.conditions) for one in rules)


def _cells(
    elements: Sequence[Element], reading: Reading
) -> Iterator[tuple[Element, ...]]:
    """Yield every set of elements that some resource matches, and no other does."""
    waiting: list[tuple[int, tuple[Element, ...], tuple[Element, ...]]] = [(0, (), ())]
    while waiting:
        at, inside, outside = waiting.pop()
        if not _some_resource(inside, outside, reading):
            continue
        if at == len(elements):
            yield inside
        else:
            waiting.append((at + 1, inside, (*outside, elements[at])))
            waiting.append((at + 1, (*inside, elements[at]), outside))


def _some_resource(
    inside: Sequence[Element], outside: Sequence[Element], reading: Reading
) -> bool:
    sides = [(one.patterns, one.refused) for one in inside]
    sides += [(one.patterns, not one.refused) for one in outside]
    refused = frozenset(p for some, refuse in sides if refuse for p in some)
    # What is refused all the same can be left out, which keeps the search short.
    wanted = [
        [p for p in some if not _refuses(refused, p, reading)]
        for some, refuse in sides
        if not refuse
    ]
    if not all(wanted):
        return False
    lists = [_listed(some, False, reading) for some in wanted]
    lists += [_listed(some, True, reading) for some, refuse in sides if refuse]
    size = sum(len(p) for some in (*wanted, refused) for p in some)
    return not lists or some_text(lists, size)


def _refuses(refused: frozenset[str], pattern: str, reading: Reading) -> bool:
    """True when no text that one pattern matches is free of some others."""
    return pattern in refused or (
        reading is automaton and any(_covers(one, pattern) for one in refused)
    )


_covers = lru_cache(maxsize=1 << 14)(covers)


def _listed(patterns: Iterable[str], refused: bool, reading: Reading) -> Listed:
    machines = map(reading, patterns)
    return Listed(tuple(each for each in machines if each is not None), refused)


@dataclass(frozen=True, slots=True)
class _Answer:
    """When rules deny, and when they allow and do not deny."""

    denied: Formula
    allowed: Formula

    @classmethod
    def of(cls, rules: _Rules) -> "_Answer":
        denied = any_of(_formula(one) for one in rules if not one.allows)
        allowed = any_of(_formula(one) for one in rules if one.allows)
        return cls(denied, both(allowed, opposite(denied)))

    def words(self) -> str:
        if self.allowed == TRUE:
            return "allowed"
        if self.allowed != FALSE:
            return "allowed when conditions hold"
        return "denied" if self.denied != FALSE else "not allowed"


def _formula(rule: Rule) -> Formula:
    return all_of(on(one) for one in sorted(rule.conditions))


def _compare_cell(
    inside: tuple[Element, ...],
    old: _Answer,
    new: _Answer,
    gained: list[Shift],
    lost: list[Shift],
) -> None:
    where = _words_of(inside)
    fewer_denied = not implies(old.denied, new.denied)
    if fewer_denied or not implies(new.allowed, old.allowed):
        gained.append(Shift(where, old.words(), new.words()))
    if not implies(old.allowed, new.allowed) or not implies(new.denied, old.denied):
        lost.append(Shift(where, old.words(), new.words()))


def implies(one: Formula, other: Formula) -> bool:
    """Tell whether one formula surely holds only where the other does."""
    if other == TRUE or all(any(b <= a for b in other) for a in one):
        return True
    return both(one, opposite(other)) == FALSE


def _words_of(inside: tuple[Element, ...]) -> str:
    """Name a class of resources by what its elements list, the most specific first."""
    named = [p for one in inside if not one.refused for p in one.patterns]
    return max(named, key=lambda pattern: (len(pattern), pattern), default="*")
