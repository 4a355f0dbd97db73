"""Identity providers: SAML metadata that somebody writes, certificates that let in.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    account,
    allow,
    answer,
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
from scanner.grants import Confidence, Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

IAM = f"arn:aws:iam::{ACCOUNT}"
EVE, CORP = f"{IAM}:user/eve", f"{IAM}:saml-provider/corp"
ANCHOR = f"arn:aws:rolesanywhere:eu-west-1:{ACCOUNT}:trust-anchor/a1"
SAML = trusting(
    {"Federated": CORP},
    {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    action="sts:AssumeRoleWithSAML",
)


def graph_of(tmp_path, *parts, trust=SAML):
    """A role that runs commands, entered by this trust."""
    ops = role("ops", allow("ssm:*"), trust=[trust])
    file = account(instance("i-1", registered=True), ops, *parts)
    home = organization(unit("Work", member(ACCOUNT)), scps=[FULL])
    return build_graph([decide_aws_half(load_aws(estate(tmp_path, file, home)))])


def reached(graph, who):
    if who not in graph.principals:
        return None
    found = reach_of(graph, who)
    return next((o for o in found if o.grant.vector.id == "ssm:SendCommand"), None)


def listed(*arns):
    rows = [{"Arn": arn} for arn in arns]
    return answer("iam:ListSAMLProviders", {"SAMLProviderList": rows})


@pytest.mark.parametrize(
    ("statements", "providers", "found"),
    [
        ([allow("iam:UpdateSAMLProvider", on=CORP)], [CORP], True),
        ([allow("iam:UpdateSAMLProvider", on=f"{CORP}2")], [CORP], False),
        ([allow("iam:*"), deny("iam:UpdateSAMLProvider")], [CORP], False),
        # a provider that is gone is made anew, one that exists is not
        ([allow("iam:CreateSAMLProvider", on=CORP)], [], True),
        ([allow("iam:CreateSAMLProvider", on=CORP)], [CORP], False),
    ],
)
def test_whoever_writes_a_saml_provider_enters_as_its_users(
    tmp_path, statements, providers, found
):
    """Whoever signs the assertions is whoever the assertions say."""
    # Whatever else eve may do by IAM, it may not do to roles and users.
    only = deny("iam:*Role*", "iam:*User*", "iam:*Polic*", "iam:Pass*", "iam:*Key")
    eve = user("eve", *statements, only)
    one = reached(graph_of(tmp_path, eve, listed(*providers)), EVE)

    assert (one is not None) is found
    if one is not None:
        assert [hop.kind for hop in one.hops] == ["can-become", "assumes"]


def anywhere(**when):
    given = {"ArnEquals": {"aws:SourceArn": when["anchor"]}} if when else None
    service = when.get("service", "rolesanywhere")
    return trusting({"Service": f"{service}.amazonaws.com"}, given)


@pytest.mark.parametrize(
    ("trust", "party"),
    [
        (anywhere(anchor=ANCHOR), ANCHOR),
        (anywhere(), f"arn:aws:rolesanywhere:*:{ACCOUNT}:trust-anchor/*"),
    ],
)
def test_a_certificate_of_a_trust_anchor_lets_in(tmp_path, trust, party):
    """Which profile offers the role is not in evidence."""
    one = reached(graph_of(tmp_path, trust=trust), party)

    assert [hop.kind for hop in one.hops] == ["assumes"]
    assert one.verdict is not Verdict.DENIED
    assert one.confidence is Confidence.INFERRED


def test_a_role_for_another_service_takes_no_certificate(tmp_path):
    """The twin of the role above that trusts EC2."""
    graph = graph_of(tmp_path, trust=anywhere(anchor=ANCHOR, service="ec2"))

    assert not [one for one in graph.principals if ":rolesanywhere:" in one]
