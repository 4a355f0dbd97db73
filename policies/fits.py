"""What changes leave of limits: grammar, sizes and counts once they are made."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from policies import limits
from policies.aws.owners import kind_of, policy_name
from policies.grammar import DOCUMENTS, faults, name_fault
from policies.limits import Limit, size_of
from policies.pools import Pools
from policies.proof.model import LimitUse
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.arn import parse_arn
from scanner.aws.model import Attached, AwsAccount, AwsEstate, Identity
from scanner.azure.model import AzureEstate

_INLINE = "/inline/"
Half = AwsEstate | AzureEstate


def fits(
    before: Half, after: Half, changes: Sequence[Change]
) -> tuple[Sequence[LimitUse], Sequence[str]]:
    """Return the limits of everything that was changed, and what is written wrongly.

    Args:
        before: the estate, or the part of it that the changes concern.
        after: the same once they are made.
        changes: what was made of the one to become the other.

    Counts that fall at the end are taken where they are highest: a copy is attached
    before the original goes.
    """
    wrong = [
        f"{change.where}: {fault}" for change in changes for fault in _faults(change)
    ]
    if isinstance(before, AwsEstate) and isinstance(after, AwsEstate):
        found = (*_aws(before, after, changes), *Pools(before).uses(changes))
        return found, wrong
    if isinstance(before, AzureEstate):
        return (*_azure(changes), *Pools(before).uses(changes)), wrong
    return (), wrong


def _faults(change: Change) -> Iterator[str]:
    resource = change.resource
    if change.after is None:
        return
    if resource.kind in DOCUMENTS:
        yield from faults(change.after, resource.kind)
    name = resource.name if resource.kind is ResourceKind.INLINE_POLICY else ""
    if resource.kind is ResourceKind.MANAGED_POLICY:
        name = policy_name(resource.id)
    fault = name_fault(name, limits.POLICY_NAME.value) if name else None
    if fault:
        yield fault


def _use(where: str, used: int, limit: Limit) -> LimitUse:
    return LimitUse(where, limit.of, used, limit.value, limit.source, limit.dated)


# ---- AWS ----


def _aws(
    before: AwsEstate, after: AwsEstate, changes: Sequence[Change]
) -> Iterator[LimitUse]:
    attached: Counter[str] = Counter()
    for change in changes:
        resource = change.resource
        if change.after is None:
            continue
        account = _account(before, resource.id)
        quotas = account.quotas if account else {}
        yield from _sizes(change, quotas, after)
        if resource.kind is ResourceKind.MANAGED_POLICY:
            versions = account.versions.get(resource.id) if account else None
            if versions and change.before is not None:
                # The oldest goes first, as the change says.
                limit = limits.POLICY_VERSIONS.of_account(quotas)
                yield _use(resource.id, min(len(versions[0]) + 1, limit.value), limit)
        elif resource.kind is ResourceKind.ATTACHMENT:
            attached[resource.id] += 1
    for owner, new in attached.items():
        account = _account(before, owner)
        quotas = account.quotas if account else {}
        limit = limits.slot_limit(kind_of(owner), quotas)
        yield _use(owner, _managed(account, owner) + new, limit)
    yield from _slots(after, changes)


def _sizes(
    change: Change, quotas: Mapping[str, int], after: AwsEstate
) -> Iterator[LimitUse]:
    resource, size = change.resource, size_of(change.after)
    match resource.kind:
        case ResourceKind.MANAGED_POLICY:
            limit = limits.MANAGED_POLICY.of_account(quotas)
        case ResourceKind.TRUST:
            limit = limits.TRUST_POLICY.of_account(quotas)
        case ResourceKind.SCP | ResourceKind.RCP:
            limit = limits.CONTROL_POLICY
        case ResourceKind.PERMISSION_SET_INLINE:
            limit = limits.PERMISSION_SET_INLINE
        case ResourceKind.INLINE_POLICY:
            limit = limits.inline_limit(kind_of(resource.id), quotas)
            size = _inline(_account(after, resource.id), resource.id)
        case _:
            return
    yield _use(resource.id, size, limit)


def _slots(after: AwsEstate, changes: Sequence[Change]) -> Iterator[LimitUse]:
    for change in changes:
        resource = change.resource
        kind = resource.kind
        if kind is not ResourceKind.CONTROL_ATTACHMENT:
            continue
        for organization in after.organizations:
            for levels in (organization.scps, organization.rcps):
                level = levels.get(resource.id)
                mine = level and any(p.source == resource.name for p in level.policies)
                if level is not None and mine:
                    used = len(level.policies) + len(level.unread)
                    yield _use(resource.id, used, limits.CONTROL_SLOTS)


def _account(estate: AwsEstate, arn: str) -> AwsAccount | None:
    parsed = parse_arn(arn)
    return estate.accounts.get(parsed.account) if parsed else None


def _inline(account: AwsAccount | None, owner: str) -> int:
    """Return the size of all inline policies of a user, role or group."""
    head = f"{owner}{_INLINE}"
    return sum(
        len(one.document.text)
        for one in _policies(account, owner)
        if one.source.startswith(head)
    )


def _managed(account: AwsAccount | None, owner: str) -> int:
    """Return how many managed policies a user, role or group has itself."""
    return sum(_INLINE not in one.source for one in _policies(account, owner))


def _policies(account: AwsAccount | None, owner: str) -> tuple[Attached, ...]:
    if account is None:
        return ()
    group = account.groups.get(owner)
    if group is not None:
        return group.policies
    identity = next((i for i in account.identities if i.principal.id == owner), None)
    return _own(account, identity) if identity else ()


def _own(account: AwsAccount, identity: Identity) -> tuple[Attached, ...]:
    groups = (account.groups.get(arn) for arn in identity.groups)
    shared = sum(len(group.policies) for group in groups if group)
    return identity.policies[: len(identity.policies) - shared]


# ---- Azure ----


def _azure(changes: Sequence[Change]) -> Iterator[LimitUse]:
    for change in changes:
        resource = change.resource
        if change.after is None:
            continue
        if resource.kind is ResourceKind.ROLE_DEFINITION:
            name = change.after["properties"]["roleName"]
            yield _use(resource.id, len(name), limits.ROLE_NAME_AZURE)
        elif resource.kind is ResourceKind.ROLE_ASSIGNMENT:
            condition = change.after["properties"].get("condition", "")
            used = len(condition.encode())
            yield _use(resource.id, used, limits.ASSIGNMENT_CONDITION)
