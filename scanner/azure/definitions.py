"""Rows of definitions, denies and locks to what evaluation reads."""

from collections.abc import Iterable

from scanner.azure import rows
from scanner.azure.model import EVERYONE, DenyAssignment, Lock
from scanner.azure.rbac.conditions import dashed
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.scopes import last_segment, normalized, scope_of

#: From this version of the deny assignment API on an effect is given.
_EFFECTS_SINCE = "2024-07-01"
_EFFECTS = ("enforced", "audit")
#: Versions of the condition language that are read alike.
_VERSIONS = ("", "1.0", "2.0")


def object_id(text: str) -> str:
    """Return an object id or role GUID in the form that is compared.

    Lower case, dashed, without braces; what is no GUID only in lower case.
    """
    if len(text) == 36:
        return text.lower()
    return dashed(text.strip("{}").lower())


def condition_of(text: str | None, version: str | float | None) -> str | None:
    """Return a condition as it is evaluated; None when there is none.

    One in a version that nobody knows comes back with its version in front: it does
    not parse then, and is reported as it stands.
    """
    if not text:
        return None
    known = str(version or "") in _VERSIONS
    return text if known else f"[conditionVersion {version}] {text}"


def permissions_of(blocks: Iterable[rows.PermissionRow]) -> tuple[Permission, ...]:
    """Return the blocks of a role definition or deny assignment."""
    return tuple(
        Permission(
            block.actions or (),
            block.not_actions or (),
            block.data_actions or (),
            block.not_data_actions or (),
            condition_of(block.condition, block.condition_version),
        )
        for block in blocks
    )


def role_of(row: rows.RoleDefinitionRow) -> RoleDefinition:
    """Return a role definition; its GUID is the last segment of its id."""
    guid, properties = object_id(last_segment(row.id)), row.properties
    return RoleDefinition(
        guid,
        row.id,
        properties.role_name or guid,
        (properties.type or "").lower() != "builtinrole",
        permissions_of(properties.permissions),
        properties.assignable_scopes or (),
    )


def deny_of(row: rows.DenyRow, api_version: str = "") -> DenyAssignment:
    """Return a deny assignment.

    Args:
        row: as listed.
        api_version: of the list. A row without an effect is enforced; whether that is
            so is not certain where the version defines one.
    """
    properties = row.properties
    effect = (properties.deny_assignment_effect or "").lower()
    expected = bool(effect) or api_version >= _EFFECTS_SINCE
    return DenyAssignment(
        row.id,
        properties.deny_assignment_name or row.id.rpartition("/")[2],
        normalized(properties.scope) if properties.scope else scope_of(row.id),
        permissions_of(properties.permissions),
        frozenset(filter(None, map(_principal, properties.principals))),
        frozenset(object_id(p.id) for p in properties.exclude_principals or ()),
        own_scope_only=bool(properties.do_not_apply_to_child_scopes),
        audit=effect == "audit",
        effect_unread=expected and effect not in _EFFECTS,
        system=bool(properties.is_system_protected),
        condition=condition_of(properties.condition, properties.condition_version),
    )


def _principal(row: rows.DenyPrincipalRow) -> str:
    """Return an id in lower case; the all-zero one is nobody unless system-defined."""
    kind = (row.type or "SystemDefined").lower()
    found = object_id(row.id)
    return "" if found == EVERYONE and kind != "systemdefined" else found


def lock_of(row: rows.LockRow) -> Lock:
    """Return a lock; it holds at the scope that its id sits on, and below."""
    read_only = row.properties.level.lower() == "readonly"
    return Lock(row.id, row.name or last_segment(row.id), scope_of(row.id), read_only)
