"""How a principal still reaches a target after a change: other vectors, and hops."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from policies.proof.again import Grants, grants_after, home_of
from policies.proof.classes import Targets
from policies.proof.context import Context, Step
from policies.proof.model import HopChange
from scanner.grants import Edge, Grant, Standing, Verdict
from scanner.hops import Cost, cost_of
from scanner.search import State, chain, hops_of, search

Path = tuple[str, ...]

#: Nobody looks for further paths.
_MOST_PATHS = 20


def remaining_paths(
    context: Context,
    principal: str,
    account: str,
    targets: Targets,
    wanted: int,
    after: Grants,
    gone: Iterable[HopChange],
    temporary: bool = False,
) -> tuple[Path, ...]:
    """Return how a principal still reaches some targets once the changes are made.

    Args:
        context: of the estate as it is.
        principal: who asks.
        account: whose the targets are; empty for those of Azure.
        targets: the order that `wanted` is over.
        wanted: the targets, as a bit set.
        after: the grants, of everybody whom the changes may concern, on the copy.
        gone: hops that are denied then.
        temporary: access that is merely eligible is what was meant.

    Each path is the ids and kinds of its hops in turn, and the vector at its end; the
    best path to each holder.
    """
    lost = frozenset(_lost(gone))
    ways = _Ways(context, principal, account, targets, wanted, after, lost)
    found: list[Path] = [
        (principal, grant.vector.id)
        for grant in ways.grants_of(principal)
        if not (temporary and grant.decision.standing is Standing.ELIGIBLE)
    ]
    arrivals = search({principal: (0, 0, 0)}, ways.steps, ways.enough)
    for holder in ways.holders[:_MOST_PATHS]:
        hops = tuple(chain(context.graph, arrivals, holder))[::-1]
        words = (word for hop in hops for word in (hop.kind, hop.target))
        vectors = (grant.vector.id for grant in ways.grants_of(holder))
        found.append((principal, *words, min(vectors)))
    if len(ways.holders) > _MOST_PATHS:
        found.append((principal, "and more principals that it can become"))
    return tuple(dict.fromkeys(found))


def _lost(gone: Iterable[HopChange]) -> Iterator[tuple[str, str, str]]:
    for hop in gone:
        if hop.after == Verdict.DENIED:
            yield hop.kind, hop.source, hop.target


@dataclass(frozen=True, slots=True)
class _Ways:
    """Whom a principal can become, and what they hold on the targets in question.

    Attributes:
        holders: those who hold anything, in the order in which they were come to.
    """

    context: Context
    principal: str
    account: str
    targets: Targets
    wanted: int
    after: Grants
    lost: frozenset[tuple[str, str, str]]
    holders: list[str] = field(default_factory=list)

    def grants_of(self, id_: str) -> list[Grant]:
        held = grants_after(self.context, self.after, id_)
        # No statement of one AWS account reaches the machines of another.
        if not held or home_of(id_) != self.account:
            return []
        return [one for one in held if self.targets.bits(one.targets) & self.wanted]

    def steps(self, state: State) -> Iterator[tuple[Cost, State, Edge | None]]:
        if not isinstance(state, str):
            return
        if state != self.principal and self.grants_of(state):
            self.holders.append(state)
            return
        onward, last = _onward(self.context, state)
        for step in (*onward, *last.get(self.account, ())):
            edge = step[2]
            if not self.lost or (edge.kind, edge.source, edge.target) not in self.lost:
                yield step

    def enough(self) -> bool:
        return len(self.holders) > _MOST_PATHS


def _onward(
    context: Context, state: str
) -> tuple[tuple[Step, ...], Mapping[str, tuple[Step, ...]]]:
    """Return the hops out of a principal: those that go on, and ends by account.

    Most lead to somebody whom nothing follows, of interest to one account only; on the
    estate as it is, since no change that holds makes more of them.
    """
    found = context.onward.get(state)
    if found is None:
        onward: list[Step] = []
        last: dict[str, list[Step]] = {}
        for edge in hops_of(context.graph, state):
            step = (cost_of(edge), edge.target, edge)
            if hops_of(context.graph, edge.target):
                onward.append(step)
            else:
                last.setdefault(home_of(edge.target), []).append(step)
        ends = {home: tuple(steps) for home, steps in last.items()}
        found = context.onward[state] = tuple(onward), ends
    return found
