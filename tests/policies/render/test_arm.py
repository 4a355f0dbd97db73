"""ARM templates and Bicep: literal text, the right scope, removals left to a script."""

import json

import bicep_reader
import pytest
from hypothesis import given
from hypothesis import strategies as st
from render_changes import (
    EVERY,
    GROUP_SCOPE,
    GUID,
    OBJECTS,
    SUBSCRIPTION,
    VM,
    arm,
    change,
    steps,
)
from render_documents import TEXTS

from policies.render.arm import arm as render_arm
from policies.render.arm_objects import Level, scope_of
from policies.render.bicep import bicep
from policies.render.steps import CannotRender
from policies.resources import ResourceKind

ROLE_TYPE = "Microsoft.Authorization/roleDefinitions"
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)


def templates(*changes):
    files = render_arm(steps(*changes)).files
    return {name: json.loads(content) for name, content in files.items()}


def only(*changes):
    (template,) = templates(*changes).values()
    return template


def bicep_file(*changes):
    (content,) = bicep(steps(*changes)).files.values()
    return bicep_reader.read(content.decode())


def evaluated(value):
    """Return what ARM makes of text: an expression in brackets, or the text itself."""
    if isinstance(value, dict):
        return {evaluated(key): evaluated(one) for key, one in value.items()}
    if isinstance(value, list):
        return [evaluated(one) for one in value]
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        assert value.startswith("[["), f"runs as an expression: {value}"
        return value[1:]
    return value


def role_with(**properties):
    value = arm(SUBSCRIPTION, ROLE_TYPE, roleName="r", **properties)
    return change(ResourceKind.ROLE_DEFINITION, "create", after=value)


@given(VALUES)
def test_arm_takes_every_text_literally(value):
    template = only(role_with(description=value))

    (resource,) = template["resources"]
    assert evaluated(resource["properties"])["description"] == value


@given(VALUES)
def test_bicep_takes_every_text_literally(value):
    found = bicep_file(role_with(description=value))

    ((_, body),) = found["resources"]
    assert body["properties"]["description"] == value


@given(TEXTS)
def test_a_hostile_title_stays_in_its_comment(text):
    one = change(ResourceKind.ROLE_DEFINITION, "create", title=text)

    assert len(bicep_file(one)["resources"]) == 1


@pytest.mark.parametrize(
    ("scope", "level", "schema"),
    [
        ("", "tenant", "tenantDeploymentTemplate"),
        (
            "/providers/Microsoft.Management/managementGroups/platform",
            *("managementGroup", "managementGroupDeploymentTemplate"),
        ),
        (SUBSCRIPTION, "subscription", "subscriptionDeploymentTemplate"),
        (GROUP_SCOPE, "resourceGroup", "deploymentTemplate"),
    ],
)
def test_each_scope_has_its_own_kind_of_deployment(scope, level, schema):
    value = arm(scope, ROLE_TYPE, roleName="r")
    one = change(ResourceKind.ROLE_DEFINITION, "create", after=value, id=value["id"])

    assert f"/{schema}.json#" in only(one)["$schema"]
    assert only(one)["metadata"]["scope"] == (scope or "/")
    assert bicep_file(one)["targetScope"] == level


def test_an_object_of_one_machine_extends_it():
    value = arm(VM, "Microsoft.Authorization/locks", level="ReadOnly")
    one = change(ResourceKind.LOCK, "create", after=value, id=value["id"])
    (resource,) = only(one)["resources"]

    assert resource["scope"] == "Microsoft.Compute/virtualMachines/vm1"
    assert "ARM template" in bicep(steps(one)).left_out[1]


def test_objects_of_different_scopes_are_different_deployments():
    one = change(ResourceKind.ROLE_DEFINITION, "create")  # of the subscription
    other = change(ResourceKind.ROLE_ASSIGNMENT, "create")  # of a resource group

    assert len(templates(one, other)) == 2


def test_objects_of_one_scope_are_deployed_in_order():
    one = change(ResourceKind.ROLE_DEFINITION, "create")
    other = change(ResourceKind.ROLE_ELIGIBILITY, "create")
    first, second = only(one, other)["resources"]

    assert first["type"] == ROLE_TYPE
    assert second["dependsOn"] == [OBJECTS[ResourceKind.ROLE_DEFINITION][0]]


def test_names_are_literal_guids():
    (resource,) = only(change(ResourceKind.ROLE_ASSIGNMENT, "create"))["resources"]

    assert resource["name"] == GUID.format(1)


def test_what_the_provider_fills_in_is_not_set():
    one = role_with(createdOn="2026-01-01", createdBy="x", updatedBy=None)
    (resource,) = only(one)["resources"]

    assert resource["properties"] == {"roleName": "r"}


@pytest.mark.parametrize(("kind", "action"), EVERY)
@pytest.mark.parametrize("form", [render_arm, bicep])
def test_every_azure_kind_is_deployed_or_says_why_not(form, kind, action):
    found = form(steps(change(kind, action)))

    assert bool(found.files) + (1 in found.left_out) == kind.startswith("azure.")
    assert not (action == "remove" and found.files)


@pytest.mark.parametrize("form", [render_arm, bicep])
def test_half_a_character_is_refused(form):
    assert (
        "half a character" in form(steps(role_with(description="\ud800"))).left_out[1]
    )


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("/", Level.TENANT),
        ("/providers/microsoft.management/managementgroups/x", Level.MANAGEMENT_GROUP),
        ("/SUBSCRIPTIONS/s", Level.SUBSCRIPTION),
        ("/subscriptions/s/resourcegroups/r", Level.RESOURCE_GROUP),
        ("/subscriptions/s/resourceGroups/r/providers/a/b/c", Level.RESOURCE_GROUP),
    ],
)
def test_scopes_are_read_ignoring_case(path, level):
    assert scope_of(path).level == level


@pytest.mark.parametrize("path", ["x", "/providers/other/x", "/subscriptions/s/x/y"])
def test_what_is_no_scope_is_refused(path):
    with pytest.raises(CannotRender):
        scope_of(path)
