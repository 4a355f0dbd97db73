"""Handing out roles gains nothing where guards that stay cut all that it could gain."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    LOGIN,
    MANAGED_RUN,
    RUN,
    SUB,
    assignment,
    block,
    deny,
    guid,
    loaded,
    lock,
    machine,
    rg_scope,
    role,
    rows_of,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.azure.vectors import COVERED
from scanner.grants import Verdict

S = subscription_scope()
HAND_OUT = f"{AUTHORIZATION}/roleAssignments/write"
DEFINE = f"{AUTHORIZATION}/roleDefinitions/write"
UNDENY = f"{AUTHORIZATION}/denyAssignments/delete"
UNLOCK = f"{AUTHORIZATION}/locks/delete"
ROLE_ID = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
RUNS = role("runs", block([RUN]))
ALLOWED, CONDITIONAL, DENIED = Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.DENIED
VECTORS = {one.id: one for one in COVERED}


def decided(tmp_path, held, roles=(), vms=None, **tenant):
    """Decide for `u`, who holds these roles of his own at these scopes."""
    own = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    given += tenant.pop("assignments", [])
    lines = tenant_lines(
        roles=[RUNS, *own, *roles], assignments=given, users=[user("u")], **tenant
    )
    below = subscription_lines([machine(vm_id())] if vms is None else vms)
    return decide_azure(loaded(tmp_path, lines, (SUB, below)))


def verdict(found, vector, target="vm"):
    row = rows_of(found).get(("u", vector, target))
    return row.verdict if row else DENIED


UNDOES = role("undoes", block([UNDENY, UNLOCK]))
LOGS_IN = role("logs-in", block(data=[LOGIN]))
MORE = role("more", block([MANAGED_RUN]))


@pytest.mark.parametrize(
    ("roles", "guards", "expected"),
    [
        ([], {}, ALLOWED),
        ([], {"denies": [deny(S, block([RUN]))]}, ALLOWED),
        ([], {"denies": [deny(S, block([RUN]), isSystemProtected=True)]}, DENIED),
        ([UNDOES], {"denies": [deny(S, block([RUN]))]}, ALLOWED),
        ([UNDOES], {"denies": [deny(S, block([RUN]), isSystemProtected=True)]}, DENIED),
        ([MORE], {"denies": [deny(S, block([RUN]))]}, ALLOWED),
        ([LOGS_IN], {"denies": [deny(S, block([RUN]))]}, ALLOWED),
        ([], {"denies": [deny(S, block([RUN]), principals=["other"])]}, ALLOWED),
        ([], {"denies": [deny(S, block([RUN]), excluded=["u"])]}, ALLOWED),
        ([], {"denies": [deny(rg_scope("rg2"), block([RUN]))]}, ALLOWED),
        (
            [],
            {"denies": [deny(S, block([RUN]), denyAssignmentEffect="audit")]},
            ALLOWED,
        ),
    ],
)
def test_what_is_handed_out_must_get_past_the_guards(tmp_path, roles, guards, expected):
    found = decided(tmp_path, [(HAND_OUT, S)], roles, **guards)

    assert expected is verdict(found, HAND_OUT)


def test_only_the_machines_behind_the_guard_are_out_of_reach(tmp_path):
    cut = deny(rg_scope(), block([RUN]), isSystemProtected=True)
    vms = [machine(vm_id()), machine(vm_id("free", "rg2"))]
    found = decided(tmp_path, [(HAND_OUT, S)], vms=vms, denies=[cut])

    assert (
        verdict(found, HAND_OUT),
        verdict(found, HAND_OUT, "free"),
    ) == (DENIED, ALLOWED)


def test_a_condition_that_lets_no_remover_through_leaves_the_guard(tmp_path):
    only = f"{ROLE_ID} GuidEquals {guid('runs')}"
    hands = role("hands", block([HAND_OUT], condition=only))
    found = decided(
        tmp_path,
        [],
        [hands, UNDOES],
        assignments=[assignment("u", "hands", S)],
        denies=[deny(S, block([RUN]))],
    )

    assert verdict(found, HAND_OUT) is DENIED


@pytest.mark.parametrize(
    ("vector", "held", "guards", "names"),
    [
        (HAND_OUT, [(HAND_OUT, S)], {"denies": [deny(S, block([HAND_OUT]))]}, 1),
        (HAND_OUT, [(HAND_OUT, S)], {"locks": [lock(S)]}, 1),
        (
            HAND_OUT,
            [(HAND_OUT, S)],
            {"denies": [deny(S, block([RUN]), isSystemProtected=True)]},
            1,
        ),
        (HAND_OUT, [("*/read", S)], {"denies": [deny(S, block([HAND_OUT]))]}, 0),
        (
            "Microsoft.ManagedServices/registrationDefinitions/write",
            [("*", S)],
            {"denies": [deny(S, block(["Microsoft.ManagedServices/*"]))]},
            1,
        ),
        (
            "Microsoft.ManagedServices/registrationDefinitions/write",
            [("Microsoft.ManagedServices/registrationDefinitions/write", S)],
            {"denies": [deny(S, block(["Microsoft.ManagedServices/*"]))]},
            0,
        ),
    ],
)
def test_a_denied_escalation_names_what_cut_it(tmp_path, vector, held, guards, names):
    found = decided(tmp_path, held, **guards)
    (principal,) = (p for p in found.principals if p.name == "u")
    (target,) = found.targets

    assert verdict(found, vector) is DENIED
    because = found.denied_because(principal, VECTORS[vector], target)
    assert names == len(because)
    assert bool(names) is bool(because)


# -- a plain role of one's own ---------------------------------------------------------


def plain(scopes=(S,)):
    found = role("plain", block(["*/read"]))
    found["properties"]["assignableScopes"] = list(scopes)
    return found


@pytest.mark.parametrize(
    ("right", "at", "scopes", "expected"),
    [
        (DEFINE, S, (S,), ALLOWED),
        (DEFINE, rg_scope(), (rg_scope(),), ALLOWED),
        (DEFINE, rg_scope(), (S,), DENIED),
        (
            DEFINE,
            S,
            (S, rg_scope("rg", "22222222-0000-4000-8000-000000000009")),
            DENIED,
        ),
        ("*/read", S, (S,), DENIED),
    ],
)
def test_a_plain_custom_role_becomes_any_for_who_may_write_it(
    tmp_path, right, at, scopes, expected
):
    writer = role("writer", block([right]), custom=False)
    found = decided(
        tmp_path,
        [],
        [plain(scopes), writer],
        vms=[machine(vm_id()), machine(vm_id("away", "rg2"))],
        assignments=[
            assignment("u", "plain", rg_scope()),
            assignment("u", "writer", at),
        ],
    )

    assert expected is verdict(found, DEFINE)
    assert verdict(found, DEFINE, "away") is DENIED


def test_it_names_both_the_right_and_the_plain_role(tmp_path):
    writer = role("writer", block([DEFINE]), custom=False)
    found = decided(
        tmp_path,
        [],
        [plain(), writer],
        assignments=[assignment("u", "plain", S), assignment("u", "writer", S)],
    )

    grant = next(g for g in found.grants if g.vector.id == DEFINE)
    (principal,), (target,) = grant.principals, grant.targets
    roles = {because.role for because in grant.because_at(principal, target)}
    assert roles == {"plain", "writer"}


@pytest.mark.parametrize(
    ("members", "expected"), [(["u"], ALLOWED), ([], DENIED)], ids=["in", "out"]
)
def test_the_plain_role_may_be_that_of_a_group(tmp_path, members, expected):
    writer = role("writer", block([DEFINE]), custom=False)
    found = decided(
        tmp_path,
        [],
        [plain(), writer],
        assignments=[
            assignment("ops", "plain", S, "Group"),
            assignment("u", "writer", S),
        ],
        directory_groups=[{"id": guid("ops"), "displayName": "ops"}],
        members={"ops": [user(name) for name in members]},
    )

    assert expected is verdict(found, DEFINE)


def test_two_who_hold_the_same_are_told_apart_by_their_plain_roles(tmp_path):
    writer = role("writer", block([DEFINE]), custom=False)
    found = rows_of(
        decide_azure(
            loaded(
                tmp_path,
                tenant_lines(
                    roles=[plain(), writer],
                    assignments=[
                        assignment("u", "plain", S),
                        assignment("u", "writer", S),
                        assignment("v", "writer", S),
                    ],
                    users=[user("u"), user("v")],
                ),
                (SUB, subscription_lines([machine(vm_id())])),
            )
        )
    )

    assert [key for key in found if key[1] == DEFINE] == [("u", DEFINE, "vm")]


SCHEDULES = [
    f"{AUTHORIZATION}/{name}/write"
    for name in (
        "roleAssignmentScheduleRequests",
        "roleEligibilityScheduleRequests",
        "roleManagementPolicies",
    )
]


@pytest.mark.parametrize("vector", SCHEDULES)
@pytest.mark.parametrize(
    ("roles", "guard", "expected"),
    [
        ([], None, ALLOWED),
        ([], deny(S, block([RUN]), isSystemProtected=True), DENIED),
        ([], deny(S, block([RUN])), ALLOWED),
        ([MORE], deny(S, block([RUN]), isSystemProtected=True), ALLOWED),
        ([], deny(S, block([RUN]), isSystemProtected=True, excluded=["u"]), ALLOWED),
        ([], deny(rg_scope("b"), block([RUN]), isSystemProtected=True), ALLOWED),
    ],
    ids=["none", "protected", "removable", "another way", "excluded", "elsewhere"],
)
def test_schedules_gain_nothing_behind_what_azure_protects(
    tmp_path, vector, roles, guard, expected
):
    found = decided(tmp_path, [(vector, S)], roles, denies=[guard] if guard else [])

    assert expected is verdict(found, vector)


def test_the_guard_in_the_way_of_a_schedule_is_named(tmp_path):
    guard = deny(S, block([RUN]), isSystemProtected=True)
    found = decided(tmp_path, [(SCHEDULES[0], S)], denies=[guard])
    (who,) = (p for p in found.principals if p.name == "u")
    (target,) = found.targets

    because = found.denied_because(who, VECTORS[SCHEDULES[0]], target)
    assert [guard["id"]] == [one.assignment for one in because]
