"""ARM objects: resource type, API version, and the scope that a deployment is for."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policies.render.steps import CannotRender, Step
from policies.resources import ResourceKind

#: Type and API version of each kind that is an object of its own.
TYPES = {
    ResourceKind.ROLE_DEFINITION: (
        "Microsoft.Authorization/roleDefinitions",
        "2022-04-01",
    ),
    ResourceKind.ROLE_ASSIGNMENT: (
        "Microsoft.Authorization/roleAssignments",
        "2022-04-01",
    ),
    ResourceKind.ROLE_ELIGIBILITY: (
        "Microsoft.Authorization/roleEligibilityScheduleRequests",
        "2020-10-01",
    ),
    ResourceKind.DENY_ASSIGNMENT: (
        "Microsoft.Authorization/denyAssignments",
        "2024-07-01-preview",
    ),
    ResourceKind.POLICY_ASSIGNMENT: (
        "Microsoft.Authorization/policyAssignments",
        "2022-06-01",
    ),
    ResourceKind.POLICY_DEFINITION: (
        "Microsoft.Authorization/policyDefinitions",
        "2021-06-01",
    ),
    ResourceKind.POLICY_SET: (
        "Microsoft.Authorization/policySetDefinitions",
        "2021-06-01",
    ),
    ResourceKind.POLICY_EXEMPTION: (
        "Microsoft.Authorization/policyExemptions",
        "2022-07-01-preview",
    ),
    ResourceKind.DELEGATION: (
        "Microsoft.ManagedServices/registrationAssignments",
        "2022-10-01",
    ),
    ResourceKind.LOCK: ("Microsoft.Authorization/locks", "2020-05-01"),
}

#: Members that the provider fills in, and a template must not set.
_READ_ONLY = frozenset(
    {
        *("createdOn", "createdBy", "updatedOn", "updatedBy", "principalType"),
        *("status", "provisioningState", "registrationDefinition", "isSystemProtected"),
        *("createdDateTime", "expandedProperties", "scopeType"),
    }
)
#: `scope` is where the object is, except of a role assignment's sibling kinds.
_NOT_SET = {
    ResourceKind.ROLE_ASSIGNMENT: frozenset({"scope"}),
    ResourceKind.ROLE_ELIGIBILITY: frozenset({"scope"}),
    ResourceKind.POLICY_ASSIGNMENT: frozenset({"scope"}),
    ResourceKind.POLICY_EXEMPTION: frozenset({"scope"}),
    ResourceKind.DENY_ASSIGNMENT: frozenset({"scope"}),
    ResourceKind.ROLE_DEFINITION: frozenset({"type"}),
}

_OBJECT = re.compile(
    r"(?P<scope>.*)/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+)", re.DOTALL
)
_GROUP_PATH = "/providers/Microsoft.Management/managementGroups/"
_GROUP = _GROUP_PATH.lower()
_SUBSCRIPTION = re.compile(r"/subscriptions/(?P<id>[^/]+)(?P<rest>/.*)?", re.I | re.S)
_RESOURCE_GROUP = re.compile(
    r"/resourceGroups/(?P<id>[^/]+)(?P<rest>/.*)?", re.I | re.S
)


class Level(StrEnum):
    """What a deployment is for; the words are Bicep's `targetScope`."""

    TENANT = "tenant"
    MANAGEMENT_GROUP = "managementGroup"
    SUBSCRIPTION = "subscription"
    RESOURCE_GROUP = "resourceGroup"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where something is deployed.

    Attributes:
        management_group, subscription, resource_group: names; empty where there is
            none.
        resource: the id below a resource group that an object extends, or empty.
    """

    level: Level
    management_group: str = ""
    subscription: str = ""
    resource_group: str = ""
    resource: str = ""

    @property
    def path(self) -> str:
        """The scope as text, without what a single resource adds."""
        if self.level is Level.TENANT:
            return "/"
        if self.level is Level.MANAGEMENT_GROUP:
            return f"{_GROUP_PATH}{self.management_group}"
        group = self.resource_group and f"/resourceGroups/{self.resource_group}"
        return f"/subscriptions/{self.subscription}{group}"

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What one deployment covers: the same for all resources of a group."""
        return (
            self.level.value,
            self.management_group.lower(),
            self.subscription.lower(),
            self.resource_group.lower(),
        )


def scope_of(path: str) -> Scope:
    """Read an ARM scope: `/`, a management group, a subscription, or below.

    Raises:
        CannotRender: it is none of these.
    """
    if path in ("", "/"):
        return Scope(Level.TENANT)
    if path.lower().startswith(_GROUP) and "/" not in path[len(_GROUP) :]:
        return Scope(Level.MANAGEMENT_GROUP, management_group=path[len(_GROUP) :])
    found = _SUBSCRIPTION.fullmatch(path)
    if found is None:
        raise CannotRender("its scope is no scope of Azure Resource Manager")
    subscription, rest = found["id"], (found["rest"] or "").rstrip("/")
    if not rest:
        return Scope(Level.SUBSCRIPTION, subscription=subscription)
    group = _RESOURCE_GROUP.fullmatch(rest)
    if group is None:
        raise CannotRender("its scope is in no resource group")
    resource = (group["rest"] or "").strip("/").removeprefix("providers/")
    return Scope(
        Level.RESOURCE_GROUP,
        subscription=subscription,
        resource_group=group["id"],
        resource=resource,
    )


@dataclass(frozen=True, slots=True)
class ArmObject:
    """One object of a template.

    Attributes:
        name: a literal GUID, or the name that the object has.
        path: the scope that it is at, as text.
    """

    type: str
    api_version: str
    name: str
    path: str
    scope: Scope
    properties: dict[str, Any]


def arm_object(step: Step, document: Any) -> ArmObject:
    """Return a step's object, with the properties that a template may set.

    Raises:
        CannotRender: the kind is no ARM object, or its id is none.
    """
    kind = step.kind
    if kind not in TYPES:
        raise CannotRender("Azure Resource Manager has no object for it")
    type_, version = TYPES[kind]
    found = _OBJECT.fullmatch(step.resource.id)
    if found is None or found["type"].lower() != type_.lower():
        raise CannotRender(f"its id is not of {type_}")
    dropped = _READ_ONLY | _NOT_SET.get(kind, frozenset())
    properties = {
        key: value
        for key, value in document.get("properties", {}).items()
        if key not in dropped and value is not None
    }
    path = found["scope"] or "/"
    return ArmObject(type_, version, found["name"], path, scope_of(path), properties)
