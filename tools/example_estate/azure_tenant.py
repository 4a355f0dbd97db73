"""The Entra tenant of Meridian Foods: people, groups, roles, management groups."""

import uuid
from typing import Any

from scanner.evidence.store import EstateStore
from tools.example_estate.usage import write_sign_ins
from tools.example_estate.writing import Writer

Json = dict[str, Any]
_SPACE = uuid.UUID("5b2e7c1a-0000-4000-8000-6d6572696469")


def guid(name: str) -> str:
    """Return an id that is always the same for the same name."""
    return str(uuid.uuid5(_SPACE, name))


def scope_of(number: str, rg: str = "") -> str:
    """Return the scope of a subscription, or of a resource group in it."""
    subscription = f"/subscriptions/{number}"
    return f"{subscription}/resourceGroups/{rg}" if rg else subscription


TENANT = guid("tenant")
PARTNER_TENANT = guid("vantage tenant")
SUBSCRIPTIONS = {
    guid("sub platform"): "platform",
    guid("sub shop-prod"): "shop-prod",
    guid("sub shop-dev"): "shop-dev",
}
PLATFORM, SHOP_PROD, SHOP_DEV = SUBSCRIPTIONS
AUTH = "providers/Microsoft.Authorization"
GROUPS_ROOT = "/providers/Microsoft.Management/managementGroups"

#: Management group name to its display name and parent.
MANAGEMENT_GROUPS = {
    TENANT: ("Tenant Root Group", None),
    "mf-platform": ("Platform", TENANT),
    "mf-landing-zones": ("Landing zones", TENANT),
    "mf-shop": ("Shop", "mf-landing-zones"),
}
PARENTS = {PLATFORM: "mf-platform", SHOP_PROD: "mf-shop", SHOP_DEV: "mf-shop"}

#: Built-in roles by their published GUIDs, reduced to what matters here.
(
    OWNER,
    CONTRIBUTOR,
    READER,
    VM_CONTRIBUTOR,
    LOG_ANALYTICS,
    VM_ADMIN_LOGIN,
    JOB_OPERATOR,
    WEBSITES,
) = (
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7",
    "9980e02c-c2be-4d73-94e8-173b1dc7cf3c",
    "92aaf0da-9dab-42b6-94a3-d43ce8d16293",
    "1c0163c0-47e6-4577-8991-ea5c82e286e4",
    "4fe576fe-1146-4730-92eb-48519fa6bf9f",
    "de139f84-1756-47ae-9be6-808fbbe84772",
)
CUSTOM_OPERATOR = guid("role meridian vm operator")
_ACCOUNTS = "Microsoft.Automation/automationAccounts"
ROLES: dict[str, tuple[str, list[str], list[str], list[str]]] = {
    OWNER: ("Owner", ["*"], [], []),
    CONTRIBUTOR: (
        "Contributor",
        ["*"],
        ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"],
        [],
    ),
    READER: ("Reader", ["*/read"], [], []),
    VM_CONTRIBUTOR: (
        "Virtual Machine Contributor",
        ["Microsoft.Compute/virtualMachines/*", "Microsoft.Compute/disks/write"],
        [],
        [],
    ),
    LOG_ANALYTICS: (
        "Log Analytics Contributor",
        ["*/read", "Microsoft.Compute/virtualMachines/extensions/*"],
        [],
        [],
    ),
    VM_ADMIN_LOGIN: (
        "Virtual Machine Administrator Login",
        ["Microsoft.Compute/virtualMachines/*/read"],
        [],
        [
            "Microsoft.Compute/virtualMachines/login/action",
            "Microsoft.Compute/virtualMachines/loginAsAdmin/action",
        ],
    ),
    JOB_OPERATOR: (
        "Automation Job Operator",
        [f"{_ACCOUNTS}/jobs/read", f"{_ACCOUNTS}/jobs/write"],
        [],
        [],
    ),
    WEBSITES: ("Website Contributor", ["Microsoft.Web/sites/*"], [], []),
    # Takes one vector away and leaves its siblings: the classic incomplete fix.
    CUSTOM_OPERATOR: (
        "Meridian VM Operator",
        ["Microsoft.Compute/virtualMachines/*"],
        ["Microsoft.Compute/virtualMachines/runCommand/action"],
        [],
    ),
}
USERS = {
    "ana.petrov": "Member",
    "bo.lindqvist": "Member",
    "chi.okafor": "Member",
    "dev.ramanathan": "Member",
    "eli.moreau": "Member",
    "kim.reyes_vantage.example#EXT#": "Guest",
    "lea.marchetti": "Member",
    "mio.takeda": "Member",
    "noor.haddad": "Member",
    "oli.svensson": "Member",
}
#: Group to its direct members; a group may hold groups.
GROUPS = {
    "Platform Admins": ["ana.petrov", "bo.lindqvist"],
    "Cloud Operators": ["bo.lindqvist", "Shop Operators"],
    "Shop Operators": ["chi.okafor", "dev.ramanathan"],
    "Store Support": ["lea.marchetti", "mio.takeda", "noor.haddad", "oli.svensson"],
}
#: Group to its owner, who may put anybody in it.
OWNERS = {"Shop Operators": "eli.moreau"}
APPLICATIONS = {"shop-pipeline": TENANT, "Vantage Monitor": PARTNER_TENANT}
IDENTITIES = ("dev-1", "jump-1", "mf-automation", "shop-web")


def user(name: str) -> Json:
    """Return a Graph user."""
    guest = USERS[name] == "Guest"
    domain = "meridian.example"
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": guid(f"user {name}"),
        "displayName": name.split("_")[0],
        "userPrincipalName": f"{name}@{domain}",
        "userType": USERS[name],
        "externalUserState": "Accepted" if guest else None,
        "accountEnabled": True,
    }


def group(name: str) -> Json:
    """Return a Graph group."""
    return {
        "@odata.type": "#microsoft.graph.group",
        "id": guid(f"group {name}"),
        "displayName": name,
        "securityEnabled": True,
        "isAssignableToRole": name == "Platform Admins",
        "membershipRule": None,
        "onPremisesSyncEnabled": None,
    }


def _member(name: str) -> Json:
    return group(name) if name in GROUPS else user(name)


def _transitive(name: str) -> list[Json]:
    direct = GROUPS[name]
    below = [row for inner in direct if inner in GROUPS for row in _transitive(inner)]
    found = {row["id"]: row for row in [*map(_member, direct), *below]}
    return list(found.values())


def role_id(role: str) -> str:
    """Return the id of a role definition as assignments name it."""
    return f"/{AUTH}/roleDefinitions/{role}"


def role_definition(role: str) -> Json:
    """Return a role definition as ARM does."""
    name, actions, less, data = ROLES[role]
    custom = role == CUSTOM_OPERATOR
    scopes = [f"{GROUPS_ROOT}/mf-shop"] if custom else ["/"]
    block = {
        "actions": actions,
        "notActions": less,
        "dataActions": data,
        "notDataActions": [],
    }
    return {
        "id": role_id(role),
        "name": role,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name,
            "type": "CustomRole" if custom else "BuiltInRole",
            "assignableScopes": scopes,
            "permissions": [block],
        },
    }


def assignment(scope: str, role: str, principal: str, kind: str, **more: Any) -> Json:
    """Return a role assignment as ARM does."""
    name = guid(f"assignment {scope} {role} {principal}")
    properties = {
        "scope": scope,
        "roleDefinitionId": role_id(role),
        "principalId": principal,
        "principalType": kind,
        "condition": None,
        "conditionVersion": None,
        **more,
    }
    return {
        "id": f"{scope if scope != '/' else ''}/{AUTH}/roleAssignments/{name}",
        "name": name,
        "type": "Microsoft.Authorization/roleAssignments",
        "properties": properties,
    }


def write_tenant(store: EstateStore) -> None:
    """Write what is asked once for the tenant: ARM above subscriptions, and Graph."""
    log = Writer(store, f"azure/{TENANT}.jsonl", tenant=TENANT)
    _write_hierarchy(log)
    _write_graph(log)
    log.finish()


def _write_hierarchy(log: Writer) -> None:
    groups = [_management_group(name) for name in MANAGEMENT_GROUPS]
    log.answer("Microsoft.Management/managementGroups", {"value": groups})
    below = [
        {
            "id": f"{GROUPS_ROOT}/{parent}/subscriptions/{number}",
            "name": number,
            "type": "Microsoft.Management/managementGroups/subscriptions",
            "properties": {"parent": {"id": f"{GROUPS_ROOT}/{parent}"}},
        }
        for number, parent in PARENTS.items()
    ]
    what = "Microsoft.Management/managementGroups/subscriptions"
    log.answer(what, {"value": below})
    rows = [_subscription(number) for number in SUBSCRIPTIONS]
    log.answer("Microsoft.Resources/subscriptions", {"value": rows})
    roles = [role_definition(role) for role in ROLES]
    definitions = "Microsoft.Authorization/roleDefinitions"
    log.answer(definitions, {"value": roles}, scope="/")


def _management_group(name: str) -> Json:
    title, parent = MANAGEMENT_GROUPS[name]
    above = {"id": f"{GROUPS_ROOT}/{parent}", "name": parent} if parent else None
    properties = {
        "tenantId": TENANT,
        "displayName": title,
        "details": {"parent": above},
    }
    return {
        "id": f"{GROUPS_ROOT}/{name}",
        "name": name,
        "type": "Microsoft.Management/managementGroups",
        "properties": properties,
    }


def _subscription(number: str) -> Json:
    managed = number == SHOP_DEV
    return {
        "id": f"/subscriptions/{number}",
        "subscriptionId": number,
        "tenantId": TENANT,
        "displayName": SUBSCRIPTIONS[number],
        "state": "Enabled",
        "managedByTenants": [{"tenantId": PARTNER_TENANT}] if managed else [],
    }


def _write_graph(log: Writer) -> None:
    log.answer("graph/users", {"value": [user(name) for name in USERS]})
    write_sign_ins(log, USERS, guid)
    log.answer("graph/groups", {"value": [group(name) for name in GROUPS]})
    for name, members in GROUPS.items():
        number = guid(f"group {name}")
        direct = {"value": [_member(member) for member in members]}
        log.answer("graph/groups/members", direct, group=number)
        whole = {"value": _transitive(name)}
        log.answer("graph/groups/transitiveMembers", whole, group=number)
    for name, owner in OWNERS.items():
        number = guid(f"group {name}")
        log.answer("graph/owners", {"value": [user(owner)]}, object=number)
    applications = [
        {
            "id": guid(f"sp {name}"),
            "appId": guid(f"app {name}"),
            "displayName": name,
            "servicePrincipalType": "Application",
            "appOwnerOrganizationId": owner,
            "accountEnabled": True,
        }
        for name, owner in APPLICATIONS.items()
    ]
    identities = [
        {
            "id": guid(f"identity {name}"),
            "appId": guid(f"identity app {name}"),
            "displayName": name,
            "servicePrincipalType": "ManagedIdentity",
            "accountEnabled": True,
        }
        for name in IDENTITIES
    ]
    log.answer("graph/servicePrincipals", {"value": applications + identities})
