"""How many can: more principals than a threshold can command VMs of one scope."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_

from checks.access import Share, shared
from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import COMMANDS, Hit, define, is_service_linked
from checks.reach import scopes_of, within
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Grant, Standing, TargetSet, Verdict
from scanner.graph import AccessGraph

DEFAULT_THRESHOLD = 10

_RATIONALE = (
    "M1026 asks to limit how many accounts can run commands on VMs: every one of them "
    "is a way to code on the machine as root or SYSTEM."
)


def checks(threshold: int = DEFAULT_THRESHOLD) -> tuple[Check, ...]:
    """Return the checks of this family.

    Args:
        threshold: how many principals of one account or subscription are accepted.
    """
    find = {one: partial(_too_many, one, threshold) for one in Provider}
    return (
        define(
            "t1651_aws_too_many_principals",
            title=f"Over {threshold} principals can run commands in an account",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Take the vectors from principals that do not need them, or give them "
            "to one role that few people may assume.",
            find=find[Provider.AWS],
            needs=AWS_BASE,
            references=("https://attack.mitre.org/mitigations/M1026/",),
        ),
        define(
            "t1651_azure_too_many_principals",
            title=f"Over {threshold} principals can run commands in a subscription",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Remove role assignments that are not needed, and make the others "
            "eligible instead of active.",
            find=find[Provider.AZURE],
            needs=AZURE_BASE,
            references=("https://attack.mitre.org/mitigations/M1026/",),
        ),
    )


#: Space, vector, and what the severity of a grant depends on.
_Kind = tuple[int, str, Verdict, Confidence, Standing, bool]


def _kind_of(grant: Grant) -> _Kind:
    decision, listed = grant.decision, isinstance(grant.decision.documents, tuple)
    where = (id(grant.targets.space), grant.vector.id)
    return (*where, decision.verdict, decision.confidence, decision.standing, listed)


@dataclass(slots=True)
class _Here:
    """Who can run commands in one account or subscription, as bits of `_Acting`."""

    known: int = 0
    unsure: int = 0
    #: One grant for each kind of access, with the targets of them all.
    kinds: dict[_Kind, tuple[Grant, int]] = field(default_factory=dict)


class _Acting:
    """Bit sets of those who act: groups do not, nor service-linked roles."""

    def __init__(self, graph: AccessGraph) -> None:
        acting = (one for one in graph.grants_of if _acts(graph.principals[one]))
        self._places = {id_: n for n, id_ in enumerate(acting)}
        self._known: dict[int, int] = {}

    def among(self, principals: tuple[Principal, ...]) -> int:
        """Return those of a grant's principals who act; grants share their tuples."""
        found = self._known.get(id(principals))
        if found is None:
            places = self._places
            bits = (1 << places[one.id] for one in principals if one.id in places)
            found = self._known[id(principals)] = reduce(or_, bits, 0)
        return found


def _too_many(provider: Provider, threshold: int, graph: AccessGraph) -> Iterator[Hit]:
    for scope, here in sorted(_by_scope(graph, provider).items()):
        number = (here.known | here.unsure).bit_count()
        if number <= threshold:
            continue
        certain = here.known.bit_count() > threshold
        unsure = (here.unsure & ~here.known).bit_count()
        perhaps = f", {unsure} of them perhaps" if unsure else ""
        yield Hit(
            f"{provider}:{scope}",
            None,
            shared(graph, [_within(graph, scope, *one) for one in here.kinds.values()]),
            f"{number} principals can run commands here{perhaps}; "
            f"{threshold} are accepted",
            verdict=Verdict.ALLOWED if certain else Verdict.UNKNOWN,
        )


def _by_scope(graph: AccessGraph, provider: Provider) -> dict[str, _Here]:
    """Everybody who acts, by the scope of the targets."""
    found: dict[str, _Here] = defaultdict(_Here)
    acting = _Acting(graph)
    for (key, targets), (grant, who) in _alike(graph, provider, acting).items():
        for scope in scopes_of(graph, TargetSet(grant.targets.space, targets)):
            here = found[scope]
            if grant.decision.verdict is Verdict.UNKNOWN:
                here.unsure |= who
            else:
                here.known |= who
            _, bits = here.kinds.get(key, (grant, 0))
            here.kinds[key] = grant, bits | targets
    return found


def _alike(
    graph: AccessGraph, provider: Provider, acting: _Acting
) -> dict[tuple[_Kind, int], tuple[Grant, int]]:
    """Return one grant for each kind and set of targets, with all who hold such."""
    found: dict[tuple[_Kind, int], tuple[Grant, int]] = {}
    for grant in (grant for half in graph.decided for grant in half.grants):
        vector = grant.vector
        if vector.provider is provider and vector.tier in COMMANDS:
            who = acting.among(grant.principals)
            if who:
                key = _kind_of(grant), grant.targets.bits
                _, before = found.get(key, (grant, 0))
                found[key] = grant, before | who
    return found


def _within(graph: AccessGraph, scope: str, grant: Grant, bits: int) -> Share:
    return grant, within(graph, TargetSet(grant.targets.space, bits), scope).bits


def _acts(principal: Principal) -> bool:
    return principal.kind != "group" and not is_service_linked(principal)
