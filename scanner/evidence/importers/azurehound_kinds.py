"""The kinds of objects that AzureHound writes, and the lists that they are rows of."""

from collections.abc import Mapping
from dataclasses import dataclass

#: Kinds whose data is one row of a list.
LISTED: Mapping[str, str] = {
    "AZUser": "graph/users",
    "AZGroup": "graph/groups",
    "AZServicePrincipal": "graph/servicePrincipals",
    "AZApp": "graph/applications",
    "AZAppRoleAssignment": "graph/servicePrincipals/appRoleAssignedTo",
    "AZRole": "graph/roleDefinitions",
    "AZRoleEligibilityScheduleInstance": "graph/roleEligibilityScheduleInstances",
    "AZSubscription": "Microsoft.Resources/subscriptions",
    "AZResourceGroup": "Microsoft.Resources/subscriptions/resourceGroups",
    "AZManagementGroup": "Microsoft.Management/managementGroups",
    "AZManagementGroupDescendant": "Microsoft.Management/managementGroups/descendants",
    "AZVM": "Microsoft.Compute/virtualMachines",
    "AZVMScaleSet": "Microsoft.Compute/virtualMachineScaleSets",
    "AZAutomationAccount": "Microsoft.Automation/automationAccounts",
    "AZWebApp": "Microsoft.Web/sites",
    "AZFunctionApp": "Microsoft.Web/sites",
    "AZLogicApp": "Microsoft.Logic/workflows",
}
#: Those among them that are listed for the whole tenant.
TENANT_WIDE = frozenset(
    kind
    for kind, op in LISTED.items()
    if op.startswith(("graph/", "Microsoft.Management/"))
) | {"AZSubscription"}


@dataclass(frozen=True, slots=True)
class Related:
    """A kind that lists objects for another one.

    `id` is the member that holds the other's id; `list` holds entries, each with one
    object in `entry`.
    """

    op: str
    id: str
    list: str
    entry: str


RELATED: Mapping[str, Related] = {
    "AZGroupMember": Related("graph/groups/members", "groupId", "members", "member"),
    "AZGroupOwner": Related("graph/owners", "groupId", "owners", "owner"),
    "AZServicePrincipalOwner": Related(
        "graph/owners", "servicePrincipalId", "owners", "owner"
    ),
    "AZAppOwner": Related("graph/owners", "appId", "owners", "owner"),
}

#: What follows the resource in a kind that lists role assignments: list and entry.
_ROLES = {
    "RoleAssignment": ("roleAssignments", "roleAssignment"),
    "Owner": ("owners", "owner"),
    "Contributor": ("contributors", "contributor"),
    "UserAccessAdmin": ("userAccessAdmins", "userAccessAdmin"),
}
_ASSIGNEES = ("assignees", "assignee")
_RESOURCES = ("ManagementGroup", "Subscription", "ResourceGroup", "VM", "KeyVault")

#: Kinds that list role assignments: the member that holds them, and that of each entry.
ASSIGNED: Mapping[str, tuple[str, str]] = {
    f"AZ{resource}{role}": members
    for resource in (
        "ManagementGroup",
        "Subscription",
        "ResourceGroup",
        "VM",
        "KeyVault",
    )
    for role, members in _ROLES.items()
} | {
    "AZVMVMContributor": ("vmContributors", "vmContributor"),
    "AZVMAvereContributor": ("avereContributors", "avereContributor"),
    "AZVMAdminLogin": ("adminLogins", "adminLogin"),
    "AZKeyVaultKVContributor": ("kvContributors", "kvContributor"),
    "AZVMScaleSetRoleAssignment": _ASSIGNEES,
    "AZAutomationAccountRoleAssignment": _ASSIGNEES,
    "AZContainerRegistryRoleAssignment": _ASSIGNEES,
    "AZFunctionAppRoleAssignment": _ASSIGNEES,
    "AZLogicAppRoleAssignment": _ASSIGNEES,
    "AZManagedClusterRoleAssignment": _ASSIGNEES,
    "AZStorageAccountRoleAssignment": _ASSIGNEES,
    "AZWebAppRoleAssignment": _ASSIGNEES,
}

#: Lists of a subscription that AzureHound never asks for.
NOT_COLLECTED = (
    "Microsoft.Authorization/denyAssignments",
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/roleAssignmentScheduleInstances",
    "Microsoft.Authorization/roleEligibilityScheduleInstances",
    "Microsoft.ManagedServices/registrationAssignments",
    "Microsoft.HybridCompute/machines",
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
)
#: Those among them that name no scope in their parameters.
WITHOUT_SCOPE = frozenset(
    {
        "Microsoft.HybridCompute/machines",
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
    }
)
#: Lists that are nowhere in a file when they are empty, and when they were refused.
NOT_TOLD_FROM_REFUSED = (
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Compute/virtualMachineScaleSets",
)
