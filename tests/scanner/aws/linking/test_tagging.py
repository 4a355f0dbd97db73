"""Principal tags: whoever may tag who asks meets any condition on such tags.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    account,
    allow,
    deny,
    estate,
    instance,
    member,
    organization,
    role,
    trusting,
    unit,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.grants import Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

IAM = f"arn:aws:iam::{ACCOUNT}"
EVE, OPS = f"{IAM}:user/eve", f"{IAM}:role/ops"
OPERATOR = {"StringEquals": {"aws:PrincipalTag/job": "operator"}}
COMMANDS = allow("ssm:SendCommand", when=OPERATOR, sid="Operators")
TAGS = allow("iam:TagUser", on=EVE, sid="Tags")
ENTER = allow("sts:AssumeRole", on=OPS)


def shortest(tmp_path, *parts):
    file = account(instance("i-1", registered=True), *parts)
    home = organization(unit("Work", member(ACCOUNT)), scps=[FULL])
    graph = build_graph([decide_aws_half(load_aws(estate(tmp_path, file, home)))])
    found = reach_of(graph, EVE)
    runs = [one for one in found if one.grant.vector.id == "ssm:SendCommand"]
    return min(runs, key=lambda one: len(one.hops), default=None)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([COMMANDS, TAGS], True),
        ([COMMANDS], False),
        ([COMMANDS, allow("iam:TagUser", on=f"{EVE}2")], False),
        ([COMMANDS, allow("iam:TagRole")], False),
        ([COMMANDS, TAGS, deny("iam:TagUser")], False),
        # what a tag denies
        ([allow("ssm:*"), deny("ssm:*", when=OPERATOR), TAGS], True),
        ([allow("s3:*"), TAGS], False),
    ],
)
def test_whoever_tags_itself_meets_conditions_on_its_tags(tmp_path, statements, found):
    """One call, and the tag is there."""
    tags = {"job": "operator"} if len(statements) == 3 else {}
    denied = statements[-1] is TAGS and len(statements) == 3
    one = shortest(tmp_path, user("eve", *statements, tags=tags if denied else {}))

    assert (one is not None) is found
    if one is not None:
        assert one.verdict is Verdict.CONDITIONAL
        assert {c.key for each in one.conditions for c in each} == {
            "aws:PrincipalTag/job"
        }


@pytest.mark.parametrize("enters", [True, False])
def test_another_identity_is_tagged_by_whoever_becomes_it(tmp_path, enters):
    """Tags on a role are of use to those who enter it."""
    ops = role("ops", COMMANDS, trust=[trusting({"AWS": f"{IAM}:root"})])
    eve = user("eve", allow("iam:TagRole", on=OPS), *([ENTER] if enters else []))

    assert (shortest(tmp_path, eve, ops) is not None) is enters


@pytest.mark.parametrize(("right", "found"), [(TAGS, True), (ENTER, False)])
def test_a_trust_that_asks_for_a_tag_lets_in_whoever_tags_itself(
    tmp_path, right, found
):
    """The tag is a condition of the entry, not of any policy of its own."""
    trust = [trusting({"AWS": f"{IAM}:root"}, OPERATOR)]
    ops = role("ops", allow("ssm:*"), trust=trust)

    one = shortest(tmp_path, user("eve", ENTER, right), ops)

    assert (one is not None) is found
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["can-become", "assumes"]
