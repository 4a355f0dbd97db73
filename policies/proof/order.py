"""Obligation 5: no step between the first change and the last opens anything."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from policies.proof.context import Context
from policies.proof.continuity import interrupted
from policies.proof.continuity_azure import gaps as azure_gaps
from policies.proof.continuity_azure import gives
from policies.proof.entering import lets_in_no_more
from policies.proof.grants import compare_access
from policies.proof.intent import Intent
from policies.proof.layers import compare_layers
from policies.proof.model import Aim, Counterexample, Obligation
from policies.proof.obligations import Case
from policies.proof.outcomes import outcome_of
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.iam.documents import PolicyDocument
from scanner.estate import Provider

_GAP = "until a later one: the old role and the new one together would open more"
_ONE_STEP = "one change: nothing lies in between"
#: Objects whose rights add up: creating one takes nothing, deleting one gives nothing.
_ADDING = (
    ResourceKind.ROLE_DEFINITION,
    ResourceKind.ROLE_ASSIGNMENT,
    ResourceKind.ROLE_ELIGIBILITY,
    ResourceKind.DELEGATION,
    ResourceKind.MEMBERSHIP,
)
#: Documents of what people hold, or of what bounds them.
_DOCUMENTS = (
    ResourceKind.MANAGED_POLICY,
    ResourceKind.INLINE_POLICY,
    ResourceKind.SCP,
    ResourceKind.RCP,
)
_NOTHING = {"Version": "2012-10-17", "Statement": []}
#: New ones of these cut access, or nobody has them yet.
_HARMLESS = (
    ResourceKind.DENY_ASSIGNMENT,
    ResourceKind.LOCK,
    ResourceKind.POLICY_ASSIGNMENT,
    ResourceKind.POLICY_DEFINITION,
    ResourceKind.MANAGED_POLICY,
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown about the steps in between.

    Attributes:
        words: the same in words.
        wrong: the first thing that each step would open, or take for a while.
        gaps: what somebody is without for a while, since having both would open more.
    """

    words: str
    wrong: tuple[Counterexample, ...] = ()
    gaps: tuple[str, ...] = ()


def check_order(case: Case) -> Shown:
    """Decide the estate as it would be between the changes.

    What somebody keeps may not be gone for a while either (`continuity`); of Azure's
    roles only where the old and the new one together would open something: who may
    rewrite roles would rewrite the new one.

    Where all objects only add rights, what is there before the old ones go is the most
    that any step gives: where that opens nothing, one decision stands for all.
    """
    changes = case.intent.changes
    if len(changes) < 2:
        return Shown(_ONE_STEP)
    wrong = [
        Counterexample(
            Obligation.ORDER,
            f"after step {n}: {one.why}",
            one.principal,
            one.vector,
            one.target,
            one.statement,
        )
        for n, one in _opening(case)
    ]
    gaps: list[str] = []
    if case.provider is Provider.AWS:
        wrong += [one for _, one in interrupted(case)]
    else:
        for number, who, operation in azure_gaps(case):
            if not _opened(case, _both_at_once(changes, number)):
                why = f"after step {number}: would be gone until a later step"
                wrong.append(Counterexample(Obligation.ORDER, why, who, operation))
            else:
                gaps.append(f"after step {number}, {who} is without {operation} {_GAP}")
    words = f"{len(changes)} steps: none of those in between opens anything"
    return Shown("; ".join((words, *gaps)), tuple(wrong), tuple(gaps))


def _both_at_once(changes: Sequence[Change], number: int) -> list[Change]:
    """Return the steps that would be made were all gifts made before one taking."""
    taken = changes[number - 1].resource
    later = (one for one in changes[number:] if one.resource != taken)
    return [*changes[: number - 1], *filter(gives, later)]


def _opening(case: Case) -> Iterator[tuple[int, Counterexample]]:
    """Yield the first thing that each step opens, with the number of the step."""
    changes = case.intent.changes
    if all(map(_adds_up, changes)):
        made = [one for one in changes if one.after is not None]
        if all(map(_harmless, made)) or not _opened(case, made):
            return
    for n, change in enumerate(changes[:-1], start=1):
        harmless = _opens_nothing(case.context, change)
        if not harmless and not _stands_in(case.context, changes, n - 1):
            yield from ((n, one) for one in _opened(case, changes[:n]))


def _opens_nothing(context: Context, change: Change) -> bool:
    """True when a step opens nothing, whatever else somebody holds."""
    gone = _adds_up(change) and change.after is None
    return gone or _harmless(change) or _only_takes(context, change)


def _adds_up(change: Change) -> bool:
    known = change.resource.kind in _ADDING
    return known and (change.before is None or change.after is None)


def _harmless(change: Change) -> bool:
    kind = change.resource.kind
    return kind in _HARMLESS and change.before is None


def _only_takes(context: Context, change: Change) -> bool:
    """True when a document allows nothing more, and denies nothing less, than before.

    Whatever else somebody holds, such a change opens nothing.
    """
    kind = change.resource.kind
    if change.before is None:
        return False
    if kind is ResourceKind.TRUST and change.after is not None:
        sides = (_document(context, one) for one in (change.after, change.before))
        return lets_in_no_more(*sides)
    if kind not in _DOCUMENTS:
        return False
    before, after = (
        _document(context, content)
        for content in (change.before, change.after or _NOTHING)
    )
    return _no_more(context, after, before)


def _stands_in(context: Context, changes: Sequence[Change], at: int) -> bool:
    """True when a policy is attached that allows no more than one that goes later.

    Where nothing but such policies came before, the other one still gives it all. Who
    may rewrite the new one is compared at the end, when it is attached as well.
    """
    if not all(_harmless(one) or _attaches(one) for one in changes[: at + 1]):
        return False
    change = changes[at]
    new = _attached(context, changes[:at], change)
    leaving = (
        _attached(context, (), one)
        for one in changes[at + 1 :]
        if (one.resource.kind, one.resource.id)
        == (change.resource.kind, change.resource.id)
        and one.after is None
    )
    return new is not None and any(
        old is not None and _no_more(context, new, old) for old in leaving
    )


def _attaches(change: Change) -> bool:
    kind = change.resource.kind
    return kind is ResourceKind.ATTACHMENT and change.before is None


def _attached(
    context: Context, before: Sequence[Change], change: Change
) -> PolicyDocument | None:
    """Return the document that an attachment is about, if anybody read it."""
    name = change.resource.name
    for one in before:
        if one.resource.id == name:
            return _document(context, one.after)
    known = context.aws_index.attached.get(name)
    return known.document if known else None


def _document(context: Context, content: object) -> PolicyDocument:
    return context.aws_index.store.of_text(json.dumps(content))


def _no_more(context: Context, after: PolicyDocument, before: PolicyDocument) -> bool:
    """Tell whether a document allows nothing more, and denies nothing less."""
    if before.problem or after.problem:
        return False
    key = ("order", before, after)
    found = context.layers.get(key)
    if found is None:
        sides = (frozenset({before}), frozenset({after}))
        found = compare_layers(context.actions, *sides, frozenset())
        context.layers[key] = found
    return not found.gained


def _opened(case: Case, changes: Sequence[Change]) -> list[Counterexample]:
    """Return the first thing that some changes alone would open."""
    context = case.context
    outcome = outcome_of(context, case.copy.before, changes)
    ids = outcome.copy.ids
    anything = Intent((), Aim.REMOVE, dict.fromkeys(ids), gives_up=True)
    found = compare_access(context, case.provider, ids, outcome.after, anything)
    opened = [
        Counterexample(
            Obligation.ORDER, f"would be {hop.after}", hop.source, "", hop.target
        )
        for hop in outcome.hops
        if hop.grown
    ]
    return [*found.wrong, *opened][:1]
