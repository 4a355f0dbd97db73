"""Rows of resources that run code on machines, or that act as an identity."""

from typing import Any

from scanner.azure.rows import Id, Row


class IdentityRow(Row, frozen=True, rename="camel"):
    """`identity` of a resource: its own, and those assigned to it by id."""

    principal_id: str | None = None
    user_assigned_identities: dict[str, Any] | None = None
    type: str | None = None


class AccountRow(Row, frozen=True):
    """`Microsoft.Automation/automationAccounts`."""

    id: Id
    name: str | None = None
    identity: IdentityRow | None = None


class ConsoleProperties(Row, frozen=True):
    """Whether the serial console is off."""

    disabled: bool | None = None


class ConsoleRow(Row, frozen=True):
    """`Microsoft.SerialConsole/consoleServices`: the one called `default`."""

    id: str | None = None
    properties: ConsoleProperties | None = None
    disabled: bool | None = None


class WorkerProperties(Row, frozen=True, rename="camel"):
    """What a hybrid worker says of its machine."""

    vm_resource_id: str | None = None
    worker_name: str | None = None


class WorkerRow(Row, frozen=True):
    """`…/hybridRunbookWorkers`."""

    id: Id
    name: str | None = None
    properties: WorkerProperties | None = None


class NamedWorkerRow(Row, frozen=True):
    """A worker inside its group, as older API versions list them."""

    name: str | None = None


class WorkerGroupRow(Row, frozen=True, rename="camel"):
    """`…/hybridRunbookWorkerGroups`."""

    id: Id
    hybrid_runbook_workers: tuple[NamedWorkerRow, ...] | None = None


class UserAssignedProperties(Row, frozen=True, rename="camel"):
    """What a user-assigned identity says."""

    principal_id: str | None = None


class UserAssignedRow(Row, frozen=True):
    """`Microsoft.ManagedIdentity/userAssignedIdentities`."""

    id: Id
    name: str | None = None
    properties: UserAssignedProperties | None = None


class FederatedProperties(Row, frozen=True):
    """Whose tokens a federated credential admits."""

    issuer: str | None = None
    subject: str | None = None


class FederatedRow(Row, frozen=True):
    """`…/userAssignedIdentities/federatedIdentityCredentials`."""

    id: Id
    properties: FederatedProperties | None = None


class NodeRow(Row, frozen=True):
    """`Microsoft.Automation/automationAccounts/nodes`: known by name only."""

    id: Id
    name: str | None = None


class LabMachineProperties(Row, frozen=True, rename="camel"):
    """What a lab VM says: the VM that it stands for."""

    compute_id: str | None = None


class LabMachineRow(Row, frozen=True):
    """`Microsoft.DevTestLab/labs/virtualMachines`."""

    id: Id
    properties: LabMachineProperties | None = None


class HostRow(Row, frozen=True):
    """A resource that may have an identity: a web app, workflow or container group."""

    id: Id
    identity: IdentityRow | None = None


class WebRow(HostRow, frozen=True):
    """`Microsoft.Web/sites`."""


class WorkflowRow(HostRow, frozen=True):
    """`Microsoft.Logic/workflows`."""


class ContainerGroupRow(HostRow, frozen=True):
    """`Microsoft.ContainerInstance/containerGroups`."""


class PolicyProperties(Row, frozen=True, rename="camel"):
    """What a policy assignment says; odd members of its rule leave its identity be."""

    scope: str | None = None
    policy_definition_id: str | None = None
    display_name: Any = None
    enforcement_mode: Any = None
    parameters: Any = None
    not_scopes: Any = None
    resource_selectors: Any = None
    overrides: Any = None


class PolicyRow(Row, frozen=True):
    """`Microsoft.Authorization/policyAssignments`."""

    id: Id
    identity: IdentityRow | None = None
    properties: PolicyProperties | None = None
