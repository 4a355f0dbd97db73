"""Builders of Azure Policy evidence, and a plain evaluator of policy rules.

The evaluator looks at one resource that is written, as the rules are documented; it
knows nothing of the engine's own.
"""

import re

from azure_estates import AUTHORIZATION, at_root

VM = "Microsoft.Compute/virtualMachines"
SCALE_SET = "Microsoft.Compute/virtualMachineScaleSets"
ARC = "Microsoft.HybridCompute/machines"
EXTENSIONS = f"{VM}/extensions"
RUN_COMMANDS = f"{VM}/runCommands"
KIND = f"{EXTENSIONS}/type"
BUILT_IN = (
    f"/providers/{AUTHORIZATION}/policyDefinitions/c0e996f8-39cf-4af9-9f45-83fbde810432"
)


def is_type(*types):
    return {"field": "type", "in": list(types)}


def definition(name, rule, scope="", mode="All", effect="deny", parameters=None):
    """A policy definition; without a scope it is a built-in one."""
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/policyDefinitions/{name}",
        "name": name,
        "properties": {
            "displayName": name,
            "mode": mode,
            "parameters": parameters or {},
            "policyRule": {"if": rule, "then": {"effect": effect}},
        },
    }


def initiative(name, members, scope="", parameters=None):
    """An initiative of (definition id, its parameters) named `m0`, `m1`, …"""
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/policySetDefinitions/{name}",
        "name": name,
        "properties": {
            "parameters": parameters or {},
            "policyDefinitions": [
                {
                    "policyDefinitionId": id_,
                    "policyDefinitionReferenceId": f"m{n}",
                    "parameters": {k: {"value": v} for k, v in given.items()},
                }
                for n, (id_, given) in enumerate(members)
            ],
        },
    }


def assigned(scope, definition_id, name="guard", parameters=None, **more):
    """A policy assignment."""
    given = {k: {"value": v} for k, v in (parameters or {}).items()}
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/policyAssignments/{name}",
        "name": name,
        "properties": {
            "displayName": name,
            "scope": scope,
            "policyDefinitionId": definition_id,
            "parameters": given,
            "enforcementMode": "Default",
            **more,
        },
    }


def exemption(scope, assignment, name="ex", **more):
    """An exemption from an assignment (a row)."""
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/policyExemptions/{name}",
        "name": name,
        "properties": {
            "policyAssignmentId": assignment["id"],
            "exemptionCategory": "Waiver",
            **more,
        },
    }


def policy_lines(assignments=(), definitions=(), sets=(), exemptions=()):
    """The lists of policies, asked at the root."""
    return [
        at_root("policyAssignments", assignments),
        at_root("policyDefinitions", definitions),
        at_root("policySetDefinitions", sets),
        at_root("policyExemptions", exemptions),
    ]


# -- a plain evaluator -----------------------------------------------------------------


def matches(rule, resource):
    """Say whether a rule's `if` holds for a resource: type and members, in lower case.

    Knows plain values only.
    """
    if "allOf" in rule:
        return all(matches(part, resource) for part in rule["allOf"])
    if "anyOf" in rule:
        return any(matches(part, resource) for part in rule["anyOf"])
    if "not" in rule:
        return not matches(rule["not"], resource)
    (operator,) = rule.keys() - {"field"}
    value = resource.get(rule["field"].lower())
    return _compared(operator, value, rule[operator])


def _compared(operator, value, against):
    if operator.startswith("not"):
        positive = operator[3].lower() + operator[4:]
        return not _compared(positive, value, against)
    if operator == "exists":
        return (value is not None) is against
    if value is None:
        return False
    value = value.lower()
    if operator == "in":
        return value in [one.lower() for one in against]
    if operator == "equals":
        return value == against.lower()
    if operator == "contains":
        return against.lower() in value
    assert operator == "like"
    return bool(re.fullmatch(against.lower().replace("*", ".*"), value))


def admits(rest, resource):
    """Say whether a resource meets any of the alternatives that remain."""
    return any(
        all(
            _compared("exists", resource.get(c.key.lower()), c.operator == "exists")
            if c.operator in ("exists", "notExists")
            else _compared(
                c.operator,
                resource.get(c.key.lower()),
                list(c.values) if c.operator in ("in", "notIn") else c.values[0],
            )
            for c in alternative
        )
        for alternative in rest
    )
