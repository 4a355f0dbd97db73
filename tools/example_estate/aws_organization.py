"""The AWS organisation of Meridian Foods: tree, guard rails, Identity Center."""

import json
from typing import Any

from tools.example_estate.iam import allow, document
from tools.example_estate.writing import Writer

ORG, ROOT = "o-merid1an00", "r-mf01"
MANAGEMENT, AUDIT = "100000000011", "100000000022"
PROD, STAGING, BUILD, SANDBOX = (
    "200000000033",
    "200000000044",
    "200000000055",
    "200000000066",
)
CLOSED = "200000000077"
PARTNER = "444455556666"  # Vantage Managed Services, an outside company

NAMES = {
    MANAGEMENT: "meridian-management",
    AUDIT: "meridian-audit",
    PROD: "shop-prod",
    STAGING: "shop-staging",
    BUILD: "build",
    SANDBOX: "sandbox",
    CLOSED: "old-lab",
}
UNITS = {
    "ou-mf01-security": ("Security", ROOT),
    "ou-mf01-workloads": ("Workloads", ROOT),
    "ou-mf01-prod": ("Prod", "ou-mf01-workloads"),
    "ou-mf01-nonprod": ("NonProd", "ou-mf01-workloads"),
    "ou-mf01-sandbox": ("Sandbox", ROOT),
}
PARENTS = {
    MANAGEMENT: ROOT,
    AUDIT: "ou-mf01-security",
    PROD: "ou-mf01-prod",
    STAGING: "ou-mf01-nonprod",
    BUILD: "ou-mf01-nonprod",
    SANDBOX: "ou-mf01-sandbox",
    CLOSED: "ou-mf01-sandbox",
}
_OPS_ROLES = [
    "arn:aws:iam::*:role/run-ops/*",
    "arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_PlatformAdmin_*",
]


def _deny(sid: str, body: dict[str, Any]) -> dict[str, Any]:
    return document({"Sid": sid, "Effect": "Deny", **body})


POLICIES = {
    "p-FullAWSAccess": document(allow("*")),
    "p-mfregion": _deny(
        "HomeRegions",
        {
            "NotAction": ["iam:*", "organizations:*", "sts:*", "support:*"],
            "Resource": "*",
            "Condition": {
                "StringNotEquals": {
                    "aws:RequestedRegion": ["eu-west-1", "eu-central-1"]
                }
            },
        },
    ),
    "p-mfpayments": _deny(
        "PaymentsByRunOps",
        {
            "Action": ["ssm:SendCommand", "ssm:StartSession"],
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {
                "StringEquals": {"aws:ResourceTag/Payments": "true"},
                "ArnNotLike": {"aws:PrincipalArn": _OPS_ROLES},
            },
        },
    ),
    "p-mfsandbox": _deny(
        "NoAutomation",
        {"Action": ["ssm:StartAutomationExecution"], "Resource": "*"},
    ),
}
ATTACHED = {
    "ou-mf01-workloads": ["p-mfregion"],
    "ou-mf01-prod": ["p-mfpayments"],
    "ou-mf01-sandbox": ["p-mfsandbox"],
}
INSTANCE = "arn:aws:sso:::instance/ssoins-6804b9a1c2d3e4f5"
STORE = "d-93670c1a2b"
_SET = INSTANCE.replace("instance", "permissionSet")
SETS = {
    "PlatformAdmin": f"{_SET}/ps-00aa11bb22cc33dd",
    "ShopOperator": f"{_SET}/ps-11bb22cc33dd44ee",
    "ReadOnly": f"{_SET}/ps-22cc33dd44ee55ff",
}
PEOPLE = {
    "u-ana": "ana.petrov",
    "u-bo": "bo.lindqvist",
    "u-chi": "chi.okafor",
    "u-dev": "dev.ramanathan",
    "u-eli": "eli.moreau",
}
GROUPS = {
    "g-platform": ("platform-admins", ("u-ana", "u-bo")),
    "g-shop": ("shop-operators", ("u-chi", "u-dev", "u-eli")),
}
ASSIGNMENTS = [
    (account, SETS["PlatformAdmin"], "GROUP", "g-platform")
    for account in (PROD, STAGING, BUILD, SANDBOX)
] + [
    (PROD, SETS["ShopOperator"], "GROUP", "g-shop"),
    (STAGING, SETS["ShopOperator"], "GROUP", "g-shop"),
    (SANDBOX, SETS["PlatformAdmin"], "USER", "u-chi"),
]


def operator_policy(account: str) -> dict[str, Any]:
    """Return what shop operators may do: named documents on the shop's own nodes."""
    nodes = f"arn:aws:ec2:*:{account}:instance/*"
    team = {"StringEquals": {"aws:ResourceTag/Team": "shop"}}
    names = ["AWS-RunPatchBaseline", "AWS-GatherSoftwareInventory"]
    papers = [f"arn:aws:ssm:*::document/{name}" for name in names]
    own = f"arn:aws:ssm:*:{account}:document/Meridian-RotateLogs"
    return document(
        allow("ssm:SendCommand", nodes, sid="ShopNodes", when=team),
        allow("ssm:SendCommand", [*papers, own], sid="NamedDocuments"),
        allow(["ssm:ListCommands", "ssm:GetCommandInvocation"], sid="SeeOutcome"),
    )


def write_organization(log: Writer) -> None:
    """Write the management account's view of the organisation."""
    head = f"arn:aws:organizations::{MANAGEMENT}"
    enabled = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    organization = {
        "Id": ORG,
        "Arn": f"{head}:organization/{ORG}",
        "FeatureSet": "ALL",
        "MasterAccountId": MANAGEMENT,
        "MasterAccountArn": f"{head}:account/{ORG}/{MANAGEMENT}",
        "AvailablePolicyTypes": enabled,
    }
    log.answer("organizations:DescribeOrganization", {"Organization": organization})
    root = {"Id": ROOT, "Arn": f"{head}:root/{ORG}/{ROOT}", "Name": "Root"}
    log.answer("organizations:ListRoots", {"Roots": [{**root, "PolicyTypes": enabled}]})
    log.answer("organizations:ListAccounts", {"Accounts": [_account(a) for a in NAMES]})
    for parent in (ROOT, *UNITS):
        _write_children(log, parent)
    _write_policies(log)
    _write_delegation(log)
    _write_identity_center(log)


def _account(number: str) -> dict[str, Any]:
    arn = f"arn:aws:organizations::{MANAGEMENT}:account/{ORG}/{number}"
    status = "SUSPENDED" if number == CLOSED else "ACTIVE"
    mail = f"aws+{NAMES[number]}@meridian.example"
    named = {"Id": number, "Arn": arn, "Name": NAMES[number], "Email": mail}
    joined = "INVITED" if number == MANAGEMENT else "CREATED"
    return {**named, "Status": status, "JoinedMethod": joined}


def _write_children(log: Writer, parent: str) -> None:
    units = [
        {
            "Id": unit,
            "Arn": f"arn:aws:organizations::{MANAGEMENT}:ou/{ORG}/{unit}",
            "Name": name,
        }
        for unit, (name, above) in UNITS.items()
        if above == parent
    ]
    log.answer(
        "organizations:ListOrganizationalUnitsForParent",
        {"OrganizationalUnits": units},
        ParentId=parent,
    )
    accounts = [_account(a) for a, above in PARENTS.items() if above == parent]
    log.answer(
        "organizations:ListAccountsForParent", {"Accounts": accounts}, ParentId=parent
    )


def _summary(policy: str) -> dict[str, Any]:
    own = policy != "p-FullAWSAccess"
    owner = f"{MANAGEMENT}:policy/{ORG}" if own else "aws:policy"
    arn = f"arn:aws:organizations::{owner}/service_control_policy/{policy}"
    named = {"Id": policy, "Arn": arn, "Name": policy.removeprefix("p-")}
    return {**named, "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": not own}


def _write_policies(log: Writer) -> None:
    for target in (ROOT, *UNITS, *NAMES):
        attached = ["p-FullAWSAccess", *ATTACHED.get(target, [])]
        log.answer(
            "organizations:ListPoliciesForTarget",
            {"Policies": [_summary(policy) for policy in attached]},
            TargetId=target,
            Filter="SERVICE_CONTROL_POLICY",
        )
        log.answer(
            "organizations:ListPoliciesForTarget",
            {"Policies": []},
            TargetId=target,
            Filter="RESOURCE_CONTROL_POLICY",
        )
    for policy, body in POLICIES.items():
        content = {"PolicySummary": _summary(policy), "Content": json.dumps(body)}
        log.answer("organizations:DescribePolicy", {"Policy": content}, PolicyId=policy)


def _write_delegation(log: Writer) -> None:
    log.answer(
        "organizations:ListDelegatedAdministrators",
        {"DelegatedAdministrators": [_account(AUDIT)]},
    )
    services = [
        {"ServicePrincipal": "guardduty.amazonaws.com"},
        {"ServicePrincipal": "ssm.amazonaws.com"},
    ]
    log.answer(
        "organizations:ListDelegatedServicesForAccount",
        {"DelegatedServices": services},
        AccountId=AUDIT,
    )
    trusted = [{"ServicePrincipal": "sso.amazonaws.com"}, *services]
    log.answer(
        "organizations:ListAWSServiceAccessForOrganization",
        {"EnabledServicePrincipals": trusted},
    )


def _write_identity_center(log: Writer) -> None:
    instance = {"InstanceArn": INSTANCE, "IdentityStoreId": STORE}
    where = {"region": "eu-west-1"}
    log.answer("sso-admin:ListInstances", {"Instances": [instance]}, **where)
    sets = {"PermissionSets": list(SETS.values())}
    log.answer("sso-admin:ListPermissionSets", sets, **where, InstanceArn=INSTANCE)
    for name, arn in SETS.items():
        _write_permission_set(log, name, arn)
    users = [
        {"UserId": key, "UserName": name, "IdentityStoreId": STORE}
        for key, name in PEOPLE.items()
    ]
    log.answer(
        "identitystore:ListUsers", {"Users": users}, **where, IdentityStoreId=STORE
    )
    groups = [
        {"GroupId": key, "DisplayName": name, "IdentityStoreId": STORE}
        for key, (name, _) in GROUPS.items()
    ]
    log.answer(
        "identitystore:ListGroups", {"Groups": groups}, **where, IdentityStoreId=STORE
    )
    for key, (_, members) in GROUPS.items():
        rows = [
            {
                "MembershipId": f"m-{key}-{user}",
                "GroupId": key,
                "MemberId": {"UserId": user},
            }
            for user in members
        ]
        log.answer(
            "identitystore:ListGroupMemberships",
            {"GroupMemberships": rows},
            **where,
            IdentityStoreId=STORE,
            GroupId=key,
        )


def _write_permission_set(log: Writer, name: str, arn: str) -> None:
    both = {"region": "eu-west-1", "InstanceArn": INSTANCE, "PermissionSetArn": arn}
    body = {"PermissionSet": {"Name": name, "PermissionSetArn": arn}}
    log.answer("sso-admin:DescribePermissionSet", body, **both)
    managed = {"PlatformAdmin": "AdministratorAccess", "ReadOnly": "ReadOnlyAccess"}
    attached = [
        {"Name": managed[name], "Arn": f"arn:aws:iam::aws:policy/{managed[name]}"}
        for _ in range(name in managed)
    ]
    log.answer(
        "sso-admin:ListManagedPoliciesInPermissionSet",
        {"AttachedManagedPolicies": attached},
        **both,
    )
    inline = json.dumps(operator_policy("*")) if name == "ShopOperator" else ""
    log.answer(
        "sso-admin:GetInlinePolicyForPermissionSet", {"InlinePolicy": inline}, **both
    )
    for account in (PROD, STAGING, BUILD, SANDBOX):
        rows = [
            {
                "AccountId": account,
                "PermissionSetArn": arn,
                "PrincipalType": kind,
                "PrincipalId": who,
            }
            for where, what, kind, who in ASSIGNMENTS
            if (where, what) == (account, arn)
        ]
        log.answer(
            "sso-admin:ListAccountAssignments",
            {"AccountAssignments": rows},
            **both,
            AccountId=account,
        )
