"""How a principal still reaches a target after a change: other vectors, and hops."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from policies.proof.again import Grants, grants_after, home_of
from policies.proof.classes import Targets
from policies.proof.context import Context
from policies.proof.leading import Door
from policies.proof.model import HopChange
from policies.proof.relinking import spelt
from scanner.classes import hop_cost, shown_hops
from scanner.grants import Edge, Grant, Standing, Verdict, ones
from scanner.hops import RUNS_CODE, Cost, cost_of
from scanner.search import State, chain, hops_of, search

Path = tuple[str, ...]
#: Kind, source and target.
_Hop = tuple[str, str, str]

#: Nobody looks for further paths.
_MOST_PATHS = 20
#: Where one is known, so many principals and grants are looked at for more. They come
#: from the cheapest on: what is not found is no shorter than what is.
_MOST_STATES = 2_000


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
    ways = _Ways(context, principal, account, targets, wanted, after, lost, temporary)
    found: list[Path] = [
        (principal, grant.vector.id) for grant in ways.on_targets(principal)
    ]
    ways.known = bool(found)
    arrivals = search({principal: (0, 0, 0)}, ways.steps, ways.enough)
    for holder in ways.holders[:_MOST_PATHS]:
        hops = shown_hops(tuple(chain(context.graph, arrivals, holder))[::-1])
        words = (word for hop in hops for word in (hop.kind, hop.target))
        vectors = (grant.vector.id for grant in ways.on_targets(holder))
        found.append((principal, *words, min(vectors)))
    if len(ways.holders) > _MOST_PATHS:
        found.append((principal, "and more principals that it can become"))
    elif ways.enough():
        found.append((principal, "and perhaps more principals that it can become"))
    return tuple(dict.fromkeys(found))


def _lost(gone: Iterable[HopChange]) -> Iterator[_Hop]:
    for hop in gone:
        if hop.after == Verdict.DENIED:
            yield hop.kind, hop.source, hop.target


@dataclass(slots=True)
class _Ways:
    """Whom a principal can become, and what they hold on the targets in question.

    Attributes:
        known: a path is known already.
        looked: number of states that were looked at.
        holders: those who hold anything, in the order in which they were come to.
        shut: by order of targets, the doors that nobody has come through yet.
    """

    context: Context
    principal: str
    account: str
    targets: Targets
    wanted: int
    after: Grants
    lost: frozenset[_Hop]
    temporary: bool
    known: bool = False
    looked: int = 0
    holders: list[str] = field(default_factory=list)
    shut: dict[int, list[Door]] = field(default_factory=dict)

    def grants_of(self, id_: str) -> Sequence[Grant]:
        """Return what somebody holds once the changes are made."""
        held = grants_after(self.context, self.after, id_)
        # What somebody could make of itself; of whom was decided again, planning tells.
        if not held and id_.partition("#")[0] not in self.after:
            held = self.context.graph.beyond.get(id_, ())
        if not (self.temporary and id_ == self.principal):
            return held
        eligible = Standing.ELIGIBLE
        return [one for one in held if one.decision.standing is not eligible]

    def on_targets(self, id_: str) -> list[Grant]:
        """Return what somebody then holds on the targets in question."""
        held = self.grants_of(id_)
        # No statement of one AWS account reaches the machines of another.
        if not held or home_of(id_) != self.account:
            return []
        return [one for one in held if self.targets.bits(one.targets) & self.wanted]

    def enough(self) -> bool:
        """Say whether nobody looks for more."""
        found = len(self.holders)
        long = self.looked > _MOST_STATES
        return found > _MOST_PATHS or (long and (self.known or bool(found)))

    def steps(self, state: State) -> Iterator[tuple[Cost, State, Edge | None]]:
        """Yield what follows a state: hops, and grants to run on a VM and go on."""
        self.looked += 1
        if not isinstance(state, str):
            yield from self._through(state)
            return
        if state != self.principal and self.on_targets(state):
            self.holders.append(state)
            return
        for edge in self._hops(state):
            if self._is_open(edge):
                yield hop_cost(edge), edge.target, edge
        for grant in self.grants_of(state):
            if grant.vector.tier in RUNS_CODE:
                yield cost_of(grant.decision), grant, None

    def _hops(self, id_: str) -> Iterable[Edge]:
        """Return hops; one by one those of whoever may lose only some of a class."""
        onward = partial(hops_of, self.context.graph)
        hops = onward(id_)
        losing = any(source == id_ for _, source, _ in self.lost)
        if id_ != self.principal or not losing:
            return hops
        return [each for hop in hops for each in spelt(hop, onward)]

    def _through(self, grant: Grant) -> Iterator[tuple[Cost, State, Edge | None]]:
        """Yield what VMs run as. Grants come from the cheapest on: doors open once."""
        home = home_of(grant.principals[0].id)
        targets = self.context.targets(grant.vector.provider, home)
        shut = self.shut.get(id(targets))
        if shut is None:
            shut = [*self.context.leading.doors(targets)]
        on, still = targets.bits(grant.targets), []
        for door in shut:
            hops = (door.hops[place] for place in ones(door.bits & on))
            hop = next(filter(self._is_open, hops), None)
            if hop is None:
                still.append(door)
            else:
                yield door.cost, door.end, hop
        self.shut[id(targets)] = still

    def _is_open(self, hop: Edge) -> bool:
        """Say whether a hop is there still, and may lead to what is looked for."""
        if self.lost and (hop.kind, hop.source, hop.target) in self.lost:
            return False
        leading = self.context.leading
        return self.looked <= _MOST_STATES or leading.leads(hop.target, self.account)
