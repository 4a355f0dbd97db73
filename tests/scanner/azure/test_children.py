"""Rights on one child of a machine: a run command or an extension of its own."""

import pytest
from azure_estates import (
    EXTENSION,
    MANAGED_RUN,
    RUN,
    SUB,
    arc_id,
    arc_machine,
    assignment,
    block,
    deny,
    loaded,
    lock,
    machine,
    role,
    rows_of,
    set_id,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure

SET = "Microsoft.Compute/virtualMachineScaleSets"
ARC = "Microsoft.HybridCompute/machines"
INSTANCE = f"{set_id()}/virtualMachines/0"
NONE: set[tuple[str, str]] = set()


def held(tmp_path, scope, actions=("*",), **more):
    """Return the (vector, target) pairs of a user with a role at a scope."""
    lines = tenant_lines(
        roles=[role("r", block(list(actions)))],
        assignments=[assignment("u", "r", scope)],
        users=[user("u")],
        **more,
    )
    below = subscription_lines(
        [machine(vm_id()), machine(vm_id("vm2"))],
        scale_sets=[{"id": set_id(), "name": "set"}],
        instances=[machine(INSTANCE), machine(f"{set_id()}/virtualMachines/1")],
        arc=[arc_machine()],
    )
    rows = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))
    return {(vector, target) for _, vector, target in rows}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (f"{vm_id()}/runCommands/x", {(MANAGED_RUN, "vm")}),
        (f"{vm_id()}/RUNCOMMANDS/x", {(MANAGED_RUN, "vm")}),
        (f"{vm_id()}/extensions/x", {(EXTENSION, "vm")}),
        (f"{arc_id()}/extensions/x", {(f"{ARC}/extensions/write", "arc")}),
        (f"{arc_id()}/runCommands/x", {(f"{ARC}/runCommands/write", "arc")}),
        (
            f"{INSTANCE}/runCommands/x",
            {(f"{SET}/virtualMachines/runCommands/write", "0")},
        ),
        (
            f"{set_id()}/extensions/x",
            {(f"{SET}/extensions/write", "0"), (f"{SET}/extensions/write", "1")},
        ),
        (f"{vm_id()}/extensions", NONE),
        (f"{vm_id()}/extensions/x/more/y", NONE),
        (f"{vm_id()}/backups/x", NONE),
        (f"{vm_id('gone')}/extensions/x", NONE),
    ],
)
def test_a_child_gives_what_is_checked_on_it_and_no_more(tmp_path, scope, expected):
    assert held(tmp_path, scope) == expected


def test_a_child_gives_only_what_the_role_holds(tmp_path):
    scope = f"{vm_id()}/runCommands/x"

    assert held(tmp_path / "one", scope, [RUN, EXTENSION]) == NONE
    assert held(tmp_path / "two", scope, [MANAGED_RUN]) == {(MANAGED_RUN, "vm")}


@pytest.mark.parametrize(
    ("cut", "left"),
    [
        ({"locks": [lock(vm_id())]}, False),
        ({"locks": [lock(subscription_scope())]}, False),
        ({"locks": [lock(vm_id("vm2"))]}, True),
        ({"denies": [deny(vm_id(), block(["*"]))]}, False),
        ({"denies": [deny(vm_id(), block([RUN]))]}, True),
    ],
)
def test_what_guards_the_machine_guards_its_children(tmp_path, cut, left):
    found = held(tmp_path, f"{vm_id()}/extensions/x", **cut)

    assert bool(found) is left


def test_a_guard_of_one_child_leaves_the_machine_open(tmp_path):
    """Who may write any extension of the machine writes another one."""
    guards = {"locks": [lock(f"{vm_id()}/extensions/x")]}

    assert (EXTENSION, "vm") in held(tmp_path, vm_id(), **guards)


@pytest.mark.parametrize(
    "guards",
    [
        {"locks": [lock(f"{vm_id()}/extensions/x")]},
        {"denies": [deny(f"{vm_id()}/extensions/x", block(["*"]))]},
    ],
)
def test_a_guard_of_one_child_stops_who_holds_that_child_only(tmp_path, guards):
    held_there = held(tmp_path / "a", f"{vm_id()}/extensions/x", **guards)
    held_beside = held(tmp_path / "b", f"{vm_id()}/extensions/y", **guards)

    assert held_there == NONE
    assert held_beside == {(EXTENSION, "vm")}
