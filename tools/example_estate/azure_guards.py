"""What guards the Azure machines of Meridian Foods: denies, a lock, activation."""

from typing import Any

from tools.example_estate.azure_tenant import (
    AUTH,
    PLATFORM,
    SHOP_DEV,
    SHOP_PROD,
    Json,
    guid,
    role_id,
    scope_of,
)

EVERYONE = "00000000-0000-0000-0000-000000000000"


def eligible(scope: str, role: str, holder: str) -> Json:
    """Return a role that a group may activate."""
    name = guid(f"eligible {holder} {role} {scope}")
    kind = f"{AUTH}/roleEligibilityScheduleInstances"
    return {
        "id": f"{scope}/{kind}/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleEligibilityScheduleInstances",
        "properties": {
            "scope": scope,
            "roleDefinitionId": role_id(role),
            "principalId": guid(f"group {holder}"),
            "principalType": "Group",
            "memberType": "Inherited",
            "status": "Provisioned",
            "startDateTime": "2026-02-01T08:00:00Z",
            "endDateTime": "2027-02-01T08:00:00Z",
        },
    }


def stack_deny() -> Json:
    """Deny what changes the data machines: a deployment stack made it."""
    actions = ["Microsoft.Compute/virtualMachines/*"]
    scope = scope_of(SHOP_PROD, "data")
    return _deny(scope, "orders stack: deny settings", actions, ["*/read"], True)


def hasty_deny() -> Json:
    """Deny one way to run commands on the hub, and none of its siblings."""
    actions = ["Microsoft.Compute/virtualMachines/runCommand/action"]
    return _deny(scope_of(PLATFORM), "no run command", actions, [], False)


def _deny(
    scope: str, title: str, actions: list[str], less: list[str], stack: bool
) -> Json:
    name = guid(f"deny {title}")
    block = {
        "actions": actions,
        "notActions": less,
        "dataActions": [],
        "notDataActions": [],
    }
    return {
        "id": f"{scope}/{AUTH}/denyAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/denyAssignments",
        "properties": {
            "denyAssignmentName": title,
            "scope": scope,
            "doNotApplyToChildScopes": False,
            "isSystemProtected": stack,
            "denyAssignmentEffect": "enforced",
            "permissions": [block],
            "principals": [{"id": EVERYONE, "type": "SystemDefined"}],
            "excludePrincipals": [
                {"id": guid("group Platform Admins"), "type": "Group"}
            ],
        },
    }


def _rule(name: str, **more: Any) -> Json:
    target = {"caller": "EndUser", "operations": ["All"], "level": "Assignment"}
    return {"id": f"{name}_EndUser_Assignment", "target": target, **more}


def activation(scope: str, role: str, *, careful: bool) -> Json:
    """Return what activating a role takes: MFA, or approval by those who ask."""
    name = guid(f"policy {scope} {role}")
    kind = f"{AUTH}/roleManagementPolicyAssignments"
    enabled = ["Justification", *(["MultiFactorAuthentication"] if careful else [])]
    approver = {"id": guid("group Platform Admins"), "userType": "Group"}
    stages = [{"primaryApprovers": [approver]}]
    setting = {"isApprovalRequired": not careful, "approvalStages": stages}
    rules = [
        _rule("Enablement", enabledRules=enabled),
        _rule("Approval", setting=setting),
        _rule("Expiration", maximumDuration="PT4H" if careful else "PT12H"),
    ]
    return {
        "id": f"{scope}/{kind}/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleManagementPolicyAssignments",
        "properties": {
            "scope": scope,
            "roleDefinitionId": role_id(role),
            "effectiveRules": rules,
        },
    }


def lock() -> Json:
    """Return the read-only lock of what auditors want kept."""
    scope = scope_of(SHOP_DEV, "frozen")
    return {
        "id": f"{scope}/{AUTH}/locks/frozen",
        "name": "frozen",
        "type": "Microsoft.Authorization/locks",
        "properties": {"level": "ReadOnly", "notes": "kept for the auditors"},
    }
