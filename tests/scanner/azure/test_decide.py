"""Rules of role-based access, each with a twin that differs by one fact."""

import pytest
from azure_estates import (
    EVERYONE,
    EXTENSION,
    LOGIN,
    MANAGED_RUN,
    RUN,
    SUB,
    SUB2,
    TENANT,
    arc_id,
    arc_machine,
    assignment,
    authorization,
    block,
    delegation,
    deny,
    eligible,
    group,
    group_scope,
    guid,
    loaded,
    lock,
    machine,
    management_group,
    member,
    placed,
    rg_scope,
    role,
    rows_of,
    schedule,
    service_principal,
    set_id,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Condition, Confidence, Standing, Verdict

S = subscription_scope()
START = "Microsoft.Compute/virtualMachines/start/action"
ADMIN_LOGIN = "Microsoft.Compute/virtualMachines/loginAsAdmin/action"
VM_CONTRIBUTOR = role("vmc", block(["Microsoft.Compute/virtualMachines/*"]))
CONTRIBUTOR = role("contributor", block(["*"], ["Microsoft.Authorization/*/Write"]))


def decided(tmp_path, machines=None, **tenant):
    """Decide a tenant with user `u` and, unless told otherwise, one VM `vm`."""
    tenant.setdefault("users", [user("u")])
    vms = [machine(vm_id())] if machines is None else machines
    lines = tenant_lines(**tenant)
    estate = loaded(tmp_path, lines, (SUB, subscription_lines(vms=vms)))
    return decide_azure(estate)


def verdict(rows, vector=RUN, target="vm", principal="u"):
    found = rows.get((principal, vector, target))
    return found.verdict if found else Verdict.DENIED


# -- actions, data actions, wildcards -------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "vector", "expected"),
    [
        ([block([RUN])], RUN, Verdict.ALLOWED),
        ([block([RUN])], MANAGED_RUN, Verdict.DENIED),
        ([block([RUN.upper()])], RUN, Verdict.ALLOWED),
        ([block(["*"])], RUN, Verdict.ALLOWED),
        ([block(["*/action"])], RUN, Verdict.ALLOWED),
        ([block(["*/action"])], EXTENSION, Verdict.DENIED),
        ([block(["Microsoft.Compute/*"], [RUN])], RUN, Verdict.DENIED),
        ([block(["Microsoft.Compute/*"], [RUN])], MANAGED_RUN, Verdict.ALLOWED),
        # (a) what one block subtracts another may give
        (
            [block(["Microsoft.Compute/virtualMachines/*"], [RUN]), block([RUN])],
            RUN,
            Verdict.ALLOWED,
        ),
        # (b) the two planes never mix
        ([block(data=["Microsoft.Compute/virtualMachines/*"])], RUN, Verdict.DENIED),
        ([block(data=["Microsoft.Compute/virtualMachines/*"])], LOGIN, Verdict.ALLOWED),
        (
            [block(data=["Microsoft.Compute/virtualMachines/*"])],
            ADMIN_LOGIN,
            Verdict.ALLOWED,
        ),
        ([block(["*"])], LOGIN, Verdict.DENIED),
        ([block(data=["*"], not_data=[LOGIN])], LOGIN, Verdict.DENIED),
        # an operation that old pages named by mistake
        (
            [block(["Microsoft.Compute/virtualMachines/runCommand/write"])],
            RUN,
            Verdict.DENIED,
        ),
        (
            [block(["Microsoft.Compute/virtualMachines/runCommands/read"])],
            MANAGED_RUN,
            Verdict.DENIED,
        ),
        ([], RUN, Verdict.DENIED),
        ([block()], RUN, Verdict.DENIED),
    ],
)
def test_a_role_gives_actions_minus_notactions_of_any_block(
    tmp_path, blocks, vector, expected
):
    found = decided(
        tmp_path, roles=[role("r", *blocks)], assignments=[assignment("u", "r", S)]
    )

    assert expected is verdict(rows_of(found), vector)


@pytest.mark.parametrize(
    "action",
    [
        "Microsoft.Resources/deployments/write",
        "Microsoft.Authorization/elevateAccess/action",
        START,
        "Microsoft.Compute/virtualMachines/read",
        "Microsoft.Compute/disks/write",
        "Microsoft.Compute/snapshots/write",
    ],
)
def test_what_leads_nowhere_alone_stays_silent(tmp_path, action):
    found = decided(
        tmp_path,
        roles=[role("r", block([action]))],
        assignments=[assignment("u", "r", S)],
    )

    assert list(found.grants) == []


# -- scopes ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("/", {"web", "web2", "db"}),
        (group_scope(TENANT), {"web", "web2", "db"}),
        (group_scope("leaf"), {"web", "web2", "db"}),
        (group_scope("other"), set()),
        (S, {"web", "web2", "db"}),
        (S.upper(), {"web", "web2", "db"}),
        (S[:-1], set()),
        (rg_scope("rg"), {"web", "web2"}),
        (rg_scope("r"), set()),
        (vm_id("web").upper(), {"web"}),  # (c)
        (f"/providers/Microsoft.Subscription{S}", {"web", "web2", "db"}),
        (f"{rg_scope('rg')}/providers/Microsoft.Compute/disks/web", set()),
    ],
)
def test_an_assignment_covers_its_scope_and_whole_segments_below(
    tmp_path, scope, expected
):
    vms = [machine(vm_id(*at)) for at in (("web",), ("web2",), ("db", "rg2"))]
    groups = [
        management_group(TENANT),
        management_group("leaf", TENANT),
        management_group("other", TENANT),
    ]
    found = decided(
        tmp_path,
        vms,
        groups=groups,
        placements=[placed(SUB, "leaf")],
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("u", "vmc", scope)],
    )

    reached = {target for _, vector, target in rows_of(found) if vector == RUN}
    assert expected == reached


def test_an_arc_machine_is_not_below_the_vm_of_the_same_name(tmp_path):
    arc_run = "Microsoft.HybridCompute/machines/runCommands/write"
    lines = tenant_lines(
        roles=[role("r", block([RUN, arc_run]))],
        assignments=[assignment("u", "r", vm_id("same"))],
        users=[user("u")],
    )
    below = subscription_lines(
        [machine(vm_id("same"))], arc=[arc_machine(arc_id("same"))]
    )
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    assert list(rows_of(found)) == [("u", RUN, "same")]


# -- groups ----------------------------------------------------------------------------


def test_members_of_nested_groups_hold_what_the_outer_group_holds(tmp_path):
    found = decided(
        tmp_path,
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("outer", "vmc", S, "Group")],
        directory_groups=[group("outer"), group("inner")],
        members={"outer": [member("inner", "group")], "inner": [member("u")]},
    )

    rows = rows_of(found)
    holders = {name for name, vector, _ in rows if vector == RUN}
    assert {"outer", "inner", "u"} == holders
    (grant,) = (g for g in found.grants if g.vector.id == RUN and _has(g, "u"))
    (because,) = grant.because_of(_principal(grant, "u"))
    assert found.principals[0].provider == "azure"
    assert because.group == _id(found, "outer")
    assert because.role == "vmc"


def test_a_group_cycle_changes_nothing(tmp_path):
    loop = {
        "outer": [member("inner", "group")],
        "inner": [member("outer", "group"), member("u"), member("inner", "group")],
    }
    found = decided(
        tmp_path,
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("outer", "vmc", S, "Group")],
        directory_groups=[group("outer"), group("inner")],
        members=loop,
    )

    holders = {name for name, vector, _ in rows_of(found) if vector == RUN}
    assert {"outer", "inner", "u"} == holders


# -- deny assignments ------------------------------------------------------------------

OPS = {
    "directory_groups": [group("ops"), group("nested")],
    "members": {"ops": [member("nested", "group")], "nested": [member("u")]},
}


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        (deny(S, block([RUN])), Verdict.DENIED),
        (deny(S, block([MANAGED_RUN])), Verdict.ALLOWED),
        (deny(S, block(data=["*"])), Verdict.ALLOWED),
        (deny(S, block([RUN]), excluded=["ops"]), Verdict.ALLOWED),  # (e)
        (deny(S, block([RUN]), excluded=["somebody"]), Verdict.DENIED),
        (deny(S, block([RUN]), principals=["u"]), Verdict.DENIED),
        (deny(S, block([RUN]), principals=["nested"]), Verdict.DENIED),
        (deny(S, block([RUN]), principals=["somebody"]), Verdict.ALLOWED),
        (deny(rg_scope("other"), block([RUN])), Verdict.ALLOWED),
        (deny(vm_id(), block([RUN])), Verdict.DENIED),
        (deny(S, block([RUN]), doNotApplyToChildScopes=True), Verdict.ALLOWED),
        (deny(vm_id(), block([RUN]), doNotApplyToChildScopes=True), Verdict.DENIED),
        (deny(S, block([RUN]), denyAssignmentEffect="audit"), Verdict.ALLOWED),
        (deny(S, block([RUN]), denyAssignmentEffect="enforced"), Verdict.DENIED),
        (deny(S, block(["*"], ["*/action"])), Verdict.ALLOWED),
        (deny(S, block([RUN], condition="@Resource[a] StringEquals")), Verdict.ALLOWED),
        (deny(S, block([RUN], condition=f"ActionMatches{{'{RUN}'}}")), Verdict.DENIED),
        (deny(S, block([RUN], condition="ActionMatches{'a/b'}")), Verdict.ALLOWED),
    ],
)
def test_a_deny_assignment_blocks_whom_and_what_it_names(tmp_path, denied, expected):
    found = decided(
        tmp_path,
        roles=[CONTRIBUTOR],
        assignments=[assignment("u", "contributor", S)],
        denies=[denied],
        **OPS,
    )

    assert expected is verdict(rows_of(found))


def test_a_deny_with_notactions_cuts_its_scope_only(tmp_path):
    """(f) Everything in compute but starting, for `u`, in resource group `a`."""
    denied = deny(
        rg_scope("a"), block(["Microsoft.Compute/*"], [START]), principals=["u"]
    )
    found = decided(
        tmp_path,
        [machine(vm_id("in", "a")), machine(vm_id("out", "b"))],
        roles=[CONTRIBUTOR],
        assignments=[assignment("u", "contributor", S)],
        denies=[denied],
    )

    rows = rows_of(found)
    assert Verdict.DENIED is verdict(rows, target="in")
    assert Verdict.ALLOWED is verdict(rows, target="out")
    target = next(t for t in found.targets if t.name == "in")
    vector = next(g.vector for g in found.grants if g.vector.id == RUN)
    (because,) = found.denied_because(found.principals[0], vector, target)
    assert because.assignment == denied["id"]


def test_nothing_denies_a_pair_that_nothing_allowed(tmp_path):
    found = decided(
        tmp_path,
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("u", "vmc", S)],
        denies=[deny(S, block([RUN]), principals=["other"])],
        users=[user("u"), user("other")],
    )

    other = next(p for p in found.principals if p.name == "other")
    vector = next(g.vector for g in found.grants if g.vector.id == RUN)
    assert found.denied_because(other, vector, found.targets[0]) == ()


def test_a_deny_whose_condition_cannot_be_decided_makes_the_verdict_inferred(tmp_path):
    found = decided(
        tmp_path,
        roles=[CONTRIBUTOR],
        assignments=[assignment("u", "contributor", S)],
        denies=[deny(S, block([RUN], condition="@Resource[a] StringEquals 'b'"))],
    )

    rows = rows_of(found)
    assert Confidence.INFERRED is rows["u", RUN, "vm"].confidence
    assert Confidence.CERTAIN is rows["u", EXTENSION, "vm"].confidence


# -- locks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found_lock", "run", "login"),
    [
        (lock(S), Verdict.DENIED, Verdict.ALLOWED),
        (lock(vm_id()), Verdict.DENIED, Verdict.ALLOWED),
        (lock(rg_scope("other")), Verdict.ALLOWED, Verdict.ALLOWED),
        (lock(S, "CanNotDelete"), Verdict.ALLOWED, Verdict.ALLOWED),
    ],
)
def test_a_read_only_lock_stops_commands_but_no_login(tmp_path, found_lock, run, login):
    found = decided(
        tmp_path,
        roles=[role("r", block(["*"], data=["*"]))],
        assignments=[assignment("u", "r", S)],
        locks=[found_lock],
    )

    rows = rows_of(found)
    assert (run, login) == (verdict(rows), verdict(rows, LOGIN))


# -- conditions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "expected", "left"),
    [
        (None, Verdict.ALLOWED, 0),
        # (g) guards another action only
        (
            "!(ActionMatches{'Microsoft.Storage/blobs/read'}) OR "
            "@Resource[x:path] StringEquals 'a'",
            Verdict.ALLOWED,
            0,
        ),
        ("@Resource[tags:env] StringEquals 'dev'", Verdict.CONDITIONAL, 1),
        (
            "@Resource[a] StringEquals 'b' OR @Principal[c] BoolEquals true",
            Verdict.CONDITIONAL,
            2,
        ),
        ("not a condition at all", Verdict.CONDITIONAL, 1),
        (f"!(ActionMatches{{'{RUN}'}})", Verdict.DENIED, 0),
    ],
)
def test_a_condition_is_decided_for_each_action(tmp_path, condition, expected, left):
    found = decided(
        tmp_path,
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("u", "vmc", S, condition=condition)],
    )

    decision = rows_of(found).get(("u", RUN, "vm"))
    assert expected is verdict(rows_of(found))
    assert left == (len(decision.conditions) if decision else 0)


def test_a_condition_of_a_block_binds_that_block_only(tmp_path):
    guarded = block([RUN], condition="@Resource[a] StringEquals 'b'")
    found = decided(
        tmp_path,
        roles=[role("r", guarded, block([MANAGED_RUN]))],
        assignments=[assignment("u", "r", S)],
    )

    rows = rows_of(found)
    assert Verdict.CONDITIONAL is verdict(rows, RUN)
    assert Verdict.ALLOWED is verdict(rows, MANAGED_RUN)


def test_an_unconditional_path_beats_a_conditional_one_where_both_reach(tmp_path):
    conditional = assignment("u", "vmc", S, condition="@Resource[a] StringEquals 'b'")
    found = decided(
        tmp_path,
        [machine(vm_id("both", "a")), machine(vm_id("one", "b"))],
        roles=[VM_CONTRIBUTOR],
        assignments=[conditional, assignment("u", "vmc", rg_scope("a"), name="plain")],
    )

    rows = rows_of(found)
    assert Verdict.ALLOWED is verdict(rows, target="both")
    assert Verdict.CONDITIONAL is verdict(rows, target="one")


# -- standing --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lists", "standing", "until"),
    [
        ({"assignments": [assignment("u", "vmc", S)]}, Standing.PERMANENT, None),
        (
            {
                "assignments": [assignment("u", "vmc", S)],
                "schedules": [
                    schedule(
                        "u",
                        "vmc",
                        S,
                        assignmentType="Assigned",
                        endDateTime="2027-01-01T00:00:00Z",
                    )
                ],
            },
            Standing.TIME_BOUND,
            "2027-01-01T00:00:00Z",
        ),
        (
            {
                "assignments": [assignment("u", "vmc", S)],
                "schedules": [
                    schedule(
                        "u",
                        "vmc",
                        S,
                        assignmentType="Activated",
                        endDateTime="2026-11-01T08:00:00Z",
                    )
                ],
            },
            Standing.ACTIVATED,
            "2026-11-01T08:00:00Z",
        ),
        (
            {"schedules": [schedule("u", "vmc", S, assignmentType="Assigned")]},
            Standing.PERMANENT,
            None,
        ),
        ({"eligibilities": [eligible("u", "vmc", S)]}, Standing.ELIGIBLE, None),
        (
            {
                "assignments": [assignment("u", "vmc", S)],
                "eligibilities": [eligible("u", "vmc", S)],
            },
            Standing.PERMANENT,
            None,
        ),
    ],
)
def test_a_grant_says_how_long_access_lasts(tmp_path, lists, standing, until):
    found = decided(tmp_path, roles=[VM_CONTRIBUTOR], **lists)

    decision = rows_of(found)["u", RUN, "vm"]
    assert (Verdict.ALLOWED, standing, until) == (
        decision.verdict,
        decision.standing,
        decision.standing_until,
    )


LATER = "2026-12-01T00:00:00Z"
BEGINS = Condition("@Environment[UtcNow]", "DateTimeGreaterThanEquals", (LATER,))


@pytest.mark.parametrize(
    ("lists", "standing"),
    [
        (
            {"eligibilities": [eligible("u", "vmc", S, startDateTime=LATER)]},
            Standing.ELIGIBLE,
        ),
        (
            {"schedules": [schedule("u", "vmc", S, startDateTime=LATER)]},
            Standing.PERMANENT,
        ),
        (
            {
                "schedules": [
                    schedule(
                        *("u", "vmc", S),
                        startDateTime=LATER,
                        endDateTime="2026-12-08T00:00:00Z",
                    )
                ]
            },
            Standing.TIME_BOUND,
        ),
    ],
    ids=["eligible", "assigned", "assigned for a week"],
)
def test_what_begins_later_is_shown_with_its_beginning(tmp_path, lists, standing):
    found = decided(tmp_path, roles=[VM_CONTRIBUTOR], **lists)
    decision = rows_of(found)["u", RUN, "vm"]

    assert Verdict.CONDITIONAL is decision.verdict
    assert decision.conditions == ((BEGINS,),)
    assert standing is decision.standing


def test_what_begins_later_leaves_what_others_hold_today_alone(tmp_path):
    """The same role, eligible from now on for one and later for another."""
    may = [
        eligible("u", "vmc", S, startDateTime=LATER),
        eligible("v", "vmc", S, startDateTime="2026-01-01T00:00:00Z"),
    ]
    found = rows_of(decided(tmp_path, roles=[VM_CONTRIBUTOR], eligibilities=may))

    assert Verdict.ALLOWED is found[guid("v"), RUN, "vm"].verdict
    assert Verdict.CONDITIONAL is found["u", RUN, "vm"].verdict


def test_an_assignment_of_today_rests_on_no_schedule_of_tomorrow(tmp_path):
    later = schedule("u", "vmc", S, startDateTime=LATER, endDateTime="2027-01-01")
    found = decided(
        tmp_path,
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("u", "vmc", S)],
        schedules=[later],
    )

    decision = rows_of(found)["u", RUN, "vm"]
    assert (decision.verdict, decision.standing) == (
        Verdict.ALLOWED,
        Standing.PERMANENT,
    )


@pytest.mark.parametrize("builder", [eligible, schedule])
def test_what_is_over_is_no_access(tmp_path, builder):
    kind = "eligibilities" if builder is eligible else "schedules"
    gone = builder("u", "vmc", S, endDateTime="2026-10-01T00:00:00Z")
    found = decided(tmp_path, roles=[VM_CONTRIBUTOR], **{kind: [gone]})

    assert list(found.grants) == []


# -- delegations -----------------------------------------------------------------------


def delegated(tmp_path, **more):
    managed = role("managed", block([RUN], data=[LOGIN]))
    return decided(
        tmp_path,
        roles=[managed],
        delegations=[
            delegation(
                S, [authorization("msp", "managed")], [authorization("jit", "managed")]
            )
        ],
        **more,
    )


def test_partners_hold_delegated_roles_without_data_actions(tmp_path):
    rows = rows_of(delegated(tmp_path))

    assert {("msp", RUN, "vm"), ("jit", RUN, "vm")} == set(rows)
    assert Standing.PERMANENT is rows["msp", RUN, "vm"].standing
    assert Standing.ELIGIBLE is rows["jit", RUN, "vm"].standing


def test_a_partner_is_a_foreign_principal_of_the_managing_tenant(tmp_path):
    partner = next(p for p in delegated(tmp_path).principals if p.name == "msp")

    assert (partner.kind, partner.external) == ("foreign", True)
    assert partner.scope != TENANT


def test_locks_do_not_bind_partners(tmp_path):
    rows = rows_of(delegated(tmp_path, locks=[lock(S)]))

    assert Verdict.ALLOWED is verdict(rows, principal="msp")


@pytest.mark.parametrize(
    ("system", "expected"), [(True, Verdict.DENIED), (False, Verdict.ALLOWED)]
)
def test_only_denies_that_azure_made_are_known_to_bind_partners(
    tmp_path, system, expected
):
    denied = deny(S, block([RUN]), isSystemProtected=system)
    rows = rows_of(delegated(tmp_path, denies=[denied]))

    assert expected is verdict(rows, principal="msp")
    if expected is Verdict.ALLOWED:
        assert Confidence.INFERRED is rows["msp", RUN, "vm"].confidence


# -- scale sets ------------------------------------------------------------------------

INSTANCE_RUN = (
    "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/runCommand/action"
)
SET_WRITE = "Microsoft.Compute/virtualMachineScaleSets/extensions/write"


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (S, {INSTANCE_RUN, SET_WRITE}),
        (set_id(), {INSTANCE_RUN, SET_WRITE}),
        (f"{set_id()}/virtualMachines/0", {INSTANCE_RUN}),
    ],
)
def test_an_instance_is_below_its_scale_set_but_does_not_hold_it(
    tmp_path, scope, expected
):
    lines = tenant_lines(
        roles=[role("r", block([INSTANCE_RUN, SET_WRITE]))],
        assignments=[assignment("u", "r", scope)],
        users=[user("u")],
    )
    below = subscription_lines(
        scale_sets=[{"id": set_id(), "name": "set", "location": "westeurope"}],
        instances=[machine(f"{set_id()}/virtualMachines/0", name="set_0")],
    )
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    assert [target.name for target in found.targets] == ["set_0"]
    assert expected == {vector for _, vector, _ in rows_of(found)}


@pytest.mark.parametrize(
    ("scope", "denied"),
    [
        (set_id(), {SET_WRITE}),
        (f"{set_id()}/virtualMachines/0", {INSTANCE_RUN}),
        (rg_scope(), set()),
    ],
)
def test_a_deny_without_its_children_cuts_what_is_checked_there(
    tmp_path, scope, denied
):
    cut = deny(scope, block(["*"]), doNotApplyToChildScopes=True)
    lines = tenant_lines(
        roles=[role("r", block([INSTANCE_RUN, SET_WRITE]))],
        assignments=[assignment("u", "r", S)],
        denies=[cut],
        users=[user("u")],
    )
    below = subscription_lines(instances=[machine(f"{set_id()}/virtualMachines/0")])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    held = {vector for _, vector, _ in rows_of(found)}
    assert {INSTANCE_RUN, SET_WRITE} - held == denied


def test_a_scale_set_without_listed_instances_is_one_target(tmp_path):
    lines = tenant_lines(
        roles=[role("r", block([INSTANCE_RUN]))],
        assignments=[assignment("u", "r", S)],
        users=[user("u")],
    )
    below = subscription_lines(scale_sets=[{"id": set_id(), "name": "set"}])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    (target,) = found.targets
    assert ("vmss", set_id()) == (target.kind, target.id)
    assert list(rows_of(found)) == [("u", INSTANCE_RUN, "set")]


# -- logins ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (None, Verdict.ALLOWED),
        ([{"properties": {"type": "AADSSHLoginForLinux"}}], Verdict.ALLOWED),
        ([{"id": "named-only"}], Verdict.ALLOWED),
        ([{"properties": {"type": "CustomScript"}}], Verdict.DENIED),
    ],
)
def test_a_right_to_log_in_leads_nowhere_without_the_extension(
    tmp_path, extensions, expected
):
    more = {"resources": extensions} if extensions is not None else {}
    found = decided(
        tmp_path,
        [machine(vm_id(), **more)],
        roles=[role("r", block([RUN], data=[LOGIN]))],
        assignments=[assignment("u", "r", S)],
    )

    rows = rows_of(found)
    assert expected is verdict(rows, LOGIN)
    assert Verdict.ALLOWED is verdict(rows, RUN)


# -- principals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "list_name", "kind", "external"),
    [
        (user("p"), "users", "user", False),
        (user("p", userType="Guest"), "users", "guest", True),
        (user("p", userPrincipalName="p#EXT#@x"), "users", "guest", True),
        (group("p"), "directory_groups", "group", False),
        (service_principal("p"), "service_principals", "service-principal", False),
        (
            service_principal("p", appOwnerOrganizationId=TENANT),
            "service_principals",
            "service-principal",
            False,
        ),
        (
            service_principal("p", appOwnerOrganizationId=SUB),
            "service_principals",
            "service-principal",
            True,
        ),
        (
            service_principal("p", managed=True),
            "service_principals",
            "managed-identity",
            False,
        ),
    ],
)
def test_principals_are_known_by_kind(tmp_path, row, list_name, kind, external):
    found = decided(tmp_path, **{"users": [], list_name: [row]})

    (principal,) = found.principals
    assert (kind, external) == (principal.kind, principal.external)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("User", "user"),
        ("ServicePrincipal", "service-principal"),
        ("ForeignGroup", "foreign"),
    ],
)
def test_a_principal_that_only_an_assignment_names_keeps_its_grants(
    tmp_path, kind, expected
):
    found = decided(
        tmp_path,
        users=[],
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("gone", "vmc", S, kind)],
    )

    (principal,) = found.principals
    assert expected == principal.kind
    assert Verdict.ALLOWED is verdict(rows_of(found), principal=principal.name)


# -- tenants and subscriptions ---------------------------------------------------------


def test_an_assignment_reaches_no_other_subscription(tmp_path):
    lines = tenant_lines(
        roles=[VM_CONTRIBUTOR],
        assignments=[assignment("u", "vmc", S)],
        users=[user("u")],
        subscriptions=(SUB, SUB2),
    )
    first = subscription_lines([machine(vm_id("one"))])
    other = machine(vm_id("two", subscription=SUB2))
    second = subscription_lines([other], subscription_id=SUB2)
    found = decide_azure(loaded(tmp_path, lines, (SUB, first), (SUB2, second)))

    assert {"one"} == {target for _, _, target in rows_of(found)}
    assert len(found.targets) == 2


def test_because_at_names_only_what_reaches_the_target(tmp_path):
    found = decided(
        tmp_path,
        [machine(vm_id("a", "a")), machine(vm_id("b", "b"))],
        roles=[VM_CONTRIBUTOR],
        assignments=[
            assignment("u", "vmc", rg_scope("a"), name="on-a"),
            assignment("u", "vmc", rg_scope("b"), name="on-b"),
        ],
    )

    (grant,) = (g for g in found.grants if g.vector.id == RUN)
    (principal,) = grant.principals
    assert len(grant.because_of(principal)) == 2
    for target in grant.targets:
        (because,) = grant.because_at(principal, target)
        assert f"resourceGroups/{target.name}/" in because.assignment


def test_everyone_alone_is_no_principal(tmp_path):
    found = decided(tmp_path, users=[], denies=[deny(S, block([RUN]))])

    assert EVERYONE not in {p.id for p in found.principals}


def _has(grant, name):
    return any(principal.name == name for principal in grant.principals)


def _principal(grant, name):
    return next(p for p in grant.principals if p.name == name)


def _id(found, name):
    return next(p.id for p in found.principals if p.name == name)
