"""What Azure takes and prints, recognised by ids and members: ARM and Azure CLI."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from policies.apply.azure_draft import AzureIndex
from policies.changes_in.objects import of_arm_id
from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind
from scanner.errors import UnusableInput
from scanner.evidence.importers.azure_rows import op_of, wrapped

Body = Mapping[str, Any]
_BLOCKS = ("Actions", "NotActions", "DataActions", "NotDataActions")
_AUTHORIZATION = "providers/Microsoft.Authorization"


def is_azure(body: Body) -> bool:
    """True for an ARM object, a row of the Azure CLI, or a custom role's file."""
    return isinstance(body.get("id"), str) or _is_role_file(body)


def recognised(body: Body, source: str, index: AzureIndex | None) -> Iterator[Wanted]:
    """Yield the object that a file of Azure names itself.

    Raises:
        UnusableInput: it is none that changes are made of.
    """
    if _is_role_file(body):
        yield _role_file(_lower(body), source, index)
        return
    resource = of_arm_id(str(body["id"]))
    if resource is None:
        reason = f"{str(body['id'])[:200]} is no object that access rests on"
        raise UnusableInput(source, reason, "see docs/what-if.md for what is")
    yield of_object(resource, body, source)


def of_object(resource: Resource, body: Any, source: str) -> Wanted:
    """Return what a body makes of an object; a request to remove one deletes it."""
    if not isinstance(body, Mapping):
        raise UnusableInput(source, "is no object", "hand in the object as ARM has it")
    if resource.kind is ResourceKind.ROLE_DEFINITION and _is_role_file(body):
        lower = _lower(body)
        return Wanted(resource, _as_arm(lower, resource.id), source)
    whole = {**body, "id": resource.id}
    found = wrapped(op_of(whole), whole)
    properties = found.get("properties")
    request = properties.get("requestType") if isinstance(properties, Mapping) else ""
    removed = str(request).lower() in ("adminremove", "selfdeactivate")
    return Wanted(resource, None if removed else found, source)


def _is_role_file(body: Body) -> bool:
    """True for what `az role definition create` takes: names with any first letter."""
    names = {str(name).lower() for name in body}
    blocks = {*(name.lower() for name in _BLOCKS), "permissions"}
    told = "assignablescopes" in names and not names.isdisjoint(("name", "rolename"))
    return told and "properties" not in body and not names.isdisjoint(blocks)


def _lower(body: Body) -> dict[str, Any]:
    """Give the members of a role file the case that ARM has them in."""
    return {
        str(name)[:1].lower() + str(name)[1:]: value for name, value in body.items()
    }


def _role_file(body: dict[str, Any], source: str, index: AzureIndex | None) -> Wanted:
    """Return a custom role; one of its name is changed, else one is made."""
    name = str(body.get("roleName") or body.get("name") or "")
    id_ = body.get("id")
    if isinstance(id_, str) and "/" not in id_:
        id_ = f"/{_AUTHORIZATION}/roleDefinitions/{id_}"
    found = id_ if isinstance(id_, str) and id_ else _known(index, name)
    if found is None:
        scopes = body.get("assignableScopes")
        first = scopes[0] if isinstance(scopes, list) and scopes else "/"
        guid = uuid5(NAMESPACE_URL, f"whocanrun:{first}:{name}".lower())
        prefix = "" if first == "/" else str(first)
        found = f"{prefix}/{_AUTHORIZATION}/roleDefinitions/{guid}"
    resource = Resource(ResourceKind.ROLE_DEFINITION, found)
    return Wanted(resource, _as_arm(body, found), source)


def _known(index: AzureIndex | None, name: str) -> str | None:
    tenants = index.estate.tenants.values() if index else ()
    for tenant in tenants:
        for role in tenant.roles.values():
            if role.custom and role.name.lower() == name.lower():
                return role.id
    return None


def _as_arm(body: dict[str, Any], id_: str) -> dict[str, Any]:
    blocks = [name[:1].lower() + name[1:] for name in _BLOCKS]
    block = {name: body[name] for name in blocks if body.get(name) is not None}
    permissions = body.get("permissions")
    return {
        "id": id_,
        "properties": {
            "roleName": body.get("roleName") or body.get("name"),
            "type": "CustomRole",
            "assignableScopes": body.get("assignableScopes"),
            "permissions": [block] if permissions is None else permissions,
        },
    }
