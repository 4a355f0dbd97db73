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
_ANY_SUBJECT = "no subject is asked for: any workload of the tenant may be let in"


def crossing(decided: Iterable[Decided]) -> tuple[Edge, ...]:
    """Return the hops from one cloud to the other, sorted.

    * `can-become`: a service principal or managed identity to the federated principal
      that an AWS role lets in: a token of its own has its object id as subject.
    * `runs-as`: a VM that both clouds know runs as what either of them gives it.

    Args:
        decided: the halves of an estate, hops included.
    """
    halves = {half.provider: half for half in decided}
    aws, azure = halves.get(Provider.AWS), halves.get(Provider.AZURE)
    if aws is None or azure is None:
        return ()
    found = {*_entering(aws, azure), *_shared(aws, azure)}
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
                yield _doubted(principal.id, federated.id)
            elif _admits(subject, principal.id):
                yield Edge(_BECOMES, principal.id, federated.id, Verdict.ALLOWED)


def _doubted(source: str, target: str) -> Edge:
    return Edge(
        _BECOMES,
        source,
        target,
        Verdict.ALLOWED,
        confidence=Confidence.INFERRED,
        reasons=(_ANY_SUBJECT,),
    )


def _admits(pattern: str, subject: str) -> bool:
    """Match a subject, in which only `*` and `?` of a pattern are wild."""
    parts = (
        {"*": ".*", "?": "."}.get(part, re.escape(part))
        for part in re.split(r"([*?])", pattern)
    )
    return bool(re.fullmatch("".join(parts), subject, re.DOTALL | re.IGNORECASE))


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
