"""Azure objects in Terraform: `azurerm`, and `azuread` for members of groups."""

import re
from collections.abc import Callable
from typing import Any

from policies.render.arm_objects import ArmObject, Level, arm_object
from policies.render.documents import minified
from policies.render.hcl import Block, Value
from policies.render.steps import CannotRender, Step
from policies.render.terraform_objects import (
    Argument,
    Arguments,
    Objects,
    TerraformObject,
)
from policies.resources import ResourceKind

_DAYS = re.compile(r"P(?P<days>\d+)D")
_HOURS = re.compile(r"PT(?P<hours>\d+)H")
_PERMISSIONS = (
    ("actions", "actions"),
    ("not_actions", "notActions"),
    ("data_actions", "dataActions"),
    ("not_data_actions", "notDataActions"),
)


def _given(
    properties: dict[str, Any], *names: tuple[str, str]
) -> tuple[tuple[str, Value], ...]:
    """Return the arguments whose property is there."""
    return tuple(
        (argument, properties[name])
        for argument, name in names
        if properties.get(name) not in (None, "", [])
    )


def _needed(properties: dict[str, Any], name: str) -> str:
    """Return a property that there is no resource without."""
    value = properties.get(name)
    if not isinstance(value, str) or not value:
        raise CannotRender(f"it has no {name}")
    return value


def _object(step: Step) -> ArmObject:
    document = step.after if step.after is not None else step.change.before
    return arm_object(step, document)


def _role_definition(step: Step) -> TerraformObject:
    found = _object(step)
    blocks = []
    for one in found.properties.get("permissions", ()):
        if one.get("condition"):
            raise CannotRender("azurerm has no condition in a role definition")
        blocks.append(Block("permissions", (), _given(one, *_PERMISSIONS)))
    return TerraformObject(
        "azurerm_role_definition",
        f"{step.resource.id}|{found.path}",
        (
            ("role_definition_id", found.name),
            ("name", _needed(found.properties, "roleName")),
            ("scope", found.path),
            *_given(
                found.properties,
                ("description", "description"),
                ("assignable_scopes", "assignableScopes"),
            ),
        ),
        blocks=tuple(blocks),
    )


def _role_assignment(step: Step) -> TerraformObject:
    found = _object(step)
    return TerraformObject(
        "azurerm_role_assignment",
        step.resource.id,
        (
            ("name", found.name),
            ("scope", found.path),
            *_given(
                found.properties,
                ("role_definition_id", "roleDefinitionId"),
                ("principal_id", "principalId"),
                ("condition", "condition"),
                ("condition_version", "conditionVersion"),
                ("description", "description"),
            ),
        ),
    )


def _role_eligibility(step: Step) -> TerraformObject:
    found = _object(step)
    role = _needed(found.properties, "roleDefinitionId")
    who = _needed(found.properties, "principalId")
    info = found.properties.get("scheduleInfo", {})
    expiration = _expiration(info.get("expiration", {}))
    blocks = (Block("schedule", blocks=(expiration,)),) if expiration else ()
    return TerraformObject(
        "azurerm_pim_eligible_role_assignment",
        f"{found.path}|{role}|{who}",
        (("scope", found.path), ("role_definition_id", role), ("principal_id", who)),
        blocks=blocks,
    )


def _expiration(given: dict[str, Any]) -> Block | None:
    duration = str(given.get("duration") or "")
    days, hours = _DAYS.fullmatch(duration), _HOURS.fullmatch(duration)
    if days:
        return Block("expiration", (), (("duration_days", int(days["days"])),))
    if hours:
        return Block("expiration", (), (("duration_hours", int(hours["hours"])),))
    if given.get("endDateTime"):
        return Block("expiration", (), (("end_date_time", given["endDateTime"]),))
    if duration:
        raise CannotRender(f"azurerm has no duration {duration}")
    return None


_POLICY_ASSIGNMENTS: dict[Level, tuple[str, Callable[[str], tuple[str, str]]]] = {
    Level.MANAGEMENT_GROUP: (
        "azurerm_management_group_policy_assignment",
        lambda path: ("management_group_id", path),
    ),
    Level.SUBSCRIPTION: (
        "azurerm_subscription_policy_assignment",
        lambda path: ("subscription_id", path),
    ),
    Level.RESOURCE_GROUP: (
        "azurerm_resource_group_policy_assignment",
        lambda path: ("resource_group_id", path),
    ),
}


def _policy_assignment(step: Step) -> TerraformObject:
    found = _object(step)
    if found.scope.level not in _POLICY_ASSIGNMENTS or found.scope.resource:
        raise CannotRender("azurerm has no such policy assignment at this scope")
    type_, where = _POLICY_ASSIGNMENTS[found.scope.level]
    properties = found.properties
    arguments = (
        ("name", found.name),
        where(found.path),
        *_given(
            properties,
            ("policy_definition_id", "policyDefinitionId"),
            ("display_name", "displayName"),
            ("description", "description"),
            ("not_scopes", "notScopes"),
        ),
        ("enforce", properties.get("enforcementMode", "Default") == "Default"),
        *(
            (name, minified(properties[name]))
            for name in ("parameters", "metadata")
            if properties.get(name)
        ),
    )
    return TerraformObject(type_, step.resource.id, arguments)


def _policy_definition(step: Step) -> TerraformObject:
    """Return a definition; a subscription's is made in the provider's subscription."""
    found = _object(step)
    if found.scope.level not in (Level.MANAGEMENT_GROUP, Level.SUBSCRIPTION):
        raise CannotRender("a policy definition is in a subscription or group of them")
    at_group = found.scope.level is Level.MANAGEMENT_GROUP
    properties = found.properties
    arguments = (
        ("name", found.name),
        *((("management_group_id", found.path),) if at_group else ()),
        ("policy_type", "Custom"),
        ("mode", properties.get("mode") or "Indexed"),
        ("display_name", properties.get("displayName") or found.name),
        *_given(properties, ("description", "description")),
        *(
            (argument, minified(properties[name]))
            for argument, name in _POLICY_TEXTS
            if properties.get(name)
        ),
    )
    return TerraformObject("azurerm_policy_definition", step.resource.id, arguments)


_POLICY_TEXTS = (
    ("policy_rule", "policyRule"),
    ("parameters", "parameters"),
    ("metadata", "metadata"),
)


def _in_arm_only(_: Step) -> TerraformObject:
    raise CannotRender("it is in the ARM template and the Bicep file only")


def _delegation(step: Step) -> TerraformObject:
    found = _object(step)
    definition = _needed(found.properties, "registrationDefinitionId")
    return TerraformObject(
        "azurerm_lighthouse_assignment",
        step.resource.id,
        (
            ("name", found.name),
            ("scope", found.path),
            ("lighthouse_definition_id", definition),
        ),
    )


def _lock(step: Step) -> TerraformObject:
    found = _object(step)
    return TerraformObject(
        "azurerm_management_lock",
        step.resource.id,
        (
            ("name", found.name),
            ("scope", found.path),
            ("lock_level", _needed(found.properties, "level")),
            *_given(found.properties, ("notes", "notes")),
        ),
    )


def _membership(step: Step) -> TerraformObject:
    group, member = step.resource.id, step.resource.name
    return TerraformObject(
        "azuread_group_member",
        f"{group}/member/{member}",
        (("group_object_id", group), ("member_object_id", member)),
    )


def _deny_assignment(_: Step) -> TerraformObject:
    raise CannotRender("azurerm has no resource for deny assignments; use ARM or Bicep")


AZURE_OBJECTS: Objects = {
    ResourceKind.ROLE_DEFINITION: _role_definition,
    ResourceKind.ROLE_ASSIGNMENT: _role_assignment,
    ResourceKind.ROLE_ELIGIBILITY: _role_eligibility,
    ResourceKind.DENY_ASSIGNMENT: _deny_assignment,
    ResourceKind.POLICY_ASSIGNMENT: _policy_assignment,
    ResourceKind.POLICY_DEFINITION: _policy_definition,
    ResourceKind.POLICY_SET: _in_arm_only,
    ResourceKind.POLICY_EXEMPTION: _in_arm_only,
    ResourceKind.DELEGATION: _delegation,
    ResourceKind.LOCK: _lock,
    ResourceKind.MEMBERSHIP: _membership,
}

AZURE_ARGUMENTS: Arguments = {
    ResourceKind.IDENTITY: Argument(
        "azurerm_linux_virtual_machine or azurerm_windows_virtual_machine", "identity"
    ),
}
