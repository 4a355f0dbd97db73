"""A hand-written Azure request: what is asked, and the rows that decide it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from scanner.azure.definitions import object_id
from scanner.azure.model import Assignment, DenyAssignment, Lock
from scanner.azure.rbac.evaluation import Ask
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.scopes import (
    management_group,
    management_group_scope,
    normalized,
)
from scanner.azure.request_rows import ASSIGNMENTS, DENIES, LOCKS, ROLES, roles_of
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import strict

_LISTS = {table.name: table for table in (ASSIGNMENTS, DENIES, LOCKS, ROLES)}
_MEMBERS = frozenset(
    {
        *("id", "principalId", "memberOf", "operation", "isDataAction", "scope"),
        *("managementGroups", *_LISTS),
    }
)
_TEXT = msgspec.json.Decoder(str)
_TEXTS = msgspec.json.Decoder(list[str])
#: How members are parsed that hold no objects: objects have to be parsed strictly.
_PLAIN: Mapping[str, msgspec.json.Decoder[Any]] = {
    "id": _TEXT,
    "principalId": _TEXT,
    "operation": _TEXT,
    "scope": _TEXT,
    "memberOf": _TEXTS,
    "managementGroups": _TEXTS,
}


@dataclass(frozen=True, slots=True)
class AzureRequest:
    """One request, read: the evaluator's input."""

    ask: Ask
    roles: Mapping[str, RoleDefinition]
    assignments: Sequence[Assignment]
    denies: Sequence[DenyAssignment]
    locks: Sequence[Lock]


def parsed(members: Mapping[str, bytes]) -> dict[str, object]:
    """Parse a request's members, each JSON text; lists of rows stay text.

    Raises:
        MalformedRequest: one is not strict JSON.
    """
    return {
        name: raw if name in _LISTS else _parsed(name, raw)
        for name, raw in members.items()
    }


def _parsed(name: str, raw: bytes) -> object:
    decoder = _PLAIN.get(name)
    if decoder is None:
        return strict(raw, name)
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return strict(raw, name)  # of another type, or wrong: this says where


def read_request(request: Mapping[str, object]) -> AzureRequest:
    """Read a request of design section 8.

    Members that nobody knows are errors, as they would be ignored otherwise; in the
    rows of ARM they are not, as ARM adds members as it likes.

    Args:
        request: its members; lists of rows may be JSON text.

    Raises:
        MalformedRequest: a member is missing, unknown or of another type.
    """
    if unknown := request.keys() - _MEMBERS:
        raise MalformedRequest(str(min(unknown)), "is no member of an Azure request")
    if isinstance(request.get("id"), dict | list):
        raise MalformedRequest("id", "is neither text nor a number")
    return AzureRequest(
        _ask(request),
        roles_of(request.get(ROLES.name)),
        ASSIGNMENTS.rows(request.get(ASSIGNMENTS.name)),
        DENIES.rows(request.get(DENIES.name)),
        LOCKS.rows(request.get(LOCKS.name)),
    )


def _ask(request: Mapping[str, object]) -> Ask:
    data = request.get("isDataAction", False)
    if not isinstance(data, bool):
        raise MalformedRequest("isDataAction", "is neither true nor false")
    scope = _text(request, "scope")
    if not scope.startswith("/"):
        raise MalformedRequest("scope", "does not begin with /")
    return Ask(
        object_id(_text(request, "principalId")),
        frozenset(map(object_id, _texts(request, "memberOf"))),
        _text(request, "operation"),
        data,
        normalized(scope),
        tuple(map(_group, _texts(request, "managementGroups"))),
        groups_known=request.get("managementGroups") is not None,
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
    values = request.get(name)
    if values is None:
        return []
    if not isinstance(values, list):
        raise MalformedRequest(name, "is not a list")
    for number, value in enumerate(values):
        if not isinstance(value, str) or not value.strip():
            raise MalformedRequest(f"{name}[{number}]", "is not a name or id")
    return values
