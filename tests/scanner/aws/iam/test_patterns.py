"""IAM patterns: what matches, what cannot be told, and that it takes linear time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.iam.automata import covers, overlap
from scanner.aws.iam.patterns import (
    Match,
    covers_everything,
    glob,
    literally,
    match_action,
    match_arn,
    match_resource,
    shared_text,
)

NODE = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1"
SHELL = "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"
LOGS = "arn:aws:logs:eu-west-1:111122223333:log-group:/a:stream"


@pytest.mark.parametrize(
    ("pattern", "action", "expected"),
    [
        ("ssm:SendCommand", "ssm:SendCommand", True),
        ("SSM:sendcommand", "ssm:SendCommand", True),
        ("ssm:Send*", "ssm:SendCommand", True),
        ("ssm:*Command", "ssm:SendCommand", True),
        ("ssm:S?ndCommand", "ssm:SendCommand", True),
        ("ssm:S??ndCommand", "ssm:SendCommand", False),
        ("*", "ssm:SendCommand", True),
        ("*:*", "ssm:SendCommand", True),
        ("ssm", "ssm:SendCommand", False),
        ("", "ssm:SendCommand", False),
        ("ssm:SendCommand", "ssm:SendCommands", False),
    ],
)
def test_actions_ignore_case(pattern, action, expected):
    """`*` is any run and `?` one character, across the colon as well."""
    assert match_action(pattern, action) is expected


@pytest.mark.parametrize(
    ("pattern", "resource", "expected"),
    [
        ("*", NODE, Match.YES),
        ("**", NODE, Match.YES),
        (NODE, NODE, Match.YES),
        (NODE.upper(), NODE, Match.NO),
        (f"{NODE}?", NODE, Match.NO),
        ("arn:aws:ec2:*:*:instance/*", NODE, Match.YES),
        ("arn:aws:ec2:eu-*-1:1111*:instance/i-?a1", NODE, Match.YES),
        ("arn:aws:ec2:*", NODE, Match.YES),
        ("arn:aws:ec2:eu-west-1:*", NODE, Match.YES),
        ("arn:aws:ec2:*:instance/*", NODE, Match.POSSIBLE),
        ("arn:*:ec2:*:*:instance/*", NODE, Match.YES),
        ("arn:aws-cn:ec2:*:*:instance/*", NODE, Match.NO),
        ("arn:aws:*:*:*:instance/*", NODE, Match.POSSIBLE),
        ("arn:aws:*", NODE, Match.POSSIBLE),
        ("arn:aws:ec2:eu*1:instance/i-0a1", NODE, Match.NO),
        ("arn:aws:ec2:e*3:instance/i-0a1", NODE, Match.POSSIBLE),
        ("arn:aws:ssm:*:*:document/AWS-*", SHELL, Match.YES),
        ("arn:aws:ssm:*:111122223333:document/AWS-*", SHELL, Match.NO),
        ("arn:aws:ssm:*:?:document/AWS-*", SHELL, Match.NO),
        ("arn:aws:ssm:*::document/AWS-*", SHELL, Match.YES),
        ("arn:aws:ssm:*document/AWS-*", SHELL, Match.POSSIBLE),
        ("arn:aws:logs:*:*:log-group:/a:*", LOGS, Match.YES),
        ("arn:aws:logs:*:*:log-group:*", LOGS, Match.YES),
        ("arn:aws:logs:*:*:log-group:/a", LOGS, Match.NO),
        ("i-0a1", NODE, Match.NO),
        ("", NODE, Match.NO),
        ("*", "*", Match.YES),
        ("arn:aws:ec2:*:*:*", "*", Match.NO),
        (literally("*"), NODE, Match.NO),
    ],
)
def test_resources_match_by_segment(pattern, resource, expected):
    """Where readings of a wildcard across segments differ, the answer is POSSIBLE."""
    assert match_resource(pattern, resource) is expected


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("arn:aws:iam::*/ops", "arn:aws:iam::1:role/ops", False),
        ("arn:aws:iam::*:role/ops", "arn:aws:iam::1:role/ops", True),
        ("arn:aws:iam::*:role/*", "arn:aws:iam::1:role/a/b", True),
        ("arn:aws:logs:*:*:*", LOGS, True),
        ("*", "arn:aws:iam::1:role/ops", True),
        ("role/*", "role/ops", False),
    ],
)
def test_arn_operators_match_six_segments(pattern, value, expected):
    """Each wildcard stays inside its segment, except in the last."""
    assert match_arn(pattern, value) is expected


@pytest.mark.parametrize(
    ("pattern", "expected"), [("*", True), ("**", True), ("", False), ("*x", False)]
)
def test_covering_everything(pattern, expected):
    """Actions without resources match only such patterns."""
    assert covers_everything(pattern) is expected


@pytest.mark.parametrize("character", list(".+([^$\\|{}"))
def test_other_characters_are_literal(character):
    """A regular expression's characters have no meaning."""
    assert glob(f"a{character}?*").matches(f"a{character}bc")
    assert not glob(f"a{character}?*").matches("abbc")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("a*" * 1000 + "b", "a" * 50_000),
        ("*a?" * 1000 + "b", "a" * 50_000),
        ("?" * 1000 + "*" * 1000, "a" * 50_000),
        (":*" * 1000 + "b", "a:" * 2000),
    ],
)
def test_hostile_patterns_take_linear_time(pattern, text):
    """A thousand stars are matched in well under a second."""
    started = time.process_time()

    glob(pattern).matches(text)
    match_resource(pattern, text)
    overlap(pattern, pattern + "x")

    assert time.process_time() - started < 1


small = st.text("ab*?", max_size=6)
texts = st.text("ab", max_size=8)
#: No provider takes noncharacters, which stand for literal wildcards here.
written = st.text(st.characters(exclude_categories=("Cn", "Cs")))


def expected_match(pattern, text):
    translated = pattern.replace("*", ".*").replace("?", ".")
    return re.fullmatch(translated, text) is not None


@UNHURRIED
@given(small, texts)
def test_globs_match_as_regular_expressions_do(pattern, text):
    """An independent implementation agrees."""
    assert glob(pattern).matches(text) is expected_match(pattern, text)


@UNHURRIED
@given(small, small)
def test_what_two_patterns_share_is_matched_by_both(one, other):
    """A text is found exactly where the patterns overlap."""
    found = shared_text(one, other, "~")

    assert (found is not None) is overlap(one, other)
    if found is not None:
        assert glob(one).matches(found)
        assert glob(other).matches(found)


@UNHURRIED
@given(small, small, texts)
def test_overlap_and_covering_are_sound(one, other, text):
    """A common text means overlap; what is covered matches."""
    if expected_match(one, text) and expected_match(other, text):
        assert overlap(one, other)
    if covers(one, other) and expected_match(other, text):
        assert expected_match(one, text)


@UNHURRIED
@given(written, written)
def test_a_literal_text_matches_only_itself(text, other):
    """Wildcards in a substituted value are literal."""
    assert glob(literally(text)).matches(text)
    assert glob(literally(text)).matches(other) is (text == other)
