"""Between two steps on Azure, nobody is without what they have before and after."""

import azure_estates as z
import pytest
from applying import change
from proving import proven

from policies.proof.model import Aim, Obligation

SCOPE, RG, VM = z.subscription_scope(), z.rg_scope(), z.vm_id()
OTHER = z.rg_scope("other")
READ = "Microsoft.Compute/virtualMachines/read"
START = "Microsoft.Compute/virtualMachines/start/action"
WRITE_ROLES = "Microsoft.Authorization/roleDefinitions/write"
OPS = z.role("ops", z.block([z.RUN, START, READ]))
LESS = z.role("less", z.block([START, READ]))
ALICE = z.guid("alice")
HELD = z.assignment("alice", "ops", RG)
NEW = z.assignment("alice", "less", RG)
TEAM = z.assignment("team", "ops", RG, kind="Group")


def world(root, *roles, assignments=(HELD,), **lists):
    lines = z.tenant_lines(
        assignments=list(assignments),
        roles=[OPS, LESS, *roles],
        users=[z.user(name) for name in ("alice", "bob")],
        directory_groups=[z.group("team")],
        **lists,
    )
    machines = z.subscription_lines(vms=[z.machine(VM)])
    return z.loaded(root, lines, (z.SUB, machines))


def steps(*rows):
    """Changes by kind, before and after; the body tells the id."""
    return [
        change(kind, (before or after)["id"], before=before, after=after)
        for kind, before, after in rows
    ]


def made(body, kind="azure.role-assignment"):
    return kind, None, body


def gone(body, kind="azure.role-assignment"):
    return kind, body, None


def interrupted(proof):
    """Whose right is gone for a while, and which; None where none is."""
    wrong = proof.counterexample
    if wrong is None or "until a later step" not in wrong.why:
        return None
    assert (wrong.obligation, proof.status) == (Obligation.ORDER, "failed")
    return wrong.principal, wrong.vector


@pytest.mark.parametrize(
    ("order", "expected"), [((0, 1), None), ((1, 0), (ALICE, START))]
)
def test_the_new_assignment_is_there_before_the_old_one_goes(tmp_path, order, expected):
    both = steps(made(NEW), gone(HELD))

    proof = proven(world(tmp_path), ALICE, [z.RUN], [both[n] for n in order])

    assert interrupted(proof) == expected


@pytest.mark.parametrize(("order", "expected"), [((0, 1), None), ((1, 0), START)])
def test_members_of_a_group_are_looked_at_as_well(tmp_path, order, expected):
    less = z.assignment("team", "less", RG, kind="Group")
    both = steps(made(less), gone(TEAM))
    estate = world(tmp_path, assignments=[TEAM], members={"team": [z.member("bob")]})

    who = z.guid("bob")
    proof = proven(
        estate,
        who,
        [z.RUN],
        [both[n] for n in order],
        loses={who: {z.RUN}, z.guid("team"): {z.RUN}},
    )

    found = interrupted(proof)
    assert found == (expected and (min(who, z.guid("team")), expected))


@pytest.mark.parametrize(("scope", "expected"), [(RG, (ALICE, START)), (OTHER, None)])
def test_only_what_stays_is_missed(tmp_path, scope, expected):
    """Rights that the end does not have either are not interrupted, but given up."""
    new = z.assignment("alice", "less", scope)
    changes = steps(gone(HELD), made(new))

    proof = proven(world(tmp_path), ALICE, [z.RUN], changes, gives_up=True)

    assert interrupted(proof) == expected


@pytest.mark.parametrize("scope", [RG, VM, SCOPE])
def test_a_narrower_or_wider_assignment_overlaps_with_the_old_one(tmp_path, scope):
    new = z.assignment("alice", "less", scope)
    changes = steps(gone(HELD), made(new))

    proof = proven(world(tmp_path), ALICE, [z.RUN], changes, gives_up=True)

    if scope == SCOPE:  # wider: that is gained, which is worse
        assert proof.counterexample.obligation is not Obligation.ORDER
    else:
        assert interrupted(proof) == (ALICE, START)


@pytest.mark.parametrize(("twice", "expected"), [(True, None), (False, (ALICE, START))])
def test_what_is_held_elsewhere_meanwhile_is_not_missed(tmp_path, twice, expected):
    above = [z.assignment("alice", "less", SCOPE)] if twice else []
    changes = steps(gone(HELD), made(NEW))

    proof = proven(world(tmp_path, assignments=[HELD, *above]), ALICE, [z.RUN], changes)

    assert interrupted(proof) == expected


@pytest.mark.parametrize(
    ("order", "expected"), [((0, 1), None), ((1, 0), (ALICE, z.RUN))]
)
def test_who_becomes_eligible_can_activate_before_the_standing_right_goes(
    tmp_path, order, expected
):
    """Temporary: activating is what stays; being active all the time is not."""
    later = z.eligible("alice", "ops", RG)
    both = steps(made(later, "azure.role-eligibility"), gone(HELD))

    proof = proven(
        world(tmp_path), ALICE, [z.RUN], [both[n] for n in order], Aim.TEMPORARY
    )

    assert interrupted(proof) == expected
    assert (proof.status == "failed") is (expected is not None)


@pytest.mark.parametrize(("bridged", "expected"), [(False, START), (True, None)])
def test_eligible_for_a_while_is_not_active_all_the_while(tmp_path, bridged, expected):
    """What is active before and after may not have to be activated in between."""
    later = z.eligible("alice", "ops", RG)
    first = [made(NEW)] if bridged else []
    last = [] if bridged else [made(NEW)]
    kind = "azure.role-eligibility"
    changes = steps(made(later, kind), *first, gone(HELD), *last, gone(later, kind))

    proof = proven(world(tmp_path), ALICE, [z.RUN], changes)

    assert interrupted(proof) == (expected and (ALICE, expected))


@pytest.mark.parametrize(
    ("actions", "expected"), [([START, READ], (ALICE, START)), ([z.RUN], None)]
)
def test_a_deny_for_a_while_takes_what_is_to_stay(tmp_path, actions, expected):
    kind = "azure.deny-assignment"
    passing = z.deny(RG, z.block(actions), principals=("alice",), name="passing")
    staying = z.deny(RG, z.block([z.RUN]), principals=("alice",), name="staying")
    changes = steps(made(passing, kind), made(staying, kind), gone(passing, kind))

    proof = proven(world(tmp_path), ALICE, [z.RUN], changes)

    assert interrupted(proof) == expected


@pytest.mark.parametrize(
    ("between", "expected"), [([READ], (ALICE, START)), ([START, READ], None)]
)
def test_a_role_is_not_emptied_on_its_way_to_another_form(tmp_path, between, expected):
    kind = "azure.role-definition"
    passing = {**OPS, "properties": {**LESS["properties"], "roleName": "ops"}}
    passing["properties"] = {**passing["properties"], "permissions": [z.block(between)]}
    end = {
        **OPS,
        "properties": {**OPS["properties"], "permissions": [z.block([START, READ])]},
    }
    changes = steps((kind, OPS, passing), (kind, passing, end))

    proof = proven(world(tmp_path), ALICE, [z.RUN], changes)

    assert interrupted(proof) == expected


@pytest.mark.parametrize("writes", [True, False])
def test_only_where_both_roles_would_open_more_the_old_one_may_go_first(
    tmp_path, writes
):
    """Beside the old role, its holder could rewrite the new one: that gap is told."""
    rest = [START, READ]
    more = [WRITE_ROLES] if writes else []
    wide = z.role("wide", z.block([*more, z.RUN, *rest]), custom=False)
    held = z.assignment("alice", "wide", SCOPE)
    less = z.role("lesser", z.block(rest))
    less["properties"]["assignableScopes"] = [SCOPE]
    changes = steps(
        made(less, "azure.role-definition"),
        gone(held),
        made(z.assignment("alice", "lesser", SCOPE)),
    )
    estate = world(tmp_path, wide, assignments=[held])

    proof = proven(estate, ALICE, [z.RUN], changes, loses={ALICE: {z.RUN, WRITE_ROLES}})

    told = [one for one in proof.side_effects if f"without {START}" in one]
    assert interrupted(proof) == (None if writes else (ALICE, START))
    assert bool(told) is writes
    assert ("without" in proof.order) is writes
