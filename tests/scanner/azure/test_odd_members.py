"""Rows that leave out what matters: what rests on it is named, unknown, or a gap."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    RUN,
    SUB,
    TENANT,
    account_id,
    assignment,
    block,
    group,
    group_scope,
    guid,
    line,
    loaded,
    machine,
    management_group,
    placed,
    rg_scope,
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
from scanner.grants import Verdict

S = subscription_scope()
MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
ASSIGN = f"{MMI}/assign/action"
LABS = "Microsoft.DevTestLab/labs/virtualMachines"
WORKERS = "Microsoft.Automation/automationAccounts/hybridRunbookWorkers"
JOBS = "Microsoft.Automation/automationAccounts/jobs/write"
CLASSIC = f"{AUTHORIZATION}/classicAdministrators"
DEFINE = f"{AUTHORIZATION}/roleDefinitions/write"
WEB = "Microsoft.Web/sites"
WORKER = f"{account_id()}/hybridRunbookWorkerGroups/all/hybridRunbookWorkers/w"
IDENTITY = f"{rg_scope()}/providers/{MMI}/i"
SITE = f"{rg_scope()}/providers/{WEB}/w"


def estate(tmp_path, *below, tenant=(), **more):
    lines = tenant_lines(users=[user("u")], **more) + list(tenant)
    listed = subscription_lines(
        [machine(vm_id())], accounts=[{"id": account_id(), "name": "auto"}]
    )
    return loaded(tmp_path, lines, (SUB, [*listed, *below]))


def named(found):
    return {one.id for one in decide_azure(found).not_covered}


def here(op, *rows):
    return line(op, rows, subscription=SUB)


@pytest.mark.parametrize(
    ("op", "whole", "odd", "vector"),
    [
        (MMI, {"properties": {"principalId": guid("i")}}, {}, ASSIGN),
        (MMI, {"properties": {"principalId": guid("i")}}, {"properties": {}}, ASSIGN),
        (
            LABS,
            {"properties": {"computeId": vm_id()}},
            {"properties": {"computeId": ""}},
            f"{LABS}/applyArtifacts/action",
        ),
        (
            WORKERS,
            {"properties": {"vmResourceId": vm_id()}},
            {"properties": None},
            JOBS,
        ),
        (
            CLASSIC,
            {"properties": {"emailAddress": "a@x.example", "role": "CoAdministrator"}},
            {"properties": {"role": "CoAdministrator"}},
            CLASSIC,
        ),
        (
            WEB,
            {"identity": {"type": "SystemAssigned", "principalId": guid("i")}},
            {"identity": {"type": "SystemAssigned"}},
            f"{WEB}/write",
        ),
        (
            WEB,
            {"identity": None},
            {"identity": {"userAssignedIdentities": {IDENTITY: {}}}},
            f"{WEB}/write",
        ),
    ],
)
def test_a_way_is_named_where_a_row_does_not_say_through_what(
    tmp_path, op, whole, odd, vector
):
    row = {"id": WORKER if op == WORKERS else IDENTITY if op == MMI else SITE}
    good, bad = here(op, {**row, **whole}), here(op, {**row, **odd})

    assert vector not in named(estate(tmp_path / "good", good))
    assert vector in named(estate(tmp_path / "bad", bad))


@pytest.mark.parametrize(
    ("op", "row"),
    [
        ("Microsoft.HybridCompute/machines", {"id": ""}),
        (MMI, {"id": "", "properties": {"principalId": guid("i")}}),
        ("graph/groups", {"id": ""}),
        ("graph/roleAssignments", {"roleDefinitionId": "", "principalId": guid("u")}),
        ("graph/groupEligibility", {"groupId": "", "principalId": guid("u")}),
    ],
)
def test_an_empty_id_names_nothing_and_is_a_gap(tmp_path, op, row):
    found = estate(tmp_path, tenant=[line(op, [row], {"$filter": "x"})])

    assert op in {gap.what for gap in found.gaps}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Verdict.ALLOWED),
        ({"type": None}, Verdict.ALLOWED),
        ({"type": "BuiltInRole"}, None),
        ({"assignableScopes": None}, Verdict.UNKNOWN),
        ({"assignableScopes": []}, Verdict.UNKNOWN),
        ({"assignableScopes": [""]}, Verdict.UNKNOWN),
        ({"assignableScopes": [S, "/"]}, None),
    ],
)
def test_who_rewrites_a_role_of_unknown_scopes_is_unknown(tmp_path, change, expected):
    odd = role("odd", block([DEFINE]))
    odd["properties"] |= {"assignableScopes": [S], **change}
    held = [assignment("u", "odd", S)]
    rows = rows_of(decide_azure(estate(tmp_path, roles=[odd], assignments=held)))

    found = rows.get(("u", DEFINE, "vm"))
    assert (found.verdict if found else None) is expected


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([management_group(TENANT), management_group("p", TENANT)], Verdict.ALLOWED),
        ([management_group(TENANT), management_group("p")], Verdict.UNKNOWN),
        ([management_group("p")], None),
    ],
    ids=["below the root", "it names no parent", "the only one that is known"],
)
def test_a_group_without_a_parent_is_no_root_next_to_the_root_itself(
    tmp_path, groups, expected
):
    found = estate(
        tmp_path,
        roles=[role("r", block([RUN]))],
        assignments=[assignment("u", "r", group_scope(TENANT))],
        groups=groups,
        placements=[placed(SUB, "p")],
    )

    row = rows_of(decide_azure(found)).get(("u", RUN, "vm"))
    assert (row.verdict if row else None) is expected


@pytest.mark.parametrize("app_id", [guid("spapp"), None, ""])
def test_principals_without_an_application_id_are_named(tmp_path, app_id):
    odd = service_principal("sp") | {"appId": app_id}
    found = estate(
        tmp_path,
        assignments=[assignment("sp", "r", S, "ServicePrincipal")],
        service_principals=[odd],
        directory_groups=[group("g")],
    )

    assert ("graph/servicePrincipals" in named(found)) is not app_id
