"""Objects of Azure Policy as ARM takes them, from what the estate keeps of them."""

from collections.abc import Mapping
from typing import Any

from scanner.azure.policies.model import (
    Parameters,
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
    PolicySet,
)


def policy_json(
    one: PolicyAssignment | PolicyDefinition | PolicySet | PolicyExemption,
) -> dict[str, Any]:
    """Return an object with the members that decide something; others are not kept."""
    return {"id": one.id, "properties": _properties(one)}


def _properties(
    one: PolicyAssignment | PolicyDefinition | PolicySet | PolicyExemption,
) -> Mapping[str, Any]:
    match one:
        case PolicyAssignment():
            return {
                "displayName": one.name,
                "scope": one.scope,
                "policyDefinitionId": one.definition,
                "parameters": _given(one.parameters),
                "notScopes": list(one.spared),
                "enforcementMode": "Default" if one.enforced else "DoNotEnforce",
            }
        case PolicyDefinition():
            defaults = {n: {"defaultValue": v} for n, v in one.defaults.items()}
            return {"mode": one.mode, "policyRule": one.rule, "parameters": defaults}
        case PolicySet():
            members = [
                {
                    "policyDefinitionId": member.definition,
                    "policyDefinitionReferenceId": member.reference,
                    "parameters": _given(member.parameters),
                }
                for member in one.members
            ]
            defaults = {n: {"defaultValue": v} for n, v in one.defaults.items()}
            return {"policyDefinitions": members, "parameters": defaults}
        case PolicyExemption():
            return {
                "policyAssignmentId": one.assignment,
                "policyDefinitionReferenceIds": sorted(one.references),
                "exemptionCategory": "Waiver",
            }


def _given(parameters: Parameters) -> dict[str, Any]:
    return {name: {"value": value} for name, value in parameters.items()}
