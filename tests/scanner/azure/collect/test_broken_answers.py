"""Every fault over the wire ends as an error in evidence, never as an empty list."""

import pytest
from azure_answers import (
    empty,
    endless,
    failed,
    html,
    json_answer,
    linked,
    not_gzip,
    null_value,
    redirected,
    refused,
    renamed,
    reset,
    shorter_than_said,
    slow,
    throttled,
    truncated,
    twice,
    unknown_version,
    without_value,
)
from azure_scans import HASTY, collect, evidence, faults, rows, series, small_tenant
from azure_server import azure_server
from azure_tenant import AzureTenant

from scanner.azure.collect.options import Timings
from scanner.azure.operations import OPERATIONS
from scanner.coverage import coverage_of

VMS = "Microsoft.Compute/virtualMachines"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
IMPATIENT = Timings(
    connect=1, read=0.3, tries=1, first_wait=0.001, longest_wait=0.01, call=0.5
)


def one_subscription() -> AzureTenant:
    tenant = AzureTenant()
    sub = tenant.subscription("prod")
    sub.vm("web")
    role = tenant.role("Operator", ["Microsoft.Compute/*"])
    tenant.assign(tenant.user("ann"), role, sub.scope)
    return tenant


@pytest.mark.parametrize(
    ("fault", "code", "outcome"),
    [
        (empty(), "MalformedAnswer", "malformed"),
        (empty(204), "MalformedAnswer", "malformed"),
        (empty(202), "MalformedAnswer", "malformed"),
        (html(), "MalformedAnswer", "malformed"),
        (html(403), "403", "refused"),
        (truncated, "MalformedAnswer", "malformed"),
        (null_value, "MalformedAnswer", "malformed"),
        (renamed("Value"), "MalformedAnswer", "malformed"),
        (twice('"value": []'), "MalformedAnswer", "malformed"),
        (twice('"Value": []'), "MalformedAnswer", "malformed"),
        (twice(r'"v\u0061lue": []'), "MalformedAnswer", "malformed"),
        (without_value, "MalformedAnswer", "malformed"),
        (json_answer([]), "MalformedAnswer", "malformed"),
        (json_answer(None), "MalformedAnswer", "malformed"),
        (json_answer({"error": {"code": "X"}}), "MalformedAnswer", "malformed"),
        (shorter_than_said(), "MalformedAnswer", "malformed"),
        (not_gzip(), "MalformedAnswer", "malformed"),
        (redirected("https://login.example/"), "MalformedAnswer", "malformed"),
        (refused(), "AuthorizationFailed", "refused"),
        (refused("InsufficientPermissions", 400), "InsufficientPermissions", "refused"),
        (
            refused("AadPremiumLicenseRequired", 400),
            "AadPremiumLicenseRequired",
            "not-enabled",
        ),
        (refused("SubscriptionNotFound", 404), "SubscriptionNotFound", "failed"),
        (failed(500), "500", "failed"),
        (throttled(), "TooManyRequests", "throttled"),
        (throttled("0.01"), "TooManyRequests", "throttled"),
        (throttled("-7"), "TooManyRequests", "throttled"),
        (throttled("1000000000"), "TooManyRequests", "throttled"),
        (throttled("Tue, 01 Dec 2099 00:00:00 GMT"), "TooManyRequests", "throttled"),
        (linked("https://evil.example/x"), "ForeignNextLink", "malformed"),
        (linked("http://127.0.0.1:1/x"), "ForeignNextLink", "malformed"),
        (linked(7), "MalformedAnswer", "malformed"),
        (unknown_version, "UnknownApiVersion", "failed"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_fault_is_an_error_and_the_other_lists_are_read(
    tmp_path, fault, code, outcome
):
    """The twin is the same scan without the fault: `ann` holds a role on `web`."""
    with azure_server(one_subscription()) as server:
        for match in ("compute/virtualmachines?", "authorization/roleassignments?"):
            server.fault(match, fault)
        collected = collect(server, tmp_path)

    found = faults(tmp_path)
    assert {VMS, ASSIGNMENTS} == set(found)
    assert {(code, outcome)} == {found[VMS], found[ASSIGNMENTS]}
    assert collected.faults > 2
    assert rows(tmp_path, "graph/users")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (reset(), "ConnectionFailed"),
        (slow(0.6), "Timeout"),
        (endless(), "Timeout"),
    ],
    ids=["reset", "slow", "endless"],
)
def test_a_silent_server_ends_in_time(tmp_path, fault, code):
    """The lost list is a gap; the scan goes on."""
    with azure_server(one_subscription()) as server:
        server.fault("/v1.0/users", fault)
        collect(server, tmp_path, timings=IMPATIENT)

    assert {"graph/users": (code, "failed")} == faults(tmp_path)


#: Lists that others are found by, and how the last words of their paths end.
PARENTS = {
    "Microsoft.Resources/subscriptions/resourceGroups",
    "Microsoft.Management/managementGroups",
    "Microsoft.Compute/virtualMachineScaleSets",
    "Microsoft.Automation/automationAccounts",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.DevTestLab/labs",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/policyAssignments",
    "graph/groups",
    "graph/servicePrincipals",
    "graph/applications",
}
#: Asked with `--management-group` only.
ELSEWHERE = {"Microsoft.Management/managementGroups/descendants"}


#: How requests are told apart where the operation's last word does not do.
PATHS = {
    "Microsoft.Management/managementGroups/subscriptions": "/corp/subscriptions?",
    "Microsoft.Authorization/roleAssignments": "authorization/roleassignments?",
    "Microsoft.Authorization/policyDefinitions": "/policydefinitions/",
    "Microsoft.Authorization/policySetDefinitions": "/policysetdefinitions/",
    "graph/roleAssignments": "directory/roleassignments",
    "graph/directoryRoles": "/directoryroles",
    "graph/roleEligibilityScheduleInstances": "directory/roleeligibility",
    "graph/groupEligibility": "group/eligibility",
    "graph/groups": "/v1.0/groups?",
    "Microsoft.SerialConsole/consoleServices": "/consoleservices/default?",
    "graph/users/signInActivity": "signinactivity",
}


#: Both: found by another list, and others are found by it.
BETWEEN = {
    "Microsoft.Automation/automationAccounts/hybridRunbookWorkerGroups",
    "Microsoft.Authorization/policySetDefinitions",
}
LEAVES = set(OPERATIONS) - PARENTS - BETWEEN - ELSEWHERE - {SUBSCRIPTIONS}


@pytest.mark.parametrize(
    "ops",
    [{SUBSCRIPTIONS}, PARENTS, BETWEEN, LEAVES],
    ids=["subscriptions", "parents", "between", "leaves"],
)
def test_every_list_that_is_refused_is_a_gap(tmp_path, ops):
    """Level by level, because a refused list hides those that are found by it."""
    tenant = small_tenant()
    with azure_server(tenant) as server:
        for op in ops:
            server.fault(PATHS.get(op, f"/{op.rpartition('/')[2]}?"), refused())
        collect(server, tmp_path, tenant=tenant.id, usage=True)

    found = faults(tmp_path)
    assert set() == ops - set(found)
    assert {"refused"} == {outcome for _, outcome in found.values()}


def test_a_scan_that_takes_too_long_says_what_is_left(tmp_path):
    """Every list is then an error, and the scan ends."""
    late = Timings(scan=0.0)
    with azure_server(one_subscription()) as server:
        collect(server, tmp_path, timings=late, tenant=AzureTenant().id)

    assert server.requests == []
    assert {("Timeout", "failed")} == set(faults(tmp_path).values())


def test_a_fault_on_a_later_page_keeps_the_pages_before_it(tmp_path):
    """The series is not answered, but nobody who was read gets lost."""
    with azure_server(small_tenant(), page_size=1) as server:
        server.fault("$skiptoken=1", null_value)
        collect(server, tmp_path)

    broken = [s for s in series(tmp_path, VMS) if not s.answered]
    assert [len(s.pages) for s in broken] == [1, 1]
    assert {"MalformedAnswer"} == {code for code, _ in faults(tmp_path).values()}
    assert len(faults(tmp_path)) > 10


def test_a_link_back_to_a_page_already_read_is_a_loop(tmp_path):
    """Page 1 names page 0 as the next one: the scan ends."""
    with azure_server(one_subscription()) as server:
        server.fault("/v1.0/users", linked(f"{server.graph}/v1.0/users?again=1"))
        collect(server, tmp_path)

    assert faults(tmp_path) == {"graph/users": ("TokenLoop", "malformed")}
    assert len(server.asked("/v1.0/users")) == 2


def test_links_that_never_repeat_end_at_the_page_cap(tmp_path):
    """A server that invents pages cannot hold the scan for ever."""
    count = iter(range(10**6))
    with azure_server(one_subscription()) as server:

        def another(answer):
            return linked(f"{server.graph}/v1.0/users?page={next(count)}")(answer)

        server.fault("/v1.0/users", another)
        collect(server, tmp_path)

    assert faults(tmp_path) == {"graph/users": ("TokenLoop", "malformed")}
    assert HASTY.pages == len(server.asked("/v1.0/users"))


def test_an_older_api_version_is_asked_only_when_the_service_asks_for_it(tmp_path):
    """Evidence says which version answered: an older one knows no effect of a deny."""
    with azure_server(small_tenant()) as server:
        server.fault("denyassignments?api-version=2026", unknown_version)
        collect(server, tmp_path)

    asked = {s.key.parameters["api-version"] for s in denies(tmp_path)}
    assert {"2024-07-01-preview"} == asked
    assert faults(tmp_path) == {}


def test_a_refusal_is_no_reason_for_another_version(tmp_path):
    """The twin of the version fall-back."""
    with azure_server(small_tenant()) as server:
        server.fault("denyassignments", refused())
        collect(server, tmp_path)

    asked = {request.query["api-version"] for request in server.asked("denyAssign")}
    assert {"2026-09-01"} == asked


def denies(folder):
    return series(folder, "Microsoft.Authorization/denyAssignments")


def test_a_service_that_a_cloud_does_not_have_is_no_gap(tmp_path):
    """The twin: a list that decides exists everywhere, so there it is one."""
    with azure_server(one_subscription()) as server:
        server.fault("automationaccounts", refused("InvalidResourceType", 404))
        server.fault("hybridcompute/machines", refused("InvalidResourceType", 404))
        collect(server, tmp_path)

    found = faults(tmp_path)
    assert found["Microsoft.Automation/automationAccounts"][1] == "unsupported"
    assert found["Microsoft.HybridCompute/machines"][1] == "failed"


def test_an_expired_credential_stops_the_questions_and_says_how_to_go_on(tmp_path):
    """What is left of the tenant and of each subscription is `expired`, not empty."""
    with azure_server(one_subscription()) as server:
        server.fault("/deny", refused("ExpiredAuthenticationToken", 401))
        collect(server, tmp_path, workers=1)
        sent = [r for r in server.requests if r.path.startswith("/subscriptions/")]

    found = [
        s
        for p in evidence(tmp_path).partitions("azure")
        for s in p.series.values()
        if s.error and s.error.code == "Expired"
    ]
    assert VMS in {s.key.op for s in found}
    assert all("--resume" in s.error.message for s in found if s.error)
    assert {"roleAssignments", "denyAssignments"} == {
        r.path.rpartition("/")[2] for r in sent
    }
    assert rows(tmp_path, "graph/users")


def test_coverage_shows_the_gaps_with_the_right_to_add(tmp_path):
    """The report's first block is made from the evidence alone."""
    with azure_server(one_subscription()) as server:
        server.fault("/v1.0/groups", refused("Authorization_RequestDenied"))
        collect(server, tmp_path)

    gaps = [
        gap for scope in coverage_of(evidence(tmp_path)).scopes for gap in scope.gaps
    ]
    assert [(gap.what, gap.permission) for gap in gaps] == [
        ("graph/groups", "GroupMember.Read.All")
    ]
