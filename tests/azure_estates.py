"""Builders of Azure evidence: small functions that return ARM and Graph shapes.

    loaded(tmp_path, tenant_lines(roles=[...]), (SUB, subscription_lines(vms=[...])))

Lines are plain dictionaries, so a test may change any member before they are written.
"""

import json
import uuid
from pathlib import Path

from scanner.azure.load import load_azure
from scanner.evidence.reader import open_estate

TENANT = "11111111-0000-4000-8000-000000000001"
SUB = "22222222-0000-4000-8000-000000000001"
SUB2 = "22222222-0000-4000-8000-000000000002"
EVERYONE = "00000000-0000-0000-0000-000000000000"
AT = "2026-11-01T00:00:00Z"
AUTHORIZATION = "Microsoft.Authorization"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
MANAGED_RUN = "Microsoft.Compute/virtualMachines/runCommands/write"
EXTENSION = "Microsoft.Compute/virtualMachines/extensions/write"
LOGIN = "Microsoft.Compute/virtualMachines/login/action"


def guid(name):
    """The same GUID for the same name, so that tests can speak of `user`."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def subscription_scope(subscription=SUB):
    return f"/subscriptions/{subscription}"


def group_scope(name):
    return f"/providers/Microsoft.Management/managementGroups/{name}"


def rg_scope(name="rg", subscription=SUB):
    return f"/subscriptions/{subscription}/resourceGroups/{name}"


def vm_id(name="vm", rg="rg", subscription=SUB):
    scope = rg_scope(rg, subscription)
    return f"{scope}/providers/Microsoft.Compute/virtualMachines/{name}"


def set_id(name="set", rg="rg", subscription=SUB):
    scope = rg_scope(rg, subscription)
    return f"{scope}/providers/Microsoft.Compute/virtualMachineScaleSets/{name}"


def arc_id(name="arc", rg="rg", subscription=SUB):
    scope = rg_scope(rg, subscription)
    return f"{scope}/providers/Microsoft.HybridCompute/machines/{name}"


def account_id(name="auto", rg="rg", subscription=SUB):
    scope = rg_scope(rg, subscription)
    return f"{scope}/providers/Microsoft.Automation/automationAccounts/{name}"


def block(actions=(), not_actions=(), data=(), not_data=(), condition=None):
    """One permission block."""
    found = {
        "actions": list(actions),
        "notActions": list(not_actions),
        "dataActions": list(data),
        "notDataActions": list(not_data),
    }
    return found | ({"condition": condition} if condition else {})


def role(name, *blocks, custom=True):
    """A role definition whose GUID is `guid(name)`."""
    return {
        "id": f"/providers/{AUTHORIZATION}/roleDefinitions/{guid(name)}",
        "name": guid(name),
        "type": f"{AUTHORIZATION}/roleDefinitions",
        "properties": {
            "roleName": name,
            "type": "CustomRole" if custom else "BuiltInRole",
            "assignableScopes": ["/"],
            "permissions": list(blocks),
        },
    }


def _holding(kind, principal, role_name, scope, principal_type, name, properties):
    row_id = guid(name or f"{kind}{principal}{role_name}{scope}")
    return {
        "id": f"{scope.rstrip('/')}/providers/{AUTHORIZATION}/{kind}/{row_id}",
        "name": row_id,
        "type": f"{AUTHORIZATION}/{kind}",
        "properties": {
            "scope": scope,
            "roleDefinitionId": (
                f"/providers/{AUTHORIZATION}/roleDefinitions/{guid(role_name)}"
            ),
            "principalId": guid(principal),
            "principalType": principal_type,
            **properties,
        },
    }


def assignment(principal, role_name, scope, kind="User", name=None, **properties):
    """A role assignment of `guid(principal)`."""
    return _holding(
        "roleAssignments", principal, role_name, scope, kind, name, properties
    )


def eligible(principal, role_name, scope, kind="User", name=None, **properties):
    """A PIM eligibility instance."""
    found = "roleEligibilityScheduleInstances"
    return _holding(found, principal, role_name, scope, kind, name, properties)


def schedule(principal, role_name, scope, kind="User", name=None, **properties):
    """A PIM assignment schedule instance (`assignmentType`, `endDateTime`, …)."""
    found = "roleAssignmentScheduleInstances"
    return _holding(found, principal, role_name, scope, kind, name, properties)


def deny(scope, *blocks, principals=(EVERYONE,), excluded=(), name="deny", **more):
    """A deny assignment; principals are names, or `EVERYONE`."""
    row_id = guid(name)

    def entry(principal):
        everyone = principal == EVERYONE
        kind = "SystemDefined" if everyone else "User"
        return {"id": EVERYONE if everyone else guid(principal), "type": kind}

    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/denyAssignments/{row_id}",
        "name": row_id,
        "type": f"{AUTHORIZATION}/denyAssignments",
        "properties": {
            "denyAssignmentName": name,
            "scope": scope,
            "permissions": list(blocks),
            "principals": [entry(p) for p in principals],
            "excludePrincipals": [entry(p) for p in excluded],
            **more,
        },
    }


def lock(scope, level="ReadOnly", name="lock"):
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/locks/{name}",
        "name": name,
        "type": f"{AUTHORIZATION}/locks",
        "properties": {"level": level},
    }


def authorization(principal, role_name):
    """One Lighthouse authorization."""
    return {
        "principalId": guid(principal),
        "principalIdDisplayName": principal,
        "roleDefinitionId": guid(role_name),
    }


def delegation(scope, authorizations=(), eligible_ones=(), managing="partner"):
    """A registration definition and its assignment, as two rows."""
    definition = (
        f"{scope}/providers/Microsoft.ManagedServices/registrationDefinitions/"
        f"{guid(scope + managing)}"
    )
    registration = (
        f"{scope}/providers/Microsoft.ManagedServices/registrationAssignments/"
        f"{guid(scope + managing + 'assignment')}"
    )
    return (
        {
            "id": definition,
            "properties": {
                "managedByTenantId": guid(managing),
                "authorizations": list(authorizations),
                "eligibleAuthorizations": list(eligible_ones),
            },
        },
        {"id": registration, "properties": {"registrationDefinitionId": definition}},
    )


def management_group(name, parent=None):
    """A management group; without a parent it is a root."""
    above = {"id": group_scope(parent)} if parent else None
    return {
        "id": group_scope(name),
        "type": "Microsoft.Management/managementGroups",
        "name": name,
        "properties": {"displayName": name, "details": {"parent": above}},
    }


def placed(subscription, group):
    """A subscription below a management group."""
    return {
        "id": f"{group_scope(group)}/subscriptions/{subscription}",
        "type": "Microsoft.Management/managementGroups/subscriptions",
        "name": subscription,
        "properties": {"parent": {"id": group_scope(group)}},
    }


def subscription(subscription_id=SUB, name="production"):
    return {
        "id": f"/subscriptions/{subscription_id}",
        "subscriptionId": subscription_id,
        "displayName": name,
    }


RUNNING = {
    "statuses": [{"code": "PowerState/running"}],
    "vmAgent": {"vmAgentVersion": "2.11"},
}
STOPPED = {"statuses": [{"code": "PowerState/deallocated"}]}


def machine(row_id, view=RUNNING, identity=None, **more):
    """A VM, scale-set instance or any other compute row."""
    properties = {"instanceView": view} if view else {}
    found = {
        "id": row_id,
        "name": row_id.rpartition("/")[2],
        "location": "westeurope",
        "properties": properties | more.pop("properties", {}),
        **more,
    }
    if identity:
        found["identity"] = {"type": "SystemAssigned", "principalId": guid(identity)}
    return found


def arc_machine(row_id=None, status="Connected"):
    return {
        "id": row_id or arc_id(),
        "name": (row_id or arc_id()).rpartition("/")[2],
        "location": "westeurope",
        "properties": {"status": status},
    }


def user(name, **more):
    return {
        "id": guid(name),
        "displayName": name,
        "userPrincipalName": name,
        "userType": "Member",
        **more,
    }


def group(name, **more):
    return {"id": guid(name), "displayName": name, **more}


def service_principal(name, managed=False, **more):
    kind = "ManagedIdentity" if managed else "Application"
    return {
        "id": guid(name),
        "appId": guid(name + "app"),
        "displayName": name,
        "servicePrincipalType": kind,
        **more,
    }


def member(name, kind="user"):
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": guid(name)}


def line(op, rows, params=None, **more):
    """One evidence line with a whole list; `more` adds or replaces members."""
    return {
        "op": op,
        "tenant": TENANT,
        "params": params or {},
        "page": 0,
        "last": True,
        "at": AT,
        "result": {"value": list(rows)},
        **more,
    }


def refused(op, params=None, code="AuthorizationFailed", status=403, **more):
    """One evidence line with a refusal."""
    found = line(op, (), params, **more)
    del found["result"], found["last"]
    error = {"code": code, "status": status, "message": "no"}
    return found | {"error": error}


def members_line(group_name, *members, transitive=False):
    op = "graph/groups/transitiveMembers" if transitive else "graph/groups/members"
    return line(op, members, {"group": guid(group_name)})


def at_root(kind, rows):
    """A list of `Microsoft.Authorization/<kind>` asked at `/`."""
    return line(f"{AUTHORIZATION}/{kind}", rows, {"scope": "/"})


def tenant_lines(
    roles=(),
    assignments=(),
    denies=(),
    eligibilities=(),
    schedules=(),
    locks=(),
    groups=None,
    subscriptions=(SUB,),
    placements=None,
    users=(),
    directory_groups=(),
    service_principals=(),
    members=None,
    delegations=(),
):
    """The lines of a tenant whose every list was answered.

    `members` maps a group's name to its member rows.
    """
    groups = [management_group(TENANT)] if groups is None else groups
    below = [placed(s, TENANT) for s in subscriptions]
    placements = below if placements is None else placements
    definitions = [definition for definition, _ in delegations]
    registrations = [registration for _, registration in delegations]
    services = "Microsoft.ManagedServices"
    return [
        line("Microsoft.Management/managementGroups", groups),
        line("Microsoft.Management/managementGroups/subscriptions", placements),
        line("Microsoft.Resources/subscriptions", map(subscription, subscriptions)),
        at_root("roleDefinitions", roles),
        at_root("roleAssignments", assignments),
        at_root("denyAssignments", denies),
        at_root("roleEligibilityScheduleInstances", eligibilities),
        at_root("roleAssignmentScheduleInstances", schedules),
        at_root("locks", locks),
        line(f"{services}/registrationDefinitions", definitions),
        line(f"{services}/registrationAssignments", registrations),
        line("graph/users", users),
        line("graph/groups", directory_groups),
        line("graph/servicePrincipals", service_principals),
        *(members_line(name, *rows) for name, rows in (members or {}).items()),
    ]


def subscription_lines(
    vms=(),
    scale_sets=(),
    instances=(),
    arc=(),
    accounts=(),
    workers=None,
    subscription_id=SUB,
):
    """The lines of a subscription's machines; `workers` of None were not asked for."""
    lists = {
        "Microsoft.Compute/virtualMachines": vms,
        "Microsoft.Compute/virtualMachineScaleSets": scale_sets,
        "Microsoft.Compute/virtualMachineScaleSets/virtualMachines": instances,
        "Microsoft.HybridCompute/machines": arc,
        "Microsoft.Automation/automationAccounts": accounts,
    }
    found = [line(op, rows, subscription=subscription_id) for op, rows in lists.items()]
    if workers is not None:
        op = "Microsoft.Automation/automationAccounts/hybridRunbookWorkers"
        found.append(line(op, workers, subscription=subscription_id))
    return found


def worker(account, machine_id, name="worker"):
    """A hybrid worker of an Automation account, by the machine's resource id."""
    properties = {"vmResourceId": machine_id, "workerName": name}
    row_id = f"{account}/hybridRunbookWorkerGroups/all/hybridRunbookWorkers/{name}"
    return {"id": row_id, "name": name, "properties": properties}


def write_azure(root: Path, tenant, *subscriptions) -> Path:
    """Write an estate: the tenant's lines, and (subscription id, lines) pairs."""
    folder = root / "azure"
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in ((TENANT, tenant), *subscriptions):
        text = "".join(json.dumps(one) + "\n" for one in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return root


def loaded(root: Path, tenant, *subscriptions):
    """Write an estate and load it."""
    return load_azure(open_estate(write_azure(root, tenant, *subscriptions)))


def rows_of(decided):
    """Every pair that is not denied: principal, vector and target to its decision."""
    found = {}
    for grant in decided.grants:
        for principal in grant.principals:
            for target in grant.targets:
                key = (principal.name, grant.vector.id, target.name)
                assert key not in found, f"decided twice: {key}"
                found[key] = grant.decision
    return found
