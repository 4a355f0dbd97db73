"""AWS remediations, each decided again on the changed estate."""

import json

import aws_estates as a
import pytest
from planning import holds, kinds, planned_aws, remediation_of

from checks.catalogue import run_checks
from policies.apply.aws_index import SSO_INLINE
from policies.limits import MANAGED_POLICY, PERMISSION_SET_INLINE, size_of
from policies.plan import plan_remediations
from policies.resources import ResourceKind
from scanner.analysis import analyse
from scanner.graph import build_graph

SEND, START = "ssm:SendCommand", "ssm:StartSession"
FULL = a.managed_policy("aws:AmazonSSMFullAccess", a.allow("ssm:*", "s3:GetObject"))
EVERY = "t1651_aws_any_document_every_node"
MANAGED = "t1651_aws_managed_policy_grants"
USER = "t1651_aws_iam_user"
WITHOUT_ID = "t1651_aws_external_without_external_id"
WITH_ID = "t1651_aws_external_account"
PARTNER = {"AWS": f"arn:aws:iam::{a.PARTNER}:root"}


def test_an_inline_policy_loses_the_vectors_and_keeps_the_rest(tmp_path):
    statement = a.allow(SEND, "s3:GetObject")

    found = remediation_of(
        planned_aws(tmp_path, a.role("ops", statement)), EVERY, "ops"
    )

    (change,) = found.changes
    assert change.kind == "A3"
    (left,) = change.after["Statement"]
    assert left["Action"] == ["s3:GetObject"]
    assert change.before["Statement"][0]["Action"] == [SEND, "s3:GetObject"]
    assert holds(found)
    assert (found.closes, found.taken_away) == ("fully", 2)


def test_a_policy_with_nothing_else_is_deleted(tmp_path):
    found = remediation_of(
        planned_aws(tmp_path, a.role("ops", a.allow(SEND))), EVERY, "ops"
    )

    assert kinds(found) == ["A1"]
    assert found.changes[0].after is None
    assert holds(found)


def test_a_managed_policy_with_nothing_else_is_detached_from_all(tmp_path):
    """The policy itself stays: whoever wants it back attaches it."""
    run = a.managed_policy("run", a.allow(SEND))
    roles = [a.role(name, managed=["run"]) for name in ("one", "two")]

    found = remediation_of(planned_aws(tmp_path, run, *roles), EVERY, "one")

    assert kinds(found) == ["A1", "A1"]
    attachments = {change.resource.kind for change in found.changes}
    assert attachments == {ResourceKind.ATTACHMENT}
    assert holds(found)


def test_everything_becomes_everything_but_the_vectors(tmp_path):
    """An administrator can still undo it: closed partly, and the rights are named."""
    found = remediation_of(
        planned_aws(tmp_path, a.role("admin", a.allow("*"))), EVERY, "admin"
    )

    (statement,) = found.changes[0].after["Statement"]
    assert SEND in statement["NotAction"]
    assert found.closes == "partly"
    assert any(right.startswith("iam:PutRolePolicy") for right in found.remaining)


def test_a_policy_of_several_flagged_principals_gets_one_new_version(tmp_path):
    run = a.managed_policy("run", a.allow(SEND, "s3:GetObject"))
    roles = [a.role(name, managed=["run"]) for name in ("one", "two")]

    pairs = planned_aws(tmp_path, run, *roles)

    one, two = (remediation_of(pairs, EVERY, name) for name in ("one", "two"))
    assert kinds(one) == ["A2"]
    names = [arn.rpartition("/")[2] for arn in one.changes[0].affects]
    assert names == ["one", "two"]
    assert one.changes == two.changes
    assert one.taken_away == 4


@pytest.mark.parametrize(
    ("shared", "expected"), [(False, ["A2"]), (True, ["A4", "A4", "A4"])]
)
def test_a_policy_that_serves_others_is_copied_for_the_one(tmp_path, shared, expected):
    """Case 1: a role has no finding of the users' check, and must keep what it has."""
    run = a.managed_policy("run", a.allow(SEND, "s3:GetObject"))
    narrow = ["arn:aws:ec2:*:*:instance/i-1"]
    other = a.role("other", managed=["run"] if shared else [], boundary="narrow")
    bound = a.managed_policy("narrow", a.allow(SEND, on=[*narrow, "*:document/Own"]))

    pairs = planned_aws(tmp_path, run, bound, a.user("bob", managed=["run"]), other)

    found = remediation_of(pairs, USER, "bob")
    assert kinds(found) == expected
    assert holds(found)


def test_a_boundary_of_another_role_is_not_edited(tmp_path):
    """Case 4: editing the policy would shrink what the other role may do."""
    run = a.managed_policy("run", a.allow(SEND, START, "s3:*"))
    own = ["arn:aws:ec2:*:*:instance/i-1", "arn:aws:ssm:*:*:document/Own"]
    other = a.role("other", a.allow(SEND, on=own), boundary="run")

    pairs = planned_aws(tmp_path, run, a.user("bob", managed=["run"]), other)

    found = remediation_of(pairs, USER, "bob")
    assert kinds(found) == ["A4", "A4", "A4"]
    assert holds(found)


def test_an_aws_managed_policy_is_replaced_by_a_copy(tmp_path):
    role = a.role("ops", managed=["aws:AmazonSSMFullAccess"])

    found = remediation_of(planned_aws(tmp_path, FULL, role), MANAGED, "ops")

    create, attach, detach = found.changes
    assert (create.kind, create.before) == ("A4", None)
    assert create.where.startswith(f"arn:aws:iam::{a.ACCOUNT}:policy/")
    assert attach.after == {"PolicyArn": create.where}
    assert detach.before == {"PolicyArn": "arn:aws:iam::aws:policy/AmazonSSMFullAccess"}
    assert {"Effect": "Deny"}.items() <= create.after["Statement"][-1].items()
    assert holds(found)


def test_the_copy_for_several_principals_is_created_once(tmp_path):
    roles = [a.role(n, managed=["aws:AmazonSSMFullAccess"]) for n in ("one", "two")]

    pairs = planned_aws(tmp_path, FULL, *roles)

    one, two = (remediation_of(pairs, MANAGED, name) for name in ("one", "two"))
    assert one.changes[0] == two.changes[0]
    assert one.changes[1:] != two.changes[1:]


def test_a_copy_that_is_too_long_comes_in_two(tmp_path):
    """Case 3: split where slots are free."""
    found = _of_a_big_policy(tmp_path, a.role("ops", managed=["aws:Big"]), MANAGED)

    assert kinds(found) == ["A4"] * 5
    assert holds(found)


def test_without_slots_for_copies_the_vectors_are_denied(tmp_path):
    full = [a.managed_policy(f"p{n}", a.allow("s3:GetObject")) for n in range(9)]
    names = [f"p{n}" for n in range(9)]

    role = a.role("ops", managed=["aws:Big", *names])
    found = _of_a_big_policy(tmp_path, role, MANAGED, *full)

    (change,) = found.changes
    assert change.kind == "A6"
    assert change.after["Statement"][0]["Effect"] == "Deny"
    assert holds(found)


def _of_a_big_policy(root, role, check, *more):
    padding = [f"s3:Get{'x' * 100}{n}" for n in range(80)]
    assert len(json.dumps(padding)) > MANAGED_POLICY.value
    big = a.managed_policy("aws:Big", a.allow(SEND, *padding))
    return remediation_of(planned_aws(root, big, role, *more), check, "ops")


def test_a_policy_that_a_service_needs_is_left_alone(tmp_path):
    name = "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"
    policy = a.managed_policy(name, a.allow(SEND))

    pairs = planned_aws(tmp_path, policy, a.role("ops", managed=[name]))

    found = remediation_of(pairs, MANAGED, "ops")
    assert (found.closes, found.changes) == ("advice", ())


@pytest.mark.parametrize("names", [["ann"], ["ann", "bob"]])
def test_a_groups_aws_policy_is_replaced_on_the_group(tmp_path, names):
    """All members are users, so all of them have the same finding."""
    people = a.group("people", managed=["aws:AmazonSSMFullAccess"])
    users = [a.user(name, groups=["people"]) for name in names]

    found = remediation_of(planned_aws(tmp_path, FULL, people, *users), MANAGED, "ann")

    assert kinds(found) == ["A4", "A4", "A4"]
    assert found.changes[-1].resource.id.endswith(":group/people")
    assert holds(found)


PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


def test_the_role_of_an_unknown_permission_set_is_advice(tmp_path):
    role = a.role("AWSReservedSSO_Ops_0123456789abcdef", a.allow(SEND), path=PATH)

    found = remediation_of(planned_aws(tmp_path, role), EVERY, "0123456789abcdef")

    assert (found.closes, found.status) == ("advice", "planned")
    assert "permission set" in found.title


def test_a_partner_must_send_an_external_id(tmp_path):
    role = a.role("partner", a.allow(SEND), trust=[a.trusting(PARTNER)])

    found = remediation_of(planned_aws(tmp_path, role), WITHOUT_ID, a.PARTNER)

    (change,) = found.changes
    condition = change.after["Statement"][0]["Condition"]
    assert "sts:ExternalId" in condition["StringEquals"]
    assert (change.kind, change.where.rpartition("/")[2]) == ("A10", "partner")
    assert holds(found)
    assert found.closes == "partly"


def test_anyone_at_all_becomes_the_organization(tmp_path):
    """Services that only `*` lets in enter no more, and the side effects say so."""
    role = a.role("open", a.allow(SEND), trust=[a.trusting({"AWS": "*"})])
    passing = a.role("runner", a.allow("iam:PassRole", "ssm:StartAutomationExecution"))
    organization = a.organization(a.member(a.ACCOUNT))

    pairs = planned_aws(tmp_path, role, passing, organization=organization)

    found = remediation_of(pairs, "t1651_aws_trusts_anyone", "anyone")
    (condition,) = found.changes[0].after["Statement"][0]["Condition"].values()
    assert list(condition) == ["aws:PrincipalOrgID"]
    assert holds(found)
    assert any("services" in one for one in found.side_effects)


def test_a_partner_whose_role_is_approved_is_pinned_to_it(tmp_path):
    role = a.role("partner", a.allow(SEND), trust=[a.trusting(PARTNER)])
    exact = f"arn:aws:iam::{a.PARTNER}:role/run"

    pairs = planned_aws(tmp_path, role, approved={"partners": (exact,)})

    found = remediation_of(pairs, WITHOUT_ID, a.PARTNER)
    required = found.changes[0].after["Statement"][0]["Condition"]["StringEquals"]
    assert required["aws:PrincipalArn"] == [exact]
    assert holds(found)


@pytest.mark.parametrize("approved", [False, True])
def test_a_partner_with_an_external_id_goes_unless_approved(tmp_path, approved):
    """An ExternalId guards against a confused deputy, not against the partner."""
    trust = a.trusting(PARTNER, {"StringEquals": {"sts:ExternalId": "x-1"}})
    role = a.role("partner", a.allow(SEND), trust=[trust])

    partners = (a.PARTNER,) if approved else ()
    pairs = planned_aws(tmp_path, role, approved={"partners": partners})

    found = remediation_of(pairs, WITH_ID, a.PARTNER)
    if approved:
        assert found.changes == ()
        assert "approved partner" in found.refused
    else:
        (statement,) = found.changes[0].after["Statement"]
        assert statement["Effect"] == "Deny"
        assert holds(found)


def test_only_the_outsider_leaves_a_trust_policy(tmp_path):
    both = {"AWS": [PARTNER["AWS"], f"arn:aws:iam::{a.ACCOUNT}:role/own"]}
    trust = a.trusting(both, {"StringEquals": {"sts:ExternalId": "x-1"}})
    role = a.role("partner", a.allow(SEND), trust=[trust])

    pairs = planned_aws(tmp_path, role, a.role("own"))

    (statement,) = (
        remediation_of(pairs, WITH_ID, a.PARTNER).changes[0].after["Statement"]
    )
    assert statement["Principal"] == {"AWS": [f"arn:aws:iam::{a.ACCOUNT}:role/own"]}


def test_a_wide_subject_becomes_exact(tmp_path):
    issuer = "token.actions.githubusercontent.com"
    provider = f"arn:aws:iam::{a.ACCOUNT}:oidc-provider/{issuer}"
    trust = a.trusting(
        {"Federated": provider},
        {"StringLike": {f"{issuer}:sub": "repo:org/*"}},
        action="sts:AssumeRoleWithWebIdentity",
    )

    pairs = planned_aws(tmp_path, a.role("ci", a.allow(SEND), trust=[trust]))

    (found,) = [r for f, r in pairs if f.check == "t1651_aws_oidc_subject_wide"]
    required = found.changes[0].after["Statement"][0]["Condition"]["StringEquals"]
    assert set(required) == {f"{issuer}:sub", f"{issuer}:aud"}
    assert holds(found)


def test_an_instance_role_loses_its_commands(tmp_path):
    pairs = planned_aws(tmp_path, a.role("app", a.allow(SEND), profile=True))

    found = remediation_of(pairs, "t1651_aws_instance_role_commands_others", "app")

    assert holds(found)
    assert found.closes == "fully"


def test_a_right_that_no_finding_asks_for_makes_it_partly(tmp_path):
    """A key over SSH is no command by itself: it stays, and is named."""
    ssh = "ec2-instance-connect:SendSSHPublicKey"
    role = a.role("ops", a.allow(SEND), a.allow(ssh))

    found = remediation_of(planned_aws(tmp_path, role), EVERY, "ops")

    assert found.closes == "partly"
    assert any(ssh in way for way in found.remaining)


def test_all_findings_of_a_principal_get_the_same_changes(tmp_path):
    """Closing one must not leave what another asks for."""
    role = a.role(
        "app", a.allow(START), profile=True, managed=["aws:AmazonSSMFullAccess"]
    )

    pairs = planned_aws(tmp_path, FULL, role)

    first, *others = [r for f, r in pairs if f.principal.name == "app"]
    assert others
    assert all(one.changes == first.changes for one in others)


@pytest.mark.parametrize("check", [EVERY, MANAGED])
def test_service_linked_roles_are_never_touched(tmp_path, check):
    role = a.role(
        "AWSServiceRoleForX",
        managed=["aws:AmazonSSMFullAccess"],
        path="/aws-service-role/x.amazonaws.com/",
    )

    assert planned_aws(tmp_path, FULL, role) == []


@pytest.mark.parametrize(
    "name",
    [
        "OrganizationAccountAccessRole",
        "AWSControlTowerExecution",
        "AWSCloudFormationStackSetExecutionRole",
        "stacksets-exec-0123",
    ],
)
def test_roles_that_others_own_are_advice(tmp_path, name):
    found = remediation_of(
        planned_aws(tmp_path, a.role(name, a.allow("*"))), EVERY, name
    )

    assert (found.closes, found.changes) == ("advice", ())
    assert found.side_effects


def test_what_a_stack_made_says_where_to_change_it(tmp_path):
    tags = {"aws:cloudformation:stack-name": "fleet"}

    pairs = planned_aws(tmp_path, a.role("ops", a.allow(SEND), tags=tags))

    found = remediation_of(pairs, EVERY, "ops")
    assert any("stack fleet" in effect for effect in found.side_effects)


def test_every_change_names_its_object_and_the_plan_its_reason(tmp_path):
    role = a.role(
        "app", a.allow(START), profile=True, managed=["aws:AmazonSSMFullAccess"]
    )
    partner = a.role("partner", a.allow(SEND), trust=[a.trusting(PARTNER)])

    pairs = planned_aws(tmp_path, FULL, role, partner)

    changes = [change for _, r in pairs for change in r.changes]
    assert changes
    assert all(change.resource for change in changes)
    assert all(r.why for _, r in pairs if r.status != "planned")


def test_findings_about_a_scope_get_advice(tmp_path):
    roles = [a.role(f"r{n}", a.allow(SEND)) for n in range(11)]
    node = a.instance("i-1", registered=True)
    analysis = analyse(a.estate(tmp_path, a.account(*roles, node)))
    graph = build_graph(analysis.decided)
    findings = [f for f in run_checks(graph) if f.principal is None and f.targets]

    found = plan_remediations(analysis, graph, findings)

    assert {(r.closes, r.status, r.changes) for r in found} == {
        ("advice", "planned", ())
    }


def test_only_the_wanted_are_planned_and_know_all_others(tmp_path):
    run = a.managed_policy("run", a.allow(SEND, "s3:GetObject"))
    roles = [a.role(name, managed=["run"]) for name in ("one", "two")]
    analysis = analyse(
        a.estate(tmp_path, a.account(run, *roles, a.instance("i-1", registered=True)))
    )
    graph = build_graph(analysis.decided)
    findings = [f for f in run_checks(graph) if f.check == EVERY]

    (found,) = plan_remediations(
        analysis, graph, findings, only={findings[0].fingerprint}
    )

    assert kinds(found) == ["A2"]


def test_a_policy_with_all_its_versions_names_the_one_to_delete(tmp_path):
    """IAM keeps five: the oldest goes first, and its document stays in the plan."""
    versions = [
        {
            "VersionId": f"v{n}",
            "IsDefaultVersion": n == 5,
            "Document": a.policy(a.allow(SEND, "s3:GetObject" if n > 1 else "s3:Old")),
        }
        for n in (2, 5, 1, 3, 4)
    ]
    arn = f"arn:aws:iam::{a.ACCOUNT}:policy/run"
    row = {"PolicyName": "run", "Arn": arn, "DefaultVersionId": "v5"}
    part = a.Part(
        lambda place: [("Policies", "", {**row, "PolicyVersionList": versions})]
    )

    pairs = planned_aws(tmp_path, part, a.role("ops", managed=["run"]))

    (change,) = remediation_of(pairs, EVERY, "ops").changes
    assert "after deleting v1" in change.title
    assert "s3:Old" in change.rollback


SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"


def sso_organization(*accounts, people=("ann",)):
    rows = [
        {
            "PermissionSetArn": SET,
            "AccountId": account,
            "PrincipalType": "USER",
            "PrincipalId": person,
        }
        for account in accounts
        for person in people
    ]
    described = {"PermissionSet": {"PermissionSetArn": SET, "Name": "Ops"}}
    members = [a.member(account) for account in accounts]
    return a.organization(
        a.unit("Work", *members),
        a.answer("sso-admin:DescribePermissionSet", described, params={"P": SET}),
        a.answer("sso-admin:ListAccountAssignments", {"AccountAssignments": rows}),
    )


def sso_role(*statements):
    name = "AWSReservedSSO_Ops_0123456789abcdef"
    return a.role(name, *statements, path=PATH)


def test_a_permission_set_is_changed_for_all_its_roles(tmp_path):
    """Nobody edits the role: the set is, and provisioned again."""
    organization = sso_organization(a.ACCOUNT)

    pairs = planned_aws(tmp_path, sso_role(a.allow("*")), organization=organization)

    found = remediation_of(pairs, EVERY, "0123456789abcdef")
    (change,) = found.changes
    assert change.resource.kind is ResourceKind.PERMISSION_SET_INLINE
    assert change.after["Statement"][-1]["Effect"] == "Deny"
    assert holds(found)


def test_a_permission_set_that_another_account_needs_is_unassigned(tmp_path):
    """Case 9: flagged in one account, it takes the one assignment away instead."""
    other = "222233334444"
    organization = sso_organization(a.ACCOUNT, other)
    narrow = a.allow(SEND, on=["arn:aws:ec2:*:*:instance/i-1", "*:document/Own"])
    nodes = [a.instance(name, registered=True) for name in ("i-1", "i-2")]
    elsewhere = a.account(sso_role(narrow), *nodes, id=other)

    pairs = planned_aws(
        tmp_path,
        sso_role(a.allow(SEND)),
        organization=organization,
        more=[elsewhere],
    )

    found = remediation_of(pairs, EVERY, "0123456789abcdef")
    (change,) = found.changes
    assert found.closes == "advice"
    assert change.resource.kind is ResourceKind.ACCOUNT_ASSIGNMENT
    assert change.before["TargetId"] == a.ACCOUNT


@pytest.mark.parametrize("direct", [False, True])
def test_who_only_passes_roles_must_not_pass_those_that_command(tmp_path, direct):
    """A12: it keeps its schedules; with a command of its own the vectors go instead."""
    statement = a.allow("scheduler:CreateSchedule", "iam:PassRole", "s3:GetObject")
    own = [a.allow(SEND)] if direct else []
    trust = [a.trusting({"Service": "scheduler.amazonaws.com"})]
    runner = a.role("runner", a.allow(SEND), trust=trust)

    pairs = planned_aws(tmp_path, a.user("dev", statement, *own), runner)

    found = remediation_of(pairs, USER, "dev")
    assert ("A12" in kinds(found)) is not direct
    assert holds(found)
    if not direct:
        (denied,) = found.changes[0].after["Statement"]
        assert denied["Action"] == ["iam:PassRole"]
        assert denied["Resource"] == [f"arn:aws:iam::{a.ACCOUNT}:role/runner"]


UNDO = "iam:DeleteRolePolicy"


@pytest.mark.parametrize(
    ("more", "closes"), [("s3:GetObject", "fully"), (UNDO, "partly")]
)
def test_who_can_become_another_loses_the_rights_that_lead_there(
    tmp_path, more, closes
):
    """A12: cut at its own rights, not at the other's commands, and proven."""
    rights = a.allow("iam:UpdateAssumeRolePolicy", "ec2:StartInstances")
    runner = a.role("runner", a.allow(SEND))

    pairs = planned_aws(tmp_path, a.role("dev", rights, a.allow("sts:*", more)), runner)

    found = remediation_of(pairs, "t1651_aws_escalation_to_nodes", "dev")
    assert kinds(found) == ["A12"]
    (denied,) = found.changes[0].after["Statement"]
    assert denied["Action"] == ["iam:UpdateAssumeRolePolicy"]
    assert (found.closes, holds(found)) == (closes, True)
    assert any(UNDO in way for way in found.remaining) is (closes == "partly")


@pytest.mark.parametrize("writes", [False, True])
def test_who_may_write_its_own_policy_is_only_partly_stopped(tmp_path, writes):
    """Case 2: proven, and yet it can hand itself the right again."""
    more = ["iam:PutRolePolicy"] if writes else ["s3:GetObject"]

    pairs = planned_aws(tmp_path, a.role("ops", a.allow(SEND), a.allow(*more)))

    found = remediation_of(pairs, EVERY, "ops")
    assert holds(found)
    assert found.closes == ("partly" if writes else "fully")
    assert any("iam:PutRolePolicy" in way for way in found.remaining) is writes


def test_an_unread_scp_is_what_the_proof_rests_on(tmp_path):
    """Case 7: the list is named; what it could only restrict hides no access."""
    op = "organizations:ListPoliciesForTarget"
    refused = a.refusal(
        op, params={"TargetId": "r-ex", "Filter": "SERVICE_CONTROL_POLICY"}
    )
    organization = a.organization(a.unit("Work", a.member(a.ACCOUNT)), refused)

    pairs = planned_aws(
        tmp_path, a.role("ops", a.allow(SEND)), organization=organization
    )

    found = remediation_of(pairs, EVERY, "ops")
    assert found.status == "proven-given"
    assert any(op in unknown for unknown in found.unknowns)


@pytest.mark.parametrize(("over", "closes"), [(0, "fully"), (1, "advice")])
def test_a_permission_set_without_room_says_so(tmp_path, over, closes):
    """32,768 characters of inline policy, which the deny is a part of."""
    limit = PERMISSION_SET_INLINE.value

    def planned(root, size):
        pad = a.allow("s3:GetObject", on=["arn:aws:s3:::"])
        missing = size - size_of(a.policy(a.allow(SEND), pad))
        pad["Resource"][0] += "x" * missing
        inline = {"PolicyName": SSO_INLINE, "PolicyDocument": a.policy(
            a.allow(SEND), pad
        )}  # fmt: skip
        name = "AWSReservedSSO_Ops_0123456789abcdef"
        role = a.role(name, path=PATH, RolePolicyList=[inline])
        pairs = planned_aws(root, role, organization=sso_organization(a.ACCOUNT))
        return remediation_of(pairs, EVERY, "0123456789abcdef")

    small = planned(tmp_path / "measured", 1_000)
    grown = size_of(small.changes[0].after) - 1_000

    found = planned(tmp_path / "estate", limit - grown + over)

    assert found.closes == closes
    told = f"{limit + 1} characters of a permission set's inline policy"
    assert any(told in effect for effect in found.side_effects) is bool(over)


def test_just_in_time_access_is_advice_with_the_policy_to_ask_by(tmp_path):
    """A13: approval is the organisation's; nothing is claimed to be removed."""
    user = a.user("ann", a.allow(START))
    own = a.document("Own", {}, kind="Command")
    node = a.instance("i-1", registered=True)
    evidence = a.estate(tmp_path, a.account(user, node, own))
    analysis = analyse(evidence)
    graph = build_graph(analysis.decided)
    findings = run_checks(graph)

    plan = plan_remediations(analysis, graph, findings)

    (found,) = (
        r
        for f, r in zip(findings, plan, strict=True)
        if f.check == "t1651_aws_no_just_in_time_access"
    )
    (change,) = found.changes
    actions = [each["Action"] for each in change.after["Statement"]]
    assert (change.kind, change.before) == ("A13", None)
    assert actions == [["ssm:StartAccessRequest"], ["ssm:GetAccessToken"]]
    assert (found.closes, found.status, found.proof) == ("advice", "planned", None)
    assert any("temporary, not removed" in one for one in found.side_effects)
