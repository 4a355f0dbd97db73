"""The shape that each answer must have, and how it is paged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: The SDK's service name where it is not the API's (`states:ListStateMachines`).
_SDK_SERVICES = {"states": "stepfunctions"}


@dataclass(frozen=True, slots=True)
class Report:
    """How an answer says that the report which it is about is not made yet.

    Attributes:
        member: of the answer.
        made: its value once the report is there.
        pending: its values until then.
    """

    member: str
    made: str
    pending: frozenset[str]


@dataclass(frozen=True, slots=True)
class Shape:
    """What has to be in every page of an answer.

    Attributes:
        lists: members that must be there and be lists, empty or not.
        members: members that must be there and not be null.
        token_in, token_out: request and answer member of the page token, if paged.
        more: member that says whether there are further pages, if the API has one.
        limit: request member and value that ask for large pages.
        absent: error codes that mean "there is none": an answer, not a fault.
        optional: members whose absence means the same; spelled rightly where there.
        report: says when there is something to read at all, for reports.
    """

    lists: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    token_in: str | None = None
    token_out: str | None = None
    more: str | None = None
    limit: tuple[str, int] | None = None
    absent: frozenset[str] = frozenset()
    optional: tuple[str, ...] = ()
    report: Report | None = None


#: Operations for which the SDK has no paginator, some paged all the same.
_OWN: Mapping[str, Shape] = {
    "sts:GetCallerIdentity": Shape(members=("Account", "Arn")),
    "sts:AssumeRole": Shape(members=("Credentials",)),
    "iam:ListSAMLProviders": Shape(lists=("SAMLProviderList",)),
    "iam:ListOpenIDConnectProviders": Shape(lists=("OpenIDConnectProviderList",)),
    "iam:GetOpenIDConnectProvider": Shape(members=("Url",)),
    "iam:GetAccountSummary": Shape(members=("SummaryMap",)),
    "iam:GetPolicy": Shape(members=("Policy",)),
    "iam:GetPolicyVersion": Shape(members=("PolicyVersion",)),
    "iam:GenerateCredentialReport": Shape(
        members=("State",),
        report=Report("State", "COMPLETE", frozenset({"STARTED", "INPROGRESS"})),
    ),
    "iam:GetCredentialReport": Shape(members=("Content", "GeneratedTime")),
    "iam:GenerateServiceLastAccessedDetails": Shape(members=("JobId",)),
    "iam:GetServiceLastAccessedDetails": Shape(
        ("ServicesLastAccessed",),
        *((), "Marker", "Marker", "IsTruncated", ("MaxItems", 1000)),
        report=Report("JobStatus", "COMPLETED", frozenset({"IN_PROGRESS"})),
    ),
    "iam:ListDelegationRequests": Shape(
        ("DelegationRequests",), (), "Marker", "Marker", "isTruncated"
    ),
    "ec2:DescribeRegions": Shape(lists=("Regions",)),
    "ec2:GetSerialConsoleAccessStatus": Shape(members=("SerialConsoleAccessEnabled",)),
    "ssm:GetDocument": Shape(members=("Name", "Content")),
    "ssm:DescribeDocumentPermission": Shape(
        ("AccountIds",), (), "NextToken", "NextToken"
    ),
    "ssm:DescribeAssociation": Shape(members=("AssociationDescription",)),
    "ssm:GetServiceSetting": Shape(members=("ServiceSetting",)),
    "organizations:DescribeOrganization": Shape(members=("Organization",)),
    "organizations:DescribePolicy": Shape(members=("Policy",)),
    "sso-admin:DescribePermissionSet": Shape(members=("PermissionSet",)),
    # An empty string or no member at all both mean: no inline policy.
    "sso-admin:GetInlinePolicyForPermissionSet": Shape(optional=("InlinePolicy",)),
    "sso-admin:GetPermissionsBoundaryForPermissionSet": Shape(
        members=("PermissionsBoundary",),
        absent=frozenset({"ResourceNotFoundException"}),
    ),
    "cloudformation:DescribeStackSet": Shape(members=("StackSet",)),
    "fis:GetExperimentTemplate": Shape(members=("experimentTemplate",)),
    "codedeploy:GetDeploymentGroup": Shape(members=("deploymentGroupInfo",)),
    # Where Incident Manager is not set up, a list without parameters is not valid.
    "ssm-incidents:ListResponsePlans": Shape(
        ("responsePlanSummaries",),
        (),
        "nextToken",
        "nextToken",
        absent=frozenset({"ResourceNotFoundException", "ValidationException"}),
    ),
    "ssm-incidents:GetResponsePlan": Shape(members=("arn",)),
    "scheduler:GetSchedule": Shape(members=("Arn",)),
    "states:DescribeStateMachine": Shape(members=("roleArn",)),
    "config:DescribeRemediationConfigurations": Shape(
        lists=("RemediationConfigurations",)
    ),
}

#: Page sizes well above the small default of some services.
_LIMITS = {
    "iam:GetAccountAuthorizationDetails": 1000,
    "ec2:DescribeInstances": 1000,
    "ssm:DescribeInstanceInformation": 50,
    "ssm:ListDocuments": 50,
}


def sdk_service(op: str) -> str:
    """Return the SDK's name of an operation's service."""
    service = op.partition(":")[0]
    return _SDK_SERVICES.get(service, service)


def shape_of(op: str, paginators: Mapping[str, Any]) -> Shape:
    """Return the shape that an operation's answers must have.

    `paginators`: the `pagination` member of the SDK's paginator file of the service. An
    operation that neither it nor the table above knows is a mistake in this program.

    Raises:
        KeyError: the operation is in neither.
    """
    if op in _OWN:
        return _OWN[op]
    found = paginators[op.partition(":")[2]]
    keys, size = found["result_key"], _LIMITS.get(op)
    return Shape(
        lists=tuple(keys) if isinstance(keys, list) else (keys,),
        token_in=found["input_token"],
        token_out=found["output_token"],
        more=found.get("more_results"),
        limit=(found["limit_key"], size) if size else None,
    )
