"""Hand-written Azure requests for tests: small rows with the ids that they need."""

from uuid import NAMESPACE_DNS, uuid5

from scanner.azure.simulate import simulate_azure

PROVIDER = "/providers/Microsoft.Authorization"
ROOT_GROUP = "/providers/Microsoft.Management/managementGroups/root"
CHILD_GROUP = "/providers/Microsoft.Management/managementGroups/child"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
START = "Microsoft.Compute/virtualMachines/start/action"
MANAGED_RUN = "Microsoft.Compute/virtualMachines/runCommands/write"
EXTENSION = "Microsoft.Compute/virtualMachines/extensions/write"
LOGIN = "Microsoft.Compute/virtualMachines/login/action"
WRITE_ROLES = "Microsoft.Authorization/roleAssignments/write"


def guid(name):
    return str(uuid5(NAMESPACE_DNS, name))


USER, TEAM, ADMIN = guid("user"), guid("team"), guid("admin")
OWNER_GUID = guid("owner")
SUB = f"/subscriptions/{guid('subscription')}"
VM = f"{SUB}/resourceGroups/a/providers/Microsoft.Compute/virtualMachines/web"
EVERYONE = "00000000-0000-0000-0000-000000000000"


def role(key, name=None, blocks=None, **block):
    return {
        "id": f"{PROVIDER}/roleDefinitions/{guid(key)}",
        "name": guid(key),
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": name or f"Role {key}",
            "type": "CustomRole",
            "permissions": [block] if blocks is None else blocks,
            "assignableScopes": ["/"],
            "createdOn": "2026-01-01T00:00:00Z",
        },
    }


OWNER = role("owner", actions=["*"])


def assign(held, principal=USER, scope=SUB, condition=None):
    name = guid(f"{held['name']}{principal}{scope}{condition}")
    return {
        "id": f"{scope}{PROVIDER}/roleAssignments/{name}",
        "name": name,
        "properties": {
            "roleDefinitionId": held["id"],
            "principalId": principal,
            "principalType": "User",
            "scope": scope,
            "condition": condition,
            "updatedBy": None,
        },
    }


def deny(principals=(EVERYONE,), excluded=(), scope=SUB, blocks=None, **more):
    plane = ("actions", "notActions", "dataActions", "notDataActions")
    block = {name: more.pop(name) for name in plane if name in more}
    return {
        "id": f"{SUB}{PROVIDER}/denyAssignments/{guid('deny')}",
        "properties": {
            "denyAssignmentName": "no commands",
            "permissions": [block] if blocks is None else blocks,
            "principals": [{"id": one} for one in principals],
            "excludePrincipals": [{"id": one, "type": "User"} for one in excluded],
            "scope": scope,
            **more,
        },
    }


def lock(level="ReadOnly", scope=SUB):
    return {"id": f"{scope}{PROVIDER}/locks/keep", "properties": {"level": level}}


def asked(**members):
    return {
        "principalId": USER,
        "operation": RUN,
        "scope": VM,
        "managementGroups": [CHILD_GROUP, ROOT_GROUP],
        **members,
    }


def simulated(**members):
    return simulate_azure(asked(**members))
