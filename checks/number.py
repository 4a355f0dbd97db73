"""How many can: more principals than accepted can command one scope, or one VM."""

from collections.abc import Iterable, Iterator
from functools import partial
from weakref import WeakKeyDictionary

from checks.access import Share, shared
from checks.context import Context
from checks.counting import Counts
from checks.evidence import AWS_BASE, AZURE_BASE
from checks.finding import Check, Claim, Severity
from checks.hits import COMMANDS, Hit, counted, define, is_service_linked
from scanner.config import Approved, Config
from scanner.estate import Principal, Provider
from scanner.grants import (
    Confidence,
    Grant,
    Standing,
    TargetSet,
    TargetSpace,
    Verdict,
)
from scanner.graph import AccessGraph

_M1026 = "https://attack.mitre.org/mitigations/M1026/"
_RATIONALE = (
    "M1026 asks to limit how many accounts can run commands on VMs: every one of them "
    "is a way to code on the machine as root or SYSTEM."
)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (*_of_scopes(), *_of_targets())


def _of_scopes() -> tuple[Check, ...]:
    return (
        define(
            "t1651_aws_too_many_principals",
            title="More principals than accepted can run commands in an account",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Take the vectors from principals that do not need them, or give them "
            "to one role that few people may assume.",
            find=partial(_in_scopes, Provider.AWS),
            example="11 principals can run commands here; 10 are accepted",
            threshold="principals_per_scope",
            needs=AWS_BASE,
            references=(_M1026,),
        ),
        define(
            "t1651_azure_too_many_principals",
            title="More principals than accepted can run commands in a subscription",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Remove role assignments that are not needed, and make the others "
            "eligible instead of active.",
            find=partial(_in_scopes, Provider.AZURE),
            example="11 principals can run commands here; 10 are accepted",
            threshold="principals_per_scope",
            needs=AZURE_BASE,
            references=(_M1026,),
        ),
    )


def _of_targets() -> tuple[Check, ...]:
    return (
        define(
            "t1651_aws_too_many_on_a_node",
            title="More principals than accepted can run commands on one node",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Scope what each team may command by the tag of its own nodes, so that "
            "no node answers to all of them.",
            find=partial(_on_targets, Provider.AWS),
            example="More than 5 principals can run commands on 3 nodes, 6 on one",
            threshold="principals_per_target",
            needs=AWS_BASE,
            references=(_M1026,),
        ),
        define(
            "t1651_azure_too_many_on_a_machine",
            title="More principals than accepted can run commands on one machine",
            severity=Severity.MEDIUM,
            claim=Claim.COUNT,
            rationale=_RATIONALE,
            fix="Assign roles at the resource group of each team instead of above, so "
            "that no machine answers to all of them.",
            find=partial(_on_targets, Provider.AZURE),
            example="More than 5 principals can run commands on 2 nodes, 6 on one",
            threshold="principals_per_target",
            needs=AZURE_BASE,
            references=(_M1026,),
        ),
    )


#: Space, vector, and what the severity of a grant depends on.
_Kind = tuple[int, str, Verdict, Confidence, Standing, bool]


def _kind_of(grant: Grant) -> _Kind:
    decision, listed = grant.decision, isinstance(grant.decision.documents, tuple)
    where = (id(grant.targets.space), grant.vector.id)
    return (*where, decision.verdict, decision.confidence, decision.standing, listed)


def _in_scopes(provider: Provider, context: Context) -> Iterator[Hit]:
    graph, threshold = context.graph, context.config.thresholds.principals_per_scope
    tally = _tally(context, provider)
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
            f"{threshold} are accepted{_apart(context)}",
            verdict=Verdict.ALLOWED if known > threshold else Verdict.UNKNOWN,
        )


def _on_targets(provider: Provider, context: Context) -> Iterator[Hit]:
    graph, limit = context.graph, context.config.thresholds.principals_per_target
    tally = _tally(context, provider)
    for scope in sorted(graph.scope_numbers):
        for certain, perhaps, most in tally.crowded(scope, limit):
            crowd = f"More than {limit} principals can run commands on"
            nodes = f"{counted(len(perhaps), 'node')}, {most} on one"
            yield Hit(
                f"{provider}:{scope}",
                None,
                shared(graph, tuple(tally.within(scope, perhaps))),
                f"{crowd} {nodes}{_apart(context)}",
                verdict=Verdict.ALLOWED if certain else Verdict.UNKNOWN,
            )


def _apart(context: Context) -> str:
    return ", approved ones apart" if context.config.approved != Approved() else ""


#: Tallies by what they count, freed with their graph: two checks ask for each.
_KNOWN: "WeakKeyDictionary[AccessGraph, dict[tuple[Provider, Config], _Tally]]"
_KNOWN = WeakKeyDictionary()


def _tally(context: Context, provider: Provider) -> "_Tally":
    known, key = _KNOWN.setdefault(context.graph, {}), (provider, context.config)
    if key not in known:
        known[key] = _Tally(context, provider)
    return known[key]


class _Tally:
    """Who can run commands, by the scope of the targets and by target."""

    def __init__(self, context: Context, provider: Provider) -> None:
        self._graph = graph = context.graph
        self._known, self._either = Counts(), Counts()
        #: The same for the classes of each space.
        self._targets: dict[int, tuple[TargetSpace, Counts, Counts]] = {}
        #: One grant for each kind of access, with the classes where there is such.
        self._kinds: dict[_Kind, tuple[Grant, int]] = {}
        self._reached: dict[int, int] = {}
        for holding in graph.holdings:
            acting = sum(_acts(one, context.config) for one in holding.principals)
            grants = [g for g in holding.grants if _counts(g, provider)]
            if acting and grants:
                self._add(grants, acting)

    def counted(self, scope: int) -> tuple[int, int]:
        """Return how many can run commands in a scope, and how many others perhaps."""
        known = self._known.of(scope)
        return known, self._either.of(scope) - known

    def crowded(self, scope: str, limit: int) -> Iterator[tuple[bool, TargetSet, int]]:
        """Yield the targets of a scope that more than `limit` principals command.

        With them, whether it is certain of any, and by how many one is commanded.
        """
        for space, known, either in self._targets.values():
            mask = self._graph.scopes(space).masks.get(scope, 0)
            bits = either.above(limit) & mask if mask else 0
            if bits:
                certain = bool(known.above(limit) & mask)
                yield certain, TargetSet(space, bits), either.most(bits)

    def within(self, scope: str, among: TargetSet | None = None) -> Iterator[Share]:
        """Yield a grant for each kind of access, on all that anybody reaches there."""
        for grant, where in self._kinds.values():
            space = grant.targets.space
            mask = self._graph.scopes(space).masks.get(scope, 0)
            there = where & mask
            if among is not None:
                mask &= among.bits if among.space is space else 0
            if there and mask:
                yield grant, self._reached[id(space)] & mask

    def _add(self, grants: Iterable[Grant], acting: int) -> None:
        known: dict[int, int] = {}
        either: dict[int, int] = {}
        seen: set[tuple[int, bool]] = set()  # grants mostly share their targets
        for grant in grants:
            targets, certain = (
                grant.targets,
                grant.decision.verdict is not Verdict.UNKNOWN,
            )
            self._remember(grant)
            if (id(targets), certain) in seen:
                continue
            seen.add((id(targets), certain))
            key, bits = id(targets.space), targets.bits
            either[key] = either.get(key, 0) | bits
            if certain:
                known[key] = known.get(key, 0) | bits
            if key not in self._targets:
                self._targets[key] = targets.space, Counts(), Counts()
        for key, bits in either.items():
            self._reached[key] = self._reached.get(key, 0) | bits
            _, surely, perhaps = self._targets[key]
            surely.add(known.get(key, 0), acting)
            perhaps.add(bits, acting)
        scopes = self._scopes_of(either)
        self._either.add(scopes, acting)
        self._known.add(scopes if known == either else self._scopes_of(known), acting)

    def _remember(self, grant: Grant) -> None:
        kind, bits = _kind_of(grant), grant.targets.bits
        _, before = self._kinds.get(kind, (grant, 0))
        self._kinds[kind] = grant, before | bits

    def _scopes_of(self, reached: dict[int, int]) -> int:
        found = 0
        for key, bits in reached.items():
            found |= self._graph.scopes(self._targets[key][0]).of(bits)
        return found


def _counts(grant: Grant, provider: Provider) -> bool:
    return grant.vector.provider is provider and grant.vector.tier in COMMANDS


def _acts(principal: Principal, config: Config) -> bool:
    """True for whoever counts: not groups, nor those that somebody has approved."""
    if principal.kind == "group" or is_service_linked(principal):
        return False
    return not config.approvals(principal)
