"""What a hand-written Azure request may look like, and what is said of odd ones."""

import copy

import msgspec
import pytest
from azure_requests import (
    CHILD_GROUP,
    OWNER,
    PROVIDER,
    RUN,
    SUB,
    USER,
    VM,
    asked,
    assign,
    deny,
    guid,
    lock,
    role,
    simulated,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.azure.simulate import simulate_azure
from scanner.simulation.errors import MalformedRequest

VM_ROLE = role("vm", actions=[RUN])


def whole():
    return asked(
        id="z",
        memberOf=[guid("team")],
        isDataAction=False,
        roleDefinitions=[role("vm", actions=[RUN])],
        roleAssignments=[assign(VM_ROLE)],
        denyAssignments=[deny(actions=["x"])],
        locks=[lock("CanNotDelete")],
    )


def changed(path, value):
    """A whole request with one member set, or taken away by `...`."""
    request = whole()
    *parents, last = path
    inner = request
    for name in parents:
        inner = inner[name]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return request


ROLE = ("roleDefinitions", 0)
PERMISSION = (*ROLE, "properties", "permissions", 0)
HELD = ("roleAssignments", 0)
DENY = ("denyAssignments", 0)
LOCK = ("locks", 0)


@pytest.mark.parametrize(
    ("path", "value", "member"),
    [
        (("principalid",), USER, "principalid"),
        (("PrincipalId",), USER, "PrincipalId"),
        (("roleDefinition",), [], "roleDefinition"),
        (("id",), [], "id"),
        (("id",), {}, "id"),
        (("principalId",), ..., "principalId"),
        (("principalId",), "", "principalId"),
        (("principalId",), 7, "principalId"),
        (("operation",), ..., "operation"),
        (("operation",), " ", "operation"),
        (("operation",), [RUN], "operation"),
        (("isDataAction",), "false", "isDataAction"),
        (("isDataAction",), None, "isDataAction"),
        (("scope",), ..., "scope"),
        (("scope",), "virtualMachines/vm", "scope"),
        (("scope",), {}, "scope"),
        (("memberOf",), "team", "memberOf"),
        (("memberOf",), [None], "memberOf[0]"),
        (("memberOf",), ["a", ""], "memberOf[1]"),
        (("managementGroups",), CHILD_GROUP, "managementGroups"),
        (("managementGroups",), [1], "managementGroups[0]"),
        (("managementGroups",), [SUB], "managementGroups"),
        (("managementGroups",), ["a/b"], "managementGroups"),
        (("roleDefinitions",), {}, "roleDefinitions"),
        (ROLE, None, "roleDefinitions[0]"),
        (ROLE, [], "roleDefinitions[0]"),
        ((*ROLE, "properties"), None, "roleDefinitions[0].properties"),
        ((*ROLE, "properties", "permissions"), ..., "roleDefinitions[0].properties"),
        ((*ROLE, "properties", "permissions"), None,
         "roleDefinitions[0].properties.permissions"),
        (PERMISSION, "x", "roleDefinitions[0].properties.permissions[0]"),
        (PERMISSION, {"action": [RUN]}, "roleDefinitions[0].permissions[0]"),
        ((*PERMISSION, "actions"), RUN,
         "roleDefinitions[0].properties.permissions[0].actions"),
        ((*PERMISSION, "actions"), [1],
         "roleDefinitions[0].properties.permissions[0].actions[0]"),
        ((*PERMISSION, "condition"), 1,
         "roleDefinitions[0].properties.permissions[0].condition"),
        ((*HELD, "properties", "principalId"), ..., "roleAssignments[0].properties"),
        ((*HELD, "properties", "roleDefinitionId"), 1,
         "roleAssignments[0].properties.roleDefinitionId"),
        ((*HELD, "properties", "scope"), 1, "roleAssignments[0].properties.scope"),
        ((*HELD, "id"), 1, "roleAssignments[0].id"),
        ((*DENY, "properties", "principals"), ..., "denyAssignments[0].properties"),
        ((*DENY, "properties", "principals"), ["x"],
         "denyAssignments[0].properties.principals[0]"),
        ((*DENY, "properties", "excludePrincipals"), [{}],
         "denyAssignments[0].properties.excludePrincipals[0]"),
        ((*DENY, "properties", "doNotApplyToChildScopes"), "no",
         "denyAssignments[0].properties.doNotApplyToChildScopes"),
        ((*DENY, "properties", "denyAssignmentEffect"), 1,
         "denyAssignments[0].properties.denyAssignmentEffect"),
        ((*LOCK, "properties", "level"), ..., "locks[0].properties"),
        ((*LOCK, "properties", "level"), "Readonlyy", "locks[0]"),
        ((*LOCK, "id"), ..., "locks[0].id"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_named_with_its_member(path, value, member):
    with pytest.raises(MalformedRequest) as caught:
        simulate_azure(changed(path, value))

    assert caught.value.member == member


def test_the_whole_request_is_well_formed():
    """The twin of every malformed one."""
    assert simulate_azure(whole())["decision"] == "allowed"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("id",), ...),
        (("id",), 7.5),
        (("memberOf",), ...),
        (("memberOf",), None),
        (("isDataAction",), ...),
        (("managementGroups",), ["child", "root"]),
        (("denyAssignments",), ...),
        (("locks",), None),
        ((*ROLE, "id"), ...),
        ((*ROLE, "systemData"), {"a": [1, {}]}),
        ((*PERMISSION, "notActions"), None),
        ((*PERMISSION, "somethingNew"), [1]),
        ((*HELD, "properties", "scope"), ...),
        ((*HELD, "properties", "description"), "x"),
        ((*HELD, "more"), 2**70),
        ((*DENY, "properties", "scope"), ...),
        ((*DENY, "properties", "excludePrincipals"), None),
    ],
)
def test_what_may_be_left_out_or_added_makes_no_difference(path, value):
    assert simulate_azure(changed(path, value))["decision"] == "allowed"


def test_rows_as_the_cli_flattens_them():
    """The CLI lifts `properties` up, and calls a role's own type `roleType`."""
    flat = [
        {**{k: v for k, v in row.items() if k != "properties"}, **row["properties"]}
        for row in (
            role("vm", actions=[RUN]),
            assign(VM_ROLE),
            deny(),
            lock("ReadOnly"),
        )
    ]
    flat[0] |= {"type": "Microsoft.Authorization/roleDefinitions", "roleType": "Custom"}

    found = simulated(
        roleDefinitions=[flat[0]],
        roleAssignments=[flat[1]],
        denyAssignments=[flat[2]],
        locks=[flat[3]],
    )

    assert (found["decision"], found["deniedBy"]) == ("denied", [flat[3]["id"]])


def test_the_path_of_a_flattened_row_names_no_properties():
    with pytest.raises(MalformedRequest, match=r"^locks\[0\]\.level: Expected `str`"):
        simulated(locks=[{"id": f"{SUB}{PROVIDER}/locks/x", "level": 1}])


def test_a_scope_comes_from_the_id_where_the_row_does_not_say_it():
    """A deny at another resource group stays there."""
    other = deny(actions=[RUN])
    elsewhere = f"{SUB}/resourceGroups/other"
    other["id"] = f"{elsewhere}{PROVIDER}/denyAssignments/{guid('d')}"
    del other["properties"]["scope"]
    members = {"roleDefinitions": [VM_ROLE], "roleAssignments": [assign(VM_ROLE)]}

    assert simulated(**members, denyAssignments=[other])["decision"] == "allowed"
    other["id"] = other["id"].replace(elsewhere, VM)
    assert simulated(**members, denyAssignments=[other])["decision"] == "denied"


@pytest.mark.parametrize("row", ["roleAssignments", "denyAssignments"])
def test_a_row_that_names_no_scope_at_all_is_no_grant_at_the_root(row):
    request = whole()
    request[row][0]["id"] = "one"
    del request[row][0]["properties"]["scope"]

    with pytest.raises(MalformedRequest, match="scope"):
        simulate_azure(request)


@pytest.mark.parametrize(("actions", "odd"), [([RUN], False), (["*"], True)])
def test_a_role_may_repeat_but_not_contradict_itself(actions, odd):
    again = role("vm", actions=actions)
    again["id"] = SUB + again["id"]
    request = asked(roleDefinitions=[VM_ROLE, again], roleAssignments=[assign(VM_ROLE)])

    if odd:
        with pytest.raises(MalformedRequest, match=r"roleDefinitions\[1\]"):
            simulate_azure(request)
    else:
        assert simulate_azure(request)["decision"] == "allowed"


def test_a_request_is_not_changed_and_answers_the_same_again():
    """Rows are typed once per content: the second answer comes from memory."""
    request = asked(
        roleDefinitions=[OWNER], roleAssignments=[assign(OWNER)], id="again"
    )
    before = copy.deepcopy(request)

    first, second = simulate_azure(request), simulate_azure(request)

    assert first == second
    assert request == before


def test_large_rows_are_read_too():
    patterns = [f"Contoso.Service/{n}/things/*/read" for n in range(5000)]
    large = role("large", actions=[*patterns, RUN])

    found = simulated(roleDefinitions=[large], roleAssignments=[assign(large)])

    assert found["decision"] == "allowed"


# -- nothing crashes -------------------------------------------------------------------

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*whole(), "else"]), plain))
@settings(max_examples=200)
def test_any_object_is_answered_or_refused(request):
    answered(request)


def paths(value, here=()):
    yield here
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, (*here, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, (*here, number))


@given(st.sampled_from([path for path in paths(whole()) if path]), plain | st.just(...))
@settings(max_examples=300)
def test_any_member_may_be_anything(path, value):
    answered(changed(path, value))


def answered(request):
    try:
        found = simulate_azure(request)
    except MalformedRequest:
        found = None
    if found is not None:
        assert found["decision"] in ("allowed", "conditional", "denied", "unknown")
        assert msgspec.json.decode(msgspec.json.encode(found)) == found
