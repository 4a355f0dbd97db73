"""Prove what changes do: decide the estate again with them, and compare everything."""

from collections.abc import Iterator, Sequence

from checks.finding import Finding
from policies.apply import UnappliableChange
from policies.proof.again import home_of
from policies.proof.context import Context
from policies.proof.copies import undone
from policies.proof.grants import Access, compare_access
from policies.proof.intent import Intent
from policies.proof.model import (
    Aim,
    Counterexample,
    HopChange,
    Obligation,
    OtherActions,
    Proof,
)
from policies.proof.obligations import (
    Case,
    Fits,
    others_of,
    reasons_of,
    unfit,
    untaken,
    wrong_hops,
    wrong_others,
)
from policies.proof.order import check_order
from policies.proof.others import Others
from policies.proof.outcomes import outcome_of
from policies.proof.remaining import Path, remaining_paths
from policies.proof.unknowns import unknowns_of
from scanner import __version__
from scanner.estate import Provider


def prove(
    context: Context,
    remediation: str,
    finding: Finding,
    intent: Intent,
    fits: Fits | None = None,
) -> Proof:
    """Prove that some changes do what they are meant to do, and nothing else.

    Args:
        context: the estate as it is.
        remediation: id of the remediation.
        finding: what the changes should close.
        intent: the changes, and what they may take from whom.
        fits: what is left of every limit; None when somebody else asks.

    Returns:
        The proof; its status is `failed` with a counterexample where an obligation does
        not hold, which a change that cannot be applied never does.
    """
    half = context.half(finding.provider)
    if half is None:
        wrong = Counterexample(Obligation.BACK, "there is no such half of the estate")
        return _failed(context, remediation, intent, wrong)
    try:
        outcome = outcome_of(context, half, intent.changes)
        case = Case(context, remediation, finding, intent, outcome)
        return _proven(case, fits)
    except UnappliableChange as error:
        wrong = Counterexample(Obligation.BACK, error.reason, statement=error.what)
        return _failed(context, remediation, intent, wrong)


def _proven(case: Case, fits: Fits | None) -> Proof:
    context, copy, intent = case.context, case.copy, case.intent
    access = compare_access(context, case.provider, copy.ids, case.after, intent)
    hops = case.outcome.hops
    others = others_of(case)
    limits, faults = fits(copy.part, copy.changed, intent.changes) if fits else ((), ())
    order = check_order(case)
    back = undone(copy, intent.changes)
    wrong = [
        *access.wrong,
        *untaken(case, hops),
        *wrong_hops(case, hops),
        *wrong_others(others, intent),
        *unfit(limits, faults),
        *order.wrong,
        *([] if back else [Counterexample(Obligation.BACK, "undoing differs")]),
    ]
    paths = _paths(case, hops)
    unknowns = (
        *unknowns_of(context, case.provider, (*copy.ids, case.who)),
        *case.finding.reasons,
        *reasons_of(case),
        *others.unreadable,
    )
    given = "proven-given" if unknowns else "proven"
    return Proof(
        remediation=case.remediation,
        status="failed" if wrong else given,  # type: ignore[arg-type]
        closes="partly" if paths or _rest(case) else "fully",
        aim=intent.aim,
        estate=context.digest,
        engine=__version__,
        actions=_catalogue(case),
        removed=tuple(access.removed),
        narrowed=tuple(access.narrowed),
        temporary=tuple(access.temporary),
        side_effects=(
            *intent.side_effects,
            *order.gaps,
            *_side_effects(access, others),
        ),
        hops=hops,
        unchanged_grants=access.same,
        unchanged_hops=case.outcome.same_hops,
        other_actions=OtherActions(others.same, (*others.gained, *others.lost)),
        future_actions=tuple(others.future),
        unknowns=tuple(dict.fromkeys(unknowns)),
        remaining_paths=paths,
        limits=tuple(limits),
        order=order.words,
        back=back,
        counterexample=wrong[0] if wrong else None,
        meant=intent.meant,
    )


def _failed(
    context: Context, remediation: str, intent: Intent, wrong: Counterexample
) -> Proof:
    return Proof(
        remediation=remediation,
        status="failed",
        closes="partly",
        aim=intent.aim,
        estate=context.digest,
        engine=__version__,
        actions="",
        counterexample=wrong,
        meant=intent.meant,
    )


def _rest(case: Case) -> bool:
    """True when the finding names a vector that the changes are not to take."""
    if case.intent.aim is Aim.ENTRY:
        return False
    who = (case.who,) if case.who else tuple(case.intent.loses)
    return not all(
        any(case.intent.takes(one, vector) for one in who)
        for vector in case.finding.vectors
    )


def _paths(case: Case, hops: Sequence[HopChange]) -> tuple[Path, ...]:
    """Return how the principal of the finding still reaches what it is to lose."""
    if case.intent.aim is Aim.NARROW or not case.who:
        return ()
    ends = [case.who, *(hop.target for hop in case.finding.path[-1:])]
    account = home_of(ends[-1]) if case.provider is Provider.AWS else ""
    targets = case.context.targets(case.provider, account)
    wanted = 0
    for end in {end for end in ends if home_of(end) == account}:
        for grant in case.context.graph.holds.get(end, ()):
            if grant.vector.id in case.finding.vectors:
                wanted |= targets.bits(grant.targets)
    temporary = case.intent.aim is Aim.TEMPORARY
    return remaining_paths(
        case.context, case.who, account, targets, wanted, case.after, hops, temporary
    )


def _catalogue(case: Case) -> str:
    if case.provider is Provider.AWS:
        return case.context.actions.version
    return "every operation that the estate's role definitions name"


def _side_effects(access: Access, others: Others) -> Iterator[str]:
    for one in access.lost:
        yield f"{one.principal} loses {one.vector} on {one.targets}: {one.after}"
    for one in access.undone:
        yield f"{one.principal} can undo it by {one.vector} on {one.targets}"
    by_where: dict[str, list[str]] = {}
    for difference in others.lost:
        by_where.setdefault(difference.where, []).append(difference.action)
    for where, actions in by_where.items():
        yield f"{where}: {len(actions)} other actions are lost ({actions[0]} first)"
