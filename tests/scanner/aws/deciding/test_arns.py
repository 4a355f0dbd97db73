"""An index of ARNs answers as matching each ARN does."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import ACCOUNT, UNHURRIED

from scanner.aws.deciding.arns import ArnIndex
from scanner.aws.iam.statements import pattern_names

ARNS = sorted(
    [
        "*",
        f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0a1",
        f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-0a12",
        f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0a1",
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:managed-instance/mi-01",
        "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript",
        "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript",
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:document/Acme",
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:session/AROAOPS:ann-1",
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:session/ann-1",
        f"arn:aws:ssm:us-east-1:{ACCOUNT}:automation-definition/Acme:1",
        "arn:aws-cn:ec2:cn-north-1:1:instance/i-0a1",
    ]
)
PATTERNS = [
    "*",
    "arn:aws:*",
    "arn:aws:ec2:*",
    "arn:aws:ssm:eu-*",
    "arn:aws:ec2:*:instance/*",
    "arn:aws:s*m:*:*:*",
    f"arn:aws:ec2:*:{ACCOUNT}:instance/i-0a1",
    f"arn:aws:ec2:*:{ACCOUNT}:instance/i-0a*",
    f"arn:*:ec2:*:{ACCOUNT}:instance/*2",
    "arn:aws:ec2:*:*:instance/i-0?1",
    "arn:aws:ssm:*:*:document/AWS-*",
    "arn:aws:ssm:*:*:document/*Script",
    "arn:aws:ssm:*::document/*",
    "arn:aws:ssm:*:*:session/AROAOPS:*-*",
    "arn:aws:ssm:*:*:session/*-1",
    "arn:aws:ssm:*:*:automation-definition/Acme:*",
    "arn:aws:ssm:*:*:automation-definition/*",
    "arn:aws:ssm:*:*:*",
    "instance/i-0a1",
    "",
]


def one_by_one(pattern):
    found = {}
    for n, arn in enumerate(ARNS):
        formula = pattern_names(pattern, arn)
        if formula:
            found[formula] = found.get(formula, 0) | 1 << n
    return found


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_names_the_same_arns(pattern):
    """Certain and possible matches alike."""
    assert ArnIndex(ARNS).matching(pattern) == one_by_one(pattern)


segments = st.sampled_from(["*", "", "aws", "ec2", "ssm", "eu-west-1", ACCOUNT, "e*1"])
lasts = st.sampled_from(["instance/*", "*", "document/A?me", "*/i-0a1", "session/a*"])


@UNHURRIED
@given(st.lists(segments, min_size=3, max_size=4), lasts)
def test_any_pattern_names_the_same_arns(middle, last):
    """Short and long ones, wildcards anywhere."""
    pattern = ":".join(["arn", *middle, last])

    assert ArnIndex(ARNS).matching(pattern) == one_by_one(pattern)


def test_many_patterns_over_many_arns_take_no_product():
    """One session pattern per role, as AWS's own examples have it."""
    names = [f"AROA{n:05}:x-1" for n in range(20_000)]
    arns = [f"arn:aws:ssm:eu-west-1:{ACCOUNT}:session/{name}" for name in names]
    index = ArnIndex(sorted(arns))
    started = time.process_time()

    for n in range(0, 20_000, 20):
        found = index.matching(f"arn:aws:ssm:*:*:session/AROA{n:05}:*-*")
        assert [bits.bit_count() for bits in found.values()] == [1]

    assert time.process_time() - started < 2
