"""Azure Policy in Terraform plans: definitions, assignments and exemptions."""

import json

import azure_estates as z
import pytest

from policies.changes_in.names import Names
from policies.changes_in.read import Reader
from scanner.errors import UnusableInput

SUB, RG = z.subscription_scope(), z.rg_scope()
AUTH = f"providers/{z.AUTHORIZATION}"
RULE = {"if": {"field": "type", "like": "*/extensions"}, "then": {"effect": "deny"}}
DEFINITION = {"name": "d", "mode": "All", "policy_rule": json.dumps(RULE)}
ID = f"{SUB}/{AUTH}/policyAssignments/a"


def row(kind, after=None, before=None, unknown=None, name="x"):
    actions = ["delete"] if after is None else ["update" if before else "create"]
    change = {"actions": actions, "before": before, "after": after}
    return {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "change": {**change, "after_unknown": unknown or {}},
    }


def read(tmp_path, *rows, refers=None):
    """What a plan makes; `refers`: address to argument to the address it names."""
    resources = [
        {
            "address": address,
            "expressions": {
                name: {"references": [f"{to}.id", to]} for name, to in given.items()
            },
        }
        for address, given in (refers or {}).items()
    ]
    body = {
        "format_version": "1.2",
        "resource_changes": list(rows),
        "configuration": {"root_module": {"resources": resources}},
    }
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(body))
    reader = Reader(None, None, Names(None))
    return {one.resource.id: one.body for one in reader.change(str(file))}


def assignment(level="subscription", scope=SUB, **more):
    given = {"name": "a", f"{level}_id": scope, "policy_definition_id": "/d", **more}
    return row(f"azurerm_{level}_policy_assignment", given)


@pytest.mark.parametrize(
    ("level", "scope"),
    [
        ("management_group", z.group_scope("corp")),
        ("subscription", SUB),
        ("resource_group", RG),
        ("resource", z.vm_id()),
    ],
)
def test_assignments_of_every_level_are_read(tmp_path, level, scope):
    (found,) = read(
        tmp_path,
        assignment(
            level,
            scope,
            enforce=False,
            not_scopes=[RG],
            parameters=json.dumps({"p": {"value": [1]}}),
        ),
    ).items()

    id_, body = found
    assert id_ == f"{scope}/{AUTH}/policyAssignments/a"
    said = body["properties"]
    assert said["scope"] == scope
    assert said["policyDefinitionId"] == "/d"
    assert said["enforcementMode"] == "DoNotEnforce"
    assert said["notScopes"] == [RG]
    assert said["parameters"] == {"p": {"value": [1]}}


def test_a_definition_that_the_plan_makes_is_where_it_is_assigned(tmp_path):
    kind = "azurerm_resource_group_policy_assignment"
    given = {"name": "a", "resource_group_id": RG}
    refers = {f"{kind}.x": {"policy_definition_id": "azurerm_policy_definition.x"}}
    found = read(
        tmp_path,
        row("azurerm_policy_definition", DEFINITION),
        row(kind, given, unknown={"policy_definition_id": True}),
        refers=refers,
    )

    id_ = f"{SUB}/{AUTH}/policyDefinitions/d"
    assert found[id_]["properties"]["policyRule"] == RULE
    assigned = found[f"{RG}/{AUTH}/policyAssignments/a"]["properties"]
    assert assigned["policyDefinitionId"] == id_


def test_a_definition_that_nobody_assigns_changes_nothing(tmp_path):
    assert read(tmp_path, row("azurerm_policy_definition", DEFINITION)) == {}


@pytest.mark.parametrize("deleted", [False, True])
def test_what_is_there_is_known_by_its_id(tmp_path, deleted):
    old = {"id": ID, "name": "a", "subscription_id": SUB, "policy_definition_id": "/d"}
    after = None if deleted else old
    found = read(tmp_path, row("azurerm_subscription_policy_assignment", after, old))

    assert list(found) == [ID]
    assert (found[ID] is None) is deleted


def test_exemptions_name_their_assignment(tmp_path):
    given = {
        "name": "e",
        "resource_group_id": RG,
        "policy_assignment_id": ID,
        "exemption_category": "Waiver",
        "expires_on": "2030-01-01T00:00:00Z",
        "policy_definition_reference_ids": ["m0"],
    }
    found = read(tmp_path, row("azurerm_resource_group_policy_exemption", given))

    said = found[f"{RG}/{AUTH}/policyExemptions/e"]["properties"]
    assert said["policyAssignmentId"] == ID
    assert said["policyDefinitionReferenceIds"] == ["m0"]
    assert said["expiresOn"] == "2030-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "one",
    [
        assignment(parameters="{"),
        row(
            "azurerm_subscription_policy_assignment",
            {"name": "a", "subscription_id": SUB},
            unknown={"policy_definition_id": True},
        ),
        row(
            "azurerm_subscription_policy_assignment",
            {"name": "a", "subscription_id": SUB, "policy_definition_id": "/d"},
            unknown={"parameters": True},
        ),
        row(
            "azurerm_policy_definition",
            {"name": "d", "mode": "All", "management_group_id": z.group_scope("g")},
            unknown={"policy_rule": True},
        ),
    ],
)
def test_what_decides_and_is_not_known_is_refused(tmp_path, one):
    with pytest.raises(UnusableInput):
        read(tmp_path, one)
