"""One row per rule of AWS's evaluation logic, positive and negative, on whole estates.

Every case is a role (or what the row says) in one account with the node `i-0a1`
(tags as given) and no organisation; the answer is about `ssm:SendCommand` unless the
row names another vector.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from iam_estates import (
    ACCOUNT,
    NODE,
    PARTNER,
    SHELL,
    account,
    allow,
    attached,
    decision,
    deny,
    estate,
    organization,
    role,
    root,
    tagged_node,
    user,
)

from scanner.aws.decide import decide_aws
from scanner.aws.model import Identity

SEND, START, RESUME = "ssm:SendCommand", "ssm:StartSession", "ssm:ResumeSession"
TUNNEL = "ec2-instance-connect:OpenTunnel"
CONNECT = "ssm-guiconnect:StartConnection"
OPTIONAL_DOCUMENT = allow(SEND, "arn:aws:ssm:*:*:document/*")
FULL = attached("p-FullAWSAccess", allow("*"))
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def tagged(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {operator: {f"aws:ResourceTag/{key}": value}}


def on_node(when: Any = None, resource: Any = "arn:aws:ec2:*:*:instance/*") -> list:
    """Any document; nodes by resource and condition."""
    return [OPTIONAL_DOCUMENT, allow(SEND, resource, when=when)]


@dataclass(frozen=True)
class Case:
    rule: str
    expected: str
    statements: Any
    vector: str = SEND
    tags: Any = ()
    who: Identity | None = None
    members: Any = None
    under: Any = None


def case(
    rule: str, expected: str, *statements: Any, tags: Any = (), **members: Any
) -> Any:
    vector = members.pop("vector", SEND)
    who = members.pop("who", None)
    under = members.pop("under", None)
    if isinstance(tags, dict):
        tags = tuple(sorted(tags.items()))
    one = Case(rule, expected, statements, vector, tags, who, members, under)
    return pytest.param(one, id=f"{rule}: {expected}")


def levels(*middle: Any) -> Any:
    """An organisation whose unit holds one SCP of these statements."""
    return organization([FULL], [attached("p-unit", *middle)], [FULL])


ZZZ_VERSION = "2008-10-17"
OPS_PATH = "arn:aws:iam::*:role/run-ops/*"
LATER = {"DateGreaterThan": {"aws:CurrentTime": "2026-06-01T00:00:00Z"}}
EARLIER = {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}
IN_TEN = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
NOT_IN_TEN = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
NEVER_IN_TEN = {"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "172.16.0.1"]}}

CASES = [
    case("no allow", "denied", allow("s3:*")),
    case("allow everything", "allowed", allow("*")),
    case("01 deny beats allow", "denied", allow("ssm:*"), deny(SEND)),
    case("01 deny elsewhere", "allowed", allow("ssm:*"), deny(SEND, f"{NODE}b")),
    case("01 deny one document", "allowed", allow("ssm:*"), deny(SEND, SHELL)),
    case("06 action case", "allowed", allow("SSM:send*")),
    case("06 action ?", "allowed", allow("ssm:S?ndCommand")),
    case("06 action ? is one", "denied", allow("ssm:SendCommand?")),
    case("07 NotAction allow", "allowed", allow(None, NotAction="iam:*")),
    case("07 NotAction listed", "denied", allow(None, NotAction="ssm:*")),
    case(
        "08 NotAction deny",
        "denied",
        allow("*"),
        deny(None, NotAction="iam:*"),
    ),
    case(
        "08 NotAction deny, listed",
        "allowed",
        allow("*"),
        deny(None, NotAction="ssm:*"),
    ),
    case(
        "09 NotResource deny hits the document",
        "denied",
        allow("ssm:*"),
        deny(SEND, None, NotResource=[NODE]),
    ),
    case(
        "09 NotResource spares both halves",
        "allowed",
        allow("ssm:*"),
        deny(SEND, None, NotResource=[NODE, "arn:aws:ssm:*:*:document/*"]),
    ),
    case("10 resource case", "denied", *on_node(None, NODE.replace("inst", "Inst"))),
    case("10 resource exact", "allowed", *on_node(None, NODE)),
    case("11 star ending a segment", "allowed", *on_node(None, "arn:aws:ec2:*")),
    case("11 readings differ", "inferred", *on_node(None, "arn:aws:*i-0a1")),
    case("11 wildcard service", "inferred", *on_node(None, "arn:aws:e*:*:*:*")),
    case("12 ? is one character", "denied", *on_node(None, f"{NODE}?")),
    case("12 ? fits", "allowed", *on_node(None, f"{NODE[:-1]}?")),
    case("13 regex characters", "denied", *on_node(None, NODE.replace("a1", "a.*$"))),
    case("13 dot is literal", "denied", *on_node(None, NODE.replace("0a1", "0.1"))),
    case(
        "14 partitions",
        "denied",
        *on_node(None, NODE.replace("arn:aws:", "arn:aws-cn:")),
    ),
    case("15 no resource type, *", "allowed", allow(CONNECT), vector=CONNECT),
    case("15 no resource type", "denied", allow(CONNECT, NODE), vector=CONNECT),
    case(
        "15 NotResource not covering *",
        "allowed",
        allow(CONNECT, None, NotResource=NODE),
        vector=CONNECT,
    ),
    case("16 document only", "denied", OPTIONAL_DOCUMENT),
    case("16 node only", "denied", allow(SEND, NODE)),
    case(
        "16 one statement, node tags",
        "denied",
        allow(SEND, when=tagged("StringEquals", "Env", "dev")),
        tags={"Env": "dev"},
    ),
    case(
        "16 IfExists opens the document",
        "allowed",
        allow(SEND, when=tagged("StringEqualsIfExists", "Env", "dev")),
        tags={"Env": "dev"},
    ),
    case("17 Principal in an identity policy", "inferred", allow("*", Principal="*")),
    case(
        "18 keys join by AND",
        "denied",
        *on_node(
            {"StringEquals": {"aws:ResourceTag/e": "t", "aws:ResourceTag/t": "o"}}
        ),
        tags={"e": "t", "t": "w"},
    ),
    case(
        "18 values join by OR",
        "allowed",
        *on_node(tagged("StringEquals", "e", ["d", "t"])),
        tags={"e": "t"},
    ),
    case(
        "19 negated, listed",
        "denied",
        *on_node(tagged("StringNotEquals", "t", ["a", "b"])),
        tags={"t": "b"},
    ),
    case(
        "19 negated, not listed",
        "allowed",
        *on_node(tagged("StringNotEquals", "t", ["a", "b"])),
        tags={"t": "c"},
    ),
    case("20 absent, positive", "denied", *on_node(tagged("StringEquals", "e", "d"))),
    case(
        "21 absent, negated", "allowed", *on_node(tagged("StringNotEquals", "e", "d"))
    ),
    case(
        "22 IfExists, absent",
        "allowed",
        *on_node(tagged("StringEqualsIfExists", "e", "d")),
    ),
    case(
        "22 IfExists, present",
        "denied",
        *on_node(tagged("StringEqualsIfExists", "e", "d")),
        tags={"e": "x"},
    ),
    case(
        "23 negated IfExists, absent",
        "allowed",
        *on_node(tagged("StringNotEqualsIfExists", "e", "d")),
    ),
    case("24 Null true, absent", "allowed", *on_node(tagged("Null", "e", "true"))),
    case(
        "24 Null true, present",
        "denied",
        *on_node(tagged("Null", "e", "true")),
        tags={"e": ""},
    ),
    case("24 Null false, absent", "denied", *on_node(tagged("Null", "e", "false"))),
    case("25 MFA stays open", "conditional", allow("*", when=MFA)),
    case(
        "25 MFA true and false",
        "denied",
        allow("*", when=MFA),
        deny("*", when=MFA),
    ),
    case(
        "25 MFA or not",
        "allowed",
        allow("*", when=MFA),
        allow("*", when={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}),
    ),
    case(
        "26 a key never supplied",
        "denied",
        allow("*", when={"StringEquals": {"s3:prefix": "x"}}),
    ),
    case(
        "26 a key never supplied, negated",
        "allowed",
        allow("*", when={"StringNotEquals": {"s3:prefix": "x"}}),
    ),
    case(
        "27 ForAllValues is an open door",
        "allowed",
        allow("*", when={"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}}),
    ),
    case(
        "28 ForAnyValue on an absent key",
        "denied",
        allow("*", when={"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["x"]}}),
    ),
    case(
        "32 a single value under a set operator",
        "allowed",
        *on_node(tagged("ForAnyValue:StringEquals", "e", "d")),
        tags={"e": "d"},
    ),
    case(
        "33 values are case-sensitive",
        "denied",
        *on_node(tagged("StringEquals", "e", "dev")),
        tags={"e": "Dev"},
    ),
    case(
        "33 IgnoreCase",
        "allowed",
        *on_node(tagged("StringEqualsIgnoreCase", "e", "dev")),
        tags={"e": "Dev"},
    ),
    case(
        "34 key names ignore case",
        "allowed",
        *on_node({"StringEquals": {"AWS:resourcetag/Env": "dev"}}),
        tags={"env": "dev"},
    ),
    case(
        "35 keys that differ by case",
        "inferred",
        *on_node(tagged("StringEquals", "env", "dev")),
        tags=(("Env", "dev"), ("env", "prod")),
    ),
    case(
        "35 keys that differ by case, same value",
        "allowed",
        *on_node(tagged("StringEquals", "env", "dev")),
        tags=(("Env", "dev"), ("env", "dev")),
    ),
    case(
        "36 ArnLike by segment",
        "denied",
        allow("*", when={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*/ops"}}),
    ),
    case(
        "36 ArnEquals takes wildcards",
        "allowed",
        allow("*", when={"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/o*"}}),
    ),
    case(
        "37 StringLike crosses colons",
        "allowed",
        allow("*", when={"StringLike": {"aws:PrincipalArn": "arn:aws:iam::*/ops"}}),
    ),
    case(
        "38 numbers are parsed",
        "allowed",
        *on_node(tagged("NumericLessThan", "n", "900")),
        tags={"n": "0300"},
    ),
    case(
        "38 numbers, not text",
        "denied",
        *on_node(tagged("NumericLessThan", "n", "900")),
        tags={"n": "1000"},
    ),
    case("39 disjoint dates", "denied", allow("*", when=EARLIER | LATER)),
    case("39 a date", "conditional", allow("*", when=LATER)),
    case(
        "39 dates as ISO 8601 or epoch",
        "allowed",
        *on_node(tagged("DateEquals", "d", "1767225600")),
        tags={"d": "2026-01-01T00:00:00Z"},
    ),
    case("40 addresses stay open", "conditional", allow("*", when=IN_TEN)),
    case(
        "40 disjoint addresses",
        "denied",
        allow("*", when=IN_TEN),
        deny("*", when={"NotIpAddress": NEVER_IN_TEN["IpAddress"]}),
    ),
    case(
        "40 host bits in a CIDR",
        "allowed",
        *on_node(tagged("IpAddress", "ip", "10.1.2.3/8")),
        tags={"ip": "10.9.9.9"},
    ),
    case(
        "41 unknown operator, allow",
        "conditional inferred",
        allow("*", when={"StringFancy": {"aws:SourceIp": "x"}}),
    ),
    case(
        "41 unknown operator, deny",
        "inferred",
        allow("*"),
        deny("*", when={"StringFancy": {"aws:SourceIp": "x"}}),
    ),
    case(
        "41 unknown key, allow",
        "conditional inferred",
        allow("*", when={"StringEquals": {"aws:NewKey": "x"}}),
    ),
    case(
        "42 variables need the newer version",
        "denied",
        allow(RESUME, "arn:aws:ssm:*:*:session/${aws:userid}-*"),
        version=ZZZ_VERSION,
        vector=RESUME,
    ),
    case(
        "42 variables in the newer version",
        "inferred",
        allow(RESUME, "arn:aws:ssm:*:*:session/${aws:userid}-*"),
        vector=RESUME,
    ),
    case(
        "43 a variable without value, allow",
        "denied",
        *on_node(tagged("StringEquals", "o", "${aws:PrincipalTag/team}")),
        tags={"o": "x"},
    ),
    case(
        "43 a variable without value, deny",
        "allowed",
        allow("*"),
        deny("*", when=tagged("StringNotEquals", "o", "${aws:PrincipalTag/team}")),
        tags={"o": "x"},
    ),
    case(
        "43 a variable with a value",
        "allowed",
        *on_node(tagged("StringEquals", "o", "${aws:PrincipalTag/team}")),
        tags={"o": "x"},
        who_tags={"Team": "x"},
    ),
    case(
        "44 a default",
        "allowed",
        *on_node(tagged("StringEquals", "o", "${aws:PrincipalTag/team, 'x'}")),
        tags={"o": "x"},
    ),
    case(
        "44 a literal star",
        "denied",
        *on_node(tagged("StringLike", "o", "${*}")),
        tags={"o": "x"},
    ),
    case(
        "45 a substituted star is literal",
        "denied",
        *on_node(tagged("StringLike", "o", "${aws:PrincipalTag/team}")),
        tags={"o": "x"},
        who_tags={"team": "*"},
    ),
    case(
        "47 aws:username of a user",
        "inferred",
        who=user("ann", allow(RESUME, "arn:aws:ssm:*:*:session/${aws:username}-*")),
        vector=RESUME,
    ),
    case(
        "47 aws:username of a role",
        "denied",
        allow(RESUME, "arn:aws:ssm:*:*:session/${aws:username}-*"),
        vector=RESUME,
    ),
    case(
        "48 a boundary is a ceiling",
        "denied",
        allow("s3:*"),
        boundary=attached("arn:b", allow("ssm:*")),
    ),
    case(
        "48 inside the boundary",
        "allowed",
        allow("*"),
        boundary=attached("arn:b", allow("ssm:*")),
    ),
    case(
        "51 a deny in a boundary",
        "denied",
        allow("*"),
        boundary=attached("arn:b", allow("*"), deny("ssm:*")),
    ),
    case(
        "54 every level must allow", "denied", allow("*"), under=levels(allow("s3:*"))
    ),
    case("54 every level allows", "allowed", allow("*"), under=levels(allow("ssm:*"))),
    case("55 SCPs grant nothing", "denied", allow("s3:*"), under=levels(allow("*"))),
    case(
        "55 root is limited",
        "denied",
        who=root(),
        under=levels(allow("*"), deny("ssm:*")),
    ),
    case(
        "56 the management account is exempt",
        "allowed",
        allow("*"),
        under=replace(levels(deny("ssm:*")), management_account=ACCOUNT),
    ),
    case(
        "57 service-linked roles are exempt",
        "allowed",
        allow("*"),
        path="/aws-service-role/x.amazonaws.com/",
        under=levels(deny("ssm:*")),
    ),
    case(
        "60 an unsettled deny is a condition",
        "conditional",
        allow("*"),
        under=levels(allow("*"), deny("ssm:*", when=NOT_IN_TEN)),
    ),
    case(
        "61 SCP allow with a condition",
        "conditional",
        allow("*"),
        under=levels(allow("*", when=MFA)),
    ),
    case(
        "61 SCP allow with NotResource",
        "denied",
        allow("*"),
        under=levels(allow("*", None, NotResource=NODE)),
    ),
    case(
        "62 SCPs switched off",
        "allowed",
        allow("*"),
        under=replace(levels(deny("*")), scp_enabled=False),
    ),
    case(
        "76 aws:PrincipalArn is the role with its path",
        "allowed",
        allow("*"),
        deny("*", when={"ArnNotLike": {"aws:PrincipalArn": OPS_PATH}}),
        path="/run-ops/",
    ),
    case(
        "76 another path",
        "denied",
        allow("*"),
        deny("*", when={"ArnNotLike": {"aws:PrincipalArn": OPS_PATH}}),
    ),
    case("82 root", "allowed", who=root()),
    case("2.1 ssm instance ARN", "denied", *on_node(None, NODE.replace("ec2", "ssm"))),
    case(
        "2.3 AWS documents are not the account's",
        "denied",
        allow(SEND, ["arn:aws:ec2:*", f"arn:aws:ssm:*:{ACCOUNT}:document/AWS-*"]),
    ),
    case(
        "2.3 AWS documents have an empty account",
        "allowed",
        allow(SEND, ["arn:aws:ec2:*", "arn:aws:ssm:*::document/AWS-*"]),
    ),
    case(
        "2.8 no document, no check",
        "inferred",
        allow(START, NODE),
        vector=START,
    ),
    case(
        "2.8 no document, a check",
        "denied",
        allow(
            START,
            NODE,
            when={"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}},
        ),
        vector=START,
    ),
    case(
        "2.8 the default document",
        "allowed",
        allow(START, [NODE, "arn:aws:ssm:*:*:document/SSM-SessionManagerRunShell"]),
        vector=START,
    ),
    case(
        "2.10 a foreign node",
        "denied",
        allow("*", NODE.replace(ACCOUNT, PARTNER)),
    ),
]


@pytest.mark.parametrize("row", CASES)
def test_rule(row):
    """`inferred` stands for allowed with confidence inferred."""
    members = dict(row.members)
    tags = members.pop("who_tags", {})
    who = row.who or role("ops", *row.statements, tags=tags, **members)
    target = tagged_node("i-0a1", tuple(row.tags))

    found = decision(
        decide_aws(estate(account(who, target), under=row.under)),
        who.principal.id,
        row.vector,
        "i-0a1",
    )

    if found is None:
        assert row.expected == "denied"
        return
    words = [] if found.verdict == "allowed" else [str(found.verdict)]
    if found.confidence == "inferred":
        words.append("inferred")
        assert found.reasons
    assert row.expected == (" ".join(words) or "allowed")
    assert bool(found.conditions) is (found.verdict == "conditional")
