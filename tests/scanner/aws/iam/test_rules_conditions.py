"""Conditions and variables: rules 18 to 47, each with what it allows and not."""

import pytest
from iam_estates import NODE, allow, attached, deny
from iam_rules import (
    MFA,
    NIGHT,
    OLD,
    OWN_SESSION,
    SEND,
    SESSIONS,
    TAG,
    TEAM,
    TWO_ORGS,
    pair,
    row,
    rules_of,
    rules_without_counterexample,
    verdict,
)

from scanner.aws.iam.conditions import Missing, Shape
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.statements import Request

ROWS = [
    row(
        18,
        "one of two keys",
        "denied",
        allow("*", when={"StringEquals": {TAG: ["a", "b"], TEAM: "c"}}),
        known={TAG: ("b",), TEAM: ("d",)},
    ),
    row(
        18,
        "both keys",
        "allowed",
        allow("*", when={"StringEquals": {TAG: ["a", "b"], TEAM: "c"}}),
        known={TAG: ("b",), TEAM: ("c",)},
    ),
    *pair(19, "refused", ("c",), ("b",), when={"StringNotEquals": {TAG: ["a", "b"]}}),
    *pair(20, "absent", ("a",), Missing.ABSENT, when={"StringLike": {TAG: "*"}}),
    *pair(21, "absent", Missing.ABSENT, ("a",), when={"StringNotLike": {TAG: "*"}}),
    *pair(
        22, "absent", Missing.ABSENT, ("b",), when={"StringEqualsIfExists": {TAG: "a"}}
    ),
    *pair(
        23,
        "absent",
        Missing.ABSENT,
        ("a",),
        when={"StringNotEqualsIfExists": {TAG: "a"}},
    ),
    *pair(24, "Null true", Missing.ABSENT, ("",), when={"Null": {TAG: "true"}}),
    *pair(24, "Null false", ("",), Missing.ABSENT, when={"Null": {TAG: "false"}}),
    *pair(25, "Bool false", ("false",), Missing.ABSENT, when={"Bool": {MFA: "false"}}),
    *pair(
        25,
        "BoolIfExists",
        Missing.ABSENT,
        ("true",),
        when={"BoolIfExists": {MFA: "false"}},
    ),
    row(
        25,
        "open",
        "conditional",
        allow("*", when={"Bool": {MFA: "true"}}),
        opened=[MFA],
    ),
    *pair(
        26,
        "supplied or not",
        ("x",),
        Missing.ABSENT,
        when={"StringEquals": {"s3:p": "x"}},
    ),
    *pair(
        27,
        "absent",
        Missing.ABSENT,
        ("x", "y"),
        when={"ForAllValues:StringEquals": {"aws:TagKeys": "x"}},
    ),
    *pair(
        28,
        "absent",
        ("x",),
        Missing.ABSENT,
        when={"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": "x"}},
    ),
    *pair(
        29,
        "one outside",
        ("a", "b"),
        ("a",),
        when={"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}},
    ),
    *pair(
        30,
        "all outside",
        ("b", "c"),
        ("a", "b"),
        when={"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}},
    ),
    row(
        31,
        "a plain operator",
        "inferred",
        allow("*", when={"StringLike": {"aws:PrincipalOrgPaths": "o-a/*"}}),
        known={"aws:PrincipalOrgPaths": TWO_ORGS},
    ),
    row(
        31,
        "a set operator",
        "allowed",
        allow("*", when={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a/*"}}),
        known={"aws:PrincipalOrgPaths": TWO_ORGS},
    ),
    *pair(
        32, "one value", ("a",), ("b",), when={"ForAllValues:StringEquals": {TAG: "a"}}
    ),
    *pair(33, "case counts", ("Web",), ("web",), when={"StringEquals": {TAG: "Web"}}),
    *pair(
        33, "or not", ("WEB",), ("db",), when={"StringEqualsIgnoreCase": {TAG: "Web"}}
    ),
    *pair(
        34, "a key's case", ("a",), ("b",), when={"StringEquals": {TAG.upper(): "a"}}
    ),
    *pair(
        36,
        "by segment",
        ("a:b:c:d:e:f/g",),
        ("a:b:c:d:x:e:f",),
        when={"ArnLike": {TAG: "a:b:c:*:e:*"}},
    ),
    *pair(
        36,
        "ArnEquals",
        ("a:b:c:d:e:fg",),
        ("a:b:c:d:e:g",),
        when={"ArnEquals": {TAG: "a:b:c:d:e:f*"}},
    ),
    *pair(
        37,
        "across colons",
        ("a:b:c:x",),
        ("a:b:c:y",),
        when={"StringLike": {TAG: "a*x"}},
    ),
    *pair(
        38, "as numbers", ("0042",), ("1000",), when={"NumericLessThan": {TAG: "900"}}
    ),
    *pair(
        39,
        "a date",
        ("1798761601",),
        ("2026-12-31",),
        when={"DateGreaterThan": {TAG: "2027-01-01T00:00:00Z"}},
    ),
    *pair(
        40,
        "host bits",
        ("172.16.9.9",),
        ("172.32.0.1",),
        when={"IpAddress": {"aws:SourceIp": "172.16.5.4/12"}},
    ),
    *pair(
        40,
        "one address",
        ("192.0.2.7",),
        ("192.0.2.8",),
        when={"IpAddress": {"aws:SourceIp": "192.0.2.7"}},
    ),
    *pair(
        40,
        "absent",
        Missing.ABSENT,
        ("192.0.2.8",),
        when={"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
    ),
    row(
        41,
        "operator, allow",
        "conditional inferred",
        allow("*", when={"NumericNear": {TAG: "1"}}),
    ),
    row(
        41,
        "operator, deny",
        "inferred",
        allow("*"),
        deny("*", when={"NumericNear": {TAG: "1"}}),
    ),
    row(
        41,
        "key, allow",
        "conditional inferred",
        allow("*", when={"StringEquals": {"aws:Brand": "n"}}),
        known={"aws:Brand": Missing.UNKNOWN_KEY},
    ),
    row(
        41,
        "key, deny",
        "conditional inferred",
        allow("*"),
        deny("*", when={"StringEquals": {"aws:Brand": "n"}}),
        known={"aws:Brand": Missing.UNKNOWN_KEY},
    ),
    row(
        42,
        "2012",
        "allowed",
        allow("*", f"{SESSIONS}/${{aws:username}}-*"),
        on=OWN_SESSION,
        known={"aws:username": ("zoe",)},
    ),
    row(
        42,
        "2008",
        "denied",
        allow("*", f"{SESSIONS}/${{aws:username}}-*"),
        on=OWN_SESSION,
        known={"aws:username": ("zoe",)},
        version=OLD,
    ),
    *pair(
        42,
        "2008, a value",
        ("${aws:username}",),
        ("zoe",),
        when={"StringEquals": {TAG: "${aws:username}"}},
        version=OLD,
        known={"aws:username": ("zoe",)},
    ),
    row(
        43,
        "allow",
        "denied",
        allow("*", when={"StringNotEquals": {TAG: "${" + TEAM + "}"}}),
        known={TAG: ("a",)},
    ),
    row(
        43,
        "deny",
        "allowed",
        allow("*"),
        deny("*", when={"StringNotEquals": {TAG: "${" + TEAM + "}"}}),
        known={TAG: ("a",)},
    ),
    row(
        43,
        "a value",
        "allowed",
        allow("*", when={"StringEquals": {TAG: "${" + TEAM + "}"}}),
        known={TAG: ("a",), TEAM: ("a",)},
    ),
    *pair(
        44,
        "a default",
        ("none",),
        ("x",),
        when={"StringEquals": {TAG: "${" + TEAM + ", 'none'}"}},
    ),
    *pair(44, "a literal star", ("x*",), ("xy",), when={"StringLike": {TAG: "x${*}"}}),
    *pair(44, "a literal mark", ("x?",), ("xy",), when={"StringLike": {TAG: "x${?}"}}),
    *pair(
        44,
        "a literal dollar",
        ("${x}",),
        ("x",),
        when={"StringEquals": {TAG: "${$}{x}"}},
    ),
    *pair(
        45,
        "literal",
        ("w*",),
        ("web",),
        when={"StringLike": {TAG: "${" + TEAM + "}"}},
        known={TEAM: ("w*",)},
    ),
    row(
        46,
        "several values",
        "denied",
        allow("*", when={"StringEquals": {TAG: "${aws:TagKeys}"}}),
        known={TAG: ("a",), "aws:TagKeys": ("a", "b")},
    ),
    row(
        46,
        "a default",
        "allowed",
        allow("*", when={"StringEquals": {TAG: "${aws:TagKeys, 'a'}"}}),
        known={TAG: ("a",), "aws:TagKeys": ("b", "c")},
    ),
    row(
        47,
        "a role",
        "denied",
        allow("*", f"{SESSIONS}/${{aws:username}}-*"),
        caller=NIGHT,
        on=OWN_SESSION,
    ),
    row(
        47,
        "a user",
        "allowed",
        allow("*", f"{SESSIONS}/${{aws:username}}-*"),
        on=OWN_SESSION,
        known={"aws:username": ("zoe",)},
    ),
]
#: About whole estates: held to them in the decision's tests.
ABOUT_ESTATES = {35}


@pytest.mark.parametrize("asked", ROWS)
def test_rule(asked):
    """`inferred` alone stands for allowed, with confidence inferred."""
    assert verdict(asked) == asked.expected


def test_every_rule_has_an_example_and_a_counterexample():
    """No number is left out, and no rule only ever allows or only ever denies."""
    assert not rules_without_counterexample(ROWS)
    assert rules_of(ROWS) == set(range(18, 48)) - ABOUT_ESTATES


def test_a_user_id_known_but_for_the_session_may_be_a_variable():
    """A tag can hold the user id of some session of the role, or of nobody."""
    known = {"aws:userid": Shape("AROA1:*")}

    def of_owner(owner):
        look = (known | {TAG: (owner,)}).get
        when = {"StringEquals": {TAG: "${aws:userid}"}}
        layers = Layers(identity=(attached("own", allow("*", when=when)),))
        return evaluate(Request(SEND, NODE, look), NIGHT, layers).settled.verdict

    assert of_owner("AROA1:kim") == "conditional"
    assert of_owner("AROA2:kim") == "denied"
