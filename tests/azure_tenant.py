"""An Entra tenant in memory, built from a few words, for the stand-in of ARM and Graph.

```
tenant = AzureTenant()
corp = tenant.management_group("corp")             # below the tenant root group
prod = tenant.subscription("prod", parent=corp)    # .id is a GUID, .scope its ARM id
vm = prod.vm("web", group="rg-web")                # every builder returns an id
ops = tenant.group("ops", members=[tenant.user("ann")])
role = tenant.role("VM Contributor", ["Microsoft.Compute/virtualMachines/*"])
tenant.assign(ops, role, prod.scope, kind="Group")
tenant.deny("freeze", prod.scope, actions=["*"], effect="audit")
tenant.add("Microsoft.Authorization/locks", prod.scope, {"level": "ReadOnly"})
tenant.lists["/some/path"] = [{"id": "…"}]              # any list, by its path
```

Ids are made from names, so the same words give the same tenant. Rows carry a member
that no SDK model knows (`x-unknown`), and resource ids mix upper and lower case as
Azure's do.
"""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]

MANAGEMENT = "/providers/Microsoft.Management/managementGroups"
AUTHORIZATION = "Microsoft.Authorization"
#: Lists that answer for what is above and below the scope they are asked at.
INHERITED = (
    f"{AUTHORIZATION}/roleAssignments",
    f"{AUTHORIZATION}/denyAssignments",
    f"{AUTHORIZATION}/roleEligibilityScheduleInstances",
    f"{AUTHORIZATION}/roleAssignmentScheduleInstances",
    f"{AUTHORIZATION}/roleManagementPolicyAssignments",
    f"{AUTHORIZATION}/locks",
    f"{AUTHORIZATION}/policyAssignments",
    f"{AUTHORIZATION}/policyExemptions",
    f"{AUTHORIZATION}/classicAdministrators",
    "Microsoft.ManagedServices/registrationDefinitions",
    "Microsoft.ManagedServices/registrationAssignments",
)
EVERYONE = "00000000-0000-0000-0000-000000000000"


def guid_of(*names: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(names)))


@dataclass
class Subscription:
    """Builder of what is in one subscription."""

    tenant: "AzureTenant"
    id: str
    parent: str

    @property
    def scope(self) -> str:
        return f"/subscriptions/{self.id}"

    def resource(self, kind: str, name: str, group: str = "rg", **members: Any) -> str:
        """Add a resource of any type, and its resource group."""
        found = f"{self.scope}/resourceGroups/{group.upper()}/providers/{kind}/{name}"
        row = {"id": found, "name": name, "type": kind, "location": "westeurope"}
        self.tenant.put(f"{self.scope}/providers/{kind}", {**row, **members})
        self.resource_group(group)
        return found

    def resource_group(self, name: str) -> str:
        found = f"{self.scope}/resourceGroups/{name}"
        groups = self.tenant.lists[f"{self.scope}/resourcegroups".lower()]
        if found.lower() not in {row["id"].lower() for row in groups}:
            groups.append({"id": found, "name": name})
        return found

    def vm(self, name: str, group: str = "rg", **members: Any) -> str:
        """Add a VM that runs, with its agent ready."""
        members.setdefault("properties", {"vmId": guid_of(self.id, name)})
        return self.resource(
            "Microsoft.Compute/virtualMachines", name, group, **members
        )

    def scale_set(self, name: str, instances: int = 2, mode: str = "Uniform") -> str:
        kind = "Microsoft.Compute/virtualMachineScaleSets"
        found = self.resource(kind, name, properties={"orchestrationMode": mode})
        for number in range(instances):
            place = f"{found}/virtualMachines"
            row = {"id": f"{place}/{number}", "instanceId": str(number)}
            self.tenant.put(place, {**row, "name": f"{name}_{number}"})
        return found

    def arc(self, name: str, status: str = "Connected") -> str:
        kind = "Microsoft.HybridCompute/machines"
        return self.resource(kind, name, properties={"status": status})

    def identity(self, name: str, federated: Sequence[str] = ()) -> str:
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
        found = self.resource(kind, name, properties={"principalId": guid_of(name)})
        for subject in federated:
            self.tenant.put(
                f"{found}/federatedIdentityCredentials",
                {"id": f"{found}/federatedIdentityCredentials/{subject}"},
            )
        return found

    def automation(self, name: str, runbook: str = "patch", machine: str = "") -> str:
        """Add an account with one runbook and one worker group (of `machine`)."""
        found = self.resource("Microsoft.Automation/automationAccounts", name)
        group = f"{found}/hybridRunbookWorkerGroups/workers"
        self.tenant.put(f"{found}/runbooks", {"id": f"{found}/runbooks/{runbook}"})
        self.tenant.put(f"{found}/hybridRunbookWorkerGroups", {"id": group})
        if machine:
            place = f"{group}/hybridRunbookWorkers"
            properties = {"vmResourceId": machine}
            self.tenant.put(place, {"id": f"{place}/1", "properties": properties})
        return found

    def lab(self, name: str, desk: str, machine: str) -> str:
        """Add a DevTest lab with one lab VM that stands for a machine."""
        found = self.resource("Microsoft.DevTestLab/labs", name)
        place = f"{found}/virtualMachines"
        row = {"id": f"{place}/{desk}", "properties": {"computeId": machine}}
        self.tenant.put(place, row)
        return found


@dataclass
class AzureTenant:
    """A tenant: lists by lower-case path, and scoped objects by operation."""

    id: str = field(default_factory=lambda: guid_of("tenant"))
    lists: defaultdict[str, list[Row]] = field(
        default_factory=lambda: defaultdict(list)
    )
    scoped: defaultdict[str, list[Row]] = field(
        default_factory=lambda: defaultdict(list)
    )
    groups: dict[str, Row] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)  # ids: the serial console is off

    def __post_init__(self) -> None:
        self.management_group(self.id, parent="")

    def put(self, path: str, row: Row) -> None:
        self.lists[path.lower()].append({**row, "x-unknown": {"kept": True}})

    def management_group(self, name: str, parent: str | None = None) -> str:
        """Add a management group, below the root unless told otherwise."""
        above = f"{MANAGEMENT}/{self.id}" if parent is None else parent
        details = {"parent": {"id": above} if above else None}
        self.groups[name] = {
            "id": f"{MANAGEMENT}/{name}",
            "name": name,
            "type": "Microsoft.Management/managementGroups",
            "properties": {
                "tenantId": self.id,
                "displayName": name,
                "details": details,
            },
        }
        return f"{MANAGEMENT}/{name}"

    def subscription(
        self, name: str, parent: str = "", state: str = "Enabled"
    ) -> Subscription:
        found = guid_of("subscription", name)
        row = {"id": f"/subscriptions/{found}", "subscriptionId": found.upper()}
        self.put(
            "/subscriptions",
            {**row, "tenantId": self.id, "displayName": name, "state": state},
        )
        place = parent or f"{MANAGEMENT}/{self.id}"
        self.subscriptions[found] = Subscription(self, found, place)
        return self.subscriptions[found]

    def add(self, op: str, scope: str, properties: Row, name: str = "") -> str:
        """Add an object of a scoped list (`Microsoft.Authorization/locks`…)."""
        name = name or guid_of(op, scope, repr(sorted(properties.items())))
        found = f"{scope.rstrip('/')}/providers/{op}/{name}"
        row = {"id": found, "name": name, "type": op, "x-unknown": {"kept": True}}
        self.scoped[op].append({**row, "properties": {"scope": scope, **properties}})
        return found

    def role(
        self,
        name: str,
        actions: Sequence[str],
        scopes: Sequence[str] = ("/",),
        condition: str | None = None,
        **block: Any,
    ) -> str:
        """Add a role; one that can be assigned at `/` is built in, others custom."""
        op, kind = f"{AUTHORIZATION}/roleDefinitions", "CustomRole"
        if tuple(scopes) == ("/",):
            kind = "BuiltInRole"
        permission = {"actions": list(actions), "notActions": [], "dataActions": []}
        permission |= {"notDataActions": [], "condition": condition, **block}
        properties = {"roleName": name, "type": kind, "assignableScopes": list(scopes)}
        role = guid_of("role", name)
        return self.add(op, "/", {**properties, "permissions": [permission]}, role)

    def assign(
        self, principal: str, role: str, scope: str, kind: str = "User", **more: Any
    ) -> str:
        return self._holds("roleAssignments", principal, role, scope, kind, more)

    def eligible(
        self, principal: str, role: str, scope: str, kind: str = "User", **more: Any
    ) -> str:
        op = "roleEligibilityScheduleInstances"
        return self._holds(op, principal, role, scope, kind, more)

    def _holds(
        self, op: str, principal: str, role: str, scope: str, kind: str, more: Row
    ) -> str:
        row = {"principalId": principal, "principalType": kind}
        row |= {"roleDefinitionId": role, **more}
        return self.add(f"{AUTHORIZATION}/{op}", scope, row)

    def deny(
        self, name: str, scope: str, actions: Sequence[str], effect: str = "enforced"
    ) -> str:
        """Add a deny assignment for everyone."""
        block = {"actions": list(actions), "notActions": ["*/read"]}
        everyone = {"id": EVERYONE, "type": "SystemDefined"}
        properties = {"denyAssignmentName": name, "denyAssignmentEffect": effect}
        properties |= {"permissions": [block], "principals": [everyone]}
        op = f"{AUTHORIZATION}/denyAssignments"
        return self.add(op, scope, {**properties, "excludePrincipals": []})

    def user(self, name: str, kind: str = "Member") -> str:
        return self._directory("users", name, userType=kind)

    def group(
        self, name: str, members: Sequence[str] = (), owners: Sequence[str] = ()
    ) -> str:
        """Add a group; members that are groups are followed for transitive lists."""
        found = self._directory("groups", name, securityEnabled=True)
        for kind, ids in (("members", members), ("owners", owners)):
            for member in ids:
                row = {"@odata.type": self._type(member), "id": member}
                self.put(f"/v1.0/groups/{found}/{kind}", row)
        return found

    def service_principal(
        self, name: str, kind: str = "Application", owners: Sequence[str] = ()
    ) -> str:
        """Add a service principal and, unless it is an identity, its application."""
        app = guid_of("app", name)
        more = {"appId": app, "servicePrincipalType": kind}
        found = self._directory("servicePrincipals", name, **more)
        if kind == "Application":
            registered = self._directory("applications", name, appId=app)
            for owner in owners:
                self.put(f"/v1.0/applications/{registered}/owners", {"id": owner})
        return found

    def direct(self, principal: str, role: str) -> None:
        """Give somebody a role of the directory, by its id."""
        place = "/v1.0/roleManagement/directory/roleAssignments"
        row = {"id": f"{principal}-{role}", "roleDefinitionId": role}
        self.put(place, {**row, "principalId": principal, "directoryScopeId": "/"})

    def permit(self, principal: str, permission: str) -> None:
        """Give an application a permission on Microsoft Graph, by its id."""
        app = "00000003-0000-0000-c000-000000000000"
        found = guid_of("servicePrincipals", "Microsoft Graph")
        if found not in {row["id"] for row in self.lists["/v1.0/serviceprincipals"]}:
            more = {"appId": app, "servicePrincipalType": "Application"}
            self._directory("servicePrincipals", "Microsoft Graph", **more)
        row = {"id": f"{principal}-{permission}", "appRoleId": permission}
        row |= {"principalId": principal, "principalType": "ServicePrincipal"}
        place = f"/v1.0/servicePrincipals/{found}/appRoleAssignedTo"
        self.put(place, {**row, "resourceId": found})

    def _directory(self, kind: str, name: str, **members: Any) -> str:
        found = guid_of(kind, name)
        self.put(f"/v1.0/{kind}", {"id": found, "displayName": name, **members})
        return found

    def _type(self, found: str) -> str:
        groups = {row["id"] for row in self.lists["/v1.0/groups"]}
        return "#microsoft.graph.group" if found in groups else "#microsoft.graph.user"

    def above(self, scope: str) -> list[str]:
        """Return the scopes above one, itself first and the root last, lower case."""
        found = [scope.lower().rstrip("/") or "/"]
        parts = found[0].split("/")
        if parts[1] == "subscriptions":
            found += ["/".join(parts[:end]) for end in range(len(parts) - 1, 2, -1)]
            below = self.subscriptions.get(parts[2])
            here = below.parent if below else ""
        else:
            here = self._parent(found[0])
        while here:
            found.append(here.lower())
            here = self._parent(here)
        return found if found[-1] == "/" else [*found, "/"]

    def _parent(self, group: str) -> str:
        for row in self.groups.values():
            if row["id"].lower() == group.lower():
                parent = row["properties"]["details"]["parent"]
                return parent["id"] if parent else ""
        return ""
