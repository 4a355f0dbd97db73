"""What people reach through hops, before and after changes.

Only who can come to where something shifted is looked at: whoever can become somebody
whose grants moved, or who takes a hop that moved, in either of the two graphs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from policies.proof.classes import Targets
from policies.shifted_hops import HopShift
from policies.shifts import Way
from scanner.estate import Principal
from scanner.grants import Vector
from scanner.graph import AccessGraph
from scanner.hops import cost_of, rank_of
from scanner.paths import Reached, reach_of
from scanner.routes import Backwards


@dataclass(frozen=True, slots=True)
class PathShift:
    """Targets that a principal reaches through hops now, or no longer.

    Attributes:
        targets: how many; `example` is the first.
        path: the best way to that one, after a gain; before a loss.
    """

    way: Way
    principal: Principal
    vector: Vector
    targets: int
    example: str
    path: Reached


#: Principals whose paths are worked out; each takes a search through the graph.
MOST = 200


def path_shifts(
    old: AccessGraph,
    new: AccessGraph,
    moved: Iterable[str],
    hops: Sequence[HopShift],
    targets: Targets,
) -> tuple[tuple[PathShift, ...], int]:
    """Find what is reached through hops in one graph and not as well in the other.

    Args:
        old: the estate as it is.
        new: the changed one.
        moved: ids of the principals whose own grants differ.
        hops: what else differs.
        targets: the order of targets that both are put over.

    Returns:
        The shifts, gains first, and how many more principals can come to where
        something shifted, further away than `MOST` others: theirs are not worked out.
        What somebody holds directly is no path.
    """
    starts = sorted({*moved, *(one.edge.source for one in hops)})
    who = list(dict.fromkeys((*_upstream(new, starts), *_upstream(old, starts))))
    near = sorted(who[:MOST])
    shifts = [one for id_ in near for one in _of_principal(old, new, id_, targets)]
    shifts.sort(key=lambda one: one.way)
    return tuple(shifts), len(who) - len(near)


def _upstream(graph: AccessGraph, starts: Sequence[str]) -> Iterator[str]:
    """Yield who can come to one of some principals or targets, the nearest first."""
    index = graph.index
    known = [index.principal_number(id_) for id_ in starts]
    for target in map(index.target_number, starts):
        for space, position in () if target is None else index.positions(target):
            for grant in index.by_space[space]:
                if index.bits[grant] >> position & 1:
                    known += index.holders[grant]
    costs = {number: 0 for number in known if number is not None}
    levels = Backwards(index).routes(costs).levels() if costs else ()
    further = (number for level in levels for number in level.principals)
    for number in (*costs, *further):
        if index.somebody[number]:
            yield index.principals[number].id


@dataclass
class _Reach:
    """What one principal reaches: targets by vector and rank of the verdict.

    Attributes:
        best: bits by (vector, rank), direct grants included.
        paths: each path with its bits.
    """

    best: dict[tuple[str, int], int] = field(default_factory=dict)
    paths: list[tuple[Reached, int, int]] = field(default_factory=list)

    def up_to(self, vector: str, rank: int) -> int:
        """Return the targets reached as well as a rank, or better."""
        found = 0
        for at_most in range(rank + 1):
            found |= self.best.get((vector, at_most), 0)
        return found


def _reach(graph: AccessGraph, id_: str, targets: Targets) -> _Reach:
    found = _Reach()
    for one in reach_of(graph, id_) if id_ in graph.principals else ():
        vector, rank = one.grant.vector.id, rank_of(cost_of(one))
        bits = targets.bits(one.targets)
        found.best[vector, rank] = found.best.get((vector, rank), 0) | bits
        if one.hops:
            found.paths.append((one, rank, bits))
    return found


def _of_principal(
    old: AccessGraph, new: AccessGraph, id_: str, targets: Targets
) -> Iterator[PathShift]:
    before, after = (_reach(graph, id_, targets) for graph in (old, new))
    yield from _beyond(Way.GAINED, after, before, targets)
    yield from _beyond(Way.LOST, before, after, targets)


def _beyond(
    way: Way, one: _Reach, other: _Reach, targets: Targets
) -> Iterator[PathShift]:
    """Yield the paths to what the other side does not reach as well, by vector."""
    found: dict[str, tuple[Reached, int, int]] = {}
    for path, rank, bits in one.paths:
        vector = path.grant.vector.id
        fresh = bits & ~other.up_to(vector, rank)
        if fresh:
            first, its, before = found.get(vector, (path, fresh, 0))
            found[vector] = (first, its, before | fresh)
    for _, (path, its, bits) in sorted(found.items(), key=lambda item: item[0]):
        number, example = bits.bit_count(), targets.example(its)
        yield PathShift(way, path.principal, path.grant.vector, number, example, path)
