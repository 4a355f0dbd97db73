"""More or less: whether one decision gives more than the one before it."""

from dataclasses import replace

import pytest

from policies.shifts import Way, way_of
from scanner.grants import Condition, Decision, Standing, Verdict

MFA = Condition("aws:MultiFactorAuthPresent", "Bool", ("true",))
HOME = Condition("aws:SourceIp", "IpAddress", ("10.0.0.0/8",))
ALLOWED = Decision(Verdict.ALLOWED)
UNKNOWN = Decision(Verdict.UNKNOWN, reasons=("not read",))
SHELL = replace(ALLOWED, documents=("AWS-RunShellScript",))
PATCH = replace(ALLOWED, documents=("AWS-RunPatchBaseline",))
BOTH = replace(ALLOWED, documents=(*SHELL.documents, *PATCH.documents))
ANY = replace(ALLOWED, documents="any")
LATER = replace(ALLOWED, standing=Standing.ELIGIBLE)
SHORT = replace(
    ALLOWED, standing=Standing.TIME_BOUND, standing_until="2026-12-01T00:00:00Z"
)
LONG = replace(SHORT, standing_until="2027-12-01T00:00:00Z")


def only(*alternatives):
    return Decision(Verdict.CONDITIONAL, alternatives)


@pytest.mark.parametrize(
    ("less", "more", "words"),
    [
        (None, ALLOWED, "new"),
        (None, only((MFA,)), "new"),
        (only((MFA,)), ALLOWED, "unconditional"),
        (only((MFA, HOME)), only((MFA,)), "weaker"),
        (only((MFA,)), only((MFA,), (HOME,)), "weaker"),
        (SHELL, BOTH, "documents"),
        (SHELL, ANY, "documents"),
        (LATER, ALLOWED, "permanent"),
        (LATER, SHORT, "time-bound"),
        (SHORT, LONG, "longer"),
        (SHORT, ALLOWED, "permanent"),
    ],
)
def test_more_is_gained_and_less_is_lost(less, more, words):
    """Each gain has its twin: the same two decisions the other way round."""
    way, why = way_of(less, more)

    assert (way, words in why) == (Way.GAINED, True)
    assert way_of(more, less)[0] is Way.LOST


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (only((MFA,)), only((HOME,))),
        (SHELL, PATCH),
        (replace(ALLOWED, documents="any"), replace(only((MFA,)), documents=None)),
    ],
)
def test_what_gives_other_things_is_a_gain_unless_all_of_it_is_less(one, other):
    ways = {way_of(one, other)[0], way_of(other, one)[0]}

    assert Way.GAINED in ways


@pytest.mark.parametrize("before", [None, only((MFA,))])
def test_what_becomes_unknown_counts_as_gained_and_says_so(before):
    way, why = way_of(before, UNKNOWN)

    assert way is Way.GAINED
    assert why.startswith("unknown")


def test_what_was_allowed_is_not_gained_by_becoming_unknown():
    assert way_of(ALLOWED, UNKNOWN)[0] is Way.LOST


@pytest.mark.parametrize("after", [ALLOWED, only((MFA,))])
def test_what_was_unknown_and_is_certain_now_is_gained(after):
    assert way_of(UNKNOWN, after)[0] is Way.GAINED


def test_nothing_is_gained_where_it_is_denied_now():
    assert way_of(UNKNOWN, None) == (Way.LOST, "gone")
