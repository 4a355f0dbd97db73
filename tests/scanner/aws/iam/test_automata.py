"""Patterns as machines, held to regular expressions over every short text."""

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.iam.automata import Listed, automaton, covers, overlap, some_text
from scanner.aws.iam.patterns import glob, literally

TEXTS = ["".join(one) for size in range(7) for one in product("abz", repeat=size)]
small = st.text("ab*?", max_size=5)


def matching(pattern):
    compiled = re.compile(pattern.replace("*", ".*").replace("?", "."))
    return {text for text in TEXTS if compiled.fullmatch(text)}


@UNHURRIED
@given(small, small)
def test_covering_is_containment(wide, narrow):
    """Over every text that is long enough to tell short patterns apart."""
    assert covers(wide, narrow) is (matching(narrow) <= matching(wide))


@UNHURRIED
@given(small, small)
def test_overlap_is_a_common_text(one, other):
    """Six characters suffice for patterns of five."""
    assert overlap(one, other) is bool(matching(one) & matching(other))


@UNHURRIED
@given(st.lists(small, min_size=1, max_size=2), st.lists(small, max_size=2))
def test_a_text_that_some_match_and_others_refuse(some, refused):
    """Whether one is left is found exactly."""
    lists = [Listed(tuple(map(automaton, some)), False)]
    lists.append(Listed(tuple(map(automaton, refused)), True))
    left = set().union(*map(matching, some)).difference(*map(matching, refused))

    assert some_text(lists, 10) is bool(left)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*1?????????1*", "*" + "1*" * 11, False),
        ("*1?????????1*", "*1?????????1??*", True),
        ("?*", "*a", True),
        ("?*", "*", False),
        (literally("*"), "a", False),
        ("*", literally("*"), True),
        ("\x00*", "?*", False),
    ],
)
def test_covering_follows_every_length(wide, narrow, expected):
    """Runs of different lengths are all followed, and literal wildcards are text."""
    assert covers(wide, narrow) is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a*?" * 2000, "a?*" * 2000),
        ("*?*a?" * 400, "*?*a?" * 400),
        ("*a" * 500, "*b" * 500),
    ],
)
def test_hostile_patterns_are_compared_soon(one, other):
    """Thousands of wildcards on both sides."""
    started = time.process_time()

    covers(one, other)
    overlap(one, other)

    assert time.process_time() - started < 2


@pytest.mark.parametrize(("tail", "expected"), [("b?c", True), ("b?d", False)])
def test_long_texts_are_searched_from_all_places_at_once(tail, expected):
    """A chunk with many `?` in a megabyte of text, present and not."""
    chunk = "a?" * 300 + tail
    text = "a" * 500_000 + chunk.replace("?", "x")[:-1] + "c" + "a" * 500_000
    started = time.process_time()

    assert glob(f"*{chunk}*").matches(text) is expected
    assert time.process_time() - started < 5
