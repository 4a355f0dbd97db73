"""What is not kept: members that may hold secrets or personal data, never needed here.

Everything else of an answer is recorded as the API gave it. User data and parameter
values are never even asked for.
"""

from collections.abc import Mapping
from typing import Any

_Path = tuple[str, ...]

#: Operation to the members that are dropped, as paths through lists and objects;
#: `*` stands for every member of an object.
DROPPED: Mapping[str, tuple[_Path, ...]] = {
    "lambda:ListFunctions": (("Functions", "Environment"),),
    "ssm:DescribeAssociation": (("AssociationDescription", "Parameters"),),
    "ssm:DescribeMaintenanceWindowTasks": (("Tasks", "TaskParameters"),),
    "events:ListTargetsByRule": (
        ("Targets", "Input"),
        ("Targets", "InputTransformer"),
        ("Targets", "HttpParameters"),
    ),
    "cloudformation:DescribeStacks": (
        ("Stacks", "Parameters"),
        ("Stacks", "Outputs"),
    ),
    "cloudformation:DescribeStackSet": (
        ("StackSet", "TemplateBody"),
        ("StackSet", "Parameters"),
    ),
    "fis:GetExperimentTemplate": (
        ("experimentTemplate", "actions", "*", "parameters", "documentParameters"),
    ),
    "ssm-incidents:GetResponsePlan": (
        ("actions", "ssmAutomation", "parameters"),
        ("integrations",),
        ("incidentTemplate",),
    ),
    "scheduler:GetSchedule": (("Target", "Input"),),
    "config:DescribeConfigRules": (("ConfigRules", "InputParameters"),),
    "organizations:DescribeOrganization": (("Organization", "MasterAccountEmail"),),
    "organizations:ListAccounts": (("Accounts", "Email"),),
    "organizations:ListAccountsForParent": (("Accounts", "Email"),),
    "organizations:ListDelegatedAdministrators": (
        ("DelegatedAdministrators", "Email"),
    ),
    "identitystore:ListUsers": (
        ("Users", "Addresses"),
        ("Users", "PhoneNumbers"),
        ("Users", "Emails"),
        ("Users", "Birthdate"),
        ("Users", "Photos"),
    ),
}


def minimise(op: str, page: dict[str, Any]) -> dict[str, Any]:
    """Return a page without the members that are not kept (changed in place)."""
    for path in DROPPED.get(op, ()):
        _drop(page, path)
    return page


def _drop(node: Any, path: _Path) -> None:
    if isinstance(node, list):
        for item in node:
            _drop(item, path)
    elif isinstance(node, dict) and path[0] == "*":
        _drop(list(node.values()), path[1:])
    elif isinstance(node, dict) and len(path) == 1:
        node.pop(path[0], None)
    elif isinstance(node, dict):
        _drop(node.get(path[0]), path[1:])
