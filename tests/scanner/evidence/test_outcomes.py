"""What an error line means: a code wins over a status, nothing is an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.evidence.outcomes import Outcome, outcome_of_error


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDenied", 403, Outcome.REFUSED),
        ("AccessDeniedException", 400, Outcome.REFUSED),
        ("UnauthorizedOperation", 403, Outcome.REFUSED),
        ("AuthorizationFailed", 403, Outcome.REFUSED),
        ("Authorization_RequestDenied", 403, Outcome.REFUSED),
        ("InsufficientPermissions", 400, Outcome.REFUSED),
        ("403", 403, Outcome.REFUSED),
        ("SomethingNew", 403, Outcome.REFUSED),
        ("ExpiredToken", 403, Outcome.EXPIRED),
        ("ExpiredTokenException", 400, Outcome.EXPIRED),
        ("RequestExpired", 400, Outcome.EXPIRED),
        ("ExpiredAuthenticationToken", 401, Outcome.EXPIRED),
        ("SomethingNew", 401, Outcome.EXPIRED),
        ("Throttling", 400, Outcome.THROTTLED),
        ("ThrottlingException", 400, Outcome.THROTTLED),
        ("TooManyRequestsException", 429, Outcome.THROTTLED),
        ("SubscriptionRequestsThrottled", 429, Outcome.THROTTLED),
        ("SomethingNew", 429, Outcome.THROTTLED),
        ("MalformedAnswer", 200, Outcome.MALFORMED),
        ("TokenLoop", None, Outcome.MALFORMED),
        ("ForeignNextLink", None, Outcome.MALFORMED),
        ("Timeout", None, Outcome.FAILED),
        ("InternalServerError", 500, Outcome.FAILED),
        ("", None, Outcome.FAILED),
        ("NotAsked", None, Outcome.NOT_ASKED),
        ("NotEnabled", None, Outcome.NOT_ENABLED),
        ("OptInRequired", 403, Outcome.NOT_ENABLED),
        ("AadPremiumLicenseRequired", 400, Outcome.NOT_ENABLED),
        ("AWSOrganizationsNotInUseException", 400, Outcome.NOT_ENABLED),
        ("Unsupported", None, Outcome.UNSUPPORTED),
        ("UnknownOperationException", 400, Outcome.UNSUPPORTED),
        ("accessDENIED", None, Outcome.REFUSED),
    ],
)
def test_an_error_line_is_classified(code, status, expected):
    assert expected == outcome_of_error(code, status)


@given(st.text(), st.none() | st.integers())
def test_no_error_is_ever_an_answer(code, status):
    assert Outcome.ANSWERED is not outcome_of_error(code, status)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_answers_and_what_is_not_there_leave_no_gap(outcome):
    known = {Outcome.ANSWERED, Outcome.UNSUPPORTED, Outcome.NOT_ENABLED}

    assert (outcome not in known) == outcome.is_gap
