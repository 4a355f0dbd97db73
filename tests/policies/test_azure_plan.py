"""Azure remediations, each decided again on the changed estate."""

import azure_estates as e
import pytest
from planning import holds, kinds, wishes

from checks.catalogue import run_checks
from policies.plan import plan_remediations
from policies.resources import ResourceKind
from scanner.analysis import analyse
from scanner.evidence.reader import open_estate
from scanner.graph import build_graph

COMPUTE = e.block(["Microsoft.Compute/*", "Microsoft.Network/*/read"])
OWNER = e.role("Owner", e.block(["*"]), custom=False)
VM = e.role("VM operators", COMPUTE, custom=False)
MONITORING = e.role(
    "Monitoring", e.block([e.EXTENSION, "Microsoft.Insights/*"]), custom=False
)
SUB = e.subscription_scope()
#: About the subscription as a whole: no change of an assignment closes it.
UNCONTROLLED = "t1651_azure_no_control_on_commands"
WRITES = "Microsoft.Authorization/roleDefinitions/write"
WIDE, PERMANENT = "t1651_azure_wide_scope", "t1651_azure_permanent_access"


def planned(root, *, vms=("vm", "db"), identity=None, wanted=None, **tenant):
    """Write, analyse, check and plan; returns {check: (finding, remediation)}."""
    machines = [e.machine(e.vm_id(name), identity=identity) for name in vms]
    lines = e.subscription_lines(vms=machines, workers=())
    e.write_azure(root, e.tenant_lines(**tenant), (e.SUB, lines))
    analysis = analyse(open_estate(root))
    graph = build_graph(analysis.decided)
    checked = run_checks(graph, analysis.coverage)
    findings = [f for f in checked if f.targets and f.check != UNCONTROLLED]
    wants = wishes(**(wanted or {}))
    remediations = plan_remediations(analysis, graph, findings, wants)
    pairs = zip(findings, remediations, strict=True)
    return {f.check: (f, r) for f, r in pairs}


def test_a_wide_role_is_replaced_by_one_without_any_command(tmp_path):
    """All siblings go together: runCommand, runCommands, extensions, VM writes."""
    given = [e.assignment("ops", "VM operators", SUB)]

    _, found = planned(tmp_path, roles=[VM], assignments=given)[WIDE]

    create, assign, delete = found.changes
    (block,) = create.after["properties"]["permissions"]
    assert {e.RUN, e.MANAGED_RUN, e.EXTENSION} <= set(block["notActions"])
    assert block["actions"] == ["Microsoft.Compute/*", "Microsoft.Network/*/read"]
    assert assign.after["properties"]["roleDefinitionId"] == create.after["id"]
    assert delete.before["id"] == given[0]["id"]
    assert (found.status, found.counterexample) == ("proven", None)
    assert found.taken_away >= 2


def test_operations_by_name_are_left_out_of_the_new_role(tmp_path):
    given = [e.assignment("ops", "Monitoring", e.rg_scope())]

    found = planned(tmp_path, roles=[MONITORING], assignments=given)

    _, remediation = found["t1651_azure_unexpected_role"]
    (block,) = remediation.changes[0].after["properties"]["permissions"]
    assert block["actions"] == ["Microsoft.Insights/*"]
    assert block["notActions"] == []
    assert remediation.closes == "fully"


def test_whoever_can_write_assignments_is_only_partly_stopped(tmp_path):
    """An owner gives itself back what was taken: the title says partly."""
    given = [e.assignment("boss", "Owner", SUB)]

    _, found = planned(tmp_path, roles=[OWNER], assignments=given)[WIDE]

    assert found.closes == "partly"
    assert "partly" in found.title
    assert any("roleAssignments/write" in way for way in found.remaining)


def test_the_same_access_through_a_resource_group_goes_with_it(tmp_path):
    """Leaving one of the two would leave the access."""
    given = [
        e.assignment("ops", "VM operators", SUB),
        e.assignment("ops", "VM operators", e.rg_scope()),
    ]

    _, found = planned(tmp_path, roles=[VM], assignments=given)[WIDE]

    assert kinds(found) == ["Z2", "Z2", "Z2", "Z4", "Z4"]
    assert holds(found)


def test_a_group_loses_it_for_its_members_together(tmp_path):
    _, found = planned(
        tmp_path,
        roles=[VM],
        assignments=[e.assignment("team", "VM operators", SUB, "Group")],
        directory_groups=[e.group("team")],
        users=[e.user("ann"), e.user("bob")],
        members={"team": [e.member("ann"), e.member("bob")]},
    )[WIDE]

    served = {e.guid(name) for name in ("team", "ann", "bob")}
    assert set(found.changes[1].affects) == served
    assert found.status == "proven"


def test_permanent_access_becomes_eligible(tmp_path):
    given = [e.assignment("ops", "VM operators", e.rg_scope())]

    _, found = planned(tmp_path, roles=[VM], assignments=given)[PERMANENT]

    assert kinds(found) == ["Z4", "Z4"]
    assert found.changes[0].before is None
    assert found.changes[1].after is None
    assert (found.status, found.closes) == ("proven", "fully")


def test_what_a_permanent_role_hides_goes_with_it(tmp_path):
    """Nobody names the eligibility while the same is permanent; it would stay."""
    inner = [e.member("inner", "group")]

    _, found = planned(
        tmp_path,
        roles=[VM],
        assignments=[e.assignment("inner", "VM operators", SUB, "Group")],
        eligibilities=[e.eligible("outer", "VM operators", SUB, "Group")],
        directory_groups=[e.group("inner"), e.group("outer")],
        members={"outer": inner, "inner": []},
    )[WIDE]

    assert (found.status, found.closes) == ("proven", "fully")
    kind = ResourceKind.ROLE_ELIGIBILITY
    assert kind in {change.resource.kind for change in found.changes}


def test_permanent_access_from_elsewhere_is_no_failure_of_the_change(tmp_path):
    """What the user holds through a group is the group's finding, and stays."""
    found = planned(
        tmp_path,
        roles=[VM],
        assignments=[
            e.assignment("ann", "VM operators", e.rg_scope()),
            e.assignment("team", "VM operators", e.rg_scope(), "Group"),
        ],
        directory_groups=[e.group("team")],
        users=[e.user("ann")],
        members={"team": [e.member("ann")]},
    )

    assert all(one.status == "proven" for _, one in found.values())


def test_a_guest_loses_its_assignment(tmp_path):
    guest = e.user("guest", userType="Guest")
    given = [e.assignment("guest", "VM operators", e.rg_scope())]

    _, found = planned(tmp_path, roles=[VM], assignments=given, users=[guest])[
        "t1651_azure_guest_access"
    ]

    assert kinds(found) == ["Z1"]
    assert (found.status, found.closes) == ("proven", "fully")


@pytest.mark.parametrize("role", ["VM operators", "Owner"])
def test_a_delegation_is_deleted_and_never_edited(tmp_path, role):
    """Case 14: no role of ours, no lock, reaches into a partner's offer."""
    delegated = e.delegation(SUB, [e.authorization("msp", role)])

    _, found = planned(tmp_path, roles=[VM, OWNER], delegations=[delegated])[
        "t1651_azure_partner_access"
    ]

    assert kinds(found) == ["Z8"]
    assert any("offer again" in effect for effect in found.side_effects)
    assert holds(found)


def test_the_delegation_of_an_approved_partner_stays(tmp_path):
    delegated = e.delegation(SUB, [e.authorization("msp", "VM operators")])
    approved = {"partners": ("*",)}

    _, found = planned(
        tmp_path, roles=[VM], delegations=[delegated], wanted={"approved": approved}
    )["t1651_azure_partner_access"]

    assert (found.closes, found.status) == ("advice", "planned")
    assert "approved partner" in found.refused


def test_a_vms_identity_loses_the_commands(tmp_path):
    given = [e.assignment("vm-id", "VM operators", e.rg_scope(), "ServicePrincipal")]

    _, found = planned(tmp_path, roles=[VM], assignments=given, identity="vm-id")[
        "t1651_azure_vm_identity_commands_others"
    ]

    assert kinds(found) == ["Z2", "Z2", "Z2"]
    assert all(change.resource for change in found.changes)
    assert found.status == "proven"


def test_a_role_at_the_root_cannot_be_replaced(tmp_path):
    """Custom roles are not assignable at `/`: it is deleted."""
    given = [e.assignment("boss", "Owner", "/")]

    _, found = planned(tmp_path, roles=[OWNER], assignments=given)[WIDE]

    assert kinds(found) == ["Z1"]
    assert holds(found)


def test_unread_lists_qualify_the_check(tmp_path):
    """A refused list weakens what was shown: the gap is named."""
    tenant = e.tenant_lines(
        roles=[VM], assignments=[e.assignment("ops", "VM operators", SUB)]
    )
    op = "Microsoft.Authorization/roleEligibilityScheduleInstances"
    tenant = [line for line in tenant if line["op"] != op]
    tenant.append(e.refused(op, {"scope": "/"}))
    lines = e.subscription_lines(vms=[e.machine(e.vm_id())], workers=())
    e.write_azure(tmp_path, tenant, (e.SUB, lines))
    analysis = analyse(open_estate(tmp_path))
    graph = build_graph(analysis.decided)
    findings = [f for f in run_checks(graph) if f.check == PERMANENT]

    (found,) = plan_remediations(analysis, graph, findings)

    assert found.status == "proven-given"
    assert any(op in unknown for unknown in found.unknowns)


def test_ids_are_the_same_every_time(tmp_path):
    given = [e.assignment("ops", "VM operators", SUB)]

    one = planned(tmp_path / "a", roles=[VM], assignments=given)
    other = planned(tmp_path / "b", roles=[VM], assignments=given)

    assert {k: r.id for k, (_, r) in one.items()} == {
        k: r.id for k, (_, r) in other.items()
    }
    assert all(r.id.startswith("R-") and len(r.id) == 10 for _, r in one.values())


@pytest.mark.parametrize("scope", [SUB, e.rg_scope()])
def test_new_objects_have_ids_that_do_not_change(tmp_path, scope):
    """Applying a plan twice, or planning again, names the same objects."""
    given = [e.assignment("ops", "Monitoring", scope)]

    found = [
        planned(tmp_path / name, roles=[MONITORING], assignments=given)
        for name in ("a", "b")
    ]

    one, other = (f["t1651_azure_unexpected_role"][1] for f in found)
    assert one.changes == other.changes


# ---- groups, denies, modes ----


TEAM = {
    "roles": [VM],
    "assignments": [e.assignment("team", "VM operators", e.rg_scope(), "Group")],
    "directory_groups": [e.group("team")],
    "users": [e.user("ann"), e.user("guest", userType="Guest")],
    "members": {"team": [e.member("ann"), e.member("guest")]},
}


def test_a_guest_leaves_the_group_that_gives_it_the_access(tmp_path):
    """Z7: the others keep the group, and what it gives."""
    _, found = planned(tmp_path, **TEAM)["t1651_azure_guest_access"]

    assert "Z7" in kinds(found)
    (leaves,) = [change for change in found.changes if change.kind == "Z7"]
    assert (leaves.resource.name, leaves.after) == (e.guid("guest"), None)
    assert holds(found)


def test_revoke_deletes_assignments(tmp_path):
    given = [e.assignment("ops", "VM operators", SUB)]

    found = planned(tmp_path, roles=[VM], assignments=given, wanted={"mode": "revoke"})

    assert {tuple(kinds(r)) for _, r in found.values()} == {("Z1",)}


def test_tighten_makes_a_persons_access_eligible(tmp_path):
    """Case 15: the grant is shown as eligible, and not counted as removed."""
    given = [e.assignment("ops", "VM operators", SUB)]

    _, found = planned(
        tmp_path,
        roles=[VM],
        assignments=given,
        users=[e.user("ops")],
        wanted={"mode": "tighten"},
    )[WIDE]

    assert kinds(found) == ["Z4", "Z4"]
    assert found.proof.temporary
    assert not found.proof.removed
    assert holds(found)


def test_a_guard_rail_denies_one_principal(tmp_path):
    """Z5: control-plane operations at the scopes of what it holds."""
    given = [e.assignment("ops", "VM operators", SUB)]

    _, found = planned(
        tmp_path,
        roles=[VM],
        assignments=given,
        users=[e.user("ops")],
        wanted={"mode": "guardrail"},
    )[WIDE]

    (change,) = found.changes
    properties = change.after["properties"]
    assert change.kind == "Z5"
    assert properties["principals"] == [{"id": e.guid("ops"), "type": "User"}]
    assert properties["denyAssignmentEffect"] == "enforced"
    assert e.RUN in properties["permissions"][0]["actions"]
    assert holds(found)


@pytest.mark.parametrize("kept", ["team", "ann"])
def test_what_must_stay_for_one_member_stays_for_the_group(tmp_path, kept):
    """A change that would cut a kept path is refused, with the reason."""
    wanted = {"keep": [{"principal": e.guid(kept), "reason": "CHG-9"}]}

    _, found = planned(tmp_path, **TEAM, wanted=wanted)[PERMANENT]

    assert found.changes == ()
    assert found.refused == "CHG-9"


def test_a_custom_role_takes_all_siblings_and_not_the_post_alone(tmp_path):
    """Case 10: a role without runCommand that still writes extensions is no fix."""
    given = [e.assignment("ops", "VM operators", SUB)]

    _, found = planned(tmp_path, roles=[VM], assignments=given)[WIDE]

    gone = {one.vector for one in found.proof.removed}
    assert {e.RUN, e.MANAGED_RUN, e.EXTENSION} <= gone
    assert found.closes == "fully" or not any(e.RUN in way for way in found.remaining)


@pytest.mark.parametrize(
    ("actions", "first", "told"),
    [(["*"], "create", False), (["Microsoft.Compute/*", WRITES], "delete", True)],
)
def test_the_new_role_comes_first_unless_its_holder_could_rewrite_it(
    tmp_path, actions, first, told
):
    """Who may assign any role gains nothing by rewriting one; others would."""
    role = e.role("Wide", e.block(actions), custom=False)
    given = [e.assignment("boss", "Wide", SUB)]

    _, found = planned(tmp_path, roles=[role], assignments=given)[WIDE]

    _, second, _ = found.changes
    assert ("create" if second.before is None else "delete") == first
    assert any("is without" in one for one in found.side_effects) is told
    assert holds(found)
