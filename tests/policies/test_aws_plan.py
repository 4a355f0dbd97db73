"""AWS remediations, each decided again on the changed estate."""

import json

import aws_estates as a
import pytest

from checks.catalogue import run_checks
from policies.limits import MANAGED_POLICY
from policies.plan import plan_remediations
from scanner.analysis import analyse
from scanner.graph import build_graph

SEND, START = "ssm:SendCommand", "ssm:StartSession"
FULL = a.managed_policy("aws:AmazonSSMFullAccess", a.allow("ssm:*", "s3:GetObject"))
NODE = a.instance("i-1", registered=True, profile="app")
OTHER = a.instance("i-2", registered=True)
EVERY = "t1651_aws_any_document_every_node"
MANAGED = "t1651_aws_managed_policy_grants"
EXTERNAL = "t1651_aws_external_without_external_id"
PARTNER = {"AWS": f"arn:aws:iam::{a.PARTNER}:root"}


def planned(root, *parts):
    """Write, analyse, check and plan; yields (finding, remediation)."""
    evidence = a.estate(root, a.account(*parts, NODE, OTHER))
    analysis = analyse(evidence)
    graph = build_graph(analysis.decided)
    found = [f for f in run_checks(graph) if f.targets and f.principal]
    found = [f for f in found if f.principal.kind != "root"]
    return list(zip(found, plan_remediations(analysis, graph, found), strict=True))


def of(pairs, check, name):
    (found,) = [
        r for f, r in pairs if f.check == check and f.principal.name.endswith(name)
    ]
    return found


def kinds(remediation):
    return [change.kind for change in remediation.changes]


def holds(status):
    """Doubts of the engine are carried as unknowns; neither is a failure."""
    return status in ("checked", "checked-given")


def test_an_inline_policy_loses_the_vectors_and_keeps_the_rest(tmp_path):
    statement = a.allow(SEND, "s3:GetObject")

    found = of(planned(tmp_path, a.role("ops", statement)), EVERY, "ops")

    (change,) = found.changes
    assert change.kind == "A3"
    (left,) = change.after["Statement"]
    assert left["Action"] == ["s3:GetObject"]
    assert change.before["Statement"][0]["Action"] == [SEND, "s3:GetObject"]
    assert holds(found.status)
    assert (found.closes, found.taken_away) == ("fully", 2)


def test_a_policy_with_nothing_else_is_deleted(tmp_path):
    found = of(planned(tmp_path, a.role("ops", a.allow(SEND))), EVERY, "ops")

    assert kinds(found) == ["A1"]
    assert found.changes[0].after is None


def test_everything_becomes_everything_but_the_vectors(tmp_path):
    """An administrator can still undo it: closed partly, and the rights are named."""
    found = of(planned(tmp_path, a.role("admin", a.allow("*"))), EVERY, "admin")

    (statement,) = found.changes[0].after["Statement"]
    assert SEND in statement["NotAction"]
    assert found.closes == "partly"
    assert any(right.startswith("iam:PutRolePolicy") for right in found.remaining)


def test_a_policy_of_several_flagged_principals_gets_one_new_version(tmp_path):
    run = a.managed_policy("run", a.allow(SEND, "s3:GetObject"))
    roles = [a.role(name, managed=["run"]) for name in ("one", "two")]

    found = of(planned(tmp_path, run, *roles), EVERY, "one")

    assert kinds(found) == ["A2"]
    assert [arn.rpartition("/")[2] for arn in found.changes[0].affects] == [
        "one",
        "two",
    ]
    assert found.taken_away == 4


@pytest.mark.parametrize(("shared", "kind"), [(False, "A2"), (True, "A6")])
def test_a_policy_that_serves_others_is_not_edited(tmp_path, shared, kind):
    """A role has no finding of the users' check: it must keep what it has."""
    run = a.managed_policy("run", a.allow(SEND, "s3:GetObject"))
    other = a.role("other", managed=["run"] if shared else [])

    pairs = planned(tmp_path, run, a.user("bob", managed=["run"]), other)

    assert kinds(of(pairs, "t1651_aws_iam_user", "bob")) == [kind]


def test_an_aws_managed_policy_is_replaced_by_a_copy(tmp_path):
    role = a.role("ops", managed=["aws:AmazonSSMFullAccess"])

    found = of(planned(tmp_path, FULL, role), MANAGED, "ops")

    create, swap = found.changes
    assert (create.kind, create.before) == ("A4", None)
    assert create.where.startswith(f"arn:aws:iam::{a.ACCOUNT}:policy/")
    assert swap.before == ["arn:aws:iam::aws:policy/AmazonSSMFullAccess"]
    assert swap.after == [create.where]
    assert {"Effect": "Deny"}.items() <= create.after["Statement"][-1].items()
    assert holds(found.status)


def test_a_policy_too_big_to_copy_is_denied_instead(tmp_path):
    padding = [f"s3:Get{'x' * 100}{n}" for n in range(80)]
    big = a.managed_policy("aws:Big", a.allow(SEND, *padding))
    assert len(json.dumps(padding)) > MANAGED_POLICY.value

    found = of(
        planned(tmp_path, big, a.role("ops", managed=["aws:Big"])), MANAGED, "ops"
    )

    (change,) = found.changes
    assert change.kind == "A6"
    assert change.after["Statement"][0]["Effect"] == "Deny"
    assert holds(found.status)


def test_a_policy_that_a_service_needs_is_left_alone(tmp_path):
    name = "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"
    policy = a.managed_policy(name, a.allow(SEND))

    found = of(planned(tmp_path, policy, a.role("ops", managed=[name])), MANAGED, "ops")

    assert (found.closes, found.changes) == ("advice", ())


def test_a_users_aws_policy_may_be_its_groups_so_it_is_denied(tmp_path):
    """Which of them it is attached to is not in the user's evidence."""
    people = a.group("people", managed=["aws:AmazonSSMFullAccess"])

    found = of(
        planned(tmp_path, FULL, people, a.user("ann", groups=["people"])),
        MANAGED,
        "ann",
    )

    assert kinds(found) == ["A6"]


def test_the_role_of_a_permission_set_is_changed_there(tmp_path):
    path = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    role = a.role("AWSReservedSSO_Ops_0123456789abcdef", a.allow(SEND), path=path)

    found = of(planned(tmp_path, role), EVERY, "0123456789abcdef")

    assert (found.closes, found.status) == ("advice", "planned")
    assert kinds(found) == ["A11"]


def test_a_partner_must_send_an_external_id(tmp_path):
    role = a.role("partner", a.allow(SEND), trust=[a.trusting(PARTNER)])

    found = of(planned(tmp_path, role), EXTERNAL, a.PARTNER)

    (change,) = found.changes
    condition = change.after["Statement"][0]["Condition"]
    assert "sts:ExternalId" in condition["StringEquals"]
    assert (change.kind, change.where.rpartition("/")[2]) == ("A10", "partner")
    assert holds(found.status)
    assert found.closes == "partly"


def test_a_wide_subject_becomes_exact(tmp_path):
    issuer = "token.actions.githubusercontent.com"
    provider = f"arn:aws:iam::{a.ACCOUNT}:oidc-provider/{issuer}"
    trust = a.trusting(
        {"Federated": provider},
        {"StringLike": {f"{issuer}:sub": "repo:org/*"}},
        action="sts:AssumeRoleWithWebIdentity",
    )

    pairs = planned(tmp_path, a.role("ci", a.allow(SEND), trust=[trust]))
    (found,) = [r for f, r in pairs if f.check == "t1651_aws_oidc_subject_wide"]

    required = found.changes[0].after["Statement"][0]["Condition"]["StringEquals"]
    assert set(required) == {f"{issuer}:sub", f"{issuer}:aud"}
    assert holds(found.status)


def test_an_instance_role_loses_its_commands(tmp_path):
    pairs = planned(tmp_path, a.role("app", a.allow(SEND), profile=True))

    found = of(pairs, "t1651_aws_instance_role_commands_others", "app")

    assert holds(found.status)
    assert found.closes == "fully"


def test_another_policy_makes_it_partly(tmp_path):
    """Sessions by another statement stay: they are named, and so is their number."""
    node = "arn:aws:ec2:*:*:instance/i-1"
    narrow = a.allow(START, on=[node, "arn:aws:ssm:*:*:document/Own"])
    role = a.role("ops", a.allow(SEND), narrow)

    found = of(planned(tmp_path, role), EVERY, "ops")

    assert found.closes == "partly"
    assert START in found.remaining


@pytest.mark.parametrize("check", [EVERY, MANAGED])
def test_service_linked_roles_are_never_touched(tmp_path, check):
    role = a.role(
        "AWSServiceRoleForX",
        managed=["aws:AmazonSSMFullAccess"],
        path="/aws-service-role/x.amazonaws.com/",
    )

    assert planned(tmp_path, FULL, role) == []


def test_findings_about_a_scope_get_advice(tmp_path):
    roles = [a.role(f"r{n}", a.allow(SEND)) for n in range(11)]
    analysis = analyse(a.estate(tmp_path, a.account(*roles, NODE)))
    graph = build_graph(analysis.decided)
    findings = [f for f in run_checks(graph) if f.principal is None]

    planned = plan_remediations(analysis, graph, findings)

    assert len(planned) == len(findings) > 0
    for one in planned:
        assert (one.closes, one.status, one.changes) == ("advice", "planned", ())
