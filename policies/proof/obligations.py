"""The obligations of a proof, each as what contradicts it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from checks.finding import Finding
from policies.proof.again import Grants
from policies.proof.context import Context, Half
from policies.proof.copies import AwsCopy, Copy
from policies.proof.grants import not_taken
from policies.proof.intent import Intent
from policies.proof.model import (
    Aim,
    Counterexample,
    HopChange,
    LimitUse,
    Obligation,
)
from policies.proof.others import Others
from policies.proof.others_aws import others_aws
from policies.proof.others_azure import others_azure
from policies.proof.outcomes import Outcome
from policies.remediation import Change
from scanner.estate import Provider

#: What changes leave of limits, and grammar faults, after they are made.
Fits = Callable[
    [Half, Half, Sequence[Change]], tuple[Sequence[LimitUse], Sequence[str]]
]


@dataclass(frozen=True, slots=True)
class Case:
    """What is being proven, and what the changes lead to."""

    context: Context
    remediation: str
    finding: Finding
    intent: Intent
    outcome: Outcome

    @property
    def copy(self) -> Copy:
        """The half of the estate that it is about, and its changed copy."""
        return self.outcome.copy

    @property
    def after(self) -> Grants:
        """Grants on the copy, of everybody whom the changes may concern."""
        return self.outcome.after

    @property
    def provider(self) -> Provider:
        """Whose half of the estate it is."""
        return self.finding.provider

    @property
    def who(self) -> str:
        """The principal of the finding; empty when it is about a scope."""
        return self.finding.principal.id if self.finding.principal else ""


# ---- 1 taken away ----


def _wanted(case: Case) -> list[tuple[str, str]]:
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
        if case.intent.takes(principal, vector) and (not vectors or vector in vectors)
    ]


def reasons_of(case: Case) -> list[str]:
    """Return why it is not certain that the access was there at all."""
    wanted = set(_wanted(case))
    found = {
        reason: None
        for who in sorted({who for who, _ in wanted})
        for grant in case.context.graph.grants_of.get(who, ())
        if (who, grant.vector.id) in wanted
        for reason in grant.decision.reasons
    }
    return list(found)


def untaken(case: Case, hops: Sequence[HopChange]) -> Iterator[Counterexample]:
    """Yield what is left of the access that the changes set out to take away."""
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


# ---- 2 left alone: hops ----


def wrong_hops(case: Case, hops: Sequence[HopChange]) -> Iterator[Counterexample]:
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


def others_of(case: Case) -> Others:
    """Compare every action or operation outside the vectors."""
    copy, intent = case.copy, case.intent
    if case.provider is Provider.AWS:
        return others_aws(case.context, AwsCopy(case.context, copy), copy.ids, intent)
    return others_azure(copy, intent)


def wrong_others(others: Others, intent: Intent) -> Iterator[Counterexample]:
    """Yield actions that are gained, and those lost that nobody declared."""
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


# ---- 4 fits, 5 order ----


def unfit(
    limits: Sequence[LimitUse], faults: Sequence[str]
) -> Iterator[Counterexample]:
    """Yield what is written wrongly, or is beyond a limit."""
    for fault in faults:
        yield Counterexample(Obligation.FITS, fault)
    for one in limits:
        if not one.fits:
            why = f"{one.used} {one.of}, and the limit is {one.limit}"
            yield Counterexample(Obligation.FITS, why, statement=one.where)
