"""Custom roles without the operations that run commands: all siblings together."""

from collections.abc import Collection
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from policies.limits import ROLE_NAME_AZURE
from scanner.azure.rbac.roles import Permission, RoleDefinition, matches_any
from scanner.azure.rbac.scopes import (
    ROOT,
    last_segment,
    management_group,
    resource_group_of,
)
from scanner.azure.site_vectors import HOST_VECTORS
from scanner.azure.vectors import (
    COVERED,
    ESCALATIONS,
    MACHINE_VECTORS,
    NOT_COVERED,
    STATION_VECTORS,
)
from scanner.grants import Tier

_RUN = (Tier.DIRECT, Tier.INDIRECT)
#: Whoever holds a custom role and may write role definitions rewrites it; of a built-in
#: role nobody can.
WRITE_ROLES = "Microsoft.Authorization/roleDefinitions/write"


@cache
def command_operations() -> tuple[str, ...]:
    """Return every control-plane operation that leads to a command, sorted.

    Taking one and leaving its siblings is the classic incomplete fix: runCommand is
    gone, and extensions are still written.
    """
    data = {one.operation for one in MACHINE_VECTORS if one.data}
    sites = (*STATION_VECTORS, *HOST_VECTORS)
    running = (one for one in sites if one.vector.tier in _RUN)
    steps = {step for one in running for each in one.steps for step in each}
    handing = {one.steps[0] for one in ESCALATIONS if one.vector.tier in _RUN}
    named = {one.id for one in (*COVERED, *NOT_COVERED) if one.tier in _RUN}
    return tuple(sorted((named | steps | handing) - data))


def without_commands(
    role: RoleDefinition, scope: str, more: Collection[str] = ()
) -> RoleDefinition:
    """Return a custom role like another one, without the command operations.

    Operations listed by name are left out; those that a wildcard names are subtracted
    in the same block, where nothing else gives them back. So is writing roles, which
    would let the holder rewrite this one.

    Args:
        role: the role to replace.
        scope: where it is to be assigned; part of its GUID, which is always the same,
            and of its name, which must be unique in the tenant.
        more: further operations to leave out.
    """
    operations = tuple(sorted({*command_operations(), WRITE_ROLES, *more}))
    blocks = tuple(_without(block, operations) for block in role.permissions)
    extra = ":".join(sorted(more))
    guid = str(uuid5(NAMESPACE_URL, f"whocanrun:{role.guid}:{scope.lower()}:{extra}"))
    home = assignable_scope(scope)
    where = f" ({last_segment(scope) or 'root'}, {guid[:4]})"
    name = f"{role.name} without commands"[: ROLE_NAME_AZURE.value - len(where)]
    return RoleDefinition(
        guid,
        f"{home}/providers/Microsoft.Authorization/roleDefinitions/{guid}",
        f"{name}{where}",
        True,
        tuple(block for block in blocks if block.actions or block.data_actions),
        (home,),
    )


def assignable_scope(scope: str) -> str:
    """Return where a role for a scope may be made: a resource group or above."""
    return resource_group_of(scope) or scope


def can_be_custom(role: RoleDefinition, scope: str) -> bool:
    """True when a custom role like this one can be assigned at a scope.

    None can at the root, and at a management group none with data actions.
    """
    data = any(block.data_actions for block in role.permissions)
    return scope != ROOT and not (management_group(scope) and data)


def leaves_something(role: RoleDefinition) -> bool:
    """True when a role still gives more than reading."""
    return any(
        not one.lower().endswith("/read")
        for block in role.permissions
        for one in (*block.actions, *block.data_actions)
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
