"""An identity as it could be made: with another policy, without its boundary."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from scanner.aws.deciding.sides import FULL_POWER
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.linking.escalating.catalogue import Gives
from scanner.aws.linking.escalating.gaining import Change
from scanner.aws.model import Attached, AwsAccount, Identity

_T = TypeVar("_T")

#: Where a policy that the caller writes would be attached.
_WRITTEN = Attached("any-policy", FULL_POWER.document)


def changed(
    identity: Identity, change: Change, account: AwsAccount
) -> Iterator[Identity]:
    """Yield what an identity is after a change; nothing where it changes nothing.

    Its principal is not renamed yet.
    """
    match change.gives:
        case Gives.ANY_POLICY:
            # A deny that stays attached still denies.
            denies = (one for one in identity.policies if denying(one.document))
            yield replace(identity, policies=(*denies, _WRITTEN), unread=())
        case Gives.A_POLICY:
            yield _with_policies(identity, change.details, account)
        case Gives.A_VERSION if identity.known_as is None:
            wanted = {*change.details}
            for arn in sorted({one.source for one in identity.policies} & wanted):
                for document in account.other_versions.get(arn, ()):
                    yield _with_version(identity, arn, document)
        case Gives.NO_BOUNDARY:
            if identity.boundary is not None or identity.unread_boundary:
                yield replace(identity, boundary=None, unread_boundary=False)
        case Gives.NO_DENIES:
            yield from _without_denies(identity, account)
        case Gives.JOIN:
            yield from _joined(identity, change, account)
        case _:
            return


@lru_cache(maxsize=1 << 16)
def denying(document: PolicyDocument) -> bool:
    """Tell whether a document denies anything, or may."""
    return bool(document.problem) or any(
        statement.effect == "Deny" for statement in document.statements
    )


def _with_policies(
    identity: Identity, arns: Iterable[str], account: AwsAccount
) -> Identity:
    policies, unread = [*identity.policies], [*identity.unread]
    for arn in arns:
        attached = account.policies.get(arn)
        if attached is None:
            unread.append(arn)
        else:
            policies.append(attached)
    return replace(identity, policies=_once(policies), unread=_once(unread))


def _with_version(
    identity: Identity, policy: str, document: PolicyDocument
) -> Identity:
    policies = (
        Attached(one.source, document) if one.source == policy else one
        for one in identity.policies
    )
    return replace(identity, policies=tuple(policies))


def _without_denies(identity: Identity, account: AwsAccount) -> Iterator[Identity]:
    """Policies of a user's groups stay: they are not the user's to detach."""
    groups = (account.groups.get(arn) for arn in identity.groups)
    shared = {one.source for group in groups if group for one in group.policies}
    kept = tuple(
        one
        for one in identity.policies
        if one.source in shared or not denying(one.document)
    )
    if len(kept) < len(identity.policies):
        yield replace(identity, policies=kept)


def _joined(
    identity: Identity, change: Change, account: AwsAccount
) -> Iterator[Identity]:
    if may_join(identity, change, account):
        more, unread = joining(account, change)
        yield replace(
            identity,
            policies=_once((*identity.policies, *more)),
            unread=_once((*identity.unread, *unread)),
            groups=_once((*identity.groups, *_groups(account, change))),
        )


def may_join(identity: Identity, change: Change, account: AwsAccount) -> bool:
    """Tell whether somebody can be made a member of a group that it is not in."""
    new = {*_groups(account, change)} - {*identity.groups}
    return identity.known.kind == "user" and bool(new)


def _groups(account: AwsAccount, change: Change) -> Iterator[str]:
    return (arn for arn in change.details if arn in account.groups)


def joining(
    account: AwsAccount, change: Change
) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
    """Return the policies of the groups that are joined, and those not in evidence."""
    groups = [account.groups[arn] for arn in _groups(account, change)]
    policies = _once(one for group in groups for one in group.policies)
    return policies, _once(one for group in groups for one in group.unread)


def _once(many: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(many))
