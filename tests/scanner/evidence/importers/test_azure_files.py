"""Azure CLI, ARM and Graph JSON: recognised by rows, wrapped back, placed by ids."""

import json

import pytest

from scanner.coverage import coverage_of
from scanner.evidence.importers import import_files
from scanner.evidence.reader import open_estate

TENANT = "11111111-1111-4111-8111-111111111111"
SUB, OTHER = (f"{n * 8}-2222-4222-8222-222222222222" for n in "23")
GROUP = "44444444-4444-4444-8444-444444444444"
AUTH, COMPUTE = "Microsoft.Authorization", "Microsoft.Compute"
ASSIGNMENTS, DEFINITIONS = f"{AUTH}/roleAssignments", f"{AUTH}/roleDefinitions"
VMS = f"{COMPUTE}/virtualMachines"
GROUPS = "Microsoft.Management/managementGroups"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
AUTOMATION = "Microsoft.Automation/automationAccounts"
ROOT_GROUP = f"/providers/{GROUPS}/{TENANT}"


def resource(kind, name="x", sub=SUB, **members):
    path = f"/subscriptions/{sub}/resourceGroups/rg/providers/{kind}/{name}"
    return {"id": path, "name": name, "type": kind, "location": "x", **members}


def assignment(scope, **members):
    base = "" if scope == "/" else scope
    row = {"id": f"{base}/providers/{ASSIGNMENTS}/a", "type": ASSIGNMENTS}
    return {**row, "scope": scope, "principalId": GROUP, "roleDefinitionId": "r"} | (
        members
    )


def do(root, files, **options):
    """Import files (content by name) and return the report."""
    paths = []
    for name, content in files.items():
        path = root / name
        path.write_text(json.dumps(content))
        paths.append(path)
    return import_files(paths, root / "estate", **options)


def series(root):
    """Everything in the estate: operation, file, tenant, parameters and rows."""
    evidence = open_estate(root / "estate")
    found = []
    for partition in evidence.partitions("azure"):
        for key, one in sorted(partition.series.items()):
            (page,) = one.plain()
            rows = page.get("value", page.get("data"))
            found.append((key.op, partition.name, key.tenant, key.parameters, rows))
    return found


def only(root, content, name="x.json", **options):
    """The one list that a single file becomes."""
    report = do(root, {name: content}, **options)
    assert not report.refused, report.refused
    (found,) = series(root)
    return found


@pytest.mark.parametrize("wrap", [list, lambda rows: {"value": rows}])
def test_role_assignments_of_a_subscription_are_wrapped_back(tmp_path, wrap):
    """`az role assignment list --all` holds the inherited ones too."""
    rows = [assignment(f"/subscriptions/{SUB}/resourceGroups/rg"), assignment("/")]

    op, file, _, params, found = only(tmp_path, wrap(rows))

    assert (op, file) == (ASSIGNMENTS, SUB)
    assert params == {"scope": f"/subscriptions/{SUB}"}
    assert [row["properties"]["scope"] for row in found] == [r["scope"] for r in rows]
    assert {row["properties"]["principalId"] for row in found} == {GROUP}
    assert not any("principalId" in row for row in found)


def test_rows_that_are_wrapped_are_left_alone(tmp_path):
    row = assignment(f"/subscriptions/{SUB}")
    whole = {
        "id": row["id"],
        "type": ASSIGNMENTS,
        "properties": {"scope": row["scope"]},
    }

    assert only(tmp_path, {"value": [whole]})[4] == [whole]


def test_assignments_of_several_subscriptions_are_split(tmp_path):
    rows = [assignment(f"/subscriptions/{one}") for one in (SUB, OTHER)]

    do(tmp_path, {"x.json": [*rows, assignment("/")]}, tenant=TENANT)

    found = [(file, params) for _, file, _, params, _ in series(tmp_path)]
    assert found == [
        (TENANT, {"scope": "/", "$filter": "atScope()"}),
        (SUB, {"scope": f"/subscriptions/{SUB}"}),
        (OTHER, {"scope": f"/subscriptions/{OTHER}"}),
    ]


@pytest.mark.parametrize("scope", ["/", ROOT_GROUP])
def test_assignments_above_subscriptions_say_nothing_of_what_is_below(tmp_path, scope):
    found = only(tmp_path, [assignment(scope)], tenant=TENANT)

    assert found[:4] == (
        *(ASSIGNMENTS, TENANT, TENANT),
        {"scope": scope, "$filter": "atScope()"},
    )


def test_a_role_definition_of_the_cli_has_arm_s_shape(tmp_path):
    path = f"/subscriptions/{SUB}/providers/{DEFINITIONS}/r"
    row = {
        **{"id": path, "name": "r", "type": DEFINITIONS, "roleType": "CustomRole"},
        **{"roleName": "ops", "assignableScopes": ["/"], "permissions": []},
    }

    op, file, _, params, (found,) = only(tmp_path, [row])

    assert (op, file, params) == (DEFINITIONS, SUB, {"scope": f"/subscriptions/{SUB}"})
    assert found["type"] == DEFINITIONS
    assert found["properties"] == {
        **{"type": "CustomRole", "roleName": "ops"},
        **{"assignableScopes": ["/"], "permissions": []},
    }


def test_a_vm_of_the_cli_has_arm_s_shape(tmp_path):
    extension = {**resource(f"{VMS}/extensions"), "publisher": "p"}
    row = resource(
        VMS,
        vmId="v",
        tags={"env": "prod"},
        identity={"type": "SystemAssigned", "principalId": "p"},
        resources=[extension],
        powerState="VM running",
    )

    op, file, _, params, (found,) = only(tmp_path, [row])

    assert (op, file, params) == (VMS, SUB, {})
    assert found["tags"] == {"env": "prod"}
    assert found["identity"]["principalId"] == "p"
    assert found["properties"]["vmId"] == "v"
    assert found["resources"][0]["properties"] == {"publisher": "p"}
    status = {"code": "PowerState/running"}
    assert found["properties"]["instanceView"] == {"statuses": [status]}


@pytest.mark.parametrize(
    ("row", "op", "params"),
    [
        (resource(f"{COMPUTE}/virtualMachineScaleSets"), None, {}),
        (resource("Microsoft.HybridCompute/machines"), None, {}),
        (resource("microsoft.compute/VIRTUALMACHINES"), VMS, {}),
        (resource("Microsoft.ManagedIdentity/userAssignedIdentities"), None, {}),
        (resource("Microsoft.Automation/AutomationAccounts"), AUTOMATION, {}),
        (
            resource("Microsoft.Automation/AutomationAccounts", "a/runbooks/r")
            | {"type": "Microsoft.Automation/AutomationAccounts/Runbooks"},
            f"{AUTOMATION}/runbooks",
            "Microsoft.Automation/AutomationAccounts/a",
        ),
        (
            {"id": resource(AUTOMATION, "a/hybridRunbookWorkerGroups/g")["id"]},
            f"{AUTOMATION}/hybridRunbookWorkerGroups",
            f"{AUTOMATION}/a",
        ),
        (
            resource(AUTOMATION, "a/hybridRunbookWorkerGroups/g/hybridRunbookWorkers/w")
            | {"type": f"{AUTOMATION}/hybridRunbookWorkerGroups/hybridRunbookWorkers"},
            f"{AUTOMATION}/hybridRunbookWorkers",
            f"{AUTOMATION}/a/hybridRunbookWorkerGroups/g",
        ),
        (
            resource(f"{COMPUTE}/virtualMachineScaleSets", "s/virtualMachines/0")
            | {"type": f"{COMPUTE}/virtualMachineScaleSets/virtualMachines"},
            f"{COMPUTE}/virtualMachineScaleSets/virtualMachines",
            f"{COMPUTE}/virtualMachineScaleSets/s",
        ),
        (
            resource(f"{AUTH}/locks", level="ReadOnly"),
            f"{AUTH}/locks",
            {"scope": f"/subscriptions/{SUB}"},
        ),
        (
            resource("Microsoft.ManagedServices/registrationAssignments"),
            None,
            {"scope": f"/subscriptions/{SUB}"},
        ),
        (
            resource(f"{AUTH}/RoleEligibilityScheduleInstances"),
            f"{AUTH}/roleEligibilityScheduleInstances",
            {"scope": f"/subscriptions/{SUB}"},
        ),
        (
            resource(f"{AUTH}/denyAssignments"),
            None,
            {"scope": f"/subscriptions/{SUB}"},
        ),
    ],
)
def test_lists_of_resources_are_recognised_by_type(tmp_path, row, op, params):
    found = only(tmp_path, [row], tenant=TENANT)

    if isinstance(params, str):
        params = {"scope": f"/subscriptions/{SUB}/resourceGroups/rg/providers/{params}"}
    assert found[:4] == (op or row["type"], SUB, TENANT, params)


def test_resources_of_several_subscriptions_and_types_are_told_apart(tmp_path):
    rows = [
        resource(VMS),
        resource(VMS, sub=OTHER.upper()),
        resource("Microsoft.HybridCompute/machines"),
        resource("Microsoft.Storage/storageAccounts"),
    ]

    report = do(tmp_path, {"x.json": rows})

    assert [(one.op, one.scope, one.rows) for one in report.files[0].imported] == [
        (VMS, SUB, 1),
        (VMS, OTHER, 1),
        ("Microsoft.HybridCompute/machines", SUB, 1),
    ]


def cli_account(number, tenant=TENANT, **members):
    row = {"cloudName": "AzureCloud", "id": number, "tenantId": tenant, "name": "prod"}
    return {**row, "state": "Enabled", "user": {"name": "me@example.com"}, **members}


def test_subscriptions_of_the_cli_have_arm_s_shape(tmp_path):
    no_subscription = cli_account(TENANT, name="N/A(tenant level account)")

    found = only(tmp_path, [cli_account(SUB), no_subscription])

    row = {
        **{"id": f"/subscriptions/{SUB}", "subscriptionId": SUB},
        **{"displayName": "prod", "tenantId": TENANT, "state": "Enabled"},
    }
    assert found == (SUBSCRIPTIONS, TENANT, TENANT, {}, [row])


def test_subscriptions_of_several_tenants_are_split(tmp_path):
    rows = [cli_account(SUB), cli_account(OTHER, tenant=GROUP)]

    report = do(tmp_path, {"x.json": rows})

    assert [one.scope for one in report.files[0].imported] == [TENANT, GROUP]


@pytest.mark.parametrize("first", ["a.json", "z.json"])
def test_a_subscription_s_tenant_is_learnt_from_the_list(tmp_path, first):
    """Whatever the order of the files, and before what an option says."""
    row = {"id": f"/subscriptions/{SUB}", "subscriptionId": SUB, "tenantId": TENANT}
    files = {"m.json": [resource(VMS)], first: {"value": [row]}}

    do(tmp_path, dict(sorted(files.items())), tenant=GROUP)

    assert [(op, tenant) for op, _, tenant, _, _ in series(tmp_path)] == [
        (SUBSCRIPTIONS, TENANT),
        (VMS, TENANT),
    ]


def test_a_subscription_of_an_unknown_tenant_is_kept(tmp_path):
    assert only(tmp_path, [resource(VMS)])[:3] == (VMS, SUB, "")


def test_root_assignments_are_of_the_tenant_of_the_others(tmp_path):
    rows = [assignment(f"/subscriptions/{one}") for one in (SUB, OTHER)]
    subscriptions = [cli_account(SUB), cli_account(OTHER)]

    report = do(tmp_path, {"a.json": [*rows, assignment("/")], "b.json": subscriptions})

    assert [one.scope for one in report.files[0].imported] == [TENANT, SUB, OTHER]


def test_management_groups_of_the_cli_have_arm_s_shape(tmp_path):
    row = {"id": ROOT_GROUP, "name": TENANT, "displayName": "Root", "type": GROUPS}

    found = only(tmp_path, [{**row, "tenantId": TENANT}])

    assert found[:3] == (GROUPS, TENANT, TENANT)
    assert found[4][0]["properties"] == {"displayName": "Root", "tenantId": TENANT}


def test_an_expanded_management_group_is_a_tree(tmp_path):
    """`az account management-group show --expand --recurse`, one file for all."""
    subscription = {
        "id": f"/subscriptions/{SUB}",
        "name": SUB,
        "type": "/subscriptions",
    }
    child = {"id": f"/providers/{GROUPS}/child", "name": "child", "type": GROUPS}
    root = {
        **{"id": ROOT_GROUP, "name": TENANT, "type": f"/providers/{GROUPS}"},
        **{"tenantId": TENANT, "details": {"parent": None}},
        "children": [{**child, "children": [subscription]}],
    }

    do(tmp_path, {"x.json": root})

    (groups, below) = series(tmp_path)
    assert groups[:2] == (GROUPS, TENANT)
    parents = {row["name"]: row["properties"]["details"]["parent"] for row in groups[4]}
    assert parents == {TENANT: None, "child": {"id": ROOT_GROUP}}
    assert below[:2] == (f"{GROUPS}/subscriptions", TENANT)
    assert below[4][0]["properties"]["parent"] == {"id": child["id"]}


USER = {"id": "u", "userPrincipalName": "u@example.com"}
CONTEXT = "https://graph.microsoft.com/v1.0/$metadata#"
DIRECTORY = "roleManagement/directory"
PRIVILEGED = "identityGovernance/privilegedAccess/group"
MEMBER = {"@odata.type": "#microsoft.graph.user", "id": "u"}


@pytest.mark.parametrize(
    ("name", "content", "op", "params"),
    [
        ("x", [USER], "graph/users", {}),
        (
            "x",
            [{"id": "g", "securityEnabled": True, "groupTypes": []}],
            "graph/groups",
            {},
        ),
        (
            "x",
            [{"id": "s", "appId": "a", "servicePrincipalType": "Application"}],
            "graph/servicePrincipals",
            {},
        ),
        (
            "x",
            [{"id": "s", "appId": "a", "signInAudience": "AzureADMyOrg"}],
            "graph/applications",
            {},
        ),
        ("x", {"@odata.context": f"{CONTEXT}users", "value": []}, "graph/users", {}),
        (
            f"{TENANT}.json",
            {
                "@odata.context": f"{CONTEXT}servicePrincipals('x')/appRoleAssignedTo",
                "value": [],
            },
            "graph/servicePrincipals/appRoleAssignedTo",
            {"servicePrincipal": TENANT},
        ),
        (
            "given.json",
            [{"appRoleId": TENANT, "principalId": TENANT, "resourceId": TENANT}],
            "graph/servicePrincipals/appRoleAssignedTo",
            {"servicePrincipal": "given.json"},
        ),
        (
            "x",
            {"@odata.context": f"{CONTEXT}{DIRECTORY}/roleDefinitions", "value": []},
            "graph/roleDefinitions",
            {},
        ),
        (
            "x",
            {"@odata.context": f"{CONTEXT}groups(id,displayName)", "value": []},
            "graph/groups",
            {},
        ),
        (
            "x",
            {"@odata.context": f"{CONTEXT}{DIRECTORY}/roleAssignments", "value": []},
            "graph/roleAssignments",
            {},
        ),
        (
            "x",
            {
                "@odata.context": f"{CONTEXT}{PRIVILEGED}/eligibilityScheduleInstances",
                "value": [],
            },
            "graph/groupEligibility",
            {},
        ),
        (f"{GROUP.upper()}.json", [MEMBER], "graph/groups/members", {"group": GROUP}),
        (
            f"transitive-{GROUP}.json",
            [MEMBER],
            "graph/groups/transitiveMembers",
            {"group": GROUP},
        ),
        (f"owners_{GROUP}.json", [MEMBER], "graph/owners", {"object": GROUP}),
        (
            f"{GROUP}.json",
            {"@odata.context": f"{CONTEXT}directoryObjects", "value": []},
            "graph/groups/members",
            {"group": GROUP},
        ),
    ],
)
def test_graph_lists_are_recognised(tmp_path, name, content, op, params):
    found = only(tmp_path, content, name, tenant=TENANT)

    assert found[:4] == (op, TENANT, TENANT, params)


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ([MEMBER], "name the file after the object's id"),
        ([USER], "--tenant"),
        ([assignment("/")], "--tenant"),
    ],
)
def test_what_a_list_does_not_say_is_asked_for(tmp_path, content, hint):
    report = do(tmp_path, {"x.json": content})

    assert hint in report.refused[0].refusal


def test_resource_graph_answers_are_kept_as_they_are(tmp_path):
    body = {
        **{"totalRecords": 1, "count": 1, "resultTruncated": "false"},
        "data": [resource(VMS, tenantId=TENANT, properties={"vmId": "v"})],
    }

    assert only(tmp_path, body) == (
        *("ResourceGraph/resources", TENANT, TENANT, {}),
        body["data"],
    )


@pytest.mark.parametrize(
    ("content", "complete"),
    [
        ({"value": [resource(VMS)], "nextLink": "https://arm/next"}, False),
        ({"value": [resource(VMS)], "nextLink": None}, True),
        ({"value": [resource(VMS)], "nextLink": ""}, True),
        ({"value": [USER], "@odata.nextLink": "https://graph/next"}, False),
        ({"data": [resource(VMS)], "total_records": 2}, False),
        ({"data": [resource(VMS)], "total_records": 1, "skip_token": "t"}, False),
        ({"data": [resource(VMS)], "total_records": 1, "skip_token": None}, True),
        ({"data": [resource(VMS)], "resultTruncated": "true"}, False),
    ],
)
def test_an_export_that_stopped_early_is_incomplete(tmp_path, content, complete):
    do(tmp_path, {"x.json": content}, tenant=TENANT)

    assert coverage_of(open_estate(tmp_path / "estate")).complete is complete


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], "an empty list"),
        ({"value": []}, "an empty list"),
        ({"value": {}}, "not recognised"),
        (resource(VMS), "one object, not a list"),
        (USER, "one object, not a list"),
        (cli_account(SUB), "one object, not a list"),
        ([resource("Microsoft.Storage/storageAccounts")], "Microsoft.Storage"),
        ([{"a": 1}], "rows without a type"),
        (["x"], "not an object"),
        ({"data": []}, "an empty list"),
        ([cli_account(SUB, tenant="../../etc")], "no tenant id"),
    ],
)
def test_what_is_not_recognised_is_refused(tmp_path, content, reason):
    report = do(tmp_path, {"x.json": content}, tenant=TENANT)

    assert reason in report.refused[0].refusal
    assert "\n" not in report.refused[0].refusal
    assert not (tmp_path / "estate").exists()


ARM, MS_GRAPH = "https://management.azure.com", "https://graph.microsoft.com/v1.0"
IN_SUB = f"{ARM}/subscriptions/{SUB}/providers"
SETS = f"{COMPUTE}/virtualMachineScaleSets"
SET = f"/subscriptions/{SUB}/resourceGroups/rg/providers/{SETS}/web"


@pytest.mark.parametrize(
    ("link", "op", "stem", "params"),
    [
        (f"{IN_SUB}/{VMS}?api-version=1&$skipToken=a", VMS, SUB, {}),
        (f"{IN_SUB.lower()}/{VMS.lower()}?$skipToken=a", VMS, SUB, {}),
        (
            f"{IN_SUB}/{ASSIGNMENTS}?$skipToken=a",
            ASSIGNMENTS,
            SUB,
            {"scope": f"/subscriptions/{SUB}"},
        ),
        (f"{ARM}/providers/{ASSIGNMENTS}?a", ASSIGNMENTS, TENANT, {"scope": "/"}),
        (
            f"{ARM}{SET}/virtualMachines?$skipToken=a",
            f"{SETS}/virtualMachines",
            SUB,
            {"scope": SET},
        ),
        (f"{ARM}/subscriptions?$skipToken=a", SUBSCRIPTIONS, TENANT, {}),
        (f"{ARM}/providers/{GROUPS}?$skipToken=a", GROUPS, TENANT, {}),
    ],
)
def test_an_empty_page_is_of_the_list_that_its_link_names(
    tmp_path, link, op, stem, params
):
    """More was there: the list is kept as incomplete, a gap and never an empty list."""
    report = do(tmp_path, {"x.json": {"value": [], "nextLink": link}}, tenant=TENANT)

    assert not report.refused
    assert [(op, stem, TENANT, params, [])] == series(tmp_path)
    assert not coverage_of(open_estate(tmp_path / "estate")).complete


@pytest.mark.parametrize(
    ("path", "op", "params"),
    [
        ("users", "graph/users", {}),
        (f"groups/{GROUP.upper()}/members", "graph/groups/members", {"group": GROUP}),
        (
            f"groups/{GROUP}/transitiveMembers",
            "graph/groups/transitiveMembers",
            {"group": GROUP},
        ),
    ],
)
def test_an_empty_page_of_graph_is_too(tmp_path, path, op, params):
    body = {"value": [], "@odata.nextLink": f"{MS_GRAPH}/{path}?$skiptoken=a"}
    report = do(tmp_path, {"x.json": body}, tenant=TENANT)

    assert not report.refused
    assert [(op, TENANT, TENANT, params, [])] == series(tmp_path)


@pytest.mark.parametrize(
    "link",
    [
        "",
        7,
        "nonsense",
        "https://[",
        f"{ARM}/providers/Other.Thing/things?a",
        f"{MS_GRAPH}/me/messages?a",
        f"{MS_GRAPH}/groups/x/members?a",
    ],
)
def test_an_empty_page_whose_link_names_no_list_is_refused(tmp_path, link):
    report = do(tmp_path, {"x.json": {"value": [], "nextLink": link}}, tenant=TENANT)

    assert "an empty list" in report.files[0].refusal


@pytest.mark.parametrize("first", ["a", "z"])
def test_the_one_tenant_of_the_other_files_is_theirs_too(tmp_path, first):
    """Wherever the file stands that says it; the twin has two tenants, and asks."""
    accounts = [cli_account(SUB)]
    do(tmp_path, dict(sorted({"m.json": [USER], f"{first}.json": accounts}.items())))

    assert ("graph/users", TENANT, TENANT, {}, [USER]) in series(tmp_path)


def test_of_two_tenants_none_is_guessed(tmp_path):
    accounts = [cli_account(SUB), cli_account(OTHER, tenant=GROUP)]
    report = do(tmp_path, {"m.json": [USER], "z.json": accounts})

    assert [one.file.endswith("m.json") for one in report.refused] == [True]
    assert "--tenant" in report.refused[0].refusal
