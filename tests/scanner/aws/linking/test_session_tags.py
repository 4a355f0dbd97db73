"""Tags of a session: whoever may pass them meets what trusts and policies ask of them.

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
    instance,
    role,
    trusting,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.grants import Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

IAM = f"arn:aws:iam::{ACCOUNT}"
EVE, OPS = f"{IAM}:user/eve", f"{IAM}:role/ops"
RUN = "ssm:SendCommand"
ROOT = {"AWS": f"{IAM}:root"}
BLUE = {"StringEquals": {"aws:RequestTag/team": "blue"}}
ENTER, TAG = (allow(f"sts:{name}", on=OPS) for name in ("AssumeRole", "TagSession"))


def shortest(tmp_path, *parts, who=EVE):
    file = account(instance("i-1", registered=True, tags={"team": "blue"}), *parts)
    graph = build_graph([decide_aws_half(load_aws(estate(tmp_path, file)))])
    runs = [one for one in reach_of(graph, who) if one.grant.vector.id == RUN]
    return min(runs, key=lambda one: len(one.hops), default=None)


def trust(*actions, when=None, principal=ROOT):
    return [trusting(principal, when, action=each) for each in actions]


# ---- what a trust asks of the request ----


@pytest.mark.parametrize(
    ("rights", "actions", "found"),
    [
        ([ENTER, TAG], ["sts:AssumeRole", "sts:TagSession"], True),
        ([allow("sts:*")], ["sts:*"], True),
        # either half without the right to tag
        ([ENTER], ["sts:AssumeRole", "sts:TagSession"], False),
        ([ENTER, TAG], ["sts:AssumeRole"], False),
        ([ENTER, TAG, deny("sts:TagSession")], ["sts:*"], False),
        ([ENTER, allow("sts:TagSession", on=f"{OPS}2")], ["sts:*"], False),
    ],
)
@pytest.mark.parametrize(
    "when",
    [
        BLUE,
        {"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
        {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}},
        {"Null": {"aws:RequestTag/team": "false"}},
    ],
)
def test_a_trust_that_asks_for_tags_lets_in_whoever_may_pass_them(
    tmp_path, when, rights, actions, found
):
    """Without the right to tag the session, the request carries no tags."""
    ops = role("ops", allow(RUN), trust=trust(*actions, when=when))

    one = shortest(tmp_path, user("eve", *rights), ops)

    assert (one is not None) is found
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["assumes"]
        assert one.verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize(
    ("when", "verdict"),
    [
        ({"Null": {"aws:RequestTag/team": "true"}}, Verdict.ALLOWED),
        ({"StringEqualsIfExists": {"aws:RequestTag/team": "blue"}}, Verdict.ALLOWED),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, Verdict.ALLOWED),
    ],
)
@pytest.mark.parametrize("action", ["sts:AssumeRole", "sts:*"])
def test_a_trust_that_tags_may_be_left_out_of_is_entered_without_any(
    tmp_path, when, verdict, action
):
    """A request need not carry tags, whoever may pass them."""
    ops = role("ops", allow(RUN), trust=trust(action, when=when))

    one = shortest(tmp_path, user("eve", ENTER, allow("sts:TagSession")), ops)

    assert one.verdict is verdict


def test_two_tags_that_a_trust_asks_for_are_of_one_request(tmp_path):
    """What is entered by one value and tagged by another is not entered."""
    green = {"StringEquals": {"aws:RequestTag/team": "green"}}
    found = {}
    for name, tagging in (("same", BLUE), ("other", green)):
        asked = [
            *trust("sts:AssumeRole", when=BLUE),
            *trust("sts:TagSession", when=tagging),
        ]
        ops = role("ops", allow(RUN), trust=asked)
        found[name] = shortest(tmp_path / name, user("eve", ENTER, TAG), ops)

    assert found["same"] is not None
    assert found["other"] is None


@pytest.mark.parametrize(
    ("actions", "found"),
    [(["sts:AssumeRole", "sts:TagSession"], True), (["sts:AssumeRole"], False)],
)
def test_a_partner_passes_tags_only_where_the_trust_lets_it(tmp_path, actions, found):
    """Its own half is not in evidence; ours is."""
    partner = f"arn:aws:iam::{PARTNER}:root"
    asked = trust(*actions, when=BLUE, principal={"AWS": partner})
    ops = role("ops", allow(RUN), trust=asked)

    assert (shortest(tmp_path, ops, who=partner) is not None) is found
