"""Changes of every kind and direction, written by hand, for the rendered forms."""

from typing import Any

from policies.remediation import Change
from policies.render.steps import Step, steps_of
from policies.resources import Resource, ResourceKind

ACCOUNT = "111122223333"
MANAGEMENT = "999988887777"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/deploy"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
GROUP = f"arn:aws:iam::{ACCOUNT}:group/ops"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/team/ops"
SET = "arn:aws:sso:::permissionSet/ssoins-1111222233334444/ps-5555666677778888"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP_SCOPE = f"{SUBSCRIPTION}/resourceGroups/web"
VM = f"{GROUP_SCOPE}/providers/Microsoft.Compute/virtualMachines/vm1"
GUID = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeee0{}"
READER = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/" + (
    GUID.format(9)
)


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


WIDE = allow("ssm:SendCommand", "ssm:GetParameter")
NARROW = allow("ssm:GetParameter")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROLE}}
    ],
}


def arm(scope: str, type_: str, **properties: Any) -> dict[str, Any]:
    name = GUID.format(1)
    id_ = f"{scope}/providers/{type_}/{name}"
    return {"id": id_, "properties": properties}


_ROLE_PROPERTIES: dict[str, Any] = {
    "roleName": "Operator without commands",
    "type": "CustomRole",
    "description": "made for a test",
    "assignableScopes": [SUBSCRIPTION],
    "permissions": [
        {
            "actions": ["*/read", "Microsoft.Compute/virtualMachines/start/action"],
            "notActions": [],
            "dataActions": [],
            "notDataActions": [],
        }
    ],
}
_DENY = {
    "denyAssignmentName": "nobody runs commands",
    "permissions": [
        {"actions": ["Microsoft.Compute/virtualMachines/runCommand/action"]}
    ],
    "principals": [
        {"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}
    ],
    "excludePrincipals": [{"id": GUID.format(3), "type": "Group"}],
}
_ASSIGNED = {"principalId": GUID.format(2), "roleDefinitionId": READER}
_ELIGIBLE = {
    **_ASSIGNED,
    "requestType": "AdminAssign",
    "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "P365D"}},
}
_AUTHORIZATION = "Microsoft.Authorization"

#: By kind: id, name, scope, one value, and another where the kind can be replaced.
OBJECTS: dict[ResourceKind, tuple[str, str, str, Any, Any]] = {
    ResourceKind.MANAGED_POLICY: (POLICY, "", ACCOUNT, WIDE, NARROW),
    ResourceKind.INLINE_POLICY: (ROLE, "commands", ACCOUNT, WIDE, NARROW),
    ResourceKind.ATTACHMENT: (ROLE, POLICY, ACCOUNT, {"PolicyArn": POLICY}, None),
    ResourceKind.BOUNDARY: (
        *(ROLE, "", ACCOUNT),
        {"PermissionsBoundary": POLICY},
        {"PermissionsBoundary": f"{POLICY}-tight"},
    ),
    ResourceKind.TRUST: (
        *(ROLE, "", ACCOUNT),
        TRUST,
        {**TRUST, "Id": "narrow"},
    ),
    ResourceKind.USER: (USER, "", ACCOUNT, {"UserName": "alice"}, None),
    ResourceKind.GROUP: (GROUP, "", ACCOUNT, {"GroupName": "ops"}, None),
    ResourceKind.GROUP_MEMBER: (GROUP, USER, ACCOUNT, {"UserArn": USER}, None),
    ResourceKind.SCP: ("p-12345678", "fence", MANAGEMENT, WIDE, NARROW),
    ResourceKind.RCP: ("p-abcdefgh", "fence", MANAGEMENT, WIDE, NARROW),
    ResourceKind.CONTROL_ATTACHMENT: (
        *("ou-1111-22223333", "p-12345678", MANAGEMENT),
        {"PolicyId": "p-12345678", "TargetId": "ou-1111-22223333"},
        None,
    ),
    ResourceKind.PERMISSION_SET_INLINE: (SET, "", MANAGEMENT, WIDE, NARROW),
    ResourceKind.PERMISSION_SET_POLICY: (
        *(SET, "arn:aws:iam::aws:policy/ReadOnlyAccess", MANAGEMENT),
        {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        None,
    ),
    ResourceKind.ACCOUNT_ASSIGNMENT: (
        *(SET, f"{ACCOUNT}/GROUP/9067221111-{GUID.format(5)}", MANAGEMENT),
        {"PrincipalType": "GROUP"},
        None,
    ),
    ResourceKind.INSTANCE_PROFILE: (
        f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0abc",
        *("", ACCOUNT),
        {"RoleArn": ROLE},
        {"RoleArn": f"{ROLE}-small"},
    ),
    ResourceKind.DOCUMENT_SHARE: (
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:document/Shell",
        *("", ACCOUNT),
        {"AccountIds": ["444455556666", "all"]},
        {"AccountIds": ["444455556666"]},
    ),
    ResourceKind.MEMBERSHIP: (
        *(GUID.format(6), GUID.format(7), ""),
        {"memberId": GUID.format(7)},
        None,
    ),
    ResourceKind.IDENTITY: (
        VM,
        f"{GROUP_SCOPE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id1",
        VM,
        {"identity": "id1"},
        None,
    ),
}
_POLICY = {
    "mode": "All",
    "policyRule": {
        "if": {"field": "type", "in": "[parameters('a')]"},
        "then": {"effect": "deny"},
    },
    "parameters": {"a": {"type": "Array"}},
}
for _kind, _where, _type, _one, _other in (
    (
        *(ResourceKind.ROLE_DEFINITION, SUBSCRIPTION),
        f"{_AUTHORIZATION}/roleDefinitions",
        *(_ROLE_PROPERTIES, {**_ROLE_PROPERTIES, "description": "another"}),
    ),
    (
        *(ResourceKind.ROLE_ASSIGNMENT, GROUP_SCOPE),
        *(f"{_AUTHORIZATION}/roleAssignments", _ASSIGNED, None),
    ),
    (
        *(ResourceKind.ROLE_ELIGIBILITY, SUBSCRIPTION),
        *(f"{_AUTHORIZATION}/roleEligibilityScheduleRequests", _ELIGIBLE, None),
    ),
    (
        ResourceKind.DENY_ASSIGNMENT,
        "/providers/Microsoft.Management/managementGroups/platform",
        *(f"{_AUTHORIZATION}/denyAssignments", _DENY),
        {**_DENY, "excludePrincipals": []},
    ),
    (
        *(ResourceKind.POLICY_ASSIGNMENT, SUBSCRIPTION),
        f"{_AUTHORIZATION}/policyAssignments",
        {"policyDefinitionId": "/providers/x", "parameters": {"a": {"value": ["b"]}}},
        {"policyDefinitionId": "/providers/x", "enforcementMode": "DoNotEnforce"},
    ),
    (
        *(ResourceKind.POLICY_DEFINITION, SUBSCRIPTION),
        f"{_AUTHORIZATION}/policyDefinitions",
        *(_POLICY, {**_POLICY, "mode": "Indexed"}),
    ),
    (
        *(ResourceKind.POLICY_SET, SUBSCRIPTION),
        f"{_AUTHORIZATION}/policySetDefinitions",
        *({"policyDefinitions": [{"policyDefinitionId": "/providers/x"}]}, None),
    ),
    (
        *(ResourceKind.POLICY_EXEMPTION, GROUP_SCOPE),
        f"{_AUTHORIZATION}/policyExemptions",
        {"policyAssignmentId": "/providers/z", "exemptionCategory": "Waiver"},
        {"policyAssignmentId": "/providers/z", "exemptionCategory": "Mitigated"},
    ),
    (
        *(ResourceKind.DELEGATION, SUBSCRIPTION),
        "Microsoft.ManagedServices/registrationAssignments",
        *({"registrationDefinitionId": "/providers/y"}, None),
    ),
    (
        *(ResourceKind.LOCK, GROUP_SCOPE, f"{_AUTHORIZATION}/locks"),
        *({"level": "ReadOnly", "notes": "n"}, {"level": "CanNotDelete"}),
    ),
):
    _value = arm(_where, _type, **_one)
    _second = None if _other is None else arm(_where, _type, **_other)
    OBJECTS[_kind] = (_value["id"], "", _where, _value, _second)


def change(
    kind: ResourceKind, action: str = "replace", title: str = "A title", **more: Any
) -> Change:
    """Return a change of a kind; one that cannot be replaced is removed."""
    id_, name, scope, one, other = OBJECTS[kind]
    before, after = {
        "create": (None, one),
        "replace": (one, other),
        "remove": (one, None),
    }[action]
    standard = {"id": id_, "name": name, "scope": scope}
    sides = {"before": before, "after": after}
    resource = {key: more.pop(key, standard[key]) for key in standard}
    return Change(
        kind="A2",
        where=id_,
        title=title,
        rollback="put it back",
        affects=(ROLE,),
        resource=Resource(kind, **resource),
        **sides | more,
    )


def actions_of(kind: ResourceKind) -> tuple[str, ...]:
    """Return what can be done with a kind."""
    replaceable = OBJECTS[kind][4] is not None
    return ("create", "replace", "remove") if replaceable else ("create", "remove")


#: Every kind in every direction that it has.
EVERY = [(kind, action) for kind in ResourceKind for action in actions_of(kind)]


def steps(*changes: Change) -> tuple[Step, ...]:
    return steps_of(changes)
