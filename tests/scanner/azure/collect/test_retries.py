"""How often and how soon a call is tried again, measured over the wire."""

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from azure_answers import failed, refused, reset, throttled
from azure_scans import NoLimit, collect, faults
from azure_server import azure_server
from azure_tenant import AzureTenant

from scanner.azure.collect.options import Timings
from scanner.collection.rate import Rates

PATIENT = Timings(
    connect=2, read=2, tries=3, first_wait=0.001, longest_wait=0.4, call=5
)


def seconds(server, folder, timings=PATIENT, rates=None):
    """Scan an empty tenant and return how long it took."""
    begun = time.monotonic()
    tenant = server.tenant.id
    collect(server, folder, timings=timings, tenant=tenant, rates=rates or NoLimit())
    return time.monotonic() - begun


def in_seconds(wait):
    return format_datetime(datetime.now(UTC) + timedelta(seconds=wait), usegmt=True)


@pytest.mark.parametrize(
    ("retry_after", "least"),
    [
        ("0.3", 0.3),
        (in_seconds(3600), 0.4),
        ("1000000000", 0.4),
        (None, 0.001),
        ("-5", 0.001),
        (in_seconds(-3600), 0.001),
        ("soon", 0.001),
    ],
    ids=["seconds", "date", "absurd", "absent", "negative", "past", "unreadable"],
)
def test_a_throttle_is_waited_out_as_asked_and_no_longer(tmp_path, retry_after, least):
    """What cannot be obeyed falls back to a short wait, what is absurd to the cap."""
    with azure_server(AzureTenant()) as server:
        server.fault("/v1.0/users", throttled(retry_after), times=1)
        took = seconds(server, tmp_path)

    assert faults(tmp_path) == {}
    assert least <= took
    assert len(server.asked("/v1.0/users")) == 2


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (throttled(), 6),
        (throttled(status=503), 6),
        (failed(500), 4),
        (failed(502), 4),
        (failed(504), 4),
        (reset(), 4),
        (refused(), 1),
        (refused("BadRequest", 400), 1),
        (throttled("1", status=400), 1),
        (throttled("1", status=403), 1),
        (refused("ExpiredAuthenticationToken", 401), 1),
        (refused("NotFound", 404), 1),
    ],
    ids=str,
)
def test_tries_depend_on_what_went_wrong(tmp_path, fault, tries):
    """A throttle is worth waiting for, a refusal is an answer."""
    timings = Timings(tries=6, first_wait=0.001, longest_wait=0.002, call=5)
    with azure_server(AzureTenant()) as server:
        server.fault("/v1.0/users", fault)
        seconds(server, tmp_path, timings)

    assert "graph/users" in faults(tmp_path)
    assert tries == len(server.asked("/v1.0/users"))


def test_a_call_gives_up_when_its_time_is_over(tmp_path):
    """However many tries are left."""
    timings = Timings(tries=100, first_wait=0.1, longest_wait=0.1, call=0.3)
    with azure_server(AzureTenant()) as server:
        server.fault("/v1.0/users", throttled())
        seconds(server, tmp_path, timings)

    assert 2 <= len(server.asked("/v1.0/users")) <= 4
    assert faults(tmp_path) == {"graph/users": ("TooManyRequests", "throttled")}


def test_the_ceiling_of_the_user_holds_for_every_request_and_retry(tmp_path):
    """`--max-rate`: retries count, and no number of workers gets around it."""
    with azure_server(AzureTenant()) as server:
        server.fault("/v1.0/users", failed(500))
        took = seconds(server, tmp_path, rates=Rates(25))

    assert (len(server.requests) - 1) / 25 <= took
