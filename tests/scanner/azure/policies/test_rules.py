"""The `if` of a policy rule, asked which writes of a type pass it."""

import pytest
from azure_policies import (
    ARC,
    EXTENSIONS,
    KIND,
    RUN_COMMANDS,
    VM,
    admits,
    is_type,
    matches,
)
from hypothesis import given
from hypothesis import strategies as st

from scanner.azure.policies.alternatives import EVERYTHING, NOTHING
from scanner.azure.policies.rules import passing
from scanner.grants import Condition

ON_TYPE = {"field": "type", "equals": EXTENSIONS}
GIVEN = {
    "approved": ["A", "B"],
    "none": [],
    "kind": EXTENSIONS,
    "yes": True,
}


def on_kind(**comparison):
    return {"allOf": [ON_TYPE, {"field": KIND, **comparison}]}


def left(operator, *values, field=KIND):
    return ((Condition(field, operator, values),),)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ON_TYPE, NOTHING),
        ({"field": "TYPE", "Equals": EXTENSIONS.upper()}, NOTHING),
        ({"field": "type", "equals": RUN_COMMANDS}, EVERYTHING),
        ({"field": "type", "like": "Microsoft.Compute/virtualMachines/*"}, NOTHING),
        ({"field": "type", "like": "*/virtualMachines"}, EVERYTHING),
        ({"field": "type", "contains": "extensions"}, NOTHING),
        ({"field": "type", "notContains": "extensions"}, EVERYTHING),
        ({"field": "type", "notIn": ["Microsoft.Storage/*"]}, NOTHING),
        ({"field": "type", "exists": True}, NOTHING),
        ({"field": "type", "exists": "false"}, EVERYTHING),
        ({"not": ON_TYPE}, EVERYTHING),
        ({"not": {"not": ON_TYPE}}, NOTHING),
        ({"anyOf": [{"field": "type", "equals": VM}, ON_TYPE]}, NOTHING),
        ({"field": "type", "equals": "[parameters('kind')]"}, NOTHING),
        ({"field": "type", "equals": "[ PARAMETERS( 'Kind' ) ]"}, NOTHING),
        ({"value": "[field('type')]", "equals": EXTENSIONS}, NOTHING),
        ({"value": "[parameters('yes')]", "equals": True}, NOTHING),
        ({"value": "[parameters('yes')]", "equals": "false"}, EVERYTHING),
        # some pass
        (on_kind(notIn="[parameters('approved')]"), left("in", "A", "B")),
        (on_kind(**{"in": ["A", "B"]}), left("notIn", "A", "B")),
        (on_kind(notEquals="A"), left("in", "A")),
        (on_kind(equals="A"), left("notIn", "A")),
        (on_kind(like="Custom*"), left("notLike", "Custom*")),
        (on_kind(exists=True), left("notExists")),
        (on_kind(exists=False), left("exists")),
        (on_kind(notMatch="A#"), left("match", "A#")),
        # none, or all, of a list that is empty
        (on_kind(notIn="[parameters('none')]"), NOTHING),
        (on_kind(**{"in": []}), EVERYTHING),
        # what contradicts itself never passes
        (
            {
                "allOf": [
                    ON_TYPE,
                    {
                        "anyOf": [
                            {"field": KIND, "notIn": ["A", "B"]},
                            {"field": KIND, "notIn": ["C"]},
                        ]
                    },
                ]
            },
            NOTHING,
        ),
        (
            {
                "allOf": [
                    ON_TYPE,
                    {
                        "anyOf": [
                            {"field": KIND, "notIn": ["A", "B"]},
                            {"field": KIND, "like": "a*"},
                        ]
                    },
                ]
            },
            left("in", "B"),
        ),
        # unknown: everything may pass
        (on_kind(notIn="[parameters('missing')]"), EVERYTHING),
        (on_kind(notIn=["A", "[concat('a', 'b')]"]), EVERYTHING),
        (on_kind(equals="[concat('a', 'b')]"), EVERYTHING),
        (on_kind(greater="3"), EVERYTHING),
        (on_kind(notIn=["A"], exists=True), EVERYTHING),
        ({"field": "[concat('type')]", "equals": EXTENSIONS}, EVERYTHING),
        ({"value": "[resourceGroup().location]", "equals": "x"}, EVERYTHING),
        ({"allOf": [ON_TYPE, {"field": "location", "notIn": ["x"]}]}, EVERYTHING),
        ({"allOf": [ON_TYPE, {"field": "tags['a']", "exists": False}]}, EVERYTHING),
        ({"allOf": [ON_TYPE, {"field": "name", "notLike": "x*"}]}, EVERYTHING),
        ({"allOf": [ON_TYPE, {"source": "action", "like": "*"}]}, EVERYTHING),
        (
            {"allOf": [ON_TYPE, {"count": {"field": f"{VM}/x[*]"}, "equals": 0}]},
            EVERYTHING,
        ),
        (
            {"allOf": [ON_TYPE, {"field": f"{EXTENSIONS}/x[*]", "equals": "a"}]},
            EVERYTHING,
        ),
        ({"allOf": []}, EVERYTHING),
        ({"allOf": [ON_TYPE], "not": ON_TYPE}, EVERYTHING),
        ({"allOf": "odd"}, EVERYTHING),
        ("odd", EVERYTHING),
        (None, EVERYTHING),
        # what is unknown does not take away what is sure
        ({"anyOf": [ON_TYPE, {"field": "location", "notIn": ["x"]}]}, NOTHING),
        (
            {
                "allOf": [
                    ON_TYPE,
                    {
                        "anyOf": [
                            {"field": KIND, "notIn": ["A"]},
                            {"field": "tags['a']", "exists": False},
                        ]
                    },
                ]
            },
            left("in", "A"),
        ),
    ],
)
def test_what_passes_a_rule_on_extensions(rule, expected):
    assert expected == passing(rule, GIVEN, EXTENSIONS.lower())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (EXTENSIONS, left("in", "A")),
        (VM, EVERYTHING),
        (f"{ARC}/extensions", EVERYTHING),
    ],
)
def test_only_members_of_the_resource_that_is_written_leave_conditions(kind, expected):
    """A policy on what a VM looks like lets it be written as it is."""
    rule = {"field": KIND, "notIn": ["A"]}

    assert expected == passing(rule, {}, kind.lower())


def test_a_rule_nested_too_deep_denies_nothing():
    rule = ON_TYPE
    for _ in range(200):
        rule = {"not": rule}

    assert passing(rule, {}, EXTENSIONS.lower()) == EVERYTHING


KINDS = ["A", "B", "ab", "Custom"]
FIELDS = [KIND, f"{EXTENSIONS}/publisher"]
atoms = st.one_of(
    st.builds(
        lambda field, op, value: {"field": field, op: value},
        st.sampled_from([*FIELDS, "location"]),
        st.sampled_from(
            ["equals", "notEquals", "like", "notLike", "contains", "notContains"]
        ),
        st.sampled_from(["a", "B", "ab"]),
    ),
    st.builds(
        lambda field, op, values: {"field": field, op: values},
        st.sampled_from(FIELDS),
        st.sampled_from(["in", "notIn"]),
        st.lists(st.sampled_from(KINDS), max_size=3),
    ),
    st.builds(
        lambda field, value: {"field": field, "exists": value},
        st.sampled_from(FIELDS),
        st.booleans(),
    ),
    st.builds(is_type, st.sampled_from([EXTENSIONS, RUN_COMMANDS, VM])),
)
rules = st.recursive(
    atoms,
    lambda some: st.one_of(
        st.lists(some, min_size=1, max_size=3).map(lambda parts: {"allOf": parts}),
        st.lists(some, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts}),
        some.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)
resources = st.fixed_dictionaries(
    {},
    optional={
        **{field.lower(): st.sampled_from([*KINDS, "x"]) for field in FIELDS},
        "location": st.sampled_from(["a", "x"]),
    },
)


@given(rules, resources)
def test_whatever_a_rule_lets_pass_is_among_what_may_pass(rule, resource):
    """Never is a write called denied that the rule, evaluated plainly, lets pass."""
    whole = {**resource, "type": EXTENSIONS}
    passes = not matches(rule, whole)

    assert not passes or admits(passing(rule, {}, EXTENSIONS.lower()), whole)


@given(
    rules.filter(lambda rule: "location" not in str(rule)),
    resources,
)
def test_a_rule_that_is_evaluated_whole_is_evaluated_exactly(rule, resource):
    """Unless it has so many alternatives that they are given up."""
    whole = {**resource, "type": EXTENSIONS}
    rest = passing(rule, {}, EXTENSIONS.lower())

    assert rest == EVERYTHING or admits(rest, whole) is not matches(rule, whole)
