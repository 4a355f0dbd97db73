"""Temporary delegation: what partners ask for, and what they were given.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import json

import pytest
from aws_estates import (
    ACCOUNT,
    PARTNER,
    account,
    allow,
    answer,
    deny,
    estate,
    instance,
    policy,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.grants import Confidence, Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

EVE = f"arn:aws:iam::{ACCOUNT}:user/eve"
ROOT = f"arn:aws:iam::{PARTNER}:root"


def given(tmp_path, state, asked, *rights, approver=EVE):
    """What a partner reaches by a request that eve accepted, or may."""
    row = {
        "DelegationRequestId": "dr-1",
        "RequestorId": PARTNER,
        "RequestorName": "Vendor",
        "State": state,
        "PermissionPolicy": json.dumps(policy(*asked)) if asked else None,
        "ApproverId": approver,
    }
    row = {name: value for name, value in row.items() if value is not None}
    listed = answer("iam:ListDelegationRequests", {"DelegationRequests": [row]})
    file = account(instance("i-1", registered=True), user("eve", *rights), listed)
    graph = build_graph([decide_aws_half(load_aws(estate(tmp_path, file)))])
    found = reach_of(graph, ROOT) if ROOT in graph.principals else ()
    return next((o for o in found if o.grant.vector.id == "ssm:SendCommand"), None)


RUN, READ = allow("ssm:*"), allow("s3:*")


@pytest.mark.parametrize(
    ("state", "asked", "rights", "found"),
    [
        ("FINALIZED", [RUN], [RUN], True),
        ("ACCEPTED", [RUN], [RUN], True),
        # who accepts lends no more than it has, and no more than was asked for
        ("FINALIZED", [READ], [RUN], False),
        ("FINALIZED", [RUN], [READ], False),
        ("FINALIZED", [RUN], [RUN, deny("ssm:*")], False),
        *((over, [RUN], [RUN], False) for over in ("REJECTED", "EXPIRED")),
    ],
)
def test_a_partner_is_who_accepted_within_what_it_asked_for(
    tmp_path, state, asked, rights, found
):
    """For a while that is not looked at: it is inferred."""
    one = given(tmp_path, state, asked, *rights)

    assert (one is not None) is found
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["delegated-to"]
        assert one.confidence is Confidence.INFERRED
        assert one.verdict is Verdict.ALLOWED


@pytest.mark.parametrize(("asked", "found"), [([RUN], True), ([READ], False)])
def test_a_request_that_waits_is_unknown(tmp_path, asked, found):
    """Somebody may accept it yet."""
    one = given(tmp_path, "PENDING_APPROVAL", asked, RUN, approver=None)

    assert (one is not None) is found
    if one is not None:
        assert one.verdict is Verdict.UNKNOWN


def test_a_request_without_its_policy_hides_nothing(tmp_path):
    """What was asked for may be all that who accepted has."""
    assert given(tmp_path, "FINALIZED", None, RUN) is not None
