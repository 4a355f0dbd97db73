"""How AWS statements are written, and who can set a tag that scopes them."""

import aws_estates as a
import pytest

from scanner.aws.decide import decide_aws
from scanner.aws.load import load_aws
from scanner.grants import StatementBecause
from scanner.wording import Wording

OPS = f"arn:aws:iam::{a.ACCOUNT}:role/ops"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
TAG = "ec2:CreateTags"


def decided(tmp_path, *parts):
    return decide_aws(load_aws(a.estate(tmp_path, a.account(*parts))))


def said(half, source, index=0, effect="Allow"):
    return half.wording_of(StatementBecause(source, index, None, effect))


def test_a_statement_is_found_where_it_is_attached(tmp_path):
    when = {"StringEquals": {"ssm:resourceTag/Team": "a", "aws:SourceIp": "b"}}
    half = decided(
        tmp_path,
        a.role("ops", a.allow("ssm:SendCommand"), a.allow("ssm:*", when=when)),
    )
    inline = f"{OPS}/inline/inline"

    assert said(half, inline) == (Wording(("ssm:SendCommand",)),)
    assert said(half, inline, 1) == (Wording(("ssm:*",), tags=("Team",)),)
    assert said(half, inline, 2) == ()
    assert said(half, f"{OPS}/inline/other") == ()


def test_not_action_names_all_but_what_it_lists(tmp_path):
    body = {"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}
    half = decided(tmp_path, a.role("ops", body))

    assert said(half, f"{OPS}/inline/inline") == (Wording(("*",), ("iam:*",)),)


def test_policies_of_aws_are_not_ours(tmp_path):
    half = decided(
        tmp_path,
        a.managed_policy("aws:AdministratorAccess", a.allow("*")),
        a.role("ops", managed=["aws:AdministratorAccess"]),
    )

    assert said(half, ADMIN) == (Wording(("*",), ours=False),)


def tags(half, key="Team", node="i-1"):
    who = next(one for one in half.principals if one.id == OPS)
    target = next(one for one in half.targets if one.name == node)
    return half.retags(who, key, target)


@pytest.mark.parametrize(
    ("statements", "can"),
    [
        ([a.allow(TAG)], True),
        ([a.allow("ec2:*")], True),
        ([a.allow(TAG, on="arn:aws:ec2:*:*:instance/*")], True),
        ([a.allow(TAG, on="arn:aws:ec2:*:*:volume/*")], False),
        ([a.allow("ssm:AddTagsToResource")], False),
        ([a.allow(TAG), a.deny(TAG)], False),
        (
            [
                a.allow(
                    TAG, when={"ForAllValues:StringEquals": {"aws:TagKeys": ["Name"]}}
                )
            ],
            False,
        ),
        (
            [
                a.allow(
                    TAG, when={"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}
                )
            ],
            True,
        ),
        (
            [
                a.allow(TAG),
                a.deny(TAG, when={"ForAnyValue:StringEquals": {"aws:TagKeys": "Team"}}),
            ],
            False,
        ),
        ([a.allow(TAG, when={"StringEquals": {"aws:RequestTag/Team": "a"}})], True),
        (
            [a.allow(TAG, when={"StringEquals": {"ec2:CreateAction": "RunInstances"}})],
            False,
        ),
        ([a.allow(TAG, when={"StringEquals": {"aws:ResourceTag/Team": "a"}})], False),
        ([], False),
    ],
)
def test_who_can_set_a_tag_on_a_node(tmp_path, statements, can):
    """On a node without that tag: the policies' own conditions on tags hold."""
    node = a.instance("i-1", registered=True, tags={"Other": "x"})
    half = decided(tmp_path, a.role("ops", *statements), node)

    found = tags(half)

    assert bool(found) is can
    assert all(one.source == f"{OPS}/inline/inline" for one in found)


def test_nodes_outside_ec2_are_tagged_by_systems_manager(tmp_path):
    half = decided(
        tmp_path,
        a.role("ops", a.allow("ssm:AddTagsToResource")),
        a.registration("mi-1"),
    )
    (target,) = half.targets

    assert tags(half, node=target.name)
