"""Turn grants into holdings: per principal and vector, filtered, in row order."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter

from output.rows import Holding
from scanner.estate import Principal, Target
from scanner.grants import Because, Decided, Grant, TargetSet, Vector, Verdict
from scanner.paths import Reached

_REMEMBERED = 128  # sorted target lists kept: principals of one class share theirs


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are wanted; None stands for all.

    Attributes:
        principal, target: ids.
        vectors: vector ids, compared without case as Azure does.
        verdicts: `denied` is answered by `denied_holdings`, not from grants.
    """

    principal: str | None = None
    target: str | None = None
    vectors: frozenset[str] | None = None
    verdicts: frozenset[Verdict] | None = None

    def takes(self, grant: Grant) -> bool:
        """True when some row of the grant may be wanted."""
        return self.takes_vector(grant.vector) and self.takes_verdict(
            grant.decision.verdict
        )

    def takes_vector(self, vector: Vector) -> bool:
        """True when the vector is wanted."""
        return self.vectors is None or vector.id.lower() in self.vectors

    def takes_verdict(self, verdict: Verdict) -> bool:
        """True when the verdict is wanted."""
        return self.verdicts is None or verdict in self.verdicts


ALL = Selection()


def direct_holdings(
    decided: Sequence[Decided], selection: Selection = ALL
) -> Iterator[Holding]:
    """Yield what each principal holds itself, by provider, principal and vector."""
    for half in sorted(decided, key=attrgetter("provider")):
        targets = _TargetLists(selection.target)
        by_principal = grants_by_principal(half.grants, selection)
        for key in sorted(by_principal):
            principal, grants = by_principal[key]
            for grant in sorted(grants, key=lambda grant: grant.vector.id):
                if wanted := targets.of(grant.targets):
                    yield Holding(
                        principal,
                        grant.vector,
                        wanted,
                        grant.decision,
                        grant.because_of(principal),
                        because_at=_because_at(grant, principal),
                    )


def _because_at(
    grant: Grant, holder: Principal
) -> Callable[[Target], tuple[Because, ...]] | None:
    return partial(grant.because_at, holder) if grant.because_at else None


def grants_by_principal(
    grants: Sequence[Grant], selection: Selection = ALL
) -> dict[str, tuple[Principal, list[Grant]]]:
    """Index grants by principal id."""
    found: dict[str, tuple[Principal, list[Grant]]] = {}
    for grant in filter(selection.takes, grants):
        for principal in grant.principals:
            if selection.principal in (None, principal.id):
                found.setdefault(principal.id, (principal, []))[1].append(grant)
    return found


def reached_holding(reached: Reached, at: Target | None = None) -> Holding:
    """Return the holding at the end of a path, qualified by the whole path.

    Args:
        reached: the path and the grant at its end.
        at: the one target that is asked about; the class of the path holds it.

    With one target, `because` is about that one.
    """
    decision = replace(
        reached.grant.decision,
        verdict=reached.verdict,
        conditions=reached.conditions,
        confidence=reached.confidence,
        reasons=reached.reasons,
    )
    targets = [at] if at else sorted(reached.targets, key=attrgetter("id"))
    because_at = _because_at(reached.grant, reached.holder)
    because = reached.because
    if because_at is not None and len(targets) == 1:
        because = because_at(targets[0])
    return Holding(
        reached.principal,
        reached.grant.vector,
        targets,
        decision,
        because,
        reached.hops,
        because_at,
    )


def path_holdings(
    reached: Iterable[Reached], selection: Selection = ALL
) -> Iterator[Holding]:
    """Yield what one principal reaches, directly and by paths, in row order."""
    for one in sorted(reached, key=lambda one: one.grant.vector.id):
        vector = one.grant.vector
        if selection.takes_vector(vector) and selection.takes_verdict(one.verdict):
            held = reached_holding(one)
            targets = [t for t in held.targets if selection.target in (None, t.id)]
            if targets:
                yield replace(held, targets=targets)


def denied_holdings(
    half: Decided, vectors: Sequence[Vector], principal: Principal, target: Target
) -> Iterator[Holding]:
    """Yield one holding per vector that no grant gives the principal on the target."""
    granted: defaultdict[str, bool] = defaultdict(bool)
    for grant in half.grants:
        granted[grant.vector.id] |= principal in grant.principals and any(
            target.id == one.id for one in grant.targets
        )
    for vector in sorted(vectors):
        if not granted[vector.id]:
            because = half.denied_because(principal, vector, target)
            decision = half.denied_as(principal, vector, target)
            yield Holding(principal, vector, (target,), decision, because)


class _TargetLists:
    """Sorted target lists, the latest ones remembered."""

    def __init__(self, only: str | None) -> None:
        self._only = only
        self._latest: OrderedDict[tuple[int, int], list[Target]] = OrderedDict()

    def of(self, targets: TargetSet) -> list[Target]:
        key = id(targets.space), targets.bits
        found = self._latest.get(key)
        if found is None:
            wanted = (t for t in targets if self._only in (None, t.id))
            found = self._latest[key] = sorted(wanted, key=attrgetter("id"))
            if len(self._latest) > _REMEMBERED:
                self._latest.popitem(last=False)
        return found
