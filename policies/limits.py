"""Sizes and counts that a change must keep to, as data with source and date.

IAM counts characters without white space; a document is measured as minified JSON,
which is never less. Where documented values differ the smaller one is used, unless the
account says its own (`iam:GetAccountSummary`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

_DOCS = "https://docs.aws.amazon.com/"
_IAM = f"{_DOCS}IAM/latest/UserGuide/reference_iam-quotas.html"
_ORGANIZATIONS = f"{_DOCS}organizations/latest/userguide/orgs_reference_limits.html"
_SSO = (
    f"{_DOCS}singlesignon/latest/APIReference/API_PutInlinePolicyToPermissionSet.html"
)
_AZURE_DOCS = "https://github.com/MicrosoftDocs/azure-docs/blob/main/"
_RBAC = f"{_AZURE_DOCS}includes/role-based-access-control/limits.md"
_POLICY = f"{_AZURE_DOCS}includes/azure-policy-limits.md"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: how much, of what, said where and as of when.

    Attributes:
        quota: member of `iam:GetAccountSummary` that tells an account's own value;
            empty where no API does.
    """

    value: int
    of: str
    source: str
    dated: str
    quota: str = ""

    def of_account(self, quotas: Mapping[str, int]) -> "Limit":
        """Return the limit with the account's own value, where it tells one."""
        own = quotas.get(self.quota) if self.quota else None
        if own is None:
            return self
        return replace(self, value=own, source="iam:GetAccountSummary", dated="live")


def _iam(value: int, of: str, quota: str = "") -> Limit:
    return Limit(value, of, _IAM, "2026-09", quota)


MANAGED_POLICY = _iam(6_144, "characters of a managed policy", "PolicySizeQuota")
POLICY_VERSIONS = _iam(5, "versions of a managed policy", "VersionsPerPolicyQuota")
POLICIES = _iam(1_500, "managed policies of an account", "PoliciesQuota")
TRUST_POLICY = _iam(2_048, "characters of a trust policy", "AssumeRolePolicySizeQuota")
POLICY_NAME = _iam(128, "characters of a policy's name")
ROLE_NAME = _iam(64, "characters of a role's name")

#: By kind of owner.
INLINE_TOTAL = {
    "user": _iam(
        2_048, "characters of a user's inline policies", "UserPolicySizeQuota"
    ),
    "group": _iam(
        5_120, "characters of a group's inline policies", "GroupPolicySizeQuota"
    ),
    "role": _iam(
        10_240, "characters of a role's inline policies", "RolePolicySizeQuota"
    ),
}
ATTACHED = {
    "user": _iam(
        10, "managed policies attached to a user", "AttachedPoliciesPerUserQuota"
    ),
    "group": _iam(
        10, "managed policies attached to a group", "AttachedPoliciesPerGroupQuota"
    ),
    "role": _iam(
        10, "managed policies attached to a role", "AttachedPoliciesPerRoleQuota"
    ),
}

# Larger ones (10,240 and 10 since 2026-05) are reported, and not yet documented.
CONTROL_POLICY = Limit(
    5_120, "characters of an SCP or RCP, white space included", _ORGANIZATIONS, "2025"
)
CONTROL_SLOTS = Limit(5, "SCPs or RCPs on one target", _ORGANIZATIONS, "2025")
PERMISSION_SET_INLINE = Limit(
    32_768, "characters of a permission set's inline policy", _SSO, "2026-08"
)

SUBSCRIPTION_ASSIGNMENTS = Limit(
    4_000, "role assignments in a subscription", _RBAC, "2023"
)
GROUP_ASSIGNMENTS = Limit(500, "role assignments at a management group", _RBAC, "2023")
CUSTOM_ROLES = Limit(5_000, "custom roles in a tenant", _RBAC, "2023")
ROLE_NAME_AZURE = Limit(512, "characters of a custom role's name", _RBAC, "2023")
ASSIGNMENT_CONDITION = Limit(8_192, "bytes of an assignment's condition", _RBAC, "2023")
POLICY_ASSIGNMENTS = Limit(200, "policy assignments at a scope", _POLICY, "2020")
POLICY_NOT_SCOPES = Limit(400, "notScopes of a policy assignment", _POLICY, "2020")


def inline_limit(kind: str, quotas: Mapping[str, int]) -> Limit:
    """Return the limit on all inline policies of a user, group or role.

    Odd evidence names owners of no known kind: the smallest limit holds for them.
    """
    return INLINE_TOTAL.get(kind, INLINE_TOTAL["user"]).of_account(quotas)


def slot_limit(kind: str, quotas: Mapping[str, int]) -> Limit:
    """Return how many managed policies a user, group or role may have."""
    return ATTACHED.get(kind, ATTACHED["user"]).of_account(quotas)


def size_of(document: Any) -> int:
    """Return the number of characters of a document as minified JSON."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def fits(document: Any, limit: Limit, used: int = 0) -> bool:
    """True when a document is within a limit beside what is used already."""
    return used + size_of(document) <= limit.value
