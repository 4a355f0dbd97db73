"""The table of AWS operations: exact rights, and a policy that can only read."""

import re

import pytest

from scanner.aws.operations import COLLECTED, OPERATIONS, USAGE, permissions_policy
from scanner.operations import Weight

READ_ONLY = re.compile(r"(Get|List|Describe)[A-Z]\w+")


@pytest.mark.parametrize(
    ("op", "permission", "weight"),
    [
        ("iam:GetAccountAuthorizationDetails", None, Weight.BASE),
        ("ec2:DescribeInstances", None, Weight.BASE),
        ("ssm:DescribeInstanceInformation", None, Weight.BASE),
        ("organizations:ListPoliciesForTarget", None, Weight.RESTRICTING),
        ("ssm:GetDocument", None, Weight.REFINING),
        ("sso-admin:ListInstances", "sso:ListInstances", Weight.REFINING),
        ("identitystore:ListUsers", "identitystore:ListUsers", Weight.REFINING),
    ],
)
def test_each_operation_names_its_right_and_weight(op, permission, weight):
    """API and IAM prefixes differ for Identity Center only."""
    found = OPERATIONS[op]

    assert (found.op, found.permission, found.weight) == (op, permission or op, weight)


def test_only_three_lists_are_base():
    """A fourth base list would turn more answers into unknown than the design says."""
    assert sum(op.weight is Weight.BASE for op in OPERATIONS.values()) == 3


def test_the_policy_only_reads_and_covers_every_call():
    """Every action is Get, List or Describe; together they are what is collected."""
    statements = permissions_policy()["Statement"]
    actions = [action for s in statements for action in s["Action"]]
    free = {"sts:GetCallerIdentity", "sts:AssumeRole"}

    assert all(READ_ONLY.fullmatch(action.split(":")[1]) for action in actions)
    assert sorted(actions) == sorted(
        op.permission for op in COLLECTED.values() if op.op not in free
    )


def test_only_an_organization_scan_may_assume_a_role():
    """The one action that does not read is bound to the named role."""
    *_, last = permissions_policy("audit", "aws-us-gov")["Statement"]

    assert last == {
        "Sid": "EnterMemberAccounts",
        "Effect": "Allow",
        "Action": ["sts:AssumeRole"],
        "Resource": "arn:aws-us-gov:iam::*:role/audit",
    }


def test_usage_adds_four_rights_that_change_nothing_in_the_account():
    """Two of them have a report made: the only calls of a scan that are no reads."""
    read, central, usage = permissions_policy(usage=True)["Statement"]

    assert [read, central] == permissions_policy()["Statement"]
    assert usage["Sid"] == "ReadUsage"
    assert usage["Action"] == [
        "iam:GenerateCredentialReport",
        "iam:GenerateServiceLastAccessedDetails",
        "iam:GetCredentialReport",
        "iam:GetServiceLastAccessedDetails",
    ]
    assert sorted(USAGE) == usage["Action"]
    assert COLLECTED.keys().isdisjoint(USAGE)
