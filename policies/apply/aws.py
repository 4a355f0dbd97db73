"""Apply changes to a copy of an AWS estate: one function per kind of object."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from policies.apply.aws_draft import AwsDraft
from policies.apply.aws_index import SSO_INLINE, AwsIndex
from policies.apply.aws_organization import ORGANIZATION_KINDS
from policies.apply.aws_subjects import apply_group, apply_user
from policies.apply.errors import UnappliableChange, expect, member, no_such
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.aws.arn import parse_arn
from scanner.aws.model import Attached, AwsEstate, Identity
from scanner.estate import Principal, Provider

_Apply = Callable[[AwsDraft, Resource, Change], None]
#: What an identity or group has itself: policies, and those that were not read.
_Own = tuple[tuple[Attached, ...], tuple[str, ...]]


def applied_aws(index: AwsIndex, changes: Iterable[Change]) -> AwsEstate:
    """Return the estate of an index with some changes made, one after the other.

    Raises:
        UnappliableChange: an object that is not there (or there already), a document
            that AWS would not store, a kind of object that the estate does not hold.
    """
    draft = AwsDraft(index)
    for change in changes:
        resource = change.resource
        apply = _KINDS.get(resource.kind)
        if apply is None:
            raise UnappliableChange(change, "this kind of object is not in the estate")
        apply(draft, resource, change)
    return draft.finish()


# ---- policies ----


def _managed(draft: AwsDraft, resource: Resource, change: Change) -> None:
    arn = resource.id
    holders = draft.holders(arn)
    expect(change, draft.policy(arn) is not None)
    if change.after is None:
        if holders:
            reason = f"{holders[0].principal.id} still has it: detach it first"
            raise UnappliableChange(change, reason)
        draft.put_policy(arn, None)
        return
    policy = Attached(arn, draft.document(change, change.after))
    draft.put_policy(arn, policy)
    for group in draft.groups_with(arn):
        policies, unread = _with_content((group.policies, group.unread), policy)
        draft.put_group(replace(group, policies=policies, unread=unread))
    for one in holders:
        now = draft.identity(one.principal.id) or one
        if now.boundary is not None and now.boundary.source == arn:
            now = replace(now, boundary=policy)
        draft.put_own(now, *_with_content(draft.own(now), policy))


def _with_content(own: _Own, policy: Attached) -> _Own:
    """Give a policy that somebody has new content, or content at last."""
    policies, unread = own
    kept = tuple(policy if p.source == policy.source else p for p in policies)
    if policy.source in unread:
        kept = (*kept, policy)
    return kept, tuple(source for source in unread if source != policy.source)


def _inline(draft: AwsDraft, resource: Resource, change: Change) -> None:
    _put_inline(draft, resource.id, resource.name, change)


def _put_inline(draft: AwsDraft, owner: str, name: str, change: Change) -> None:
    source = f"{owner}/inline/{name}"
    policies, unread = _own(draft, owner, change)
    expect(change, any(each.source == source for each in policies))
    kept = tuple(each for each in policies if each.source != source)
    if change.after is not None:
        kept = (*kept, Attached(source, draft.document(change, change.after)))
    _put(draft, owner, (kept, unread))


def _attachment(draft: AwsDraft, resource: Resource, change: Change) -> None:
    _attach(draft, resource.id, resource.name, change)


def _attach(draft: AwsDraft, owner: str, arn: str, change: Change) -> None:
    policies, unread = _own(draft, owner, change)
    has = arn in unread or any(each.source == arn for each in policies)
    expect(change, has)
    kept = tuple(each for each in policies if each.source != arn)
    left = tuple(each for each in unread if each != arn)
    if change.after is not None:
        policy = _policy(draft, arn, change)
        if policy is None:
            left = (*left, arn)
        else:
            kept = (*kept, policy)
    _put(draft, owner, (kept, left))


def _policy(draft: AwsDraft, arn: str, change: Change) -> Attached | None:
    """Return a managed policy; None for one that evidence does not show.

    A customer-managed policy of an account whose policies were listed does not exist
    when it is not among them.
    """
    found, home = draft.policy(arn), draft.home(arn)
    if found is None and home is not None and home.policies:
        raise UnappliableChange(change, f"{arn} is not in the estate")
    return found


def _own(draft: AwsDraft, owner: str, change: Change) -> _Own:
    """Return what a user, role or group has itself."""
    group, one = draft.group(owner), draft.identity(owner)
    if group is not None:
        return group.policies, group.unread
    if one is None:
        raise no_such(change, owner)
    return draft.own(one)


def _put(draft: AwsDraft, owner: str, own: _Own) -> None:
    """Set what a user, role or group has itself."""
    group, one = draft.group(owner), draft.identity(owner)
    if group is not None:
        draft.put_group(replace(group, policies=own[0], unread=own[1]))
    elif one is not None:
        draft.put_own(one, *own)


def _boundary(draft: AwsDraft, resource: Resource, change: Change) -> None:
    one = draft.identity(resource.id)
    if one is None:
        raise no_such(change, resource.id)
    expect(change, one.boundary is not None or one.unread_boundary)
    policy = None
    if change.after is not None:
        arn = member(change, change.after, "PermissionsBoundary")
        policy = _policy(draft, arn, change)
    unread = change.after is not None and policy is None
    draft.put(replace(one, boundary=policy, unread_boundary=unread))


# ---- roles, users, instances ----


def _trust(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Change a trust policy; from or to none creates or deletes the role itself."""
    one = draft.identity(resource.id)
    expect(change, one is not None)
    if change.after is None:
        if one is not None and (one.policies or one.unread):
            raise UnappliableChange(change, "it still has policies: detach them first")
        draft.remove(resource.id)
        return
    trust = draft.document(change, change.after, has_principal=True)
    draft.put(replace(one or _new_role(draft, resource.id, change), trust=trust))


def _new_role(draft: AwsDraft, arn: str, change: Change) -> Identity:
    parsed, account = parse_arn(arn), draft.home(arn)
    if parsed is None or account is None or not parsed.resource.startswith("role/"):
        raise UnappliableChange(change, f"{arn} is no role of an account in the estate")
    path, _, name = parsed.resource.removeprefix("role").rpartition("/")
    principal = Principal(Provider.AWS, arn, name, "role", False, account.id)
    return Identity(principal, path=f"{path}/")


def _group_member(draft: AwsDraft, resource: Resource, change: Change) -> None:
    group, user = draft.group(resource.id), draft.identity(resource.name)
    if user is None or user.principal.kind != "user":
        raise no_such(change, resource.name)
    inside = resource.id in user.groups
    if group is None and not inside:
        raise no_such(change, resource.id)
    expect(change, inside)
    policies, unread = draft.own(user)
    groups = tuple(one for one in user.groups if one != resource.id)
    if change.after is not None:
        groups = (*groups, resource.id)
    rest = tuple(one for one in unread if one != resource.id)
    draft.put_own(replace(user, groups=groups), policies, rest)


def _instance_profile(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Change the role that an instance runs as.

    `ProfileArn` beside `RoleArn` names the profile. Whether the agent could register
    with another role is not worked out: reachability stays as it was seen.
    """
    node = draft.node(resource.id)
    if node is None:
        raise no_such(change, resource.id)
    expect(change, node.role is not None or node.profile is not None)
    if change.after is None:
        draft.put_node(replace(node, role=None, profile=None))
        return
    role = member(change, change.after, "RoleArn")
    home = draft.home(role)
    if draft.identity(role) is None and home is not None and home.identities_complete:
        raise no_such(change, role)
    profile = change.after.get("ProfileArn", node.profile)
    draft.put_node(replace(node, role=role, profile=profile))


def _document_share(draft: AwsDraft, resource: Resource, change: Change) -> None:
    document = draft.ssm_document(resource.id)
    if document is None:
        raise no_such(change, resource.id)
    body = change.after or {"AccountIds": []}
    accounts = body.get("AccountIds") if isinstance(body, Mapping) else None
    if not isinstance(accounts, list) or not all(isinstance(a, str) for a in accounts):
        raise UnappliableChange(change, "AccountIds is no list of texts")
    draft.put_ssm_document(replace(document, shared_with=tuple(accounts)))


# ---- permission sets ----


def _permission_set_inline(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Put the inline policy of a permission set into all its roles, as they are now."""
    for role in _roles_of(draft, resource, change):
        _put_inline(draft, role, SSO_INLINE, change)


def _permission_set_policy(draft: AwsDraft, resource: Resource, change: Change) -> None:
    for role in _roles_of(draft, resource, change):
        _attach(draft, role, resource.name, change)


def _roles_of(draft: AwsDraft, resource: Resource, change: Change) -> tuple[str, ...]:
    roles = draft.index.provisioned.get(resource.id, ())
    known = any(resource.id in one.permission_sets for one in draft.organizations)
    if not roles and not known:
        raise no_such(change, resource.id)
    return roles


_KINDS: Mapping[ResourceKind, _Apply] = {
    ResourceKind.MANAGED_POLICY: _managed,
    ResourceKind.INLINE_POLICY: _inline,
    ResourceKind.ATTACHMENT: _attachment,
    ResourceKind.BOUNDARY: _boundary,
    ResourceKind.TRUST: _trust,
    ResourceKind.USER: apply_user,
    ResourceKind.GROUP: apply_group,
    ResourceKind.GROUP_MEMBER: _group_member,
    ResourceKind.INSTANCE_PROFILE: _instance_profile,
    ResourceKind.DOCUMENT_SHARE: _document_share,
    ResourceKind.PERMISSION_SET_INLINE: _permission_set_inline,
    ResourceKind.PERMISSION_SET_POLICY: _permission_set_policy,
    **ORGANIZATION_KINDS,
}
