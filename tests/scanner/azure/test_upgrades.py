"""Writing a scale set's model: it gets to instances as the upgrade policy says."""

import pytest
from azure_estates import (
    SUB,
    assignment,
    block,
    deny,
    loaded,
    lock,
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
from scanner.grants import Condition, Verdict

S = subscription_scope()
SET = "Microsoft.Compute/virtualMachineScaleSets"
MODEL, EXTENSION = f"{SET}/write", f"{SET}/extensions/write"
UPGRADE = f"{SET}/manualUpgrade/action"
INSTANCE = f"{set_id()}/virtualMachines/0"
UPGRADED = ((Condition("scaleSetInstance", "IsUpgradedToTheModel", ()),),)
ALLOWED, CONDITIONAL = Verdict.ALLOWED, Verdict.CONDITIONAL


def decided(
    tmp_path, held, mode, flexible=False, instances=True, listed=True, **tenant
):
    """Decide for `u`, who holds these (operation, scope) pairs, on one scale set."""
    roles = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    lines = tenant_lines(roles=roles, assignments=given, users=[user("u")], **tenant)
    scale_set = {"id": set_id(), "name": "set"}
    if mode:
        scale_set["properties"] = {"upgradePolicy": {"mode": mode}}
    flex = machine(vm_id(), properties={"virtualMachineScaleSet": {"id": set_id()}})
    row = machine(INSTANCE, name="vm")
    below = subscription_lines(
        [flex] if flexible else [],
        scale_sets=[scale_set] if listed else [],
        instances=[row] if instances and not flexible else [],
    )
    return decide_azure(loaded(tmp_path, lines, (SUB, below)))


def decision(found, vector, target="vm"):
    return rows_of(found).get(("u", vector, target))


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize("vector", [MODEL, EXTENSION])
@pytest.mark.parametrize(
    ("mode", "upgrade", "expected"),
    [
        ("Automatic", None, ALLOWED),
        ("Rolling", None, ALLOWED),
        (None, None, ALLOWED),
        ("Manual", None, CONDITIONAL),
        ("MANUAL", None, CONDITIONAL),
        ("Manual", S, ALLOWED),
        ("Manual", set_id(), ALLOWED),
        ("Manual", rg_scope("other"), CONDITIONAL),
    ],
)
def test_a_manual_policy_asks_for_the_right_to_upgrade(
    tmp_path, flexible, vector, mode, upgrade, expected
):
    held = [(vector, set_id()), *([(UPGRADE, upgrade)] if upgrade else ())]
    found = decision(decided(tmp_path, held, mode, flexible), vector)

    assert expected is found.verdict
    assert found.conditions == (UPGRADED if expected is CONDITIONAL else ())


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize(
    ("listed", "expected"), [(True, ALLOWED), (False, CONDITIONAL)]
)
def test_of_a_set_that_no_list_shows_nobody_knows_how_it_is_upgraded(
    tmp_path, flexible, listed, expected
):
    """Its instances are listed, and the list of sets was refused or is short."""
    world = decided(tmp_path, [(MODEL, S)], "Automatic", flexible, listed=listed)

    assert decision(world, MODEL).verdict is expected


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize("held", [[(UPGRADE, S)], [(MODEL, INSTANCE)]])
def test_neither_upgrading_alone_nor_holding_an_instance_is_enough(
    tmp_path, flexible, held
):
    assert decision(decided(tmp_path, held, "Manual", flexible), MODEL) is None


def test_a_set_without_listed_instances_waits_for_its_upgrade_too(tmp_path):
    found = decided(tmp_path, [(MODEL, S)], "Manual", instances=False)

    assert CONDITIONAL is decision(found, MODEL, "set").verdict


@pytest.mark.parametrize("flexible", [False, True])
@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"denies": [deny(S, block([UPGRADE]))]}, CONDITIONAL),
        ({"denies": [deny(S, block([MODEL]))]}, None),
        ({"locks": [lock(set_id())]}, None),
    ],
)
def test_what_is_denied_is_not_held(tmp_path, flexible, cut, expected):
    held = [(MODEL, S), (UPGRADE, S)]
    found = decision(decided(tmp_path, held, "Manual", flexible, **cut), MODEL)

    assert expected is (found and found.verdict)


def test_a_grant_names_the_assignments_of_both_steps(tmp_path):
    found = decided(tmp_path, [(MODEL, S), (UPGRADE, set_id())], "Manual")

    grant = next(g for g in found.grants if g.vector.id == MODEL)
    (principal,), (target,) = grant.principals, grant.targets
    roles = {because.role for because in grant.because_at(principal, target)}
    assert roles == {"r0", "r1"}
