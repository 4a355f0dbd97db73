"""Who owns a policy or role, which decides how it can be changed, if at all."""

import re
from enum import StrEnum

from scanner.aws.model import Identity

_INLINE = "/inline/"
_AWS_MANAGED = re.compile(r"arn:[^:]+:iam::aws:policy/(?P<path>.*/)?(?P<name>[^/]+)")
_SSO_PATH = "/aws-reserved/sso.amazonaws.com/"

#: Rights with which a principal gives itself back what was taken away.
ESCALATIONS = (
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:PutGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:AttachGroupPolicy",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:AddUserToGroup",
    "iam:CreateAccessKey",
)
#: With which it undoes a boundary, an explicit deny or a permission set.
UNDOING = (
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:DeleteRolePolicy",
    "iam:DeleteUserPolicy",
    "sso:PutInlinePolicyToPermissionSet",
    "sso:CreateAccountAssignment",
)
#: With which it moves the tags that a condition looks at.
TAGGING = (
    "ec2:CreateTags",
    "ec2:DeleteTags",
    "ssm:AddTagsToResource",
    "ssm:RemoveTagsFromResource",
    "tag:TagResources",
)

_CONTROL_TOWER = "AWS Control Tower owns this role, and repairs or breaks on a change"
_STACK_SETS = "StackSets owns this role, and the next stack operation resets it"
#: By a pattern of the role's name: who owns it, and what to do instead.
_SPECIAL = (
    (
        "AWSControlTowerExecution",
        _CONTROL_TOWER,
        "Limit who can act as the management account",
    ),
    (
        "AWSCloudFormationStackSetExecutionRole",
        _STACK_SETS,
        "Limit who may create or update stack sets",
    ),
    ("stacksets-exec-.*", _STACK_SETS, "Limit who may create or update stack sets"),
    (
        "OrganizationAccountAccessRole",
        "the organization's way back into the account goes with it",
        "Name the roles that may assume it in its trust policy, and keep one for "
        "recovery",
    ),
)
_STACK_TAG = "aws:cloudformation:stack-name"
_TERRAFORM = re.compile(r"terraform|opentofu", re.IGNORECASE)


class Owner(StrEnum):
    """Who decides what a policy says."""

    INLINE = "inline"
    CUSTOMER = "customer"
    AWS = "aws"
    SERVICE = "service"  # AWS-managed, and a service needs it whole


def owner_of(source: str) -> Owner:
    """Return the owner of a policy, given as `StatementBecause.source`."""
    if _INLINE in source:
        return Owner.INLINE
    managed = _AWS_MANAGED.fullmatch(source)
    if managed is None:
        return Owner.CUSTOMER
    return Owner.SERVICE if managed["path"] == "service-role/" else Owner.AWS


def policy_name(source: str) -> str:
    """Return the name of a policy."""
    return source.rpartition("/")[2]


def inline_owner(source: str) -> str:
    """Return the ARN of the user, role or group that an inline policy belongs to."""
    return source.rpartition(_INLINE)[0]


def kind_of(arn: str) -> str:
    """Return `user`, `role` or `group`: what an IAM ARN names."""
    return arn.split(":", 5)[-1].partition("/")[0]


def is_permission_set_role(identity: Identity) -> bool:
    """True for roles that Identity Center made: only their permission set changes."""
    return identity.path.startswith(_SSO_PATH) or identity.permission_set is not None


def special_owner(identity: Identity) -> tuple[str, str] | None:
    """Return who owns a role that must not be edited, and what to do instead."""
    if identity.service_linked:
        return (
            "only its service uses it, and no policy of yours binds it",
            "Limit who can make the service act, or disable the feature",
        )
    for pattern, owner, instead in _SPECIAL:
        if re.fullmatch(pattern, identity.principal.name):
            return owner, instead
    return None


def source_of_truth(identity: Identity) -> str | None:
    """Return what made a user or role, where its tags tell: it undoes a live edit."""
    for key, value in identity.tags:
        if key == _STACK_TAG:
            return f"CloudFormation stack {value}"
        if _TERRAFORM.search(key) or _TERRAFORM.search(value):
            return f"Terraform (tag {key}={value})"
    return None
