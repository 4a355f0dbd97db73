"""Who reaches which targets, directly and through hops: the best path to each.

The best path has the fewest hops that are unknown, then the fewest conditions (of the
simplest alternative of each hop), then the fewest hops. Costs only grow along a path,
so Dijkstra's search finds it exactly, cycles included. A direct grant is always
reported; a path to the same pair only beside a direct verdict that is worse.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush

from scanner.classes import hop_cost
from scanner.estate import Principal
from scanner.grants import (
    Because,
    Conditions,
    Confidence,
    Edge,
    Grant,
    TargetSet,
    Verdict,
    ones,
)
from scanner.graph import AccessGraph, Searchable
from scanner.hops import Cost, Step, and_all, verdict_of
from scanner.index import ONE_HOP, Index, rank_of_packed
from scanner.reachable import what_is_led_to
from scanner.routes import Routes, onwards
from scanner.search import State, chain, hops_of, search


@dataclass(frozen=True, slots=True)
class Reached:
    """Targets that a principal reaches by one vector, and how it gets there.

    Attributes:
        principal: who asks.
        holder: who holds the grant at the end of the path; `principal` when direct.
        targets: the targets of the grant that this is the best path to.
        hops: empty for a direct grant. A `can-run` hop names the target that was run on
            and is followed by that target's `runs-as`.
        verdict, conditions, confidence, reasons: of the whole path; the conditions are
            the conjunction along it.
    """

    principal: Principal
    holder: Principal
    grant: Grant
    targets: TargetSet
    hops: tuple[Edge, ...]
    verdict: Verdict
    conditions: Conditions
    confidence: Confidence
    reasons: tuple[str, ...]

    @property
    def because(self) -> tuple[Because, ...]:
        """What the grant at the end rests on for its holder."""
        return self.grant.because_of(self.holder)


def reach_of(graph: Searchable, principal_id: str) -> tuple[Reached, ...]:
    """Return everything a principal can run commands on, as `what_can` finds it.

    Raises:
        KeyError: nobody of that id is in the graph.
    """
    return tuple(what_can(graph, principal_id))


def what_can(
    graph: Searchable, principal_id: str, target_id: str | None = None
) -> Iterator[Reached]:
    """Yield everything a principal can run commands on, direct grants first.

    Paths follow from the best to the worst. Targets already covered by a better path
    with the same vector are left out, so no pair and vector comes twice by paths.

    Args:
        graph: the access graph.
        principal_id: who asks.
        target_id: only what it can do on this target; by paths `targets` is then the
            class of the target.

    Raises:
        KeyError: nobody of that id is in the graph.
    """
    index = graph.index
    number = index.principal_number(principal_id)
    if number is None:
        raise KeyError(principal_id)
    principal = index.principals[number]
    only: dict[int, int] = {}
    if target_id is not None:
        target = index.target_number(target_id)
        places = () if target is None else index.positions(target)
        only = {space: 1 << position for space, position in places}
        if not only:
            return
    for n in index.held[number]:
        if not only or only.get(index.grant_spaces[n], 0) & index.bits[n]:
            yield directly(principal, index.grants[n])
    yield from _by_paths(index, number, only)


def targets_of(graph: Searchable, principal_id: str) -> int:
    """Count the targets that a principal can run commands on, by whatever path.

    Raises:
        KeyError: nobody of that id is in the graph.
    """
    index = graph.index
    number = index.principal_number(principal_id)
    if number is None:
        raise KeyError(principal_id)
    found: set[int] = set()
    for space, bits in what_is_led_to(index, number).items():
        first = index.space_starts[space]
        for position in ones(bits):
            found.update(index.classes[first + position])
    return len(found)


def directly(principal: Principal, grant: Grant) -> Reached:
    """Return what a principal reaches by a grant of its own."""
    return along(principal, principal, grant, grant.targets, ())


def along(
    principal: Principal,
    holder: Principal,
    grant: Grant,
    targets: TargetSet,
    hops: tuple[Edge, ...],
) -> Reached:
    """Return what a principal reaches of a grant by some hops to its holder."""
    if not hops:
        return _as_granted(principal, grant, targets)
    steps: tuple[Step, ...] = (*hops, grant.decision)
    verdict = verdict_of(step.verdict for step in steps)
    conditions, cut = and_all(step.conditions for step in steps)
    certain = all(step.confidence is Confidence.CERTAIN for step in steps)
    reasons = [reason for step in steps for reason in step.reasons]
    return Reached(
        principal,
        holder,
        grant,
        targets,
        hops,
        verdict,
        conditions if verdict is Verdict.CONDITIONAL else (),
        Confidence.CERTAIN if certain else Confidence.INFERRED,
        tuple(dict.fromkeys([*reasons, cut] if cut else reasons)),
    )


def _as_granted(principal: Principal, grant: Grant, targets: TargetSet) -> Reached:
    decision = grant.decision
    return Reached(
        principal,
        principal,
        grant,
        targets,
        (),
        decision.verdict,
        decision.conditions if decision.verdict is Verdict.CONDITIONAL else (),
        decision.confidence,
        decision.reasons,
    )


def through(graph: AccessGraph, entry: Edge, reached: Reached) -> Reached:
    """Return what the source of a hop reaches by taking it and going on as its end."""
    principal, hops = graph.principals[entry.source], (entry, *reached.hops)
    return along(principal, reached.holder, reached.grant, reached.targets, hops)


def nearest(graph: AccessGraph, principal_id: str) -> tuple[Reached, ...]:
    """Return what the first holders of grants hold that a principal can become.

    Only hops are followed, and none beyond a holder: enough to tell whether somebody
    without grants gets to any, at a fraction of the cost of `reach_of`.
    """
    start, holds = graph.principals[principal_id], graph.holds

    def steps(state: State) -> Iterator[tuple[Cost, State, Edge | None]]:
        if isinstance(state, str) and (state == start.id or state not in holds):
            for edge in hops_of(graph, state):
                yield hop_cost(edge), edge.target, edge

    arrivals = search({start.id: (0, 0, 0)}, steps)
    holders = [one for one in arrivals if one != start.id and one in holds]
    return tuple(
        along(start, graph.principals[holder], grant, grant.targets, hops)
        for holder in holders
        if isinstance(holder, str)
        for hops in (tuple(chain(graph, arrivals, holder))[::-1],)
        for grant in holds[holder]
    )


def _by_paths(index: Index, start: int, only: Mapping[int, int]) -> Iterator[Reached]:
    """Share the targets out between the routes, the cheapest route first."""
    held, taken = _Covered(index), _Covered(index)
    for grant in index.held[start]:
        rank = rank_of_packed(index.grant_costs[grant])
        held.add(grant, index.bits[grant], rank)
    routes = onwards(index, start)
    for cost, holder, grant in _ways(index, routes, only):
        space = index.grant_spaces[grant]
        better = taken.up_to(grant, 2) | held.up_to(grant, rank_of_packed(cost))
        bits = index.bits[grant] & ~better & only.get(space, -1 if not only else 0)
        if bits:
            taken.add(grant, bits, 0)
            yield along(
                index.principals[start],
                index.principals[holder],
                index.grants[grant],
                TargetSet(index.spaces[space], bits),
                tuple(routes.hops(holder))[::-1],
            )


def _ways(
    index: Index, routes: Routes, only: Mapping[int, int]
) -> Iterator[tuple[int, int, int]]:
    """Yield the cost, holder and number of each grant that routes lead to, in order.

    A grant adds to the cost of the way to its holder, so that what costs no more than
    the principals that were come to last is complete.
    """
    costs, spaces, bits = index.grant_costs, index.grant_spaces, index.bits
    ahead: list[tuple[int, int, int, int]] = []
    for cost, holders, _ in routes.levels():
        while ahead and ahead[0][0] < cost:
            yield _way(heappop(ahead))
        for holder in holders:
            for n, grant in enumerate(index.holds[holder]):
                if not only or only.get(spaces[grant], 0) & bits[grant]:
                    more = costs[grant] - ONE_HOP
                    heappush(ahead, (cost + more, holder, n, grant))
    while ahead:
        yield _way(heappop(ahead))


def _way(found: tuple[int, int, int, int]) -> tuple[int, int, int]:
    cost, holder, _, grant = found
    return cost, holder, grant


class _Covered:
    """Targets that are dealt with, by space, vector and rank of the verdict."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._bits: dict[tuple[int, int, int], int] = {}

    def add(self, grant: int, bits: int, rank: int) -> None:
        index = self._index
        key = (index.grant_spaces[grant], index.vectors[grant], rank)
        self._bits[key] = self._bits.get(key, 0) | bits

    def up_to(self, grant: int, rank: int) -> int:
        index = self._index
        space, vector = index.grant_spaces[grant], index.vectors[grant]
        bits = 0
        for at_most in range(rank + 1):
            bits |= self._bits.get((space, vector, at_most), 0)
        return bits
