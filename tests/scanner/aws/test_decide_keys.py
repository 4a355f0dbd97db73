"""What evidence fixes of a request, key by key; the rest stays open or is absent."""

from dataclasses import replace

import pytest
from iam_estates import (
    ACCOUNT,
    ROOT_LEVEL,
    UNIT_LEVEL,
    account,
    allow,
    attached,
    decision,
    estate,
    node,
    organization,
    role,
    root,
    user,
)

from scanner.aws.decide import decide_aws

SEND, START = "ssm:SendCommand", "ssm:StartSession"
PUSH, TUNNEL = (
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2-instance-connect:OpenTunnel",
)
ASSOCIATE = "ssm:CreateAssociation"
FULL = attached("p-FullAWSAccess", allow("*"))
MEMBER = organization([FULL], [FULL], [FULL])
PATH = f"o-exampleorg1/{ROOT_LEVEL}/{UNIT_LEVEL}/"
OPS = role("ops", tags={"Team": "a"}, path="/team/")
ANN = user("ann")
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/team/ops"
NODE = node(Env="dev")


def equals(key, value):
    return {"StringEquals": {key: value}}


def differs(key, value):
    return {"StringNotEquals": {key: value}}


def any_like(key, value):
    return {"ForAnyValue:StringLike": {key: value}}


def verdict(who, vector, when, under=None):
    """What a right to everything under one condition amounts to."""
    own = attached("own", allow("*", when=when))
    whole = account(_with(who, own), NODE)
    found = decision(
        decide_aws(estate(whole, under=under)), who.principal.id, vector, "i-0a1"
    )
    if found is None:
        return "denied"
    return f"{found.verdict} {found.confidence}"


def _with(who, policy):

    return replace(who, policies=(policy,))


YES, NO = "allowed certain", "denied"
OPEN, GUESS = "conditional certain", "conditional inferred"

PRINCIPAL = [
    (OPS, "aws:PrincipalArn", ROLE_ARN, YES),
    (OPS, "AWS:principalARN", ROLE_ARN, YES),
    (OPS, "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/ops", NO),
    (OPS, "aws:PrincipalAccount", ACCOUNT, YES),
    (OPS, "aws:PrincipalType", "AssumedRole", YES),
    (ANN, "aws:PrincipalType", "User", YES),
    (OPS, "aws:PrincipalTag/team", "a", YES),
    (OPS, "aws:PrincipalTag/Team", "A", NO),
    (OPS, "aws:PrincipalTag/Other", "a", NO),
    (ANN, "aws:username", "ann", YES),
    (OPS, "aws:username", "ops", NO),
    (ANN, "aws:userid", "AIDAANN", YES),
    (OPS, "aws:userid", "AROAOPS", NO),
    (OPS, "aws:userid", "AROAOPS:alice", OPEN),
    (OPS, "aws:PrincipalIsAWSService", "false", YES),
    (OPS, "aws:PrincipalServiceName", "ssm.amazonaws.com", NO),
    (OPS, "aws:PrincipalOrgID", "o-exampleorg1", NO),
]


@pytest.mark.parametrize(("who", "key", "value", "expected"), PRINCIPAL)
def test_keys_of_the_principal(who, key, value, expected):
    """Fixed by the identity; an account in no organisation has no organisation."""
    assert verdict(who, START, equals(key, value)) == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (equals("aws:PrincipalOrgID", "o-exampleorg1"), YES),
        (equals("aws:PrincipalOrgID", "o-other"), NO),
        (differs("aws:PrincipalOrgID", "o-exampleorg1"), NO),
        (any_like("aws:PrincipalOrgPaths", f"{PATH}*"), YES),
        (any_like("aws:PrincipalOrgPaths", "o-exampleorg1/*/ou-other/*"), NO),
        (equals("aws:PrincipalOrgPaths", PATH), "allowed inferred"),
    ],
)
def test_keys_of_the_organization(when, expected):
    """Known from the tree; paths are many-valued, so a plain operator is in doubt."""
    assert verdict(OPS, PUSH, when, under=MEMBER) == expected


@pytest.mark.parametrize(
    ("vector", "key", "value", "expected"),
    [
        (PUSH, "aws:ResourceAccount", ACCOUNT, YES),
        (PUSH, "aws:ResourceAccount", "444455556666", NO),
        (PUSH, "aws:RequestedRegion", "eu-west-1", YES),
        (PUSH, "aws:RequestedRegion", "us-east-1", NO),
        (SEND, "aws:RequestedRegion", "eu-west-1", YES),
        (PUSH, "aws:ResourceTag/Env", "dev", YES),
        (PUSH, "ec2:ResourceTag/env", "dev", YES),
        (PUSH, "ssm:resourceTag/Env", "dev", NO),
        (PUSH, "aws:ResourceTag/Env", "prod", NO),
        (PUSH, "ec2:osuser", "root", OPEN),
        (PUSH, "aws:ResourceOrgID", "o-exampleorg1", NO),
        (TUNNEL, "ec2-instance-connect:remotePort", "22", OPEN),
        (TUNNEL, "aws:ResourceTag/Env", "dev", GUESS),
        (SEND, "ssm:DocumentType", "Command", OPEN),
        (SEND, "aws:RequestTag/x", "y", NO),
        (ASSOCIATE, "aws:RequestTag/x", "y", OPEN),
        (SEND, "ssm:AutoApprove", "true", NO),
        (SEND, "ssm:NewKey", "x", GUESS),
        (SEND, "aws:NewKey", "x", GUESS),
        (SEND, "s3:prefix", "x", NO),
        (SEND, "aws:SourceVpce", "vpce-1", OPEN),
        (SEND, "ec2:SourceInstanceARN", NODE.target.id, OPEN),
        (SEND, "saml:aud", "x", OPEN),
        (SEND, "token.actions.githubusercontent.com:sub", "x", OPEN),
        (START, "ssm:SessionDocumentAccessCheck", "true", YES),
        (START, "ssm:SessionDocumentAccessCheck", "false", NO),
    ],
)
def test_keys_of_the_resource_and_the_request(vector, key, value, expected):
    """Only what an action supplies counts; tags do not cross prefixes."""
    assert verdict(OPS, vector, equals(key, value)) == expected


def test_a_document_type_decides_where_the_node_does_not_ask():
    """The document half is fixed by what SendCommand takes."""
    documents = "arn:aws:ssm:*:*:document/*"
    for kind, expected in (("Command", True), ("Automation", False)):
        when = equals("ssm:DocumentType", kind)
        own = attached(
            "own", allow(SEND, documents, when=when), allow(SEND, "arn:aws:ec2:*")
        )
        decided = decide_aws(estate(account(_with(OPS, own), NODE)))

        assert bool(decision(decided, "team/ops", SEND, "i-0a1")) is expected


def test_root_has_its_account_as_user_id():
    """And the type `Account`; its policies are AWS's own power."""
    who = root()
    decided = decide_aws(estate(account(who, NODE)))

    assert decision(decided, ":root", SEND, "i-0a1").verdict == "allowed"
