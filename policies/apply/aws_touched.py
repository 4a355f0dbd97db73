"""Whose decisions, and hops, a change to an AWS estate can alter."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from policies.apply.aws_index import AwsIndex
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.aws.arn import parse_arn
from scanner.aws.deciding.lending import names_services
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.iam.statements import names_action
from scanner.aws.model import ControlLevel, Identity, Organization
from scanner.aws.vectors import catalogue


def touched_aws(index: AwsIndex, changes: Iterable[Change]) -> frozenset[str]:
    """Return the ARNs of the identities that some changes may concern.

    Besides whom a document serves, everybody who may have something act as a role that
    is among them (pass it to a service, rewrite a function that runs as it).
    """
    found: set[str] = set()
    changes = tuple(changes)
    for change in changes:
        found.update(_served(index, change))
    homes = {one.principal.scope for one in _lent(index, found)}
    trusts = (c.resource for c in changes if c.resource)
    homes |= {_home(one.id) for one in trusts if one.kind is ResourceKind.TRUST}
    for home in homes & index.estate.accounts.keys():
        found.update(one.principal.id for one in _borrowers(index, home))
    return frozenset(found)


def needed_aws(index: AwsIndex, ids: Iterable[str]) -> frozenset[str]:
    """Return some identities, and the roles that decide what they may borrow."""
    wanted = frozenset(ids)
    needed = set(wanted)
    for home in {_home(arn) for arn in wanted} & index.estate.accounts.keys():
        if any(one.principal.id in wanted for one in _borrowers(index, home)):
            roles = (one.principal.id for one in index.estate.accounts[home].identities)
            needed.update(one.principal.id for one in _lent(index, roles))
    return frozenset(needed)


def _home(arn: str) -> str:
    parsed = parse_arn(arn)
    return parsed.account if parsed else ""


def _served(index: AwsIndex, change: Change) -> Iterator[str]:
    resource = change.resource
    if resource is None:
        return
    match resource.kind:
        case ResourceKind.MANAGED_POLICY:
            yield from index.holders.get(resource.id, ())
        case ResourceKind.INLINE_POLICY | ResourceKind.ATTACHMENT:
            yield from index.members.get(resource.id, ())
            if resource.id not in index.groups:
                yield resource.id
        case ResourceKind.BOUNDARY | ResourceKind.TRUST:
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


def _lent(index: AwsIndex, arns: Iterable[str]) -> Iterator[Identity]:
    """Yield those that something of their account may act as, or acts as already."""
    for arn in arns:
        one = index.identities.get(arn)
        if one is None or one.principal.kind != "role" or one.service_linked:
            continue
        trust = one.trust
        open_ = trust is None or trust.problem is not None or names_services(trust)
        if open_ or arn in index.held:
            yield one


def _borrowers(index: AwsIndex, account: str) -> Iterator[Identity]:
    """Yield who has a part of a way to let something act as a role."""
    for one in index.estate.accounts[account].identities:
        documents = (each.document for each in one.policies)
        root = one.principal.kind == "root"
        if root or one.unread or any(map(_borrows, documents)):
            yield one


@lru_cache(maxsize=1 << 16)
def _borrows(document: PolicyDocument) -> bool:
    actions = _lending_actions()
    return bool(document.problem) or any(
        one.effect == "Allow" and any(names_action(one, action) for action in actions)
        for one in document.statements
    )


@lru_cache(maxsize=1)
def _lending_actions() -> tuple[str, ...]:
    """Return an operation of each way that something is lent by."""
    ways = (way for vector in catalogue().covered for way in vector.ways)
    return tuple(sorted({w.steps[-1].action for w in ways if w.lender is not None}))
