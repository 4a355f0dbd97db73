"""Uses are ranges: known to be then, certainly not later; neither is guessed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.usage import Log, Usage, Usages, Use, joined, latest

NOW = datetime(2026, 11, 24, tzinfo=UTC)
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
COMPUTE = "microsoft.compute"


def ago(days):
    return None if days is None else NOW - timedelta(days)


def use(known=None, bound=None, asked=0):
    return Use(ago(asked), ago(known), ago(bound))


def uses():
    """Uses that can be: nothing was done after the bound, known or not."""
    days = st.one_of(st.none(), st.integers(0, 400))
    pairs = st.tuples(days, days).filter(lambda p: None in p or p[0] >= p[1])
    return pairs.map(lambda pair: use(*pair))


@pytest.mark.parametrize(
    ("found", "used", "unused"),
    [
        (use(90, 90), False, True),
        (use(89.99999, 89.99999), True, False),
        (use(None, 90), False, True),
        (use(None, 89), False, False),
        (use(89, None), True, False),
        (use(90, None), False, False),
        (use(), False, False),
        (use(-1, -1), True, False),
    ],
)
def test_what_is_not_certain_is_neither_used_nor_unused(found, used, unused):
    """At exactly so many days it counts as unused."""
    assert (found.used_within(90), found.unused_for(90)) == (used, unused)


@given(uses(), st.integers(0, 400))
def test_nothing_is_used_and_unused(found, days):
    assert not (found.used_within(days) and found.unused_for(days))


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], None),
        ([use(5, 5)], use(5, 5)),
        ([use(5, 5), use(9, 9)], use(5, 5)),
        ([use(5, 5), use(None, 3)], use(5, 3)),
        ([use(5, 5), use()], use(5, None)),
        ([use(None, 3), use(None, 9)], use(None, 3)),
        ([use(5, 5), use(9, 9, asked=2)], use(5, 5, asked=2)),
    ],
)
def test_several_ways_of_using_join(parts, expected):
    """Used when any was; certainly not later only where every one says so."""
    assert latest(parts) == expected


@pytest.mark.parametrize(
    ("own", "seen", "expected"),
    [
        (use(5, 5), None, use(5, 5)),
        (None, use(5, 5), use(None, 5)),
        (None, use(5, None), None),
        (use(None, 3), use(200, 200), use(None, 200)),
        (use(None, 300), use(1, 1), use(None, 300)),
        (use(None, None), use(5, 9), use(None, 9)),
        (None, None, None),
    ],
)
def test_who_did_nothing_after_a_time_did_not_use_a_vector_either(own, seen, expected):
    """But who was there need not have used it."""
    vectors = {"v": own} if own else {}
    usages = Usages(True, {"p": Usage(seen=seen, vectors=vectors)})

    assert usages.of_vector("p", "v", ["a"]) == expected
    assert usages.of_vector("q", "v", ["a"]) is None


LOG_A, LOG_B = Log(ago(90), NOW), Log(ago(30), ago(1))


@pytest.mark.parametrize(
    ("logs", "event", "scopes", "expected"),
    [
        ({"a": LOG_A}, None, "a", use(None, 90)),
        ({"a": LOG_A}, 5, "a", use(5, 5)),
        ({"a": LOG_A, "b": LOG_B}, None, "ab", use(None, 30, asked=1)),
        ({"a": LOG_A}, None, "ab", None),
        ({"a": LOG_A}, 5, "ab", use(5, None)),
        ({}, 5, "a", use(5, None)),
        ({}, None, "a", None),
        ({"a": LOG_A}, None, "", None),
    ],
)
def test_logs_tell_what_was_not_done_only_all_together(logs, event, scopes, expected):
    """An event in any of them is a use; one that was not read may hold a later one."""
    read = {(scope, COMPUTE): log for scope, log in logs.items()}
    events = {} if event is None else {("p", RUN): (ago(event), NOW)}
    usages = Usages(True, {}, read, events)

    assert usages.of_vector("p", RUN, list(scopes)) == expected


def test_a_log_of_other_operations_says_nothing():
    usages = Usages(True, {}, {("a", "microsoft.automation"): LOG_A})

    assert usages.of_vector("p", RUN, ["a"]) is None


def test_usage_of_several_accounts_joins():
    """That one of them was asked is enough to have asked."""
    one = Usages(True, {"p": Usage(mfa=True)})
    other = Usages(False, {}, {("a", COMPUTE): LOG_A})

    found = joined([one, other])

    assert (found.asked, found.of("p").mfa, found.of("q")) == (True, True, Usage())
    assert found.logs == {("a", COMPUTE): LOG_A}
    assert joined([]) == Usages()
