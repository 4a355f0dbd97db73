"""What some grants give together: worked out once for everybody who holds them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from scanner.closure import Gain
from scanner.grants import Confidence, Edge, Grant, Standing, TargetSet, Verdict
from scanner.graph import AccessGraph
from scanner.hops import verdict_of

#: A grant, and those of its targets that count, as bits of its space.
Share = tuple[Grant, int]

#: Space, vector, and what the severity of a grant depends on.
Kind = tuple[int, str, Verdict, Confidence, Standing, bool]

_ORDER = (Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Grants, or a way to some, as one: what a finding says of them.

    Attributes:
        verdict: the most that any of it allows.
        confidence: certain when any of it with that verdict is.
        reasons: of all of it, each once.
        vectors: ids of its vectors, sorted.
        sets: its targets.
        listed_documents: whatever has that verdict runs listed documents only.
        temporary: nothing with that verdict is permanent.
        hops: the best way to it; empty where it is held.
        grants: what is held; empty where it is reached by hops.
    """

    verdict: Verdict
    confidence: Confidence
    reasons: tuple[str, ...]
    vectors: tuple[str, ...]
    sets: tuple[TargetSet, ...]
    listed_documents: bool
    temporary: bool
    hops: tuple[Edge, ...] = ()
    grants: tuple[Grant, ...] = ()


#: Access by the identity of the shares that it is made of, which are kept with it:
#: large sets hash slowly. Freed with its graph.
_Known = dict[tuple[tuple[int, int], ...], tuple[Sequence[Share], Access]]
_KNOWN: WeakKeyDictionary[AccessGraph, _Known]
_KNOWN = WeakKeyDictionary()


def kind_of(grant: Grant) -> Kind:
    """Return what grants have in common of which one can stand for all."""
    decision, listed = grant.decision, isinstance(grant.decision.documents, tuple)
    where = (id(grant.targets.space), grant.vector.id)
    return (*where, decision.verdict, decision.confidence, decision.standing, listed)


def held(graph: AccessGraph, grants: Iterable[Grant]) -> Access:
    """Return what somebody has who holds some grants."""
    return shared(graph, tuple((grant, grant.targets.bits) for grant in grants))


def shared(graph: AccessGraph, shares: Sequence[Share]) -> Access:
    """Return what somebody has who holds some grants on some of their targets."""
    known = _KNOWN.setdefault(graph, {})
    key = tuple((id(grant), id(bits)) for grant, bits in shares)
    found = known.get(key)
    if found is None:
        found = known[key] = shares, _added_up(shares)
    return found[1]


def entered(gain: Gain) -> Access:
    """Return what somebody has who gains something by hops."""
    best = gain.best
    decision = best.grant.decision
    return Access(
        best.verdict,
        best.confidence,
        best.reasons,
        tuple(sorted(gain.vectors)),
        gain.sets,
        isinstance(decision.documents, tuple),
        decision.standing is not Standing.PERMANENT,
        best.hops,
    )


def together(parts: Sequence[Access]) -> Access:
    """Return several ways to access as one; the first of the best leads."""
    verdict = best_verdict(part.verdict for part in parts)
    best = [part for part in parts if part.verdict is verdict]
    return Access(
        verdict,
        _surest(part.confidence for part in best),
        tuple(dict.fromkeys(reason for part in parts for reason in part.reasons)),
        tuple(sorted({vector for part in parts for vector in part.vectors})),
        tuple(one for part in parts for one in part.sets),
        all(part.listed_documents for part in best),
        all(part.temporary for part in best),
        best[0].hops if best else (),
    )


def best_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the most that any of some verdicts allows."""
    found = set(verdicts)
    return next((verdict for verdict in _ORDER if verdict in found), verdict_of(found))


def _added_up(shares: Sequence[Share]) -> Access:
    grants = tuple(grant for grant, _ in shares)
    verdict = best_verdict(grant.decision.verdict for grant in grants)
    best = [one.decision for one in grants if one.decision.verdict is verdict]
    reasons = (reason for one in grants for reason in one.decision.reasons)
    return Access(
        verdict,
        _surest(one.confidence for one in best),
        tuple(dict.fromkeys(reasons)),
        tuple(sorted({grant.vector.id for grant in grants})),
        tuple(_part(grant.targets, bits) for grant, bits in shares),
        all(isinstance(one.documents, tuple) for one in best),
        all(one.standing is not Standing.PERMANENT for one in best),
        grants=grants,
    )


def _part(targets: TargetSet, bits: int) -> TargetSet:
    return targets if bits == targets.bits else TargetSet(targets.space, bits)


def _surest(confidences: Iterable[Confidence]) -> Confidence:
    found = set(confidences)
    inferred = bool(found) and Confidence.CERTAIN not in found
    return Confidence.INFERRED if inferred else Confidence.CERTAIN
