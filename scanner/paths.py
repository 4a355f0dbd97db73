"""Who reaches which targets, directly and through hops: the best path to each.

The best path has the fewest hops that are unknown, then the fewest conditions (of the
simplest alternative of each hop), then the fewest hops. Costs only grow along a path,
so Dijkstra's search finds it exactly, cycles included. A direct grant is always
reported; a path to the same pair only beside a direct verdict that is worse.
"""

from collections.abc import Iterator
from dataclasses import dataclass

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
)
from scanner.graph import AccessGraph
from scanner.hops import Cost, Step, and_all, cost_of, plus, rank_of, verdict_of
from scanner.search import State, backwards, chain, hops_of, onwards, search


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


def reach_of(graph: AccessGraph, principal_id: str) -> tuple[Reached, ...]:
    """Return everything a principal can run commands on, direct grants first.

    Paths follow from the best to the worst. Targets already covered by a better path
    with the same vector are left out, so no pair and vector comes twice by paths.

    Raises:
        KeyError: nobody of that id is in the graph.
    """
    principal = graph.principals[principal_id]
    grants = graph.grants_of.get(principal_id, ())
    direct = (directly(principal, grant) for grant in grants)
    return (*direct, *_by_paths(graph, principal, grants))


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


def who_can(graph: AccessGraph, target_id: str) -> tuple[Reached, ...]:
    """Return everybody who can run commands on a target, the best path first.

    One answer per principal and vector; a second one, through hops, only beside a
    direct verdict that is worse. `targets` is the class of the target.
    """
    found: list[tuple[Cost, Reached]] = []
    for space, position in graph.positions(target_id):
        only = TargetSet(space, 1 << position)
        covering: dict[str, list[Grant]] = {}
        for grant in graph.grants_on(only):
            covering.setdefault(grant.vector.id, []).append(grant)
        for grants in covering.values():
            found += _everybody(graph, only, grants)
    found.sort(key=lambda one: (one[0], one[1].principal.id, one[1].grant.vector.id))
    return tuple(reached for _, reached in found)


# ---- from a principal ----


def _by_paths(
    graph: AccessGraph, principal: Principal, direct: tuple[Grant, ...]
) -> Iterator[Reached]:
    """Share the targets out between the routes, the cheapest route first."""
    held, taken = _Covered(), _Covered()
    for grant in direct:
        held.add(grant, grant.targets.bits, rank_of(cost_of(grant.decision)))
    arrivals = search({principal.id: (0, 0, 0)}, onwards(graph))
    ways: list[tuple[Cost, str, int, Grant]] = []
    for holder, arrival in arrivals.items():
        if isinstance(holder, str) and holder != principal.id:
            for grant in graph.holds.get(holder, ()):
                cost = plus(arrival.cost, cost_of(grant.decision, hops=0))
                ways.append((cost, holder, len(ways), grant))
    for cost, holder, _, grant in sorted(ways, key=lambda way: way[:3]):
        better = taken.up_to(grant, 2) | held.up_to(grant, rank_of(cost))
        bits = grant.targets.bits & ~better
        if bits:
            taken.add(grant, bits, 0)
            hops = tuple(chain(graph, arrivals, holder))[::-1]
            targets = TargetSet(grant.targets.space, bits)
            yield along(principal, graph.principals[holder], grant, targets, hops)


class _Covered:
    """Targets that are dealt with, by space, vector and rank of the verdict."""

    def __init__(self) -> None:
        self._bits: dict[tuple[int, str, int], int] = {}

    def add(self, grant: Grant, bits: int, rank: int) -> None:
        key = (id(grant.targets.space), grant.vector.id, rank)
        self._bits[key] = self._bits.get(key, 0) | bits

    def up_to(self, grant: Grant, rank: int) -> int:
        space, vector = id(grant.targets.space), grant.vector.id
        bits = 0
        for at_most in range(rank + 1):
            bits |= self._bits.get((space, vector, at_most), 0)
        return bits


# ---- to a target ----


def _everybody(
    graph: AccessGraph, only: TargetSet, grants: list[Grant]
) -> Iterator[tuple[Cost, Reached]]:
    direct: dict[str, Cost] = {}
    ends: dict[str, Grant] = {}
    for grant in grants:
        cost = cost_of(grant.decision, hops=0)
        for principal in grant.principals:
            yield cost, along(principal, principal, grant, only, ())
            if principal.id not in direct or cost < direct[principal.id]:
                direct[principal.id], ends[principal.id] = cost, grant
    arrivals = search(direct, backwards(graph))
    for state, arrival in arrivals.items():
        if not isinstance(state, str) or arrival.before is None:
            continue
        if state in direct and rank_of(direct[state]) <= rank_of(arrival.cost):
            continue
        hops = tuple(chain(graph, arrivals, state))
        holder = hops[-1].target
        principal, end = graph.principals[state], graph.principals[holder]
        yield arrival.cost, along(principal, end, ends[holder], only, hops)
