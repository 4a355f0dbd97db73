"""The answers of the AWS CLI by their members, as data."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from scanner.aws.arn import Arn, parse_arn
from scanner.evidence.importers.answers import ACCOUNT, Source, rows_of, texts

Body = dict[str, Any]
#: Finds what a call was asked for; empty when the file does not say it.
Take = Callable[[Source, Body], str]


class Reach(Enum):
    """What an answer is about."""

    REGION = "region"
    GLOBAL = "global"
    ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Shape:
    """How one operation's answer looks.

    Attributes:
        op: the operation.
        member: the member that holds what was asked for.
        row: a member of its rows, where other operations use the same `member`.
        arn: the member of its rows that tells account and region, if one does.
        params: what the call was asked for, and where to find it.
        filled: True when the answer has always rows: an empty one is another call's.
    """

    op: str
    member: str
    row: str = ""
    arn: str = ""
    reach: Reach = Reach.REGION
    params: Mapping[str, Take] = field(default_factory=dict)
    filled: bool = False

    def fits(self, body: Body) -> bool:
        """True when an answer has this shape."""
        if self.member not in body:
            return False
        rows = self._rows(body)
        if not rows:
            return not self.filled
        return not self.row or any(self.row in row for row in rows)

    def arns(self, body: Body) -> Iterator[Arn]:
        """Yield the ARNs of its rows that name an account."""
        found = (parse_arn(str(row.get(self.arn))) for row in self._rows(body))
        return (arn for arn in found if arn and ACCOUNT.fullmatch(arn.account))

    def _rows(self, body: Body) -> list[dict[str, Any]]:
        value = body[self.member]
        return rows_of(value) if isinstance(value, list | dict) else [body]


def _top(name: str) -> Take:
    return lambda source, body: str(body.get(name) or "")


def _in(member: str, name: str) -> Take:
    """Take a member that all rows agree on."""

    def take(source: Source, body: Body) -> str:
        found = texts(rows_of(body.get(member)), name)
        return found.pop() if len(found) == 1 else ""

    return take


def _named(pattern: str) -> Take:
    compiled = re.compile(pattern)
    return lambda source, body: source.named(compiled)


def _policy_type(source: Source, body: Body) -> str:
    name = source.path.name.upper().replace("-", "_")
    in_name = [kind for kind in _POLICY_TYPES if kind in name]
    return _in("Policies", "Type")(source, body) or next(iter(in_name), "")


def _policy_id(source: Source, body: Body) -> str:
    policy = rows_of(body.get("Policy"))
    summaries = [row for found in policy for row in rows_of(found.get("PolicySummary"))]
    return str(summaries[0].get("Id") or "") if summaries else ""


def _instance_arn(source: Source, body: Body) -> str:
    """Derive an Identity Center instance from one of its permission sets."""
    sets = body.get("PermissionSets") or []
    arns = texts(rows_of(body.get("AccountAssignments")), "PermissionSetArn")
    arns |= texts(rows_of(body.get("PermissionSet")), "PermissionSetArn")
    arns |= {arn for arn in sets if isinstance(arn, str)}
    found = {
        f"{head}:instance/{rest.split('/')[0]}"
        for head, _, rest in (arn.partition(":permissionSet/") for arn in arns)
        if rest
    }
    return found.pop() if len(found) == 1 else ""


_POLICY_TYPES = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_UNIT = r"(?<![0-9a-z])(?:r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})"
_PARENT = _named(_UNIT)
_TARGET = _named(rf"{_UNIT}|(?<![0-9])[0-9]{{12}}(?![0-9])")
_MEMBER_ACCOUNT = _named(r"(?<![0-9])[0-9]{12}(?![0-9])")


def _iam(name: str, member: str) -> Shape:
    return Shape(f"iam:{name}", member, arn="Arn", reach=Reach.GLOBAL)


def _ssm(name: str, member: str, row: str = "", **params: Take) -> Shape:
    return Shape(f"ssm:{name}", member, row, params=params)


def _organizations(name: str, member: str, row: str = "", **params: Take) -> Shape:
    op = f"organizations:{name}"
    return Shape(op, member, row, "Arn", Reach.ORGANIZATION, params)


def _identity(op: str, member: str, row: str = "", **params: Take) -> Shape:
    return Shape(op, member, row, reach=Reach.ORGANIZATION, params=params)


#: Of shapes that fit, the first whose parameters are found is taken.
SHAPES = (
    Shape("sts:GetCallerIdentity", "UserId", "Account", "Arn", Reach.GLOBAL),
    _iam("ListInstanceProfiles", "InstanceProfiles"),
    _iam("ListSAMLProviders", "SAMLProviderList"),
    _iam("ListOpenIDConnectProviders", "OpenIDConnectProviderList"),
    _iam("GetAccountSummary", "SummaryMap"),
    _iam("ListAccountAliases", "AccountAliases"),
    Shape("ec2:DescribeRegions", "Regions", "RegionName", reach=Reach.GLOBAL),
    Shape("ec2:GetSerialConsoleAccessStatus", "SerialConsoleAccessEnabled"),
    Shape(
        "ec2:DescribeInstanceConnectEndpoints",
        "InstanceConnectEndpoints",
        arn="InstanceConnectEndpointArn",
    ),
    Shape("ec2:DescribeLaunchTemplates", "LaunchTemplates"),
    _ssm("ListDocuments", "DocumentIdentifiers"),
    _ssm("GetDocument", "Content", "DocumentType", Name=_top("Name")),
    _ssm("DescribeDocumentPermission", "AccountSharingInfoList", Name=_top("Name")),
    _ssm("ListAssociations", "Associations", "AssociationId"),
    _ssm(
        "DescribeAssociation",
        "AssociationDescription",
        AssociationId=_in("AssociationDescription", "AssociationId"),
    ),
    _ssm("DescribeMaintenanceWindows", "WindowIdentities"),
    _ssm(
        "DescribeMaintenanceWindowTargets",
        "Targets",
        "WindowTargetId",
        WindowId=_in("Targets", "WindowId"),
    ),
    _ssm(
        "DescribeMaintenanceWindowTasks",
        "Tasks",
        "WindowTaskId",
        WindowId=_in("Tasks", "WindowId"),
    ),
    Shape(
        "ssm:GetServiceSetting",
        "ServiceSetting",
        arn="ARN",
        params={"SettingId": _in("ServiceSetting", "SettingId")},
    ),
    _ssm("DescribeActivations", "ActivationList"),
    Shape("lambda:ListFunctions", "Functions", "FunctionArn", "FunctionArn"),
    Shape("events:ListRules", "Rules", "EventBusName", "Arn"),
    Shape("scheduler:ListSchedules", "Schedules", "Arn", "Arn"),
    Shape("states:ListStateMachines", "stateMachines", arn="stateMachineArn"),
    _organizations("DescribeOrganization", "Organization", "MasterAccountId"),
    _organizations("ListRoots", "Roots"),
    _organizations("ListAccountsForParent", "Accounts", "Arn", ParentId=_PARENT),
    replace(_organizations("ListAccounts", "Accounts", "Arn"), filled=True),
    _organizations(
        "ListOrganizationalUnitsForParent", "OrganizationalUnits", ParentId=_PARENT
    ),
    _organizations(
        "ListPoliciesForTarget",
        "Policies",
        "AwsManaged",
        TargetId=_TARGET,
        Filter=_policy_type,
    ),
    _organizations("DescribePolicy", "Policy", "PolicySummary", PolicyId=_policy_id),
    _organizations("ListDelegatedAdministrators", "DelegatedAdministrators"),
    _organizations(
        "ListDelegatedServicesForAccount",
        "DelegatedServices",
        AccountId=_MEMBER_ACCOUNT,
    ),
    _organizations("ListAWSServiceAccessForOrganization", "EnabledServicePrincipals"),
    _identity("sso-admin:ListInstances", "Instances", "IdentityStoreId"),
    _identity(
        "sso-admin:ListPermissionSets", "PermissionSets", InstanceArn=_instance_arn
    ),
    _identity(
        "sso-admin:DescribePermissionSet",
        "PermissionSet",
        InstanceArn=_instance_arn,
        PermissionSetArn=_in("PermissionSet", "PermissionSetArn"),
    ),
    _identity(
        "sso-admin:ListAccountAssignments",
        "AccountAssignments",
        InstanceArn=_instance_arn,
        AccountId=_in("AccountAssignments", "AccountId"),
        PermissionSetArn=_in("AccountAssignments", "PermissionSetArn"),
    ),
    _identity(
        "identitystore:ListUsers",
        "Users",
        "IdentityStoreId",
        IdentityStoreId=_in("Users", "IdentityStoreId"),
    ),
    _identity(
        "identitystore:ListGroups",
        "Groups",
        "IdentityStoreId",
        IdentityStoreId=_in("Groups", "IdentityStoreId"),
    ),
    _identity(
        "identitystore:ListGroupMemberships",
        "GroupMemberships",
        IdentityStoreId=_in("GroupMemberships", "IdentityStoreId"),
        GroupId=_in("GroupMemberships", "GroupId"),
    ),
)
