"""Obligation 5 on AWS, the other side: what is to stay is not gone for a while."""

from collections.abc import Iterator, Sequence

from policies.proof.copies import AwsCopy, copied
from policies.proof.layers import Documents, compare_layers
from policies.proof.model import Counterexample, Obligation
from policies.proof.obligations import Case
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.model import Identity

#: Objects by which somebody, or a group, has its policies.
_GIVING = (
    ResourceKind.ATTACHMENT,
    ResourceKind.INLINE_POLICY,
    ResourceKind.GROUP_MEMBER,
    ResourceKind.PERMISSION_SET_INLINE,
    ResourceKind.PERMISSION_SET_POLICY,
)


def interrupted(case: Case) -> Iterator[tuple[int, Counterexample]]:
    """Yield the first right that each step takes and a later one gives back.

    A step that takes a policy from somebody who gets another one later leaves a gap:
    whatever they run meanwhile fails. Of AWS objects only (`continuity_azure`).

    Yields:
        The number of the step, and whose right it is.
    """
    changes = case.intent.changes
    for number in _taking(changes):
        now = copied(case.context, case.copy.before, changes[:number])
        meanwhile = AwsCopy(case.context, now)
        last = AwsCopy(case.context, case.copy)
        for arn in sorted(now.ids):
            start, then = meanwhile.identities(arn)
            found = start and _missing(case, last.identities(arn)[1], then)
            if found:
                why = f"after step {number}: would be gone until a later step"
                yield number, Counterexample(Obligation.ORDER, why, arn, found)
                break


def _taking(changes: Sequence[Change]) -> Iterator[int]:
    """Yield the steps that take what somebody has who gets something later."""
    for number, change in enumerate(changes, start=1):
        if change.resource.kind in _GIVING and change.after is None:
            later = (one for one in changes[number:] if one.before is None)
            who = _owners(change)
            if any(
                one.resource.kind in _GIVING and who & _owners(one) for one in later
            ):
                yield number


def _owners(change: Change) -> set[str]:
    member = change.resource.kind is ResourceKind.GROUP_MEMBER
    return {change.resource.id, *([change.resource.name] if member else ())}


def _missing(case: Case, last: Identity | None, now: Identity | None) -> str:
    """Return an action that an identity has at last, and not now; empty for none."""
    whole, part = _held(last), _held(now)
    if whole == part or any(one.problem for one in whole | part):
        return ""
    lost = compare_layers(case.context.actions, whole, part, frozenset()).lost
    return lost[0][0] if lost else ""


def _held(one: Identity | None) -> Documents:
    return frozenset(each.document for each in one.policies) if one else frozenset()
