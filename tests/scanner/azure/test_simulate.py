"""Hand-written Azure requests, rule by rule of role-based access control."""

import pytest
from azure_requests import (
    ADMIN,
    CHILD_GROUP,
    EXTENSION,
    LOGIN,
    MANAGED_RUN,
    OWNER,
    OWNER_GUID,
    ROOT_GROUP,
    RUN,
    START,
    SUB,
    TEAM,
    USER,
    VM,
    WRITE_ROLES,
    asked,
    assign,
    deny,
    guid,
    lock,
    role,
    simulated,
)

VM_ROLE = role("vm", actions=["Microsoft.Compute/virtualMachines/*"])
RG = f"{SUB}/resourceGroups/a"
ROLE_ID = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"


def decision(**members):
    return simulated(**members)["decision"]


# -- rules 2 to 5: planes, blocks, patterns --------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "operation", "data", "expected"),
    [
        # rule 2: the planes never mix
        ([{"actions": ["*"]}], RUN, False, "allowed"),
        ([{"actions": ["*"]}], LOGIN, True, "denied"),
        ([{"dataActions": ["*"]}], LOGIN, True, "allowed"),
        ([{"dataActions": ["*"]}], RUN, False, "denied"),
        ([{"dataActions": ["*"], "notActions": ["*"]}], LOGIN, True, "allowed"),
        ([{"dataActions": ["*"], "notDataActions": [LOGIN]}], LOGIN, True, "denied"),
        ([{"actions": ["*"], "notDataActions": ["*"]}], RUN, False, "allowed"),
        # rule 3: notActions subtract in their own block only
        ([{"actions": ["*"], "notActions": [RUN]}], RUN, False, "denied"),
        ([{"actions": ["*"], "notActions": [RUN]}, {"actions": [RUN]}],
         RUN, False, "allowed"),
        ([{"actions": [RUN]}, {"actions": [], "notActions": [RUN]}],
         RUN, False, "allowed"),
        ([{"actions": ["*"], "notActions": ["*/action"]}], MANAGED_RUN, False,
         "allowed"),
        # rule 5: a wildcard spans slashes and is anchored at both ends
        ([{"actions": ["Microsoft.Compute/*/action"]}], RUN, False, "allowed"),
        ([{"actions": ["*/runCommand/action"]}], RUN, False, "allowed"),
        ([{"actions": ["*/virtualMachines/*/*"]}], RUN, False, "allowed"),
        ([{"actions": ["Compute/*"]}], RUN, False, "denied"),
        ([{"actions": ["*/runCommand"]}], RUN, False, "denied"),
        ([{"actions": ["Microsoft.Compute/virtualMachines"]}], RUN, False, "denied"),
        ([{"actions": ["Microsoft.Comput?/*"]}], RUN, False, "denied"),
        # rule 6: without case
        ([{"actions": [RUN.upper()]}], RUN, False, "allowed"),
        ([{"actions": [RUN]}], RUN.upper(), False, "allowed"),
        # rule 7: strings that nobody knows match literally
        ([{"actions": ["Contoso.New/thing/do/action"]}],
         "contoso.new/thing/do/action", False, "allowed"),
        ([{"actions": ["Contoso.New/thing/do/action"]}], RUN, False, "denied"),
        # rule 8: only for assigning an identity a wildcard may be no segment
        ([{"actions": ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign"
                       "/action"]}],
         "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", False,
         "allowed"),
        ([{"actions": ["Microsoft.Compute/virtualMachines/*/runCommand/action"]}],
         RUN, False, "denied"),
        ([{"actions": ["*"], "notActions": [
            "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"]}],
         "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", False,
         "allowed"),
        # nothing in it
        ([], RUN, False, "denied"),
        ([{}], RUN, False, "denied"),
    ],
)  # fmt: skip
def test_actions_minus_not_actions_of_each_block(blocks, operation, data, expected):
    found = role("r", blocks=blocks)

    assert expected == decision(
        operation=operation,
        isDataAction=data,
        roleDefinitions=[found],
        roleAssignments=[assign(found)],
    )


def test_another_role_grants_what_one_subtracts():
    """Rule 4: notActions is no deny."""
    less = role("less", actions=["*"], notActions=[RUN])
    both = [less, VM_ROLE]

    found = simulated(
        roleDefinitions=both, roleAssignments=[assign(less), assign(VM_ROLE)]
    )

    assert found["decision"] == "allowed"
    assert found["via"] == [assign(VM_ROLE)["id"]]


# -- rules 6, 9 and 10 to 12: identity of roles and scopes -----------------------------


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("/", "allowed"),
        (ROOT_GROUP, "allowed"),
        (CHILD_GROUP, "allowed"),
        (CHILD_GROUP.upper(), "allowed"),
        ("/providers/Microsoft.Management/managementGroups/other", "denied"),
        ("/providers/Microsoft.Management/managementGroups/roo", "denied"),
        (SUB, "allowed"),
        (SUB.upper() + "/", "allowed"),
        (f"/providers/Microsoft.Subscription{SUB}", "allowed"),
        (SUB + "0", "denied"),
        (RG, "allowed"),
        (f"{SUB}/resourceGroups/ab", "denied"),
        (f"{SUB}/resourceGroups/A", "allowed"),
        (VM, "allowed"),
        (VM.upper(), "allowed"),
        (VM + "2", "denied"),
        (VM[:-1], "denied"),
        (f"{VM}/extensions/x", "denied"),
        (VM.replace("Compute/virtualMachines", "HybridCompute/machines"), "denied"),
    ],
)
def test_an_assignment_holds_at_its_scope_and_below_by_whole_segments(scope, expected):
    found = assign(VM_ROLE, scope=scope)

    assert expected == decision(roleDefinitions=[VM_ROLE], roleAssignments=[found])


@pytest.mark.parametrize(
    "target",
    [
        f"{VM}/runCommands/one",
        f"{VM}/extensions/one",
        VM.replace(
            "virtualMachines/web", "virtualMachineScaleSets/s/virtualMachines/0"
        ),
    ],
)
def test_children_are_below_their_resource(target):
    """Rule 12: extensions of a VM, instances of a scale set."""
    above = target.rpartition("/")[0].rpartition("/")[0]
    found = assign(VM_ROLE, scope=above)

    assert decision(
        scope=target, roleDefinitions=[VM_ROLE], roleAssignments=[found]
    ) == ("allowed")


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_management_groups_does_not_matter(order):
    found = simulated(
        managementGroups=[CHILD_GROUP, ROOT_GROUP][::order],
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE, scope=ROOT_GROUP)],
    )

    assert found["decision"] == "allowed"


@pytest.mark.parametrize(
    ("groups", "scope", "expected"),
    [
        (None, SUB, "unknown"),
        ([], SUB, "denied"),
        (None, ROOT_GROUP, "allowed"),  # the target is the group itself
        (None, "/", "denied"),  # nothing is above the root
    ],
)
def test_unknown_management_groups_leave_their_grants_unknown(groups, scope, expected):
    """Rule 11 and small check d."""
    found = simulated(
        scope=scope,
        managementGroups=groups,
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE, scope=ROOT_GROUP)],
    )

    assert found["decision"] == expected
    assert bool(found["reasons"]) == (expected == "unknown")


def test_a_grant_below_stands_whatever_is_above():
    found = simulated(
        managementGroups=None,
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE, scope=ROOT_GROUP), assign(VM_ROLE, scope=SUB)],
    )

    assert found["decision"] == "allowed"
    assert len(found["via"]) == 1


def test_a_deny_of_a_group_that_may_be_above_makes_a_grant_inferred():
    found = simulated(
        managementGroups=None,
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE)],
        denyAssignments=[deny(actions=[RUN], scope=ROOT_GROUP)],
    )

    assert (found["decision"], found["confidence"]) == ("allowed", "inferred")
    assert "management group" in found["reasons"][0]


@pytest.mark.parametrize(
    "written",
    [
        guid("vm"),
        guid("vm").upper(),
        guid("vm").replace("-", ""),
        f"/subscriptions/x/providers/Microsoft.Authorization/roleDefinitions/"
        f"{guid('vm').upper()}",
    ],
)
def test_roles_join_by_guid_in_any_form(written):
    """Rule 9: names repeat; the last segment of the id decides."""
    held = assign(VM_ROLE)
    held["properties"]["roleDefinitionId"] = written
    namesake = role("other", name=VM_ROLE["properties"]["roleName"], actions=["*/read"])

    found = simulated(roleDefinitions=[namesake, VM_ROLE], roleAssignments=[held])

    assert found["decision"] == "allowed"


@pytest.mark.parametrize("form", [str.upper, lambda g: g.replace("-", "")])
def test_principals_compare_in_any_form(form):
    members = {
        "roleDefinitions": [VM_ROLE],
        "roleAssignments": [assign(VM_ROLE, principal=form(TEAM))],
        "memberOf": [TEAM],
    }

    assert decision(**members) == "allowed"
    assert decision(**members | {"memberOf": []}) == "denied"


# -- missing roles ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "expected"),
    [([], "unknown"), ([VM_ROLE], "allowed"), ([role("x", actions=[])], "unknown")],
)
def test_a_missing_role_definition_makes_a_would_be_denial_unknown(known, expected):
    found = simulated(roleDefinitions=known, roleAssignments=[assign(VM_ROLE)])

    assert found["decision"] == expected
    assert found["because"][0]["role"] in (guid("vm"), "Role vm")


def test_what_is_denied_is_denied_whatever_role_is_missing():
    found = simulated(
        roleAssignments=[assign(VM_ROLE)], denyAssignments=[deny(actions=["*"])]
    )

    assert (found["decision"], found["via"]) == ("denied", [])


@pytest.mark.parametrize(
    "condition", ["!(ActionMatches{'*'})", "@Resource[x] StringEquals 'a'"]
)
def test_a_missing_role_behind_a_false_condition_gives_nothing(condition):
    found = simulated(roleAssignments=[assign(VM_ROLE, condition=condition)])

    assert found["decision"] == ("denied" if "!" in condition else "unknown")


# -- groups, because, duplicates -------------------------------------------------------


def test_because_names_assignment_role_definition_and_group():
    found = simulated(
        memberOf=[TEAM],
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE, principal=TEAM)],
    )

    assert found["because"] == [
        {
            "assignment": assign(VM_ROLE, principal=TEAM)["id"],
            "role": "Role vm",
            "roleDefinition": VM_ROLE["id"],
            "group": TEAM,
        }
    ]


def test_an_inherited_assignment_that_repeats_counts_once():
    held = assign(VM_ROLE)
    again = {**held, "id": held["id"].upper()}

    found = simulated(roleDefinitions=[VM_ROLE], roleAssignments=[held, again])

    assert found["via"] == [held["id"]]
    assert len(found["because"]) == 1


def test_every_assignment_that_gives_the_verdict_is_named():
    held = [assign(VM_ROLE), assign(VM_ROLE, scope=VM), assign(OWNER)]

    found = simulated(roleDefinitions=[VM_ROLE, OWNER], roleAssignments=held)

    assert found["via"] == [one["id"] for one in held]


# -- rule 15: deny assignments ---------------------------------------------------------


@pytest.mark.parametrize(
    ("denied", "expected"),
    [
        # a: whom it names
        (deny(actions=[RUN]), "denied"),
        (deny(actions=[RUN], principals=[USER]), "denied"),
        (deny(actions=[RUN], principals=[TEAM]), "denied"),
        (deny(actions=[RUN], principals=[ADMIN]), "allowed"),
        (deny(actions=[RUN], principals=[]), "allowed"),
        # b: whom it excludes, through a nested group too
        (deny(actions=[RUN], excluded=[USER]), "allowed"),
        (deny(actions=[RUN], excluded=[TEAM]), "allowed"),
        (deny(actions=[RUN], principals=[USER], excluded=[TEAM.upper()]), "allowed"),
        (deny(actions=[RUN], excluded=[ADMIN]), "denied"),
        # c: where it holds
        (deny(actions=[RUN], scope="/"), "denied"),
        (deny(actions=[RUN], scope=CHILD_GROUP), "denied"),
        (deny(actions=[RUN], scope=RG), "denied"),
        (deny(actions=[RUN], scope=VM), "denied"),
        (deny(actions=[RUN], scope=f"{SUB}/resourceGroups/ab"), "allowed"),
        (deny(actions=[RUN], scope=f"{VM}/extensions/x"), "allowed"),
        (deny(actions=[RUN], scope=RG, doNotApplyToChildScopes=True), "allowed"),
        (deny(actions=[RUN], scope=VM, doNotApplyToChildScopes=True), "denied"),
        # d: what it names, in its own plane and block
        (deny(actions=["*"]), "denied"),
        (deny(actions=["*"], notActions=[RUN]), "allowed"),
        (deny(actions=["*/write"]), "allowed"),
        (deny(dataActions=["*"]), "allowed"),
        (deny(blocks=[{"actions": ["*"], "notActions": ["*"]},
                      {"actions": ["*/Action"]}]), "denied"),
        # e: its condition
        (deny(actions=[RUN], condition="ActionMatches{'*'}"), "denied"),
        (deny(actions=[RUN], condition="!(ActionMatches{'*'})"), "allowed"),
        (deny(blocks=[{"actions": [RUN], "condition": "ActionMatches{'x'}"}]),
         "allowed"),
        # f: its effect
        (deny(actions=[RUN], denyAssignmentEffect="audit"), "allowed"),
        (deny(actions=[RUN], denyAssignmentEffect="Audit"), "allowed"),
        (deny(actions=[RUN], denyAssignmentEffect="enforced"), "denied"),
        (deny(actions=[RUN], denyAssignmentEffect=None), "denied"),
        # rule 16: who could remove it does not matter
        (deny(actions=[RUN], isSystemProtected=True), "denied"),
    ],
)  # fmt: skip
def test_a_deny_blocks_whom_where_and_what_it_names(denied, expected):
    found = simulated(
        memberOf=[TEAM],
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE)],
        denyAssignments=[denied],
    )

    assert (found["decision"], found["confidence"]) == (expected, "certain")
    assert found["deniedBy"] == ([denied["id"]] if expected == "denied" else [])
    assert [one.get("denyAssignment") for one in found["because"]] == (
        [denied["id"]] if expected == "denied" else [None]
    )


@pytest.mark.parametrize(
    ("kind", "expected"), [("SystemDefined", "denied"), ("User", "allowed")]
)
def test_only_the_system_defined_zero_id_is_everyone(kind, expected):
    everyone = [{"id": "00000000-0000-0000-0000-000000000000", "type": kind}]
    denied = deny(actions=[RUN])
    denied["properties"]["principals"] = everyone

    assert expected == decision(
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE)],
        denyAssignments=[denied],
    )


@pytest.mark.parametrize(
    "condition", ["@Resource[x] StringEquals 'a'", "nonsense", "(ActionMatches{'*'}"]
)
def test_a_deny_whose_condition_cannot_be_decided_does_not_block(condition):
    found = simulated(
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE)],
        denyAssignments=[deny(actions=[RUN], condition=condition)],
    )

    assert (found["decision"], found["confidence"]) == ("allowed", "inferred")
    assert deny()["id"] in found["reasons"][0]


def test_an_effect_that_nobody_knows_blocks_without_certainty():
    found = simulated(
        roleDefinitions=[VM_ROLE],
        roleAssignments=[assign(VM_ROLE)],
        denyAssignments=[deny(actions=[RUN], denyAssignmentEffect="sometimes")],
    )

    assert (found["decision"], found["confidence"]) == ("denied", "inferred")
    assert found["reasons"]


# -- rule 23: locks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "data", "level", "scope", "expected"),
    [
        (RUN, False, "ReadOnly", SUB, ("denied", "inferred")),
        (RUN, False, "readonly", VM, ("denied", "inferred")),
        (RUN.upper(), False, "ReadOnly", VM, ("denied", "inferred")),
        (MANAGED_RUN, False, "ReadOnly", RG, ("denied", "certain")),
        ("Microsoft.Compute/virtualMachines/delete", False, "ReadOnly", RG,
         ("denied", "certain")),
        ("Microsoft.Compute/virtualMachines/read", False, "ReadOnly", RG,
         ("allowed", "certain")),
        (LOGIN, True, "ReadOnly", RG, ("allowed", "certain")),
        (RUN, False, "CanNotDelete", VM, ("allowed", "certain")),
        (RUN, False, "NotSpecified", VM, ("allowed", "certain")),
        (RUN, False, "ReadOnly", f"{SUB}/resourceGroups/ab", ("allowed", "certain")),
        (RUN, False, "ReadOnly", f"{VM}/extensions/x", ("allowed", "certain")),
    ],
)  # fmt: skip
def test_a_read_only_lock_stops_changes_at_and_below_it(
    operation, data, level, scope, expected
):
    everything = role("all", blocks=[{"actions": ["*"], "dataActions": ["*"]}])
    held = lock(level, scope)

    found = simulated(
        operation=operation,
        isDataAction=data,
        roleDefinitions=[everything],
        roleAssignments=[assign(everything)],
        locks=[held],
    )

    assert (found["decision"], found["confidence"]) == expected
    denied = expected[0] == "denied"
    assert found["deniedBy"] == ([held["id"]] if denied else [])
    assert bool(found["reasons"]) == (expected[1] == "inferred")


def test_a_certain_block_beside_an_inferred_one_makes_the_denial_certain():
    members = {"roleDefinitions": [VM_ROLE], "roleAssignments": [assign(VM_ROLE)]}
    members["locks"] = [lock("ReadOnly", VM)]
    members["denyAssignments"] = [deny(actions=[RUN])]

    found = simulated(**members)

    assert (found["confidence"], found["reasons"]) == ("certain", [])
    assert found["deniedBy"] == [deny()["id"], lock("ReadOnly", VM)["id"]]


def test_what_nothing_grants_is_denied_for_certain_and_names_what_else_blocks():
    found = simulated(locks=[lock("ReadOnly", VM)])

    assert (found["decision"], found["confidence"]) == ("denied", "certain")
    assert found["deniedBy"] == [lock("ReadOnly", VM)["id"]]


# -- rules 17 and 18: conditions -------------------------------------------------------

OPEN = "@Resource[x] StringEquals 'a'"
OTHER = "@Resource[x] StringEquals 'b'"


@pytest.mark.parametrize(
    ("of_assignment", "of_block", "expected"),
    [
        (None, None, "allowed"),
        ("", "", "allowed"),
        # small check g: it guards another action
        ("!(ActionMatches{'Microsoft.Storage/*/read'}) OR " + OPEN, None, "allowed"),
        (OPEN, None, "conditional"),
        (None, OPEN, "conditional"),
        (OPEN, OPEN, "conditional"),
        (OPEN, OTHER, "denied"),  # they can never hold together
        (f"{OPEN} AND {OTHER}", None, "denied"),
        ("nonsense", None, "conditional"),
        (None, "nonsense", "conditional"),
        ("nonsense", "ActionMatches{'n'}", "denied"),
        (f"ActionMatches{{'{RUN}'}}", OPEN, "conditional"),
        (None, "!(ActionMatches{'*'})", "denied"),
    ],
)
def test_both_conditions_must_hold(of_assignment, of_block, expected):
    found_role = role("r", blocks=[{"actions": [RUN], "condition": of_block}])

    found = simulated(
        roleDefinitions=[found_role],
        roleAssignments=[assign(found_role, condition=of_assignment)],
    )

    assert found["decision"] == expected
    assert bool(found["conditions"]) == (expected == "conditional")


def test_what_remains_is_listed_as_alternatives():
    either = role("r", blocks=[{"actions": [RUN], "condition": OTHER}, {"actions": []}])
    plain = role("p", actions=[RUN])

    found = simulated(
        roleDefinitions=[either, plain],
        roleAssignments=[assign(either), assign(plain, condition=OPEN)],
    )

    assert found["conditions"] == [
        [{"key": "@Resource[x]", "operator": "StringEquals", "values": [value]}]
        for value in ("a", "b")
    ]
    assert len(found["via"]) == 2


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.0", "allowed"), ("1.0", "allowed"), (None, "allowed"), ("9.9", "conditional")],
)
def test_a_condition_in_an_unknown_version_is_not_read(version, expected):
    """Versions 1.0 and 2.0 are read alike; the raw text is shown of any other."""
    held = assign(VM_ROLE, condition="ActionMatches{'*'}")
    held["properties"]["conditionVersion"] = version

    found = simulated(roleDefinitions=[VM_ROLE], roleAssignments=[held])

    assert found["decision"] == expected
    if expected == "conditional":
        assert "ActionMatches{'*'}" in found["conditions"][0][0]["values"][0]


# -- the ten small checks --------------------------------------------------------------


def test_a_two_blocks_add_up():
    two = role(
        "two",
        blocks=[
            {"actions": ["Microsoft.Compute/virtualMachines/*"], "notActions": [RUN]},
            {"actions": [RUN]},
        ],
    )
    assert decision(roleDefinitions=[two], roleAssignments=[assign(two)]) == "allowed"


def test_c_capitals_and_look_alike_names():
    held = assign(VM_ROLE, scope=VM.replace("web", "WEB"))
    members = {"roleDefinitions": [VM_ROLE], "roleAssignments": [held]}

    assert decision(scope=VM, **members) == "allowed"
    assert decision(scope=VM + "2", **members) == "denied"


@pytest.mark.parametrize(
    ("operation", "scope", "expected"),
    [
        (RUN, VM, "denied"),
        (START, VM, "allowed"),
        (RUN, VM.replace("/a/", "/b/"), "allowed"),
    ],
)
def test_f_a_deny_with_not_actions_at_a_resource_group(operation, scope, expected):
    cut = deny(
        actions=["Microsoft.Compute/*"],
        notActions=[START],
        principals=[USER],
        scope=RG,
    )

    assert expected == decision(
        operation=operation,
        scope=scope,
        roleDefinitions=[OWNER],
        roleAssignments=[assign(OWNER)],
        denyAssignments=[cut],
    )


@pytest.mark.parametrize(
    "quantified",
    ["ForAnyOfAnyValues:GuidNotEquals", "ForAnyOfAllValues:GuidNotEquals"],
)
def test_h_what_a_delegation_may_hand_out_stays_a_condition(quantified):
    """Whom it may empower is decided with candidates; here the request is open."""
    text = f"{ROLE_ID} {quantified} {{{OWNER_GUID}, {guid('uaa')}}}"

    found = simulated(
        operation=WRITE_ROLES,
        roleDefinitions=[OWNER],
        roleAssignments=[assign(OWNER, condition=text)],
    )

    assert found["decision"] == "conditional"
    assert found["conditions"][0][0]["operator"] == quantified


@pytest.mark.parametrize("operation", [EXTENSION, MANAGED_RUN, "anything at all", "*"])
def test_any_string_is_an_operation(operation):
    found = simulated(
        operation=operation, roleDefinitions=[OWNER], roleAssignments=[assign(OWNER)]
    )

    assert (found["decision"], found["operation"]) == ("allowed", operation)


def test_the_answer_has_exactly_its_members():
    assert list(simulated(id="z1")) == [
        *("id", "operation", "scope", "decision", "confidence", "reasons", "via"),
        *("deniedBy", "conditions", "because"),
    ]
    assert asked(id="z1")["id"] == simulated(id="z1")["id"]
