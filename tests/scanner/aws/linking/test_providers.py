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
from scanner.classes import shown_hops
from scanner.grants import Confidence, Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

IAM = f"arn:aws:iam::{ACCOUNT}"
OPS = f"{IAM}:role/ops"
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
        assert [hop.target for hop in shown_hops(one.hops)] == [OPS]


GITHUB = f"{IAM}:oidc-provider/token.example"
WEB = trusting({"Federated": GITHUB}, action="sts:AssumeRoleWithWebIdentity")


def open_id(*arns):
    rows = [{"Arn": arn} for arn in arns]
    return answer("iam:ListOpenIDConnectProviders", {"OpenIDConnectProviderList": rows})


@pytest.mark.parametrize(
    ("action", "on", "providers", "found"),
    [
        ("UpdateOpenIDConnectProviderThumbprint", GITHUB, [GITHUB], True),
        ("UpdateOpenIDConnectProviderThumbprint", GITHUB, [], False),
        ("UpdateOpenIDConnectProviderThumbprint", f"{GITHUB}2", [GITHUB], False),
        ("AddClientIDToOpenIDConnectProvider", GITHUB, [GITHUB], True),
        ("CreateOpenIDConnectProvider", GITHUB, [], True),
        ("CreateOpenIDConnectProvider", GITHUB, [GITHUB], False),
        ("UpdateSAMLProvider", "*", [GITHUB], False),
        # whether the provider is there was not read
        ("UpdateOpenIDConnectProviderThumbprint", GITHUB, None, True),
        ("CreateOpenIDConnectProvider", GITHUB, None, True),
    ],
)
def test_whoever_writes_an_oidc_provider_may_let_in_tokens(
    tmp_path, action, on, providers, found
):
    """It takes more than the right: that is said, and never certain."""
    eve = user("eve", allow(f"iam:{action}", on=on))
    lists = [] if providers is None else [open_id(*providers)]
    one = reached(graph_of(tmp_path, eve, *lists, trust=WEB), EVE)

    assert (one is not None) is found
    if one is not None:
        assert [hop.target for hop in shown_hops(one.hops)] == [OPS]
        assert one.confidence is Confidence.INFERRED
        assert one.hops[0].reasons


AUDIENCE = {"StringEquals": {"token.example:aud": "sts.amazonaws.com"}}


@pytest.mark.parametrize(
    ("clients", "when", "found"),
    [
        (["sts.amazonaws.com"], AUDIENCE, True),
        (["other", "sts.amazonaws.com"], AUDIENCE, True),
        (["other"], AUDIENCE, False),
        ([], AUDIENCE, False),
        # not read, or not asked for
        (None, AUDIENCE, True),
        (["other"], None, True),
        ([], None, False),
        (["sts.eu"], {"StringLike": {"token.example:aud": "sts.*"}}, True),
        (["other"], {"StringLike": {"token.example:aud": "sts.*"}}, False),
        (["other"], {"StringNotEquals": {"token.example:aud": "other"}}, False),
        (["other"], {"StringNotEquals": {"token.example:aud": "third"}}, True),
    ],
)
def test_a_provider_takes_tokens_for_its_audiences_only(tmp_path, clients, when, found):
    """What a trust asks for, and no client id of the provider is, lets nobody in."""
    parts = [open_id(GITHUB)]
    if clients is not None:
        got = {"Url": "token.example", "ClientIDList": clients}
        params = {"OpenIDConnectProviderArn": GITHUB}
        parts.append(answer("iam:GetOpenIDConnectProvider", got, params=params))
    trust = trusting(
        {"Federated": GITHUB}, when, action="sts:AssumeRoleWithWebIdentity"
    )

    one = reached(graph_of(tmp_path, *parts, trust=trust), GITHUB)

    assert (one is not None) is found


def test_many_that_write_a_provider_share_a_node(tmp_path):
    """No hop for each of them to each of its users."""
    writes = allow("iam:UpdateOpenIDConnectProviderThumbprint", on=GITHUB)
    writers = [user(f"eve{n}", writes) for n in range(20)]
    graph = graph_of(tmp_path, *writers, open_id(GITHUB), trust=WEB)

    one = reached(graph, f"{EVE}7")
    classes = [p for p in graph.principals if p == f"class:aws:can-become:{GITHUB}"]

    assert [hop.target for hop in shown_hops(one.hops)] == [OPS]
    assert len(classes) == 1


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
