"""Images of galleries: a scale set may take new versions without anybody's doing."""

import pytest
from azure_estates import (
    SUB,
    assignment,
    block,
    loaded,
    machine,
    rg_scope,
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
from scanner.grants import Confidence, Tier, Verdict

VERSION = "Microsoft.Compute/galleries/images/versions/write"
S = subscription_scope()
IMAGE = f"{rg_scope('gallery')}/providers/Microsoft.Compute/galleries/g/images/web"


def scale_set(image=IMAGE, automatic=True, mode="Uniform"):
    policy = {"automaticOSUpgradePolicy": {"enableAutomaticOSUpgrade": automatic}}
    reference = {"imageReference": {"id": image} if image else None}
    properties = {
        "orchestrationMode": mode,
        "upgradePolicy": {"mode": "Manual", **policy},
        "virtualMachineProfile": {"storageProfile": reference},
    }
    return {"id": set_id(), "name": "set", "properties": properties}


def decided(tmp_path, row, scope=S, op=VERSION, vms=(), instances=("0", "1")):
    tenant = tenant_lines(
        roles=[role("r", block([op]))],
        assignments=[assignment("u", "r", scope)],
        users=[user("u")],
    )
    below = subscription_lines(
        [machine(vm_id("lone")), *vms],
        scale_sets=[row],
        instances=[machine(f"{set_id()}/virtualMachines/{n}") for n in instances],
    )
    return decide_azure(loaded(tmp_path, tenant, (SUB, below)))


@pytest.mark.parametrize(
    ("row", "scope", "expected"),
    [
        (scale_set(), S, True),
        (scale_set(IMAGE.upper() + "/"), IMAGE, True),
        (scale_set(f"{IMAGE}/versions/latest"), rg_scope("gallery"), True),
        (scale_set(f"{IMAGE}/versions/1.0.0"), S, False),
        (scale_set(automatic=False), S, False),
        (scale_set(automatic=None), S, False),
        (scale_set(None), S, False),
        (scale_set(), rg_scope(), False),
        (scale_set(), set_id(), False),
    ],
    ids=[
        *("above", "on the image", "latest", "pinned", "by hand", "unsaid"),
        *("no image", "another group", "on the set"),
    ],
)
def test_a_new_version_runs_where_a_set_takes_it_by_itself(
    tmp_path, row, scope, expected
):
    rows = rows_of(decided(tmp_path, row, scope))

    found = {target for _, vector, target in rows if vector == VERSION}
    assert found == ({"0", "1"} if expected else set())


def test_what_it_runs_is_inferred_and_indirect(tmp_path):
    (grant,) = decided(tmp_path, scale_set()).grants

    assert grant.vector.tier is Tier.INDIRECT
    assert grant.decision.verdict is Verdict.ALLOWED
    assert grant.decision.confidence is Confidence.INFERRED
    (because,) = grant.because_of(grant.principals[0])
    assert because.role == "r"


def test_vms_of_a_flexible_set_follow_and_so_does_a_set_without_instances(tmp_path):
    vm = machine(vm_id("flex"), properties={"virtualMachineScaleSet": {"id": set_id()}})
    row = scale_set(mode="Flexible")
    flexible = rows_of(decided(tmp_path / "a", row, vms=[vm], instances=()))
    empty = rows_of(decided(tmp_path / "b", scale_set(), instances=()))

    assert {target for *_, target in flexible} == {"flex"}
    assert {target for *_, target in empty} == {"set"}


def test_another_right_on_the_image_is_none_to_write_versions(tmp_path):
    found = decided(
        tmp_path, scale_set(), op="Microsoft.Compute/galleries/images/write"
    )

    assert rows_of(found) == {}
