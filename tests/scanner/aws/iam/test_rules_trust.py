"""Trust policies and principals: rules 67 to 82, each with what it allows and not."""

import pytest
from iam_estates import ACCOUNT, PARTNER, allow, deny
from iam_rules import (
    ALL,
    AS_KIM,
    GATE,
    IDP,
    KIM,
    LAMBDA,
    LEE,
    NIGHT,
    ORG,
    ROLE_ARN,
    ROOT,
    S3_ONLY,
    SAML,
    USER_ARN,
    VENDOR,
    entry,
    row,
    rules_of,
    rules_without_counterexample,
    trust,
    verdict,
)

ROWS = [
    entry(
        67,
        "identity alone",
        "denied",
        trust({"Service": "lambda.amazonaws.com"}),
        own=ALL,
    ),
    entry(67, "and the trust", "allowed", trust({"AWS": ACCOUNT}), own=ALL),
    entry(68, "the role", "allowed", trust({"AWS": ROLE_ARN}), caller=NIGHT),
    entry(
        68,
        "another role",
        "denied",
        trust({"AWS": f"{ROLE_ARN}s"}),
        caller=NIGHT,
        own=ALL,
    ),
    entry(69, "its root", "denied", trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"})),
    entry(
        69,
        "and identity",
        "allowed",
        trust({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        own=ALL,
    ),
    entry(70, "both", "allowed", trust({"AWS": VENDOR.arn}), caller=VENDOR, own=ALL),
    entry(70, "one", "denied", trust({"AWS": VENDOR.arn}), caller=VENDOR),
    entry(
        71,
        "an external id",
        "conditional",
        trust({"AWS": PARTNER}, Condition={"StringEquals": {"sts:ExternalId": "e"}}),
        caller=VENDOR,
        own=ALL,
        opened=["sts:ExternalId"],
    ),
    entry(71, "none", "allowed", trust({"AWS": PARTNER}), caller=VENDOR, own=ALL),
    entry(72, "anyone", "allowed", trust("*"), caller=VENDOR, own=ALL),
    entry(
        72,
        "anyone of ours",
        "denied",
        trust("*", Condition={"StringEquals": {ORG: "o-ours"}}),
        caller=VENDOR,
        own=ALL,
        known={ORG: ("o-theirs",)},
    ),
    entry(
        73,
        "another entry",
        "denied",
        trust("*", Action="sts:AssumeRoleWithSAML"),
        own=ALL,
    ),
    entry(
        73,
        "its entry",
        "allowed",
        trust(SAML, Action="sts:AssumeRoleWithSAML"),
        caller=IDP,
        action="sts:AssumeRoleWithSAML",
    ),
    entry(74, "that session", "allowed", trust({"AWS": KIM}), caller=AS_KIM),
    entry(74, "another session", "denied", trust({"AWS": LEE}), caller=AS_KIM, own=ALL),
    entry(74, "any session", "allowed", trust({"AWS": ROLE_ARN}), caller=AS_KIM),
    entry(75, "without the path", "allowed", trust({"AWS": KIM}), caller=AS_KIM),
    entry(
        75,
        "with the path",
        "denied",
        trust({"AWS": KIM.replace("night", "shift/night")}),
        caller=AS_KIM,
        own=ALL,
    ),
    row(
        76,
        "the role with its path",
        "allowed",
        allow("*"),
        deny(
            "*",
            when={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/shift/*"}},
        ),
        known={"aws:PrincipalArn": (ROLE_ARN,)},
    ),
    row(
        76,
        "another path",
        "denied",
        allow("*"),
        deny(
            "*", when={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/day/*"}}
        ),
        known={"aws:PrincipalArn": (ROLE_ARN,)},
    ),
    entry(
        77,
        "a deleted role",
        "denied",
        trust({"AWS": "AROAQ3EXAMPLE"}),
        caller=NIGHT,
        own=ALL,
    ),
    entry(77, "a role", "allowed", trust({"AWS": ROLE_ARN}), caller=NIGHT, own=ALL),
    entry(78, "a service", "allowed", trust({"Service": LAMBDA.arn}), caller=LAMBDA),
    entry(78, "a user", "denied", trust({"Service": LAMBDA.arn}), own=ALL),
    entry(
        79,
        "itself, not named",
        "denied",
        trust({"AWS": USER_ARN}),
        caller=NIGHT._replace(arn=GATE),
        own=ALL,
    ),
    entry(
        79,
        "itself, named",
        "allowed",
        trust({"AWS": GATE}),
        caller=NIGHT._replace(arn=GATE),
    ),
    row(82, "root", "allowed", allow("*"), caller=ROOT),
    row(82, "root under a control", "denied", allow("*"), caller=ROOT, scps=(S3_ONLY,)),
]
#: About whole estates: held to them in the decision's tests.
ABOUT_ESTATES = {80, 81}


@pytest.mark.parametrize("asked", ROWS)
def test_rule(asked):
    """`inferred` alone stands for allowed, with confidence inferred."""
    assert verdict(asked) == asked.expected


def test_every_rule_has_an_example_and_a_counterexample():
    """No number is left out, and no rule only ever allows or only ever denies."""
    assert not rules_without_counterexample(ROWS)
    assert rules_of(ROWS) == set(range(67, 83)) - ABOUT_ESTATES
