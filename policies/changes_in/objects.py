"""The objects of changes, as people name them: `arn:…:role/ops/inline/run`."""

import re

from policies.resources import Resource, ResourceKind
from scanner.aws.arn import parse_arn

#: What a name may end in, with the kind of object that it then is.
_PARTS = {
    "inline": ResourceKind.INLINE_POLICY,
    "attached": ResourceKind.ATTACHMENT,
    "member": ResourceKind.GROUP_MEMBER,
}
_ENDS = {"trust": ResourceKind.TRUST, "boundary": ResourceKind.BOUNDARY}
_SUBJECTS = {"user/": ResourceKind.USER, "group/": ResourceKind.GROUP}
_OWNERS = ("role/", "user/", "group/")
_LEVEL = r"(r-[0-9a-z]+|ou-[0-9a-z-]+|[0-9]{12})"
_CONTROL = r"p-[0-9A-Za-z_-]+"
_ATTACHED = re.compile(rf"{_LEVEL}/attached/({_CONTROL})")
_ASSIGNED = re.compile(r"(arn:[^:]+:sso:.*)/assigned/([0-9]{12}/(?:USER|GROUP)/.+)")
_MEMBER = re.compile(r"group/([0-9a-fA-F-]{36})/member/([0-9a-fA-F-]{36})")
#: Last resource type of an ARM id, in lower case, to its kind.
_ARM = {
    "roledefinitions": ResourceKind.ROLE_DEFINITION,
    "roleassignments": ResourceKind.ROLE_ASSIGNMENT,
    "roleassignmentscheduleinstances": ResourceKind.ROLE_ASSIGNMENT,
    "roleeligibilityscheduleinstances": ResourceKind.ROLE_ELIGIBILITY,
    "roleeligibilityschedules": ResourceKind.ROLE_ELIGIBILITY,
    "roleeligibilityschedulerequests": ResourceKind.ROLE_ELIGIBILITY,
    "denyassignments": ResourceKind.DENY_ASSIGNMENT,
    "locks": ResourceKind.LOCK,
    "policyassignments": ResourceKind.POLICY_ASSIGNMENT,
    "policydefinitions": ResourceKind.POLICY_DEFINITION,
    "policysetdefinitions": ResourceKind.POLICY_SET,
    "policyexemptions": ResourceKind.POLICY_EXEMPTION,
    "registrationassignments": ResourceKind.DELEGATION,
}
_PROVIDERS = ("microsoft.authorization", "microsoft.managedservices")

#: Forms of names, for messages and for help.
FORMS = (
    "arn:…:policy/NAME",
    "arn:…:role/NAME/inline/POLICY (user, group)",
    "arn:…:role/NAME/attached/POLICY-ARN (user, group)",
    "arn:…:role/NAME/trust",
    "arn:…:role/NAME/boundary (user)",
    "arn:…:user/NAME (group)",
    "arn:…:group/NAME/member/USER-ARN",
    "p-POLICY",
    "ou-…/attached/p-POLICY (root, account id)",
    "PERMISSION-SET-ARN/inline",
    "PERMISSION-SET-ARN/attached/POLICY-ARN",
    "PERMISSION-SET-ARN/assigned/ACCOUNT/USER-or-GROUP/ID",
    "an ARM id",
    "group/ID/member/ID",
)


def object_of(text: str) -> Resource | None:
    """Return the object that a text names; None when it names none."""
    if text.startswith("arn:"):
        return _of_arn(text)
    if text.startswith("/"):
        return of_arm_id(text)
    if found := _ATTACHED.fullmatch(text):
        return Resource(ResourceKind.CONTROL_ATTACHMENT, found[1], found[2])
    if found := _MEMBER.fullmatch(text):
        return Resource(ResourceKind.MEMBERSHIP, found[1].lower(), found[2].lower())
    if re.fullmatch(_CONTROL, text):
        return Resource(ResourceKind.SCP, text)
    return None


def of_arm_id(text: str) -> Resource | None:
    """Return the object of an ARM id of a kind that changes are made of."""
    provider, *parts = text.rpartition("/providers/")[2].split("/")
    kind = _ARM.get(parts[0].lower()) if len(parts) == 2 else None
    if kind is None or provider.lower() not in _PROVIDERS:
        return None
    return Resource(kind, text)


def bare_body(resource: Resource) -> object | None:
    """Return what an object holds that is told by its name alone; else None."""
    match resource.kind:
        case ResourceKind.ATTACHMENT | ResourceKind.PERMISSION_SET_POLICY:
            return {"PolicyArn": resource.name}
        case ResourceKind.USER | ResourceKind.GROUP:
            return subject_body(resource)
        case ResourceKind.GROUP_MEMBER:
            return {"UserArn": resource.name}
        case ResourceKind.CONTROL_ATTACHMENT:
            return {"PolicyId": resource.name, "TargetId": resource.id}
        case ResourceKind.ACCOUNT_ASSIGNMENT:
            account, kind, person = resource.name.split("/", 2)
            row = {"PrincipalType": kind, "PrincipalId": person, "AccountId": account}
            return {"PermissionSetArn": resource.id, **row}
        case ResourceKind.MEMBERSHIP:
            return {"id": resource.name}
        case _:
            return None


def subject_body(resource: Resource) -> dict[str, str]:
    """Return what a user or group is told by: its name."""
    name = resource.id.rpartition("/")[2]
    user = resource.kind is ResourceKind.USER
    return {"UserName" if user else "GroupName": name}


def _of_arn(text: str) -> Resource | None:
    arn = parse_arn(text)
    if arn is None:
        return None
    if arn.service == "sso":
        return _of_permission_set(text)
    if arn.service == "ec2" and arn.resource.startswith("instance/"):
        return Resource(ResourceKind.INSTANCE_PROFILE, text, scope=arn.account)
    if arn.service != "iam":
        return None
    if arn.resource.startswith("policy/"):
        return Resource(ResourceKind.MANAGED_POLICY, text, scope=arn.account)
    if arn.resource.startswith(_OWNERS):
        return _of_owner(text, arn.account)
    return None


def _of_owner(text: str, account: str) -> Resource | None:
    for word, kind in _PARTS.items():
        head, found, name = text.partition(f"/{word}/")
        if (
            found
            and name
            and (kind is not ResourceKind.GROUP_MEMBER or ":group/" in head)
        ):
            return Resource(kind, head, name, account)
    for word, kind in _ENDS.items():
        if text.endswith(f"/{word}"):
            return Resource(kind, text.removesuffix(f"/{word}"), scope=account)
    name = text.split(":", 5)[5]
    for word, kind in _SUBJECTS.items():
        if name.startswith(word) and name[-1] != "/" and ":" not in name:
            return Resource(kind, text, scope=account)
    return None


def _of_permission_set(text: str) -> Resource | None:
    if found := _ASSIGNED.fullmatch(text):
        return Resource(ResourceKind.ACCOUNT_ASSIGNMENT, found[1], found[2])
    head, found_word, name = text.partition("/attached/")
    if found_word and name:
        return Resource(ResourceKind.PERMISSION_SET_POLICY, head, name)
    if text.endswith("/inline"):
        return Resource(
            ResourceKind.PERMISSION_SET_INLINE, text.removesuffix("/inline")
        )
    return None
