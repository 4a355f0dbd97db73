"""Every AWS operation that evidence may hold: the right it needs, what rests on it.

The collector asks nothing that is not in `COLLECTED` (and, for `scan --usage` alone, in
`USAGE`), and `permissions_policy` is made from the same tables: the policy people grant
and the calls made can never differ.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from scanner.operations import Operation, Weight

#: Where the IAM prefix of a right is not the API's own (`sso-admin:ListInstances`).
_IAM_PREFIX = {"sso-admin": "sso", "accessanalyzer": "access-analyzer"}

#: Answered for whoever can sign a request: no policy has to allow it.
NO_PERMISSION_NEEDED = frozenset({"sts:GetCallerIdentity"})
ASSUME_ROLE = "sts:AssumeRole"


def _operations(
    names: str, weight: Weight, effect: str, *, loaded: bool = True
) -> tuple[Operation, ...]:
    """Make operations from `service:One Two other:Three`, all with the same effect."""
    service, found = "", []
    for word in names.split():
        head, _, name = word.rpartition(":")
        service = head or service
        prefix = _IAM_PREFIX.get(service, service)
        permission = f"{prefix}:{name}"
        found.append(Operation(f"{service}:{name}", permission, weight, effect, loaded))
    return tuple(found)


_ACCOUNT = (
    *_operations(
        "sts:GetCallerIdentity AssumeRole",
        Weight.REFINING,
        "the account could not be entered: nothing about it is known",
    ),
    *_operations(
        "iam:GetAccountAuthorizationDetails",
        Weight.BASE,
        "everything about the account's principals is unknown",
    ),
    *_operations(
        "iam:GetPolicy GetPolicyVersion",
        Weight.RESTRICTING,
        "permissions boundaries that the account's policy list leaves out are unknown",
    ),
    *_operations(
        "iam:ListOpenIDConnectProviders GetOpenIDConnectProvider ListSAMLProviders",
        Weight.REFINING,
        "where federated principals come from is unknown; trust policies still count",
    ),
    *_operations(
        "iam:ListInstanceProfiles",
        Weight.REFINING,
        "the role behind an instance profile is known from roles only",
    ),
    *_operations(
        "iam:ListDelegationRequests",
        Weight.REFINING,
        "temporary delegation to partners is unknown",
    ),
    *_operations(
        "iam:GetAccountSummary ListAccountAliases",
        Weight.REFINING,
        "the account's name and quotas are unknown; defaults are used",
    ),
)
_EC2 = (
    *_operations(
        "ec2:DescribeInstances",
        Weight.BASE,
        "which EC2 instances exist is unknown",
    ),
    *_operations(
        "ec2:DescribeRegions",
        Weight.REFINING,
        "which regions are switched on is unknown",
    ),
    *_operations(
        "ec2:DescribeIamInstanceProfileAssociations",
        Weight.REFINING,
        "instance profiles that are being replaced are unknown",
        loaded=False,
    ),
    *_operations(
        "ec2:GetSerialConsoleAccessStatus DescribeInstanceConnectEndpoints",
        Weight.REFINING,
        "whether serial console and Instance Connect lead to a VM is unknown",
    ),
    *_operations(
        "autoscaling:DescribeAutoScalingGroups",
        Weight.REFINING,
        "who can change what the instances of a group run at boot is not covered",
    ),
    *_operations(
        "ec2:DescribeLaunchTemplates",
        Weight.REFINING,
        "which group takes which launch template is not known",
        loaded=False,
    ),
)
_SSM = (
    *_operations(
        "ssm:DescribeInstanceInformation",
        Weight.BASE,
        "which nodes are registered, and whether they are online, is unknown",
    ),
    *_operations(
        "ssm:GetServiceSetting DescribeActivations",
        Weight.REFINING,
        "whether further nodes could become managed is unknown",
    ),
    *_operations(
        "ssm:ListDocuments GetDocument DescribeDocumentPermission",
        Weight.REFINING,
        "what SSM documents do and who shares them is unknown: any code is assumed",
    ),
    *_operations(
        "ssm:ListAssociations DescribeAssociation DescribeMaintenanceWindows "
        "DescribeMaintenanceWindowTargets DescribeMaintenanceWindowTasks",
        Weight.REFINING,
        "which nodes run a poisoned document or a rewritten task is unknown",
    ),
)
_SERVICES = (
    *_operations(
        "lambda:ListFunctions events:ListRules ListTargetsByRule "
        "states:ListStateMachines DescribeStateMachine "
        "cloudformation:DescribeStacks ListStackSets DescribeStackSet "
        "fis:ListExperimentTemplates GetExperimentTemplate "
        "ssm-incidents:ListResponsePlans GetResponsePlan "
        "codedeploy:ListApplications ListDeploymentGroups GetDeploymentGroup "
        "elasticbeanstalk:DescribeEnvironments",
        Weight.REFINING,
        "ways through what already runs with a role are not covered",
    ),
    *_operations(
        "scheduler:ListSchedules GetSchedule "
        "config:DescribeConfigRules DescribeRemediationConfigurations "
        "rolesanywhere:ListTrustAnchors ListProfiles",
        Weight.REFINING,
        "ways through services that already run with a role are unknown",
        loaded=False,
    ),
)
_ORGANIZATION = (
    *_operations(
        "organizations:DescribeOrganization ListRoots "
        "ListOrganizationalUnitsForParent ListAccountsForParent "
        "ListPoliciesForTarget DescribePolicy",
        Weight.RESTRICTING,
        "service and resource control policies are unknown: they may take access away",
    ),
    *_operations(
        "organizations:ListAccounts",
        Weight.REFINING,
        "whether a foreign account is one of the organization's is unknown",
    ),
    *_operations(
        "organizations:ListDelegatedAdministrators ListDelegatedServicesForAccount "
        "ListAWSServiceAccessForOrganization",
        Weight.REFINING,
        "delegated administration is unknown",
    ),
)
_IDENTITY_CENTER = (
    *_operations(
        "sso-admin:ListInstances ListPermissionSets DescribePermissionSet "
        "ListManagedPoliciesInPermissionSet "
        "ListCustomerManagedPolicyReferencesInPermissionSet "
        "GetInlinePolicyForPermissionSet GetPermissionsBoundaryForPermissionSet "
        "ListAccountsForProvisionedPermissionSet ListAccountAssignments",
        Weight.REFINING,
        "the people behind Identity Center roles are unknown; the roles still count",
    ),
    *_operations(
        "sso-admin:ListTrustedTokenIssuers",
        Weight.REFINING,
        "outside token issuers that Identity Center trusts are unknown",
        loaded=False,
    ),
    *_operations(
        "identitystore:ListUsers ListGroups ListGroupMemberships",
        Weight.REFINING,
        "Identity Center groups are not expanded to people",
    ),
)
#: The two that generate change nothing of the account: each has AWS write down a
#: report about it, which the other two read. IAM files all four under "Read".
_USAGE = (
    *_operations(
        "iam:GenerateCredentialReport GetCredentialReport",
        Weight.REFINING,
        "passwords, access keys and MFA of IAM users, and when they were last used, "
        "are unknown",
    ),
    *_operations(
        "iam:GenerateServiceLastAccessedDetails GetServiceLastAccessedDetails",
        Weight.REFINING,
        "when principals last used what they may do is unknown",
    ),
)
_UNDERSTOOD_ONLY = (
    *_operations(
        "ec2:DescribeVpcEndpoints",
        Weight.REFINING,
        "network paths are unknown",
        loaded=False,
    ),
)


def _table(operations: Iterable[Operation]) -> Mapping[str, Operation]:
    return {operation.op: operation for operation in operations}


#: What the collector may call; anything else is refused before it is sent.
COLLECTED = _table(
    (*_ACCOUNT, *_EC2, *_SSM, *_SERVICES, *_ORGANIZATION, *_IDENTITY_CENTER)
)
#: What it may call besides when usage was asked for, and never otherwise.
USAGE = _table(_USAGE)
#: What evidence may hold, other people's files included.
OPERATIONS: Mapping[str, Operation] = {
    **COLLECTED,
    **USAGE,
    **_table(_UNDERSTOOD_ONLY),
}


def permissions_policy(
    member_role: str | None = None, partition: str = "aws", *, usage: bool = False
) -> dict[str, Any]:
    """Return the least privilege of a scan as an IAM policy document.

    `member_role`: the role that `scan --org --role-name` enters in member accounts; the
    caller then also needs sts:AssumeRole on it, in a statement of its own. `usage`: add
    what only `scan --usage` asks, in a statement of its own too.
    """
    central = {operation.op for operation in (*_ORGANIZATION, *_IDENTITY_CENTER)}
    statements = [
        _statement("ReadAccount", COLLECTED.keys() - central),
        _statement("ReadOrganizationAndIdentityCenter", central),
    ]
    if usage:
        statements.append(_statement("ReadUsage", USAGE))
    if member_role:
        resource = f"arn:{partition}:iam::*:role/{member_role}"
        assume = {"Effect": "Allow", "Action": [ASSUME_ROLE], "Resource": resource}
        statements.append({"Sid": "EnterMemberAccounts", **assume})
    return {"Version": "2012-10-17", "Statement": statements}


def _statement(sid: str, operations: Iterable[str]) -> dict[str, Any]:
    asked = set(operations) - NO_PERMISSION_NEEDED - {ASSUME_ROLE}
    actions = sorted({OPERATIONS[op].permission for op in asked})
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*"}
