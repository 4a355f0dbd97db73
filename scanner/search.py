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

from scanner.estate import Principal
from scanner.grants import Confidence, Edge, Grant, Tier
from scanner.graph import AccessGraph
from scanner.hops import CAN_RUN, Cost, plus

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


def search(
    starts: Mapping[str, Cost],
    steps: Steps,
    enough: Callable[[], bool] = lambda: False,
) -> dict[State, Arrival]:
    """Settle every state that can be reached, in the order of its cost.

    Args:
        starts: principals, with what it costs to begin at them.
        steps: what follows a state.
        enough: nothing more is settled once this is true.
    """
    order = count()
    heap: list[tuple[Cost, int, State, Arrival]] = []
    for start, cost in starts.items():
        heappush(heap, (cost, next(order), start, Arrival(cost, None, None)))
    settled: dict[State, Arrival] = {}
    while heap and not enough():
        cost, _, state, arrival = heappop(heap)
        if state in settled:
            continue
        settled[state] = arrival
        for step, then, by in steps(state):
            if then not in settled:
                total = plus(cost, step)
                heappush(heap, (total, next(order), then, Arrival(total, state, by)))
    return settled


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
