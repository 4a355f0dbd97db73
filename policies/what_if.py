"""What changes that somebody else wrote would give to whom, before they are applied.

The changed estate is decided by the same engines as every report, and compared with
the estate as it is: grants of whom the changes touch, every hop, and what people reach
through hops. What evidence does not settle counts as gained: unknown is never "no".
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from policies.apply import Index, applied, is_aws, touched
from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.proof.classes import Difference, Targets, compare
from policies.proof.undoing import targets_of, undoes
from policies.remediation import Change
from policies.shifted_hops import HopShift, hop_shifts, told
from policies.shifted_paths import PathShift, path_shifts
from policies.shifts import Way, way_of
from scanner.analysis import decide_aws_half, decide_azure_half
from scanner.estate import Principal, Provider
from scanner.grants import Because, Decided, Decision, Vector
from scanner.graph import AccessGraph, build_graph

_UNDOES = "by removing the guard: back to what there is now"
#: How many ids of targets a shift names; the rest are counted.
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class GrantShift:
    """What became of one principal's use of one vector, on some targets.

    Attributes:
        why: in words: `new`, `conditions are weaker`, `unknown`…
        targets: how many; `sample` are the ids of the first.
        before, after: None stands for denied.
        because: what `after` rests on; of what is lost, what `before` rested on.
    """

    way: Way
    why: str
    principal: Principal
    vector: Vector
    targets: int
    sample: tuple[str, ...]
    before: Decision | None
    after: Decision | None
    because: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What some changes give and take away.

    Attributes:
        changes: as applied; what is there already as it is wanted is not among them.
        grants, hops, paths: what shifts, gains first.
        unseen: how many principals, beyond those of `paths`, can come to where
            something shifted; what they reach follows from the grants and hops.
        unread: what was handed in and may give access, but nothing here can read.
        others: how many more objects were handed in, by which nobody has access.
    """

    changes: tuple[Change, ...]
    grants: tuple[GrantShift, ...]
    hops: tuple[HopShift, ...]
    paths: tuple[PathShift, ...]
    unseen: int = 0
    unread: tuple[str, ...] = ()
    others: int = 0

    @property
    def gains(self) -> bool:
        """True when somebody gets access: a grant, or a hop that leads to targets.

        What cannot be read counts as gained, as all does that is unknown. Whoever may
        remove a guard that the changes set gains nothing that he does not have now.
        """
        hops = (one.way is Way.GAINED and one.vectors for one in self.hops)
        new = (one for one in self.grants if one.why != _UNDOES)
        grants = (one.way is Way.GAINED for one in new)
        paths = (one.way is Way.GAINED for one in self.paths)
        return bool(self.unread) or any(grants) or any(hops) or any(paths)


def what_if(
    graph: AccessGraph,
    changes: Sequence[Change],
    aws: AwsIndex | None,
    azure: AzureIndex | None,
) -> WhatIf:
    """Apply changes to a copy of an estate, decide it again, and compare.

    Args:
        graph: the estate as it is.
        changes: of both clouds, in the order to apply them.
        aws: index of the AWS half; None when the estate has none.
        azure: the same of the Azure half.

    Raises:
        UnappliableChange: a change that the estate does not bear.
    """
    who: set[str] = set()
    halves = {half.provider: half for half in graph.decided}
    for provider, index in ((Provider.AWS, aws), (Provider.AZURE, azure)):
        mine = [one for one in changes if _provider(one) is provider]
        if index is not None and mine:
            halves[provider] = _decided(index, mine)
            who |= touched(index.estate, mine, index)
    after = build_graph([halves[half.provider] for half in graph.decided])
    targets = Targets(t for one in (graph, after) for t in one.targets.values())
    grants = tuple(_grant_shifts(graph, after, who, targets))
    hops = tuple(hop_shifts(graph, after))
    moved = {one.principal.id for one in grants}
    paths, unseen = path_shifts(graph, after, moved, hops, targets)
    shown = tuple(told(hops, graph, after))
    return WhatIf(tuple(changes), _gains_first(grants), shown, paths, unseen)


def _provider(change: Change) -> Provider:
    kind = change.resource.kind
    return Provider.AWS if kind is not None and is_aws(kind) else Provider.AZURE


def _decided(index: Index, changes: Sequence[Change]) -> Decided:
    if isinstance(index, AwsIndex):
        return decide_aws_half(applied(index.estate, changes, index))
    return decide_azure_half(applied(index.estate, changes, index))


def _grant_shifts(
    old: AccessGraph, new: AccessGraph, who: Iterable[str], targets: Targets
) -> Iterator[GrantShift]:
    vectors = {
        grant.vector.id: grant.vector
        for graph in (old, new)
        for half in graph.decided
        for grant in half.grants
    }
    found = compare(who, dict(old.grants_of), dict(new.grants_of), targets)
    lost = (
        one
        for one in found.differences
        if one.before and way_of(one.before, one.after)[0] is Way.LOST
    )
    taken = targets_of(lost)
    for one in found.differences:
        way, why = way_of(one.before, one.after)
        if undoes(one, taken):
            why = _UNDOES
        graph = new if one.after is not None else old
        principal = graph.principals[one.principal]
        yield GrantShift(
            way,
            why,
            principal,
            vectors[one.vector],
            one.targets,
            targets.names(one.bits, SAMPLE),
            one.before,
            one.after,
            _because(graph, principal, one, targets),
        )


def _because(
    graph: AccessGraph, principal: Principal, one: Difference, targets: Targets
) -> tuple[Because, ...]:
    """Return what a principal's use of a vector rests on, on the first target."""
    first = one.bits & -one.bits
    for grant in graph.grants_of.get(principal.id, ()):
        if grant.vector.id == one.vector and targets.bits(grant.targets) & first:
            if grant.because_at is not None:
                return grant.because_at(principal, graph.targets[one.example])
            return grant.because_of(principal)
    return ()


def _gains_first(shifts: Iterable[GrantShift]) -> tuple[GrantShift, ...]:
    def order(one: GrantShift) -> tuple[str, str, str, tuple[str, ...]]:
        return one.way.value, one.principal.id, one.vector.id, one.sample

    return tuple(sorted(shifts, key=order))
