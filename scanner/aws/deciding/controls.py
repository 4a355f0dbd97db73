"""The organisation's control policies that bind an account, level by level."""

from collections.abc import Mapping

from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.model import (
    Attached,
    AwsAccount,
    AwsEstate,
    ControlLevel,
    Identity,
    Organization,
)

#: Policies by level, root first; every level must allow. What was not read stands there
#: as a document with a problem: it may allow and may deny.
Levels = tuple[tuple[Attached, ...], ...]

_UNREAD = PolicyDocument("", "", (), "not read")


def unread(source: str) -> Attached:
    """Return the stand-in for a policy that is attached but not in evidence."""
    return Attached(source, _UNREAD)


def service_controls(estate: AwsEstate, account: AwsAccount) -> Levels:
    """Return the SCPs that bind an account's principals.

    The management account is exempt, and so is an account outside any organisation. An
    account whose organisation is not in evidence may be bound by anything; where nobody
    says which account is the management account, any of them may be exempt.
    """
    what = "service control policies"
    organization = estate.organization_of(account.id)
    if organization is None:
        return _outside(account, what)
    read, enabled = organization.scps, organization.scp_enabled
    return _levels(account, organization, read, enabled, what)


def resource_controls(estate: AwsEstate, account: AwsAccount) -> Levels:
    """Return the RCPs that bind an account's resources, roles included.

    Resources of the management account are exempt.
    """
    what = "resource control policies"
    organization = estate.organization_of(account.id)
    if organization is None:
        return _outside(account, what)
    read, enabled = organization.rcps, organization.rcp_enabled
    return _levels(account, organization, read, enabled, what)


def binds(identity: Identity) -> bool:
    """Tell whether control policies bind an identity at all."""
    return not (identity.service_linked or identity.unguarded)


def _outside(account: AwsAccount, what: str) -> Levels:
    if account.in_organization is False:
        return ()
    return ((unread(f"{what} of {account.id}"),),)


def _levels(
    account: AwsAccount,
    organization: Organization,
    read: Mapping[str, ControlLevel],
    enabled: bool | None,
    what: str,
) -> Levels:
    if account.id == organization.management_account or enabled is False:
        return ()
    path = organization.paths.get(account.id)
    if path is None:
        return ((unread(f"{what} of {account.id}"),),)
    if not organization.management_account:
        # It may be this one, which is exempt: what the policies cut is not certain.
        exempt = unread(f"whether {account.id} is the management account")
        return ((exempt,),)
    return tuple(_level(read.get(target), target, what) for target in path)


def _level(level: ControlLevel | None, target: str, what: str) -> tuple[Attached, ...]:
    if level is None:
        return (unread(f"{what} of {target}"),)
    missing = [unread(f"policy {source}") for source in level.unread]
    if not level.complete:
        missing.append(unread(f"{what} of {target}"))
    return (*level.policies, *missing)
