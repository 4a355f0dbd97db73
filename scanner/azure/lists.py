"""Every list call of the Azure collector: its weight, its right, its API versions."""

from scanner.operations import Weight

_BASE, _RESTRICTING, _REFINING = Weight.BASE, Weight.RESTRICTING, Weight.REFINING

_AUTHORIZATION = "Microsoft.Authorization"
_AUTOMATION = "Microsoft.Automation/automationAccounts"

_NO_PARTNERS = "delegated partners (Lighthouse) unknown"
_STANDING = "whether access is permanent or time-bound unknown"

#: op: (weight, what is unknown without it, API versions: the preferred one first).
#: A later version is asked only when the service says that it does not know an earlier
#: one. Deny assignments carry their effect from 2024-07-01-preview on, role definitions
#: a condition on each block from 2022-05-01-preview on.
ARM: dict[str, tuple[Weight, str, tuple[str, ...]]] = {
    "Microsoft.Resources/subscriptions": (
        _BASE,
        "which subscriptions exist unknown",
        ("2022-12-01", "2020-01-01"),
    ),
    "Microsoft.Resources/subscriptions/resourceGroups": (
        _REFINING,
        "delegations of single resource groups unknown",
        ("2022-09-01", "2021-04-01"),
    ),
    "Microsoft.Management/managementGroups": (
        _BASE,
        "grants inherited from management groups unknown",
        ("2023-04-01", "2021-04-01"),
    ),
    "Microsoft.Management/managementGroups/subscriptions": (
        _BASE,
        "which management group a subscription inherits from unknown",
        ("2023-04-01", "2021-04-01"),
    ),
    "Microsoft.Management/managementGroups/descendants": (
        _BASE,
        "which subscriptions are below the management group unknown",
        ("2023-04-01", "2021-04-01"),
    ),
    f"{_AUTHORIZATION}/roleDefinitions": (
        _BASE,
        "what the roles allow unknown",
        ("2022-05-01-preview", "2023-07-01-preview"),
    ),
    f"{_AUTHORIZATION}/roleAssignments": (
        _BASE,
        "who holds roles at and below the scope unknown",
        ("2022-04-01",),
    ),
    f"{_AUTHORIZATION}/denyAssignments": (
        _RESTRICTING,
        "what is denied unknown",
        ("2026-09-01", "2024-07-01-preview", "2022-04-01"),
    ),
    f"{_AUTHORIZATION}/roleEligibilityScheduleInstances": (
        _REFINING,
        "eligible (PIM) access unknown",
        ("2020-10-01", "2020-10-01-preview"),
    ),
    f"{_AUTHORIZATION}/roleAssignmentScheduleInstances": (
        _REFINING,
        _STANDING,
        ("2020-10-01", "2020-10-01-preview"),
    ),
    f"{_AUTHORIZATION}/roleManagementPolicyAssignments": (
        _REFINING,
        "MFA and approval of PIM activations unknown",
        ("2020-10-01", "2020-10-01-preview"),
    ),
    f"{_AUTHORIZATION}/locks": (
        _REFINING,
        "resource locks unknown",
        ("2020-05-01", "2016-09-01"),
    ),
    f"{_AUTHORIZATION}/classicAdministrators": (
        _REFINING,
        "classic administrators unknown",
        ("2015-07-01", "2015-06-01"),
    ),
    f"{_AUTHORIZATION}/policyAssignments": (
        _REFINING,
        "policies that act as managed identities, or deny extensions, unknown",
        ("2023-04-01", "2022-06-01"),
    ),
    f"{_AUTHORIZATION}/policyDefinitions": (
        _REFINING,
        "whether an assigned policy denies extensions and run commands unknown",
        ("2023-04-01", "2021-06-01"),
    ),
    f"{_AUTHORIZATION}/policySetDefinitions": (
        _REFINING,
        "whether an assigned initiative denies extensions and run commands unknown",
        ("2023-04-01", "2021-06-01"),
    ),
    f"{_AUTHORIZATION}/policyExemptions": (
        _REFINING,
        "which machines are exempt from policies unknown",
        ("2022-07-01-preview", "2020-07-01-preview"),
    ),
    "Microsoft.ManagedServices/registrationDefinitions": (
        _REFINING,
        _NO_PARTNERS,
        ("2022-10-01", "2019-09-01"),
    ),
    "Microsoft.ManagedServices/registrationAssignments": (
        _REFINING,
        _NO_PARTNERS,
        ("2022-10-01", "2019-09-01"),
    ),
    "Microsoft.Compute/virtualMachines": (
        _BASE,
        "which VMs exist, or whether they run, unknown",
        ("2024-07-01", "2023-03-01"),
    ),
    "Microsoft.Compute/virtualMachineScaleSets": (
        _BASE,
        "which scale sets exist unknown",
        ("2024-07-01", "2023-03-01"),
    ),
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines": (
        _BASE,
        "which instances the scale set has unknown",
        ("2024-07-01", "2023-03-01"),
    ),
    "Microsoft.HybridCompute/machines": (
        _BASE,
        "which Arc machines exist unknown",
        ("2024-07-10", "2022-12-27"),
    ),
    _AUTOMATION: (
        _REFINING,
        "Automation accounts unknown",
        ("2023-11-01", "2022-08-08"),
    ),
    f"{_AUTOMATION}/runbooks": (
        _REFINING,
        "runbooks that exist unknown",
        ("2023-11-01", "2022-08-08"),
    ),
    f"{_AUTOMATION}/hybridRunbookWorkerGroups": (
        _REFINING,
        "machines that run the account's jobs unknown",
        ("2023-11-01", "2022-08-08"),
    ),
    f"{_AUTOMATION}/hybridRunbookWorkers": (
        _REFINING,
        "machines that run the account's jobs unknown",
        ("2023-11-01", "2022-08-08"),
    ),
    f"{_AUTOMATION}/nodes": (
        _REFINING,
        "machines that pull the account's configurations unknown",
        ("2023-11-01", "2022-08-08"),
    ),
    "Microsoft.DevTestLab/labs": (
        _REFINING,
        "VMs of labs unknown",
        ("2018-09-15", "2016-05-15"),
    ),
    "Microsoft.DevTestLab/labs/virtualMachines": (
        _REFINING,
        "VMs of the lab unknown",
        ("2018-09-15", "2016-05-15"),
    ),
    "Microsoft.SerialConsole/consoleServices": (
        _REFINING,
        "whether the serial console is on unknown",
        ("2018-05-01",),
    ),
    "Microsoft.Web/sites": (
        _REFINING,
        "web apps that act as managed identities unknown",
        ("2023-12-01", "2022-03-01"),
    ),
    "Microsoft.Logic/workflows": (
        _REFINING,
        "workflows that act as managed identities unknown",
        ("2019-05-01", "2016-06-01"),
    ),
    "Microsoft.ContainerInstance/containerGroups": (
        _REFINING,
        "container groups that act as managed identities unknown",
        ("2023-05-01", "2021-10-01"),
    ),
    "Microsoft.ManagedIdentity/userAssignedIdentities": (
        _REFINING,
        "managed identities unknown",
        ("2023-01-31", "2018-11-30"),
    ),
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials": (
        _REFINING,
        "use of the identity from outside Azure unknown",
        ("2023-01-31", "2022-01-31-preview"),
    ),
}

#: op: (weight, what is unknown without it, application permission of Microsoft Graph).
GRAPH: dict[str, tuple[Weight, str, str]] = {
    "graph/users": (_REFINING, "user names and guests unknown", "User.Read.All"),
    "graph/groups": (
        _REFINING,
        "group names and how they are joined unknown",
        "GroupMember.Read.All",
    ),
    "graph/groups/members": (
        _BASE,
        "who is in the group unknown",
        "GroupMember.Read.All",
    ),
    "graph/groups/transitiveMembers": (
        _BASE,
        "who is in the group through other groups unknown",
        "GroupMember.Read.All",
    ),
    "graph/servicePrincipals": (
        _REFINING,
        "applications and managed identities behind principals unknown",
        "Application.Read.All",
    ),
    "graph/applications": (
        _REFINING,
        "applications behind service principals unknown",
        "Application.Read.All",
    ),
    "graph/applications/federatedIdentityCredentials": (
        _REFINING,
        "use of the application from outside Entra unknown",
        "Application.Read.All",
    ),
    "graph/owners": (
        _REFINING,
        "who can take over the application or group unknown",
        "Application.Read.All",
    ),
    "graph/directoryRoles": (
        _REFINING,
        "escalation through directory roles unknown",
        "RoleManagement.Read.Directory",
    ),
    "graph/roleAssignments": (
        _REFINING,
        "escalation through directory roles unknown",
        "RoleManagement.Read.Directory",
    ),
    "graph/roleEligibilityScheduleInstances": (
        _REFINING,
        "escalation through eligible directory roles unknown",
        "RoleManagement.Read.Directory",
    ),
    "graph/roleDefinitions": (
        _REFINING,
        "escalation through custom roles of the directory unknown",
        "RoleManagement.Read.Directory",
    ),
    "graph/servicePrincipals/appRoleAssignedTo": (
        _REFINING,
        "escalation through permissions of applications unknown",
        "Application.Read.All",
    ),
    "graph/crossTenantAccessPolicy/partners": (
        _REFINING,
        "which partners may hold roles of the directory (GDAP) unknown",
        "Policy.Read.All",
    ),
    "graph/groupEligibility": (
        _REFINING,
        "who can become a member of the group unknown",
        "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    ),
}

#: The Activity Log of a subscription, and when users last signed in: asked by
#: `scan --usage` alone.
ACTIVITY = "Microsoft.Insights/eventtypes/management/values"
SIGN_INS = "graph/users/signInActivity"
ARM_USAGE: dict[str, tuple[Weight, str, tuple[str, ...]]] = {
    ACTIVITY: (
        _REFINING,
        "who used what leads to commands in the last 90 days unknown",
        ("2015-04-01",),
    )
}
GRAPH_USAGE: dict[str, tuple[Weight, str, str]] = {
    SIGN_INS: (_REFINING, "when users last signed in unknown", "AuditLog.Read.All")
}
