"""The four numbers of M1026, and the exact number of principal x target pairs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from checks.azure_assignments import is_wide
from checks.evidence import BASE, EVERY_LIST, NO_USAGE
from checks.hits import COMMANDS, is_service_linked
from checks.reach import covers_a_scope
from checks.sides import EXTERNAL, HUMAN, WORKLOAD, side_of
from checks.usage import Judgement, works_daily
from scanner.classes import is_somebody
from scanner.config import DEFAULTS, Approval, Config
from scanner.coverage import Coverage
from scanner.estate import Principal, Provider
from scanner.grants import (
    DURATION_UNKNOWN,
    AssignmentBecause,
    Decided,
    Grant,
    Standing,
    Verdict,
)
from scanner.graph import AccessGraph, Holding
from scanner.search import hops_of

_KNOWN = (Verdict.ALLOWED, Verdict.CONDITIONAL)
_NAMING = {*BASE[Provider.AWS], *BASE[Provider.AZURE], EVERY_LIST}


def claims(
    graph: AccessGraph,
    config: Config = DEFAULTS,
    coverage: Coverage | None = None,
) -> Mapping[str, Any]:
    """Return the four M1026 numbers.

    `count`: principals that can run a command on at least one VM (groups do not act,
    service-linked roles are their service's), split by who is behind them, with those
    for whom it is unknown apart; `by-hops` counts those who hold nothing and become one
    of them (people of Identity Center, partners, CI), `external-by-hops` the outsiders
    among these. `day-to-day`: those of `count` that are in use, for anything, in the
    last `days`; `idle` are not. Unknown without usage evidence.
    `role-level`: those of `count` who hold it through a broad role: any document on
    every node (AWS), an assignment at a subscription or above (Azure). `standing`:
    those of `count` by the longest standing that each has; unknown where that is
    permanent only because nobody has read the schedules.

    Each has `unknown-share`, the part of all that can or perhaps can of whom it is
    unknown (0 to 1), and `scopes-not-read`: accounts, tenants and subscriptions that
    may hide more.

    Args:
        graph: what can be done, by whom.
        config: who is approved, and who is behind a principal.
        coverage: what was not seen; None: nothing is taken to be hidden.
    """
    able, unsure = _able_in(graph)
    broad = sum(
        any(_broad(graph, one.principal, g) for g in one.grants) for one in able
    )
    principals = [one.principal for one in able]
    asked = len(able) + unsure
    numbers: dict[str, dict[str, Any]] = {
        "count": {
            "principals": len(able),
            **_by_side(principals, config),
            **_by_approval(principals, config),
            "unknown": unsure,
            **_by_hops(graph, {principal.id for principal in principals}),
        },
        "day-to-day": _daily(graph, able, unsure, config.thresholds.unused_days),
        "role-level": {"principals": broad, "of": len(able), "unknown": unsure},
        "standing": _standings(able, unsure),
    }
    hidden = _not_read(coverage)
    for one in numbers.values():
        share = round(one["unknown"] / asked, 3) if asked else float(hidden > 0)
        one |= {"unknown-share": share, "scopes-not-read": hidden}
    return numbers


class _Able(NamedTuple):
    """A principal that runs commands: by `grants`, of which it is `known` for some."""

    principal: Principal
    grants: list[Grant]
    known: list[Grant]


def _able_in(graph: AccessGraph) -> tuple[list[_Able], int]:
    """Return whoever acts and can run a command, and how many others perhaps can."""
    able: list[_Able] = []
    unsure = 0
    for holding in graph.holdings:
        commands = _commands(holding)
        known = [g for g in commands if g.decision.verdict in _KNOWN]
        acting = [p for p in holding.principals if _acts(p)] if commands else []
        if known:
            able += (_Able(principal, commands, known) for principal in acting)
        elif all(g.decision.verdict is Verdict.UNKNOWN for g in commands):
            unsure += len(acting)
    return able, unsure


def _not_read(coverage: Coverage | None) -> int:
    """Count the scopes without some list that would name more who can."""
    scopes = coverage.scopes if coverage else ()
    return sum(any(gap.what in _NAMING for gap in scope.gaps) for scope in scopes)


def pairs(decided: Sequence[Decided]) -> Mapping[str, Mapping[str, int]]:
    """Count principal x target pairs per vector and verdict, exactly.

    Counted by class: nothing is expanded. Pairs in no grant are denied; they are not
    counted here.
    """
    found: dict[str, dict[str, int]] = {}
    # By the identity of what grants share and keep: it stays what it is meanwhile.
    sizes: dict[int, int] = {}
    counted: dict[tuple[int, int], int] = {}
    kinds: dict[tuple[int, int], Grant] = {}
    for half in decided:
        for grant in half.grants:
            targets = id(grant.targets)
            size = sizes.get(targets)
            if size is None:
                size = sizes[targets] = len(grant.targets)
            kind = (id(grant.vector), id(grant.decision))
            kinds[kind] = grant
            counted[kind] = counted.get(kind, 0) + len(grant.principals) * size
    for kind, number in counted.items():
        vector, verdict = kinds[kind].vector, kinds[kind].decision.verdict.value
        row = found.setdefault(vector.id, {})
        row[verdict] = row.get(verdict, 0) + number
    return {vector: dict(sorted(row.items())) for vector, row in sorted(found.items())}


def _commands(holding: Holding) -> list[Grant]:
    return [
        grant
        for grant in holding.grants
        if grant.vector.tier in COMMANDS and grant.targets.bits
    ]


def _acts(principal: Principal) -> bool:
    """Groups do not act, and service-linked roles are their service's."""
    return principal.kind != "group" and not is_service_linked(principal)


def _by_side(principals: Iterable[Principal], config: Config) -> dict[str, int]:
    found = {HUMAN: 0, WORKLOAD: 0, EXTERNAL: 0}
    for principal in principals:
        found[side_of(principal, config)] += 1
    return found


def _by_approval(principals: Iterable[Principal], config: Config) -> dict[str, int]:
    """Count those that are approved, and break-glass ones apart."""
    found = Counter(
        Approval.BREAK_GLASS if Approval.BREAK_GLASS in said else said[0]
        for said in map(config.approvals, principals)
        if said
    )
    glass = found.pop(Approval.BREAK_GLASS, 0)
    return {"approved": found.total(), "break-glass": glass}


def _by_hops(graph: AccessGraph, able: set[str]) -> dict[str, int]:
    """Count those who become one of the able, in any number of hops."""
    reached, to_do = set(able), sorted(able)
    while to_do:
        sources = {edge.source for edge in hops_of(graph, to_do.pop(), into=True)}
        new = (sources & graph.principals.keys()) - reached
        reached |= new
        to_do += sorted(new)
    extra = [graph.principals[id_] for id_ in reached - able]
    acting = [one for one in extra if one.kind != "group" and is_somebody(one)]
    outside = sum(one.external for one in acting)
    return {"by-hops": len(acting), "external-by-hops": outside}


def _broad(graph: AccessGraph, principal: Principal, grant: Grant) -> bool:
    if grant.vector.provider is Provider.AWS:
        listed = isinstance(grant.decision.documents, tuple)
        return not listed and covers_a_scope(graph, grant.targets)
    return any(
        isinstance(why, AssignmentBecause) and is_wide(why.assignment)
        for why in grant.because_of(principal)
    )


def _daily(
    graph: AccessGraph, able: list[_Able], unsure: int, days: int
) -> dict[str, Any]:
    asked = any(usage.asked for usage in graph.usage.values())
    if not asked:
        return {"principals": None, "unknown": len(able) + unsure, "why": NO_USAGE}
    found = Counter(works_daily(graph, p, grants, days) for p, grants, _ in able)
    unknown = found[Judgement.UNKNOWN]
    numbers: dict[str, Any] = {
        "principals": found[Judgement.USED],
        "of": len(able),
        "idle": found[Judgement.UNUSED],
        "days": days,
        "unknown": unknown + unsure,
    }
    if unknown:
        numbers["why"] = f"usage evidence does not tell for {unknown}"
    return numbers


def _standings(able: list[_Able], unsure: int) -> dict[str, int]:
    found = {standing.value: 0 for standing in Standing}
    found |= {"of": len(able), "unknown": unsure}
    for one in able:
        found[_longest(one.known)] += 1
    return found


def _longest(grants: Iterable[Grant]) -> str:
    known = list({id(g.decision): g.decision for g in grants}.values())
    order = list(Standing)
    longest = min((one.standing for one in known), key=order.index)
    lasting = [one for one in known if one.standing is longest]
    undated = all(DURATION_UNKNOWN in one.reasons for one in lasting)
    return "unknown" if undated else longest.value
