"""Whose decisions, and hops, a change to an AWS estate can alter."""

from collections.abc import Iterable, Iterator

import msgspec

from policies.apply.aws_index import AwsIndex
from policies.apply.aws_lending import borrowers, commands, lent, may_be_lent
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.model import ControlLevel, Organization


def touched_aws(index: AwsIndex, changes: Iterable[Change]) -> frozenset[str]:
    """Return the ARNs of the identities that some changes may concern.

    Besides whom a document serves, everybody who may have something act as a role that
    is among them (pass it to a service, rewrite a function that runs as it).
    """
    found: set[str] = set()
    homes: set[str] = set()
    for change in changes:
        mine = set(_served(index, change))
        homes |= set(_lending(index, change, mine))
        found |= mine
    for home in homes & index.estate.accounts.keys():
        found |= borrowers(index, home)
    return frozenset(found)


def _lending(index: AwsIndex, change: Change, served: Iterable[str]) -> Iterator[str]:
    """Yield the accounts in which a change may alter what a role lends."""
    trust = change.resource.kind is ResourceKind.TRUST
    gives = commands(_documents(index, change))
    for arn in served:
        one = index.identities.get(arn)
        if one is None:
            yield _home(arn)
            continue
        able = gives or commands(each.document for each in one.policies)
        if able and (trust or may_be_lent(index, one)):
            yield one.principal.scope


def _documents(index: AwsIndex, change: Change) -> Iterator[PolicyDocument]:
    """Yield the documents that a change gives; one that nobody read may hold all."""
    resource, body = change.resource, change.after
    if body is None:
        return
    if resource.kind in (ResourceKind.ATTACHMENT, ResourceKind.PERMISSION_SET_POLICY):
        known = index.attached.get(resource.name)
        yield known.document if known else PolicyDocument("", "", (), "not read")
    elif resource.kind in _DOCUMENTS:
        raw = body.encode() if isinstance(body, str) else msgspec.json.encode(body)
        yield index.store.of_raw(raw)


_DOCUMENTS = (
    ResourceKind.MANAGED_POLICY,
    ResourceKind.INLINE_POLICY,
    ResourceKind.PERMISSION_SET_INLINE,
)


def needed_aws(index: AwsIndex, ids: Iterable[str]) -> frozenset[str]:
    """Return some identities, and the roles that decide what they may borrow."""
    wanted = frozenset(ids)
    found = set(wanted)
    for home in {_home(arn) for arn in wanted} & index.estate.accounts.keys():
        if not wanted.isdisjoint(borrowers(index, home)):
            found |= lent(index, home)
    return frozenset(found)


def _home(arn: str) -> str:
    parsed = parse_arn(arn)
    return parsed.account if parsed else ""


def _served(index: AwsIndex, change: Change) -> Iterator[str]:
    resource = change.resource
    match resource.kind:
        case ResourceKind.MANAGED_POLICY:
            yield from index.holders.get(resource.id, ())
        case ResourceKind.INLINE_POLICY | ResourceKind.ATTACHMENT:
            yield from index.members.get(resource.id, ())
            if resource.id not in index.groups:
                yield resource.id
        case ResourceKind.BOUNDARY | ResourceKind.TRUST | ResourceKind.USER:
            yield resource.id
        case ResourceKind.GROUP_MEMBER:
            yield resource.name
        case (
            ResourceKind.PERMISSION_SET_INLINE
            | ResourceKind.PERMISSION_SET_POLICY
            | ResourceKind.ACCOUNT_ASSIGNMENT
        ):
            yield from index.provisioned.get(resource.id, ())
        case ResourceKind.SCP | ResourceKind.RCP:
            yield from _bound(index, resource.id, "")
        case ResourceKind.CONTROL_ATTACHMENT:
            yield from _bound(index, "", resource.id)
        case ResourceKind.INSTANCE_PROFILE:
            bodies = (change.before, change.after)
            roles = (b.get("RoleArn") for b in bodies if isinstance(b, dict))
            yield from (role for role in roles if isinstance(role, str))


def _bound(index: AwsIndex, policy: str, target: str) -> Iterator[str]:
    """Yield whom a control policy binds, wherever it is attached, or a level does."""
    for organization in index.estate.organizations:
        levels = {target} if target else set(_levels_with(organization, policy))
        for account, path in organization.paths.items():
            mine = index.estate.accounts.get(account)
            exempt = account == organization.management_account
            if mine is not None and not exempt and not levels.isdisjoint(path):
                for one in mine.identities:
                    if not one.service_linked:
                        yield one.principal.id


def _levels_with(organization: Organization, policy: str) -> Iterator[str]:
    def has(level: ControlLevel) -> bool:
        attached = any(one.source == policy for one in level.policies)
        return attached or policy in level.unread

    for levels in (organization.scps, organization.rcps):
        yield from (target for target, level in levels.items() if has(level))
