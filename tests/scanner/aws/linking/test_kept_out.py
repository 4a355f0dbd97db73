"""Trusts across accounts that name somebody whose own policies do not let it enter.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    PARTNER,
    account,
    allow,
    deny,
    estate,
    group,
    instance,
    role,
    trusting,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.graph import build_graph
from scanner.paths import reach_of

IAM = f"arn:aws:iam::{PARTNER}"
EVE, BOB, OPS = f"{IAM}:user/eve", f"{IAM}:user/bob", f"arn:aws:iam::{ACCOUNT}:role/ops"


def enters(tmp_path, who, *parts, trusts=EVE):
    """Tell whether somebody of one account enters a role of another."""
    ops = role("ops", allow("ssm:*"), trust=[trusting({"AWS": trusts})])
    files = account(instance("i-1", registered=True), ops), account(*parts, id=PARTNER)
    graph = build_graph([decide_aws_half(load_aws(estate(tmp_path, *files)))])
    found = reach_of(graph, who)
    return any(one.grant.vector.id == "ssm:SendCommand" for one in found)


def puts(who, *others):
    return user(who, allow("iam:PutUserPolicy", on=f"{IAM}:user/{who}"), *others)


#: A group that enters the role, and nothing else.
GROUP = group("ops", allow("sts:AssumeRole", on=OPS))


def joins(who):
    return user(who, allow("iam:AddUserToGroup", on=f"{IAM}:group/ops"))


@pytest.mark.parametrize(
    ("who", "parts", "found"),
    [
        (EVE, [puts("eve")], True),
        (EVE, [user("eve"), puts("bob")], False),
        # any policy in the account is one over eve
        (BOB, [user("eve"), puts("bob")], True),
        (BOB, [user("eve"), joins("bob"), GROUP], False),
        (EVE, [joins("eve"), user("bob"), GROUP], True),
        (EVE, [user("eve", allow("sts:AssumeRole", on=OPS))], True),
        # somebody who becomes it as well as changing it
        *(
            (BOB, [user("eve"), user("bob", *rights)], len(rights) == 2)
            for rights in (
                [
                    allow("iam:PutUserPolicy", on=EVE),
                    allow("iam:CreateAccessKey", on=EVE),
                ],
                [allow("iam:PutUserPolicy", on=EVE)],
                [allow("iam:CreateAccessKey", on=EVE)],
            )
        ),
        # an administrator of its account
        (BOB, [user("eve"), user("bob", allow("*"))], True),
        (BOB, [user("eve"), user("bob", allow("*"), deny("iam:*"))], False),
    ],
)
def test_another_policy_lets_in_whom_a_trust_names(tmp_path, who, parts, found):
    """And nobody else, though the policy gives them the same."""
    assert enters(tmp_path, who, *parts) is found


@pytest.mark.parametrize(("trusts", "found"), [(EVE, False), (f"{IAM}:root", True)])
def test_the_same_power_by_another_name_is_kept_out(tmp_path, trusts, found):
    """The twin of a trust that names one of an account is one that names all."""
    parts = joins("eve"), joins("bob"), GROUP

    assert enters(tmp_path, BOB, *parts, trusts=trusts) is found
    assert enters(tmp_path, EVE, *parts, trusts=trusts)
