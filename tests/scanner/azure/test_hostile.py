"""Hostile estates: every one is answered, or unknown with the object named."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    RUN,
    SUB,
    TENANT,
    arc_id,
    assignment,
    block,
    deny,
    eligible,
    group,
    group_scope,
    guid,
    line,
    loaded,
    machine,
    management_group,
    member,
    placed,
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
from scanner.estate import Reachability
from scanner.grants import Verdict

S = subscription_scope()
RUNS = role("runs", block([RUN]))
HELD = assignment("u", "runs", S)


def changed(row, **properties):
    """A row whose properties say something else; None takes a member away."""
    said = {**row["properties"], **properties}
    return {**row, "properties": {k: v for k, v in said.items() if v is not None}}


def decided(tmp_path, vms=None, extra=(), **tenant):
    tenant = {"roles": [RUNS], "assignments": [HELD], **tenant}
    lines = tenant_lines(users=[user("u"), user("w")], **tenant)
    below = subscription_lines([machine(vm_id())] if vms is None else vms)
    estate = loaded(tmp_path, [*lines, *extra], (SUB, below))
    return estate, rows_of(decide_azure(estate))


CHAIN = [management_group(f"g{n}", f"g{n - 1}") for n in range(1, 60)]
NESTED = {f"g{n}": [member(f"g{n + 1}", "group")] for n in range(500)}
AT_G = {"assignments": [assignment("u", "runs", group_scope("g0"))]}


@pytest.mark.parametrize(
    ("tenant", "expected"),
    [
        (
            {
                **AT_G,
                "groups": [management_group("g0", "g0")],
                "placements": [placed(SUB, "g0")],
            },
            Verdict.ALLOWED,
        ),
        (
            {
                **AT_G,
                "groups": [management_group(TENANT), management_group("g0"), *CHAIN],
                "placements": [placed(SUB, "g59")],
            },
            Verdict.ALLOWED,
        ),
        (
            {
                **AT_G,
                "groups": [management_group("a", "b"), management_group("b", "a")],
                "placements": [placed(SUB, "a")],
            },
            Verdict.UNKNOWN,
        ),
        (
            {
                "assignments": [assignment("g0", "runs", S, kind="Group")],
                "directory_groups": [group(name) for name in (*NESTED, "g500")],
                "members": {**NESTED, "g500": [member("u"), member("g0", "group")]},
            },
            Verdict.ALLOWED,
        ),
        (
            {"assignments": [changed(HELD, condition="!" * 50000)]},
            Verdict.CONDITIONAL,
        ),
        (
            {"assignments": [changed(HELD, condition="(" * 50000 + ")" * 50000)]},
            Verdict.CONDITIONAL,
        ),
        (
            {
                "assignments": [
                    changed(HELD, condition="@Resource[a:b] StringEquals 'x'",
                            conditionVersion="9.9")
                ]
            },
            Verdict.CONDITIONAL,
        ),
        ({"assignments": [changed(HELD, condition={"odd": 1})]}, Verdict.UNKNOWN),
        ({"assignments": [changed(HELD, scope=None)]}, Verdict.ALLOWED),
        (
            {"assignments": [changed(HELD, roleDefinitionId=guid("runs").upper())]},
            Verdict.ALLOWED,
        ),
        ({"assignments": [changed(HELD, scope=S.upper() + "/")]}, Verdict.ALLOWED),
        ({"roles": [role("runs")]}, Verdict.DENIED),
        ({"roles": [changed(RUNS, permissions=None)]}, Verdict.UNKNOWN),
        ({"roles": [role("runs", {"actions": [RUN, 5]})]}, Verdict.UNKNOWN),
        ({"roles": [role("runs", block(["*a" * 5000]))]}, Verdict.DENIED),
        ({"roles": []}, Verdict.UNKNOWN),
        ({"denies": [deny(S)]}, Verdict.ALLOWED),
        ({"denies": [{"id": "x", "properties": {}}]}, Verdict.ALLOWED),
        (
            {
                "assignments": [],
                "eligibilities": [
                    eligible("u", "runs", S, startDateTime="soon", endDateTime="never")
                ],
            },
            Verdict.ALLOWED,
        ),
    ],
)  # fmt: skip
def test_a_hostile_estate_is_answered(tmp_path, tenant, expected):
    _, found = decided(tmp_path, **tenant)
    row = found.get(("u", RUN, "vm"))

    assert expected is (row.verdict if row else Verdict.DENIED)


@pytest.mark.parametrize(
    ("op", "row"),
    [
        ("Microsoft.Compute/virtualMachines", {"id": vm_id("odd")}),
        ("Microsoft.Compute/virtualMachineScaleSets", {"id": set_id("odd")}),
        ("Microsoft.HybridCompute/machines", {"id": arc_id("odd")}),
    ],
)
@pytest.mark.parametrize("properties", [[], {"instanceView": [], "status": {}}, "x"])
def test_a_machine_with_odd_words_is_there_all_the_same(tmp_path, op, row, properties):
    """Nothing is known of it but that it is there; the gap names it."""
    identity = {"identity": []} if isinstance(properties, dict) else {}
    odd = {**row, "name": "odd", "properties": properties, **identity}
    estate, _ = decided(tmp_path, extra=[line(op, [odd], subscription=SUB)])
    (tenant,) = estate.tenants.values()

    (target,) = (m.target for m in tenant.machines if m.target.name == "odd")
    assert Reachability.UNKNOWN is target.reachability
    assert row["id"] in " ".join(gap.why for gap in estate.gaps)


def test_an_odd_row_of_an_assignment_is_named_and_kept_for_unknown(tmp_path):
    """Whom it is for nobody knows: everybody may have it."""
    odd = changed(assignment("w", "runs", S, name="odd"), principalId=5)
    own = line(f"{AUTHORIZATION}/roleAssignments", [odd], {"scope": S},
               subscription=SUB)  # fmt: skip
    estate, found = decided(tmp_path, extra=[own])

    assert Verdict.UNKNOWN is found["w", RUN, "vm"].verdict
    assert Verdict.ALLOWED is found["u", RUN, "vm"].verdict
    assert odd["id"] in " ".join(gap.why for gap in estate.gaps)
