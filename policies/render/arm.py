"""ARM templates: one JSON file per scope, for what is created or replaced.

Deployments add and never delete, so removals are left to the script beside them.
"""

from collections.abc import Sequence
from typing import Any

from policies.render.arm_objects import (
    ArmObject,
    Level,
    Scope,
    arm_object,
)
from policies.render.documents import pretty
from policies.render.steps import Action, CannotRender, Rendering, Step
from policies.render.text import is_text, label, texts_in

_SCHEMA = "https://schema.management.azure.com/schemas/{}#"
_SCHEMAS = {
    Level.TENANT: "2019-08-01/tenantDeploymentTemplate.json",
    Level.MANAGEMENT_GROUP: "2019-08-01/managementGroupDeploymentTemplate.json",
    Level.SUBSCRIPTION: "2018-05-01/subscriptionDeploymentTemplate.json",
    Level.RESOURCE_GROUP: "2019-04-01/deploymentTemplate.json",
}
_REMOVED = "deployments add and do not delete: run the script beside the template"

#: The objects of each deployment, in order.
Deployments = dict[tuple[str, str, str, str], list[tuple[Step, ArmObject]]]


def arm(steps: Sequence[Step]) -> Rendering:
    """Return a template per scope, each with the words that deploy it."""
    deployments, left_out = deployments_of(steps)
    files: dict[str, bytes] = {}
    for number, members in enumerate(deployments.values(), 1):
        scope = members[0][1].scope
        folder = f"arm/{folder_of(number, scope)}"
        files[f"{folder}/template.json"] = _template(scope, members)
    return Rendering(files, left_out)


def deployments_of(steps: Sequence[Step]) -> tuple[Deployments, dict[int, str]]:
    """Group the objects to deploy by scope; say which steps none deploys, and why."""
    left_out: dict[int, str] = {}
    found: Deployments = {}
    for step in steps:
        if not step.kind.startswith("azure."):
            continue
        try:
            if step.action is Action.REMOVE:
                raise CannotRender(_REMOVED)
            if not all(map(is_text, texts_in(step.after))):
                raise CannotRender("it holds half a character, which no file can")
            one = arm_object(step, step.after)
            found.setdefault(one.scope.key, []).append((step, one))
        except CannotRender as error:
            left_out[step.number] = str(error)
    return found, left_out


def folder_of(number: int, scope: Scope) -> str:
    """Return a folder name for a scope: its level, a number, and what it is called."""
    name = scope.resource_group or scope.subscription or scope.management_group
    return f"{number:02d}-{scope.level.lower()}-{label(number, name)}"


def _template(scope: Scope, members: Sequence[tuple[Step, ArmObject]]) -> bytes:
    resources: list[dict[str, Any]] = []
    for _, one in members:
        resource: dict[str, Any] = {
            "type": one.type,
            "apiVersion": one.api_version,
            "name": escaped(one.name),
        }
        if one.scope.resource:
            resource["scope"] = escaped(one.scope.resource)
        if resources:  # in order: what comes later may rest on what came before
            previous = members[len(resources) - 1][1]
            resource["dependsOn"] = [_reference(previous)]
        resource["properties"] = escaped(one.properties)
        resources.append(resource)
    return pretty(
        {
            "$schema": _SCHEMA.format(_SCHEMAS[scope.level]),
            "contentVersion": "1.0.0.0",
            "metadata": {"scope": escaped(scope.path)},
            "resources": resources,
        }
    ).encode()


def _reference(one: ArmObject) -> str:
    """Name another resource of the template for `dependsOn`."""
    path = "" if one.path == "/" else one.path
    return str(escaped(f"{path}/providers/{one.type}/{one.name}"))


def escaped(value: Any) -> Any:
    """Return a value in which no text is an expression: `[x]` becomes `[[x]`.

    Only text in brackets from end to end is an expression; what merely starts with one
    is itself, and a second bracket would stay in it.
    """
    if isinstance(value, dict):
        return {escaped(key): escaped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [escaped(inner) for inner in value]
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        return f"[{value}"
    return value
