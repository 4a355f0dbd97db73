"""Hops between the clouds: Entra identities that AWS trusts, VMs that are SSM nodes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from scanner.estate import Principal, Provider
from scanner.grants import Condition, Conditions, Confidence, Decided, Edge, Verdict

#: Issuers of Entra tokens, as OIDC providers of AWS are named after them.
_ISSUER = re.compile(
    r"(?:sts\.windows\.net|login\.microsoftonline\.(?:com|us)|login\.chinacloudapi\.cn)"
    r"/([0-9a-f-]{36})(?:/v2\.0)?/?",
    re.IGNORECASE,
)
#: Who is given tokens of its own: their subject is the object id.
_WORKLOADS = ("service-principal", "managed-identity")
_RUNS_AS, _BECOMES = "runs-as", "can-become"
#: Issuers of the tokens that AWS gives its identities for use elsewhere.
_OUTBOUND = re.compile(r"[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws")
#: How an audience names an application by its id, and how conditions ask for one.
_APPLICATION = re.compile(
    r"(?:api://)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/?", re.IGNORECASE
)
_EQUAL = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
_TOKENS = "that the identity may ask AWS for a token of its own is assumed"
_ANY_SUBJECT = "no subject is asked for: any workload of the tenant may be let in"


def crossing(decided: Iterable[Decided]) -> tuple[Edge, ...]:
    """Return the hops from one cloud to the other, sorted.

    * `can-become`: a service principal or managed identity to the federated principal
      that an AWS role lets in: a token of its own has its object id as subject. The
      tenant issues tokens for applications that it knows only: where a role asks for
      another one's id as audience, nobody gets in. Those who act as such an identity
      by what they write become it.
    * `can-become`: a subject of an issuer that both clouds trust, as the one knows it,
      to the same as the other does; an AWS identity to the subject that its tokens for
      outside AWS name.
    * `runs-as`: a VM that both clouds know runs as what either of them gives it.

    Args:
        decided: the halves of an estate, hops included.
    """
    halves = {half.provider: half for half in decided}
    aws, azure = halves.get(Provider.AWS), halves.get(Provider.AZURE)
    if aws is None or azure is None:
        return ()
    entering = {*_entering(aws, azure)}
    known = {(one.source, one.target) for one in azure.edges if one.kind == _BECOMES}
    onto = azure.onto(frozenset(one.source for one in entering)) if entering else ()
    found = {*entering, *_federated(aws, azure), *_shared(aws, azure)}
    found |= {one for one in onto if (one.source, one.target) not in known}
    return tuple(sorted(found, key=lambda one: (one.kind, one.source, one.target)))


def _entering(mine: Decided, others: Decided) -> Iterator[Edge]:
    tenants: defaultdict[str, list[Principal]] = defaultdict(list)
    for principal in others.principals:
        if principal.kind in _WORKLOADS:
            tenants[principal.scope.lower()].append(principal)
    asked = _asked(mine)
    for federated in mine.principals:
        if federated.kind != "federated":
            continue
        provider, _, subject = federated.id.partition("#")
        issuer = _ISSUER.fullmatch(provider.partition("oidc-provider/")[2])
        tenant = issuer[1].lower() if issuer else ""
        if not _issued(others.audiences.get(tenant), asked.get(federated.id, ())):
            continue
        for principal in tenants.get(tenant, []):
            if not subject:
                yield _doubted(principal.id, federated.id, _ANY_SUBJECT)
            elif _admits(subject, principal.id):
                yield Edge(_BECOMES, principal.id, federated.id, Verdict.ALLOWED)


def _asked(half: Decided) -> Mapping[str, Sequence[Conditions]]:
    """Return what entries ask of each federated principal."""
    found: defaultdict[str, list[Conditions]] = defaultdict(list)
    for edge in half.edges:
        if edge.kind == "assumes" and "oidc-provider/" in edge.source:
            found[edge.source].append(edge.conditions)
    return found


def _issued(known: frozenset[str] | None, asked: Sequence[Conditions]) -> bool:
    """Say whether a tenant issues a token that some entry takes, as to its audience.

    Args:
        known: ids of the tenant's applications; None where they were not read.
        asked: the alternatives of each entry; none at all: there is no entry to tell.
    """
    alternatives = [each for conditions in asked for each in conditions or ((),)]
    return (
        known is None
        or not alternatives
        or any(
            all(_may_be_for(known, condition) for condition in each)
            for each in alternatives
        )
    )


def _may_be_for(known: frozenset[str], condition: Condition) -> bool:
    """Say whether a token for a known application may meet a condition.

    Names of applications that are no ids (`api://…`) are not in evidence.
    """
    operator = condition.operator.removeprefix("ForAnyValue:").removesuffix("IfExists")
    if not condition.key.lower().endswith(":aud") or operator not in _EQUAL:
        return True
    ids = [_APPLICATION.fullmatch(value) for value in condition.values]
    return not all(one and one[1].lower() not in known for one in ids)


def _federated(aws: Decided, azure: Decided) -> Iterator[Edge]:
    """Yield who has one token for both clouds, by issuer and subject."""
    there: defaultdict[str, list[tuple[str, Principal]]] = defaultdict(list)
    for party in aws.principals:
        if party.kind == "federated" and "oidc-provider/" in party.id:
            provider, _, subject = party.id.partition("#")
            issuer = provider.partition("oidc-provider/")[2]
            there[_plain(issuer)].append((subject, party))
    known = {party.id: party for party in aws.principals}
    for party in azure.principals:
        issuer, _, subject = party.id.partition("#")
        if party.kind != "federated" or not subject:
            continue
        if _OUTBOUND.fullmatch(_plain(issuer)):
            if subject in known:
                yield _doubted(subject, party.id, _TOKENS)
            continue
        for pattern, other in there.get(_plain(issuer), ()):
            if not pattern:
                yield _doubted(party.id, other.id, _ANY_SUBJECT)
            elif _admits(pattern, subject, fold=False):
                yield Edge(_BECOMES, party.id, other.id, Verdict.ALLOWED)
                if pattern == subject:
                    yield Edge(_BECOMES, other.id, party.id, Verdict.ALLOWED)


def _plain(issuer: str) -> str:
    return issuer.lower().removeprefix("https://").rstrip("/")


def _doubted(source: str, target: str, reason: str) -> Edge:
    return Edge(
        _BECOMES,
        source,
        target,
        Verdict.ALLOWED,
        confidence=Confidence.INFERRED,
        reasons=(reason,),
    )


def _admits(pattern: str, subject: str, fold: bool = True) -> bool:
    """Match a subject, in which only `*` and `?` of a pattern are wild."""
    parts = (
        {"*": ".*", "?": "."}.get(part, re.escape(part))
        for part in re.split(r"([*?])", pattern)
    )
    flags = re.DOTALL | re.IGNORECASE if fold else re.DOTALL
    return bool(re.fullmatch("".join(parts), subject, flags))


def _shared(aws: Decided, azure: Decided) -> Iterator[Edge]:
    """Yield what a VM of Azure runs as that is an SSM node too, both ways round."""
    known = {target.id.lower(): target.id for target in azure.targets}
    here, away = _running(aws.edges), _running(azure.edges)
    for node, id_ in aws.same_machine.items():
        vm = known.get(id_.lower())
        if vm is not None:
            for edge in away.get(vm, ()):
                yield replace(edge, source=node)
            for edge in here.get(node, ()):
                yield replace(edge, source=vm)


def _running(edges: Iterable[Edge]) -> Mapping[str, Sequence[Edge]]:
    found: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        if edge.kind == _RUNS_AS:
            found[edge.source].append(edge)
    return found
