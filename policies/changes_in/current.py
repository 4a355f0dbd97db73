"""What an object holds now: the `before` of a change."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from policies.apply.aws_draft import AwsDraft
from policies.apply.aws_index import SSO_INLINE, AwsIndex
from policies.changes_in.objects import subject_body
from policies.resources import Resource, ResourceKind
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.model import Attached, Organization


def current_aws(index: AwsIndex, resource: Resource) -> Any:
    """Return what an AWS object holds, as `ResourceKind` says; None if it is absent."""
    look = _LOOKS.get(resource.kind)
    return look(index, resource) if look else None


def _content(document: PolicyDocument) -> Any:
    """Return a document as JSON; one that cannot be read as its text."""
    try:
        return json.loads(document.text)
    except ValueError:
        return document.text


def _named(policies: Iterable[Attached], source: str) -> Any:
    for one in policies:
        if one.source == source:
            return _content(one.document)
    return None


def _own(index: AwsIndex, owner: str) -> tuple[tuple[Attached, ...], tuple[str, ...]]:
    group, one = index.groups.get(owner), index.identities.get(owner)
    if group is not None:
        return group.policies, group.unread
    return AwsDraft(index).own(one) if one is not None else ((), ())


def _managed(index: AwsIndex, resource: Resource) -> Any:
    found = index.attached.get(resource.id)
    return None if found is None else _content(found.document)


def _inline(index: AwsIndex, resource: Resource) -> Any:
    source = f"{resource.id}/inline/{resource.name}"
    return _named(_own(index, resource.id)[0], source)


def _attachment(index: AwsIndex, resource: Resource) -> Any:
    policies, unread = _own(index, resource.id)
    has = resource.name in (*(one.source for one in policies), *unread)
    return {"PolicyArn": resource.name} if has else None


def _boundary(index: AwsIndex, resource: Resource) -> Any:
    one = index.identities.get(resource.id)
    if one is None or (one.boundary is None and not one.unread_boundary):
        return None
    return {"PermissionsBoundary": one.boundary.source if one.boundary else "unread"}


def _trust(index: AwsIndex, resource: Resource) -> Any:
    one = index.identities.get(resource.id)
    if one is None:
        return None
    return _content(one.trust) if one.trust is not None else "unread"


def _user(index: AwsIndex, resource: Resource) -> Any:
    return subject_body(resource) if resource.id in index.identities else None


def _group(index: AwsIndex, resource: Resource) -> Any:
    return subject_body(resource) if resource.id in index.groups else None


def _group_member(index: AwsIndex, resource: Resource) -> Any:
    inside = resource.name in index.members.get(resource.id, ())
    return {"UserArn": resource.name} if inside else None


def _control(index: AwsIndex, resource: Resource) -> Any:
    rcp = resource.kind is ResourceKind.RCP
    for one in index.estate.organizations:
        known = one.rcp_policies if rcp else one.scp_policies
        if resource.id in known:
            return _content(known[resource.id].document)
    return None


def _control_attachment(index: AwsIndex, resource: Resource) -> Any:
    for one in index.estate.organizations:
        for levels in (one.scps, one.rcps):
            level = levels.get(resource.id)
            attached = [p.source for p in level.policies] if level else []
            if level and resource.name in (*attached, *level.unread):
                return {"PolicyId": resource.name, "TargetId": resource.id}
    return None


def _set_inline(index: AwsIndex, resource: Resource) -> Any:
    for role in index.provisioned.get(resource.id, ()):
        found = _named(index.identities[role].policies, f"{role}/inline/{SSO_INLINE}")
        if found is not None:
            return found
    return None


def _set_policy(index: AwsIndex, resource: Resource) -> Any:
    for role in index.provisioned.get(resource.id, ()):
        found = _attachment(index, Resource(resource.kind, role, resource.name))
        if found is not None:
            return found
    return None


def _assignment(index: AwsIndex, resource: Resource) -> Any:
    def has(one: Organization) -> bool:
        rows = ((a, f"{b}/{c}/{d}") for a, b, c, d in one.assignments)
        return (resource.id, resource.name) in rows

    found = any(map(has, index.estate.organizations))
    return {"PermissionSetArn": resource.id} if found else None


def _profile(index: AwsIndex, resource: Resource) -> Any:
    node = index.nodes.get(resource.id)
    if node is None or (node.role is None and node.profile is None):
        return None
    return {"RoleArn": node.role, "ProfileArn": node.profile}


def _share(index: AwsIndex, resource: Resource) -> Any:
    document = index.ssm_documents.get(resource.id)
    shared = document.shared_with if document else None
    return None if document is None else {"AccountIds": list(shared or ())}


_LOOKS: Mapping[ResourceKind, Callable[[AwsIndex, Resource], Any]] = {
    ResourceKind.MANAGED_POLICY: _managed,
    ResourceKind.INLINE_POLICY: _inline,
    ResourceKind.ATTACHMENT: _attachment,
    ResourceKind.BOUNDARY: _boundary,
    ResourceKind.TRUST: _trust,
    ResourceKind.USER: _user,
    ResourceKind.GROUP: _group,
    ResourceKind.GROUP_MEMBER: _group_member,
    ResourceKind.SCP: _control,
    ResourceKind.RCP: _control,
    ResourceKind.CONTROL_ATTACHMENT: _control_attachment,
    ResourceKind.PERMISSION_SET_INLINE: _set_inline,
    ResourceKind.PERMISSION_SET_POLICY: _set_policy,
    ResourceKind.ACCOUNT_ASSIGNMENT: _assignment,
    ResourceKind.INSTANCE_PROFILE: _profile,
    ResourceKind.DOCUMENT_SHARE: _share,
}
