"""Terraform's `azurerm` resources as ARM has them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from policies.changes_in.terraform_policies import POLICY_TYPES
from policies.changes_in.terraform_rows import Row
from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind

_AUTHORIZATION = "providers/Microsoft.Authorization"
_BLOCK = {
    "actions": "actions",
    "not_actions": "notActions",
    "data_actions": "dataActions",
    "not_data_actions": "notDataActions",
}


def _id(row: Row, kind: str, name: str) -> str:
    """Return the ARM id of an object; of a new one, the same one every time."""
    for side in (row.before, row.after):
        given = (side or {}).get(name) or (side or {}).get("id")
        if isinstance(given, str) and given:
            return given.partition("|")[0]
    guid = row.values.get("role_definition_id") if kind == "roleDefinitions" else None
    if not isinstance(guid, str) or not guid:
        guid = str(uuid5(NAMESPACE_URL, f"whocanrun:{row.address}"))
    scope = row.text("scope").rstrip("/")
    return f"{scope}/{_AUTHORIZATION}/{kind}/{guid}"


def _definition(row: Row, rows: Sequence[Row]) -> Iterator[Wanted]:
    id_ = _id(row, "roleDefinitions", "role_definition_resource_id")
    resource = Resource(ResourceKind.ROLE_DEFINITION, id_)
    if row.deleted:
        yield Wanted(resource, None, row.source)
        return
    blocks = row.values.get("permissions") or []
    scopes = row.values.get("assignable_scopes") or [row.text("scope")]
    body = {
        "id": id_,
        "properties": {
            "roleName": row.text("name"),
            "type": "CustomRole",
            "assignableScopes": list(scopes),
            "permissions": [_block(block) for block in blocks],
        },
    }
    yield Wanted(resource, body, row.source)


def _block(block: Any) -> dict[str, list[Any]]:
    given = block if isinstance(block, Mapping) else {}
    return {arm: list(given.get(name) or ()) for name, arm in _BLOCK.items()}


def _assignment(row: Row, rows: Sequence[Row]) -> Iterator[Wanted]:
    id_ = _id(row, "roleAssignments", "id")
    resource = Resource(ResourceKind.ROLE_ASSIGNMENT, id_)
    if row.deleted:
        yield Wanted(resource, None, row.source)
        return
    properties = {
        "scope": row.text("scope"),
        "principalId": row.text("principal_id"),
        "roleDefinitionId": _role(row, rows),
    }
    optional = {
        "principalType": row.values.get("principal_type"),
        "condition": row.values.get("condition"),
        "conditionVersion": row.values.get("condition_version"),
    }
    properties |= {name: text for name, text in optional.items() if text}
    yield Wanted(resource, {"id": id_, "properties": properties}, row.source)


def _role(row: Row, rows: Sequence[Row]) -> str:
    """Return the role of an assignment: by id, by name, or as the plan makes it."""
    given = row.values.get("role_definition_id")
    if isinstance(given, str) and given:
        return given
    named = row.values.get("role_definition_name")
    if isinstance(named, str) and named:
        return f"name:{named}"
    for address in row.referred("role_definition_id"):
        for other in rows:
            if other.address == address and other.type in AZURE_TYPES:
                return _id(other, "roleDefinitions", "role_definition_resource_id")
    raise row.unknown("role_definition_id")


AZURE_TYPES: Mapping[str, Callable[[Row, Sequence[Row]], Iterator[Wanted]]] = {
    "azurerm_role_definition": _definition,
    "azurerm_role_assignment": _assignment,
    **POLICY_TYPES,
}
