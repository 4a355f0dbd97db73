"""Changes to Azure roles and assignments as people read them."""

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from policies.azure.roles import role_json
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.azure.model import Assignment, AzureTenant, Source
from scanner.azure.rbac.roles import RoleDefinition
from scanner.grants import Standing

_AUTHORIZATION = "providers/Microsoft.Authorization"


def assignment_json(tenant: AzureTenant, one: Assignment) -> dict[str, Any]:
    """Return an assignment as ARM takes it."""
    role = tenant.roles.get(one.role)
    properties: dict[str, Any] = {
        "principalId": one.principal,
        "roleDefinitionId": role.id if role else one.role,
        "scope": one.scope,
    }
    kind = _PRINCIPAL_TYPES.get(kind_of(tenant, one.principal))
    if kind:
        properties["principalType"] = kind
    if one.condition is not None:
        properties |= {"condition": one.condition, "conditionVersion": "2.0"}
    return {"id": one.id, "properties": properties}


_PRINCIPAL_TYPES = {
    "user": "User",
    "guest": "User",
    "group": "Group",
    "service-principal": "ServicePrincipal",
    "managed-identity": "ServicePrincipal",
    "foreign": "ForeignGroup",
}


def kind_of(tenant: AzureTenant, principal: str) -> str:
    """Return what kind of principal an object id is; empty when nobody says."""
    found = tenant.directory.principals.get(principal)
    return found.kind if found else ""


def object_id(scope: str, kind: str, *parts: str) -> str:
    """Return the id of a new object at a scope; the same for the same parts."""
    guid = uuid5(NAMESPACE_URL, ":".join(("whocanrun", kind, scope.lower(), *parts)))
    prefix = "" if scope == "/" else scope
    return f"{prefix}/{_AUTHORIZATION}/{kind}/{guid}"


def create_role(role: RoleDefinition, replaced: str) -> Change:
    """Z2, first step: a custom role that nobody has yet."""
    description = f"{replaced} without the operations that run commands on machines"
    scope = role.assignable_scopes[0]
    return Change(
        "Z2",
        role.id,
        f"Create custom role {role.name}",
        None,
        role_json(role, description),
        "delete the role when it has no use",
        (),
        Resource(ResourceKind.ROLE_DEFINITION, role.id, scope=scope),
    )


def create_assignment(
    tenant: AzureTenant, one: Assignment, kind: str, title: str, serves: Iterable[str]
) -> Change:
    """A new assignment, before the old one goes."""
    return Change(
        kind,
        one.id,
        title,
        None,
        assignment_json(tenant, one),
        "delete this assignment",
        tuple(sorted(serves)),
        Resource(_kind(one), one.id, scope=one.scope),
    )


def delete_assignment(
    tenant: AzureTenant, one: Assignment, kind: str, serves: Iterable[str]
) -> Change:
    """Z1, or the last step of a replacement."""
    role = tenant.roles.get(one.role)
    what = "eligibility" if one.source is Source.ELIGIBILITY else "assignment"
    return Change(
        kind,
        one.id,
        f"Delete the {what} of {role.name if role else one.role}",
        assignment_json(tenant, one),
        None,
        f"create the {what} again under the same name",
        tuple(sorted(serves)),
        Resource(_kind(one), one.id, scope=one.scope),
    )


def _kind(one: Assignment) -> ResourceKind:
    if one.source is Source.ELIGIBILITY:
        return ResourceKind.ROLE_ELIGIBILITY
    return ResourceKind.ROLE_ASSIGNMENT


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
    return Change(
        "Z4",
        eligible.id,
        f"Make {role.name if role else one.role} eligible, to be activated",
        None,
        after,
        "remove the eligibility",
        tuple(sorted(serves)),
        Resource(ResourceKind.ROLE_ELIGIBILITY, eligible.id, scope=one.scope),
    )


def leave_group(group: str, name: str, member: str) -> Change:
    """Z7: a member that is taken out of an Entra group."""
    return Change(
        "Z7",
        group,
        f"Take {member} out of group {name}",
        {"id": member},
        None,
        "add the member again",
        (member,),
        Resource(ResourceKind.MEMBERSHIP, group, member),
    )


def delete_delegation(
    tenant: AzureTenant, given: Iterable[Assignment], managing: str
) -> Change:
    """Z8: a Lighthouse delegation, deleted as a whole."""
    listed = tuple(given)
    first = listed[0]
    standing = [one for one in listed if one.standing is not Standing.ELIGIBLE]
    eligible = [one for one in listed if one.standing is Standing.ELIGIBLE]
    offer = {
        "managedByTenantId": managing,
        "authorizations": [_authorization(one) for one in standing],
        "eligibleAuthorizations": [
            {**_authorization(one), **_just_in_time(one)} for one in eligible
        ],
    }
    before = {
        "id": first.id,
        "properties": {
            # Its id is not in evidence: the offer itself is.
            "registrationDefinitionId": "",
            "registrationDefinition": {"properties": offer},
        },
    }
    return Change(
        "Z8",
        first.id,
        "Delete the delegation to the managing tenant",
        before,
        None,
        "deploy the partner's offer again",
        tuple(sorted({one.principal for one in listed})),
        Resource(ResourceKind.DELEGATION, first.id, scope=first.scope),
    )


def _authorization(one: Assignment) -> dict[str, Any]:
    found: dict[str, Any] = {
        "principalId": one.principal,
        "roleDefinitionId": one.role,
    }
    if one.hands_out:
        found["delegatedRoleDefinitionIds"] = list(one.hands_out)
    return found


def _just_in_time(one: Assignment) -> dict[str, Any]:
    asked = one.activation
    if asked is None:
        return {}
    policy: dict[str, Any] = {
        "multiFactorAuthProvider": "Azure" if asked.mfa else "None",
        "managedByTenantApprovers": [{"principalId": id_} for id_ in asked.approvers],
    }
    if asked.maximum:
        policy["maximumActivationDuration"] = asked.maximum
    return {"justInTimeAccessPolicy": policy}


def deny_assignment(
    scope: str,
    name: str,
    actions: Iterable[str],
    principals: Iterable[tuple[str, str]],
    excluded: Iterable[tuple[str, str]],
    affects: Iterable[str],
) -> Change:
    """Z5: a deny assignment of your own.

    Args:
        scope: where it holds, and below.
        name: of the new object; its GUID follows from it.
        actions: control-plane operations; data actions cannot be denied.
        principals: object ids with their principal types.
        excluded: those whom it leaves alone, likewise.
        affects: whose access it takes.
    """
    id_ = object_id(scope, "denyAssignments", name)
    after = {
        "id": id_,
        "properties": {
            "denyAssignmentName": name,
            "description": "No commands on machines; see the plan's README.",
            "denyAssignmentEffect": "enforced",
            "scope": scope,
            "permissions": [
                {
                    "actions": sorted(actions),
                    "notActions": [],
                    "dataActions": [],
                    "notDataActions": [],
                }
            ],
            "principals": [_named(one) for one in principals],
            "excludePrincipals": [_named(one) for one in sorted(excluded)],
            "doNotApplyToChildScopes": False,
        },
    }
    return Change(
        "Z5",
        id_,
        f"Deny the operations that run commands: {name}",
        None,
        after,
        "delete this deny assignment",
        tuple(sorted(affects)),
        Resource(ResourceKind.DENY_ASSIGNMENT, id_, scope=scope),
    )


def _named(one: tuple[str, str]) -> dict[str, str]:
    return {"id": one[0], "type": one[1]}


def principal_type(tenant: AzureTenant, id_: str) -> str:
    """Return the principal type that ARM takes for an object id."""
    return _PRINCIPAL_TYPES.get(kind_of(tenant, id_), "User")
