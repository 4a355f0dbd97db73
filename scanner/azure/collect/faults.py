"""What went wrong with a call, in the provider's words or in one of our own."""

from typing import Any

import msgspec

from scanner.evidence.lines import ErrorBody
from scanner.evidence.outcomes import outcome_of_error

#: Characters of a provider's message and code that are kept.
_LONGEST, _LONGEST_CODE = 1000, 100

#: The collector's own codes (scanner/evidence/outcomes.py says what they mean).
MALFORMED, LOOP, FOREIGN = "MalformedAnswer", "TokenLoop", "ForeignNextLink"
TIMEOUT, UNREACHABLE, EXPIRED = "Timeout", "ConnectionFailed", "Expired"
UNKNOWN_VERSION = "UnknownApiVersion"

#: The service's ways to say that it does not know the API version.
_VERSION_CODES = frozenset(
    {
        "invalidapiversionparameter",
        "unsupportedapiversion",
        "noregisteredproviderfound",
        "invalidresourcetype",
    }
)

#: Codes of our own that mean "nothing is there": no provider may say them for us.
_OURS = frozenset({"notenabled", "unsupported"})


class Fault(Exception):
    """One call that did not become an answer; ends as an error line in evidence."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.body = ErrorBody(code[:_LONGEST_CODE], status, message[:_LONGEST])

    @property
    def unknown_version(self) -> bool:
        """True when another API version may be answered."""
        return self.body.code.lower() in _VERSION_CODES


def fault_of(status: int, body: bytes, secret: str = "") -> Fault:
    """Describe an answer that is not HTTP 200, whatever its body looks like.

    Args:
        status: the HTTP status.
        body: ARM's and Graph's `{"error": {"code", "message"}}`, or anything else.
        secret: a text that must not be kept, should the answer repeat it.

    A success that is no answer (204, 202) and a redirect are malformed: a proxy or
    portal spoke in the provider's place. A code that means "there is no such service"
    is believed from a client error only, never from a broken server.
    """
    if status < 400:
        return Fault(MALFORMED, f"HTTP {status} instead of an answer", status)
    code, message = _described(body)
    believed = status < 500 and code.lower() not in _OURS
    if not believed and not outcome_of_error(code, status).is_gap:
        code = ""
    if secret:
        code, message = (text.replace(secret, "***") for text in (code, message))
    return Fault(code or str(status), message or f"HTTP {status}", status)


def _described(body: bytes) -> tuple[str, str]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", body.decode("utf-8", "replace").strip()
    error = _member(found, "error") or _member(found, "odata.error") or found
    if isinstance(error, str) and error is not found:  # OAuth: error_description beside
        return error, _text(_member(found, "error_description"))
    return _text(_member(error, "code")), _text(_member(error, "message"))


def _member(found: object, name: str) -> Any:
    if not isinstance(found, dict):
        return None
    by_name = {key.lower(): value for key, value in found.items()}
    return by_name.get(name)


def _text(found: object) -> str:
    if isinstance(found, dict):  # OData 3: {"lang": "en-US", "value": "…"}
        found = found.get("value")
    return found if isinstance(found, str) else ""
