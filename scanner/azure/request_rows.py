"""The rows of a hand-written request: as ARM lists them, or as the CLI flattens them.

Requests repeat the same lists and the same role definitions thousands of times, so both
are read once per text, which is looked up without being parsed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec

from scanner.azure import rows
from scanner.azure.assignments import assignment_of
from scanner.azure.definitions import deny_of, lock_of, role_of
from scanner.azure.model import Assignment, DenyAssignment, Lock, Source
from scanner.azure.rbac.roles import RoleDefinition
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import strict

R = TypeVar("R", bound=rows.Row)
T = TypeVar("T")

_BLOCK = frozenset({"actions", "notActions", "dataActions", "notDataActions"})
_LEVELS = ("readonly", "cannotdelete", "notspecified")
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
#: Bytes of a text that is kept: memory stays small whatever is handed in.
_KEPT = 1 << 16


class _OddRow(Exception):
    """A row that cannot be read: the member inside it, and what is wrong there."""

    def __init__(self, member: str, reason: str) -> None:
        self.member, self.reason = member, reason
        super().__init__(reason)


class Table(Generic[R, T]):
    """One of the lists of a request.

    Attributes:
        name: the member that holds it.
        kind: its rows as ARM has them.
        made: makes what evaluation reads of a row.
    """

    def __init__(self, name: str, kind: type[R], made: Callable[[R], T]) -> None:
        self.name, self._kind, self._made = name, kind, made
        self._decoder = msgspec.json.Decoder(list[kind])  # type: ignore[valid-type]
        self._remembered = lru_cache(maxsize=1 << 10)(self._read)

    def rows(self, value: object) -> Sequence[T]:
        """Read the rows.

        Args:
            value: a list, or JSON text of one; None is none.

        Raises:
            MalformedRequest: not a list, or a row that cannot be read.
        """
        text = json_of(value)
        return self._remembered(text) if len(text) < _KEPT else self._read(text)

    def row(self, plain: object, place: str = "") -> T:
        """Read one row.

        Raises:
            MalformedRequest: as `rows`; the member is `place` and what is inside.
        """
        try:
            return self._made(_typed(plain, self._kind))
        except _OddRow as odd:
            raise MalformedRequest(place + odd.member, odd.reason) from odd

    def _read(self, text: bytes) -> tuple[T, ...]:
        plain = listed(strict(text, self.name), self.name)
        try:
            found = self._decoder.decode(text)
            if self.name == "denyAssignments":
                for row in plain:
                    _check_blocks(row["properties"])  # type: ignore[index]
            return tuple(map(self._made, found))
        except (msgspec.ValidationError, _OddRow):  # flattened rows, or wrong ones
            return tuple(
                self.row(row, f"{self.name}[{number}]")
                for number, row in enumerate(plain)
            )


def json_of(value: object) -> bytes:
    """Return a member as JSON text."""
    return value if isinstance(value, bytes) else msgspec.json.encode(value)


def listed(value: object, name: str) -> list[object]:
    """Return a member that is a list; null is an empty one.

    Raises:
        MalformedRequest: it is neither.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedRequest(name, "is not a list")
    return value


def roles_of(value: object) -> Mapping[str, RoleDefinition]:
    """Return role definitions by GUID.

    Built-in ones repeat in the lists of every scope; they must say the same there.

    Raises:
        MalformedRequest: as `Table.rows`, or one GUID has two meanings.
    """
    text = json_of(value)
    return _remembered_roles(text) if len(text) < _KEPT else _roles(text)


def _roles(text: bytes) -> Mapping[str, RoleDefinition]:
    try:
        raws = _RAWS.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return _by_guid(listed(strict(text, ROLES.name), ROLES.name))
    return _by_guid([bytes(raw) for raw in raws])


def _by_guid(found: Sequence[object]) -> Mapping[str, RoleDefinition]:
    roles: dict[str, RoleDefinition] = {}
    for number, row in enumerate(found):
        place = f"{ROLES.name}[{number}]"
        role = _role(json_of(row), place)
        first = roles.setdefault(role.guid, role)
        if first is not role and first.permissions != role.permissions:
            reason = f"gives other permissions to {role.guid} than one before"
            raise MalformedRequest(place, reason)
    return roles


_remembered_roles = lru_cache(maxsize=1 << 10)(_roles)


def _role(text: bytes, place: str) -> RoleDefinition:
    if len(text) >= _KEPT:
        return ROLES.row(strict(text, place), place)
    try:
        return _remembered_role(text)
    except MalformedRequest:
        return ROLES.row(strict(text, place), place)  # says where it stands


@lru_cache(maxsize=1 << 12)
def _remembered_role(text: bytes) -> RoleDefinition:
    return ROLES.row(strict(text, ""))


def _typed(row: object, kind: type[R]) -> R:
    """Type a row, after the members that the CLI flattened are put back."""
    if not isinstance(row, dict):
        raise _OddRow("", "is not an object")
    flat = "properties" not in row
    if flat:
        inner = {**row, "type": row.get("roleType")}
        row = {"id": row.get("id"), "name": row.get("name"), "properties": inner}
    if row.get("id") is None:
        row = {**row, "id": row.get("name")}
    try:
        found = msgspec.convert(row, kind)
    except msgspec.ValidationError as error:
        reason, _, at = str(error).partition(" - at `$")
        member = at.rstrip("`")
        if flat:
            member = member.removeprefix(".properties")
        raise _OddRow(member, reason) from error
    _check_blocks(row["properties"])
    return found


def _check_blocks(properties: Any) -> None:
    """Refuse a block with members of which none is an action: they are misspelt."""
    for number, block in enumerate(properties.get("permissions") or ()):
        if block and not block.keys() & _BLOCK:
            raise _OddRow(f".permissions[{number}]", "names no actions")


def _assignment(row: rows.RoleAssignmentRow) -> Assignment:
    _check_scope(row.properties.scope, row.id)
    return assignment_of(row.id, row.properties, Source.ASSIGNMENT)


def _deny(row: rows.DenyRow) -> DenyAssignment:
    _check_scope(row.properties.scope, row.id)
    return deny_of(row)


def _check_scope(scope: str | None, name: str) -> None:
    if not scope and "/" not in name:
        raise _OddRow("", "has neither a scope nor an id that holds one")


def _lock(row: rows.LockRow) -> Lock:
    level = row.properties.level
    if level.lower() not in _LEVELS:
        raise _OddRow("", f"{level[:50]!a} is no level of a lock")
    if "/" not in row.id:
        raise _OddRow("", "has no id that says where it is")
    return lock_of(row)


ROLES = Table("roleDefinitions", rows.RoleDefinitionRow, role_of)
ASSIGNMENTS = Table("roleAssignments", rows.RoleAssignmentRow, _assignment)
DENIES = Table("denyAssignments", rows.DenyRow, _deny)
LOCKS = Table("locks", rows.LockRow, _lock)
