"""Read the policy definitions and initiatives that are assigned: each once."""

import re
import threading
from collections.abc import Iterator
from typing import Any

from scanner.azure.collect.ask import Asker, Call, Row
from scanner.azure.collect.mentions import properties

DEFINITIONS = "Microsoft.Authorization/policyDefinitions"
SETS = "Microsoft.Authorization/policySetDefinitions"
_PLACES = r"(?:/subscriptions/[^/]+|/providers/Microsoft\.Management/[^/]+/[^/]+)?"
_ID = re.compile(
    rf"{_PLACES}/providers/Microsoft\.Authorization/(policy(?:Set)?Definitions)/[^/]+",
    re.IGNORECASE,
)


class Assigned:
    """Ids of what policy assignments name; grows from all jobs. `note` takes a row."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._lock = threading.Lock()

    def note(self, row: Row) -> None:
        """Keep what one assignment assigns, or what one initiative holds."""
        with self._lock:
            for id_ in _named(properties(row)):
                self._ids.setdefault(id_.lower(), id_)

    def of(self, op: str) -> list[str]:
        """Return the ids of definitions, or of initiatives, sorted."""
        return sorted(id_ for id_ in self._ids.values() if _op(id_) == op)


def read_policies(asker: Asker, assigned: Assigned) -> None:
    """Ask for each initiative that is assigned, and for each definition.

    The lists of definitions are never asked: they hold thousands of built-in ones.
    """
    for op, name in ((SETS, "policySet"), (DEFINITIONS, "policy")):
        for id_ in assigned.of(op):
            asker.ask(Call(op, id_, {name: id_}, one=True), assigned.note)


def _op(id_: str) -> str:
    found = _ID.fullmatch(id_)
    if found is None:
        return ""
    return SETS if found[1].lower() == "policysetdefinitions" else DEFINITIONS


def _named(inside: dict[str, Any]) -> Iterator[str]:
    members = inside.get("policyDefinitions")
    for one in (inside, *(members if isinstance(members, list) else ())):
        found = one.get("policyDefinitionId") if isinstance(one, dict) else None
        if isinstance(found, str):
            yield found
