"""Permissions of applications on Graph, custom directory roles, and partners' roles."""

import pytest
from azure_estates import (
    SUB,
    assignment,
    block,
    group,
    guid,
    line,
    loaded,
    machine,
    refused,
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
from scanner.azure.link import link_azure
from scanner.azure.powers import GRAPH, PERMISSIONS, power_of
from scanner.grants import Verdict

S = subscription_scope()
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
ELEVATE = "Microsoft.Authorization/elevateAccess/action"
GIVEN = "graph/servicePrincipals/appRoleAssignedTo"
DEFINED = "graph/roleDefinitions"
PARTNERS = "graph/crossTenantAccessPolicy/partners"
ID_OF = {power.name: id_ for id_, power in PERMISSIONS.items()}
GRAPH_APP = service_principal("graph") | {"appId": GRAPH}


def permission(name, **more):
    return {
        "id": "given",
        "appRoleId": ID_OF.get(name, guid(name)).upper(),
        "principalId": guid("app"),
        "principalType": "ServicePrincipal",
        "resourceId": guid("graph"),
        **more,
    }


def estate(tmp_path, *extra, **tenant):
    """`app` holds nothing in Azure; `deploy` and the group `ops` run commands."""
    lines = tenant_lines(
        roles=[role("runs", block([RUN]))],
        assignments=[
            assignment("deploy", "runs", S, kind="ServicePrincipal"),
            assignment("ops", "runs", S, kind="Group"),
        ],
        users=[user("u")],
        service_principals=[
            *(service_principal(name) for name in ("app", "deploy", "other")),
            GRAPH_APP,
        ],
        directory_groups=tenant.pop("directory_groups", [group("ops")]),
        members={"ops": []},
    )
    below = subscription_lines([machine(vm_id())])
    return loaded(tmp_path, [*lines, *extra], (SUB, below))


def given(*rows):
    return line(GIVEN, rows, {"servicePrincipal": guid("graph")})


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (permission("RoleManagement.ReadWrite.Directory"), Verdict.ALLOWED),
        (permission("AppRoleAssignment.ReadWrite.All"), Verdict.ALLOWED),
        (permission("Application.ReadWrite.All"), None),
        (permission("User.Read.All"), None),
        (
            permission("RoleManagement.ReadWrite.Directory", resourceId=guid("other")),
            None,
        ),
        (permission("RoleManagement.ReadWrite.Directory", principalType="Group"), None),
    ],
    ids=["roles", "permissions", "applications", "reads", "not of Graph", "to a group"],
)
def test_an_application_that_manages_roles_gets_to_every_machine(
    tmp_path, row, expected
):
    found = rows_of(decide_azure(estate(tmp_path, given(row))))
    held = found.get(("app", ELEVATE, "vm"))

    assert expected is (held and held.verdict)
    assert (held.reasons if held else ()) == ()
    assert ("deploy", ELEVATE, "vm") not in found


def hops(found):
    _, edges = link_azure(found)
    return {(e.source, e.target) for e in edges if e.kind == "can-become"}


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        ("Application.ReadWrite.All", "deploy", True),
        ("Application.ReadWrite.All", "ops", False),
        ("GroupMember.ReadWrite.All", "ops", True),
        ("GroupMember.ReadWrite.All", "deploy", False),
        ("Group.ReadWrite.All", "ops", True),
        ("Directory.ReadWrite.All", "ops", True),
        ("User.Read.All", "ops", False),
    ],
)
def test_an_application_becomes_whom_its_permission_lets_it(
    tmp_path, name, target, expected
):
    found = hops(estate(tmp_path, given(permission(name))))

    assert expected is ((guid("app"), guid(target)) in found)


def test_no_permission_adds_to_a_group_for_roles_of_the_directory(tmp_path):
    found = estate(
        tmp_path,
        given(permission("Group.ReadWrite.All")),
        directory_groups=[group("ops", isAssignableToRole=True)],
    )

    assert set() == hops(found)


def definition(*actions, built_in=False):
    return line(
        DEFINED,
        [
            {
                "id": guid("custom"),
                "displayName": "App keeper",
                "isBuiltIn": built_in,
                "rolePermissions": [{"allowedResourceActions": list(actions)}],
            }
        ],
    )


HELD = line(
    "graph/roleAssignments",
    [
        {
            "id": "held",
            "principalId": guid("u"),
            "roleDefinitionId": guid("custom"),
            "directoryScopeId": "/",
        }
    ],
)
NAMESPACE = "microsoft.directory"


@pytest.mark.parametrize(
    ("action", "targets"),
    [
        ("applications/credentials/update", {"deploy"}),
        ("servicePrincipals/owners/update", {"deploy"}),
        ("applications.myOrganization/allProperties/update", {"deploy"}),
        ("groups.security/members/update", {"ops"}),
        ("groups/owners/update", {"ops"}),
        ("applications/credentials/read", set()),
        ("applications/basic/update", set()),
        ("users/basic/update", set()),
    ],
)
def test_a_custom_role_of_the_directory_leads_where_its_actions_do(
    tmp_path, action, targets
):
    found = estate(tmp_path, HELD, definition(f"{NAMESPACE}/{action}"))

    assert {(guid("u"), guid(name)) for name in targets} == hops(found)


def not_covered(found):
    """What no list says, by the list: its ids, and why in words."""
    lists = (GIVEN, DEFINED, PARTNERS)
    return {v.id for v in decide_azure(found).not_covered if v.id in lists}


def test_what_nobody_read_of_the_directory_is_named(tmp_path):
    assert {GIVEN, DEFINED, PARTNERS} == not_covered(estate(tmp_path, HELD))


@pytest.mark.parametrize("whole", [True, False])
def test_what_was_read_is_not_named_and_what_was_refused_is(tmp_path, whole):
    """A refused list is a gap, and its way up is not covered all the same."""
    about = {"servicePrincipal": guid("graph")}
    found = estate(
        tmp_path,
        HELD,
        definition(),
        line(GIVEN, [], about) if whole else refused(GIVEN, about),
        line(PARTNERS, [{"tenantId": guid("friend"), "isServiceProvider": False}]),
    )

    assert not_covered(found) == (set() if whole else {GIVEN})


def test_a_partner_that_provides_services_is_named_with_its_tenant(tmp_path):
    rows = [{"tenantId": guid("msp"), "isServiceProvider": True}]
    found = decide_azure(estate(tmp_path, line(PARTNERS, rows)))

    (named,) = (v for v in found.not_covered if v.id == PARTNERS)
    assert guid("msp") in named.why_not


def test_a_role_that_leads_nowhere_has_no_power():
    assert power_of("reader", [f"{NAMESPACE}/groups/members/read", "", "*"]) is None
