"""Which policies of an AWS identity are for work that is not commanding nodes."""

import pytest
from aws_estates import (
    ACCOUNT,
    account,
    allow,
    deny,
    estate,
    group,
    managed_policy,
    role,
    statement,
    user,
)

from scanner.aws.decide import decide_aws
from scanner.aws.load import load_aws

ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"


def decided(tmp_path, *parts):
    half = decide_aws(load_aws(estate(tmp_path, account(*parts))))
    return half, {one.id: one for one in half.principals}


def work(tmp_path, *parts, who=ANN):
    half, people = decided(tmp_path, *parts)
    return half.work_of(people[who])


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([allow("s3:PutObject")], True),
        ([allow("s3:Get*", "s3:PutObject")], True),
        ([allow("s3:*")], True),
        ([allow("S3:putobject")], True),
        ([statement("Allow", ["x"]) | {"NotAction": ["*"], "Action": None}], False),
        ([allow("s3:GetObject", "rds:Describe*", "sqs:List*")], False),
        ([allow("iam:ChangePassword", "sts:AssumeRole")], False),
        ([allow("ec2:StartInstances", "logs:PutLogEvents")], False),
        ([deny("s3:PutObject")], False),
        ([allow("s3:*"), allow("ssm:SendCommand")], False),
        ([allow("*")], False),
        ([], False),
    ],
)
def test_other_work_changes_something_that_is_no_node_and_names_no_vector(
    tmp_path, statements, expected
):
    """Looking on, signing in and handling instances are no work of their own."""
    statements = [{k: v for k, v in one.items() if v is not None} for one in statements]

    assert work(tmp_path, user("ann", *statements)) == (("inline",) if expected else ())


def test_what_is_left_by_a_not_action_is_other_work(tmp_path):
    """Unless it leaves vectors as well."""
    services = ["ssm*:*", "ec2*:*", "iam:*", "lambda:*", "events:*", "states:*"]
    services += ["cloud*:*", "config:*", "fis:*", "scheduler:*", "elasticmapreduce:*"]
    services += ["codedeploy:*", "elasticbeanstalk:*"]
    left = {"Effect": "Allow", "NotAction": services, "Resource": "*"}
    more = {**left, "NotAction": services[1:]}

    assert work(tmp_path / "a", user("ann", left)) == ("inline",)
    assert work(tmp_path / "b", user("ann", more)) == ()


def test_policies_of_groups_and_managed_ones_count(tmp_path):
    """Named by their last part, each once; a role's are its own."""
    deploy = managed_policy("deploy", allow("s3:PutObject"))
    ops = group("ops", allow("sqs:SendMessage"), managed=["deploy"])
    ann = user("ann", groups=["ops"], managed=["deploy"])
    dev = role("dev", managed=["deploy"])
    arn = ANN.replace("user/ann", "role/dev")

    assert work(tmp_path / "a", deploy, ops, ann) == ("deploy", "inline")
    assert work(tmp_path / "b", deploy, dev, who=arn) == ("deploy",)


def test_a_role_is_at_home_in_its_account(tmp_path):
    """Users and root are no workloads: they have none."""
    half, people = decided(tmp_path, role("r"), user("ann"))
    homes = {who.kind: half.homes_of(who) for who in people.values()}

    assert homes == {"role": (ACCOUNT,), "user": (), "root": ()}
