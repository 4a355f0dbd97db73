"""Boundaries, sessions and control policies: rules 48 to 66, with twins."""

import pytest
from iam_estates import NODE, PARTNER, SHELL, allow, deny
from iam_rules import (
    ALL,
    AS_KIM,
    ASSUME,
    KIM,
    MFA,
    NIGHT,
    ORG,
    OUR_ORG,
    ROLE_ARN,
    ROOT,
    S3_ONLY,
    USER_ARN,
    VENDOR,
    control,
    entry,
    fence,
    queue,
    row,
    rules_of,
    rules_without_counterexample,
    trust,
    verdict,
)

ROWS = [
    row(48, "a ceiling", "denied", allow("s3:*"), boundary=control(allow("ssm:*"))),
    row(48, "beneath it", "allowed", allow("*"), boundary=control(allow("ssm:*"))),
    queue(49, "boundary, user", "allowed", USER_ARN, boundary=S3_ONLY),
    queue(49, "boundary, everybody", "allowed", "*", boundary=S3_ONLY),
    queue(49, "boundary, role", "denied", ROLE_ARN, caller=AS_KIM, boundary=S3_ONLY),
    queue(49, "boundary, session", "allowed", KIM, caller=AS_KIM, boundary=S3_ONLY),
    queue(49, "session policy, user", "denied", USER_ARN, session=S3_ONLY),
    queue(
        49, "session policy, role", "denied", ROLE_ARN, caller=AS_KIM, session=S3_ONLY
    ),
    queue(
        49, "session policy, session", "allowed", KIM, caller=AS_KIM, session=S3_ONLY
    ),
    entry(
        50,
        "theirs lacks it",
        "denied",
        trust({"AWS": VENDOR.arn}),
        caller=VENDOR,
        own=ALL,
        boundary=S3_ONLY,
    ),
    entry(
        50,
        "theirs has it",
        "allowed",
        trust({"AWS": VENDOR.arn}),
        caller=VENDOR,
        own=ALL,
        boundary=(ALL,),
    ),
    queue(
        51, "a deny in a boundary", "denied", USER_ARN, boundary=control(deny("sqs:*"))
    ),
    queue(51, "silence", "allowed", USER_ARN, boundary=control(deny("s3:*"))),
    row(52, "both", "allowed", allow("ssm:*"), session=control(allow("ssm:Send*"))),
    row(52, "the role only", "denied", allow("ssm:*"), session=control(allow("ec2:*"))),
    entry(
        53,
        "this hop's trust",
        "denied",
        trust({"AWS": USER_ARN}),
        caller=NIGHT,
        own=ALL,
    ),
    entry(
        53,
        "and controls",
        "denied",
        trust({"AWS": ROLE_ARN}),
        caller=NIGHT,
        own=ALL,
        scps=(S3_ONLY,),
    ),
    entry(
        53,
        "all of it",
        "allowed",
        trust({"AWS": ROLE_ARN}),
        caller=NIGHT,
        own=ALL,
        scps=((ALL,),),
    ),
    row(54, "one level does not", "denied", allow("*"), scps=((ALL,), S3_ONLY, (ALL,))),
    row(54, "an empty level", "denied", allow("*"), scps=((ALL,), ())),
    row(54, "all levels", "allowed", allow("*"), scps=((ALL,), (ALL,))),
    row(55, "grants nothing", "denied", allow("s3:*"), scps=((ALL,),)),
    row(
        55,
        "limits root",
        "denied",
        allow("*"),
        caller=ROOT,
        scps=((ALL, *control(deny("ssm:*"))),),
    ),
    row(
        55,
        "root else",
        "allowed",
        allow("*"),
        caller=ROOT,
        scps=((ALL, *control(deny("s3:*"))),),
    ),
    row(
        60,
        "unsettled",
        "conditional",
        allow("*"),
        scps=(
            (
                ALL,
                *control(
                    deny("*", when={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
                ),
            ),
        ),
        opened=["aws:SourceIp"],
    ),
    row(
        60,
        "settled",
        "denied",
        allow("*"),
        scps=(
            (
                ALL,
                *control(
                    deny("*", when={"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
                ),
            ),
        ),
        known={"aws:SourceIp": ("11.0.0.1",)},
    ),
    row(
        61,
        "allow with a condition",
        "conditional",
        allow("*"),
        scps=(control(allow("*", when={"Bool": {MFA: "true"}})),),
        opened=[MFA],
    ),
    row(
        61,
        "allow of resources",
        "denied",
        allow("*"),
        scps=(control(allow("*", SHELL)),),
    ),
    row(
        61,
        "inner wildcards",
        "allowed",
        allow("*"),
        scps=(control(allow("ssm:S*d", NODE.replace("0a1", "*1"))),),
    ),
    row(
        64,
        "another service",
        "inferred",
        allow("*"),
        rcps=fence(),
        rcps_doubt="not known to limit it",
    ),
    row(64, "a service it limits", "denied", allow("*"), rcps=fence()),
    entry(
        65,
        "an outsider",
        "denied",
        trust({"AWS": PARTNER}),
        caller=VENDOR,
        own=ALL,
        rcps=fence(Action=ASSUME, Condition=OUR_ORG),
        known={ORG: ("o-theirs",)},
    ),
    entry(
        65,
        "one of ours",
        "allowed",
        trust({"AWS": PARTNER}),
        caller=VENDOR,
        own=ALL,
        rcps=fence(Action=ASSUME, Condition=OUR_ORG),
        known={ORG: ("o-ours",)},
    ),
    row(
        66,
        "a level that names others",
        "allowed",
        allow("*"),
        rcps=fence(Action="s3:*"),
    ),
    row(66, "a level that names it", "denied", allow("*"), rcps=fence(Action="ssm:*")),
]
#: About whole estates: held to them in the decision's tests.
ABOUT_ESTATES = {56, 57, 58, 59, 62, 63}


@pytest.mark.parametrize("asked", ROWS)
def test_rule(asked):
    """`inferred` alone stands for allowed, with confidence inferred."""
    assert verdict(asked) == asked.expected


def test_every_rule_has_an_example_and_a_counterexample():
    """No number is left out, and no rule only ever allows or only ever denies."""
    assert not rules_without_counterexample(ROWS)
    assert rules_of(ROWS) == set(range(48, 67)) - ABOUT_ESTATES
