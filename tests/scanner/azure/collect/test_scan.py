"""A whole scan of a small tenant, and the choices of what to scan."""

import json

import msgspec
import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.authorization import AuthorizationManagementClient
from azure_answers import failed, html, json_answer, refused, reset, throttled
from azure_scans import NoLimit, collect, evidence, faults, rows, series, small_tenant
from azure_server import TOKEN, azure_server
from azure_tenant import MANAGEMENT, AzureTenant, guid_of

from scanner.azure.lists import ACTIVITY, SIGN_INS
from scanner.azure.load import load_azure
from scanner.azure.operations import OPERATIONS
from scanner.azure.policies.shutting import shuts_of
from scanner.coverage import coverage_of
from scanner.errors import NothingReadable, UsageError
from scanner.evidence.manifest import read_manifest

AUTHORIZATION = "Microsoft.Authorization"
PROD = guid_of("subscription", "prod")
OLD = guid_of("subscription", "old")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """One undisturbed scan; tests look at its evidence and its request log."""
    folder = tmp_path_factory.mktemp("whole")
    with azure_server(small_tenant()) as server:
        collected = collect(server, folder)
    return folder, server, collected


def names(folder, op):
    return sorted(row["name"] for row in rows(folder, op))


def test_every_operation_is_asked_and_answered(whole):
    """Nothing is missing from a scan that nobody disturbs."""
    folder, server, collected = whole
    asked = {key.op for p in evidence(folder).partitions("azure") for key in p.series}

    assert asked == set(OPERATIONS) - {
        f"{MANAGEMENT[11:]}/descendants",
        *(ACTIVITY, SIGN_INS),
    }
    assert faults(folder) == {}
    assert collected.requests == len(server.requests)
    assert collected.faults == 0
    assert coverage_of(evidence(folder)).complete


def test_all_pages_are_read_as_they_came(whole):
    """Three VMs in pages of two; members that no SDK knows are kept."""
    folder, *_ = whole
    lists = list(series(folder, "Microsoft.Compute/virtualMachines"))
    found = rows(folder, "Microsoft.Compute/virtualMachines")

    assert [len(s.pages) for s in lists] == [2, 2]
    assert {"web", "db", "batch"} == {row["name"] for row in found}
    assert all(row["x-unknown"] == {"kept": True} for row in found)


def test_fields_that_sdk_models_drop_are_kept(whole):
    """An audit-only deny blocks nobody; a role's condition limits its holder."""
    folder, *_ = whole
    (deny,) = rows(folder, f"{AUTHORIZATION}/denyAssignments")
    roles = rows(folder, f"{AUTHORIZATION}/roleDefinitions")
    conditions = {
        row["properties"]["permissions"][0]["condition"]
        for row in roles
        if row["properties"]["roleName"] == "Assigner"
    }

    assert deny["properties"]["denyAssignmentEffect"] == "audit"
    assert {"@Request[x] StringEquals 'y'"} == conditions


def test_roles_that_no_list_shows_are_fetched(whole):
    """A custom role of one resource group is not in the subscription's list."""
    folder, *_ = whole
    roles = rows(folder, f"{AUTHORIZATION}/roleDefinitions")
    found = [row["properties"]["roleName"] for row in roles]

    assert sorted(found) == ["Assigner", "Custom", "Only one group", "VM Contributor"]


def test_policies_that_are_assigned_are_fetched_one_by_one(whole):
    """The lists hold thousands of built-in definitions that nobody assigned."""
    folder, server, _ = whole

    assert names(folder, f"{AUTHORIZATION}/policyDefinitions") == ["built-in", "ours"]
    assert names(folder, f"{AUTHORIZATION}/policySetDefinitions") == ["both"]
    assert len(server.asked("/policyDefinitions/")) == 2
    assert not [r for r in server.asked("/policy") if r.path.endswith("Definitions")]


@pytest.mark.parametrize("one_refused", [False, True])
def test_a_refused_definition_is_a_gap_and_denies_nothing(tmp_path, one_refused):
    with azure_server(small_tenant()) as server:
        if one_refused:
            server.fault("/policydefinitions/ours", refused())
        collect(server, tmp_path)
    (tenant,) = load_azure(evidence(tmp_path)).tenants.values()
    shut = shuts_of(tenant.policies)["microsoft.compute/virtualmachines/extensions"]

    assert coverage_of(evidence(tmp_path)).complete is not one_refused
    assert len(shut) == (1 if one_refused else 2)


def test_a_filtered_list_says_so_in_evidence(whole):
    """The built-in roles at `/` do not answer for the custom ones below it."""
    folder, *_ = whole
    asked = [
        s.key.parameters for s in series(folder, f"{AUTHORIZATION}/roleDefinitions")
    ]
    filters = {p["scope"]: p["$filter"] for p in asked if "role" not in p}

    built_in, custom = "type eq 'BuiltInRole'", "type eq 'CustomRole'"
    assert {"/": built_in, f"/subscriptions/{PROD}": custom} == filters


def test_assignments_are_asked_without_a_filter(whole):
    """What is assigned on one VM or inherited from a group comes back."""
    _, server, _ = whole
    asked = server.asked("/Microsoft.Authorization/roleAssignments")

    assert all(set(r.query) <= {"api-version", "$skiptoken"} for r in asked)
    scopes = {r.path.rpartition("/providers/")[0] for r in asked}
    groups = [f"{MANAGEMENT}/{name}" for name in ("corp", "prod", small_tenant().id)]
    assert {"", f"/subscriptions/{PROD}", *groups} == scopes


def test_the_hierarchy_says_where_everything_hangs(whole):
    """Each group with its parent, each subscription with its group."""
    folder, *_ = whole
    parents = {
        row["name"]: row["properties"]["details"]["parent"]
        for row in rows(folder, "Microsoft.Management/managementGroups")
        if "details" in row["properties"]
    }
    below = rows(folder, "Microsoft.Management/managementGroups/subscriptions")

    root = small_tenant().id
    assert {"id": f"{MANAGEMENT}/corp"} == parents["prod"]
    assert {"id": f"{MANAGEMENT}/{root}"} == parents["corp"]
    assert parents[root] is None
    places = {row["name"]: row["properties"]["parent"]["id"] for row in below}
    assert {PROD: f"{MANAGEMENT}/prod", OLD: f"{MANAGEMENT}/{root}"} == places


def test_groups_that_hold_something_are_opened_with_their_nested_ones(whole):
    """`lunch` holds nothing and is left closed."""
    folder, *_ = whole
    opened = {s.key.parameters["group"] for s in series(folder, "graph/groups/members")}
    flat = {
        s.key.parameters["group"]
        for s in series(folder, "graph/groups/transitiveMembers")
    }

    assert {guid_of("groups", "ops"), guid_of("groups", "inner")} == opened
    assert {guid_of("groups", "ops")} == flat
    assert guid_of("users", "bob") in {
        row["id"] for row in rows(folder, "graph/groups/transitiveMembers")
    }


def test_owners_of_what_holds_roles_are_asked(whole):
    """An owner of the application behind a service principal can become it."""
    folder, *_ = whole
    owners = {
        s.key.parameters["object"]: [
            row["id"] for page in s.plain() for row in page["value"]
        ]
        for s in series(folder, "graph/owners")
    }

    assert [guid_of("users", "ann")] == owners[guid_of("applications", "ci")]
    assert [guid_of("users", "bob")] == owners[guid_of("groups", "ops")]
    assert owners[guid_of("servicePrincipals", "ci")] == []


def test_applications_with_a_strong_permission_are_looked_at_too(whole):
    """They hold no role of Azure; whoever owns one of them manages the directory."""
    folder, *_ = whole
    given = rows(folder, "graph/servicePrincipals/appRoleAssignedTo")
    asked = {s.key.parameters["object"] for s in series(folder, "graph/owners")}

    assert len(given) == 2
    assert guid_of("applications", "strong") in asked
    assert guid_of("applications", "weak") not in asked


@pytest.mark.parametrize(
    ("role", "asked"),
    [("62e90394-69f5-4237-9190-012177145e10", 0), (guid_of("role", "own"), 1)],
    ids=["known everywhere", "perhaps the directory's own"],
)
def test_definitions_of_directory_roles_are_asked_where_one_is_not_known(
    tmp_path, role, asked
):
    tenant = AzureTenant()
    tenant.subscription("prod", parent="")
    tenant.direct(tenant.user("ann"), role)
    with azure_server(tenant) as server:
        collect(server, tmp_path)

    found = server.asked("/roleManagement/directory/roleDefinitions")
    assert asked == len(found)


def test_what_is_nested_is_found(whole):
    """Instances of uniform scale sets, workers of groups, credentials of identities."""
    folder, *_ = whole
    sets = "Microsoft.Compute/virtualMachineScaleSets"
    automation = "Microsoft.Automation/automationAccounts"

    assert names(folder, f"{sets}/virtualMachines") == ["fleet_0", "fleet_1", "fleet_2"]
    assert len(rows(folder, f"{automation}/hybridRunbookWorkers")) == 1
    assert len(rows(folder, f"{automation}/runbooks")) == 1
    credentials = "federatedIdentityCredentials"
    identities = "Microsoft.ManagedIdentity/userAssignedIdentities"
    assert len(rows(folder, f"{identities}/{credentials}")) == 1


def test_a_scan_only_reads(whole):
    """The server fails the block on anything else; the log shows it once more."""
    _, server, _ = whole

    assert {"GET"} == {request.method for request in server.requests}
    assert {200} == {request.status for request in server.requests}


def test_the_manifest_says_what_was_asked_and_what_was_not(whole):
    """A disabled subscription is known, named, and not read."""
    folder, _, collected = whole
    manifest = read_manifest(folder / "estate")

    scopes = {scope.id: scope for scope in manifest.scopes}
    assert {small_tenant().id, PROD, OLD} == set(scopes)
    assert (scopes[OLD].skipped, scopes[PROD].skipped) == ("Disabled", None)
    assert ("prod", small_tenant().id) == (scopes[PROD].name, scopes[PROD].tenant)
    assert collected.skipped == ((OLD, "Disabled"),)
    files = {f"azure/{small_tenant().id}.jsonl", f"azure/{PROD}.jsonl"}
    assert files == set(manifest.files)
    assert manifest.finished


def test_the_sdk_s_own_lists_agree_with_the_evidence(whole, tmp_path):
    """An independent reader of the same server: the SDK's operations and models.

    It also shows why they are not used: the model has lost the deny's effect.
    """
    folder, *_ = whole
    with azure_server(small_tenant()) as server:
        sdk = AuthorizationManagementClient(
            _Fixed(), PROD, base_url=server.arm, authentication_policy=_Bearer()
        )
        scope = f"/subscriptions/{PROD}"
        assigned = {row.id for row in sdk.role_assignments.list_for_scope(scope)}
        denied = list(sdk.deny_assignments.list_for_scope(scope))
        sdk.close()

    op = f"{AUTHORIZATION}/roleAssignments"
    assert assigned == {row["id"] for row in rows(folder, op)}
    assert [row.deny_assignment_name for row in denied] == ["watch"]
    assert "audit" not in str(denied[0].as_dict())


class _Fixed:
    def get_token(self, *_scopes, **_options):
        return AccessToken(TOKEN, 2**40)


class _Bearer(SansIOHTTPPolicy):
    def on_request(self, request):
        request.http_request.headers["Authorization"] = f"Bearer {TOKEN}"


@pytest.mark.parametrize("cloud", ["government", "china"])
def test_a_sovereign_cloud_is_read_the_same_way(whole, tmp_path, cloud):
    """No public host is in the way of it: the network guard would refuse one."""
    folder, *_ = whole
    with azure_server(small_tenant()) as server:
        collect(server, tmp_path, cloud=cloud)

    op = f"{AUTHORIZATION}/roleAssignments"
    assert rows(folder, op) == rows(tmp_path, op)
    assert faults(tmp_path) == {}


def test_only_named_subscriptions_are_read(tmp_path):
    """One that is asleep is read when it is named."""
    with azure_server(small_tenant()) as server:
        collected = collect(server, tmp_path, subscriptions=(OLD.upper(),))

    assert collected.subscriptions == (OLD,)
    assert collected.skipped == ()
    assert not server.asked(PROD)


def test_a_subscription_that_nobody_sees_is_a_gap_and_not_silence(tmp_path):
    """It was asked for: coverage has to say that it could not be read."""
    unknown = guid_of("nowhere")
    with azure_server(small_tenant()) as server:
        collected = collect(server, tmp_path, subscriptions=(unknown,))

    assert (unknown,) == collected.subscriptions
    (scope,) = [s for s in coverage_of(evidence(tmp_path)).scopes if s.id == unknown]
    assert scope.answered == 0
    assert scope.gaps


def test_a_management_group_limits_the_scan_to_what_is_below(tmp_path):
    """However deep; the tenant's own lists are read all the same."""
    tenant = small_tenant()
    tenant.subscription("beside")
    with azure_server(tenant) as server:
        collected = collect(server, tmp_path, management_group="corp")

    assert collected.subscriptions == (PROD,)
    assert rows(tmp_path, "Microsoft.Management/managementGroups/descendants")


def test_a_management_group_that_cannot_be_read_is_a_gap(tmp_path):
    """Nothing below it is known; that is not the same as nothing below it."""
    with azure_server(small_tenant()) as server:
        collected = collect(server, tmp_path, management_group="nowhere")

    assert collected.subscriptions == ()
    assert "Microsoft.Management/managementGroups/descendants" in faults(tmp_path)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"subscriptions": ("prod",)}, "--subscription prod"),
        ({"subscriptions": ("../../etc",)}, "--subscription"),
        ({"subscriptions": (PROD,), "management_group": "corp"}, "choose one"),
        ({"tenant": "a/b"}, "--tenant"),
        ({"tenant": ""}, "--tenant"),
        ({"management_group": "../x"}, "--management-group"),
        ({"management_group": "a/b"}, "--management-group"),
        ({"credential": "static:/nowhere/token"}, "/nowhere/token"),
    ],
)
def test_options_that_do_not_fit_are_one_line(tmp_path, options, named):
    """Nothing is asked, and no evidence file is begun."""
    with azure_server(small_tenant()) as server, pytest.raises(UsageError, match=named):
        collect(server, tmp_path, **options)

    assert server.requests == []
    assert not (tmp_path / "estate" / "azure").exists()


@pytest.mark.parametrize("text", ["", " \n", "two words", "schlüssel", "a\nb"])
def test_a_token_file_without_a_token_is_one_line(tmp_path, text):
    """A header made of it would break, or say more than it should."""
    file = tmp_path / "odd"
    file.write_text(text)
    with azure_server(small_tenant()) as server, pytest.raises(UsageError, match="odd"):
        collect(server, tmp_path, credential=f"static:{file}")


def test_a_credential_that_is_refused_reads_nothing(tmp_path):
    """Exit code 4: one line with the provider's words."""
    with azure_server(small_tenant()) as server:
        server.expire()
        with pytest.raises(NothingReadable, match="InvalidAuthenticationToken"):
            collect(server, tmp_path)


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (refused(), "--tenant"),
        (refused("InvalidAuthenticationToken", 401), "get a new one"),
        (html(), "--arm-endpoint"),
        (throttled(), "--max-rate"),
        (reset(), "network"),
        (failed(500), "later"),
    ],
    ids=["refused", "expired", "html", "throttled", "reset", "failed"],
)
def test_the_advice_fits_what_keeps_the_subscriptions_away(tmp_path, fault, hint):
    """Naming the tenant helps only who may not list subscriptions."""
    with azure_server(small_tenant()) as server:
        server.fault("/subscriptions?", fault)
        with pytest.raises(NothingReadable) as caught:
            collect(server, tmp_path)

    assert hint in str(caught.value)
    assert ("--tenant" in str(caught.value)) == (hint == "--tenant")


def test_a_tenant_that_an_opaque_token_cannot_confirm_is_said(tmp_path):
    """The twins: a subscription is of that tenant, or no tenant was named."""
    with azure_server(small_tenant()) as server:
        for name, tenant, words in [
            ("own", AzureTenant().id, ()),
            ("none", None, ()),
            ("other", guid_of("another"), (guid_of("another"), AzureTenant().id)),
            ("domain", "contoso.example", ("contoso.example", "no effect")),
        ]:
            (tmp_path / name).mkdir()
            advice = collect(server, tmp_path / name, tenant=tenant).advice

            assert len(advice) == (1 if words else 0)
            assert all(word in advice[0] for word in words)


def test_a_credential_that_sees_nothing_needs_a_tenant(tmp_path):
    """With a tenant named, its directory can still be read."""
    with azure_server(AzureTenant()) as server:
        with pytest.raises(NothingReadable, match="--tenant"):
            collect(server, tmp_path)
        collected = collect(server, tmp_path, tenant=AzureTenant().id.upper())

    assert (AzureTenant().id, ()) == (collected.tenant, collected.subscriptions)


def test_subscriptions_of_several_tenants_need_a_tenant(tmp_path):
    """A partner sees its customers' subscriptions beside its own."""
    tenant = AzureTenant()
    tenant.subscription("own")
    customer = guid_of("customer")
    row = {
        "subscriptionId": guid_of("theirs"),
        "tenantId": customer,
        "state": "Enabled",
    }
    tenant.put("/subscriptions", row)
    with azure_server(tenant) as server:
        with pytest.raises(UsageError, match="--tenant"):
            collect(server, tmp_path)
        collect(server, tmp_path, tenant=tenant.id)

    files = {p.name: p for p in evidence(tmp_path).partitions("azure")}
    found = {key.tenant for key in files[guid_of("theirs")].series}
    assert {customer} == found


def test_a_hostile_subscription_id_names_no_file(tmp_path):
    """It is recorded as malformed; the others are read."""
    tenant = AzureTenant()
    tenant.subscription("prod")
    for odd in ("../../escape", "", None, 7, PROD + "/x"):
        tenant.put("/subscriptions", {"subscriptionId": odd, "state": "Enabled"})
    with azure_server(tenant) as server:
        collected = collect(server, tmp_path)

    assert collected.subscriptions == (PROD,)
    files = {path.name for path in (tmp_path / "estate").rglob("*") if path.is_file()}
    assert {"manifest.json", f"{tenant.id}.jsonl", f"{PROD}.jsonl"} == files
    assert faults(tmp_path)["Microsoft.Resources/subscriptions"][1] == "malformed"


@pytest.mark.parametrize(
    "odd",
    [
        "/subscriptions/../providers/x",
        f"/subscriptions/{PROD}/../{OLD}/x",
        f"/subscriptions/{OLD}/resourceGroups/x",
        "//evil.example/x",
        "https://evil.example/x",
        None,
        "",
    ],
)
def test_a_hostile_resource_id_leads_nowhere(tmp_path, odd):
    """An id decides what is asked next; outside its subscription nothing is."""
    tenant = AzureTenant()
    sub = tenant.subscription("prod")
    tenant.put(
        f"{sub.scope}/providers/Microsoft.Automation/automationAccounts", {"id": odd}
    )
    with azure_server(tenant) as server:
        collect(server, tmp_path)

    found = faults(tmp_path)
    op = "Microsoft.Automation/automationAccounts/runbooks"
    assert found[op] == ("MalformedAnswer", "malformed")
    assert not server.asked("runbooks")


def test_a_throttle_is_waited_out_and_slows_the_scan_down(tmp_path):
    """The twin of a throttle that does not end."""
    rates = NoLimit()
    with azure_server(small_tenant()) as server:
        server.fault("/virtualmachines?", throttled("0.02"), times=2)
        collect(server, tmp_path, rates=rates)

    assert faults(tmp_path) == {}
    slowed = rates.bucket("azure", "arm", PROD).rate
    assert slowed < rates.bucket("azure", "graph", small_tenant().id).rate


def test_a_quota_that_runs_low_slows_the_scan_down(tmp_path):
    """The reads that are left belong to the tenant's own work."""
    rates = NoLimit()
    low = {"x-ms-ratelimit-remaining-subscription-reads": "4"}

    def scarce(answer):
        return json_answer(answer.page, **low)

    with azure_server(small_tenant()) as server:
        server.fault("/locks", scarce)
        collect(server, tmp_path, rates=rates)

    slowed = rates.bucket("azure", "arm", PROD).rate
    assert slowed < rates.bucket("azure", "graph", small_tenant().id).rate


def test_one_refused_subscription_leaves_the_others_whole(tmp_path):
    """A refusal is a gap of that subscription only."""
    tenant = small_tenant()
    other = tenant.subscription("other")
    with azure_server(tenant) as server:
        server.fault(f"/subscriptions/{other.id}", refused())
        collect(server, tmp_path)

    states = {s.id: s.state for s in coverage_of(evidence(tmp_path)).scopes}
    assert (states[other.id], states[PROD]) == ("unreadable", "complete")


def test_a_deleted_group_is_not_asked_for_its_members(tmp_path):
    """Assignments outlive their principals; the group list was read to its end."""
    tenant = small_tenant()
    gone = guid_of("gone")
    tenant.assign(gone, tenant.role("R", ["*"]), f"/subscriptions/{PROD}", "Group")
    with azure_server(tenant) as server:
        collect(server, tmp_path)

    assert not server.asked(gone)
    assert faults(tmp_path) == {}


def test_without_the_group_list_the_assignments_say_who_is_a_group(tmp_path):
    """The twin: what is not known to be gone is asked."""
    with azure_server(small_tenant()) as server:
        server.fault("/v1.0/groups?", refused("Authorization_RequestDenied"))
        collect(server, tmp_path)

    assert server.asked(f"{guid_of('groups', 'ops')}/members")


def test_a_cycle_of_groups_ends(tmp_path):
    """A group that contains itself by way of another is opened once."""
    tenant = small_tenant()
    ops, inner = guid_of("groups", "ops"), guid_of("groups", "inner")
    row = {"@odata.type": "#microsoft.graph.group", "id": ops}
    tenant.put(f"/v1.0/groups/{inner}/members", row)
    with azure_server(tenant) as server:
        collect(server, tmp_path)

    pages = server.asked(f"{ops}/members")
    assert len([r for r in pages if "$skiptoken" not in r.query]) == 1


def test_groups_that_may_be_joined_by_groups_are_opened_too(tmp_path):
    """A group that is eligible (PIM) to join one that holds a role."""
    tenant = small_tenant()
    ops, lunch = guid_of("groups", "ops"), guid_of("groups", "lunch")
    path = (
        "/v1.0/identitygovernance/privilegedaccess/group/eligibilityscheduleinstances"
    )
    tenant.put(path, {"groupId": ops, "principalId": lunch, "accessId": "member"})
    with azure_server(tenant) as server:
        collect(server, tmp_path)

    assert server.asked(f"{lunch}/members")


def test_rows_of_any_shape_end_no_scan(tmp_path):
    """Facts that steer the scan are looked for, never assumed."""
    tenant = small_tenant()
    odd = [
        {},
        {"properties": None},
        {"properties": []},
        {"properties": {"principalId": 5, "roleDefinitionId": 7}},
        {"properties": {"principals": [None, 1, {"id": []}], "principalType": {}}},
        {"id": 5, "name": [], "type": None},
    ]
    for kind in ("roleAssignments", "denyAssignments"):
        tenant.scoped[f"{AUTHORIZATION}/{kind}"].clear()
    with azure_server(tenant, page_size=100) as server:
        for match in ("assignments?", "/v1.0/", "definitions?", "scalesets?"):
            server.fault(match, json_answer({"value": odd}))
        collect(server, tmp_path)

    assert odd == msgspec.json.decode(json.dumps(rows(tmp_path, "graph/users")))
