"""What a machine is known not to have makes no path of what needs it."""

import pytest
from azure_estates import (
    SUB,
    arc_machine,
    assignment,
    block,
    line,
    loaded,
    machine,
    role,
    rows_of,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Verdict

S = subscription_scope()
ARC_RUN = "Microsoft.HybridCompute/machines/runCommands/write"
ARC_EXTENSION = "Microsoft.HybridCompute/machines/extensions/write"
CONSOLE = "Microsoft.SerialConsole/serialPorts/connect/action"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
LOGIN = "Microsoft.Compute/virtualMachines/login/action"


def held(tmp_path, below):
    """What `u` may use, who holds everything on every plane."""
    lines = tenant_lines(
        roles=[role("all", block(["*"], data=["*"]))],
        assignments=[assignment("u", "all", S)],
        users=[user("u")],
    )
    rows = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))
    return {vector for (who, vector, _), row in rows.items()
            if who == "u" and row.verdict is Verdict.ALLOWED}  # fmt: skip


def handler(system):
    kind = f"RunCommandHandler{system}"
    return {"publisher": "microsoft.cplat.core", "type": kind}


MONITOR = {"publisher": "Microsoft.Azure.Monitor", "type": "AzureMonitorLinuxAgent"}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, True),
        ({"agentVersion": "1.33.02399.1428"}, True),
        ({"agentVersion": "1.32.02348.1400"}, False),
        ({"agentVersion": "0.9"}, False),
        ({"agentVersion": "2.0"}, True),
        ({"agentVersion": "unknown"}, True),
        ({"agentVersion": None}, True),
        ({"block": [handler("Linux")], "osType": "linux"}, False),
        ({"block": [handler("Windows")], "osType": "linux"}, True),
        ({"block": [handler("Linux")]}, True),
        ({"block": [handler("Linux"), handler("Windows")]}, False),
        ({"block": [MONITOR], "osType": "linux"}, True),
        ({"allow": [MONITOR], "osType": "linux"}, False),
        ({"allow": [MONITOR, handler("Linux")], "osType": "linux"}, True),
        ({"allow": [], "osType": "linux"}, True),
    ],
)
def test_an_arc_agent_may_take_no_run_commands(tmp_path, properties, expected):
    """Too old, or its lists keep the handler out; its extensions are another matter."""
    row = arc_machine()
    lists = {"extensionsBlockList": properties.pop("block", None)}
    lists["extensionsAllowList"] = properties.pop("allow", None)
    row["properties"] |= {"agentConfiguration": lists, **properties}
    found = held(tmp_path, subscription_lines(arc=[row]))

    assert expected is (ARC_RUN in found)
    assert ARC_EXTENSION in found


def diagnosed(enabled):
    return {"diagnosticsProfile": {"bootDiagnostics": {"enabled": enabled}}}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, True),
        ({"diagnosticsProfile": None}, True),
        ({"diagnosticsProfile": {}}, True),
        (diagnosed(None), True),
        (diagnosed(True), True),
        (diagnosed(False), False),
    ],
)
def test_a_console_needs_boot_diagnostics(tmp_path, properties, expected):
    found = held(
        tmp_path, subscription_lines([machine(vm_id(), properties=properties)])
    )

    assert expected is (CONSOLE in found)
    assert {RUN, LOGIN} <= found


def test_two_lists_add_up_to_what_a_machine_lacks(tmp_path):
    """The list of states knows no profile, and the list of VMs no extensions."""
    silent = machine(vm_id(), None, properties=diagnosed(False))
    states = machine(vm_id(), resources=[])
    op = "Microsoft.Compute/virtualMachines"
    below = [
        *subscription_lines([silent]),
        line(op, [states], {"statusOnly": "true"}, subscription=SUB),
    ]
    found = held(tmp_path, below)

    assert RUN in found
    assert set() == {CONSOLE, LOGIN} & found
