"""Limits and grammar: what AWS and Azure would refuse is not emitted."""

import aws_estates as a
import pytest
from planning import holds, kinds, planned_aws, remediation_of

from policies.grammar import faults, name_fault
from policies.limits import MANAGED_POLICY, TRUST_POLICY, inline_limit, slot_limit
from policies.resources import ResourceKind

SEND = "ssm:SendCommand"
EVERY = "t1651_aws_any_document_every_node"
INLINE, TRUST = ResourceKind.INLINE_POLICY, ResourceKind.TRUST
SCP, RCP = ResourceKind.SCP, ResourceKind.RCP


# ---- limits ----


def summary(**quotas):
    return a.answer("iam:GetAccountSummary", {"SummaryMap": quotas})


def test_an_accounts_own_quota_counts():
    assert MANAGED_POLICY.of_account({"PolicySizeQuota": 100}).value == 100
    assert MANAGED_POLICY.of_account({}) is MANAGED_POLICY
    assert MANAGED_POLICY.of_account({"PolicySizeQuota": 100}).dated == "live"
    assert slot_limit("role", {"AttachedPoliciesPerRoleQuota": 20}).value == 20
    assert TRUST_POLICY.of_account({"AssumeRolePolicySizeQuota": 4096}).value == 4096


def test_an_owner_of_no_known_kind_has_the_smallest_limit():
    assert inline_limit("federated-user", {}).value == inline_limit("user", {}).value


@pytest.mark.parametrize(("slots", "expected"), [(10, "A4"), (1, "A6")])
def test_the_slots_are_read_live(tmp_path, slots, expected):
    """Both are attached for a moment: a copy needs a slot of its own."""
    full = a.managed_policy("aws:AmazonSSMFullAccess", a.allow("ssm:*", "s3:Get*"))
    role = a.role("ops", managed=["aws:AmazonSSMFullAccess"])
    more = summary(AttachedPoliciesPerRoleQuota=slots)

    found = remediation_of(planned_aws(tmp_path, full, role, more), EVERY, "ops")

    assert kinds(found)[0] == expected
    assert holds(found)
    assert all(one.fits for one in found.proof.limits)


def test_a_proof_names_every_limit_with_its_source(tmp_path):
    found = remediation_of(
        planned_aws(tmp_path, a.role("ops", a.allow(SEND, "s3:*"))), EVERY, "ops"
    )

    (use,) = found.proof.limits
    assert use.of == "characters of a role's inline policies"
    assert 0 < use.used <= use.limit == 10_240
    assert use.source.startswith("https://")


# ---- grammar ----


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def one(**changed):
    found = {"Effect": "Allow", "Action": [SEND], "Resource": "*", **changed}
    return {name: value for name, value in found.items() if value is not None}


GOOD_TRUST = one(Resource=None, Principal={"AWS": "*"}, Action="sts:AssumeRole")


@pytest.mark.parametrize(
    ("kind", "statement"),
    [
        (INLINE, one()),
        (INLINE, one(Sid="Run1", Condition={"StringLike": {"k": ["v"]}})),
        (INLINE, one(Action=None, NotAction=["ssm:*"])),
        (INLINE, one(Resource="arn:aws:s3:::a/${aws:username}/*")),
        (TRUST, GOOD_TRUST),
        (SCP, one(Effect="Deny", Condition={"ArnNotLike": {"k": "v"}})),
        (RCP, one(Effect="Deny", Principal="*")),
    ],
)
def test_what_aws_takes_has_no_fault(kind, statement):
    assert list(faults(document(statement), kind)) == []


@pytest.mark.parametrize(
    ("kind", "statement", "says"),
    [
        (INLINE, one(Effect="allow"), "Effect"),
        (INLINE, one(NotAction=["x:y"]), "one of Action"),
        (INLINE, one(Resource=None), "Resource is missing"),
        (INLINE, one(Principal="*"), "Principal has no place"),
        (INLINE, one(Sid="a b"), "Sid"),
        (INLINE, one(Action="SendCommand"), "no action"),
        (INLINE, one(Resource="i-1"), "no resource"),
        (INLINE, one(Resource="arn:aws:s3:::ж"), "characters"),
        (INLINE, one(Condition={"StringMatches": {"k": "v"}}), "operator"),
        (INLINE, one(Condition={"Bool": {}}), "no keys"),
        (INLINE, one(Note="x"), "not a statement"),
        (TRUST, one(Action="sts:AssumeRole"), "Principal is missing"),
        (TRUST, {**GOOD_TRUST, "Resource": "*"}, "Resource has no place"),
        (SCP, one(Condition={"Bool": {"k": "true"}}), "older grammar"),
        (SCP, one(Action=None, NotAction=["ssm:*"]), "older grammar"),
        (SCP, one(Resource="arn:aws:s3:::a"), "older"),
        (SCP, one(Effect="Deny", Principal="*"), "Principal has no place"),
        (RCP, one(Effect="Deny"), "Principal is missing"),
    ],
)
def test_each_fault_is_told(kind, statement, says):
    assert any(says in fault for fault in faults(document(statement), kind))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"Version": "2012-10-17", "Statement": []}, "empty"),
        ({"Version": "2020-01-01", "Statement": [one()]}, "Version"),
        ({"Version": "2012-10-17", "Statement": [one()], "X": 1}, "member"),
        (document(one(Sid="A"), one(Sid="A")), "twice"),
        ([], "member"),
    ],
)
def test_faults_of_a_whole_document_are_told(content, says):
    assert any(says in fault for fault in faults(content, INLINE))


@pytest.mark.parametrize(
    ("name", "fine"),
    [("a", True), ("a" * 128, True), ("a" * 129, False), ("a b", False), ("é", False)],
)
def test_names_are_as_iam_takes_them(name, fine):
    assert (name_fault(name, 128) is None) is fine
