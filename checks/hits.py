"""From what a check saw to the finding it reports: severity, reach and fingerprint."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from checks.access import Access, held
from checks.context import Context
from checks.finding import Claim, Finding, Severity
from checks.fingerprints import fingerprint
from checks.reach import Reach, reach_of_sets
from checks.severity import Risk, severity_of
from scanner.estate import Principal, Provider
from scanner.grants import Because, Confidence, Edge, Grant, Tier, Verdict
from scanner.graph import AccessGraph

#: Vectors that run a command by themselves; adjacent ones also need a way in.
COMMANDS = (Tier.DIRECT, Tier.INDIRECT)

_SHOWN = 3


def is_command(grant: Grant, provider: Provider) -> bool:
    """True for a grant that runs commands by itself on machines of a cloud."""
    return grant.vector.provider is provider and grant.vector.tier in COMMANDS


@dataclass(frozen=True, slots=True)
class Hit:
    """What a check saw.

    Attributes:
        principal: None when it is about the scope as a whole.
        access: what is too much.
        message: one sentence; the number of nodes is added for a principal.
        because: what the finding rests on; default: what the grants held rest on.
        path: hops to show; default: those of the access.
        verdict: default: that of the access.
        subject: without a principal, what tells the finding from others of the check in
            the scope, where there may be some; it stays the same from scan to scan.
    """

    scope: str
    principal: Principal | None
    access: Access
    message: str
    because: tuple[Because, ...] | None = None
    path: tuple[Edge, ...] = ()
    verdict: Verdict | None = None
    subject: str = ""


Find = Callable[[Context], Iterator[Hit]]


@dataclass(frozen=True, slots=True)
class Meta:
    """What every finding of a check takes from it."""

    id: str
    provider: Provider
    severity: Severity
    claim: Claim


def findings(meta: Meta, find: Find, context: Context) -> Iterator[Finding]:
    """Yield what a check finds."""
    for hit in find(context):
        yield _finding(meta, hit, context.graph)


def _finding(meta: Meta, hit: Hit, graph: AccessGraph) -> Finding:
    access, reach = hit.access, reach_of_sets(graph, hit.access.sets)
    verdict = hit.verdict or access.verdict
    who = hit.principal.id if hit.principal else hit.subject
    return Finding(
        check=meta.id,
        severity=severity_of(_risk(hit, reach, verdict), meta.severity),
        claim=meta.claim,
        provider=meta.provider,
        scope=hit.scope,
        principal=hit.principal,
        verdict=verdict,
        reach_kind=reach.kind,
        targets=reach.targets,
        sample=reach.sample,
        vectors=access.vectors,
        confidence=access.confidence,
        reasons=access.reasons,
        because=_because(hit, graph) if hit.because is None else hit.because,
        path=hit.path or access.hops,
        message=_message(hit, reach),
        fingerprint=fingerprint(meta.id, meta.provider, hit.scope, who, reach.kind),
    )


def _because(hit: Hit, graph: AccessGraph) -> tuple[Because, ...]:
    if hit.principal is None:
        return ()
    return graph.because(hit.principal, hit.access.grants)


def _message(hit: Hit, reach: Reach) -> str:
    if hit.principal is None:
        return hit.message
    return f"{hit.message}: {counted(reach.targets, 'node')}"


def _risk(hit: Hit, reach: Reach, verdict: Verdict) -> Risk:
    access, external = hit.access, bool(hit.principal and hit.principal.external)
    return Risk(
        reach.kind,
        reach.targets,
        external=external,
        conditional=verdict is Verdict.CONDITIONAL,
        listed_documents=access.listed_documents,
        temporary=access.temporary,
        by_hops=bool(access.hops) and not external,
        inferred=access.confidence is Confidence.INFERRED,
        unknown=verdict is Verdict.UNKNOWN,
    )


def hit_on_held(
    graph: AccessGraph, principal: Principal, grants: list[Grant], message: str
) -> Hit:
    """Return the hit on somebody for grants that it holds."""
    return Hit(scope_of(principal), principal, held(graph, grants), message)


def scope_of(principal: Principal) -> str:
    """Return the scope of a finding about a principal of ours."""
    return f"{principal.provider}:{principal.scope}"


def is_service_linked(principal: Principal) -> bool:
    """True for AWS roles that only their service can use and nobody can edit."""
    return ":role/aws-service-role/" in principal.id


def counted(number: int, noun: str) -> str:
    """Return `1 node` or `2 nodes`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Return names in order, each once: the first three, and how many more."""
    found = sorted(set(names))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more}"
