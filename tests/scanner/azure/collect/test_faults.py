"""Error bodies of any shape become one line: the provider's code, or the status."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.azure.collect.faults import fault_of
from scanner.evidence.outcomes import Outcome, outcome_of_error


@pytest.mark.parametrize(
    ("status", "body", "code", "outcome"),
    [
        (403, {"error": {"code": "AuthorizationFailed"}}, "AuthorizationFailed", "r"),
        (403, {"Error": {"Code": "AuthorizationFailed"}}, "AuthorizationFailed", "r"),
        (403, {"code": "Forbidden", "message": "no"}, "Forbidden", "r"),
        (403, {"error": {"code": None}}, "403", "r"),
        (403, {"error": None}, "403", "r"),
        (403, {"error": []}, "403", "r"),
        (403, [], "403", "r"),
        (403, "text", "403", "r"),
        (400, {"error": {"code": "InsufficientPermissions"}}, None, "r"),
        (400, {"error": {"code": "AadPremiumLicenseRequired"}}, None, "n"),
        (400, {"error": {"code": "SomethingNew"}}, "SomethingNew", "f"),
        (401, {"error": {"code": "ExpiredAuthenticationToken"}}, None, "e"),
        (401, {"error": "invalid_token", "error_description": "x"}, None, "e"),
        (401, {}, "401", "e"),
        (429, {}, "429", "t"),
        (503, {"error": {"code": "ServerBusy"}}, "ServerBusy", "t"),
        (403, {"error": {"code": "NotEnabled"}}, "403", "r"),
        (401, {"error": {"code": "InvalidAuthenticationTokenTenant"}}, None, "r"),
        (
            500,
            {"odata.error": {"code": "Oops", "message": {"value": "x"}}},
            "Oops",
            "f",
        ),
        (500, {"error": {"code": "AadPremiumLicenseRequired"}}, "500", "f"),
        (502, {"error": {"code": "Unsupported"}}, "502", "f"),
        (404, {"error": {"code": "ResourceNotFound"}}, "ResourceNotFound", "f"),
    ],
)
def test_a_refusal_keeps_the_provider_s_code(status, body, code, outcome):
    """A broken server cannot say that there is nothing to see."""
    fault = fault_of(status, json.dumps(body).encode())

    words = {"r": "refused", "n": "not-enabled", "e": "expired", "t": "throttled"}
    assert code in (None, fault.body.code)
    assert words.get(outcome, "failed") == outcome_of_error(fault.body.code, status)


@pytest.mark.parametrize("status", [201, 202, 204, 206, 302, 304])
def test_a_success_without_an_answer_and_a_redirect_are_malformed(status):
    """Only 200 is an answer to a list."""
    fault = fault_of(status, b'{"value": []}')

    assert fault.body.code == "MalformedAnswer"


def test_a_token_that_the_answer_repeats_is_not_kept():
    """Evidence holds no credential, whoever puts it there."""
    body = json.dumps({"error": {"code": "Xs3cret", "message": "bad Bearer s3cret!"}})

    fault = fault_of(400, body.encode(), "s3cret")

    assert (fault.body.code, fault.body.message) == ("X***", "bad Bearer ***!")


@given(st.integers(200, 599).filter(lambda status: status != 200), st.binary())
def test_no_error_body_breaks_the_reader_or_reads_as_an_answer(status, body):
    """Whatever comes, the list is not known."""
    fault = fault_of(status, body)

    assert len(fault.body.message) <= 1000
    outcome = outcome_of_error(fault.body.code, status)
    assert Outcome.ANSWERED is not outcome
