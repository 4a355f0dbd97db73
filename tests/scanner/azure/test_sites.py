"""Vectors through another resource: nodes, labs, applications, identities, policies."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    SUB,
    account_id,
    arc_id,
    arc_machine,
    assignment,
    block,
    deny,
    eligible,
    guid,
    line,
    loaded,
    machine,
    refused,
    rg_scope,
    role,
    rows_of,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
    worker,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Confidence, Standing, Tier, Verdict

S = subscription_scope()
MAA = "Microsoft.Automation/automationAccounts"
MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
ACCOUNT = account_id()
VM_WRITE = "Microsoft.Compute/virtualMachines/write"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
ARTIFACTS = "Microsoft.DevTestLab/labs/virtualMachines/applyArtifacts/action"
PACKAGE = "Microsoft.Compute/galleries/applications/versions/write"
SCRIPT = "Microsoft.Resources/deploymentScripts/write"
ASSIGN = f"{MMI}/assign/action"
FEDERATE = f"{MMI}/federatedIdentityCredentials/write"
POLICY = f"{AUTHORIZATION}/policyAssignments/write"
DEFINITION = f"{AUTHORIZATION}/policyDefinitions/write"
REMEDIATE = "Microsoft.PolicyInsights/remediations/write"
ENROL = f"{MAA}/hybridRunbookWorkerGroups/hybridRunbookWorkers/write"
GUEST = "Microsoft.GuestConfiguration/guestConfigurationAssignments/write"
LAB = f"{rg_scope()}/providers/Microsoft.DevTestLab/labs/lab/virtualMachines/desk"
GALLERY = f"{rg_scope()}/providers/Microsoft.Compute/galleries/g/applications/app"
IDENTITY = f"{rg_scope('ids')}/providers/{MMI}/strong"


def decided(tmp_path, held, below=(), vms=None, extra=(), **tenant):
    """Decide for user `u` who holds these (operation, scope) pairs."""
    roles = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    roles.append(role("runs", block([RUN])))
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    given += tenant.pop("assignments", [])
    lines = tenant_lines(roles=roles, assignments=given, users=[user("u")], **tenant)
    vms = [machine(vm_id()), machine(vm_id("idle"))] if vms is None else vms
    found = subscription_lines(vms, accounts=[{"id": ACCOUNT, "name": "auto"}],
                               workers=[worker(ACCOUNT, vm_id())])  # fmt: skip
    return decide_azure(loaded(tmp_path, [*lines, *extra], (SUB, [*found, *below])))


def verdict(found, vector, target="vm", who="u"):
    row = rows_of(found).get((who, vector, target))
    return row.verdict if row else Verdict.DENIED


@pytest.mark.parametrize(
    "name",
    ["webhooks/write", "sourceControls/write", "modules/write", "variables/write"],
)
def test_what_an_account_runs_later_is_conditional(tmp_path, name):
    found = decided(tmp_path, [(f"{MAA}/{name}", ACCOUNT)])

    assert Verdict.CONDITIONAL is verdict(found, f"{MAA}/{name}")
    assert Verdict.DENIED is verdict(found, f"{MAA}/{name}", "idle")


NODES = line(
    f"{MAA}/nodes",
    [{"id": f"{ACCOUNT}/nodes/n1", "name": "VM", "properties": {}}],
    {"account": ACCOUNT},
    subscription=SUB,
)
NODE_CONFIGURATION = f"{MAA}/nodeConfigurations/write"
CONFIGURE = [f"{MAA}/{n}/write" for n in ("configurations", "compilationjobs", "nodes")]


@pytest.mark.parametrize(
    ("operations", "vector", "expected"),
    [
        (CONFIGURE, CONFIGURE[0], Verdict.CONDITIONAL),
        (CONFIGURE[:2], CONFIGURE[0], Verdict.DENIED),
        (CONFIGURE[1:2], CONFIGURE[1], Verdict.CONDITIONAL),
        ([NODE_CONFIGURATION], NODE_CONFIGURATION, Verdict.CONDITIONAL),
    ],
)
def test_configurations_run_on_nodes_that_are_known_by_name(
    tmp_path, operations, vector, expected
):
    held = [(one, ACCOUNT) for one in operations]
    found = decided(tmp_path, held, [NODES])

    assert expected is verdict(found, vector)
    assert Verdict.DENIED is verdict(found, vector, "idle")


def test_nodes_that_nobody_listed_are_named_as_not_covered(tmp_path):
    found = decided(tmp_path, [(one, ACCOUNT) for one in CONFIGURE])

    assert Verdict.DENIED is verdict(found, CONFIGURE[0])
    assert CONFIGURE[0] in {vector.id for vector in found.not_covered}
    asked = decided(tmp_path / "b", [(CONFIGURE[0], ACCOUNT)], [NODES])
    assert CONFIGURE[0] not in {vector.id for vector in asked.not_covered}


@pytest.mark.parametrize(
    ("op", "vector"),
    [
        ("Microsoft.Web/sites", "Microsoft.Web/sites/write"),
        ("Microsoft.Logic/workflows", "Microsoft.Logic/workflows/write"),
        (
            "Microsoft.ContainerInstance/containerGroups",
            "Microsoft.ContainerInstance/containerGroups/write",
        ),
        (
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        ),
    ],
)
def test_a_list_that_is_not_whole_names_its_vectors(tmp_path, op, vector):
    """Refused in one subscription, or at all: what it would show is not covered."""
    whole = line(op, [], subscription=SUB)
    broken = refused(op, subscription=SUB)
    elsewhere = refused(op, subscription=guid("other"))

    for n, (lines, named) in enumerate(
        [([whole], False), ([broken], True), ([whole, elsewhere], True)]
    ):
        found = decided(tmp_path / str(n), [], lines)
        assert (vector in {one.id for one in found.not_covered}) is named


def test_refused_nodes_leave_every_machine_near_unknown(tmp_path):
    nodes = refused(f"{MAA}/nodes", {"account": ACCOUNT}, subscription=SUB)
    found = decided(tmp_path, [(one, ACCOUNT) for one in CONFIGURE], [nodes])

    assert Verdict.UNKNOWN is verdict(found, CONFIGURE[0])


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (S, Verdict.ALLOWED),
        (LAB, Verdict.ALLOWED),
        (LAB.rpartition("/virtual")[0], Verdict.ALLOWED),
        (f"{LAB}2", Verdict.DENIED),
        (vm_id(), Verdict.DENIED),
    ],
)
def test_artifacts_run_on_the_vm_that_a_lab_vm_stands_for(tmp_path, scope, expected):
    row = {"id": LAB, "properties": {"computeId": vm_id().upper()}}
    labs = line("Microsoft.DevTestLab/labs/virtualMachines", [row], subscription=SUB)
    found = decided(tmp_path, [(ARTIFACTS, scope)], [labs])

    assert expected is verdict(found, ARTIFACTS)
    assert Verdict.DENIED is verdict(found, ARTIFACTS, "idle")


def with_application():
    reference = {"packageReferenceId": f"{GALLERY}/versions/1.0.0"}
    profile = {"applicationProfile": {"galleryApplications": [reference]}}
    return [machine(vm_id(), properties=profile), machine(vm_id("idle"))]


@pytest.mark.parametrize(
    ("held", "vm", "idle"),
    [
        ([(PACKAGE, S)], Verdict.CONDITIONAL, Verdict.DENIED),
        ([(PACKAGE, GALLERY)], Verdict.CONDITIONAL, Verdict.DENIED),
        ([(PACKAGE, f"{GALLERY}2")], Verdict.DENIED, Verdict.DENIED),
        ([(PACKAGE, GALLERY), (VM_WRITE, S)], Verdict.ALLOWED, Verdict.ALLOWED),
        ([(VM_WRITE, S)], Verdict.DENIED, Verdict.DENIED),
    ],
)
def test_an_application_runs_where_it_is_attached(tmp_path, held, vm, idle):
    found = decided(tmp_path, held, vms=with_application())

    assert vm is verdict(found, PACKAGE)
    assert idle is verdict(found, PACKAGE, "idle")


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([(ENROL, ACCOUNT), (VM_WRITE, vm_id())], Verdict.ALLOWED),
        ([(ENROL, ACCOUNT)], Verdict.DENIED),
        ([(VM_WRITE, vm_id())], Verdict.DENIED),
    ],
)
def test_enrolling_a_worker_takes_writing_its_machine(tmp_path, held, expected):
    found = decided(tmp_path, held)

    assert expected is verdict(found, ENROL)
    assert Verdict.DENIED is verdict(found, ENROL, "idle")


IDENTITIES = line(
    MMI,
    [{"id": IDENTITY, "name": "strong", "properties": {"principalId": "MSI-1"}}],
    subscription=SUB,
)


def strong(scope=None, **more):
    """The identity may run commands on `vm`."""
    found = assignment("msi", "runs", scope or vm_id(), kind="ServicePrincipal", **more)
    found["properties"]["principalId"] = "msi-1"
    return found


@pytest.mark.parametrize(
    ("held", "vector", "expected"),
    [
        ([(ASSIGN, IDENTITY), (VM_WRITE, rg_scope("x"))], ASSIGN, Verdict.ALLOWED),
        ([(ASSIGN, IDENTITY), ("Microsoft.Web/sites/write", S)], ASSIGN,
         Verdict.ALLOWED),
        ([(ASSIGN, IDENTITY)], ASSIGN, Verdict.DENIED),
        ([(ASSIGN, f"{IDENTITY}2"), (VM_WRITE, rg_scope("x"))], ASSIGN,
         Verdict.DENIED),
        ([(FEDERATE, IDENTITY)], FEDERATE, Verdict.ALLOWED),
        ([(FEDERATE, rg_scope())], FEDERATE, Verdict.DENIED),
        ([(ASSIGN, S), (SCRIPT, rg_scope("x"))], SCRIPT, Verdict.ALLOWED),
        ([(SCRIPT, S)], SCRIPT, Verdict.DENIED),
        ([(f"{MMI}/*/assign/action", S), (SCRIPT, S)], ASSIGN, Verdict.ALLOWED),
    ],
)  # fmt: skip
def test_an_identity_is_used_for_what_it_may_run(tmp_path, held, vector, expected):
    found = decided(tmp_path, held, [IDENTITIES], assignments=[strong()])

    assert expected is verdict(found, vector)
    assert Verdict.DENIED is verdict(found, vector, "idle")


def test_an_identity_without_rights_leads_nowhere(tmp_path):
    found = decided(tmp_path, [(FEDERATE, S)], [IDENTITIES])

    assert Verdict.DENIED is verdict(found, FEDERATE)


def test_the_weaker_standing_of_a_chain_counts(tmp_path):
    lasting = eligible("msi", "runs", vm_id(), kind="ServicePrincipal")
    lasting["properties"]["principalId"] = "msi-1"
    found = decided(tmp_path, [(FEDERATE, S)], [IDENTITIES], eligibilities=[lasting])

    assert Standing.ELIGIBLE is rows_of(found)["u", FEDERATE, "vm"].standing


def test_a_deny_on_the_identity_cuts_the_chain(tmp_path):
    shut = deny(rg_scope("ids"), block([FEDERATE]))
    found = decided(tmp_path, [(FEDERATE, S)], [IDENTITIES], assignments=[strong()],
                    denies=[shut])  # fmt: skip

    assert Verdict.DENIED is verdict(found, FEDERATE)
    (target,) = (t for t in found.targets if t.name == "vm")
    (who,) = (p for p in found.principals if p.name == "u")
    (vector,) = {g.vector for g in decided(tmp_path / "b", [(FEDERATE, S)],
                 [IDENTITIES], assignments=[strong()]).grants
                 if g.vector.id == FEDERATE}  # fmt: skip
    assert [shut["id"]] == [
        because.assignment for because in found.denied_because(who, vector, target)
    ]


HOSTED = {
    "Microsoft.Web/sites": ["write", "publishxml/action", "config/list/action"],
    "Microsoft.Logic/workflows": ["write"],
    "Microsoft.ContainerInstance/containerGroups": ["write"],
}


@pytest.mark.parametrize(
    ("kind", "verb"), [(kind, verb) for kind, verbs in HOSTED.items() for verb in verbs]
)
def test_whoever_changes_a_host_acts_as_its_identity(tmp_path, kind, verb):
    place = f"{rg_scope()}/providers/{kind}/app"
    row = {"id": place, "identity": {"principalId": "MSI-1"}}
    hosts = line(kind, [row], subscription=SUB)
    found = decided(tmp_path, [(f"{kind}/{verb}", place)], [hosts],
                    assignments=[strong()])  # fmt: skip

    assert Verdict.ALLOWED is verdict(found, f"{kind}/{verb}")
    assert Verdict.DENIED is verdict(found, f"{kind}/{verb}", "idle")


@pytest.mark.parametrize(
    ("steps", "vector", "expected"),
    [
        (["runbooks/write", "jobs/write"], "runbooks/write", Verdict.ALLOWED),
        (["runbooks/write"], "runbooks/write", Verdict.DENIED),
        (
            ["runbooks/draft/write", "runbooks/draft/testJob/write"],
            "runbooks/draft/write",
            Verdict.ALLOWED,
        ),
    ],
)
@pytest.mark.parametrize("identity", [True, False])
def test_who_writes_and_runs_a_runbook_acts_as_the_account(
    tmp_path, steps, vector, expected, identity
):
    """The account has no worker: only its identity leads to a machine."""
    place = account_id("other")
    row = {"id": place, "identity": {"principalId": "MSI-1"} if identity else None}
    accounts = line(MAA, [row], {"name": "other"}, subscription=SUB)
    found = decided(tmp_path, [(f"{MAA}/{step}", place) for step in steps], [accounts],
                    assignments=[strong()])  # fmt: skip

    wanted = expected if identity else Verdict.DENIED
    assert wanted is verdict(found, f"{MAA}/{vector}")
    assert Verdict.DENIED is verdict(found, f"{MAA}/{vector}", "idle")


CUSTOM = f"{S}/providers/{AUTHORIZATION}/policyDefinitions/own"
BUILT_IN = f"/providers/{AUTHORIZATION}/policyDefinitions/builtin"


@pytest.mark.parametrize(
    ("operation", "definition", "expected"),
    [
        (POLICY, CUSTOM, Verdict.ALLOWED),
        (DEFINITION, CUSTOM, Verdict.ALLOWED),
        (DEFINITION, BUILT_IN, Verdict.DENIED),
        (REMEDIATE, BUILT_IN, Verdict.CONDITIONAL),
    ],
)
def test_a_policy_acts_as_its_identity_within_its_scope(
    tmp_path, operation, definition, expected
):
    row = {
        "id": f"{rg_scope()}/providers/{AUTHORIZATION}/policyAssignments/p",
        "identity": {"principalId": "MSI-1"},
        "properties": {"scope": rg_scope(), "policyDefinitionId": definition},
    }
    policies = line(f"{AUTHORIZATION}/policyAssignments", [row], {"scope": S},
                    subscription=SUB)  # fmt: skip
    far = vm_id("far", "other")
    found = decided(tmp_path, [(operation, S)], [policies], assignments=[strong(S)],
                    vms=[machine(vm_id()), machine(far)])  # fmt: skip

    assert expected is verdict(found, operation)
    assert Verdict.DENIED is verdict(found, operation, "far")
    if expected is not Verdict.DENIED:
        row = rows_of(found)["u", operation, "vm"]
        assert Confidence.INFERRED is row.confidence


def test_a_policy_with_roles_to_hand_out_needs_no_identity_yet(tmp_path):
    hand_out = f"{AUTHORIZATION}/roleAssignments/write"
    found = decided(tmp_path, [(POLICY, S), (hand_out, rg_scope())])
    row = rows_of(found)["u", POLICY, "vm"]

    assert row.verdict is Verdict.ALLOWED
    assert row.confidence is Confidence.INFERRED
    alone = decided(tmp_path / "b", [(POLICY, S)])
    assert Verdict.DENIED is verdict(alone, POLICY)


@pytest.mark.parametrize(
    ("extensions", "expected"),
    [
        (None, Verdict.ALLOWED),
        ([{"type": "ConfigurationforLinux"}], Verdict.ALLOWED),
        ([{"type": "CustomScript"}], Verdict.DENIED),
        ([], Verdict.DENIED),
    ],
)
def test_guest_configuration_takes_its_extension(tmp_path, extensions, expected):
    view = {} if extensions is None else {"extensions": extensions}
    found = decided(tmp_path, [(GUEST, S)], vms=[machine(vm_id(), view or None)])

    assert expected is verdict(found, GUEST)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("VMware", "ConnectedVMwarevSphere"),
        ("AVS", "ConnectedVMwarevSphere"),
        ("SCVMM", "ScVmm"),
        ("HCI", "AzureStackHCI"),
        (None, None),
        ("AWS", None),
    ],
)
def test_a_platform_writes_only_the_machines_that_are_its_vms(tmp_path, kind, expected):
    names = ("ConnectedVMwarevSphere", "ScVmm", "AzureStackHCI")
    ops = {n: f"Microsoft.{n}/virtualMachineInstances/write" for n in names}
    row = arc_machine(arc_id("a")) | ({"kind": kind} if kind else {})
    arc = line("Microsoft.HybridCompute/machines", [row], subscription=SUB)
    lines = tenant_lines(
        roles=[role("all", block(list(ops.values())))],
        assignments=[assignment("u", "all", S)],
        users=[user("u")],
    )
    found = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, [arc]))))

    assert list(found) == ([("u", ops[expected], "a")] if expected else [])
    assert all(row.confidence is Confidence.INFERRED for row in found.values())


def test_sites_are_no_targets(tmp_path):
    found = decided(tmp_path, [("*", S)], [IDENTITIES, NODES], assignments=[strong()])
    ids = {target.id for target in found.targets}

    assert ids == {vm_id(), vm_id("idle")}
    for grant in found.grants:
        assert {target.id for target in grant.targets} <= ids
        assert grant.targets.bits < 1 << len(grant.targets.space.classes)
    assert set(Tier) == {grant.vector.tier for grant in found.grants} | {Tier.ADJACENT}
