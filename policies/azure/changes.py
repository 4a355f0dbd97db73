"""Changes to Azure roles and assignments as people read them."""

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from policies.azure.roles import role_json
from policies.remediation import Change
from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.rbac.roles import RoleDefinition

_AUTHORIZATION = "providers/Microsoft.Authorization"


def assignment_json(tenant: AzureTenant, one: Assignment) -> dict[str, Any]:
    """Return an assignment as ARM takes it."""
    role = tenant.roles.get(one.role)
    properties: dict[str, Any] = {
        "principalId": one.principal,
        "roleDefinitionId": role.id if role else one.role,
        "scope": one.scope,
    }
    if one.condition is not None:
        properties |= {"condition": one.condition, "conditionVersion": "2.0"}
    return {"id": one.id, "properties": properties}


def object_id(scope: str, kind: str, *parts: str) -> str:
    """Return the id of a new object at a scope; the same for the same parts."""
    guid = uuid5(NAMESPACE_URL, ":".join(("whocanrun", kind, scope.lower(), *parts)))
    prefix = "" if scope == "/" else scope
    return f"{prefix}/{_AUTHORIZATION}/{kind}/{guid}"


def create_role(role: RoleDefinition, replaced: str, serves: Iterable[str]) -> Change:
    """Z2, first step: a custom role without the operations that run commands."""
    description = f"{replaced} without the operations that run commands on machines"
    title = f"Create custom role {role.name}"
    after, back = role_json(role, description), "delete the role when it has no use"
    return Change("Z2", role.id, title, None, after, back, tuple(sorted(serves)))


def create_assignment(
    tenant: AzureTenant, one: Assignment, kind: str, title: str, serves: Iterable[str]
) -> Change:
    """A new assignment, before the old one goes."""
    after = assignment_json(tenant, one)
    back = "delete this assignment"
    return Change(kind, one.id, title, None, after, back, tuple(sorted(serves)))


def delete_assignment(
    tenant: AzureTenant, one: Assignment, kind: str, serves: Iterable[str]
) -> Change:
    """Z1, or the last step of a replacement."""
    before = assignment_json(tenant, one)
    role = tenant.roles.get(one.role)
    title = f"Delete the assignment of {role.name if role else one.role}"
    back = "create the assignment again under the same name"
    return Change(kind, one.id, title, before, None, back, tuple(sorted(serves)))


def make_eligible(
    tenant: AzureTenant, one: Assignment, eligible: Assignment, serves: Iterable[str]
) -> Change:
    """Z4: an eligibility that takes an activation with MFA and approval."""
    after = assignment_json(tenant, eligible)
    after["properties"] |= {
        "requestType": "AdminAssign",
        "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "P365D"}},
    }
    role = tenant.roles.get(one.role)
    title = f"Make {role.name if role else one.role} eligible, to be activated"
    back = "remove the eligibility"
    return Change("Z4", eligible.id, title, None, after, back, tuple(sorted(serves)))
