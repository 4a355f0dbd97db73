"""Pipeline policies: paced tries, whole answers, and reads of one host only."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy, SansIOHTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from scanner.azure.collect.answers import trusted
from scanner.azure.collect.options import Timings
from scanner.azure.collect.waits import asked_wait, pause, running_low
from scanner.collection.rate import Bucket, Rates

_BUSY = frozenset({429, 503})
_BROKEN = frozenset({408, 500, 502, 504})
#: Tries when the service fails or stays silent: waiting longer seldom helps there.
_TRIES_WHEN_BROKEN = 4

#: Name of the request option that says which bucket pays for a request.
RATE_KEY = "rate_key"

#: Name of the request option that takes the answer's bytes, a `bytearray`.
BODY = "body"
_LONGEST = 1 << 28

_Request = PipelineRequest[HttpRequest]
_Response = PipelineResponse[HttpRequest, HttpResponse]


class PacedRetry(HTTPPolicy[HttpRequest, HttpResponse]):
    """Takes the place of azure-core's retries, which know no rate and no cap.

    Every try waits for its turn in the scope's bucket, so retries count against the
    rate as well. A throttle halves the rate; so does a quota that runs low.
    """

    def __init__(self, rates: Rates, timings: Timings) -> None:
        super().__init__()
        self._rates, self._timings = rates, timings
        self._lock = threading.Lock()
        self.sent = 0

    def send(self, request: _Request) -> _Response:
        """Send until answered, refused, or out of tries or time.

        Raises:
            AzureError: no answer came in the last try.
        """
        key = cast("tuple[str, ...]", request.context.options.pop(RATE_KEY))
        deadline = time.monotonic() + self._timings.call
        attempt = 0
        while True:
            found = self._once(request, self._rates.take(*key))
            attempt += 1
            if attempt >= self._tries(found):
                break
            wait = pause(attempt - 1, _asked(found), self._timings)
            if time.monotonic() + wait > deadline:
                break
            time.sleep(wait)
        if isinstance(found, AzureError):
            raise found
        return found

    def _once(self, request: _Request, bucket: Bucket) -> _Response | AzureError:
        with self._lock:
            self.sent += 1
        try:
            response = self.next.send(request)
        except ClientAuthenticationError:
            raise  # the login refused: trying again locks accounts
        except AzureError as error:
            return error
        headers = cast("Mapping[str, str]", response.http_response.headers)
        if response.http_response.status_code in _BUSY or running_low(headers):
            bucket.throttled()
        else:
            bucket.succeeded()
        return response

    def _tries(self, found: _Response | AzureError) -> int:
        if isinstance(found, AzureError):
            return min(_TRIES_WHEN_BROKEN, self._timings.tries)
        status = found.http_response.status_code
        if status in _BUSY:
            return self._timings.tries
        return min(_TRIES_WHEN_BROKEN, self._timings.tries) if status in _BROKEN else 1


def _asked(found: _Response | AzureError) -> float | None:
    if isinstance(found, AzureError):
        return None
    headers = cast("Mapping[str, str]", found.http_response.headers)
    return asked_wait(headers, datetime.now(UTC))


class WholeAnswer(HTTPPolicy[HttpRequest, HttpResponse]):
    """Reads an answer to its end, if it has one: streams that never end are cut.

    It stands behind the retries, so that an answer that breaks off is asked again.
    """

    def __init__(self, timings: Timings) -> None:
        super().__init__()
        self._seconds = timings.call

    def send(self, request: _Request) -> _Response:
        """Send, and put the answer's bytes into the request's `BODY`.

        Raises:
            AzureError: it took too long, was too long, broke off or cannot be unpacked.
        """
        options = request.context.options
        if BODY in options:  # the first try: later ones find it in the context
            request.context[BODY] = options.pop(BODY)
        body = cast("bytearray", request.context[BODY])
        body.clear()
        ends = time.monotonic() + self._seconds
        response = self.next.send(request)
        try:
            for chunk in response.http_response.iter_bytes():
                body += chunk
                if time.monotonic() > ends:
                    raise ServiceResponseTimeoutError("the answer does not end in time")
                if len(body) > _LONGEST:
                    raise DecodeError(f"the answer is longer than {_LONGEST} bytes")
        except ValueError as error:  # a Content-Length that is no number
            raise DecodeError(str(error)) from error
        finally:
            response.http_response.close()
        return response


class ReadsHere(SansIOHTTPPolicy[HttpRequest, HttpResponse]):
    """Stands before the token: nothing but a GET to the configured host gets one."""

    def __init__(self, endpoint: str) -> None:
        super().__init__()
        self._endpoint = endpoint

    def on_request(self, request: _Request) -> None:
        """Refuse any other method or host.

        Raises:
            Fault: `ForeignNextLink`.
            AssertionError: something in this program tried to write.
        """
        sent = request.http_request
        if sent.method != "GET":
            raise AssertionError(f"{sent.method} {urlsplit(sent.url).path}: not a read")
        trusted(sent.url, self._endpoint)
