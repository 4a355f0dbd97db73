"""How many can: more principals than a threshold can command VMs of one scope."""

from collections.abc import Iterable, Iterator
from functools import partial

from checks.access import Share, shared
from checks.context import Context
from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import COMMANDS, Hit, define, is_service_linked
from scanner.config import Approved, Config
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Grant, Standing, Verdict, ones

_RATIONALE = (
    "M1026 asks to limit how many accounts can run commands on VMs: every one of them "
    "is a way to code on the machine as root or SYSTEM."
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    find = {one: partial(_too_many, one) for one in Provider}
    return (
        define(
            "t1651_aws_too_many_principals",
            title="More principals than accepted can run commands in an account",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Take the vectors from principals that do not need them, or give them "
            "to one role that few people may assume.",
            find=find[Provider.AWS],
            example="11 principals can run commands here; 10 are accepted",
            threshold="principals_per_scope",
            needs=AWS_BASE,
            references=("https://attack.mitre.org/mitigations/M1026/",),
        ),
        define(
            "t1651_azure_too_many_principals",
            title="More principals than accepted can run commands in a subscription",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Remove role assignments that are not needed, and make the others "
            "eligible instead of active.",
            find=find[Provider.AZURE],
            example="11 principals can run commands here; 10 are accepted",
            threshold="principals_per_scope",
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


def _too_many(provider: Provider, context: Context) -> Iterator[Hit]:
    graph, threshold = context.graph, context.config.thresholds.principals_per_scope
    tally = _Tally(context, provider)
    among = ", approved ones apart" if context.config.approved != Approved() else ""
    for scope, scope_number in sorted(graph.scope_numbers.items()):
        known, unsure = tally.counted(scope_number)
        if known + unsure <= threshold:
            continue
        perhaps = f", {unsure} of them perhaps" if unsure else ""
        yield Hit(
            f"{provider}:{scope}",
            None,
            shared(graph, tuple(tally.within(scope))),
            f"{known + unsure} principals can run commands here{perhaps}; "
            f"{threshold} are accepted{among}",
            verdict=Verdict.ALLOWED if known > threshold else Verdict.UNKNOWN,
        )


class _Counts:
    """One count for each scope, as binary digits: adding to all costs what one does."""

    def __init__(self) -> None:
        self._digits: list[int] = []

    def add(self, scopes: int, times: int) -> None:
        """Count some scopes, given as a set of numbers, so many times."""
        for digit in ones(times):
            carry = scopes
            while carry:
                self._digits += [0] * (digit + 1 - len(self._digits))
                before = self._digits[digit]
                self._digits[digit], carry = before ^ carry, before & carry
                digit += 1

    def of(self, scope: int) -> int:
        """Return the count of one scope."""
        return sum((one >> scope & 1) << n for n, one in enumerate(self._digits))


class _Tally:
    """Who can run commands, by the scope of the targets."""

    def __init__(self, context: Context, provider: Provider) -> None:
        self._graph = graph = context.graph
        self._known, self._unsure = _Counts(), _Counts()
        #: One grant for each kind of access, with the scopes where there is such.
        self._kinds: dict[_Kind, tuple[Grant, int]] = {}
        self._reached: dict[int, int] = {}
        for holding in graph.holdings:
            acting = sum(_acts(one, context.config) for one in holding.principals)
            grants = [g for g in holding.grants if _counts(g, provider)]
            if acting and grants:
                self._add(grants, acting)

    def counted(self, scope: int) -> tuple[int, int]:
        """Return how many can run commands in a scope, and how many others perhaps."""
        return self._known.of(scope), self._unsure.of(scope)

    def within(self, scope: str) -> Iterator[Share]:
        """Yield a grant for each kind of access, on all that anybody reaches there."""
        number = self._graph.scope_numbers[scope]
        for grant, scopes in self._kinds.values():
            space = grant.targets.space
            mask = self._graph.scopes(space).masks.get(scope, 0)
            if scopes >> number & 1 and mask:
                yield grant, self._reached[id(space)] & mask

    def _add(self, grants: Iterable[Grant], acting: int) -> None:
        known = unsure = 0
        for grant in grants:
            space, bits = grant.targets.space, grant.targets.bits
            scopes = self._graph.scopes(space).of(bits)
            if grant.decision.verdict is Verdict.UNKNOWN:
                unsure |= scopes
            else:
                known |= scopes
            kind = _kind_of(grant)
            _, before = self._kinds.get(kind, (grant, 0))
            self._kinds[kind] = grant, before | scopes
            self._reached[id(space)] = self._reached.get(id(space), 0) | bits
        self._known.add(known, acting)
        self._unsure.add(unsure & ~known, acting)


def _counts(grant: Grant, provider: Provider) -> bool:
    return grant.vector.provider is provider and grant.vector.tier in COMMANDS


def _acts(principal: Principal, config: Config) -> bool:
    """True for whoever counts: not groups, nor those that somebody has approved."""
    if principal.kind == "group" or is_service_linked(principal):
        return False
    return not config.approvals(principal)
