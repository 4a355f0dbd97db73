"""Terraform's `azurerm` resources of Azure Policy, as ARM has them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from policies.changes_in.terraform_rows import Row
from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind
from scanner.evidence import strictjson

_AUTHORIZATION = "providers/Microsoft.Authorization"
_DEFINITION = "azurerm_policy_definition"
_LEVELS = ("management_group", "subscription", "resource_group", "resource")
#: The argument that says where an assignment or exemption is, by its type.
_ASSIGNED = {f"azurerm_{one}_policy_assignment": f"{one}_id" for one in _LEVELS}
_EXEMPTED = {f"azurerm_{one}_policy_exemption": f"{one}_id" for one in _LEVELS}


def acts(row: Row) -> bool:
    """True for an assignment that acts as an identity: that is not read here."""
    return row.type in _ASSIGNED and bool(row.values.get("identity"))


def _definition(row: Row, rows: Sequence[Row]) -> Iterator[Wanted]:
    """Yield a definition; a new one that the plan assigns nowhere changes nothing."""
    id_ = _definition_id(row, rows)
    if id_ is None:
        return
    resource = Resource(ResourceKind.POLICY_DEFINITION, id_)
    if row.deleted:
        yield Wanted(resource, None, row.source)
        return
    properties = {
        "displayName": row.values.get("display_name"),
        "mode": row.text("mode"),
        "policyRule": _json(row, "policy_rule"),
        "parameters": _json(row, "parameters"),
    }
    yield Wanted(resource, {"id": id_, "properties": properties}, row.source)


def _definition_id(row: Row, rows: Sequence[Row]) -> str | None:
    """Return the id of a definition; a new one is where it is assigned first."""
    known = _known_id(row)
    if known is not None:
        return known
    scope = row.values.get("management_group_id") or next(
        (
            _scope(other)
            for other in rows
            if other.type in _ASSIGNED
            and row.address in other.referred("policy_definition_id")
        ),
        None,
    )
    if not scope:
        return None
    head, group, _ = str(scope).partition("/resourceGroups/")
    at = head if group else str(scope)
    return f"{at.rstrip('/')}/{_AUTHORIZATION}/policyDefinitions/{row.text('name')}"


def _assignment(row: Row, rows: Sequence[Row]) -> Iterator[Wanted]:
    id_ = _object_id(row, "policyAssignments")
    resource = Resource(ResourceKind.POLICY_ASSIGNMENT, id_)
    if row.deleted:
        yield Wanted(resource, None, row.source)
        return
    enforced = row.values.get("enforce") is not False
    properties = {
        "displayName": row.values.get("display_name"),
        "scope": _scope(row),
        "policyDefinitionId": _assigned(row, rows),
        "parameters": _json(row, "parameters"),
        "notScopes": list(row.values.get("not_scopes") or ()),
        "enforcementMode": "Default" if enforced else "DoNotEnforce",
        "resourceSelectors": list(row.values.get("resource_selectors") or ()),
        "overrides": list(row.values.get("overrides") or ()),
    }
    yield Wanted(resource, {"id": id_, "properties": properties}, row.source)


def _assigned(row: Row, rows: Sequence[Row]) -> str:
    """Return what is assigned: by id, or as the plan makes it."""
    given = row.values.get("policy_definition_id")
    if isinstance(given, str) and given:
        return given
    for address in row.referred("policy_definition_id"):
        for other in rows:
            if other.address == address and other.type == _DEFINITION:
                return _definition_id(other, rows) or ""
    raise row.unknown("policy_definition_id")


def _exemption(row: Row, rows: Sequence[Row]) -> Iterator[Wanted]:
    id_ = _object_id(row, "policyExemptions")
    resource = Resource(ResourceKind.POLICY_EXEMPTION, id_)
    if row.deleted:
        yield Wanted(resource, None, row.source)
        return
    references = row.values.get("policy_definition_reference_ids")
    properties = {
        "policyAssignmentId": _exempted(row, rows),
        "policyDefinitionReferenceIds": list(references or ()),
        "exemptionCategory": row.values.get("exemption_category"),
        "expiresOn": row.values.get("expires_on"),
    }
    yield Wanted(resource, {"id": id_, "properties": properties}, row.source)


def _exempted(row: Row, rows: Sequence[Row]) -> str:
    """Return the assignment of an exemption: by id, or as the plan makes it."""
    given = row.values.get("policy_assignment_id")
    if isinstance(given, str) and given:
        return given
    for address in row.referred("policy_assignment_id"):
        for other in rows:
            if other.address == address and other.type in _ASSIGNED:
                return _object_id(other, "policyAssignments")
    raise row.unknown("policy_assignment_id")


def _scope(row: Row) -> str:
    return row.text((_ASSIGNED | _EXEMPTED)[row.type])


def _object_id(row: Row, kind: str) -> str:
    known = _known_id(row)
    if known is not None:
        return known
    return f"{_scope(row).rstrip('/')}/{_AUTHORIZATION}/{kind}/{row.text('name')}"


def _known_id(row: Row) -> str | None:
    for side in (row.before, row.after):
        given = (side or {}).get("id")
        if isinstance(given, str) and given:
            return given
    return None


def _json(row: Row, name: str) -> Any:
    """Return an argument that is JSON as text; None where it is not set.

    Raises:
        UnusableInput: it is no JSON, or known only after apply.
    """
    value = row.values.get(name)
    if isinstance(value, str) and value:
        return strictjson.loads(value.encode(), f"{row.source} {name}")
    if row.is_unknown(name):
        raise row.unknown(name)
    return None


POLICY_TYPES: Mapping[str, Callable[[Row, Sequence[Row]], Iterator[Wanted]]] = {
    _DEFINITION: _definition,
    **dict.fromkeys(_ASSIGNED, _assignment),
    **dict.fromkeys(_EXEMPTED, _exemption),
}
