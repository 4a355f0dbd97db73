"""One page of an answer: checked to be what was asked for, before it counts."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from scanner.azure.collect.faults import FOREIGN, MALFORMED, Fault
from scanner.errors import UnusableInput
from scanner.evidence.strictjson import loads

_LINKS = frozenset({"nextlink", "@odata.nextlink"})
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `body` as the API gave it, its rows, and the link to the next page."""

    body: dict[str, Any]
    rows: list[dict[str, Any]]
    following: str | None


def page_of(text: bytes) -> Page:
    """Read one page of a list.

    Raises:
        Fault: `MalformedAnswer` unless it is a JSON object whose `value` is a list of
            objects, and the only one in any letter case. An SDK reads most broken
            bodies as an empty list.
    """
    body = object_of(text)
    rows = body.get("value")
    if sum(name.lower() == "value" for name in body) > 1:
        raise Fault(MALFORMED, "value is there twice, in other letter case", 200)
    if not isinstance(rows, list):
        raise Fault(MALFORMED, "the answer holds no list named value", 200)
    if not all(isinstance(row, dict) for row in rows):
        raise Fault(MALFORMED, "value holds something that is not an object", 200)
    return Page(body, rows, _following(body))


def object_of(text: bytes) -> dict[str, Any]:
    """Read an answer that is one object.

    Raises:
        Fault: `MalformedAnswer` for anything else (empty, HTML, cut off, a list…); for
            a name twice in one object too, where parsers take the last without a word.
    """
    try:
        body = loads(text, "answer")
    except UnusableInput as error:
        raise Fault(MALFORMED, f"{error.source}: {error.reason}", 200) from error
    if not isinstance(body, dict):
        raise Fault(MALFORMED, "the answer is not a JSON object", 200)
    return body


def _following(body: dict[str, Any]) -> str | None:
    found = [body[name] for name in body if name.lower() in _LINKS]
    links = [link for link in found if link not in (None, "")]
    if not links:
        return None
    if len(links) > 1 or not isinstance(links[0], str):
        raise Fault(MALFORMED, "nextLink is not a link", 200)
    return links[0]


def trusted(link: str, endpoint: str) -> str:
    """Return a `nextLink` as an absolute URL, if a token may be sent there.

    It may go to the configured host or a subdomain of it, with the same scheme and
    port; anywhere else somebody collects tokens.

    Raises:
        Fault: `ForeignNextLink`.
    """
    link = link.strip().replace(" ", "%20")  # some services forget to
    if any(character <= " " or character in "\\\x7f" for character in link):
        raise Fault(FOREIGN, "nextLink holds characters that no link has")
    try:
        absolute = urljoin(endpoint, link)
        there, home = urlsplit(absolute), urlsplit(endpoint)
        near = _origin(there) == _origin(home) and _within(there, home)
    except ValueError as error:
        raise Fault(FOREIGN, f"nextLink is not a link: {error}") from error
    if not near or "@" in there.netloc:
        raise Fault(FOREIGN, f"nextLink leads to another host: {there.netloc}")
    return absolute


def _origin(url: SplitResult) -> tuple[str, int | None]:
    return url.scheme, url.port or _PORTS.get(url.scheme)


def _within(there: SplitResult, home: SplitResult) -> bool:
    host, own = there.hostname or "", home.hostname or ""
    return host == own or host.endswith(f".{own}")
