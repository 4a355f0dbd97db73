"""AzureHound files: read into the lists they came from, and honest about the rest."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.analysis import analyse
from scanner.azure.decide import decide_azure
from scanner.azure.load import load_azure
from scanner.azure.rbac.lasting import CONDITION_UNREAD
from scanner.cli import main
from scanner.coverage import coverage_of
from scanner.evidence.importers import import_files
from scanner.evidence.reader import open_estate
from scanner.grants import DURATION_UNKNOWN

TENANT = "11111111-1111-4111-8111-111111111111"
SUB, OTHER_SUB = (f"{n * 8}-2222-4222-8222-222222222222" for n in "23")
USER, TEAM, BOT, GUESTS = (f"{n * 8}-4444-4444-8444-444444444444" for n in "4567")
ROLE = "9980e02c-c2be-4d73-94e8-173b1dc7cf3c"
SCOPE = f"/subscriptions/{SUB}"
RG = f"{SCOPE}/resourceGroups/rg"
VM = f"{RG}/providers/Microsoft.Compute/virtualMachines/web"
AUTH = "Microsoft.Authorization"
GROUPS = "/providers/Microsoft.Management/managementGroups"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"


def az(kind, **data):
    return {"kind": kind, "data": data}


def assigned(principal=USER, scope=SCOPE, role=ROLE):
    """A role assignment as AzureHound keeps it: without its condition."""
    return {
        "id": f"{scope}/providers/{AUTH}/roleAssignments/{principal}".upper(),
        "name": principal,
        "type": f"{AUTH}/roleAssignments",
        "properties": {
            "principalId": principal.upper(),
            "roleDefinitionId": f"{SCOPE}/providers/{AUTH}/roleDefinitions/{role}",
            "scope": scope.upper(),
        },
    }


def role_list(kind, key, scope, *rows, entry="roleAssignment", some="roleAssignments"):
    return az(kind, **{some: [{entry: row, key: scope} for row in rows], key: scope})


def people():
    return [
        az("AZTenant", tenantId=TENANT.upper(), id="/tenants/x", collected=True),
        az("AZUser", id=USER.upper(), displayName="ANN", userPrincipalName="ann@x",
           tenantId=TENANT.upper()),
        az("AZGroup", id=TEAM.upper(), displayName="TEAM", tenantId=TENANT),
        az("AZServicePrincipal", id=BOT, displayName="BOT", appId="a", tenantId=TENANT),
        az("AZGroupMember", groupId=TEAM.upper(), members=[
            {"member": {"id": USER.upper(), "@odata.type": "#microsoft.graph.user"},
             "groupId": TEAM.upper()}]),
    ]  # fmt: skip


def machines():
    return [
        az("AZSubscription", id=SCOPE.upper(), subscriptionId=SUB.upper(),
           displayName="PROD", tenantId=TENANT),
        az("AZResourceGroup", id=RG.upper(), name="rg", subscriptionId=SCOPE.upper()),
        az("AZVM", id=VM.upper(), name="web", type="Microsoft.Compute/virtualMachines",
           properties={"vmId": "x"}, identity={"principalId": BOT.upper()}),
    ]  # fmt: skip


def all_roles(*rows):
    """Every list of role assignments: whole, as each holds what is inherited."""
    return [
        role_list("AZSubscriptionRoleAssignment", "subscriptionId", SCOPE, *rows),
        role_list("AZResourceGroupRoleAssignment", "resourceGroupId", RG, *rows),
    ]


def some_roles(*rows):
    """What AzureHound lists unless it is told otherwise: a few roles only."""
    return [
        role_list("AZSubscriptionContributor", "subscriptionId", SCOPE, *rows,
                  some="contributors", entry="contributor"),
        role_list("AZVMVMContributor", "virtualMachineId", VM,
                  some="vmContributors", entry="vmContributor"),
    ]  # fmt: skip


def content(items, **meta):
    counted = {"type": "azure", "version": 5, "count": len(items), **meta}
    return {"data": items, "meta": counted}


def do(root, body, name="azurehound.json", **options):
    path = root / name
    path.write_text(body if isinstance(body, str) else json.dumps(body, indent=1))
    return import_files([path], root / "estate", **options)


def series(root):
    """Rows, or the error's code, of each list in the estate."""
    found = {}
    for partition in open_estate(root / "estate").partitions("azure"):
        for key, one in partition.series.items():
            rows = [row for page in one.plain() for row in page["value"]]
            value = one.error.code if one.error else rows
            found[key.op, key.subscription, key.params] = value
    return found


def tenant(root):
    return load_azure(open_estate(root / "estate")).tenants[TENANT]


def definition(root, **block):
    """Add a role definition from the Azure CLI, as somebody would who has one."""
    row = {
        "id": f"/providers/{AUTH}/roleDefinitions/{ROLE}",
        "type": f"{AUTH}/roleDefinitions",
        "roleName": "Runner",
        "roleType": "CustomRole",
        "permissions": [block],
    }
    path = root / "roles.json"
    path.write_text(json.dumps([row]))
    assert not import_files([path], root / "estate", tenant=TENANT).refused


def verdicts(root, vector=RUN):
    """Verdict of each principal on the VM; without a row it is denied."""
    (decided,) = analyse(open_estate(root / "estate")).decided
    return {
        principal.id: (grant.decision.verdict.value, grant.decision.reasons)
        for grant in decided.grants
        if grant.vector.id == vector
        for principal in grant.principals
        if any(target.name.lower() == "web" for target in grant.targets)
    }


# -- what it holds ---------------------------------------------------------------------


def test_objects_become_rows_of_the_lists_they_came_from(tmp_path):
    report = do(tmp_path, content(people() + machines() + all_roles(assigned())))

    found = series(tmp_path)
    assert not report.refused
    assert [row["id"] for row in found["graph/users", "", "{}"]] == [USER.upper()]
    members = found["graph/groups/members", "", f'{{"group":"{TEAM}"}}']
    assert [row["id"] for row in members] == [USER.upper()]
    (vm,) = found["Microsoft.Compute/virtualMachines", SUB, "{}"]
    assert vm["id"] == VM.upper()
    held = [v for (op, _, _), v in found.items() if op == f"{AUTH}/roleAssignments"]
    assert held == [[assigned()]]


def test_the_estate_knows_people_machines_and_what_they_hold(tmp_path):
    """Capital ids, as newer versions write them, are the same objects."""
    do(tmp_path, content(people() + machines() + all_roles(assigned(TEAM))))

    found = tenant(tmp_path)
    kinds = {one.id: one.kind for one in found.directory.principals.values()}
    assert kinds[USER] == "user"
    assert kinds[TEAM] == "group"
    assert found.directory.reached[TEAM] == {USER}
    assert [(a.principal, a.role, a.scope) for a in found.assignments] == [
        (TEAM, ROLE, SCOPE)
    ]
    assert [machine.scope for machine in found.machines] == [VM.lower()]
    assert found.machines[0].identities == (BOT,)


def test_owners_and_the_tree_of_management_groups(tmp_path):
    app, app_id = "a" * 8 + USER[8:], "a"  # the application of the service principal
    items = [
        *people(),
        *machines(),
        az("AZApp", id=app.upper(), appId=app_id.upper(), tenantId=TENANT),
        az("AZAppOwner", appId=app_id.upper(), owners=[
            {"owner": {"id": USER.upper()}, "appId": app.upper()}]),
        az("AZGroupOwner", groupId=TEAM, owners=[{"owner": {"id": BOT}}]),
        az("AZServicePrincipalOwner", servicePrincipalId=BOT, owners=None),
        az("AZManagementGroup", id=f"{GROUPS}/{TENANT}".upper(), name=TENANT,
           properties={"displayName": "ROOT", "details": {"parent": {}}}),
        az("AZManagementGroup", id=f"{GROUPS}/prod".upper(), name="prod",
           properties={"displayName": "PROD", "details": {"version": 0}}),
    ]  # fmt: skip
    below = [
        az("AZManagementGroupDescendant", id=f"{GROUPS}/PROD", name="prod",
           type="Microsoft.Management/managementGroups",
           properties={"parent": {"id": f"{GROUPS}/{TENANT}".upper()}}),
        az("AZManagementGroupDescendant", id=SCOPE.upper(), type="/subscriptions",
           properties={"parent": {"id": f"{GROUPS}/PROD"}}),
    ]  # fmt: skip

    do(tmp_path, content(items + below + below))  # below the root and below prod

    found = tenant(tmp_path)
    assert found.directory.owners == ((USER, BOT), (BOT, TEAM))
    chain, whole = found.hierarchy.chain(SUB)
    assert chain == (f"{GROUPS}/prod".lower(), f"{GROUPS}/{TENANT}".lower())
    assert whole
    descendants = "Microsoft.Management/managementGroups/descendants"
    assert len(series(tmp_path)[descendants, "", "{}"]) == 2


# -- what it does not hold -------------------------------------------------------------


def test_a_role_that_nobody_defined_leaves_its_holder_unknown(tmp_path):
    """Role definitions are not in the file: no access is claimed, and none denied."""
    do(tmp_path, content(people() + machines() + all_roles(assigned())))

    assert verdicts(tmp_path)[USER][0] == "unknown"


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"actions": ["Microsoft.Compute/*"]}, "allowed"),
        ({"actions": ["*/read"]}, None),
    ],
)
def test_role_definitions_from_another_file_decide(tmp_path, block, expected):
    do(tmp_path, content(people() + machines() + all_roles(assigned())))
    definition(tmp_path, **block)

    found = verdicts(tmp_path)

    if expected is None:
        assert USER not in found
        return
    verdict, reasons = found[USER]
    assert verdict == expected
    assert "deny assignments were not read" in reasons
    assert DURATION_UNKNOWN in reasons
    assert CONDITION_UNREAD in reasons
    assert BOT not in found  # every list of role assignments was there: it holds none


@pytest.mark.parametrize("condition", [None, "@Resource[x] StringEquals 'a'"])
def test_an_assignment_that_was_read_whole_elsewhere_has_its_condition(
    tmp_path, condition
):
    """AzureHound drops conditions: its row never stands in for the whole one."""
    do(tmp_path, content(people() + machines() + all_roles(assigned())))
    definition(tmp_path, actions=["Microsoft.Compute/*"])
    row = assigned()
    row["properties"]["condition"] = condition
    path = tmp_path / "assignments.json"
    path.write_text(json.dumps({"value": [row]}))
    assert not import_files([path], tmp_path / "estate").refused

    verdict, reasons = verdicts(tmp_path)[USER]

    assert verdict == ("conditional" if condition else "allowed")
    assert CONDITION_UNREAD not in reasons


def test_lists_of_a_few_roles_prove_no_absence(tmp_path):
    """The twin: what AzureHound lists by default says nothing of custom roles."""
    do(tmp_path, content(people() + machines() + some_roles(assigned())))
    definition(tmp_path, actions=["Microsoft.Compute/*"])

    found = verdicts(tmp_path)

    assert found[USER][0] == "allowed"
    assert found[BOT] == ("unknown", ("role assignments were not read",))


def test_files_of_single_lists_add_up(tmp_path):
    """AzureHound has a command for each list: none of the files refuses the others."""
    for number, items in enumerate(
        [people(), machines(), some_roles(assigned()), all_roles(assigned(BOT))]
    ):
        report = do(tmp_path, content(items), name=f"{number}.json", tenant=TENANT)
        assert not report.refused

    found = tenant(tmp_path)
    assert {a.principal for a in found.assignments} == {USER, BOT}
    assert SUB in found.assignments_unread  # which groups there are stood elsewhere


@pytest.mark.parametrize("gone", [0, 1])
def test_an_empty_list_of_assignments_was_perhaps_refused(tmp_path, gone):
    """Inherited assignments come back in every list, so no list is empty."""
    lists = all_roles(assigned())
    lists[gone]["data"]["roleAssignments"] = None

    do(tmp_path, content(people() + machines() + lists))

    assert SUB in tenant(tmp_path).assignments_unread


@pytest.mark.parametrize(("others", "unread"), [(True, False), (False, True)])
def test_a_group_without_members_is_empty_where_others_have_some(
    tmp_path, others, unread
):
    """One right reads the members of every group."""
    items = people() if others else people()[:-1]
    empty = [
        az("AZGroup", id=GUESTS),
        az("AZGroupMember", groupId=GUESTS, members=None),
    ]

    do(tmp_path, content([*items, *machines(), *all_roles(assigned(GUESTS)), *empty]))

    assert (GUESTS in tenant(tmp_path).directory.open_groups) == unread


def test_coverage_names_what_azurehound_does_not_collect(tmp_path):
    do(tmp_path, content(people() + machines() + all_roles(assigned())))

    missing = {
        op for (op, _, _), rows in series(tmp_path).items() if rows == "NotAsked"
    }
    assert {
        f"{AUTH}/roleDefinitions",
        f"{AUTH}/denyAssignments",
        f"{AUTH}/locks",
        f"{AUTH}/roleAssignmentScheduleInstances",
        f"{AUTH}/roleEligibilityScheduleInstances",
        "Microsoft.ManagedServices/registrationAssignments",
        "Microsoft.HybridCompute/machines",
    } <= missing
    coverage = coverage_of(open_estate(tmp_path / "estate"))
    gaps = {gap.what for scope in coverage.scopes for gap in scope.gaps}
    assert missing <= gaps


def test_a_list_from_another_file_takes_the_place_of_a_missing_one(tmp_path):
    do(tmp_path, content(people() + machines() + all_roles(assigned())))
    definition(tmp_path, actions=["*/read"])

    key = (f"{AUTH}/roleDefinitions", "", '{"scope":"/"}')
    assert len(series(tmp_path)[key]) == 1


def test_a_subscription_without_machines_was_perhaps_refused(tmp_path):
    do(tmp_path, content(people() + machines()[:2]))

    vms = ("Microsoft.Compute/virtualMachines", SUB, "{}")
    assert series(tmp_path)[vms] == "NotAsked"


def test_kinds_that_are_not_read_are_counted_and_named(tmp_path):
    items = [*people(), az("AZKeyVault", id="x"), az("AZDevice"), az("AZDevice", id=1)]

    (file,) = do(tmp_path, content(items)).files

    assert file.notes == ("kinds that are not read: 'AZDevice' (2), 'AZKeyVault' (1)",)


def test_a_count_that_does_not_fit_makes_no_list_whole(tmp_path):
    (file,) = do(tmp_path, content(people(), count=9)).files

    assert file.notes == ("meta counts 9 objects, 5 are there",)
    assert not any(one.complete for one in file.imported)


@pytest.mark.parametrize("meta", [{"type": "azure"}, None])
def test_meta_may_say_less_or_stand_first(tmp_path, meta):
    body = {"data": people()} if meta is None else {"meta": meta, "data": people()}

    (file,) = do(tmp_path, body).files

    assert all(one.complete for one in file.imported)


# -- whose it is -----------------------------------------------------------------------


@pytest.mark.parametrize("collected", [TENANT, None])
def test_the_tenant_is_the_collected_one_or_that_of_most_objects(tmp_path, collected):
    """Every tenant that the collector's user can see is in the file."""
    other = az("AZTenant", tenantId=OTHER_SUB)
    items = [other, *people()[0 if collected else 1 :]]

    do(tmp_path, content(items))

    assert (tmp_path / f"estate/azure/{TENANT}.jsonl").exists()


def test_a_file_that_names_no_tenant_takes_the_option(tmp_path):
    body = content([az("AZUser", id=USER)])

    assert "--tenant" in do(tmp_path, body).refused[0].refusal
    assert not do(tmp_path, body, tenant=TENANT).refused


# -- odd files -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ("AZUser", "an object without a kind"),
        ({}, "an object without a kind"),
        ({"kind": 7, "data": {}}, "an object without a kind"),
        ({"kind": "AZUser"}, "the data of an AZUser is no object"),
        ({"kind": "AZUser", "data": []}, "the data of an AZUser is no object"),
        (az("AZUser", id=None), "an AZUser without id"),
        (az("AZVM", id="web"), "an AZVM of no subscription"),
        (az("AZVM", id="/subscriptions/../../x"), "an AZVM of no subscription"),
        (az("AZGroupMember", members=[]), "an AZGroupMember without groupId"),
        (az("AZGroupMember", groupId=TEAM, members={}), "members of an AZGroupMember"),
        (
            az("AZGroupMember", groupId=TEAM, members=[7]),
            "an entry of an AZGroupMember",
        ),
        (az("AZVMOwner", owners=[{"owner": "x"}]), "an entry of an AZVMOwner"),
        (
            az("AZRoleAssignment", roleAssignments=[1]),
            "an entry of an AZRoleAssignment",
        ),
    ],
)
def test_an_object_of_another_shape_refuses_the_file_with_its_line(
    tmp_path, item, reason
):
    body = '{"data": [\n' + ",\n".join(map(json.dumps, [*people(), item])) + "\n]}"

    (refused,) = do(tmp_path, body).refused

    assert f"azurehound.json:{2 + len(people())}: {reason}" in refused.refusal
    assert not (tmp_path / "estate").exists()


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('{"data": [\n{"kind": "AZUser", "data": {"id": "a", "id": "b"}}]}', ":2:"),
        ('{"data": [\n{"kind": "AZUser", "kind": "AZVM", "data": {}}]}', ":2:"),
        ('{"data": [{"kind": "AZUser", "data": {}}],\n "data": []}', ":2:"),
        ('{"data": [\n{"kind": "AZUser", "data": {"id": "a"', ":2:"),
        ('{"data": [\n{"kind": "AZUser", "data": {"id": NaN}}]}', ":2:"),
        ('{"data": [{"kind": "AZUser", "data": {"id": "a"}}],\n', ":2:"),
        ('{"data": [{"kind": "AZUser", "data": {}}]} x', ":1:"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_its_place(tmp_path, body, place):
    """A file that is broken off among them."""
    (refused,) = do(tmp_path, body, tenant=TENANT).refused

    assert f"azurehound.json{place}" in refused.refusal


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "kind", "properties", "owner", "owners", "scope",
                             "tenantId", "appId", "groupId", "members", "member"]),
            inner, max_size=3,
        )
    ),
    max_leaves=6,
)  # fmt: skip
kinds = st.sampled_from(
    ["AZUser", "AZVM", "AZAppOwner", "AZGroupMember", "AZVMOwner", "AZSubscription",
     "AZManagementGroup", "AZRoleAssignment", "AZTenant", "AZNew"]
)  # fmt: skip


@given(st.lists(st.builds(lambda k, d: {"kind": k, "data": d}, kinds, plain)))
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
def test_any_objects_are_imported_or_refused(tmp_path, items):
    report = do(tmp_path, content(items), tenant=TENANT)

    assert len(report.files) == 1


# -- the command -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (json.dumps(content([*people(), az("AZDevice")])), 0, "'AZDevice' (1)"),
        (json.dumps(content(people(), count=1)), 3, "meta counts 1 objects"),
        (json.dumps(content(people()))[:-40], 2, "not imported"),
    ],
)
def test_the_command_says_on_stderr_what_it_left_out(
    tmp_path, capsys, body, status, said
):
    path = tmp_path / "azurehound.json"
    path.write_text(body)

    assert main(["import", str(path), "--out", str(tmp_path / "estate")]) == status

    out, err = capsys.readouterr()
    assert said in err
    assert said not in out


ELEVATE = f"{AUTH}/elevateAccess/action"
MANAGES_ROLES = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"
READS_USERS = "df021288-bdef-4463-88db-98f22de89214"


@pytest.mark.parametrize(
    ("permission", "held"), [(MANAGES_ROLES, True), (READS_USERS, False)]
)
def test_permissions_on_microsoft_graph_lead_on(tmp_path, permission, held):
    given_ = az("AZAppRoleAssignment", id="Gp-1", appRoleId=permission.upper(),
                principalId=BOT.upper(), principalType="ServicePrincipal",
                resourceId=GUESTS, appId="a", tenantId=TENANT)  # fmt: skip
    assert not do(tmp_path, content([*people(), *machines(), given_])).refused

    grants = decide_azure(load_azure(open_estate(tmp_path / "estate"))).grants
    assert held is any(
        grant.vector.id == ELEVATE and BOT in {one.id for one in grant.principals}
        for grant in grants
    )


def test_custom_roles_of_the_directory_are_read(tmp_path):
    action = "microsoft.directory/applications/credentials/update"
    own = az("AZRole", id=GUESTS.upper(), templateId=GUESTS, displayName="Keeper",
             isBuiltIn=False, tenantId=TENANT,
             rolePermissions=[{"allowedResourceActions": [action]}])  # fmt: skip
    do(tmp_path, content([*people(), *machines(), own]))

    powers = tenant(tmp_path).directory.powers
    assert powers[GUESTS].credentials
    assert not powers[GUESTS].members
