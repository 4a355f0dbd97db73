"""What holds of a change to Azure roles and assignments is proven, without case."""

import azure_estates as z
import pytest
from applying import change
from proving import context_of, finding_of, proven

from policies.proof.intent import Intent
from policies.proof.model import Aim, Obligation
from policies.proof.prove import prove
from scanner.estate import Provider

SCOPE, RG, VM = z.subscription_scope(), z.rg_scope(), z.vm_id()
READ = "Microsoft.Compute/virtualMachines/read"
START = "Microsoft.Compute/virtualMachines/start/action"
OPS = z.role("ops", z.block([z.RUN, z.EXTENSION, START, READ]))
LESS = z.role("less", z.block([START, READ]))
HOLDER = z.assignment("alice", "ops", RG)
ALICE = z.guid("alice")
BOTH = (z.RUN, z.EXTENSION)


def world(root, *roles, assignments=(HOLDER,), **lists):
    """A machine, a role that runs commands, and who holds it."""
    lines = z.tenant_lines(
        assignments=list(assignments),
        roles=[OPS, *roles],
        users=[z.user(name) for name in ("alice", "bob", "backup")],
        directory_groups=[z.group("team"), z.group("inner")],
        **lists,
    )
    machines = z.subscription_lines(vms=[z.machine(VM), z.machine(z.vm_id("two"))])
    return z.loaded(root, lines, (z.SUB, machines))


def given(*pairs):
    """Changes of objects that name themselves: kind, before, after."""
    return [
        change(kind, (before or after)["id"], before=before, after=after)
        for kind, before, after in pairs
    ]


def swap(role, *, principal="alice", scope=RG):
    """A custom role made, assigned, and the old assignment deleted."""
    return given(
        ("azure.role-definition", None, role),
        ("azure.role-assignment", None, z.assignment(principal, "less", scope)),
        ("azure.role-assignment", HOLDER, None),
    )


def test_a_role_without_all_vectors_takes_them_and_nothing_else(tmp_path):
    proof = proven(world(tmp_path), ALICE, BOTH, swap(LESS))

    assert proof.status in ("proven", "proven-given")
    assert proof.closes == "fully"
    assert {one.vector for one in proof.removed} == set(BOTH)
    assert proof.other_actions.different == ()


@pytest.mark.parametrize(
    ("actions", "scope", "obligation"),
    [
        ([START, READ, z.RUN], RG, Obligation.TAKEN),
        ([START], RG, Obligation.ELSE),
        ([START, READ, "Microsoft.Network/*"], RG, Obligation.ELSE),
        ([START.upper(), READ.lower()], RG, None),
        ([START, READ], VM, Obligation.ELSE),
        ([START, READ], SCOPE, Obligation.ELSE),
    ],
)
def test_a_role_with_more_or_less_or_elsewhere_fails(
    tmp_path, actions, scope, obligation
):
    role = z.role("less", z.block(actions))

    proof = proven(world(tmp_path), ALICE, BOTH, swap(role, scope=scope))

    if obligation is None:
        assert proof.counterexample is None
    else:
        assert proof.counterexample.obligation is obligation


def test_no_step_in_between_may_open_anything(tmp_path):
    wide = z.role("wide", z.block(["*"]))
    passing = z.assignment("alice", "wide", SCOPE)
    steps = given(
        ("azure.role-assignment", None, passing),
        ("azure.role-assignment", HOLDER, None),
        ("azure.role-assignment", passing, None),
    )

    proof = proven(world(tmp_path, wide), ALICE, BOTH, steps, gives_up=True)

    assert proof.counterexample.obligation is Obligation.ORDER
    assert proof.counterexample.principal == ALICE


@pytest.mark.parametrize(
    ("order", "status"), [((0, 2, 1), "proven"), ((0, 1, 2), "failed")]
)
def test_a_role_that_writes_roles_goes_before_the_new_one_comes(
    tmp_path, order, status
):
    """Beside it, its holder could rewrite the new role."""
    writing = "Microsoft.Authorization/roleDefinitions/write"
    rest = [START, READ, "Microsoft.Compute/virtualMachines/write"]
    wide = z.role("wide", z.block([writing, z.RUN, *rest]), custom=False)
    held = z.assignment("alice", "wide", SCOPE)
    less = z.role("less", z.block(rest))
    less["properties"]["assignableScopes"] = [SCOPE]
    steps = given(
        ("azure.role-definition", None, less),
        ("azure.role-assignment", None, z.assignment("alice", "less", SCOPE)),
        ("azure.role-assignment", held, None),
    )
    estate = world(tmp_path, wide, assignments=(held,))
    changes = [steps[n] for n in order]

    proof = proven(estate, ALICE, [z.RUN], changes, gives_up=True)

    assert proof.status.startswith(status)
    if status == "failed":
        assert proof.counterexample.obligation is Obligation.ORDER
        assert proof.counterexample.vector == writing


def test_data_operations_are_told_from_control_operations(tmp_path):
    role = z.role("less", z.block([START], data=[READ]))

    proof = proven(world(tmp_path), ALICE, BOTH, swap(role))

    assert proof.status == "failed"
    actions = {one.action: one.after for one in proof.other_actions.different}
    assert actions == {READ: "not allowed", f"{READ} (data)": "allowed"}


def test_subtracting_one_vector_holds_for_it_and_names_its_siblings(tmp_path):
    role = z.role("less", z.block(["*"], not_actions=[z.RUN]))
    wide = z.role("wide", z.block(["*"]))
    held = z.assignment("alice", "wide", RG)
    estate = world(tmp_path, wide, assignments=[held])
    changes = given(
        ("azure.role-definition", None, role),
        ("azure.role-assignment", None, z.assignment("alice", "less", RG)),
        ("azure.role-assignment", held, None),
    )

    proof = proven(estate, ALICE, [z.RUN], changes)

    assert proof.counterexample is None
    assert proof.closes == "partly"
    left = {path[-1] for path in proof.remaining_paths}
    assert z.EXTENSION in left
    assert z.RUN not in left


def test_the_same_role_through_a_nested_group_is_named(tmp_path):
    estate = world(
        tmp_path,
        assignments=[HOLDER, z.assignment("team", "ops", SCOPE, kind="Group")],
        members={
            "team": [z.member("inner", "group")],
            "inner": [z.member("alice")],
        },
    )
    changes = given(("azure.role-assignment", HOLDER, None))

    proof = proven(estate, ALICE, BOTH, changes, gives_up=True)

    wrong = proof.counterexample
    assert wrong.obligation is Obligation.TAKEN
    assert z.guid("team") in wrong.statement


def test_an_eligible_role_is_temporary_and_never_removed(tmp_path):
    later = z.eligible("alice", "ops", RG)
    changes = given(
        ("azure.role-eligibility", None, later),
        ("azure.role-assignment", HOLDER, None),
    )
    estate = world(tmp_path)

    temporary = proven(estate, ALICE, BOTH, changes, Aim.TEMPORARY)
    removed = proven(estate, ALICE, BOTH, changes)

    assert temporary.counterexample is None
    assert {one.vector for one in temporary.temporary} == set(BOTH)
    assert temporary.removed == ()
    assert removed.counterexample.obligation is Obligation.TAKEN


@pytest.mark.parametrize(
    ("members", "obligation"),
    [
        ({"excluded": ("backup",)}, None),
        ({"excluded": ("bob",)}, Obligation.LEFT),
        ({"excluded": ("backup",), "denyAssignmentEffect": "audit"}, Obligation.TAKEN),
    ],
)
def test_a_deny_for_everyone_spares_who_is_excluded(tmp_path, members, obligation):
    backup = z.assignment("backup", "ops", RG)
    estate = world(tmp_path, assignments=[HOLDER, backup])
    deny = z.deny(RG, z.block(list(BOTH)), **members)

    proof = proven(estate, ALICE, BOTH, given(("azure.deny-assignment", None, deny)))

    wrong = proof.counterexample
    assert (wrong and wrong.obligation) == obligation
    if obligation is Obligation.LEFT:
        assert wrong.principal == z.guid("backup")


def test_a_finding_of_the_other_cloud_has_nothing_to_be_proven_on(tmp_path):

    context = context_of(world(tmp_path))
    finding = finding_of("arn:aws:iam::1:role/a", provider=Provider.AWS)

    proof = prove(context, "R-1", finding, Intent((), Aim.REMOVE, {}))

    assert proof.status == "failed"
