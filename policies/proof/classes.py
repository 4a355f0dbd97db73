"""Compare two sets of decisions pair by pair, by class: what went, what stayed.

Two decisions of the same estate divide its targets into different classes; both are put
over one order of targets, as bit sets, so that nothing is expanded.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from scanner.estate import Target
from scanner.grants import Decision, Grant, TargetSet, ones

#: What two decisions are compared by; reasons and names of policies may differ.
Key = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one principal's access by one vector, on some targets.

    `after` is None when it is denied now, `before` when it was denied. `bits` are the
    targets themselves, over the order of `Targets`.
    """

    principal: str
    vector: str
    targets: int
    example: str
    before: Decision | None
    after: Decision | None
    bits: int = 0


@dataclass(slots=True)
class Comparison:
    """The differences, and the number of triples that are the same."""

    differences: list[Difference] = field(default_factory=list)
    same: int = 0


class Targets:
    """One order of the targets of both decisions."""

    def __init__(self, targets: Iterable[Target]) -> None:
        """Number some targets by id."""
        self.ids = sorted({target.id for target in targets})
        self._number = {id_: n for n, id_ in enumerate(self.ids)}
        self._known: dict[tuple[int, int], int] = {}
        self._classes: dict[int, list[int]] = {}
        self._alive: list[TargetSet] = []

    def bits(self, targets: TargetSet) -> int:
        """Return some targets as a bit set over this order."""
        key = (id(targets.space), targets.bits)
        found = self._known.get(key)
        if found is None:
            self._alive.append(targets)  # keeps the ids of spaces unique
            classes = self._of_space(targets)
            found = 0
            for position in ones(targets.bits):
                found |= classes[position]
            self._known[key] = found
        return found

    def of_ids(self, ids: Iterable[str]) -> int:
        """Return some targets, given by id, as a bit set."""
        return sum(1 << self._number[id_] for id_ in set(ids) if id_ in self._number)

    def names(self, bits: int, most: int | None = None) -> tuple[str, ...]:
        """Return the ids of a bit set in order, at most the first few of them."""
        return tuple(self.ids[at] for at in islice(ones(bits), most))

    def example(self, bits: int) -> str:
        """Return the first target of a bit set."""
        return self.ids[next(ones(bits))]

    def _of_space(self, targets: TargetSet) -> list[int]:
        space = targets.space
        found = self._classes.get(id(space))
        if found is None:
            found = [self.of_ids(t.id for t in members) for members in space.classes]
            self._classes[id(space)] = found
        return found


def compare(
    principals: Iterable[str],
    before: Mapping[str, Sequence[Grant]],
    after: Mapping[str, Sequence[Grant]],
    targets: Targets,
) -> Comparison:
    """Compare the grants of some principals before and after a change.

    Args:
        principals: ids.
        before: grants by principal; none means that everything was denied.
        after: the same on the changed estate.
        targets: the order that both are put over.
    """
    found = Comparison()
    for principal in sorted(principals):
        old = _by_vector(before.get(principal, ()), targets)
        new = _by_vector(after.get(principal, ()), targets)
        for vector in sorted({*old, *new}):
            was, is_ = old.get(vector, {}), new.get(vector, {})
            _compare(found, principal, vector, was, is_, targets)
    return found


_ByKey = dict[Key, tuple[int, Decision]]


def _by_vector(grants: Sequence[Grant], targets: Targets) -> dict[str, _ByKey]:
    found: dict[str, _ByKey] = {}
    for grant in grants:
        decision = grant.decision
        by_key = found.setdefault(grant.vector.id, {})
        key = key_of(decision)
        bits, first = by_key.get(key, (0, decision))
        by_key[key] = (bits | targets.bits(grant.targets), first)
    return found


def key_of(decision: Decision) -> Key:
    """Return what makes two decisions the same."""
    conditions = frozenset(frozenset(one) for one in decision.conditions)
    documents = decision.documents
    listed = frozenset(documents) if isinstance(documents, tuple) else documents
    standing = (decision.standing, decision.standing_until)
    return (decision.verdict, conditions, listed, *standing)


def _compare(
    found: Comparison,
    principal: str,
    vector: str,
    old: _ByKey,
    new: _ByKey,
    targets: Targets,
) -> None:
    for before, after, bits in _pairs(old, new):
        if before is not None and after is not None and before[0] == after[0]:
            found.same += bits.bit_count()
        else:
            found.differences.append(
                Difference(
                    principal,
                    vector,
                    bits.bit_count(),
                    targets.example(bits),
                    before and before[1],
                    after and after[1],
                    bits,
                )
            )


_Side = tuple[Key, Decision] | None


def _pairs(old: _ByKey, new: _ByKey) -> Iterator[tuple[_Side, _Side, int]]:
    """Yield every way in which targets were and are decided, with those targets."""
    was = is_ = 0
    for bits, _ in old.values():
        was |= bits
    for bits, _ in new.values():
        is_ |= bits
    before: list[tuple[_Side, int]] = [((k, d), b) for k, (b, d) in old.items()]
    after: list[tuple[_Side, int]] = [((k, d), b) for k, (b, d) in new.items()]
    before.append((None, is_ & ~was))
    after.append((None, was & ~is_))
    for one, some in before:
        for other, others in after:
            both = some & others
            if both and (one or other):
                yield one, other, both
