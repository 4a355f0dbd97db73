"""How a principal still reaches a target after a change: other vectors, and hops."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from policies.proof.again import Grants, grants_after, home_of
from policies.proof.classes import Targets
from policies.proof.context import Context
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
        leading = _leading(self.context, self.account)
        for edge in hops_of(self.context.graph, state):
            if edge.target not in leading:
                continue
            if not self.lost or (edge.kind, edge.source, edge.target) not in self.lost:
                yield cost_of(edge), edge.target, edge

    def enough(self) -> bool:
        return len(self.holders) > _MOST_PATHS


def _leading(context: Context, account: str) -> frozenset[str]:
    """Return who commands in an account, or is led to somebody who does.

    On the estate as it is: no change that holds makes more of them.
    """
    found = context.leading.get(account)
    if found is None:
        found = context.leading[account] = frozenset(_led_into(context, account))
    return found


def _led_into(context: Context, account: str) -> set[str]:
    graph, estate = context.graph, context.analysis.aws
    home = estate.accounts.get(account) if estate else None
    ids = graph.grants_of.keys()
    found = {one.principal.id for one in home.identities} & ids if home else set(ids)
    open_ = list(found)
    while open_:
        for edge in hops_of(graph, open_.pop(), into=True):
            if edge.source not in found:
                found.add(edge.source)
                open_.append(edge.source)
    return found
