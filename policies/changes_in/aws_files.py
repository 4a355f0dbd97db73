"""What AWS's command line takes and prints, recognised by its members."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from policies.changes_in.names import Names
from policies.changes_in.objects import subject_body
from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput
from scanner.evidence import strictjson

Body = Mapping[str, Any]
_OWNERS = {"RoleName": "role", "UserName": "user", "GroupName": "group"}
_NAME_IT = "say which object it is: --change OBJECT=FILE (see docs/what-if.md)"


def documents_in(body: Any) -> Any:
    """Return the policy document inside what a command prints, else the body itself.

    For a file whose object is named beside it.
    """
    if not isinstance(body, Mapping) or "Statement" in body:
        return body
    for outer in ("PolicyVersion", "Role", "Policy"):
        if isinstance(body.get(outer), Mapping):
            body = body[outer]
    for name in (
        *("PolicyDocument", "Document", "AssumeRolePolicyDocument"),
        *("Content", "InlinePolicy"),
    ):
        if name in body:
            return body[name]
    return body


def document(value: Any, source: str) -> Any:
    """Return a document that may be text, as IAM prints it: JSON, maybe URL-encoded.

    Raises:
        UnusableInput: the text is not strict JSON.
    """
    if not isinstance(value, str):
        return value
    text = value if value.lstrip()[:1] in ("{", "[") else unquote(value)
    return strictjson.loads(text.encode(), f"{source}: the document")


def recognised(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    """Yield the objects that a file of AWS names itself.

    Raises:
        UnusableInput: it names none, or one that is not clear.
    """
    for needed, read in _SHAPES:
        if all(name in body for name in needed):
            yield from read(body, source, names)
            return
    if "Statement" in body or "PolicyVersion" in body:
        what = "a policy document that does not say where it belongs"
        raise UnusableInput(source, what, _NAME_IT)
    raise UnusableInput(source, "not recognised", _NAME_IT)


def is_aws(body: Body) -> bool:
    """True for what this module knows or ought to know."""
    known = any(all(name in body for name in needed) for needed, _ in _SHAPES)
    return known or "Statement" in body or "PolicyVersion" in body


def _text(body: Body, name: str, source: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise UnusableInput(source, f"{name} is no text", "correct it")
    return value


def _owner(body: Body, source: str, names: Names) -> str:
    for name, kind in _OWNERS.items():
        if name in body:
            return names.of(kind, _text(body, name, source), source)
    raise UnusableInput(source, f"none of {', '.join(_OWNERS)} is in it", _NAME_IT)


def _policy_version(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    arn = _text(body, "PolicyArn", source)
    resource = Resource(ResourceKind.MANAGED_POLICY, arn)
    yield Wanted(resource, document(body["PolicyDocument"], source), source, new=False)


def _new_policy(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    if any(name in body for name in _OWNERS):
        yield from _inline(body, source, names)
        return
    name, path = _text(body, "PolicyName", source), str(body.get("Path") or "/")
    resource = Resource(
        ResourceKind.MANAGED_POLICY, names.of("policy", name, source, path)
    )
    yield Wanted(resource, document(body["PolicyDocument"], source), source)


def _inline(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    owner, name = _owner(body, source, names), _text(body, "PolicyName", source)
    resource = Resource(ResourceKind.INLINE_POLICY, owner, name)
    yield Wanted(resource, document(body["PolicyDocument"], source), source)


def _trust(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    role = names.of("role", _text(body, "RoleName", source), source)
    resource = Resource(ResourceKind.TRUST, role)
    yield Wanted(resource, document(body["PolicyDocument"], source), source, new=False)


def _made(body: Body, kind: str, source: str, names: Names) -> str:
    """Return the ARN of a role, user or group that a file makes, or shows."""
    name = _text(body, f"{kind.capitalize()}Name", source)
    path, arn = (str(body.get(member) or "") for member in ("Path", "Arn"))
    return names.make(kind, name, source, path or "/", arn)


def _role(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    role = _made(body, "role", source, names)
    trust = document(body["AssumeRolePolicyDocument"], source)
    yield Wanted(Resource(ResourceKind.TRUST, role), trust, source)
    yield from _bounded(body, role, source)


def _bounded(body: Body, owner: str, source: str) -> Iterator[Wanted]:
    """Yield the boundary that a new role or user has from the start."""
    boundary = body.get("PermissionsBoundary")
    if isinstance(boundary, Mapping):
        boundary = boundary.get("PermissionsBoundaryArn")
    if isinstance(boundary, str):
        held = {"PermissionsBoundary": boundary}
        yield Wanted(Resource(ResourceKind.BOUNDARY, owner), held, source)


def _printed_role(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    role = body["Role"]
    if not isinstance(role, Mapping) or "AssumeRolePolicyDocument" not in role:
        raise UnusableInput(source, "Role has no AssumeRolePolicyDocument", _NAME_IT)
    yield from _role(role, source, names)


def _user(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    """Yield a user as `create-user` takes it, with its boundary.

    Raises:
        UnusableInput: the file is about something else of a user.
    """
    _only(body, source, "UserName", "Path", "Tags", "PermissionsBoundary")
    yield from _shown_user(body, source, names)


def _shown_user(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    user = _made(body, "user", source, names)
    resource = Resource(ResourceKind.USER, user)
    yield Wanted(resource, subject_body(resource), source)
    yield from _bounded(body, user, source)


def _printed_user(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    yield from _shown_user(_inner(body, "User", source), source, names)


def _group(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    _only(body, source, "GroupName", "Path")
    resource = Resource(ResourceKind.GROUP, _made(body, "group", source, names))
    yield Wanted(resource, subject_body(resource), source)


def _printed_group(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    """Yield a group, and the users that `get-group` lists with it."""
    group = _made(_inner(body, "Group", source), "group", source, names)
    resource = Resource(ResourceKind.GROUP, group)
    yield Wanted(resource, subject_body(resource), source)
    listed = body.get("Users") or ()
    for row in listed if isinstance(listed, list) else ():
        user = _text(_inner({"User": row}, "User", source), "Arn", source)
        member = Resource(ResourceKind.GROUP_MEMBER, group, user)
        yield Wanted(member, {"UserArn": user}, source)


def _inner(body: Body, name: str, source: str) -> Body:
    found = body[name]
    if not isinstance(found, Mapping):
        raise UnusableInput(source, f"{name} is no object", _NAME_IT)
    return found


def _only(body: Body, source: str, *names: str) -> None:
    if not body.keys() <= {*names}:
        raise UnusableInput(source, "not recognised", _NAME_IT)


def _attachment(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    arn = _text(body, "PolicyArn", source)
    owner = _owner(body, source, names)
    resource = Resource(ResourceKind.ATTACHMENT, owner, arn)
    yield Wanted(resource, {"PolicyArn": arn}, source)


def _boundary(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    arn = _text(body, "PermissionsBoundary", source)
    resource = Resource(ResourceKind.BOUNDARY, _owner(body, source, names))
    yield Wanted(resource, {"PermissionsBoundary": arn}, source)


def _member(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    group = names.of("group", _text(body, "GroupName", source), source)
    user = names.of("user", _text(body, "UserName", source), source)
    resource = Resource(ResourceKind.GROUP_MEMBER, group, user)
    yield Wanted(resource, {"UserArn": user}, source)


def _control(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    resource = Resource(ResourceKind.SCP, _text(body, "PolicyId", source))
    yield Wanted(resource, document(body["Content"], source), source, new=False)


def _printed_control(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    policy = body["Policy"]
    summary = policy.get("PolicySummary") if isinstance(policy, Mapping) else None
    if not isinstance(summary, Mapping) or "Content" not in policy:
        raise UnusableInput(source, "Policy has no document in it", _NAME_IT)
    row = {"PolicyId": summary.get("Id"), "Content": policy["Content"]}
    yield from _control(row, source, names)


def _new_control(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    rcp = body["Type"] == "RESOURCE_CONTROL_POLICY"
    kind = ResourceKind.RCP if rcp else ResourceKind.SCP
    resource = Resource(kind, _text(body, "Name", source))
    yield Wanted(resource, document(body["Content"], source), source)


def _control_attachment(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    target, policy = (_text(body, name, source) for name in ("TargetId", "PolicyId"))
    resource = Resource(ResourceKind.CONTROL_ATTACHMENT, target, policy)
    yield Wanted(resource, {"PolicyId": policy, "TargetId": target}, source)


def _set_inline(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    arn = _text(body, "PermissionSetArn", source)
    resource = Resource(ResourceKind.PERMISSION_SET_INLINE, arn)
    yield Wanted(resource, document(body["InlinePolicy"], source), source)


def _set_policy(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    arn, policy = (
        _text(body, name, source) for name in ("PermissionSetArn", "ManagedPolicyArn")
    )
    resource = Resource(ResourceKind.PERMISSION_SET_POLICY, arn, policy)
    yield Wanted(resource, {"PolicyArn": policy}, source)


def _set_assignment(body: Body, source: str, names: Names) -> Iterator[Wanted]:
    arn, account, kind, person = (
        _text(body, name, source)
        for name in ("PermissionSetArn", "TargetId", "PrincipalType", "PrincipalId")
    )
    name = f"{account}/{kind}/{person}"
    yield Wanted(Resource(ResourceKind.ACCOUNT_ASSIGNMENT, arn, name), body, source)


_Read = Callable[[Body, str, Names], Iterator[Wanted]]
#: Members that tell a shape, the more telling ones first.
_SHAPES: tuple[tuple[tuple[str, ...], _Read], ...] = (
    (("PermissionSetArn", "PrincipalId"), _set_assignment),
    (("PermissionSetArn", "InlinePolicy"), _set_inline),
    (("PermissionSetArn", "ManagedPolicyArn"), _set_policy),
    (("TargetId", "PolicyId"), _control_attachment),
    (("PolicyId", "Content"), _control),
    (("Type", "Name", "Content"), _new_control),
    (("Policy",), _printed_control),
    (("Role",), _printed_role),
    (("User",), _printed_user),
    (("Group",), _printed_group),
    (("RoleName", "AssumeRolePolicyDocument"), _role),
    (("PolicyArn", "PolicyDocument"), _policy_version),
    (("PolicyName", "PolicyDocument"), _new_policy),
    (("RoleName", "PolicyDocument"), _trust),
    (("RoleName", "PolicyArn"), _attachment),
    (("UserName", "PolicyArn"), _attachment),
    (("GroupName", "PolicyArn"), _attachment),
    (("RoleName", "PermissionsBoundary"), _boundary),
    (("UserName", "PermissionsBoundary", "Path"), _user),
    (("UserName", "PermissionsBoundary", "Tags"), _user),
    (("UserName", "PermissionsBoundary"), _boundary),
    (("GroupName", "UserName"), _member),
    (("UserName",), _user),
    (("GroupName",), _group),
)
