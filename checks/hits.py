"""From what a check saw to the finding it reports: severity, reach and fingerprint."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from checks.finding import Check, Claim, Finding, Severity
from checks.fingerprints import fingerprint
from checks.reach import Reach, reach_of_sets
from checks.severity import Risk, severity_of
from scanner.estate import Principal, Provider
from scanner.grants import Because, Confidence, Edge, Standing, Tier, Verdict
from scanner.graph import AccessGraph
from scanner.hops import verdict_of
from scanner.paths import Reached

#: Vectors that run a command by themselves; adjacent ones also need a way in.
COMMANDS = (Tier.DIRECT, Tier.INDIRECT)

T1651, VALID_ACCOUNTS, TRUSTED = "T1651", "T1078.004", "T1199"
M1026, MFA, ACCOUNTS = "M1026", "M1032", "M1018"
_ORDER = (Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check saw.

    Attributes:
        principal: None when it is about the scope as a whole.
        reached: the access that is too much, direct or by hops.
        message: one sentence; the number of nodes is added for a principal.
        because: what the finding rests on; default: what the access rests on.
        path: hops to show; default: those of the first access.
        verdict: default: the best of the access.
    """

    scope: str
    principal: Principal | None
    reached: tuple[Reached, ...]
    message: str
    because: tuple[Because, ...] | None = None
    path: tuple[Edge, ...] = ()
    verdict: Verdict | None = None
    reasons: tuple[str, ...] = ()


Find = Callable[[AccessGraph], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Meta:
    """What every finding of a check takes from it."""

    id: str
    provider: Provider
    severity: Severity
    claim: Claim


def define(
    id: str,
    *,
    title: str,
    severity: Severity,
    claim: Claim,
    rationale: str,
    fix: str,
    find: Find,
    needs: tuple[str, ...],
    references: tuple[str, ...],
    techniques: tuple[str, ...] = (T1651,),
    mitigations: tuple[str, ...] = (M1026,),
) -> Check:
    """Make a check of its data and the function that finds hits in a graph."""
    provider = Provider(id.split("_")[1])
    meta = Meta(id, provider, severity, claim)
    return Check(
        id,
        title,
        provider,
        severity,
        claim,
        techniques,
        mitigations,
        rationale,
        fix,
        references,
        partial(_run, meta, find),
        needs,
    )


def _run(meta: Meta, find: Find, graph: AccessGraph) -> Iterator[Finding]:
    for hit in find(graph):
        yield _finding(
            meta, hit, reach_of_sets(graph, (r.targets for r in hit.reached))
        )


def _finding(meta: Meta, hit: Hit, reach: Reach) -> Finding:
    verdict = hit.verdict or best_verdict(hit.reached)
    best = [one for one in hit.reached if one.verdict is verdict]
    certain = not best or any(one.confidence is Confidence.CERTAIN for one in best)
    who = hit.principal.id if hit.principal else ""
    risk = _risk(hit, best, reach, verdict, certain)
    reasons = (*hit.reasons, *(r for one in hit.reached for r in one.reasons))
    return Finding(
        check=meta.id,
        severity=severity_of(risk, meta.severity),
        claim=meta.claim,
        provider=meta.provider,
        scope=hit.scope,
        principal=hit.principal,
        verdict=verdict,
        reach_kind=reach.kind,
        targets=reach.targets,
        sample=reach.sample,
        vectors=tuple(sorted({one.grant.vector.id for one in hit.reached})),
        confidence=Confidence.CERTAIN if certain else Confidence.INFERRED,
        reasons=tuple(dict.fromkeys(reasons)),
        because=because_of(hit.reached) if hit.because is None else hit.because,
        path=hit.path or (best[0].hops if best else ()),
        message=_message(hit, reach),
        fingerprint=fingerprint(meta.id, meta.provider, hit.scope, who, reach.kind),
    )


def _message(hit: Hit, reach: Reach) -> str:
    if hit.principal is None or not hit.reached:
        return hit.message
    return f"{hit.message}: {counted(reach.targets, 'node')}"


def _risk(
    hit: Hit, best: list[Reached], reach: Reach, verdict: Verdict, certain: bool
) -> Risk:
    documents = {one.grant.decision.documents for one in best}
    standing = {one.grant.decision.standing for one in best}
    external = bool(hit.principal and hit.principal.external)
    return Risk(
        reach.kind,
        reach.targets,
        external=external,
        conditional=verdict is Verdict.CONDITIONAL,
        listed_documents=bool(documents) and all(_listed(one) for one in documents),
        temporary=bool(standing) and Standing.PERMANENT not in standing,
        by_hops=bool(best) and not external and all(one.hops for one in best),
        inferred=not certain,
        unknown=verdict is Verdict.UNKNOWN,
    )


def _listed(documents: str | tuple[str, ...] | None) -> bool:
    return isinstance(documents, tuple)


def best_verdict(reached: tuple[Reached, ...]) -> Verdict:
    """Return the most that any of some access allows."""
    found = {one.verdict for one in reached}
    return next((v for v in _ORDER if v in found), verdict_of(found))


def because_of(reached: tuple[Reached, ...]) -> tuple[Because, ...]:
    """Return what some access rests on, each once, in the order of the access."""
    return tuple(dict.fromkeys(why for one in reached for why in one.because))


def scope_of(principal: Principal) -> str:
    """Return the scope of a finding about a principal of ours."""
    return f"{principal.provider}:{principal.scope}"


def is_service_linked(principal: Principal) -> bool:
    """True for AWS roles that only their service can use and nobody can edit."""
    return ":role/aws-service-role/" in principal.id


def counted(number: int, noun: str) -> str:
    """Return `1 node` or `2 nodes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
