"""What a script takes for the same object, and what for a changed one."""

import json

import pytest

from policies.render import live_state
from policies.render.documents import digest

ROLE = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/"
ASSIGNED = {"properties": {"principalId": "aa", "roleDefinitionId": f"{ROLE}GUID"}}


def assigned(**changes):
    return {"properties": {**ASSIGNED["properties"], **changes}}


@pytest.mark.parametrize(
    ("mode", "live", "side", "same"),
    [
        ("document", {"Action": ["a"]}, {"Action": "a"}, True),
        ("document", {"Action": ["b", "a"]}, {"Action": ["a", "b"]}, True),
        ("document", {"Action": ["b"]}, {"Action": ["a", "b"]}, False),
        ("document", {"Action": "A"}, {"Action": "a"}, False),
        (
            "document",
            {"Statement": [{"Sid": "1"}, {"Sid": "2"}]},
            {"Statement": [{"Sid": "2"}, {"Sid": "1"}]},
            False,
        ),
        ("document", None, {"Action": "a"}, False),
        ("document", None, None, True),
        ("members", {"PermissionsBoundary": None}, None, True),
        ("members", {"AccountIds": []}, None, True),
        ("members", {"PermissionsBoundary": "x"}, None, False),
        ("presence", {"anything": 1}, {"else": 2}, True),
        ("presence", None, {"else": 2}, False),
        ("object", assigned(createdOn="now"), ASSIGNED, True),
        ("object", assigned(roleDefinitionId="/x/guid"), ASSIGNED, True),
        ("object", assigned(roleDefinitionId="/x/other"), ASSIGNED, False),
        ("object", assigned(principalId="AA"), ASSIGNED, True),
        ("object", assigned(principalId="bb"), ASSIGNED, False),
        ("object", assigned(condition="@Resource"), ASSIGNED, False),
        ("object", assigned(condition=None), ASSIGNED, True),
        ("object", assigned(), assigned(condition="@Resource"), False),
        (
            "object",
            {"properties": {"permissions": [{"actions": ["a"], "condition": "c"}]}},
            {"properties": {"permissions": [{"actions": ["a"]}]}},
            False,
        ),
        (
            "object",
            {"properties": {"permissions": [{"actions": ["a"]}, {"actions": ["b"]}]}},
            {"properties": {"permissions": [{"actions": ["a"]}]}},
            False,
        ),
    ],
)
def test_the_same_object_or_another(mode, live, side, same):
    assert live_state.equal(mode, live, side) is same


def test_old_versions_are_told_oldest_first():
    listed = [(f"v{n}", n == 12) for n in (12, 11, 9, 2)] + [("x", False)]
    data = [{"VersionId": id_, "IsDefaultVersion": now} for id_, now in listed]

    assert live_state.versions({"Versions": data}) == ["v2", "v9", "v11"]


@pytest.mark.parametrize("text", ["", "None\n", "null"])
def test_an_empty_answer_is_absent(text):
    assert live_state.parsed(text) is None


def eligible(role, scope):
    return {"properties": {"roleDefinitionId": f"/x/{role}", "scope": scope}}


@pytest.mark.parametrize(
    ("live", "found"),
    [
        (eligible("GUID", "/subscriptions/S"), True),
        (eligible("other", "/subscriptions/s"), False),
        (eligible("guid", "/providers/above"), False),
    ],
)
def test_an_eligibility_is_of_a_role_at_a_scope(live, found):
    data = {"value": [live]}

    assert bool(live_state.eligible(data, "guid", "/subscriptions/s")) is found


def test_what_is_not_json_is_no_state():
    with pytest.raises(json.JSONDecodeError):
        live_state.parsed("{")


@pytest.mark.parametrize("value", [{"b": ["é", 1], "a": None}, "x", [True, 1.5]])
def test_the_script_names_documents_as_the_bundle_does(value):
    """It stands alone, so the rule is in two places."""
    assert live_state.digest(value) == digest(value)
