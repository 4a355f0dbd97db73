"""The table of Azure list calls: reads only, and enough to apply as a role."""

import json

import pytest

from scanner.azure.load import KINDS
from scanner.azure.operations import API_VERSIONS, OPERATIONS, permissions_role
from scanner.operations import Weight


@pytest.mark.parametrize("op", OPERATIONS)
def test_every_operation_says_what_it_needs_and_what_rests_on_it(op):
    """Coverage prints both; ARM needs an API version, Graph has it in its path."""
    found = OPERATIONS[op]

    assert op == found.op
    assert found.effect.endswith("unknown")
    assert (op in API_VERSIONS) != op.startswith("graph/")
    right = found.permission
    assert right.endswith("/read") or right.endswith((".All", "Directory", "ADGroup"))


@pytest.mark.parametrize(
    ("op", "weight"),
    [
        ("Microsoft.Authorization/roleAssignments", Weight.BASE),
        ("Microsoft.Authorization/roleDefinitions", Weight.BASE),
        ("Microsoft.Compute/virtualMachines", Weight.BASE),
        ("Microsoft.Management/managementGroups", Weight.BASE),
        ("Microsoft.Resources/subscriptions", Weight.BASE),
        ("graph/groups/members", Weight.BASE),
        ("Microsoft.Authorization/denyAssignments", Weight.RESTRICTING),
        ("Microsoft.Authorization/locks", Weight.REFINING),
        ("graph/users", Weight.REFINING),
    ],
)
def test_weights_follow_what_answers_rest_on(op, weight):
    """A missing base list makes a denial unknown, a missing deny list only doubtful."""
    assert weight == OPERATIONS[op].weight


def test_the_table_is_honest_about_what_is_read():
    """What the loader does not read is named in coverage as not understood."""
    unread = {op for op in OPERATIONS if op.lower() not in KINDS}

    assert unread == {op for op in OPERATIONS if not OPERATIONS[op].loaded}


def test_the_scanner_s_own_role_only_reads():
    """What `whocanrun permissions azure` prints can be applied as it is."""
    found = permissions_role("contoso")

    role = found["role"]
    assert all(action.endswith("/read") for action in role["Actions"])
    assert not any("*" in action for action in role["Actions"])
    assert sorted(set(role["Actions"])) == role["Actions"]
    assert [] == role["DataActions"] == role["NotActions"]
    scope = "/providers/Microsoft.Management/managementGroups/contoso"
    assert [scope] == role["AssignableScopes"]
    assert not any("Write" in permission for permission in found["graph"])
    assert json.loads(json.dumps(found)) == found


def test_the_role_holds_the_right_of_every_operation():
    """A refusal names a right that the role would have given."""
    found = permissions_role(usage=True)
    given = {*found["role"]["Actions"], *found["graph"]}

    assert set() == {op.permission for op in OPERATIONS.values()} - given


def test_usage_adds_one_right_of_each_kind():
    """Whoever scans without --usage need not be able to read who signed in when."""
    plain, usage = permissions_role(), permissions_role(usage=True)
    more = set(usage["role"]["Actions"]) - set(plain["role"]["Actions"])

    assert more == {"Microsoft.Insights/eventtypes/values/read"}
    assert set(usage["graph"]) - set(plain["graph"]) == {"AuditLog.Read.All"}
