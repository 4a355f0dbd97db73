"""The catalogue, and which well-known roles it says can run commands.

The roles are written down here with the operations that decide; their published lists
are longer.
"""

import pytest

from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.vectors import COVERED, MACHINE_VECTORS, NOT_COVERED, WORKER_VECTORS
from scanner.grants import Tier

VM = "Microsoft.Compute/virtualMachines"
SET = "Microsoft.Compute/virtualMachineScaleSets"
ARC = "Microsoft.HybridCompute/machines"
SERIAL = "Microsoft.SerialConsole/serialPorts/connect/action"
CREDENTIALS = "Microsoft.HybridConnectivity/endpoints/listCredentials/action"
VM_DIRECT = {
    f"{VM}/runCommand/action",
    f"{VM}/runCommands/write",
    f"{VM}/extensions/write",
    f"{VM}/write",
}
SET_DIRECT = {
    f"{SET}/virtualMachines/runCommand/action",
    f"{SET}/virtualMachines/runCommands/write",
    f"{SET}/virtualMachines/extensions/write",
    f"{SET}/extensions/write",
    f"{SET}/write",
}
ARC_DIRECT = {f"{ARC}/runCommands/write", f"{ARC}/extensions/write"}
INDIRECT = {
    "Microsoft.GuestConfiguration/guestConfigurationAssignments/write",
    "Microsoft.ConnectedVMwarevSphere/virtualMachineInstances/write",
    "Microsoft.ScVmm/virtualMachineInstances/write",
    "Microsoft.AzureStackHCI/virtualMachineInstances/write",
}
PIM = {
    "Microsoft.Authorization/roleAssignmentScheduleRequests/write",
    "Microsoft.Authorization/roleEligibilityScheduleRequests/write",
    "Microsoft.Authorization/roleManagementPolicies/write",
}
CONTROL = VM_DIRECT | SET_DIRECT | ARC_DIRECT | {SERIAL, CREDENTIALS} | INDIRECT
LOGINS = {f"{VM}/login/action", f"{ARC}/login/action"}
ADMIN_LOGINS = {f"{VM}/loginAsAdmin/action", f"{ARC}/loginAsAdmin/action"}

OWNER = Permission(("*",))
CONTRIBUTOR = Permission(("*",), ("Microsoft.Authorization/*/Write",))
ACCESS_ADMINISTRATOR = Permission(("*/read", "Microsoft.Authorization/*"))
RBAC_ADMINISTRATOR = Permission(
    ("*/read", "Microsoft.Authorization/roleAssignments/write")
)
READER = Permission(("*/read",))
VM_CONTRIBUTOR = Permission(
    (f"{VM}/*", f"{SET}/*", "Microsoft.Compute/disks/write"),
)
VM_CONTRIBUTOR_CONSOLE = Permission((*VM_CONTRIBUTOR.actions, SERIAL))
LOG_ANALYTICS = Permission(("*/read", f"{VM}/extensions/*", f"{ARC}/extensions/write"))
ADMIN_LOGIN = Permission(
    (f"{VM}/*/read", CREDENTIALS), data_actions=(*LOGINS, *ADMIN_LOGINS)
)
USER_LOGIN = Permission((f"{VM}/*/read", CREDENTIALS), data_actions=tuple(LOGINS))
POWER = Permission((f"{VM}/start/action", f"{VM}/read"))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (OWNER, CONTROL | PIM),
        (CONTRIBUTOR, CONTROL),
        (ACCESS_ADMINISTRATOR, PIM),
        (RBAC_ADMINISTRATOR, set()),
        (READER, set()),
        (VM_CONTRIBUTOR, VM_DIRECT | SET_DIRECT),
        (VM_CONTRIBUTOR_CONSOLE, VM_DIRECT | SET_DIRECT | {SERIAL}),
        (LOG_ANALYTICS, {f"{VM}/extensions/write", f"{ARC}/extensions/write"}),
        (ADMIN_LOGIN, LOGINS | ADMIN_LOGINS | {CREDENTIALS}),
        (USER_LOGIN, LOGINS | {CREDENTIALS}),
        (POWER, set()),
    ],
)
def test_roles_hold_the_vectors_that_their_operations_name(block, expected):
    role = RoleDefinition("r", "r", "r", False, (block,))
    held = {
        v.vector.id for v in MACHINE_VECTORS if any(role.granting(v.operation, v.data))
    }

    assert held == expected


def test_every_vector_is_listed_once_and_says_whether_it_is_decided():
    named = [vector.id.lower() for vector in (*COVERED, *NOT_COVERED)]

    assert len(named) == len(set(named))
    assert all(vector.covered for vector in COVERED)
    assert not any(vector.covered for vector in NOT_COVERED)
    assert set(Tier) == {vector.tier for vector in COVERED}


def test_what_is_not_decided_says_why():
    assert all(vector.why_not for vector in NOT_COVERED)


def test_operations_are_written_in_full():
    for vector in (*COVERED, *NOT_COVERED):
        assert vector.id.startswith("Microsoft.")
        assert vector.id.endswith(("/action", "/write", "/delete"))
        assert "*" not in vector.id


def test_a_vector_of_several_steps_is_named_by_its_first():
    for vector in WORKER_VECTORS:
        assert vector.vector.id == vector.steps[0][0]
