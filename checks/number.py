"""How many can: more principals than a threshold can command VMs of one scope."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import COMMANDS, Hit, define, is_service_linked
from checks.reach import scopes_of, within
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Grant, Standing, TargetSet, Verdict
from scanner.graph import AccessGraph
from scanner.paths import Reached, directly

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
    """Who can run commands in one account or subscription."""

    known: set[Principal] = field(default_factory=set)
    unsure: set[Principal] = field(default_factory=set)
    #: One grant and its holder for each kind of access, with the targets of them all.
    kinds: dict[_Kind, tuple[Principal, Grant, int]] = field(default_factory=dict)

    def add(self, principals: list[Principal], grant: Grant) -> None:
        """Note a grant that reaches into the scope, and who holds it."""
        unknown = grant.decision.verdict is Verdict.UNKNOWN
        (self.unsure if unknown else self.known).update(principals)
        key = _kind_of(grant)
        _, _, bits = self.kinds.get(key, (None, None, 0))
        self.kinds[key] = (principals[0], grant, bits | grant.targets.bits)


def _too_many(provider: Provider, threshold: int, graph: AccessGraph) -> Iterator[Hit]:
    for scope, here in sorted(_by_scope(graph, provider).items()):
        number = len(here.known | here.unsure)
        if number <= threshold:
            continue
        certain = len(here.known) > threshold
        unsure = len(here.unsure - here.known)
        perhaps = f", {unsure} of them perhaps" if unsure else ""
        yield Hit(
            f"{provider}:{scope}",
            None,
            tuple(_within(graph, scope, *one) for one in here.kinds.values()),
            f"{number} principals can run commands here{perhaps}; "
            f"{threshold} are accepted",
            because=(),
            verdict=Verdict.ALLOWED if certain else Verdict.UNKNOWN,
        )


def _by_scope(graph: AccessGraph, provider: Provider) -> dict[str, _Here]:
    """Everybody who acts (groups do not), by the scope of the targets."""
    found: dict[str, _Here] = {}
    for holding in graph.holdings:
        acting = [one for one in holding.principals if _acts(one)]
        for grant in holding.grants if acting else ():
            vector = grant.vector
            if vector.provider is not provider or vector.tier not in COMMANDS:
                continue
            for scope in scopes_of(graph, grant.targets):
                found.setdefault(scope, _Here()).add(acting, grant)
    return found


def _within(
    graph: AccessGraph, scope: str, principal: Principal, grant: Grant, bits: int
) -> Reached:
    targets = within(graph, TargetSet(grant.targets.space, bits), scope)
    return replace(directly(principal, grant), targets=targets)


def _acts(principal: Principal) -> bool:
    return principal.kind != "group" and not is_service_linked(principal)
