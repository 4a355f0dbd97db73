"""Custom roles without the operations that run commands: all siblings together."""

from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from scanner.azure.rbac.roles import Permission, RoleDefinition, matches_any
from scanner.azure.vectors import (
    COVERED,
    MACHINE_VECTORS,
    NOT_COVERED,
    STATION_VECTORS,
)
from scanner.grants import Tier

_RUN = (Tier.DIRECT, Tier.INDIRECT)


def command_operations() -> tuple[str, ...]:
    """Return every control-plane operation that leads to a command, sorted.

    Taking one and leaving its siblings is the classic incomplete fix: runCommand is
    gone, and extensions are still written.
    """
    data = {one.operation for one in MACHINE_VECTORS if one.data}
    steps = {step for one in STATION_VECTORS for each in one.steps for step in each}
    named = {one.id for one in (*COVERED, *NOT_COVERED) if one.tier in _RUN}
    return tuple(sorted((named | steps) - data))


def without_commands(role: RoleDefinition, scope: str) -> RoleDefinition:
    """Return a custom role like another one, without the command operations.

    Operations listed by name are left out; those that a wildcard names are subtracted
    in the same block, where nothing else gives them back.

    Args:
        role: the role to replace.
        scope: where it may be assigned; part of its GUID, which is always the same.
    """
    operations = command_operations()
    blocks = tuple(_without(block, operations) for block in role.permissions)
    guid = str(uuid5(NAMESPACE_URL, f"whocanrun:{role.guid}:{scope.lower()}"))
    prefix = "" if scope == "/" else scope
    return RoleDefinition(
        guid,
        f"{prefix}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        f"{role.name} without commands",
        True,
        tuple(block for block in blocks if block.actions or block.data_actions),
        (scope,),
    )


def _without(block: Permission, operations: tuple[str, ...]) -> Permission:
    named = {operation.lower() for operation in operations}
    kept = tuple(one for one in block.actions if one.lower() not in named)
    wild = (one for one in operations if matches_any(kept, one))
    added = (one for one in wild if not matches_any(block.not_actions, one))
    return replace(block, actions=kept, not_actions=(*block.not_actions, *added))


def role_json(role: RoleDefinition, description: str) -> dict[str, Any]:
    """Return a custom role as ARM takes it."""
    return {
        "id": role.id,
        "name": role.guid,
        "type": "Microsoft.Authorization/roleDefinitions",
        "properties": {
            "roleName": role.name,
            "type": "CustomRole",
            "description": description,
            "assignableScopes": list(role.assignable_scopes),
            "permissions": [_block_json(block) for block in role.permissions],
        },
    }


def _block_json(block: Permission) -> dict[str, Any]:
    found: dict[str, Any] = {
        "actions": list(block.actions),
        "notActions": list(block.not_actions),
        "dataActions": list(block.data_actions),
        "notDataActions": list(block.not_data_actions),
    }
    if block.condition:
        found |= {"condition": block.condition, "conditionVersion": "2.0"}
    return found
