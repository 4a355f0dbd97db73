"""Read one subscription: who holds roles there, and the machines it has."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scanner.azure.collect.ask import Asker, Call, Row
from scanner.azure.collect.mentions import Mentions, guid, properties, role_id
from scanner.azure.collect.policies import Assigned

_AUTHORIZATION = "Microsoft.Authorization"
_AUTOMATION = "Microsoft.Automation/automationAccounts"
_IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
_SETS = "Microsoft.Compute/virtualMachineScaleSets"
_CONSOLES = "Microsoft.SerialConsole/consoleServices"
_VMS = "Microsoft.Compute/virtualMachines"
_ROLES = f"{_AUTHORIZATION}/roleDefinitions"
_DELEGATIONS = "Microsoft.ManagedServices/registrationAssignments"
_GROUPS = "Microsoft.Resources/subscriptions/resourceGroups"

_LABS = "Microsoft.DevTestLab/labs"
#: Resources that act as managed identities.
HOSTS = (
    "Microsoft.Web/sites",
    "Microsoft.Logic/workflows",
    "Microsoft.ContainerInstance/containerGroups",
)

_EXPANDED = {"$expandRegistrationDefinition": "true"}

#: Lists whose rows name principals; asked at subscriptions and at management groups.
#: Without a filter: `atScope()` would hide what is assigned further down.
PRINCIPAL_LISTS = (
    f"{_AUTHORIZATION}/roleAssignments",
    f"{_AUTHORIZATION}/denyAssignments",
    f"{_AUTHORIZATION}/roleEligibilityScheduleInstances",
    f"{_AUTHORIZATION}/roleAssignmentScheduleInstances",
)
POLICIES_OF_PIM = f"{_AUTHORIZATION}/roleManagementPolicyAssignments"
_POLICIES = f"{_AUTHORIZATION}/policyAssignments"
_OTHER_LISTS = (
    POLICIES_OF_PIM,
    f"{_AUTHORIZATION}/locks",
    f"{_AUTHORIZATION}/classicAdministrators",
    f"{_AUTHORIZATION}/policyExemptions",
    "Microsoft.ManagedServices/registrationDefinitions",
)


def at_scope(op: str, scope: str, query: dict[str, str] | None = None) -> Call:
    """Return the call of an `Authorization` or `ManagedServices` list at a scope.

    `scope` is `/`, a management group's, a subscription's or a resource group's id. A
    filter stands in evidence too: such a list does not answer for all that is there.
    """
    path = f"{scope.rstrip('/')}/providers/{op}"
    asked = query or {}
    params = {"scope": scope} | {n: v for n, v in asked.items() if n == "$filter"}
    return Call(op, path, params, asked)


def built_in_roles() -> Call:
    """Return the call that lists built-in roles: once a tenant, they are the same."""
    return at_scope(_ROLES, "/", {"$filter": "type eq 'BuiltInRole'"})


def role_guid(row: Row) -> str | None:
    """Return the GUID of a role definition's row."""
    return guid(row.get("name"))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads a subscription with its own asker.

    `built_in`: GUIDs of the built-in roles that the tenant's list answered with.
    """

    asker: Asker
    mentions: Mentions
    assigned: Assigned
    built_in: frozenset[str]

    @property
    def scope(self) -> str:
        """The subscription's ARM id."""
        return f"/subscriptions/{self.asker.subscription}"

    def read(self) -> None:
        """Ask every list; a refused one is recorded and never stops the others."""
        self._access()
        self._delegations()
        self._machines()
        self._automation()
        self._identities()
        self._labs()
        for op in HOSTS:
            self.asker.read(self._all(op))

    def _access(self) -> None:
        used: set[str] = set()
        for op in PRINCIPAL_LISTS:
            call = at_scope(op, self.scope)
            used.update(self.asker.ask(call, self._note).rows)
        self.asker.ask(at_scope(_POLICIES, self.scope), self.assigned.note)
        for op in _OTHER_LISTS:
            self.asker.read(at_scope(op, self.scope))
        custom = at_scope(_ROLES, self.scope, {"$filter": "type eq 'CustomRole'"})
        known = self.asker.ask(custom, role_guid).rows
        self._roles(used.difference(self.built_in, known))

    def _note(self, row: Row) -> str | None:
        self.mentions.note(row)
        return role_id(row)

    def _roles(self, missing: Iterable[str]) -> None:
        """Fetch roles one by one: those that can be assigned further down only.

        A list at a subscription leaves out custom roles of single resource groups.
        """
        for role in sorted(missing):
            path = f"{self.scope}/providers/{_ROLES}/{role}"
            params = {"scope": self.scope, "role": role}
            self.asker.read(Call(_ROLES, path, params, one=True))

    def _delegations(self) -> None:
        self.asker.read(at_scope(_DELEGATIONS, self.scope, _EXPANDED))
        groups = Call(_GROUPS, f"{self.scope}/resourcegroups")
        for group in self.asker.ask(groups, _id).rows:
            self.asker.read(at_scope(_DELEGATIONS, group, _EXPANDED))

    def _machines(self) -> None:
        self.asker.read(self._all(_VMS))
        status = {"statusOnly": "true"}
        self.asker.read(Call(_VMS, f"{self.scope}/providers/{_VMS}", status, status))
        self.asker.read(self._all("Microsoft.HybridCompute/machines"))
        switch = f"{self.scope}/providers/{_CONSOLES}/default"
        self.asker.read(Call(_CONSOLES, switch, one=True, named=False))
        for found in self.asker.ask(self._all(_SETS), _uniform_set).rows:
            path = f"{found}/virtualMachines"
            query = {"$expand": "instanceView"}
            params = {"scaleSet": found}
            self.asker.read(Call(f"{_SETS}/virtualMachines", path, params, query))

    def _automation(self) -> None:
        for account in self.asker.ask(self._all(_AUTOMATION), _id).rows:
            self.asker.read(_below(account, "account", f"{_AUTOMATION}/runbooks"))
            self.asker.read(_below(account, "account", f"{_AUTOMATION}/nodes"))
            groups = f"{_AUTOMATION}/hybridRunbookWorkerGroups"
            for group in self.asker.ask(_below(account, "account", groups), _id).rows:
                workers = f"{_AUTOMATION}/hybridRunbookWorkers"
                self.asker.read(_below(group, "group", workers))

    def _identities(self) -> None:
        for identity in self.asker.ask(self._all(_IDENTITIES), _id).rows:
            op = f"{_IDENTITIES}/federatedIdentityCredentials"
            self.asker.read(_below(identity, "identity", op))

    def _labs(self) -> None:
        for lab in self.asker.ask(self._all(_LABS), _id).rows:
            self.asker.read(_below(lab, "lab", f"{_LABS}/virtualMachines"))

    def _all(self, op: str) -> Call:
        return Call(op, f"{self.scope}/providers/{op}")


def _below(parent: str, name: str, op: str) -> Call:
    return Call(op, f"{parent}/{op.rpartition('/')[2]}", {name: parent})


def _id(row: Row) -> str:
    """Return the id to ask further with; an odd one is refused when it is asked."""
    return str(row.get("id"))


def _uniform_set(row: Row) -> str | None:
    """Return a scale set that has instances of its own (flexible ones hold VMs)."""
    mode: Any = properties(row).get("orchestrationMode")
    return None if str(mode).lower() == "flexible" else _id(row)
