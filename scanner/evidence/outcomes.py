"""How a list call ended: one word per series, derived from evidence alone."""

from enum import StrEnum


class Outcome(StrEnum):
    """What one asked list turned into; only `ANSWERED` is knowledge."""

    ANSWERED = "answered"
    REFUSED = "refused"
    THROTTLED = "throttled"
    EXPIRED = "expired"
    MALFORMED = "malformed"
    FAILED = "failed"  # timeout, connection lost, server fault after all tries
    INCOMPLETE = "incomplete"  # pages are missing and nothing says why
    UNSUPPORTED = "unsupported"  # the service does not exist there
    NOT_ENABLED = "not-enabled"  # region or product not opted in: nothing is there
    NOT_ASKED = "not-asked"

    @property
    def is_gap(self) -> bool:
        """True when "clean" cannot be claimed: something asked for is not known.

        A service or product that is not there at all is an answer, not a gap.
        """
        return self not in _NO_GAP


_NO_GAP = frozenset({Outcome.ANSWERED, Outcome.UNSUPPORTED, Outcome.NOT_ENABLED})

#: Error codes of both providers and of the collectors, in lower case. A code wins over
#: the HTTP status because PIM answers 400 for a lack of rights, and IAM 403 for skew.
_BY_CODE: dict[str, Outcome] = {
    # collectors' own
    "malformedanswer": Outcome.MALFORMED,
    "tokenloop": Outcome.MALFORMED,
    "foreignnextlink": Outcome.MALFORMED,
    "timeout": Outcome.FAILED,
    "connectionfailed": Outcome.FAILED,
    "notenabled": Outcome.NOT_ENABLED,
    "unsupported": Outcome.UNSUPPORTED,
    "notasked": Outcome.NOT_ASKED,
    "expired": Outcome.EXPIRED,
    # AWS
    "accessdenied": Outcome.REFUSED,
    "accessdeniedexception": Outcome.REFUSED,
    "unauthorizedoperation": Outcome.REFUSED,
    "authorizationerror": Outcome.REFUSED,
    "authfailure": Outcome.REFUSED,
    "invalidclienttokenid": Outcome.REFUSED,
    "unrecognizedclientexception": Outcome.REFUSED,
    "signaturedoesnotmatch": Outcome.REFUSED,
    "incompletesignature": Outcome.REFUSED,
    "expiredtoken": Outcome.EXPIRED,
    "expiredtokenexception": Outcome.EXPIRED,
    "requestexpired": Outcome.EXPIRED,
    "throttling": Outcome.THROTTLED,
    "throttlingexception": Outcome.THROTTLED,
    "throttledexception": Outcome.THROTTLED,
    "requestlimitexceeded": Outcome.THROTTLED,
    "toomanyrequestsexception": Outcome.THROTTLED,
    "slowdown": Outcome.THROTTLED,
    "priorrequestnotcomplete": Outcome.THROTTLED,
    "optinrequired": Outcome.NOT_ENABLED,
    "regiondisabledexception": Outcome.NOT_ENABLED,
    "awsorganizationsnotinuseexception": Outcome.NOT_ENABLED,
    "unknownoperationexception": Outcome.UNSUPPORTED,
    "unsupportedoperation": Outcome.UNSUPPORTED,
    "unsupportedoperationexception": Outcome.UNSUPPORTED,
    # Azure and Microsoft Graph
    "authorizationfailed": Outcome.REFUSED,
    "insufficientpermissions": Outcome.REFUSED,
    "authorization_requestdenied": Outcome.REFUSED,
    "forbidden": Outcome.REFUSED,
    "invalidauthenticationtoken": Outcome.EXPIRED,
    "expiredauthenticationtoken": Outcome.EXPIRED,
    "toomanyrequests": Outcome.THROTTLED,
    "subscriptionrequeststhrottled": Outcome.THROTTLED,
    "tenantrequeststhrottled": Outcome.THROTTLED,
    "ratelimiting": Outcome.THROTTLED,
    "serverbusy": Outcome.THROTTLED,
    "invalidauthenticationtokentenant": Outcome.REFUSED,  # a 401 of one subscription
    "unknownapiversion": Outcome.FAILED,
    "aadpremiumlicenserequired": Outcome.NOT_ENABLED,
    "authentication_requestfromnonpremiumtenantorb2ctenant": Outcome.NOT_ENABLED,
    "missingsubscriptionregistration": Outcome.NOT_ENABLED,
    "subscriptionnotregistered": Outcome.NOT_ENABLED,
    "noregisteredproviderfound": Outcome.UNSUPPORTED,
    "invalidresourcetype": Outcome.UNSUPPORTED,
    "invalidapiversionparameter": Outcome.UNSUPPORTED,
}


#: Refusals of the credentials themselves: no right that could be added would help.
_NOT_SIGNED_IN = frozenset(
    {
        "authfailure",
        "incompletesignature",
        "invalidclienttokenid",
        "signaturedoesnotmatch",
        "unrecognizedclientexception",
    }
)


def lacks_right(code: str) -> bool:
    """True when a refusal with this code is for want of a right, not of credentials."""
    return code.lower() not in _NOT_SIGNED_IN


def outcome_of_error(code: str, status: int | None) -> Outcome:
    """Say what an error answer means.

    Args:
        code: the provider's or the collector's error code, any letter case.
        status: the HTTP status, or None when no answer came.

    A code nobody listed falls back to the status; the rest is `FAILED`, never answered.
    """
    known = _BY_CODE.get(code.lower())
    if known is not None:
        return known
    if status == 401:
        return Outcome.EXPIRED
    if status == 403:
        return Outcome.REFUSED
    if status == 429:
        return Outcome.THROTTLED
    return Outcome.FAILED
