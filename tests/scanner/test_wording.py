"""What the words of a statement or role name, and what they leave out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.wording import Wording

RUN = "Microsoft.Compute/virtualMachines/runCommand/action"


@pytest.mark.parametrize(
    ("actions", "but", "names"),
    [
        (("ssm:SendCommand",), (), True),
        (("SSM:sendcommand",), (), True),
        (("ssm:*",), (), True),
        (("ssm:Send?ommand",), (), True),
        (("ssm:Send?command",), (), False),
        (("*",), (), True),
        (("ssm:SendCommands",), (), False),
        (("ssm.SendCommand",), (), False),
        (("*",), ("ssm:*",), False),
        (("*",), ("iam:*",), True),
        ((), (), False),
    ],
)
def test_what_is_named(actions, but, names):
    """Case does not count; a pattern names the whole operation or nothing."""
    wording = Wording(actions, but)

    assert wording.names("ssm:SendCommand") is names
    assert wording.leaves_out("ssm:SendCommand") is (
        bool(but) and "ssm" in but[0] and not names
    )


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (("Microsoft.Compute/*",), ("Microsoft.Compute/*",)),
        (("*/action", "Microsoft.Compute/*"), ("*/action", "Microsoft.Compute/*")),
        (("Microsoft.Compute/*", RUN), ()),
        (("Microsoft.Compute/*", RUN.lower()), ()),
        (("Microsoft.Web/*",), ()),
    ],
)
def test_wildcards_count_where_nothing_spells_it_out(actions, expected):
    assert Wording(actions).wildcards_for(RUN) == expected


def test_what_is_left_out_has_no_wildcards():
    assert Wording(("*",), (RUN,)).wildcards_for(RUN) == ()


@given(st.text("ab*?.", max_size=6), st.text("ab.", max_size=6))
def test_patterns_match_like_the_obvious_expression(pattern, operation):
    """The twin is written character by character."""
    each = {"*": ".*", "?": "."}
    wanted = "".join(each.get(one, re.escape(one)) for one in pattern)

    matched = Wording((pattern,)).names(operation)

    assert matched is (re.fullmatch(wanted, operation) is not None)


def test_many_wildcards_cost_no_time():
    """Text from the cloud must not make the matcher run for ever."""
    assert not Wording(("*a" * 12 + "b",)).names("a" * 60)
