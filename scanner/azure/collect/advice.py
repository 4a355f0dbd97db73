"""What to do about a login, a list or a tenant that is not as expected, in one line."""

import re
from collections.abc import Collection

from scanner.azure.collect.faults import Fault
from scanner.azure.collect.mentions import guid
from scanner.azure.collect.options import AzureOptions
from scanner.evidence.outcomes import Outcome, outcome_of_error

_LONGEST = 300
_NOBODY = (
    "no Azure credentials: sign in with `az login`, set AZURE_TENANT_ID, "
    "AZURE_CLIENT_ID and a secret or certificate, or run with a managed identity"
)
_TENANT = "check --tenant and AZURE_TENANT_ID"
_SECRET = "renew the secret or certificate of AZURE_CLIENT_ID"  # noqa: S105 - advice
_AGAIN = "sign in again with `az login`"
#: The login's own error codes (AADSTS…) with what helps.
_BY_CODE = {
    **dict.fromkeys(("90002", "900023", "50059", "500011"), _TENANT),
    **dict.fromkeys(
        ("700016", "50020", "50034", "90072"),
        f"the identity is not known there: {_TENANT} and AZURE_CLIENT_ID",
    ),
    **dict.fromkeys(("7000215", "7000222", "700027"), _SECRET),
    **dict.fromkeys(
        ("50076", "50079", "50078", "50158", "53000", "53001", "53003", "65001"),
        "sign in interactively with `az login`, as that tenant's policies ask",
    ),
    **dict.fromkeys(("70008", "700082", "70043", "50173", "50132", "50133"), _AGAIN),
}
_AADSTS = re.compile(r"AADSTS(\d+)")
_NETWORK = re.compile(
    r"(?i)failed to resolve|name or service|connect|timed? ?out|proxy|certificate"
)
#: azure-identity's words for a credential that was tried and not merely left out.
_TRIED = re.compile(r"(AADSTS\d+.*|Authentication failed: .*)")


def sign_in_advice(text: str) -> str:
    """Say why nobody is signed in, and what helps.

    Args:
        text: azure-identity's message, of many lines; a line for each kind of login.
    """
    found = _TRIED.search(text)
    if found is None:
        first = next(iter(text.strip().splitlines()), "")
        return f"{_NOBODY} ({first[:_LONGEST]})"
    said = found.group()[:_LONGEST]
    code = _AADSTS.search(said)
    if code is not None:
        hint = _BY_CODE.get(code.group(1), f"look up AADSTS{code.group(1)}")
    elif _NETWORK.search(said):
        hint = "check the network, the proxy and --cloud"
    else:
        hint = "correct the credential, or sign in with `az login`"
    return f"Azure refused to sign in: {said}; {hint}"


def listing_advice(fault: Fault) -> str:
    """Say why the subscriptions, the first thing asked, do not come, and what helps."""
    outcome = outcome_of_error(fault.body.code, fault.body.status)
    no_answer = fault.body.code in ("ConnectionFailed", "Timeout")
    hints = {
        Outcome.EXPIRED: "the token is not accepted: get a new one for this cloud",
        Outcome.REFUSED: "name the tenant with --tenant to read what can be read",
        Outcome.THROTTLED: "wait, and try again with a lower --max-rate",
        Outcome.MALFORMED: "check that --arm-endpoint is Azure Resource Manager",
    }
    hint = hints.get(outcome, "try again later")
    if no_answer:
        hint = "check the network, the proxy and --arm-endpoint"
    return f"the subscriptions cannot be listed ({fault}); {hint}"


def tenant_advice(
    options: AzureOptions, tenant: str, of_token: str | None, seen: Collection[str]
) -> tuple[str, ...]:
    """Say where --tenant could not be held against the credential.

    Args:
        options: what was asked for.
        tenant: the tenant that evidence names.
        of_token: the tenant that the token names, if it does.
        seen: tenants of the subscriptions that the credential sees.
    """
    if options.tenant is None:
        return ()
    if guid(options.tenant) is None:
        if options.credential is None:
            return ()
        return (
            f"--tenant {options.tenant} has no effect: a static token is of one "
            f"tenant already; {tenant} was read",
        )
    if of_token is not None or tenant in seen:
        return ()
    of = f", but of {', '.join(sorted(seen))}" if seen else ""
    return (
        f"the token does not say which tenant it is of, and no subscription is of "
        f"--tenant {tenant}{of}: make sure that the directory is that tenant's",
    )
