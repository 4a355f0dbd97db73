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


def inline_kind(source: str) -> str:
    """Return `user`, `role` or `group`: whose inline policy it is."""
    return inline_owner(source).split(":", 5)[-1].partition("/")[0]


def is_permission_set_role(identity: Identity) -> bool:
    """True for roles that Identity Center made: only their permission set changes."""
    return identity.path.startswith(_SSO_PATH) or identity.permission_set is not None
