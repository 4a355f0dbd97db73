"""A request read in one go is the request read member by member, or is left to it."""

import json

import pytest
from aws_simulations import NODE, allow, doc, request
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.simulating.quick import read_quickly
from scanner.aws.simulating.request import read_request
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import members_of
from scanner.simulation.source import Piece

POLICY = doc(allow("ssm:*"))
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sts:AssumeRole",
    },
}
ENTRY = {
    "ContextKeyName": "aws:SourceIp",
    "ContextKeyType": "ip",
    "ContextKeyValues": ["10.0.0.1"],
}
MEMBERS = {
    "Id": ["a", 'b"c', "\\", "é", 1, None],
    "CallerArn": [
        "arn:aws:iam::111122223333:role/team/ops",
        "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/y",
        "arn:aws:iam::111122223333:user/ann",
        "arn:aws:sts::111122223333:assumed-role/ops/ann",
        "arn:aws:iam::111122223333:role/",
        "ec2.amazonaws.com",
        "",
        None,
        7,
    ],
    "ActionNames": [["ssm:SendCommand"], ["a:B", "c:D"], [], ["*"], "ssm:X", None],
    "ResourceArns": [[NODE], ["*", NODE], [], ["i-1"], None],
    "PolicyInputList": [
        [POLICY],
        [json.dumps(POLICY)],
        [POLICY, json.dumps(POLICY)],
        [],
        [{}],
        None,
        POLICY,
    ],
    "PermissionsBoundaryPolicyInputList": [[POLICY], [], None],
    "ServiceControlPolicyInputList": [[[POLICY], []], [], [POLICY], None],
    "ResourcePolicy": [TRUST, json.dumps(TRUST), None, []],
    "ContextEntries": [[ENTRY], [ENTRY, ENTRY], [], [{**ENTRY, "x": 1}], None],
    "ContextIsComplete": [True, False, None, "true"],
    "ResourceOwner": ["111122223333", "arn:aws:iam::111122223333:root", "x", None],
    "MaxItems": [1],
    "Surprise": ["x"],
}


def member_by_member(text: bytes):
    try:
        return read_request(members_of(Piece(text, 1)))
    except MalformedRequest:
        return None


@st.composite
def requests(draw):
    chosen = {
        name: draw(st.sampled_from(values))
        for name, values in MEMBERS.items()
        if draw(st.integers(0, 5)) or name in ("Id", "CallerArn", "ActionNames")
    }
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    text = json.dumps(chosen, separators=separators, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        return text.encode()
    name = draw(st.sampled_from(sorted(chosen)))
    return f"{{{json.dumps(name)}:{json.dumps(chosen[name])},{text[1:]}".encode()


@UNHURRIED
@given(requests())
def test_what_is_read_in_one_go_is_what_is_read_member_by_member(text):
    """Whatever is odd, a name twice above all, is left to the other way."""
    found = read_quickly(text)

    assert found is None or found == member_by_member(text)


def test_a_plain_request_is_read_in_one_go():
    """Compact or not, its documents as objects or as strings."""
    for policy in (POLICY, json.dumps(POLICY)):
        whole = request(Id="r", PolicyInputList=[policy], ContextEntries=[ENTRY])
        for text in (json.dumps(whole), json.dumps(whole, separators=(",", ":"))):
            found = read_quickly(text.encode())

            assert found is not None
            assert found == member_by_member(text.encode())


@pytest.mark.parametrize(
    "again",
    ['"Id":"a"', '"PolicyInputList":[]', '"ContextIsComplete":true', '"I\\u0064":"a"'],
)
def test_a_name_that_is_there_twice_is_not_taken(again):
    """Nobody can tell which of the two is meant."""
    whole = json.dumps(request(Id="r", ContextIsComplete=True))

    assert read_quickly(f"{{{again},{whole[1:]}".encode()) is None
