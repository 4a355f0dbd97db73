"""Actions, resources and policies: rules 1 to 17, each with what it allows and not."""

import pytest
from iam_estates import NODE, PARTNER, SHELL, allow, attached, deny
from iam_rules import (
    ALL,
    ASSUME,
    ONLY_S3,
    S3_ONLY,
    SEND,
    TAG,
    USER_ARN,
    ZOE,
    control,
    entry,
    pair,
    row,
    rules_of,
    rules_without_counterexample,
    trust,
    verdict,
)

from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.statements import Request, open_values
from scanner.grants import Condition

ROWS = [
    row(1, "nothing allows", "denied"),
    row(1, "an allow", "allowed", allow(SEND)),
    row(1, "a deny beside it", "denied", allow(SEND), deny("ssm:Send*")),
    row(1, "a deny of another document", "allowed", allow(SEND), deny(SEND, SHELL)),
    row(2, "all policies count", "allowed", identity=(ONLY_S3, ALL)),
    row(2, "a deny of any of them", "denied", identity=(ALL, *control(deny("ssm:*")))),
    row(3, "every ceiling allows", "allowed", allow("*"), boundary=(ALL,)),
    row(3, "one does not", "denied", allow("*"), boundary=(ALL,), session=S3_ONLY),
    entry(4, "a group", "denied", trust({"AWS": USER_ARN.replace("user", "group")})),
    entry(4, "the user", "allowed", trust({"AWS": USER_ARN})),
    entry(5, "no Principal", "denied", allow(ASSUME), own=ALL),
    entry(5, "a Principal", "allowed", trust("*"), own=ALL),
    row(6, "another case", "allowed", allow("sSm:sEND*mand")),
    row(6, "one character", "allowed", allow("ssm:SendComman?")),
    row(6, "one more", "denied", allow("ssm:SendCommand?")),
    row(7, "not listed", "allowed", allow(None, NotAction=["s3:*", "ssm:Get*"])),
    row(7, "listed", "denied", allow(None, NotAction=["s3:*", "ssm:Send*"])),
    row(8, "not listed", "denied", allow("*"), deny(None, NotAction="ssm:Get*")),
    row(8, "listed", "allowed", allow("*"), deny(None, NotAction="ssm:S*")),
    row(
        9, "listed", "allowed", allow("*"), deny("*", None, NotResource=f"{NODE[:-2]}*")
    ),
    row(9, "not listed", "denied", allow("*"), deny("*", None, NotResource=SHELL)),
    row(9, "allow, listed", "denied", allow("*", None, NotResource=[SHELL, NODE])),
    row(10, "as it is", "allowed", allow(SEND, NODE)),
    row(10, "another case", "denied", allow(SEND, NODE.replace("i-0a1", "I-0A1"))),
    row(11, "inside a segment", "allowed", allow(SEND, "arn:aws:ec2:eu-*:1*:inst*")),
    row(11, "past the colon", "allowed", allow(SEND, "arn:aws:ec2:*")),
    row(11, "past an inner colon", "inferred", allow(SEND, "arn:aws:ec2:*:instance/*")),
    row(
        11, "a Deny past it", "inferred", allow(SEND), deny(SEND, "arn:aws:ec2:*:inst*")
    ),
    row(11, "a wildcard service", "inferred", allow(SEND, "arn:aws:e?2:*:*:*")),
    row(11, "readings differ", "inferred", allow(SEND, "arn:aws:ec2:*0a1")),
    row(11, "no reading fits", "denied", allow(SEND, "arn:aws:ec2:*0a2")),
    row(12, "fits", "allowed", allow(SEND, NODE.replace("0a1", "0??"))),
    row(12, "too many", "denied", allow(SEND, NODE.replace("0a1", "0???"))),
    row(13, "a bracket", "denied", allow(SEND, NODE.replace("0a1", "0[a]1"))),
    row(13, "a plus", "denied", allow(SEND, NODE.replace("0a1", "0a+1"))),
    row(13, "itself", "allowed", allow(SEND, f"{NODE}+"), on=f"{NODE}+"),
    row(14, "another partition", "denied", allow(SEND, NODE.replace("aws", "aws-cn"))),
    row(14, "the same", "allowed", allow(SEND, "arn:aws:ec2:*:*:*")),
    row(15, "everything", "allowed", allow(SEND, ["x", "**"]), on="*"),
    row(15, "something", "denied", allow(SEND, "arn:aws:ssm:*:*:*"), on="*"),
    row(15, "not something", "allowed", allow("*", None, NotResource=NODE), on="*"),
    row(15, "not everything", "denied", allow("*", None, NotResource="*"), on="*"),
    *pair(16, "its own tag", ("web",), ("db",), when={"StringEquals": {TAG: "web"}}),
    entry(
        17,
        "NotPrincipal with Allow",
        "inferred",
        {"Effect": "Allow", "NotPrincipal": {"AWS": PARTNER}, "Action": ASSUME},
    ),
    entry(
        17,
        "NotPrincipal in a trust policy",
        "inferred",
        trust("*"),
        {"Effect": "Deny", "NotPrincipal": {"AWS": PARTNER}, "Action": ASSUME},
    ),
    row(17, "Principal in an identity policy", "inferred", allow("*", Principal="*")),
    row(17, "neither", "allowed", allow("*")),
]


@pytest.mark.parametrize("asked", ROWS)
def test_rule(asked):
    """`inferred` alone stands for allowed, with confidence inferred."""
    assert verdict(asked) == asked.expected


def test_every_rule_has_an_example_and_a_counterexample():
    """No number is left out, and no rule only ever allows or only ever denies."""
    assert not rules_without_counterexample(ROWS)
    assert rules_of(ROWS) == set(range(1, 18))


@pytest.mark.parametrize(
    ("pattern", "resource", "values"),
    [
        ("arn:aws:ec2:*:*:instance/${k}", "instance/i-1", ("i-1",)),
        ("arn:aws:ec2:*:*:instance/i-${k}", "instance/i-12", ("12",)),
        ("arn:aws:ec2:*:*:instance/${k}x", "instance/ab", ()),
        ("arn:aws:ec2:*:*:instance/${k}-*", "instance/a-b-c", ("a", "a-b")),
        ("arn:aws:ec2:*:*:instance/${k}?", "instance/ab", ("a",)),
        ("arn:aws:ec2:*:*:instance/*-${k}", "instance/a-b", None),
        ("arn:aws:ec2:*:${k}:instance/a", "instance/a", None),
        ("arn:aws:ec2:*:*:instance/${k}", f"instance/{'i' * 200}", None),
    ],
)
def test_an_open_variable_takes_the_values_that_name_the_resource(
    pattern, resource, values
):
    """None where too many would do: then it is in doubt."""
    arn = f"arn:aws:ec2:eu-west-1:111122223333:{resource}"

    assert open_values(pattern, arn) == values


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("instance/${aws:SourceIdentity}", "conditional"),
        ("instance/${aws:SourceIdentity, 'i-0a1'}", "inferred"),
        ("instance/*${aws:SourceIdentity}", "inferred"),
        ("volume/${aws:SourceIdentity}", "denied"),
    ],
)
def test_an_open_variable_stays_a_condition(pattern, expected):
    """The value that the request must have is named, where one is."""
    own = attached("own", allow(SEND, f"arn:aws:ec2:*:*:{pattern}"))

    def look(key):
        is_open = key.lower() == "aws:sourceidentity"
        return Missing.REQUEST if is_open else Missing.ABSENT

    found = evaluate(Request(SEND, NODE, look), ZOE, Layers(identity=(own,))).settled

    inferred = found.confidence == "inferred" and found.verdict == "allowed"
    assert ("inferred" if inferred else found.verdict) == expected
    if expected == "conditional":
        wanted = Condition("aws:SourceIdentity", "StringEquals", ("i-0a1",))
        assert found.conditions == ((wanted,),)
