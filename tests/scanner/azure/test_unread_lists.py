"""Whatever list is lost, no pair goes without a word: it is unknown, or its way named.

A company with everything that leads to commands is scanned once; then one list after
the other is taken out of the evidence, refused, cut off or made odd.
"""

import copy
import json

import pytest
from azure_estates import (
    AUTHORIZATION,
    SUB,
    TENANT,
    arc_id,
    arc_machine,
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
    refused,
    role,
    service_principal,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)
from azure_scans import STRONG, collect, small_tenant
from azure_server import azure_server
from azure_tenant import MANAGEMENT, guid_of

from scanner.azure.decide import decide_azure
from scanner.azure.link import link_azure
from scanner.azure.load import load_azure
from scanner.evidence.reader import open_estate
from scanner.grants import Verdict

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
PIM = "/v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
ELIGIBLE = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances"
MOVE = "Microsoft.Management/managementGroups/subscriptions/write"
S = subscription_scope()


def company():
    """Everything of the small tenant, and whoever holds what only one list tells."""
    tenant = small_tenant()
    prod = tenant.subscriptions[guid_of("subscription", "prod")]
    owner = tenant.role("Owner", ["*"])
    moving = ["Microsoft.Management/*", f"{AUTHORIZATION}/roleAssignments/write"]
    tenant.assign(
        tenant.user("mover"), tenant.role("Mover", moving), f"{MANAGEMENT}/corp"
    )
    admins = tenant.group("admins", owners=[tenant.user("groupowner")])
    tenant.assign(admins, owner, prod.scope, "Group")
    for access in ("member", "owner"):
        row = {"groupId": admins, "principalId": tenant.user(f"pim {access}")}
        tenant.put(PIM, {"id": access, "accessId": access, **row})
    classic = {"emailAddress": "old@x.example", "role": "CoAdministrator"}
    tenant.add(f"{AUTHORIZATION}/classicAdministrators", prod.scope, classic)
    tenant.eligible(tenant.user("eligible"), owner, prod.scope)
    tenant.direct(tenant.user("global"), GLOBAL_ADMINISTRATOR)
    later = {"roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"}
    tenant.put(
        ELIGIBLE, {"id": "e", "principalId": tenant.user("later global"), **later}
    )
    writes = "userAssignedIdentities/federatedIdentityCredentials/write"
    outside = tenant.role("Outside", [f"Microsoft.ManagedIdentity/{writes}"])
    tenant.assign(tenant.user("outside"), outside, prod.scope)
    tenant.assign(guid_of("deployer"), owner, prod.scope, "ServicePrincipal")
    return tenant


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """The evidence of the company: (file name, line) in order."""
    folder = tmp_path_factory.mktemp("company")
    with azure_server(company()) as server:
        collect(server, folder)
    files = sorted((folder / "estate" / "azure").glob("*.jsonl"))
    return [
        (file.name, json.loads(text))
        for file in files
        for text in file.read_text().splitlines()
    ]


def asked(folder, lines):
    """Return the pairs, the hops, the targets, and the vectors that are not covered."""
    for name, one in lines:
        file = folder / "azure" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as stream:
            stream.write(json.dumps(one) + "\n")
    estate = load_azure(open_estate(folder))
    decided = decide_azure(estate)
    pairs = {
        (principal.id, grant.vector.id, target.id): grant.decision.verdict
        for grant in decided.grants
        for principal in grant.principals
        for target in grant.targets
    }
    hops = {(e.kind, e.source, e.target) for e in link_azure(estate)[1]}
    return pairs, hops, {t.id for t in decided.targets}, decided.not_covered


def as_refused(one):
    error = {"code": "AuthorizationFailed", "status": 403, "message": "no"}
    kept = {k: v for k, v in one.items() if k not in ("result", "last", "error")}
    return {**kept, "error": error}


def as_odd(one):
    return {**one, "result": {"value": [{"id": 5}]}}


def as_absent(_):
    return None


#: What a list tells besides pairs is told by the vector of this name.
HOPS_BY = {
    "graph/applications": "graph/applications",
    "graph/owners": "graph/owners",
    "graph/groupEligibility": "graph/groupEligibility",
    "graph/roleAssignments": "graph/roleAssignments",
    "graph/servicePrincipals/appRoleAssignedTo": (
        "graph/servicePrincipals/appRoleAssignedTo"
    ),
    "graph/roleEligibilityScheduleInstances": "graph/roleEligibilityScheduleInstances",
    "graph/servicePrincipals": "graph/servicePrincipals",
}


@pytest.mark.parametrize("change", [as_refused, as_odd, as_absent])
def test_no_pair_and_no_hop_goes_without_a_word(tmp_path, scanned, change):
    """A pair is there as before or unknown, or its vector or its list is named."""
    clean, hops, targets, _ = asked(tmp_path / "clean", scanned)
    for number, op in enumerate(sorted({one["op"] for _, one in scanned})):
        lines = []
        for name, one in scanned:
            kept = change(copy.deepcopy(one)) if one["op"] == op else one
            lines += [(name, kept)] if kept else []
        broken, left, still, open_ways = asked(tmp_path / str(number), lines)
        named = {one.id for one in open_ways}
        if op in named or op == "graph/users":  # who a classic administrator is
            continue
        for pair, verdict in clean.items():
            if pair[2] in still and pair[1] not in named:
                assert broken.get(pair) in (verdict, Verdict.UNKNOWN), (op, pair)
        if op in HOPS_BY:
            assert not hops - left, op
    assert len(targets) > 5
    assert {Verdict.ALLOWED, Verdict.CONDITIONAL} <= set(clean.values())


@pytest.mark.parametrize(
    ("op", "params"),
    [
        (f"{AUTHORIZATION}/roleEligibilityScheduleInstances", {"scope": S}),
        (f"{AUTHORIZATION}/classicAdministrators", {"scope": S}),
        ("Microsoft.ManagedServices/registrationAssignments", {"scope": S}),
        ("graph/groupEligibility", {"group": guid("ops")}),
        ("graph/owners", {"object": guid("ops")}),
        ("graph/applications", {}),
        ("graph/roleEligibilityScheduleInstances", {}),
    ],
)
@pytest.mark.parametrize("answered", [True, False])
def test_a_way_is_named_where_its_list_was_refused_and_nowhere_else(
    tmp_path, op, params, answered
):
    tenant = tenant_lines(
        roles=[role("own", block(["*"]))],
        assignments=[
            assignment("ops", "own", S, "Group"),
            assignment("app", "own", S, "ServicePrincipal"),
        ],
        directory_groups=[group("ops")],
        service_principals=[service_principal("app")],
        members={"ops": []},
    )
    for name in ("ops", "app"):
        tenant.append(line("graph/owners", [], {"object": guid(name)}))
    tenant += [
        line("graph/groupEligibility", [], {"group": guid("ops")}),
        line("graph/applications", []),
        line("graph/roleEligibilityScheduleInstances", []),
        line(f"{AUTHORIZATION}/classicAdministrators", [], {"scope": S}),
    ]
    tenant = [
        one for one in tenant if answered or (one["op"], one["params"]) != (op, params)
    ]
    below = subscription_lines([machine(vm_id())])
    if not answered:
        more = {"subscription": SUB} if "scope" in params else {}
        (below if more else tenant).append(refused(op, params, **more))
    found = decide_azure(loaded(tmp_path, tenant, (SUB, below)))

    assert (op in {one.id for one in found.not_covered}) is not answered


def test_without_a_licence_for_pim_nobody_is_eligible(tmp_path):
    """The answer that there is no licence is an answer: nothing is hidden."""
    op = f"{AUTHORIZATION}/roleEligibilityScheduleInstances"
    tenant = [one for one in tenant_lines() if one["op"] != op]
    refusal = refused(op, {"scope": S}, "AadPremiumLicenseRequired", 400)
    below = subscription_lines([machine(vm_id())])
    found = decide_azure(loaded(tmp_path, [*tenant, refusal], (SUB, below)))

    assert op not in {one.id for one in found.not_covered}


# -- moving subscriptions --------------------------------------------------------------

MOVER = role("mover", block(["Microsoft.Management/*", f"{AUTHORIZATION}/*"]))
TREE = [
    management_group(TENANT),
    management_group("corp", TENANT),
    management_group("prod", "corp"),
    management_group("sandbox", "corp"),
]


def moving(tmp_path, *lost, refuse=(), roles=(MOVER,)):
    lines = tenant_lines(
        roles=roles,
        assignments=[assignment("mover", "mover", group_scope("corp"))],
        groups=TREE,
        placements=[placed(SUB, "prod")],
        users=[user("mover"), user("other")],
    )
    lines = [one for one in lines if one["op"] not in lost] + list(refuse)
    below = subscription_lines([machine(vm_id())], arc=[arc_machine(arc_id())])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))
    return {
        (principal.name, target.name): grant.decision.verdict
        for grant in found.grants
        if grant.vector.id == MOVE
        for principal in grant.principals
        for target in grant.targets
    }


GROUPS = "Microsoft.Management/managementGroups"


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ((), Verdict.ALLOWED),
        ((GROUPS,), Verdict.UNKNOWN),
        ((f"{GROUPS}/subscriptions",), Verdict.UNKNOWN),
        ((GROUPS, f"{GROUPS}/subscriptions"), Verdict.UNKNOWN),
        ((f"{AUTHORIZATION}/roleDefinitions",), Verdict.UNKNOWN),
        ((f"{AUTHORIZATION}/roleAssignments",), Verdict.UNKNOWN),
    ],
)
def test_who_moves_subscriptions_is_unknown_where_the_tree_or_the_roles_are(
    tmp_path, lost, expected
):
    rows = moving(tmp_path, *lost)

    assert {("mover", "vm"), ("mover", "arc")} <= rows.keys()
    assert rows["mover", "vm"] is rows["mover", "arc"] is expected
    unread = f"{AUTHORIZATION}/roleAssignments" in lost
    assert (("other", "vm") in rows) is unread


# -- roles to hand out -----------------------------------------------------------------

TO_USERS = (
    "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]"
    " StringEqualsIgnoreCase 'User'"
)
HANDS_OUT = [f"{AUTHORIZATION}/roleAssignments/write"]
ASSIGNER = role("assigner", block(HANDS_OUT, condition=TO_USERS))


@pytest.mark.parametrize("whole", [True, False])
def test_roles_that_were_not_read_may_be_handed_out(tmp_path, whole):
    """By the only role in evidence nobody gains a command; by others he may."""
    lines = tenant_lines(
        roles=[ASSIGNER],
        assignments=[assignment("u", "assigner", S)],
        users=[user("u"), user("other")],
    )
    if not whole:
        op, asked_for = f"{AUTHORIZATION}/roleDefinitions", "type eq 'BuiltInRole'"
        lines.append(refused(op, {"scope": "/", "$filter": asked_for}))
    below = subscription_lines([machine(vm_id())])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    verdicts = {
        principal.name: grant.decision.verdict
        for grant in found.grants
        if grant.vector.id == f"{AUTHORIZATION}/roleAssignments/write"
        for principal in grant.principals
    }
    assert verdicts == ({} if whole else {"u": Verdict.UNKNOWN})


# -- owners ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "whole", "expected"),
    [
        ([group("ops")], True, Verdict.ALLOWED),
        ([], False, Verdict.UNKNOWN),
        ([], True, None),
    ],
    ids=["described", "not read", "deleted"],
)
def test_an_owner_of_a_group_that_was_not_read_may_join_it(
    tmp_path, rows, whole, expected
):
    lines = [one for one in tenant_lines() if one["op"] != "graph/groups"]
    lines += [
        line(f"{AUTHORIZATION}/roleAssignments", [assignment("ops", "r", S, "Group")]),
        line("graph/groups", rows) if whole else refused("graph/groups"),
        line("graph/owners", [{"id": guid("ann")}], {"object": guid("ops")}),
    ]
    estate = loaded(tmp_path, lines, (SUB, subscription_lines([machine(vm_id())])))

    found = {(e.source, e.target): e.verdict for e in link_azure(estate)[1]}
    assert found.get((guid("ann"), guid("ops"))) is expected


def test_whoever_pim_lets_join_is_named_though_the_users_were_not_read(tmp_path):
    lines = [
        one
        for one in tenant_lines(
            roles=[role("own", block(["*"]))],
            assignments=[assignment("ops", "own", S, "Group")],
            directory_groups=[group("ops")],
            members={"ops": []},
        )
        if one["op"] != "graph/users"
    ]
    row = {"groupId": guid("ops"), "principalId": guid("ann"), "id": "1"}
    lines.append(line("graph/groupEligibility", [row], {"group": guid("ops")}))
    below = subscription_lines([machine(vm_id())])
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    assert guid("ann") in {p.id for g in found.grants for p in g.principals}


def test_who_holds_a_permission_of_graph_is_an_application(tmp_path, scanned):
    lines = [one for one in scanned if one[1]["op"] != "graph/servicePrincipals"]
    asked(tmp_path, lines)
    estate = load_azure(open_estate(tmp_path))

    (tenant,) = estate.tenants.values()
    (strong,) = {r.principal for r in tenant.directory.roles if r.role == STRONG}
    assert tenant.directory.principals[strong].kind == "service-principal"
