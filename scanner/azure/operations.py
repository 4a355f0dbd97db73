"""Every operation of the Azure collector, and the least privilege that it needs."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from scanner.azure.lists import ACTIVITY, ARM, ARM_USAGE, GRAPH, GRAPH_USAGE
from scanner.operations import Operation

_AUTOMATION = "Microsoft.Automation/automationAccounts"
_WORKERS = f"{_AUTOMATION}/hybridRunbookWorkerGroups/hybridRunbookWorkers"

#: Rights whose string is not the operation's own name with `/read`.
_RIGHTS = {
    f"{_AUTOMATION}/hybridRunbookWorkers": f"{_WORKERS}/read",
    ACTIVITY: "Microsoft.Insights/eventtypes/values/read",
}

#: Kept in evidence, and not read yet (or only by the collector, to find other lists).
_UNREAD = frozenset(
    {
        "Microsoft.Resources/subscriptions/resourceGroups",
        f"{_AUTOMATION}/runbooks",
        "Microsoft.DevTestLab/labs",
    }
)

#: Rights to see the run-time state that the VM lists carry when asked for it.
_INSTANCE_VIEWS = (
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/instanceView/read",
    "Microsoft.Compute/virtualMachines/instanceView/read",
)


def _operations() -> dict[str, Operation]:
    arm = {
        op: Operation(
            op, _RIGHTS.get(op, f"{op}/read"), weight, effect, op not in _UNREAD
        )
        for op, (weight, effect, _) in (ARM | ARM_USAGE).items()
    }
    graph = {
        op: Operation(op, permission, weight, effect, op not in _UNREAD)
        for op, (weight, effect, permission) in (GRAPH | GRAPH_USAGE).items()
    }
    return arm | graph


#: Every operation that the collector asks, by its name in evidence.
OPERATIONS: Mapping[str, Operation] = MappingProxyType(_operations())

_WORKERS_ASKED = OPERATIONS[f"{_AUTOMATION}/hybridRunbookWorkers"]

#: Every operation that evidence may hold: files of others may name the list of workers
#: by their full resource type.
READABLE: Mapping[str, Operation] = MappingProxyType(
    {**OPERATIONS, _WORKERS: replace(_WORKERS_ASKED, op=_WORKERS)}
)

#: API versions of each ARM operation, the preferred one first. Graph has none.
API_VERSIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {op: versions for op, (_, _, versions) in (ARM | ARM_USAGE).items()}
)


def permissions_role(
    management_group: str = "ROOT-MANAGEMENT-GROUP", *, usage: bool = False
) -> dict[str, Any]:
    """Return the least privilege that the Azure collector needs, ready to apply.

    Args:
        management_group: id of the group below which the role can be assigned.
        usage: add what only `scan --usage` asks.

    Returns:
        `role`: a custom role as `az role definition create` reads it, read actions
        only; `graph`: application permissions of Microsoft Graph, sorted.
    """
    arm, asked = set(ARM), set(GRAPH)
    if usage:
        arm, asked = arm | set(ARM_USAGE), asked | set(GRAPH_USAGE)
    actions = {OPERATIONS[op].permission for op in arm} | set(_INSTANCE_VIEWS)
    scope = f"/providers/Microsoft.Management/managementGroups/{management_group}"
    role = {
        "Name": "whocanrun scanner",
        "IsCustom": True,
        "Description": "Reads who can run commands on VMs; changes nothing.",
        "Actions": sorted(actions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [scope],
    }
    graph = {OPERATIONS[op].permission for op in asked}
    return {"role": role, "graph": sorted(graph)}
