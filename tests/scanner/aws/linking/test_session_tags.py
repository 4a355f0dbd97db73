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


# ---- what a session holds by its tags ----


OPERATOR = {"StringEquals": {"aws:PrincipalTag/job": "operator"}}
COMMANDS = allow(RUN, when=OPERATOR)
BOTH = ("sts:AssumeRole", "sts:TagSession")


def asking(**values):
    """A condition that each of these tags is passed with this value."""
    return {"StringLike": {f"aws:RequestTag/{key}": v for key, v in values.items()}}


@pytest.mark.parametrize(
    ("rights", "asked", "found"),
    [
        ([ENTER, TAG], trust(*BOTH), True),
        ([ENTER], trust(*BOTH), False),
        ([ENTER, TAG], trust("sts:AssumeRole"), False),
        ([TAG], trust(*BOTH), False),
        ([ENTER, TAG, deny("sts:TagSession")], trust(*BOTH), False),
        # the values that may be passed
        ([ENTER, TAG], trust(*BOTH, when=asking(job="operator")), True),
        ([ENTER, TAG], trust(*BOTH, when=asking(job="op*")), True),
        ([ENTER, TAG], trust(*BOTH, when=asking(job="clerk")), False),
        ([ENTER, TAG], trust(*BOTH, when=asking(team="blue")), True),
        (
            [ENTER, allow("sts:TagSession", when=asking(job="clerk"))],
            trust(*BOTH),
            False,
        ),
        (
            [ENTER, allow("sts:TagSession", when=asking(job="operator"))],
            trust(*BOTH),
            True,
        ),
        # which tags may be passed
        *(
            (
                [ENTER, TAG],
                trust(*BOTH, when={"ForAllValues:StringEquals": {"aws:TagKeys": key}}),
                key == "job",
            )
            for key in ("job", "team")
        ),
    ],
)
def test_a_session_holds_what_the_tags_that_may_be_passed_give(
    tmp_path, rights, asked, found
):
    """The role itself has no such tag, or another one."""
    for tags in (None, {"job": "clerk"}):
        ops = role("ops", COMMANDS, trust=asked, tags=tags)

        one = shortest(tmp_path / str(tags), user("eve", *rights), ops)

        assert (one is not None) is found
        if one is not None:
            assert [hop.kind for hop in one.hops] == ["assumes"]


def test_a_session_keeps_the_tags_of_its_role_that_are_not_passed(tmp_path):
    """Passing another tag takes nothing away."""
    both = {"StringEquals": {"aws:PrincipalTag/job": "operator"}}
    both["StringLike"] = {"aws:PrincipalTag/team": "*"}
    for job, found in (("operator", True), ("clerk", False)):
        asked = trust(
            *BOTH, when={"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}
        )
        ops = role("ops", allow(RUN, when=both), trust=asked, tags={"job": job})

        one = shortest(tmp_path / job, user("eve", ENTER, TAG), ops)

        assert (one is not None) is found


@pytest.mark.parametrize("tagging", [True, False])
def test_a_session_enters_roles_that_ask_for_its_tags(tmp_path, tagging):
    """The tags of the one session are whose the next request is."""
    mid = f"{IAM}:role/mid"
    first = role(
        "mid",
        allow("sts:AssumeRole", on=OPS),
        trust=trust(*(BOTH if tagging else BOTH[:1])),
    )
    last = role("ops", allow(RUN), trust=trust("sts:AssumeRole", when=OPERATOR))
    rights = [allow(each, on=mid) for each in BOTH]

    one = shortest(tmp_path, user("eve", *rights), first, last)

    assert (one is not None) is tagging
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["assumes", "assumes"]


@pytest.mark.parametrize("tagging", [True, False])
def test_a_session_passes_tags_on(tmp_path, tagging):
    """A chain of two: only who is tagged may tag the next session."""
    mid = f"{IAM}:role/mid"
    passing = [
        allow("sts:AssumeRole", on=OPS),
        allow("sts:TagSession", on=OPS, when=OPERATOR),
    ]
    first = role("mid", *passing, trust=trust(*(BOTH if tagging else BOTH[:1])))
    last = role("ops", COMMANDS, trust=trust(*BOTH))
    rights = [allow(each, on=mid) for each in BOTH]

    one = shortest(tmp_path, user("eve", *rights), first, last)

    assert (one is not None) is tagging


@pytest.mark.parametrize("own", ["operator", "clerk"])
def test_a_trust_may_ask_for_the_tag_that_the_caller_has(tmp_path, own):
    """A value that is handed on cannot be chosen."""
    handed = asking(job="${aws:PrincipalTag/job}")
    ops = role("ops", COMMANDS, trust=trust(*BOTH, when=handed))
    other = user("other", tags={"job": "operator"})

    one = shortest(tmp_path, user("eve", ENTER, TAG, tags={"job": own}), ops, other)

    assert (one is not None) is (own == "operator")


SAML = f"{IAM}:saml-provider/idp"


@pytest.mark.parametrize("tagging", [True, False])
def test_users_of_a_provider_are_tagged_where_the_trust_lets_it(tmp_path, tagging):
    """Which tags the provider asserts is not in evidence."""
    actions = ["sts:AssumeRoleWithSAML", *(["sts:TagSession"] if tagging else [])]
    asked = trust(*actions, principal={"Federated": SAML})
    ops = role("ops", COMMANDS, trust=asked)

    one = shortest(tmp_path, ops, who=SAML)

    assert (one is not None) is tagging
    if one is not None:
        assert one.verdict is Verdict.CONDITIONAL
        assert any("provider" in reason for reason in one.reasons)
