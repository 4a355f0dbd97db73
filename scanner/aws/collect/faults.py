"""Every way in which a call fails, as one classified error line."""

import re
import socket

from botocore import exceptions as sdk
from botocore.parsers import ResponseParserError

from scanner.aws.collect.answers import AnswerFault
from scanner.evidence.lines import ErrorBody
from scanner.evidence.outcomes import Outcome, outcome_of_error

#: What a call can raise: the SDK's own, and what its parsers trip over.
CALL_FAULTS = (
    sdk.ClientError,
    sdk.BotoCoreError,
    ResponseParserError,
    AnswerFault,
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    RuntimeError,
)
_TIMEOUTS = (sdk.ReadTimeoutError, sdk.ConnectTimeoutError)
_CONNECTION = (
    sdk.HTTPClientError,
    sdk.ConnectionError,
    sdk.ResponseStreamingError,
    sdk.IncompleteReadError,
)
_CREDENTIALS = (
    sdk.NoCredentialsError,
    sdk.PartialCredentialsError,
    sdk.CredentialRetrievalError,
    sdk.MetadataRetrievalError,
    sdk.SSOError,
    sdk.TokenRetrievalError,
    sdk.RefreshWithMFAUnsupportedError,
)
_LONGEST = 300
#: Signature errors quote the request, its session token included.
_SECRETS = re.compile(
    r"(?i)(security-token|signature|authorization|credential)[\"']?\s*[:=]\s*\S+"
    r"|Encoded authorization failure message: \S+"
)


class Failed(Exception):
    """A call that did not succeed; `error` is the line for the evidence."""

    def __init__(self, error: ErrorBody) -> None:
        """Keep the line; the text is its code and message."""
        self.error = error
        super().__init__(f"{error.code}: {error.message}")

    @property
    def outcome(self) -> Outcome:
        """What coverage will call it."""
        return outcome_of_error(self.error.code, self.error.status)


def fault_of(error: Exception, status: int | None) -> ErrorBody:
    """Classify what a call raised.

    Args:
        error: one of `CALL_FAULTS`.
        status: the HTTP status of the last answer, None when none came.
    """
    if isinstance(error, sdk.ClientError):
        return _refusal(error)
    if isinstance(error, _TIMEOUTS):
        return ErrorBody("Timeout", None, "no answer in time")
    if isinstance(error, _CONNECTION):
        return ErrorBody("ConnectionFailed", None, type(error).__name__)
    if isinstance(error, _CREDENTIALS) or _not_renewed(error):
        return ErrorBody("Expired", None, "the credentials could not be renewed")
    if status is not None and status >= 300:
        return _by_status(status, "the answer is no error answer of AWS")
    if isinstance(error, AnswerFault):
        return ErrorBody(error.code, status, str(error))
    reason = f"the answer cannot be parsed ({type(error).__name__})"
    return ErrorBody("MalformedAnswer", status, reason)


def nameless(error: Exception) -> bool:
    """True when the resolver answered that the endpoint's name does not exist.

    AWS has no name for a service in a region without it. A resolver that did not answer
    at all says nothing.
    """
    cause: object = getattr(error, "kwargs", {}).get("error")
    if not isinstance(cause, socket.gaierror):
        cause = getattr(cause, "__cause__", None)  # wrapped by urllib3
    return isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME


def _not_renewed(error: Exception) -> bool:
    """The SDK has no type of its own for credentials that stay expired."""
    return type(error) is RuntimeError and "refresh" in str(error)


def _refusal(error: sdk.ClientError) -> ErrorBody:
    body = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code, message = str(body.get("Code") or ""), str(body.get("Message") or "")
    if status is not None and (not code or code == "Unknown" or code.isdecimal()):
        return _by_status(status, clean(message))
    return ErrorBody(code or "MalformedAnswer", status, clean(message))


def _by_status(status: int, message: str) -> ErrorBody:
    if status < 400:
        return ErrorBody("MalformedAnswer", status, f"unexpected HTTP status {status}")
    return ErrorBody(str(status), status, message)


def clean(message: str) -> str:
    """Return a provider's message as one short line without secrets in it."""
    line = " ".join(message.split())
    return _SECRETS.sub(r"\1 [removed]", line)[:_LONGEST]
