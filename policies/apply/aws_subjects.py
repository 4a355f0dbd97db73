"""Create and delete IAM users and groups in a copy of an AWS estate."""

from policies.apply.aws_draft import AwsDraft
from policies.apply.errors import UnappliableChange, expect, member
from policies.remediation import Change
from policies.resources import Resource
from scanner.aws.arn import parse_arn
from scanner.aws.model import AwsAccount, Group, Identity
from scanner.estate import Principal, Provider


def apply_user(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Create a user who has nothing yet, or delete one who has nothing left."""
    one = draft.identity(resource.id)
    expect(change, one is not None)
    if change.after is not None:
        path, name, account = _named(draft, resource, change, "user")
        principal = Principal(
            Provider.AWS, resource.id, name, "user", False, account.id
        )
        draft.put(Identity(principal, path=path))
        return
    if one is not None and (one.policies or one.unread or one.groups):
        reason = "it still has policies or groups: detach them first"
        raise UnappliableChange(change, reason)
    draft.remove(resource.id)


def apply_group(draft: AwsDraft, resource: Resource, change: Change) -> None:
    """Create a group without members and policies, or delete one."""
    group = draft.group(resource.id)
    expect(change, group is not None)
    if change.after is not None:
        _named(draft, resource, change, "group")
        draft.put_group(Group(resource.id))
        return
    if draft.members(resource.id):
        raise UnappliableChange(change, "it still has users: remove them first")
    if group is not None and (group.policies or group.unread):
        raise UnappliableChange(change, "it still has policies: detach them first")
    draft.remove_group(resource.id)


def _named(
    draft: AwsDraft, resource: Resource, change: Change, kind: str
) -> tuple[str, str, AwsAccount]:
    """Return path, name and account of a new user or group.

    What its content calls it must be what its ARN does: a document that was handed in
    for another object would be passed over otherwise.
    """
    parsed, account = parse_arn(resource.id), draft.home(resource.id)
    found = parsed.resource.partition("/") if parsed else ("", "", "")
    if account is None or found[0] != kind or not found[2]:
        reason = f"{resource.id} is no {kind} of an account in the estate"
        raise UnappliableChange(change, reason)
    path, _, name = found[2].rpartition("/")
    called = f"{kind.capitalize()}Name"
    if member(change, change.after, called) != name:
        raise UnappliableChange(change, f"its {called} is not {name}")
    return f"/{path}/" if path else "/", name, account
