"""Whose token is sent: a signed-in identity's, or a fixed one from a file."""

import base64
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential

from scanner.azure.collect.advice import sign_in_advice
from scanner.azure.collect.cloud import STATIC, Cloud
from scanner.azure.collect.mentions import guid
from scanner.azure.collect.options import AzureOptions
from scanner.errors import NothingReadable, UsageError

_YEAR = 365 * 24 * 3600


class NoCredentials(NothingReadable):
    """Nobody is signed in, or the login refused."""


class StaticToken:
    """A token from a file, sent as it is: for stand-ins, and proxies that log in."""

    def __init__(self, path: Path) -> None:
        try:
            self._token = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--credential {STATIC}{path}: {error}") from error
        if not self._token.isascii() or len(self._token.split()) != 1:
            raise UsageError(f"--credential {STATIC}{path}: the file holds no token")

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        """Return the token; it never expires as far as anybody can tell."""
        return AccessToken(self._token, int(time.time()) + _YEAR)


class SignedIn:
    """The environment's credential, held to one tenant; one thread signs in at a time.

    The chain is azure-identity's: variables, workload identity, managed identity, then
    the developer tools. A browser is never opened: scans run unattended.
    """

    def __init__(self, cloud: Cloud, tenant: str | None, verify: bool | str) -> None:
        self._chain = DefaultAzureCredential(
            authority=cloud.authority,
            exclude_interactive_browser_credential=True,
            additionally_allowed_tenants=[tenant] if tenant else [],
            connection_verify=verify,
        )
        self._tenant = tenant
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """Return a token for the scopes, of the tenant that the scan is about."""
        if self._tenant:
            options["tenant_id"] = self._tenant
        with self._lock:
            return self._chain.get_token(*scopes, **options)


@dataclass(frozen=True, slots=True)
class Login:
    """A credential that works; `tenant` is the one its token is of, if it says so.

    `static`: a token from a file, which may go to endpoints that are no cloud's own.
    """

    credential: TokenCredential
    tenant: str | None
    static: bool


def sign_in(options: AzureOptions, cloud: Cloud, verify: bool | str) -> Login:
    """Sign in, and show that it works by getting a token for ARM.

    Raises:
        UsageError: the token file cannot be read or holds no token.
        NoCredentials: nobody is signed in, or the login refused.
    """
    if options.credential:
        fixed = StaticToken(Path(options.credential.removeprefix(STATIC)))
        return Login(fixed, tenant_of(fixed.get_token().token), True)
    credential = SignedIn(cloud, options.tenant, verify)
    try:
        token = credential.get_token(cloud.arm_scope).token
    except AzureError as error:
        raise NoCredentials(sign_in_advice(str(error))) from error
    return Login(credential, tenant_of(token), False)


def tenant_of(token: str) -> str | None:
    """Return the tenant that issued a token (`tid`), where the token can be read.

    The token comes from the login and proves nothing here; it says whose directory
    Graph will answer for, which the subscriptions need not (delegated ones do not).
    """
    try:
        claims = token.split(".")[1]
        padded = claims + "=" * (-len(claims) % 4)
        found = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Claims)
    except (IndexError, ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return guid(found.tid)


class _Claims(msgspec.Struct):
    tid: str = ""
