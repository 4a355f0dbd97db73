"""Changes to AWS policies as people read them: what, where, before, after, rollback."""

from collections.abc import Iterable
from typing import Any

from policies.aws.owners import inline_owner, policy_name
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.aws.arn import parse_arn


def account_of(arn: str) -> str:
    """Return the account id of an ARN."""
    parsed = parse_arn(arn)
    return parsed.account if parsed else ""


def edit_inline(
    source: str, before: Any, after: Any | None, affects: Iterable[str], code: str = ""
) -> Change:
    """A3, or A1 when nothing is left: the inline policy of a user, role or group."""
    name, owner = policy_name(source), inline_owner(source)
    verb = "Replace" if before and after else "Put" if after else "Delete"
    back = f"delete inline policy {name} of {owner}"
    if before is not None:
        back = f"put the `before` document as inline policy {name} of {owner}"
    return Change(
        code or ("A3" if after else "A1"),
        source,
        f"{verb} inline policy {name} of {owner}",
        before,
        after,
        back,
        tuple(sorted(affects)),
        Resource(ResourceKind.INLINE_POLICY, owner, name, account_of(owner)),
    )


def edit_managed(
    arn: str,
    before: Any,
    after: Any,
    affects: Iterable[str],
    oldest: tuple[str, str] | None = None,
) -> Change:
    """A2: a new default version of a policy of yours.

    `oldest`: id and document of the version to delete first, where the policy has as
    many as IAM keeps.
    """
    title = f"Set a new default version of policy {policy_name(arn)}"
    back = "set the former version as the default again"
    if oldest:
        version, document = oldest
        title = f"{title}, after deleting {version}, its oldest"
        back = f"{back}; {version} was: {document}"
    return Change(
        "A2",
        arn,
        title,
        before,
        after,
        back,
        tuple(sorted(affects)),
        Resource(ResourceKind.MANAGED_POLICY, arn, scope=account_of(arn)),
    )


def create_managed(
    code: str, arn: str, after: Any, title: str, affects: Iterable[str]
) -> Change:
    """A new managed policy that nobody has yet."""
    return Change(
        code,
        arn,
        title,
        None,
        after,
        f"delete {arn} when nothing uses it",
        tuple(sorted(affects)),
        Resource(ResourceKind.MANAGED_POLICY, arn, scope=account_of(arn)),
    )


def attach(code: str, owner: str, policy: str, affects: Iterable[str]) -> Change:
    """A managed policy that a user, role or group gets."""
    return _attachment(code, owner, policy, affects, None, {"PolicyArn": policy})


def detach(code: str, owner: str, policy: str, affects: Iterable[str]) -> Change:
    """A managed policy that a user, role or group loses."""
    return _attachment(code, owner, policy, affects, {"PolicyArn": policy}, None)


def _attachment(
    code: str,
    owner: str,
    policy: str,
    affects: Iterable[str],
    before: Any,
    after: Any,
) -> Change:
    verb, back = ("Attach", "detach") if after else ("Detach", "attach")
    side = "to" if after else "from"
    return Change(
        code,
        owner,
        f"{verb} {policy_name(policy)} {side} {owner}",
        before,
        after,
        f"{back} {policy}",
        tuple(sorted(affects)),
        Resource(ResourceKind.ATTACHMENT, owner, policy, account_of(owner)),
    )


def leave_group(group: str, user: str) -> Change:
    """A1: a user that is taken out of an IAM group."""
    return Change(
        "A1",
        group,
        f"Take {user} out of group {policy_name(group)}",
        {"UserArn": user},
        None,
        f"add {user} to {group}",
        (user,),
        Resource(ResourceKind.GROUP_MEMBER, group, user, account_of(group)),
    )


def set_boundary(id_: str, before: str | None, after: str) -> Change:
    """A7: a permissions boundary on a user or role."""
    back = f"set the boundary {before} again" if before else "delete the boundary"
    return Change(
        "A7",
        id_,
        f"Set {policy_name(after)} as the permissions boundary of {id_}",
        {"PermissionsBoundary": before} if before else None,
        {"PermissionsBoundary": after},
        back,
        (id_,),
        Resource(ResourceKind.BOUNDARY, id_, scope=account_of(id_)),
    )


def edit_trust(role: str, before: Any, after: Any, affects: Iterable[str]) -> Change:
    """A10: a trust policy that demands more, or lets fewer in."""
    return Change(
        "A10",
        role,
        f"Replace the trust policy of {role}",
        before,
        after,
        "put the `before` document as the role's trust policy",
        tuple(sorted({role, *affects})),
        Resource(ResourceKind.TRUST, role, scope=account_of(role)),
    )


def edit_permission_set(
    arn: str, owner: str, before: Any, after: Any | None, roles: Iterable[str]
) -> Change:
    """A11: the inline policy of a permission set, which owns its roles' policies."""
    return Change(
        "A11",
        arn,
        "Replace the inline policy of the permission set, and provision it again",
        before,
        after,
        "put the `before` document, and provision the permission set again",
        tuple(sorted(roles)),
        Resource(ResourceKind.PERMISSION_SET_INLINE, arn, scope=owner),
    )


def detach_from_permission_set(
    arn: str, owner: str, policy: str, roles: Iterable[str]
) -> Change:
    """A11: a managed policy that a permission set loses."""
    return Change(
        "A11",
        arn,
        f"Detach {policy_name(policy)} from the permission set, and provision it again",
        {"PolicyArn": policy},
        None,
        f"attach {policy} to the permission set, and provision it again",
        tuple(sorted(roles)),
        Resource(ResourceKind.PERMISSION_SET_POLICY, arn, policy, owner),
    )


def create_control(
    code: str, name: str, owner: str, after: Any, title: str, affects: Iterable[str]
) -> Change:
    """A8 or A9: a new SCP or RCP, attached nowhere yet."""
    kind = ResourceKind.SCP if code == "A8" else ResourceKind.RCP
    return Change(
        code,
        name,
        title,
        None,
        after,
        f"delete {name} when it is attached nowhere",
        tuple(sorted(affects)),
        Resource(kind, name, scope=owner),
    )


def attach_control(
    code: str, name: str, target: str, owner: str, affects: Iterable[str]
) -> Change:
    """A8 or A9: the new SCP or RCP in force for a root, unit or account."""
    return Change(
        code,
        target,
        f"Attach {name} to {target}",
        None,
        {"PolicyId": name, "TargetId": target},
        f"detach {name} from {target}",
        tuple(sorted(affects)),
        Resource(ResourceKind.CONTROL_ATTACHMENT, target, name, owner),
    )
