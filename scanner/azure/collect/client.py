"""Ask ARM and Graph over the Azure SDK's transport, and get bytes back.

How the SDK is used, and how not. azure-identity signs in. ARM is asked through the
pipeline of `azure.mgmt.authorization.AuthorizationManagementClient` and Graph through a
plain `azure.core.PipelineClient`: connections, proxies, certificates, tokens and their
renewal (continuous access evaluation included) are the SDK's. Its operations and models
are not used, because they answer another question than ours:

* version 4.0.0 knows no `denyAssignmentEffect` and, by default, no condition of a
  role's block; what a model does not know it drops, and both decide who runs commands;
* a list that is empty and a list that a proxy answered with nothing look the same;
* its pager follows a `nextLink` to any host, and the same one for ever;
* its standard pipeline registers resource providers by itself, which is a write.

So the pipeline is built from the policies named here, and answers stay raw JSON.
"""

import logging
import os
import time
from typing import Any, Self

from azure.core import PipelineClient
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.policies import UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

from scanner import __version__
from scanner.azure.collect.cloud import Cloud
from scanner.azure.collect.credentials import Login, sign_in
from scanner.azure.collect.faults import (
    MALFORMED,
    TIMEOUT,
    UNREACHABLE,
    Fault,
    fault_of,
)
from scanner.azure.collect.options import AzureOptions, Timings
from scanner.azure.collect.retry import (
    BODY,
    RATE_KEY,
    PacedRetry,
    ReadsHere,
    WholeAnswer,
)
from scanner.collection.rate import Rates

#: The SDK client wants one; the URLs that are asked carry their own.
_NO_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"

_SERVICES = ("arm", "graph")

# The SDK warns in many lines when nobody is signed in; we say it in one.
logging.getLogger("azure").addHandler(logging.NullHandler())

_Pipeline = PipelineClient[HttpRequest, HttpResponse]


class Client:
    """Reads from ARM (`arm`) and Graph (`graph`); safe to share between threads."""

    def __init__(self, options: AzureOptions, cloud: Cloud, rates: Rates) -> None:
        """Sign in and open both pipelines.

        Raises:
            UsageError: the token file cannot be used.
            NoCredentials: nobody is signed in.
        """
        self.endpoints = {"arm": cloud.arm, "graph": cloud.graph}
        self.timings = options.timings
        self._ends = time.monotonic() + options.timings.scan
        verify = _certificates()
        login = sign_in(options, cloud, verify)
        #: The tenant that the token is of, if it says so.
        self.tenant = login.tenant
        # A static token may go to a stand-in on this machine without TLS: cloud_of
        # let no other http endpoint through.
        self._enforce_https = not login.static
        self._retries = {name: PacedRetry(rates, self.timings) for name in _SERVICES}
        self._sdk = AuthorizationManagementClient(
            login.credential,
            _NO_SUBSCRIPTION,
            base_url=cloud.arm,
            policies=self._policies("arm", login, cloud.arm_scope),
            transport=_transport(self.timings, verify),
        )
        self._graph: _Pipeline = PipelineClient(
            cloud.graph,
            policies=self._policies("graph", login, cloud.graph_scope),
            transport=_transport(self.timings, verify),
        )
        # The SDK offers no public way to send a request of one's own in 4.0.
        self._pipelines: dict[str, _Pipeline] = {
            "arm": self._sdk._client,
            "graph": self._graph,
        }

    def _policies(self, service: str, login: Login, scope: str) -> list[Any]:
        """Return what a request passes through, outermost first."""
        return [
            UserAgentPolicy(f"whocanrun/{__version__}"),
            self._retries[service],
            ReadsHere(self.endpoints[service]),
            ARMChallengeAuthenticationPolicy(login.credential, scope),
            WholeAnswer(self.timings),
        ]

    @property
    def requests(self) -> int:
        """How many HTTP requests were sent, retries included."""
        return sum(retry.sent for retry in self._retries.values())

    def get(self, service: str, url: str, *rate_key: str) -> bytes:
        """Return the body of an answer with HTTP 200.

        Args:
            service: `arm` or `graph`.
            url: absolute, below the service's endpoint.
            rate_key: whose quota pays (tenant or subscription).

        Raises:
            Fault: anything else: refused, throttled away, broken, silent, too late.
        """
        if time.monotonic() > self._ends:
            raise Fault(TIMEOUT, "the scan's time is over; go on with --resume")
        request = HttpRequest("GET", url, headers={"Accept": "application/json"})
        body = bytearray()
        options: dict[str, Any] = {
            RATE_KEY: ("azure", service, *rate_key),
            BODY: body,
            "enforce_https": self._enforce_https,
            "stream": True,
        }
        try:
            response = self._pipelines[service].send_request(request, **options)
        except AzureError as error:
            raise _fault(error) from error
        if response.status_code == 200:
            return bytes(body)
        _, _, token = request.headers.get("Authorization", "").partition(" ")
        raise fault_of(response.status_code, bytes(body), token)

    def __enter__(self) -> Self:
        """Open the connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._sdk.close()  # type: ignore[no-untyped-call]
        self._graph.close()


def _fault(error: AzureError) -> Fault:
    if isinstance(error, ClientAuthenticationError):
        return Fault("AuthenticationFailed", str(error).strip(), 401)
    if isinstance(error, ServiceRequestTimeoutError | ServiceResponseTimeoutError):
        return Fault(TIMEOUT, "no answer in time")
    if isinstance(error, DecodeError | HttpResponseError):
        return Fault(MALFORMED, f"the answer broke off: {error}")
    return Fault(UNREACHABLE, str(error))


def _transport(timings: Timings, verify: bool | str) -> RequestsTransport:
    return RequestsTransport(
        connection_timeout=timings.connect,
        read_timeout=timings.read,
        connection_verify=verify,
    )


def _certificates() -> bool | str:
    """Return a bundle of one's own; REQUESTS_CA_BUNDLE is read by the transport."""
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return True
    return os.environ.get("SSL_CERT_FILE") or True
