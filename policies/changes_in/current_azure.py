"""What an Azure object holds now, as far as the estate keeps it."""

from collections.abc import Iterator
from typing import Any

from policies.apply.azure_draft import AzureIndex
from policies.apply.azure_policies import POLICY_KINDS
from policies.azure.changes import assignment_json
from policies.azure.policy_objects import policy_json
from policies.azure.roles import role_json
from policies.changes_in.wanted import Wanted
from policies.resources import Resource, ResourceKind
from scanner.azure.definitions import object_id
from scanner.azure.model import Assignment, AzureTenant, Source
from scanner.azure.rbac.scopes import last_segment, normalized

_ASSIGNED = (
    ResourceKind.ROLE_ASSIGNMENT,
    ResourceKind.ROLE_ELIGIBILITY,
    ResourceKind.DELEGATION,
)


def current_azure(index: AzureIndex, wanted: Wanted) -> Any:
    """Return what an Azure object holds, at least its id; None if it is absent."""
    resource = wanted.resource
    for tenant in index.estate.tenants.values():
        for found in _found(index, tenant, resource, wanted.body):
            return found
    return None


def _found(
    index: AzureIndex, tenant: AzureTenant, resource: Resource, body: Any
) -> Iterator[Any]:
    wanted = normalized(resource.id)
    if resource.kind is ResourceKind.ROLE_DEFINITION:
        role = tenant.roles.get(object_id(last_segment(resource.id)))
        if role is not None:
            yield role_json(role, "")
    elif resource.kind in _ASSIGNED:
        home, places = index.assignments.get(wanted, ("", ()))
        if home == tenant.id:
            yield assignment_json(tenant, tenant.assignments[places[0]])
        elif resource.kind is ResourceKind.ROLE_ELIGIBILITY:
            yield from _alike(tenant, body)
    elif resource.kind is ResourceKind.DENY_ASSIGNMENT:
        yield from ({"id": d.id} for d in tenant.denies if normalized(d.id) == wanted)
    elif resource.kind is ResourceKind.LOCK:
        yield from ({"id": k.id} for k in tenant.locks if normalized(k.id) == wanted)
    elif resource.kind in POLICY_KINDS:
        yield from _policy(tenant, wanted)
    elif resource.kind is ResourceKind.MEMBERSHIP:
        members = tenant.directory.members.get(resource.id)
        if members and resource.name in members.ids:
            yield {"id": resource.name}


def _policy(tenant: AzureTenant, wanted: str) -> Iterator[Any]:
    """Yield a policy object, as the estate keeps it."""
    known = tenant.policies
    for some in (known.assignments, known.definitions, known.sets, known.exemptions):
        if wanted in some:
            yield policy_json(some[wanted])


def _alike(tenant: AzureTenant, body: Any) -> Iterator[Any]:
    """Yield the eligibility that a request asks for again."""
    properties = body.get("properties", {}) if isinstance(body, dict) else {}
    asked = (properties.get(name) for name in ("principalId", "roleDefinitionId"))
    given = [one for one in asked if isinstance(one, str)]
    if len(given) != 2:
        return
    principal, role = object_id(given[0]), object_id(last_segment(given[1]))
    scope = normalized(str(properties.get("scope") or ""))

    def fits(one: Assignment) -> bool:
        holding = (one.principal, one.role, one.scope)
        return one.source is Source.ELIGIBILITY and holding == (principal, role, scope)

    yield from (assignment_json(tenant, one) for one in tenant.assignments if fits(one))
