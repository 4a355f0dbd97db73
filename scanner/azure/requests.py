"""A hand-written Azure request: what is asked, and the rows that decide it.

Rows are read as ARM returns them, or as the Azure CLI flattens them. Requests repeat
the same rows thousands of times, so a row is typed once per content.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from scanner.azure import rows
from scanner.azure.assignments import assignment_of
from scanner.azure.definitions import deny_of, lock_of, object_id, role_of
from scanner.azure.model import Assignment, DenyAssignment, Lock, Source
from scanner.azure.rbac.evaluation import Ask
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.scopes import (
    management_group,
    management_group_scope,
    normalized,
)
from scanner.simulation.errors import MalformedRequest

Row = dict[str, Any]
T = TypeVar("T")
K = TypeVar("K", bound=rows.Row)

_MEMBERS = frozenset(
    {
        *("id", "principalId", "memberOf", "operation", "isDataAction", "scope"),
        *("managementGroups", "roleDefinitions", "roleAssignments", "denyAssignments"),
        "locks",
    }
)
_BLOCK = frozenset({"actions", "notActions", "dataActions", "notDataActions"})
_LEVELS = ("readonly", "cannotdelete", "notspecified")
#: Bytes of a row that is kept: memory stays small whatever is handed in.
_KEPT = 1 << 16


@dataclass(frozen=True, slots=True)
class AzureRequest:
    """One request, read: the evaluator's input."""

    ask: Ask
    roles: Mapping[str, RoleDefinition]
    assignments: list[Assignment]
    denies: list[DenyAssignment]
    locks: list[Lock]


class _OddRow(Exception):
    """A row that cannot be read: the member inside it, and what is wrong there."""

    def __init__(self, member: str, reason: str) -> None:
        self.member, self.reason = member, reason
        super().__init__(reason)


def read_request(request: Mapping[str, object]) -> AzureRequest:
    """Read a request of design section 8.

    Members that nobody knows are errors, as they would be ignored otherwise; in the
    rows of ARM they are not, as ARM adds members as it likes.

    Raises:
        MalformedRequest: a member is missing, unknown or of another type.
    """
    if unknown := request.keys() - _MEMBERS:
        raise MalformedRequest(str(min(unknown)), "is no member of an Azure request")
    name = request.get("id")
    if not isinstance(name, str | int | None) or isinstance(name, bool):
        raise MalformedRequest("id", "is neither text nor a whole number")
    return AzureRequest(
        _ask(request),
        _roles(request),
        _rows(request, "roleAssignments", _assignment),
        _rows(request, "denyAssignments", _deny),
        _rows(request, "locks", _lock),
    )


def _ask(request: Mapping[str, object]) -> Ask:
    data = request.get("isDataAction", False)
    if not isinstance(data, bool):
        raise MalformedRequest("isDataAction", "is neither true nor false")
    scope = _text(request, "scope")
    if not scope.startswith("/"):
        raise MalformedRequest("scope", "does not begin with /")
    above = request.get("managementGroups")
    return Ask(
        object_id(_text(request, "principalId")),
        frozenset(map(object_id, _texts(request, "memberOf"))),
        _text(request, "operation"),
        data,
        normalized(scope),
        tuple(map(_group, _texts(request, "managementGroups"))),
        groups_known=above is not None,
    )


def _group(text: str) -> str:
    """Return the scope of a management group, given by its id or its name."""
    plain = normalized(text)
    scope = plain if text.startswith("/") else management_group_scope(text)
    if management_group(scope) is None or ("/" in text and scope != plain):
        raise MalformedRequest("managementGroups", f"{text!a} is no management group")
    return scope


def _text(request: Mapping[str, object], name: str) -> str:
    value = request.get(name)
    if value is None:
        raise MalformedRequest(name, "is missing")
    if not isinstance(value, str):
        raise MalformedRequest(name, "is not text")
    if not value.strip():
        raise MalformedRequest(name, "is empty")
    return value


def _texts(request: Mapping[str, object], name: str) -> list[str]:
    found: list[str] = []
    for number, value in enumerate(_list(request, name)):
        if not isinstance(value, str) or not value.strip():
            raise MalformedRequest(f"{name}[{number}]", "is not a name or id")
        found.append(value)
    return found


def _list(request: Mapping[str, object], name: str) -> list[object]:
    value = request.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedRequest(name, "is not a list")
    return value


def _roles(request: Mapping[str, object]) -> dict[str, RoleDefinition]:
    """Return the roles by GUID: built-in ones repeat in the lists of every scope."""
    found: dict[str, RoleDefinition] = {}
    for number, role in enumerate(_rows(request, "roleDefinitions", _role)):
        first = found.setdefault(role.guid, role)
        if first is not role and first.permissions != role.permissions:
            reason = f"gives other permissions to {role.guid} than one before"
            raise MalformedRequest(f"roleDefinitions[{number}]", reason)
    return found


def _rows(
    request: Mapping[str, object], name: str, read: Callable[[bytes], T]
) -> list[T]:
    found: list[T] = []
    for number, row in enumerate(_list(request, name)):
        try:
            text = msgspec.json.encode(row)
            found.append(_kept(read, text) if len(text) < _KEPT else read(text))
        except _OddRow as odd:
            member = f"{name}[{number}]{odd.member}"
            raise MalformedRequest(member, odd.reason) from odd
    return found


@lru_cache(maxsize=1 << 12)
def _cached(read: Callable[[bytes], object], text: bytes) -> object:
    return read(text)


def _kept(read: Callable[[bytes], T], text: bytes) -> T:
    return _cached(read, text)  # type: ignore[return-value]


def _typed(text: bytes, kind: type[K]) -> tuple[K, Row]:
    """Type a row, after the members that the CLI flattened are put back.

    Returns the row typed, and its `properties` as they are.
    """
    row = msgspec.json.decode(text)
    if not isinstance(row, dict):
        raise _OddRow("", "is not an object")
    flat = "properties" not in row
    if flat:
        inner = {**row, "type": row.get("roleType")}
        row = {"id": row.get("id"), "name": row.get("name"), "properties": inner}
    if row.get("id") is None:
        row = {**row, "id": row.get("name")}
    try:
        return msgspec.convert(row, kind), row["properties"]
    except msgspec.ValidationError as error:
        reason, _, at = str(error).partition(" - at `$")
        member = at.rstrip("`")
        if flat:
            member = member.removeprefix(".properties")
        raise _OddRow(member, reason) from error


def _role(text: bytes) -> RoleDefinition:
    row, properties = _typed(text, rows.RoleDefinitionRow)
    _check_blocks(properties)
    return role_of(row)


def _assignment(text: bytes) -> Assignment:
    row, _ = _typed(text, rows.RoleAssignmentRow)
    if not row.properties.scope and "/" not in row.id:
        raise _OddRow("", "has neither a scope nor an id that holds one")
    return assignment_of(row.id, row.properties, Source.ASSIGNMENT)


def _deny(text: bytes) -> DenyAssignment:
    row, properties = _typed(text, rows.DenyRow)
    _check_blocks(properties)
    if not row.properties.scope and "/" not in row.id:
        raise _OddRow("", "has neither a scope nor an id that holds one")
    return deny_of(row)


def _lock(text: bytes) -> Lock:
    row, _ = _typed(text, rows.LockRow)
    level = row.properties.level
    if level.lower() not in _LEVELS:
        raise _OddRow("", f"{level[:50]!a} is no level of a lock")
    if "/" not in row.id:
        raise _OddRow("", "has no id that says where it is")
    return lock_of(row)


def _check_blocks(properties: Row) -> None:
    """Refuse a block with members of which none is an action: they are misspelt."""
    for number, block in enumerate(properties["permissions"]):
        if block and not block.keys() & _BLOCK:
            raise _OddRow(f".permissions[{number}]", "names no actions")
