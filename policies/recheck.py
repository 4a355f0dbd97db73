"""Check a draft by deciding again: what it takes away, and what it leaves alone.

Two of the six obligations of a full proof are checked here: that the access of the
finding is gone (or narrower, or temporary: the aim), so that its check is silent, and
that no other access of anybody whom the changed objects serve became more, less or
different. The others are named in `NOT_CHECKED`.
"""

from collections.abc import Iterator, Sequence

from checks.context import Context
from checks.finding import Check, Finding
from policies.drafts import Aim, Draft
from policies.entries import check_entry
from policies.obligations import NOT_CHECKED, Checked
from policies.proof.classes import Comparison, Difference, Targets, compare
from scanner.analysis import decide_aws_half, decide_azure_half
from scanner.aws.model import AwsEstate
from scanner.azure.model import AzureEstate
from scanner.grants import Decided, Decision, Grant, Standing, Verdict
from scanner.graph import AccessGraph, build_graph

_HOPS_LEFT = "2 left alone: hops (the documents' other actions stay as written)"

_RANK = {Verdict.UNKNOWN: 2, Verdict.ALLOWED: 2, Verdict.CONDITIONAL: 1}


def decide_again(estate: AwsEstate | AzureEstate) -> Decided:
    """Decide and link a changed half with the same engines as every report."""
    if isinstance(estate, AwsEstate):
        return decide_aws_half(estate)
    return decide_azure_half(estate)


def check(
    graph: AccessGraph,
    finding: Finding,
    draft: Draft[AwsEstate] | Draft[AzureEstate],
    by: Check,
) -> Checked:
    """Decide the changed estate and compare it with the graph.

    Args:
        graph: the estate as it is.
        finding: what the draft should close.
        draft: the changes.
        by: the check that made the finding.
    """
    if isinstance(draft.after, AwsEstate) and draft.aim is Aim.ENTRY:
        return check_entry(graph, finding, draft.changes, draft.before, draft.after)
    after = decide_again(draft.after)
    targets = Targets(t for half in (*graph.decided, after) for t in half.targets)
    new = _grants_of(after)
    comparison = compare(draft.affected, dict(graph.grants_of), new, targets)
    who = finding.principal.id if finding.principal else ""
    reasons = (*_wrong(draft, comparison), *_still(by, finding, after))
    taken = sum(d.targets for d in comparison.differences)
    still = tuple(sorted({g.vector.id for g in new.get(who, ()) if _lasts(draft, g)}))
    return Checked(
        taken,
        comparison.same,
        reasons[0] if reasons else None,
        still,
        (_HOPS_LEFT, *NOT_CHECKED),
    )


def _grants_of(decided: Decided) -> dict[str, Sequence[Grant]]:
    found: dict[str, list[Grant]] = {}
    for grant in decided.grants:
        for principal in grant.principals:
            found.setdefault(principal.id, []).append(grant)
    return {id_: tuple(grants) for id_, grants in found.items()}


def _lasts(draft: Draft[AwsEstate] | Draft[AzureEstate], grant: Grant) -> bool:
    """True for access that a draft leaves: of an eligible one that is the aim."""
    temporary = grant.decision.standing is not Standing.PERMANENT
    return not (draft.aim is Aim.TEMPORARY and temporary)


def _wrong(
    draft: Draft[AwsEstate] | Draft[AzureEstate], comparison: Comparison
) -> Iterator[str]:
    """Yield every difference that the draft has no right to make."""
    for one in comparison.differences:
        meant = draft.means(one.principal, one.vector)
        if one.before is None:
            yield f"{_words(one)} would be {_verdict(one.after)}, and was denied"
        elif not meant:
            yield f"{_words(one)} would change to {_verdict(one.after)}"
        elif one.after is not None and not _less(draft.aim, one.before, one.after):
            yield f"{_words(one)} would not become less"


def _still(by: Check, finding: Finding, after: Decided) -> Iterator[str]:
    """Yield what the same check still finds about the same principal."""
    for one in by.run(Context(build_graph([after]))):
        if one.principal == finding.principal:
            yield f"the check still finds: {one.message}"


def _less(aim: Aim, before: Decision, after: Decision) -> bool:
    """True when the access is temporary now, or takes more, or runs fewer documents."""
    temporary = after.standing is not Standing.PERMANENT
    if temporary and before.standing is Standing.PERMANENT:
        return True
    narrower = isinstance(after.documents, tuple) and before.documents == "any"
    if isinstance(after.documents, tuple) and isinstance(before.documents, tuple):
        narrower = set(after.documents) < set(before.documents)
    weaker = _RANK[after.verdict] < _RANK[before.verdict]
    return aim is Aim.REMOVE and (narrower or weaker)


def _words(one: Difference) -> str:
    return f"{one.principal} {one.vector} on {one.example}"


def _verdict(decision: Decision | None) -> str:
    return "denied" if decision is None else decision.verdict.value
