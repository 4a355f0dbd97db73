"""Whether two estates are the same, whatever the order that things were added in."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from scanner.aws.model import (
    Attached,
    AwsAccount,
    AwsEstate,
    ControlLevel,
    Identity,
    Organization,
)
from scanner.azure.model import AzureEstate, AzureTenant


def same_aws(one: AwsEstate, other: AwsEstate) -> bool:
    """Compare two AWS estates, document for document."""
    if one.accounts.keys() != other.accounts.keys():
        return False
    pairs = ((one.accounts[id_], other.accounts[id_]) for id_ in one.accounts)
    return all(a is b or _same_account(a, b) for a, b in pairs) and (
        _organizations(one.organizations) == _organizations(other.organizations)
    )


def same_azure(one: AzureEstate, other: AzureEstate) -> bool:
    """Compare two Azure estates.

    Who is in which group all the way down, and principals that nothing but assignments
    name, follow from the rest and are not compared.
    """
    if one.tenants.keys() != other.tenants.keys():
        return False
    pairs = ((one.tenants[id_], other.tenants[id_]) for id_ in one.tenants)
    return all(a is b or _tenant(a) == _tenant(b) for a, b in pairs)


def _same_account(one: AwsAccount, other: AwsAccount) -> bool:
    # Whoever no change touched is the same object.
    if len(one.identities) != len(other.identities):
        return False
    pairs = zip(one.identities, other.identities, strict=True)
    return _account(one) == _account(other) and all(
        a is b or _identity(a) == _identity(b) for a, b in pairs
    )


def _account(account: AwsAccount) -> object:
    groups = {
        arn: (_texts(group.policies), frozenset(group.unread))
        for arn, group in account.groups.items()
    }
    policies = _texts(account.policies.values())
    rest = replace(account, identities=(), groups={}, policies={})
    return rest, groups, policies


def _identity(one: Identity) -> object:
    rest = replace(one, policies=(), groups=(), unread=(), boundary=None, trust=None)
    lists = Counter(one.groups), frozenset(one.unread)
    boundary = one.boundary and _text(one.boundary)
    return rest, lists, _texts(one.policies), boundary, one.trust and one.trust.text


def _text(one: Attached) -> tuple[str, str]:
    return one.source, one.document.text


def _texts(policies: Iterable[Attached]) -> Counter[tuple[str, str]]:
    return Counter(map(_text, policies))


def _organizations(organizations: Iterable[Organization]) -> object:
    return [
        (
            replace(o, scps={}, rcps={}, scp_policies={}, rcp_policies={}),
            *map(_levels, (o.scps, o.rcps)),
            *(_texts(some.values()) for some in (o.scp_policies, o.rcp_policies)),
        )
        for o in organizations
    ]


def _levels(levels: Mapping[str, ControlLevel]) -> object:
    return {
        target: (_texts(one.policies), frozenset(one.unread), one.complete)
        for target, one in levels.items()
    }


def _tenant(tenant: AzureTenant) -> object:
    directory = tenant.directory
    rest = replace(
        tenant,
        assignments=(),
        denies=(),
        locks=(),
        directory=replace(
            directory, principals={}, reached={}, open_groups=frozenset()
        ),
    )
    lists = (tenant.assignments, tenant.denies, tenant.locks)
    return rest, [Counter(some) for some in lists]
