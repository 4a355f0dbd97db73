"""Names that two or three patterns share."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import (
    ACCOUNT,
    UNHURRIED,
    account,
    allow,
    attached,
    decision,
    estate,
    node,
    organization,
    role,
)

from scanner.aws.decide import decide_aws
from scanner.aws.deciding.overlaps import overlaps
from scanner.aws.iam.automata import overlap
from scanner.aws.iam.patterns import glob

SEND = "ssm:SendCommand"
PATTERNS = st.lists(
    st.text("ab*?", min_size=2, max_size=6).filter(
        lambda text: "*" in text and text.strip("*")
    ),
    min_size=2,
    max_size=5,
    unique=True,
)


@UNHURRIED
@given(PATTERNS)
def test_every_name_fits_the_patterns_it_was_made_for(patterns):
    """And two patterns have one exactly when they overlap."""
    found = overlaps(tuple(sorted(patterns)))

    for name, named_by in found:
        assert all(glob(pattern).matches(name) for pattern in named_by)
    pairs = {frozenset(one.patterns) for one in found if len(one.patterns) == 2}
    for one, other in combinations(patterns, 2):
        assert (frozenset({one, other}) in pairs) is overlap(one, other)


@pytest.mark.parametrize(
    ("third", "expected"), [("*Linux*", True), ("*-Roll*-*", True), ("B*", False)]
)
def test_three_patterns_that_share_a_name(third, expected):
    """Beginnings, insides and ends together; or none where they exclude each other."""
    found = overlaps(tuple(sorted(("Acme-*", "*-Patch", third))))

    assert any(len(one.patterns) == 3 for one in found) is expected


@pytest.mark.parametrize(
    ("guard", "reached"), [("document/*Linux*", True), ("document/Other-*", False)]
)
def test_what_policy_boundary_and_scp_have_in_common_counts(guard, reached):
    """Each allows other documents; some name fits all three."""
    ours = f"arn:aws:ssm:*:{ACCOUNT}:"
    nodes = "arn:aws:ec2:*:*:instance/*"
    full = attached("p-Full", allow("*"))
    level = attached("p-Guard", allow(SEND, [nodes, ours + guard]))
    boundary = attached("arn:b", allow(SEND, [nodes, ours + "document/*-Patch"]))
    own = allow(SEND, [nodes, ours + "document/Acme-*"])
    whole = account(role("ops", own, boundary=boundary), node())
    under = organization([full], [level], [full])

    found = decision(decide_aws(estate(whole, under=under)), "ops", SEND, "i-0a1")

    assert (found is not None) is reached
