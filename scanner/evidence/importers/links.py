"""What an empty page is a page of: its link to the next one names the list."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from scanner.evidence.importers import graph
from scanner.evidence.importers.answers import GUID
from scanner.evidence.importers.azure_rows import (
    ASKED_AT_SCOPE,
    SUBSCRIPTIONS,
    op_of,
)

_LINKS = ("nextLink", "@odata.nextLink")
_GRAPH = re.compile(r"/(?:v1\.0|beta)/(.+)")
_RELATED = re.compile(
    rf"groups/({GUID.pattern})/(members|transitiveMembers)", re.IGNORECASE
)
_ARM = re.compile(
    r"(?P<scope>.*?)/providers/(?P<kind>[^/]+\.[^/]+/[^?]+)$", re.IGNORECASE
)
_IN_SUBSCRIPTION = re.compile(rf"/subscriptions/({GUID.pattern})(/|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """A list that a link leads on with; `subscription` is empty above them."""

    op: str
    subscription: str = ""
    params: dict[str, str] = field(default_factory=dict)


def named_by_link(body: Mapping[str, Any]) -> Named | None:
    """Say which list a page is of, by its link to the next page.

    Args:
        body: an answer of ARM or Graph, whose rows say nothing as there are none.
    """
    for path in _paths(body):
        if found := _of_graph(path) or _of_arm(path):
            return found
    return None


def _paths(body: Mapping[str, Any]) -> Iterator[str]:
    for name in _LINKS:
        link = body.get(name)
        if isinstance(link, str):
            try:
                yield unquote(urlsplit(link).path).rstrip("/")
            except ValueError:
                continue


def _of_graph(path: str) -> Named | None:
    asked = _GRAPH.fullmatch(path)
    if asked is None:
        return None
    if related := _RELATED.fullmatch(asked.group(1)):
        group, kind = related.groups()
        kind = "members" if kind.lower() == "members" else "transitiveMembers"
        return Named(f"graph/groups/{kind}", params={"group": group.lower()})
    op = graph.BY_CONTEXT.get(asked.group(1))
    return Named(op) if op else None


def _of_arm(path: str) -> Named | None:
    if path.lower() == "/subscriptions":
        return Named(SUBSCRIPTIONS)
    asked = _ARM.fullmatch(path)
    if asked is None:
        return None
    op = op_of({"id": f"{path}/x"})
    if not op:
        return None
    inside = _IN_SUBSCRIPTION.match(path)
    subscription = inside.group(1).lower() if inside else ""
    params: dict[str, str] = {}
    if op in ASKED_AT_SCOPE:
        params = {"scope": asked["scope"] or "/"}
    elif op.count("/") > 1 and subscription:
        params = {"scope": path.rpartition("/")[0]}
    return Named(op, subscription, params)
