"""The serial console: a subscription may have switched it off for all its VMs."""

import pytest
from azure_estates import (
    RUN,
    SUB,
    SUB2,
    assignment,
    block,
    deny,
    line,
    loaded,
    machine,
    refused,
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
from scanner.facts import Topic
from scanner.grants import Confidence, Verdict

OP = "Microsoft.SerialConsole/consoleServices"
CONNECT = "Microsoft.SerialConsole/serialPorts/connect/action"
ENABLE = f"{OP}/enableConsole/action"
OPERATOR = role("operator", block(["Microsoft.SerialConsole/*", RUN]))
CONNECTS = role("connects", block([CONNECT]))
SILENT = {"diagnosticsProfile": {"bootDiagnostics": {"enabled": False}}}
S = subscription_scope()


def state(disabled, **more):
    """What the service says of a subscription: one object, with an id or without."""
    found = {"properties": {"disabled": disabled}, **more}
    return line(OP, (), subscription=SUB, result=found)


def decided(tmp_path, *said, held="operator", vms=None, **more):
    tenant = tenant_lines(
        roles=[OPERATOR, CONNECTS],
        assignments=[assignment("u", held, "/")],
        users=[user("u")],
        subscriptions=(SUB, SUB2),
        **more,
    )
    instance = machine(f"{set_id()}/virtualMachines/0")
    here = vms or [machine(vm_id())]
    below = subscription_lines(
        here, scale_sets=[{"id": set_id()}], instances=[instance]
    )
    other = subscription_lines([machine(vm_id("far", subscription=SUB2))])
    return decide_azure(loaded(tmp_path, tenant, (SUB, [*below, *said]), (SUB2, other)))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], True),
        ([state(False)], True),
        ([state(True)], False),
        ([state(True, id=f"{S.upper()}/providers/{OP}/default/")], False),
        ([line(OP, (), subscription=SUB, result={"disabled": True, "id": "x"})], False),
        ([state(None)], True),
        (
            [
                state(True),
                line(
                    OP,
                    (),
                    {"api-version": "2018-05-01"},
                    subscription=SUB,
                    result={"properties": {"disabled": False}},
                ),
            ],
            True,
        ),
    ],
    ids=["not asked", "on", "off", "named", "flat", "unsaid", "two answers"],
)
def test_a_console_that_is_off_takes_nobody_in(tmp_path, said, expected):
    rows = rows_of(decided(tmp_path, *said))

    assert (("u", CONNECT, "vm") in rows) is expected
    assert (("u", CONNECT, "0") in rows) is expected
    assert {("u", RUN, "vm"), ("u", CONNECT, "far")} <= rows.keys()


@pytest.mark.parametrize(
    "said",
    [
        refused(OP, subscription=SUB),
        state("perhaps"),
        line(OP, (), subscription=SUB, result={}),
    ],
    ids=["refused", "odd", "empty"],
)
def test_a_switch_that_was_not_read_leaves_the_right_inferred(tmp_path, said):
    rows = rows_of(decided(tmp_path, said))
    found, far = rows["u", CONNECT, "vm"], rows["u", CONNECT, "far"]

    assert (found.verdict, found.confidence) == (Verdict.ALLOWED, Confidence.INFERRED)
    (reason,) = found.reasons
    assert "serial console" in reason
    assert far.confidence is Confidence.CERTAIN
    assert ("u", ENABLE, "vm") not in rows


@pytest.mark.parametrize(
    ("said", "held", "expected"),
    [
        (state(True), "operator", True),
        (state(True), "connects", False),
        (state(False), "operator", False),
    ],
    ids=["off", "who only connects", "on"],
)
def test_who_switches_the_console_on_again_and_connects_gains_it(
    tmp_path, said, held, expected
):
    rows = rows_of(decided(tmp_path, said, held=held))

    assert (("u", ENABLE, "vm") in rows) is (("u", ENABLE, "0") in rows) is expected
    assert ("u", ENABLE, "far") not in rows


def test_a_vm_without_boot_diagnostics_stays_silent_whatever_the_switch(tmp_path):
    silent = machine(vm_id(), properties=SILENT)
    rows = rows_of(decided(tmp_path, state(True), vms=[silent]))

    assert ("u", ENABLE, "vm") not in rows
    assert ("u", ENABLE, "0") in rows


def test_a_denied_switch_stays_off(tmp_path):
    rows = rows_of(decided(tmp_path, state(True), denies=[deny(S, block([ENABLE]))]))

    assert {ENABLE, CONNECT} & {
        vector for _, vector, name in rows if name == "vm"
    } == set()


@pytest.mark.parametrize(
    ("said", "expected"), [(state(False), [SUB]), (state(True), []), (None, [])]
)
def test_only_a_console_that_is_known_to_be_on_is_a_fact(tmp_path, said, expected):
    found = decided(tmp_path, *([said] if said else []))
    facts = [one for one in found.facts.known if one.topic is Topic.SERIAL_CONSOLE]

    assert [one.scope for one in facts] == expected
