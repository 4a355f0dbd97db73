"""Prove what changes do: decide the estate again with them, and compare everything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from checks.finding import Finding
from policies.apply import UnappliableChange
from policies.proof.again import Grants, decide_again, home_of
from policies.proof.context import Context, Half
from policies.proof.copies import AwsCopy, Copy, copied, undone
from policies.proof.grants import Access, compare_access, not_taken
from policies.proof.hops import compare_hops
from policies.proof.intent import Intent
from policies.proof.model import (
    Aim,
    Counterexample,
    HopChange,
    LimitUse,
    Obligation,
    OtherActions,
    Proof,
)
from policies.proof.others import Others
from policies.proof.others_aws import others_aws
from policies.proof.others_azure import others_azure
from policies.proof.remaining import Path, remaining_paths
from policies.proof.unknowns import unknowns_of
from policies.remediation import Change
from scanner import __version__
from scanner.estate import Provider

#: What changes leave of limits, and grammar faults, after they are made.
Fits = Callable[
    [Half, Half, Sequence[Change]], tuple[Sequence[LimitUse], Sequence[str]]
]

_ONE_STEP = "one change: nothing lies in between"


@dataclass(frozen=True, slots=True)
class _Case:
    """What is being proven, of which estate."""

    context: Context
    remediation: str
    finding: Finding
    intent: Intent
    copy: Copy
    after: Grants

    @property
    def provider(self) -> Provider:
        """Whose half of the estate it is."""
        return self.finding.provider

    @property
    def who(self) -> str:
        """The principal of the finding; empty when it is about a scope."""
        return self.finding.principal.id if self.finding.principal else ""


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
        copy = copied(context, half, intent.changes)
        after = decide_again(context, copy.changed, copy.ids, copy.index)
        case = _Case(context, remediation, finding, intent, copy, after)
        return _proven(case, fits)
    except UnappliableChange as error:
        wrong = Counterexample(Obligation.BACK, error.reason, statement=error.what)
        return _failed(context, remediation, intent, wrong)


def _proven(case: _Case, fits: Fits | None) -> Proof:
    context, copy, intent = case.context, case.copy, case.intent
    access = compare_access(context, case.provider, copy.ids, case.after, intent)
    hops, same_hops = compare_hops(context, copy)
    others = _others(case)
    limits, faults = fits(copy.part, copy.changed, intent.changes) if fits else ((), ())
    order, wrong_order = _order(case)
    back = undone(copy, intent.changes)
    wrong = [
        *access.wrong,
        *_untaken(case, hops),
        *_wrong_hops(case, hops),
        *_wrong_others(others, intent),
        *_unfit(limits, faults),
        *wrong_order,
        *([] if back else [Counterexample(Obligation.BACK, "undoing differs")]),
    ]
    paths = _paths(case, hops)
    unknowns = (
        *unknowns_of(context, case.provider, (*copy.ids, case.who)),
        *case.finding.reasons,
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
        side_effects=(*intent.side_effects, *_side_effects(access, others)),
        hops=hops,
        unchanged_grants=access.same,
        unchanged_hops=same_hops,
        other_actions=OtherActions(others.same, (*others.gained, *others.lost)),
        future_actions=tuple(others.future),
        unknowns=tuple(dict.fromkeys(unknowns)),
        remaining_paths=paths,
        limits=tuple(limits),
        order=order,
        back=back,
        counterexample=wrong[0] if wrong else None,
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
    )


# ---- 1 taken away ----


def _wanted(case: _Case) -> list[tuple[str, str]]:
    """Return whom the changes are to take which vectors from: who has them now."""
    loses = case.intent.loses
    vectors = case.finding.vectors
    who = [case.who] if case.who else sorted(loses)
    if case.intent.aim is Aim.ENTRY:
        return []
    return [
        (principal, vector)
        for principal in who
        for vector in sorted(
            {g.vector.id for g in case.context.graph.grants_of.get(principal, ())}
        )
        if case.intent.means(principal, vector) and (not vectors or vector in vectors)
    ]


def _untaken(case: _Case, hops: Sequence[HopChange]) -> Iterator[Counterexample]:
    if case.intent.aim is Aim.ENTRY:
        if not any(hop.source == case.who for hop in hops):
            why = "would still enter every role as it does now"
            yield Counterexample(Obligation.TAKEN, why, case.who)
        return
    wanted = _wanted(case)
    if not wanted:
        why = "has none of the vectors that it is to lose"
        yield Counterexample(Obligation.TAKEN, why, case.who)
    yield from not_taken(case.context, wanted, case.after, case.intent.aim)


def _rest(case: _Case) -> bool:
    """True when the finding names a vector that the changes are not to take."""
    if case.intent.aim is Aim.ENTRY or not case.who:
        return False
    meant = (case.intent.means(case.who, one) for one in case.finding.vectors)
    return not all(meant)


def _paths(case: _Case, hops: Sequence[HopChange]) -> tuple[Path, ...]:
    """Return how the principal of the finding still reaches what it is to lose."""
    if case.intent.aim is Aim.NARROW or not case.who:
        return ()
    account = home_of(case.who) if case.provider is Provider.AWS else ""
    targets = case.context.targets(case.provider, account)
    wanted = 0
    for grant in case.context.graph.grants_of.get(case.who, ()):
        if grant.vector.id in case.finding.vectors:
            wanted |= targets.bits(grant.targets)
    temporary = case.intent.aim is Aim.TEMPORARY
    return remaining_paths(
        case.context, case.who, targets, wanted, case.after, hops, temporary
    )


# ---- 2 left alone: hops ----


def _wrong_hops(case: _Case, hops: Sequence[HopChange]) -> Iterator[Counterexample]:
    """Yield hops that appear or grow, and those lost that nobody meant."""
    for hop in hops:
        statement = f"{hop.kind} {hop.target}"
        if hop.grown:
            why = f"would be {hop.after}, and was {hop.before}"
        elif hop.source in case.intent.loses or case.intent.gives_up:
            continue
        else:
            why = f"would be {hop.after} instead of {hop.before}"
        yield Counterexample(
            Obligation.LEFT, why, hop.source, "", hop.target, statement
        )


# ---- 3 nothing else ----


def _others(case: _Case) -> Others:
    copy, intent = case.copy, case.intent
    if case.provider is Provider.AWS:
        return others_aws(case.context, AwsCopy(case.context, copy), copy.ids, intent)
    return others_azure(copy, intent)


def _wrong_others(others: Others, intent: Intent) -> Iterator[Counterexample]:
    lost = {} if intent.gives_up else others.lost
    for listed in (others.gained, lost):
        for one, who in listed.items():
            why = f"{one.action} would be {one.after} on {one.resource}, and was"
            yield Counterexample(
                Obligation.ELSE,
                f"{why} {one.before}",
                who,
                one.action,
                one.resource,
                one.where,
            )


def _catalogue(case: _Case) -> str:
    if case.provider is Provider.AWS:
        return case.context.actions.version
    return "every operation that the estate's role definitions name"


def _side_effects(access: Access, others: Others) -> Iterator[str]:
    for one in access.lost:
        yield f"{one.principal} loses {one.vector} on {one.targets}: {one.after}"
    by_where: dict[str, list[str]] = {}
    for difference in others.lost:
        by_where.setdefault(difference.where, []).append(difference.action)
    for where, actions in by_where.items():
        yield f"{where}: {len(actions)} other actions are lost ({actions[0]} first)"


# ---- 4 fits, 5 order ----


def _unfit(
    limits: Sequence[LimitUse], faults: Sequence[str]
) -> Iterator[Counterexample]:
    for fault in faults:
        yield Counterexample(Obligation.FITS, fault)
    for one in limits:
        if not one.fits:
            why = f"{one.used} {one.of}, and the limit is {one.limit}"
            yield Counterexample(Obligation.FITS, why, statement=one.where)


def _order(case: _Case) -> tuple[str, list[Counterexample]]:
    """Decide the estate as it would be after each step but the last."""
    changes, context = case.intent.changes, case.context
    if len(changes) < 2:
        return _ONE_STEP, []
    wrong: list[Counterexample] = []
    everything = Intent((), Aim.REMOVE, dict.fromkeys(case.copy.ids), gives_up=True)
    for n in range(1, len(changes)):
        copy = copied(context, case.copy.before, changes[:n])
        after = decide_again(context, copy.changed, copy.ids, copy.index)
        found = compare_access(context, case.provider, copy.ids, after, everything)
        hops, _ = compare_hops(context, copy)
        opened = [
            *(f"{one.why} ({one.principal} {one.vector})" for one in found.wrong),
            *(f"{hop.source} {hop.kind} {hop.target}" for hop in hops if hop.grown),
        ]
        wrong += [
            Counterexample(Obligation.ORDER, f"after step {n}: {why}")
            for why in opened[:1]
        ]
    return f"{len(changes)} steps: none of those in between opens anything", wrong
