"""Rights that gain a command: handing out roles, undoing guards, moving, delegating."""

import pytest
from azure_estates import (
    AUTHORIZATION,
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
    line,
    loaded,
    lock,
    machine,
    management_group,
    member,
    placed,
    rg_scope,
    role,
    rows_of,
    service_principal,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.azure.vectors import COVERED
from scanner.grants import Confidence, Standing, Tier, Verdict

S = subscription_scope()
HAND_OUT = f"{AUTHORIZATION}/roleAssignments/write"
DEFINE = f"{AUTHORIZATION}/roleDefinitions/write"
DELEGATE = "Microsoft.ManagedServices/registrationDefinitions/write"
REGISTER = "Microsoft.ManagedServices/registrationAssignments/write"
MOVE = "Microsoft.Management/managementGroups/subscriptions/write"
GROUP = "Microsoft.Management/managementGroups/write"
UNDENY = f"{AUTHORIZATION}/denyAssignments/delete"
REWRITE = f"{AUTHORIZATION}/denyAssignments/write"
UNLOCK = f"{AUTHORIZATION}/locks/delete"
STACK = "Microsoft.Resources/deploymentStacks/manageDenySetting/action"
ROLE_ID = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
KIND = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]"
WHO = "@Request[Microsoft.Authorization/roleAssignments:PrincipalId]"
GUARD = f"!(ActionMatches{{'{HAND_OUT}'}})"

VM_ROLE = role("vmc", block(["Microsoft.Compute/virtualMachines/*"]))
OWNER = role("owner", block(["*"]), custom=False)
UAA = role("uaa", block(["*/read", "Microsoft.Authorization/*"]), custom=False)
RBAC = role("rbac", block([HAND_OUT]), custom=False)
READER = role("reader", block(["*/read"]), custom=False)
CONTRIBUTOR = role(
    "contributor",
    block(["*"], ["Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete",
                  STACK]),
    custom=False,
)  # fmt: skip
ROLES = [VM_ROLE, OWNER, UAA, RBAC, READER, CONTRIBUTOR]


def guarded(test):
    """A condition on handing out roles only."""
    return f"({GUARD} OR ({test}))"


def rows(tmp_path, assignments, roles=(), arc=(), owners=(), **tenant):
    tenant.setdefault("users", [user("u")])
    lines = tenant_lines(roles=[*ROLES, *roles], assignments=assignments, **tenant)
    for owner, owned in owners:
        lines.append(line("graph/owners", [{"id": guid(owner)}], {"o": guid(owned)}))
    below = subscription_lines([machine(vm_id())], arc=arc)
    return rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))


def verdict(found, vector, who="u", target="vm"):
    row = found.get((who, vector, target))
    return row.verdict if row else Verdict.DENIED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("owner", Verdict.ALLOWED),
        ("uaa", Verdict.ALLOWED),
        ("rbac", Verdict.ALLOWED),
        ("contributor", Verdict.DENIED),
        ("reader", Verdict.DENIED),
        ("vmc", Verdict.DENIED),
    ],
)
def test_handing_out_roles_gains_a_command(tmp_path, name, expected):
    found = rows(tmp_path, [assignment("u", name, S)])

    assert expected is verdict(found, HAND_OUT)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (S, Verdict.ALLOWED),
        (rg_scope(), Verdict.ALLOWED),
        (vm_id(), Verdict.ALLOWED),
        (rg_scope("rg2"), Verdict.DENIED),
        (f"{vm_id()}2", Verdict.DENIED),
    ],
)
def test_it_counts_on_the_machines_below_its_scope(tmp_path, scope, expected):
    assert expected is verdict(
        rows(tmp_path, [assignment("u", "rbac", scope)]), HAND_OUT
    )


VM_C, OWN, READ = guid("vmc"), guid("owner"), guid("reader")
UNKNOWN_ROLE = guid("of nobody")
ANY_NOT = f"{ROLE_ID} ForAnyOfAnyValues:GuidNotEquals {{{OWN}, {guid('uaa')}}}"
ALL_NOT = f"{ROLE_ID} ForAnyOfAllValues:GuidNotEquals {{{OWN}, {guid('uaa')}}}"
NO_RUN = (
    f"{ROLE_ID} ForAnyOfAllValues:GuidNotEquals "
    f"{{{OWN}, {VM_C}, {guid('uaa')}, {guid('rbac')}, {guid('contributor')}}}"
)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, Verdict.ALLOWED),
        (guarded(f"{ROLE_ID} GuidEquals {VM_C}"), Verdict.ALLOWED),
        (guarded(f"{ROLE_ID} GuidEquals {VM_C.replace('-', '')}"), Verdict.ALLOWED),
        (guarded(f"{ROLE_ID} GuidEquals {READ}"), Verdict.DENIED),
        (guarded(ANY_NOT), Verdict.ALLOWED),
        (guarded(ALL_NOT), Verdict.ALLOWED),
        (guarded(NO_RUN), Verdict.DENIED),
        (guarded(f"{ROLE_ID} GuidEquals {UNKNOWN_ROLE}"), Verdict.CONDITIONAL),
        (guarded("@Resource[HasObotoken] BoolEquals true"), Verdict.CONDITIONAL),
        ("nonsense (", Verdict.CONDITIONAL),
        (f"!(ActionMatches{{'{HAND_OUT}'}})", Verdict.DENIED),
        ("!(ActionMatches{'Microsoft.Storage/blobs/read'})", Verdict.ALLOWED),
        (guarded(f"{KIND} StringEqualsIgnoreCase 'User'"), Verdict.ALLOWED),
        (guarded(f"{KIND} StringEqualsIgnoreCase 'ServicePrincipal'"), Verdict.DENIED),
        (guarded(f"{WHO} GuidEquals {guid('u')}"), Verdict.ALLOWED),
        (guarded(f"{WHO} GuidEquals {guid('v')}"), Verdict.DENIED),
        (guarded(f"{WHO} GuidNotEquals {guid('u')}"), Verdict.DENIED),
    ],
)
def test_a_condition_counts_where_it_lets_no_execution_role_through(
    tmp_path, condition, expected
):
    held = assignment("u", "rbac", S, condition=condition)
    found = rows(tmp_path, [held], users=[user("u"), user("v")])

    assert expected is verdict(found, HAND_OUT)


def test_a_condition_of_the_role_itself_counts_too(tmp_path):
    only_readers = guarded(f"{ROLE_ID} GuidEquals {READ}")
    shut = role("shut", block([HAND_OUT], condition=only_readers))
    found = rows(tmp_path, [assignment("u", "shut", S)], [shut])

    assert Verdict.DENIED is verdict(found, HAND_OUT)


LIMITED = guarded(
    f"{ROLE_ID} GuidEquals {VM_C} AND {KIND} StringEqualsIgnoreCase 'ServicePrincipal'"
)


@pytest.mark.parametrize(
    ("owned", "expected"), [(["app"], Verdict.ALLOWED), ([], Verdict.DENIED)]
)
def test_what_the_holder_owns_may_receive_the_role(tmp_path, owned, expected):
    """Limited to service principals, it takes owning one."""
    held = assignment("u", "rbac", S, condition=LIMITED)
    found = rows(
        tmp_path,
        [held],
        service_principals=[service_principal("app")],
        owners=[("u", one) for one in owned],
    )

    assert expected is verdict(found, HAND_OUT)


def test_a_group_that_the_holder_is_in_may_receive_the_role(tmp_path):
    to_groups = guarded(f"{KIND} StringEqualsIgnoreCase 'Group'")
    held = assignment("u", "rbac", S, condition=to_groups)
    other = assignment("v", "rbac", S, condition=to_groups)
    found = rows(
        tmp_path,
        [held, other, assignment("team", "reader", S, kind="Group")],
        users=[user("u"), user("v")],
        directory_groups=[group("team")],
        members={"team": [member("u")]},
    )

    assert Verdict.ALLOWED is verdict(found, HAND_OUT)
    assert Verdict.DENIED is verdict(found, HAND_OUT, "v")


@pytest.mark.parametrize(("inside", "expected"), [("u", "allowed"), ("v", "denied")])
def test_so_may_a_group_that_holds_nothing_yet(tmp_path, inside, expected):
    """Also through another group, and where groups go in circles."""
    to_groups = guarded(f"{KIND} StringEqualsIgnoreCase 'Group'")
    found = rows(
        tmp_path,
        [assignment("u", "rbac", S, condition=to_groups)],
        users=[user("u"), user("v")],
        directory_groups=[group("outer"), group("inner")],
        members={
            "outer": [member("inner", "group")],
            "inner": [member("outer", "group"), member(inside)],
        },
    )

    assert expected == verdict(found, HAND_OUT)


def test_a_role_that_only_hands_out_another_counts_in_turn(tmp_path):
    """Cap at a fixpoint: `first` gives `second`, which gives a role that runs."""
    second = role(
        "second",
        block([HAND_OUT], condition=guarded(f"{ROLE_ID} GuidEquals {VM_C}")),
    )
    to_second = guarded(f"{ROLE_ID} GuidEquals {guid('second')}")
    held = assignment("u", "rbac", S, condition=to_second)

    assert Verdict.ALLOWED is verdict(rows(tmp_path / "a", [held], [second]), HAND_OUT)
    harmless = role(
        "second",
        block([HAND_OUT], condition=guarded(f"{ROLE_ID} GuidEquals {READ}")),
    )
    assert Verdict.DENIED is verdict(rows(tmp_path / "b", [held], [harmless]), HAND_OUT)


def test_a_role_counts_for_the_kind_of_machine_that_it_runs_on(tmp_path):
    arc_role = role(
        "arc", block(["Microsoft.HybridCompute/machines/runCommands/write"])
    )
    held = assignment(
        "u", "rbac", S, condition=guarded(f"{ROLE_ID} GuidEquals {guid('arc')}")
    )
    found = rows(tmp_path, [held], [arc_role], [arc_machine(arc_id("a"))])

    assert Verdict.ALLOWED is verdict(found, HAND_OUT, target="a")
    assert Verdict.DENIED is verdict(found, HAND_OUT)


def test_making_a_new_role_defeats_a_list_of_excluded_ones(tmp_path):
    maker = role("maker", block([DEFINE]))
    shut = assignment("u", "rbac", S, condition=guarded(NO_RUN))
    makes = assignment("u", "maker", S)

    assert Verdict.DENIED is verdict(rows(tmp_path / "a", [shut], [maker]), HAND_OUT)
    found = rows(tmp_path / "b", [shut, makes], [maker])
    assert Verdict.ALLOWED is verdict(found, HAND_OUT)
    assert Verdict.ALLOWED is verdict(found, DEFINE)
    at_vm = assignment("u", "maker", vm_id())
    found = rows(tmp_path / "c", [shut, at_vm], [maker])
    assert Verdict.DENIED is verdict(found, HAND_OUT)  # no role belongs to one VM


@pytest.mark.parametrize(
    ("scopes", "custom", "expected"),
    [
        ([S], True, Verdict.ALLOWED),
        ([S.upper()], True, Verdict.ALLOWED),
        ([rg_scope()], True, Verdict.ALLOWED),
        ([S, subscription_scope(SUB2)], True, Verdict.DENIED),
        (["/"], True, Verdict.DENIED),
        ([S], False, Verdict.DENIED),
    ],
)
def test_who_may_rewrite_a_custom_role_it_holds_gains_a_command(
    tmp_path, scopes, custom, expected
):
    """It takes the right at every scope that the role may be assigned at."""
    maker = role("maker", block([DEFINE]), custom=custom)
    maker["properties"]["assignableScopes"] = scopes
    found = rows(tmp_path, [assignment("u", "maker", S)], [maker])

    assert expected is verdict(found, DEFINE)
    assert Verdict.DENIED is verdict(found, HAND_OUT)


def test_an_eligible_administrator_is_eligible(tmp_path):
    found = rows(tmp_path, [], eligibilities=[eligible("u", "uaa", S)])

    assert Standing.ELIGIBLE is found["u", HAND_OUT, "vm"].standing


def test_a_lock_or_deny_on_it_counts(tmp_path):
    held = [assignment("u", "rbac", S)]
    denied = deny(S, block([HAND_OUT]))

    assert Verdict.DENIED is verdict(
        rows(tmp_path / "a", held, denies=[denied]), HAND_OUT
    )
    locked = rows(tmp_path / "b", held, locks=[lock(rg_scope())])
    assert Verdict.DENIED is verdict(locked, HAND_OUT)


def test_a_delegated_administrator_may_only_name_managed_identities(tmp_path):
    gives = authorization("msp", "uaa") | {"delegatedRoleDefinitionIds": [VM_C]}
    idle = authorization("idle", "uaa") | {"delegatedRoleDefinitionIds": [READ]}
    none = authorization("none", "uaa")
    found = rows(tmp_path, [], delegations=[delegation(S, [gives, idle, none])])

    assert Verdict.CONDITIONAL is verdict(found, HAND_OUT, "msp")
    assert Verdict.DENIED is verdict(found, HAND_OUT, "idle")
    assert Verdict.DENIED is verdict(found, HAND_OUT, "none")


PIM = [
    "roleAssignmentScheduleRequests/write",
    "roleEligibilityScheduleRequests/write",
    "roleManagementPolicies/write",
]


@pytest.mark.parametrize("name", PIM)
def test_pim_requests_and_policies_gain_as_role_assignments_do(tmp_path, name):
    found = rows(tmp_path, [assignment("u", "uaa", S)])

    assert Verdict.ALLOWED is verdict(found, f"{AUTHORIZATION}/{name}")
    only = rows(tmp_path / "b", [assignment("u", "rbac", S)])
    assert Verdict.DENIED is verdict(only, f"{AUTHORIZATION}/{name}")


@pytest.mark.parametrize("name", PIM)
@pytest.mark.parametrize(
    ("roles", "expected"),
    [([VM_C], Verdict.CONDITIONAL), ([READ], Verdict.DENIED), ([], Verdict.DENIED)],
)
def test_a_partner_schedules_no_more_than_it_may_hand_out(
    tmp_path, name, roles, expected
):
    gives = authorization("msp", "uaa") | {"delegatedRoleDefinitionIds": roles}
    found = rows(tmp_path, [], delegations=[delegation(S, [gives])])

    assert expected is verdict(found, f"{AUTHORIZATION}/{name}", "msp")


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([DELEGATE, REGISTER, HAND_OUT], Verdict.ALLOWED),
        ([DELEGATE, REGISTER], Verdict.DENIED),
        ([DELEGATE, HAND_OUT], Verdict.DENIED),
    ],
)
def test_creating_a_delegation_takes_handing_out_roles(tmp_path, operations, expected):
    held = role("held", block(operations))
    found = rows(tmp_path, [assignment("u", "held", S)], [held])

    assert expected is verdict(found, DELEGATE)


LEFT, RIGHT = group_scope("left"), group_scope("right")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([(GROUP, LEFT), (GROUP, RIGHT), (HAND_OUT, S)], Verdict.ALLOWED),
        ([(GROUP, LEFT), (MOVE, RIGHT), (HAND_OUT, S)], Verdict.ALLOWED),
        ([(GROUP, LEFT), (GROUP, RIGHT)], Verdict.DENIED),
        ([(GROUP, LEFT), (HAND_OUT, S)], Verdict.DENIED),
        ([(GROUP, RIGHT), (HAND_OUT, S)], Verdict.DENIED),
        ([(GROUP, LEFT), (GROUP, RIGHT), (HAND_OUT, rg_scope())], Verdict.DENIED),
    ],
)
def test_moving_a_subscription_takes_all_three_parts(tmp_path, held, expected):
    groups = [management_group(TENANT), management_group("left", TENANT),
              management_group("right", TENANT)]  # fmt: skip
    roles = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    found = rows(
        tmp_path, given, roles, groups=groups, placements=[placed(SUB, "left")]
    )

    assert expected is verdict(found, MOVE)


EVERYONE_RUN = deny(S, block([RUN]), excluded=["other"])


@pytest.mark.parametrize(
    ("denies", "expected"),
    [
        ([EVERYONE_RUN], Verdict.ALLOWED),
        ([], Verdict.DENIED),
        ([deny(S, block([RUN]), principals=["other"])], Verdict.DENIED),
        ([deny(S, block(["Microsoft.Storage/*"]), excluded=["other"])], Verdict.DENIED),
        ([deny(S, block([RUN]), isSystemProtected=True)], Verdict.DENIED),
        ([deny(S, block([RUN, UNDENY]))], Verdict.DENIED),
    ],
)
def test_deleting_a_deny_gains_only_what_it_alone_blocks(tmp_path, denies, expected):
    held = role("held", block([RUN, UNDENY]))
    found = rows(tmp_path, [assignment("u", "held", S)], [held], denies=denies)

    assert expected is verdict(found, UNDENY)
    assert Verdict.DENIED is verdict(found, REWRITE)


def test_two_guards_must_both_be_removable(tmp_path):
    run = role("run", block([RUN]))
    both = role("both", block([UNDENY, UNLOCK]))
    one = role("one", block([UNDENY]))
    guards = {"denies": [EVERYONE_RUN], "locks": [lock(rg_scope())]}
    plain = assignment("u", "run", S)
    a = rows(tmp_path / "a", [plain, assignment("u", "both", S)], [run, both], **guards)
    b = rows(tmp_path / "b", [plain, assignment("u", "one", S)], [run, one], **guards)

    assert Verdict.ALLOWED is verdict(a, UNDENY) is verdict(a, UNLOCK)
    assert Verdict.DENIED is verdict(b, UNDENY)


@pytest.mark.parametrize(
    ("scope", "level", "expected"),
    [
        (S, "ReadOnly", Verdict.ALLOWED),
        (vm_id(), "ReadOnly", Verdict.ALLOWED),
        (S, "CanNotDelete", Verdict.DENIED),
        (rg_scope("rg2"), "ReadOnly", Verdict.DENIED),
    ],
)
def test_deleting_a_lock_gains_only_what_it_alone_blocks(
    tmp_path, scope, level, expected
):
    held = role("held", block([RUN, UNLOCK]))
    found = rows(
        tmp_path, [assignment("u", "held", S)], [held], locks=[lock(scope, level)]
    )

    assert expected is verdict(found, UNLOCK)


def test_dropping_the_denies_of_a_stack_is_inferred(tmp_path):
    held = role("held", block([RUN, STACK]))
    stack = deny(S, block([RUN]), isSystemProtected=True)
    found = rows(tmp_path, [assignment("u", "held", S)], [held], denies=[stack])

    assert Verdict.ALLOWED is verdict(found, STACK)
    assert Confidence.INFERRED is found["u", STACK, "vm"].confidence


SILENT = [
    "Microsoft.Resources/deployments/write",
    "Microsoft.Authorization/elevateAccess/action",
    "Microsoft.Compute/virtualMachines/start/action",
    "Microsoft.Network/bastionHosts/createShareableLinks/action",
    "Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action",
    "Microsoft.Compute/virtualMachines/runCommands/read",
    "Microsoft.Compute/locations/runCommands/read",
    "Microsoft.Compute/virtualMachines/runCommand/write",
    "Microsoft.Compute/disks/write",
    "Microsoft.Compute/galleries/images/versions/write",
    "Microsoft.Compute/galleries/applications/versions/write",
    DELEGATE,
    MOVE,
    GROUP,
    DEFINE,
    UNDENY,
    UNLOCK,
    STACK,
    f"{AUTHORIZATION}/policyAssignments/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
    "Microsoft.Automation/automationAccounts/runbooks/write",
    "Microsoft.Resources/deploymentScripts/write",
]


@pytest.mark.parametrize("operation", SILENT)
def test_pieces_that_lead_nowhere_on_their_own_stay_silent(tmp_path, operation):
    held = role("held", block([operation]))

    assert not rows(tmp_path, [assignment("u", "held", S)], [held])


def test_escalation_never_stands_in_for_a_command(tmp_path):
    lines = tenant_lines(roles=ROLES, assignments=[assignment("u", "owner", S)],
                         users=[user("u")])  # fmt: skip
    below = subscription_lines([machine(vm_id())])
    grants = decide_azure(loaded(tmp_path, lines, (SUB, below))).grants
    tiers = {grant.vector.id: grant.vector.tier for grant in grants}

    assert Tier.ESCALATION is tiers[HAND_OUT]
    assert Tier.DIRECT is tiers[RUN]


def test_because_names_the_assignment_behind_it(tmp_path):
    held = assignment("u", "uaa", S)
    lines = tenant_lines(roles=ROLES, assignments=[held, assignment("u", "reader", S)],
                         users=[user("u")], subscriptions=(SUB, SUB2))  # fmt: skip
    below = subscription_lines([machine(vm_id())])
    (grant,) = (
        grant
        for grant in decide_azure(loaded(tmp_path, lines, (SUB, below))).grants
        if grant.vector.id == HAND_OUT
    )
    (principal,), (target,) = grant.principals, grant.targets

    assert [held["id"]] == [b.assignment for b in grant.because_at(principal, target)]
    assert [held["id"]] == [b.assignment for b in grant.because_of(principal)]


@pytest.mark.parametrize(
    ("condition", "guards", "empowers"),
    [
        (guarded(f"{KIND} StringEqualsIgnoreCase 'ServicePrincipal'"), {}, True),
        (guarded(f"{WHO} GuidEquals {guid('somebody')}"), {}, True),
        (guarded(f"{ROLE_ID} GuidEquals {READ}"), {}, False),
        (
            guarded(f"{KIND} StringEqualsIgnoreCase 'ServicePrincipal'"),
            {"denies": [deny(S, block([HAND_OUT]))]},
            False,
        ),
    ],
)
def test_who_hands_out_roles_to_others_only_can_empower_them(
    tmp_path, condition, guards, empowers
):
    """It is no escalation of the holder's own; the denial says so."""
    given = [assignment("u", "rbac", S, condition=condition)]
    lines = tenant_lines(roles=ROLES, assignments=given, users=[user("u")], **guards)
    below = subscription_lines([machine(vm_id())])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))
    (principal,), (target,) = found.principals, found.targets
    vector = next(one for one in COVERED if one.id == HAND_OUT)
    decision = found.denied_as(principal, vector, target)

    assert ("u", HAND_OUT, "vm") not in rows_of(found)
    assert empowers is any("empower" in reason for reason in decision.reasons)
    assert decision.confidence is Confidence.CERTAIN
