"""The best route from a principal onwards, or back to whoever can become it.

Principals are joined by hops, and by running on a VM and going on as its identity; the
latter passes through the grant that is used, so that a grant of many principals on many
targets is looked at once.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import cast

from scanner.classes import hop_cost
from scanner.estate import Principal
from scanner.grants import Confidence, Edge, Grant, TargetSet, Tier, bits_of, ones
from scanner.graph import AccessGraph
from scanner.hops import CAN_RUN, RUNS_CODE, Cost, cost_of, plus

_NEEDS_MORE = "also needs a guest credential or a network path"

#: A principal's id, or a grant that is used to run on a VM and go on as its identity.
State = str | Grant
Steps = Callable[[State], Iterator[tuple[Cost, State, Edge | None]]]


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a state was settled: from which state (None: a start) and by which hop."""

    cost: Cost
    before: State | None
    by: Edge | None


def search(starts: Mapping[str, Cost], steps: Steps) -> dict[State, Arrival]:
    """Settle every state that can be reached, in the order of its cost."""
    order = count()
    heap: list[tuple[Cost, int, State, Arrival]] = []
    for start, cost in starts.items():
        heappush(heap, (cost, next(order), start, Arrival(cost, None, None)))
    settled: dict[State, Arrival] = {}
    while heap:
        cost, _, state, arrival = heappop(heap)
        if state in settled:
            continue
        settled[state] = arrival
        for step, then, by in steps(state):
            if then not in settled:
                total = plus(cost, step)
                heappush(heap, (total, next(order), then, Arrival(total, state, by)))
    return settled


def backwards(graph: AccessGraph) -> Steps:
    """Return the steps from a principal to whoever can become it."""

    def steps(state: State) -> Iterator[tuple[Cost, State, Edge | None]]:
        if not isinstance(state, str):
            for principal in state.principals:
                yield cost_of(state.decision), principal.id, None
            return
        vms = []
        for edge in hops_of(graph, state, into=True):
            if edge.source in graph.targets:
                vms.append(edge)
            else:
                yield hop_cost(edge), edge.source, edge
        yield from _runs_on(graph, vms)

    return steps


def _runs_on(
    graph: AccessGraph, vms: list[Edge]
) -> Iterator[tuple[Cost, State, Edge | None]]:
    """Yield the grants on the VMs of some hops, with a hop each; equal hops as one."""
    alike: dict[tuple[int, Cost], dict[int, Edge]] = {}
    for edge in vms:
        for space, position in graph.positions(edge.source):
            key = (id(space), hop_cost(edge))
            alike.setdefault(key, {}).setdefault(position, edge)
    spaces = {id(space): space for space in graph.spaces}
    for (space_id, cost), by_position in alike.items():
        space = spaces[space_id]
        bits = bits_of(by_position, len(space.classes))
        for grant in graph.grants_on(TargetSet(space, bits)):
            if grant.vector.tier in RUNS_CODE:
                first = next(ones(grant.targets.bits & bits))
                yield cost, grant, by_position[first]


def chain(
    graph: AccessGraph, arrivals: Mapping[State, Arrival], state: State
) -> Iterator[Edge]:
    """Yield the hops from a principal back to the start of its search.

    Between the two principals of a run lie the grant that was used and the target's
    `runs-as`; which of them the search met first depends on its direction.
    """
    while (arrival := arrivals[state]).before is not None:
        before = arrival.before
        if isinstance(before, str):
            if arrival.by is not None:
                yield arrival.by
            state = before
            continue
        beyond = arrivals[before]
        principal = cast(str, beyond.before)  # grants are entered from principals only
        if arrival.by is not None:
            yield arrival.by
            yield ran(graph.principals[principal], before, arrival.by)
        elif beyond.by is not None:
            holder = graph.principals[cast(str, state)]
            yield ran(holder, before, beyond.by)
            yield beyond.by
        state = principal


def ran(principal: Principal, grant: Grant, runs_as: Edge) -> Edge:
    """Return the hop of running a command on a target, to go on as that target."""
    decision, adjacent = grant.decision, grant.vector.tier is Tier.ADJACENT
    return Edge(
        CAN_RUN,
        principal.id,
        runs_as.source,
        decision.verdict,
        decision.conditions,
        Confidence.INFERRED if adjacent else decision.confidence,
        (*decision.reasons, _NEEDS_MORE) if adjacent else decision.reasons,
        grant.because_of(principal),
    )


def hops_of(graph: AccessGraph, node: str, into: bool = False) -> tuple[Edge, ...]:
    """Return the hops out of a principal or target, or into it, not denied."""
    return (graph.hops_into if into else graph.hops_from).get(node, ())
