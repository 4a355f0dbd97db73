"""Endpoints that a person names: a URL of a host, or one line about what is wrong."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from scanner.errors import UsageError

_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?")


def endpoint(option: str, text: str) -> SplitResult:
    """Return the parts of an endpoint's URL.

    Args:
        option: where it was given (`--arm-endpoint`), for the message.
        text: `https://HOST[:PORT][/PATH]`, or the same with `http`.

    Raises:
        UsageError: anything else, a query, a fragment or a user's name included.
    """
    try:
        url = urlsplit(text)
        usable = url.scheme in ("https", "http") and url.port != 0
    except ValueError as error:
        raise UsageError(f"{option} {text}: not a URL ({error})") from error
    odd = url.query or url.fragment or "@" in url.netloc or "\\" in text
    if not usable or odd or not text.isprintable() or " " in text:
        raise UsageError(
            f"{option} {text}: not a URL of an endpoint; write https://HOST"
        )
    if not _is_host(url.hostname or ""):
        raise UsageError(f"{option} {text}: the URL names no host")
    return url


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return len(host) < 254 and bool(_HOST.fullmatch(host))
    return True
