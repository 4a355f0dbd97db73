"""Apply changes to what an AWS organisation holds: SCPs, RCPs, account assignments."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from policies.apply.aws_draft import AwsDraft
from policies.apply.errors import UnappliableChange, expect, no_such
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.aws.model import Attached, ControlLevel, Organization

_Apply = Callable[[AwsDraft, Resource, Change], None]


def _scp(draft: AwsDraft, resource: Resource, change: Change) -> None:
    _control(draft, resource, change, rcp=False)


def _rcp(draft: AwsDraft, resource: Resource, change: Change) -> None:
    _control(draft, resource, change, rcp=True)


def _control(draft: AwsDraft, resource: Resource, change: Change, *, rcp: bool) -> None:
    """Set the content of a control policy wherever it is attached."""
    id_, number = resource.id, _number(draft, resource, change, resource.id)
    organization = draft.organizations[number]
    levels = organization.rcps if rcp else organization.scps
    known = organization.rcp_policies if rcp else organization.scp_policies
    attached = [one for one in levels.values() if _attached(one, id_)]
    expect(change, id_ in known or any(id_ not in one.unread for one in attached))
    policies = {key: one for key, one in known.items() if key != id_}
    changed = dict(levels)
    if change.after is None:
        if attached:
            reason = f"it is still attached to {attached[0].target}: detach it first"
            raise UnappliableChange(change, reason)
    else:
        policy = Attached(id_, draft.document(change, change.after, rcp))
        policies[id_] = policy
        changed |= {one.target: _with(one, policy) for one in attached}
    if rcp:
        new = replace(organization, rcps=changed, rcp_policies=policies)
    else:
        new = replace(organization, scps=changed, scp_policies=policies)
    draft.organizations[number] = new


def _attached(level: ControlLevel, id_: str) -> bool:
    return id_ in level.unread or any(one.source == id_ for one in level.policies)


def _with(level: ControlLevel, policy: Attached) -> ControlLevel:
    """Return a level on which a policy has this content; attached there from now on."""
    kept = [p for p in level.policies if p.source != policy.source]
    unread = tuple(one for one in level.unread if one != policy.source)
    return replace(level, policies=(*kept, policy), unread=unread)


def _control_attachment(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Attach or detach a control policy; a level that nobody read stays incomplete."""
    target, id_ = resource.id, resource.name
    number = _number(draft, resource, change, target)
    organization = draft.organizations[number]
    rcp = id_ in organization.rcp_policies or any(
        _attached(one, id_) for one in organization.rcps.values()
    )
    levels = organization.rcps if rcp else organization.scps
    known = organization.rcp_policies if rcp else organization.scp_policies
    level = levels.get(target) or ControlLevel(target, (), complete=False)
    expect(change, _attached(level, id_))
    if change.after is not None:
        if id_ not in known:
            raise no_such(change, id_)
        level = _with(level, known[id_])
    else:
        level = _without(level, id_)
    changed = {**levels, target: level}
    if not (level.policies or level.unread or level.complete):
        del changed[target]  # as good as not read
    new = (
        replace(organization, rcps=changed)
        if rcp
        else replace(organization, scps=changed)
    )
    draft.organizations[number] = new


def _without(level: ControlLevel, id_: str) -> ControlLevel:
    return replace(
        level,
        policies=tuple(one for one in level.policies if one.source != id_),
        unread=tuple(one for one in level.unread if one != id_),
    )


def _number(draft: AwsDraft, resource: Resource, change: Change, what: str) -> int:
    """Return the position of the organisation that a change is about.

    The one of `Resource.scope`, the one that knows the object, or the only one.
    """
    found = [
        n
        for n, one in enumerate(draft.organizations)
        if resource.scope in (one.id, one.management_account) and resource.scope
    ] or [n for n, one in enumerate(draft.organizations) if _knows(one, what)]
    if not found and len(draft.organizations) == 1:
        found = [0]
    if not found:
        raise UnappliableChange(change, "its organisation is not in the estate")
    number = found[0]
    is_level = resource.kind is ResourceKind.CONTROL_ATTACHMENT
    if is_level and not _knows(draft.organizations[number], what):
        raise no_such(change, what)
    return number


def _knows(one: Organization, what: str) -> bool:
    levels = {level for path in one.paths.values() for level in path}
    policies = (one.scp_policies, one.rcp_policies, one.permission_sets)
    return what in levels | one.scps.keys() | one.rcps.keys() or any(
        what in some for some in policies
    )


def _account_assignment(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Give a person or group a permission set in an account, or take it away."""
    number = _number(draft, resource, change, resource.id)
    organization = draft.organizations[number]
    account, _, rest = resource.name.partition("/")
    kind, _, person = rest.partition("/")
    row = (resource.id, account, kind, person)
    expect(change, row in organization.assignments)
    kept = {one for one in organization.assignments if one != row}
    if change.after is not None:
        _provisioned(draft, resource.id, account, change)
        kept.add(row)
    draft.organizations[number] = replace(organization, assignments=tuple(sorted(kept)))


def _provisioned(
    draft: AwsDraft, permission_set: str, account: str, change: Change
) -> None:
    """Refuse an assignment that would make Identity Center create a role."""
    roles = draft.index.provisioned.get(permission_set, ())
    homes = {role.split(":")[4] for role in roles}
    if account in draft.index.estate.accounts and account not in homes:
        reason = f"account {account} has no role of this permission set yet"
        raise UnappliableChange(change, reason)


ORGANIZATION_KINDS: Mapping[ResourceKind, _Apply] = {
    ResourceKind.SCP: _scp,
    ResourceKind.RCP: _rcp,
    ResourceKind.CONTROL_ATTACHMENT: _control_attachment,
    ResourceKind.ACCOUNT_ASSIGNMENT: _account_assignment,
}
