"""Every form of Retry-After is obeyed, within a cap, never sooner than asked."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.azure.collect.options import Timings
from scanner.azure.collect.waits import asked_wait, pause, running_low

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
TIMINGS = Timings(first_wait=1.0, longest_wait=60.0)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Retry-After": "17"}, 17.0),
        ({"retry-after": " 2.5 "}, 2.5),
        ({"Retry-After": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"Retry-After": "Tue, 24 Nov 2026 12:00:30 -0000"}, 30.0),
        ({"Retry-After": "Tue, 24 Nov 2026 11:00:00 GMT"}, None),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"Retry-After": "1000000000"}, 1e9),
        ({"Retry-After": "1e999"}, float("inf")),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Tue, 99 Nov 2026 12:00:30 GMT"}, None),
        ({}, None),
    ],
)
def test_a_wait_is_read_in_every_form(headers, expected):
    """What cannot be a wait says nothing, and the back-off decides."""
    assert expected == asked_wait(headers, NOW)


@given(st.text(max_size=40))
def test_no_header_text_breaks_the_reader(text):
    """The header comes from the network."""
    found = asked_wait({"Retry-After": text}, NOW)

    assert found is None or found > 0


@pytest.mark.parametrize(
    ("attempt", "asked", "least", "most"),
    [
        (0, None, 1.0, 1.25),
        (3, None, 8.0, 10.0),
        (60, None, 60.0, 75.0),
        (0, 20.0, 20.0, 25.0),
        (5, 20.0, 20.0, 25.0),
        (0, 1e9, 60.0, 75.0),
        (0, float("inf"), 60.0, 75.0),
    ],
)
def test_a_pause_is_capped_and_never_shorter_than_asked(attempt, asked, least, most):
    """A little randomness on top keeps workers apart."""
    assert least <= pause(attempt, asked, TIMINGS) <= most


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ms-ratelimit-remaining-subscription-reads": "249"}, False),
        ({"x-ms-ratelimit-remaining-subscription-reads": "3"}, True),
        ({"x-ms-ratelimit-remaining-tenant-reads": "0"}, True),
        ({"x-ms-ratelimit-remaining-tenant-reads": "-1"}, False),
        ({"x-ms-ratelimit-remaining-tenant-reads": "many"}, False),
        ({}, False),
    ],
)
def test_a_quota_that_runs_low_is_noticed(headers, expected):
    """The quota belongs to the tenant's own work as well."""
    assert expected == running_low(headers)
