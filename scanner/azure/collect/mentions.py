"""Whom the role lists name: the principals and roles worth a closer look."""

import re
import threading
from collections.abc import Iterator
from typing import Any

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EVERYONE = "00000000-0000-0000-0000-000000000000"


def guid(found: object) -> str | None:
    """Return an id in lower case if it is a GUID: only such ids name files and URLs."""
    if isinstance(found, str) and _GUID.fullmatch(found):
        return found.lower()
    return None


def properties(row: dict[str, Any]) -> dict[str, Any]:
    """Return an ARM object's `properties`, or nothing where they are odd."""
    found = row.get("properties")
    return found if isinstance(found, dict) else {}


def role_id(row: dict[str, Any]) -> str | None:
    """Return the role GUID of an assignment: the last segment of `roleDefinitionId`."""
    found = properties(row).get("roleDefinitionId")
    return guid(found.rpartition("/")[2]) if isinstance(found, str) else None


class Mentions:
    """Principals that hold, may activate or are denied something; grows from all jobs.

    `note` is handed every row of the assignment, eligibility and deny lists (and of the
    directory's); it keeps the principal's id and, where the row says so, its type.
    """

    def __init__(self) -> None:
        self._types: dict[str, str] = {}
        self._lock = threading.Lock()

    def note(self, row: dict[str, Any]) -> None:
        """Keep the principals of one row."""
        with self._lock:
            for principal, kind in _principals(row):
                self._types[principal] = kind or self._types.get(principal, "")

    @property
    def ids(self) -> list[str]:
        """All principals, sorted."""
        return sorted(self._types)

    def kind(self, principal: str) -> str:
        """`User`, `Group`, `ServicePrincipal`, `ForeignGroup`… or empty if unsaid."""
        return self._types[principal]


def _principals(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    inside = properties(row)
    named = [(holder, "principalId", "principalType") for holder in (inside, row)]
    for name in ("principals", "excludePrincipals"):  # of a deny assignment
        members = inside.get(name)
        if isinstance(members, list):
            named += [(m, "id", "type") for m in members if isinstance(m, dict)]
    for entry, key, kind in named:
        principal = guid(entry.get(key))
        if principal and principal != _EVERYONE:
            yield principal, str(entry.get(kind) or "")
