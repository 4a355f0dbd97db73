"""The access graph in numbers: what searches run on.

Principals, targets, hops and grants have a number each, and what a search asks for (who
is joined to whom, at which cost) stands in columns. The columns are made from a graph
that was just decided, or are those that an analysis kept (`scanner.kept`); what they
number is looked at for what is shown only.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from scanner.classes import hop_cost, is_somebody
from scanner.estate import Principal, Target
from scanner.grants import Edge, Grant, TargetSpace, Verdict
from scanner.hops import RUNS_CODE, Cost, cost_of
from scanner.rows import Rows, grouped, rows_of

if TYPE_CHECKING:
    from scanner.graph import AccessGraph

#: A cost as one number: bits for hops, and for conditions; above them, unknown hops.
_DIGITS = 24
#: What one hop that is allowed costs, as one number.
ONE_HOP = 1


def packed(cost: Cost) -> int:
    """Return a cost as one number; sums and comparisons stay the same."""
    return (cost[0] << 2 * _DIGITS) + (cost[1] << _DIGITS) + cost[2]


def rank_of_packed(cost: int) -> int:
    """Rank the verdict that a cost stands for: 0 allowed, 1 conditional, 2 unknown."""
    return 2 if cost >> 2 * _DIGITS else 1 if cost >> _DIGITS else 0


@dataclass(frozen=True, eq=False)
class Index:
    """The columns. Nodes are principals, then targets.

    Attributes:
        principals, targets: sorted by id, and `principal_ids`, `target_ids`.
        edges: the hops that are not denied, in the engines' order.
        grants: those of principals, then those of nodes that only hops lead to.
        spaces: the universes of target classes; their classes are numbered through.
        somebody: for each principal 1 if it can be asked about, else 0.
        sources, ends, costs: of the hops: nodes, and packed costs.
        out, into: for each node its hops, in order.
        grant_costs: packed, for one who runs commands and goes on.
        runs: for each grant 1 if it ends in code on the target, else 0.
        vectors: for each grant the place of its vector in the order of ids.
        grant_spaces, bits: where a grant is, and on which classes.
        holders: for each grant its principals.
        held: for each principal its own grants.
        holds: the same, or what a node would hold that only hops lead to.
        space_starts: for each space the number of its first class; then of all.
        classes: for each class its targets.
        places: for each target its classes, by space.
        hopping: for each space the classes of targets with hops, as a bit set.
    """

    principals: Sequence[Principal]
    principal_ids: Sequence[str]
    targets: Sequence[Target]
    target_ids: Sequence[str]
    edges: Sequence[Edge]
    grants: Sequence[Grant]
    spaces: Sequence[TargetSpace]
    somebody: Sequence[int]
    sources: Sequence[int]
    ends: Sequence[int]
    costs: Sequence[int]
    out: Rows
    into: Rows
    grant_costs: Sequence[int]
    runs: Sequence[int]
    vectors: Sequence[int]
    grant_spaces: Sequence[int]
    bits: Sequence[int]
    holders: Rows
    held: Rows
    holds: Rows
    space_starts: Sequence[int]
    classes: Rows
    places: Rows
    hopping: Sequence[int]

    def principal_number(self, id_: str) -> int | None:
        """Return the number of a principal, or None."""
        return _number(self.principal_ids, id_)

    def target_number(self, id_: str) -> int | None:
        """Return the number of a target, or None."""
        return _number(self.target_ids, id_)

    def positions(self, target: int) -> Iterator[tuple[int, int]]:
        """Yield each space that knows a target, with the position of its class."""
        for number in self.places[target]:
            space = bisect_right(self.space_starts, number) - 1
            yield space, number - self.space_starts[space]

    @cached_property
    def running(self) -> Sequence[Sequence[tuple[int, int]]]:
        """For each space its grants that end in code on targets, with their bits."""
        found: list[list[tuple[int, int]]] = [[] for _ in range(len(self.spaces))]
        for grant, space in enumerate(self.grant_spaces):
            if self.runs[grant]:
                found[space].append((grant, self.bits[grant]))
        return found

    @cached_property
    def by_space(self) -> Rows:
        """For each space its grants, in order."""
        return grouped(self.grant_spaces, len(self.spaces))


def _number(ids: Sequence[str], id_: str) -> int | None:
    at = bisect_left(ids, id_)
    return at if at < len(ids) and ids[at] == id_ else None


def index_of(graph: "AccessGraph") -> Index:
    """Number a graph that was decided."""
    principals = [graph.principals[id_] for id_ in sorted(graph.principals)]
    targets = [graph.targets[id_] for id_ in sorted(graph.targets)]
    people = {one.id: n for n, one in enumerate(principals)}
    vms = {one.id: n for n, one in enumerate(targets)}
    nodes = {**{id_: len(people) + n for id_, n in vms.items()}, **people}
    edges = [one for one in graph.edges if one.verdict is not Verdict.DENIED]
    sources = array("I", [nodes[one.source] for one in edges])
    ends = array("I", [nodes[one.target] for one in edges])
    own = [grant for half in graph.decided for grant in half.grants]
    grants = [*own, *(grant for half in graph.decided for grant in half.beyond)]
    spaces = graph.spaces
    numbers = {id(space): n for n, space in enumerate(spaces)}
    vectors = {id_: n for n, id_ in enumerate(sorted({g.vector.id for g in grants}))}
    holders = rows_of([people[one.id] for one in g.principals] for g in grants)
    held = _by_principal(holders, 0, len(own), len(people))
    beyond = _by_principal(holders, len(own), len(grants), len(people))
    classes = rows_of(
        [vms[target.id] for target in members]
        for space in spaces
        for members in space.classes
    )
    starts = array("I", [0])
    for space in spaces:
        starts.append(starts[-1] + len(space.classes))
    return Index(
        principals=principals,
        principal_ids=sorted(graph.principals),
        targets=targets,
        target_ids=sorted(graph.targets),
        edges=edges,
        grants=grants,
        spaces=spaces,
        somebody=bytes(map(is_somebody, principals)),
        sources=sources,
        ends=ends,
        costs=array("q", [packed(hop_cost(one)) for one in edges]),
        out=grouped(sources, len(nodes)),
        into=grouped(ends, len(nodes)),
        grant_costs=array("q", [packed(cost_of(one.decision)) for one in grants]),
        runs=bytes(one.vector.tier in RUNS_CODE for one in grants),
        vectors=array("I", [vectors[one.vector.id] for one in grants]),
        grant_spaces=array("I", [numbers[id(one.targets.space)] for one in grants]),
        bits=[one.targets.bits for one in grants],
        holders=holders,
        held=held,
        holds=rows_of(beyond[n] or held[n] for n in range(len(people))),
        space_starts=starts,
        classes=classes,
        places=_places(classes, len(targets)),
        hopping=[graph.hopping(space) for space in spaces],
    )


def _by_principal(holders: Rows, first: int, end: int, size: int) -> Rows:
    """Return for each principal the grants of a range that it is a holder of."""
    keys = holders.items[holders.starts[first] : holders.starts[end]]
    owners = array("I")
    for grant in range(first, end):
        owners.extend([grant] * (holders.starts[grant + 1] - holders.starts[grant]))
    found = grouped(keys, size)
    return Rows(found.starts, array("I", [owners[at] for at in found.items]))


def _places(classes: Rows, size: int) -> Rows:
    """Return for each target the classes that it is in."""
    owners = array("I")
    for number in range(len(classes.starts) - 1):
        owners.extend([number] * (classes.starts[number + 1] - classes.starts[number]))
    found = grouped(classes.items, size)
    return Rows(found.starts, array("I", [owners[at] for at in found.items]))
