"""The built-in policy on VM extensions, for estates that do not hold its definition.

Written down from its documentation (version 1.0.0): only extensions of approved types
may be installed on VMs. Its effect is to audit, unless an assignment says `Deny`.
"""

from collections.abc import Mapping

from scanner.azure.policies.model import PolicyDefinition

APPROVED_EXTENSIONS = (
    "/providers/Microsoft.Authorization/policyDefinitions/"
    "c0e996f8-39cf-4af9-9f45-83fbde810432"
)
_TYPE = "Microsoft.Compute/virtualMachines/extensions"

BUILT_IN: Mapping[str, PolicyDefinition] = {
    APPROVED_EXTENSIONS.lower(): PolicyDefinition(
        APPROVED_EXTENSIONS,
        "indexed",
        {
            "if": {
                "allOf": [
                    {"field": "type", "equals": _TYPE},
                    {
                        "field": f"{_TYPE}/type",
                        "notIn": "[parameters('approvedExtensions')]",
                    },
                ]
            },
            "then": {"effect": "[parameters('effect')]"},
        },
        {"effect": "Audit"},
    )
}
