"""What planning does with each role assignment: all findings together."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from checks.finding import Finding
from policies.azure.changes import kind_of
from policies.azure.index import Held, PlanIndex
from policies.wishes import Mode, Wishes
from scanner.azure.model import Source
from scanner.grants import AssignmentBecause, Standing, Verdict
from scanner.graph import AccessGraph

_MADE_ELIGIBLE = frozenset({"t1651_azure_permanent_access"})
_DELETED = frozenset(
    {
        "t1651_azure_foreign_application",
        "t1651_azure_guest_access",
        "t1651_azure_partner_access",
    }
)
#: Checks about a whole subscription or machine, about settings of an eligible role, or
#: about what somebody else must change.
_OTHERWISE = frozenset(
    {
        "t1651_azure_too_many_principals",
        "t1651_azure_too_many_on_a_machine",
        "t1651_azure_eligible_without_mfa",
        "t1651_azure_eligible_without_approval",
        "t1651_azure_approved_by_its_own",
        "t1651_azure_activation_lasts_long",
        "t1651_azure_delegation_permanent",
        "t1651_azure_from_aws",
    }
)


def is_taken(finding: Finding) -> bool:
    """True when the fix is about the assignments that the finding rests on."""
    return finding.principal is not None and finding.check not in _OTHERWISE


#: Whoever can activate an eligible role; service principals cannot.
_PEOPLE = ("user", "group", "guest")


class Step(IntEnum):
    """What becomes of an assignment; of several findings the strongest is taken."""

    ELIGIBLE = 1
    REPLACE = 2
    DELETE = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is planned for each assignment.

    Attributes:
        steps: by normalized id of the assignment.
        vectors: those that findings name, by the same.
        refused: why an assignment must stay, by the same.
    """

    steps: dict[str, Step]
    vectors: dict[str, frozenset[str]]
    refused: dict[str, str]


def wanted(
    index: PlanIndex, graph: AccessGraph, findings: Sequence[Finding], wishes: Wishes
) -> Wanted:
    """Work out what becomes of the assignments that findings rest on.

    One that must stay for anybody whom it serves stays as it is. Others of the same
    principal that give the same vectors go the same way, or the access would stay.
    """
    steps: dict[str, Step] = {}
    vectors: defaultdict[str, set[str]] = defaultdict(set)
    refused: dict[str, str] = {}
    for finding in findings:
        if not is_taken(finding) or finding.verdict is Verdict.UNKNOWN:
            continue
        for held in direct(index, finding):
            key = held.assignment.id.lower()
            if key in refused:
                continue
            reasons = _kept(index, held, wishes)
            if reasons:
                refused[key] = reasons
                steps.pop(key, None)
                continue
            step = _step(held, finding.check, wishes.mode)
            if step is not None:
                steps[key] = max(step, steps.get(key, step))
                vectors[key] |= set(finding.vectors)
    for key, step in dict(_alike(index, graph, findings, steps)).items():
        if key not in refused:
            steps.setdefault(key, step)
    sets = {key: frozenset(some) for key, some in vectors.items()}
    return Wanted(steps, sets, refused)


def _alike(
    index: PlanIndex,
    graph: AccessGraph,
    findings: Sequence[Finding],
    steps: Mapping[str, Step],
) -> Iterator[tuple[str, Step]]:
    """Yield the other assignments of principals whose findings plan a step."""
    for finding in findings:
        if not is_taken(finding) or finding.principal is None:
            continue
        planned = (steps.get(h.assignment.id.lower()) for h in direct(index, finding))
        step = max((one for one in planned if one is not None), default=None)
        for held in _giving(index, graph, finding) if step is not None else ():
            standing = held.assignment.standing is Standing.PERMANENT
            if step is not None and (standing or step is not Step.ELIGIBLE):
                yield held.assignment.id.lower(), step


def _giving(index: PlanIndex, graph: AccessGraph, finding: Finding) -> Iterator[Held]:
    """Yield the assignments by which a finding's principal has its vectors itself."""
    who = finding.principal
    for grant in graph.grants_of.get(who.id, ()) if who else ():
        if who is None or grant.vector.id not in finding.vectors:
            continue
        for why in grant.because_of(who):
            if isinstance(why, AssignmentBecause) and why.group in (None, who.id):
                held = index.held(why.assignment)
                if held and held.assignment.principal == who.id and _ours(held):
                    yield held


def _ours(held: Held) -> bool:
    one = held.assignment
    return not one.delegated and one.source is not Source.CLASSIC


def direct(index: PlanIndex, finding: Finding) -> Iterator[Held]:
    """Yield the assignments that the finding's principal holds itself."""
    who = finding.principal.id if finding.principal else ""
    for why in finding.because:
        if isinstance(why, AssignmentBecause) and why.group in (None, who):
            held = index.held(why.assignment)
            if held is not None and _ours(held):
                yield held


def _step(held: Held, check: str, mode: Mode | None) -> Step | None:
    one = held.assignment
    person = kind_of(held.tenant, one.principal) in _PEOPLE
    standing = one.standing is Standing.PERMANENT
    if mode is Mode.REVOKE or check in _DELETED:
        if mode is Mode.TIGHTEN and person and standing:
            return Step.ELIGIBLE
        return Step.DELETE
    if check in _MADE_ELIGIBLE:
        return Step.ELIGIBLE if standing else None
    if mode is Mode.TIGHTEN and person and standing:
        return Step.ELIGIBLE
    return Step.REPLACE


def _kept(index: PlanIndex, held: Held, wishes: Wishes) -> str:
    """Return why an assignment must stay for one of those whom it serves."""
    people = held.tenant.directory.principals
    served = (people[id_] for id_ in sorted(index.served(held)) if id_ in people)
    kept = (one for principal in served for one in wishes.kept(principal))
    return "; ".join(dict.fromkeys(one.reason for one in kept))
