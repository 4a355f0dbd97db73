"""Hops between the clouds: Entra identities that AWS trusts, VMs that are SSM nodes."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Decided, Edge, Verdict

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
_TOKENS = "that the identity may ask AWS for a token of its own is assumed"
_ANY_SUBJECT = "no subject is asked for: any workload of the tenant may be let in"


def crossing(decided: Iterable[Decided]) -> tuple[Edge, ...]:
    """Return the hops from one cloud to the other, sorted.

    * `can-become`: a service principal or managed identity to the federated principal
      that an AWS role lets in: a token of its own has its object id as subject.
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
    found = {*_entering(aws, azure), *_federated(aws, azure), *_shared(aws, azure)}
    return tuple(sorted(found, key=lambda one: (one.kind, one.source, one.target)))


def _entering(mine: Decided, others: Decided) -> Iterator[Edge]:
    tenants: defaultdict[str, list[Principal]] = defaultdict(list)
    for principal in others.principals:
        if principal.kind in _WORKLOADS:
            tenants[principal.scope.lower()].append(principal)
    for federated in mine.principals:
        if federated.kind != "federated":
            continue
        provider, _, subject = federated.id.partition("#")
        issuer = _ISSUER.fullmatch(provider.partition("oidc-provider/")[2])
        known = tenants.get(issuer[1].lower(), []) if issuer else []
        for principal in known:
            if not subject:
                yield _doubted(principal.id, federated.id, _ANY_SUBJECT)
            elif _admits(subject, principal.id):
                yield Edge(_BECOMES, principal.id, federated.id, Verdict.ALLOWED)


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
