"""Whose request it is: the members that only one cloud's requests have."""

from collections.abc import Collection
from enum import Enum

from scanner.simulation.errors import MalformedRequest

AWS_MEMBERS = frozenset(
    {
        "Id",
        "ActionNames",
        "CallerArn",
        "ContextEntries",
        "ContextIsComplete",
        "Marker",
        "MaxItems",
        "PermissionsBoundaryPolicyInputList",
        "PolicyInputList",
        "ResourceArns",
        "ResourceControlPolicyInputList",
        "ResourceHandlingOption",
        "ResourceOwner",
        "ResourcePolicy",
        "ServiceControlPolicyInputList",
        "SessionPolicyInputList",
    }
)
AZURE_MEMBERS = frozenset(
    {
        "id",
        "denyAssignments",
        "isDataAction",
        "locks",
        "managementGroups",
        "memberOf",
        "operation",
        "principalId",
        "roleAssignments",
        "roleDefinitions",
        "scope",
    }
)


class Cloud(Enum):
    """Which engine decides a request."""

    AWS = "AWS"
    AZURE = "Azure"


def cloud_of(names: Collection[str]) -> Cloud:
    """Tell whose request it is; a misspelt member beside is the engine's to refuse.

    Raises:
        MalformedRequest: members of neither cloud, or of both.
    """
    if AWS_MEMBERS.issuperset(names) and names:
        return Cloud.AWS
    aws = sorted(AWS_MEMBERS.intersection(names))
    azure = sorted(AZURE_MEMBERS.intersection(names))
    if aws and azure:
        reason = f"has members of both clouds: {aws[0]} and {azure[0]}"
        raise MalformedRequest("", reason)
    if not aws and not azure:
        reason = "neither ActionNames (AWS) nor operation (Azure) is there"
        raise MalformedRequest("", reason)
    return Cloud.AWS if aws else Cloud.AZURE
