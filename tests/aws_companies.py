"""Fill the AWS stand-in with an organization, through its own API."""

import json
from dataclasses import dataclass

from aws_server import ACCOUNT, AwsServer

HOME = "us-east-1"


@dataclass(frozen=True)
class Company:
    """What was made: ids, by what they are for."""

    organization: str
    prod: str
    dev: str
    closed: str
    unit: str
    guard_rail: str


def company(server: AwsServer, region: str) -> Company:
    """Make an organization: two active members, a closed one, an SCP on a unit.

    Identity Center lives in `region`: one permission set, one group with one person,
    assigned in the production account.
    """
    orgs = server.client("organizations", HOME)
    found = orgs.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    prod, dev, closed = (_member(orgs, name) for name in ("prod", "dev", "closed"))
    root = orgs.list_roots()["Roots"][0]["Id"]
    orgs.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    made = orgs.create_organizational_unit(ParentId=root, Name="workloads")
    unit = made["OrganizationalUnit"]["Id"]
    orgs.move_account(AccountId=prod, SourceParentId=root, DestinationParentId=unit)
    rail = _guard_rail(orgs, unit)
    orgs.close_account(AccountId=closed)
    _identity_center(server, region, prod)
    return Company(found, prod, dev, closed, unit, rail)


def _member(orgs, name: str) -> str:
    made = orgs.create_account(AccountName=name, Email=f"{name}@example.com")
    return made["CreateAccountStatus"]["AccountId"]


def _guard_rail(orgs, unit: str) -> str:
    deny = {"Effect": "Deny", "Action": "ssm:StartSession", "Resource": "*"}
    made = orgs.create_policy(
        Name="no-sessions",
        Description="-",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )
    policy = made["Policy"]["PolicySummary"]["Id"]
    orgs.attach_policy(PolicyId=policy, TargetId=unit)
    return policy


def _identity_center(server: AwsServer, region: str, account: str) -> None:
    sso, people = (
        server.client("sso-admin", region),
        server.client("identitystore", region),
    )
    instance = sso.list_instances()["Instances"][0]
    arn = {"InstanceArn": instance["InstanceArn"]}
    store = {"IdentityStoreId": instance["IdentityStoreId"]}
    made = sso.create_permission_set(Name="operators", **arn)["PermissionSet"]
    group = people.create_group(DisplayName="operators", **store)["GroupId"]
    user = people.create_user(
        UserName="kim",
        DisplayName="Kim",
        Name={"GivenName": "Kim", "FamilyName": "Lee"},
        Emails=[{"Value": "kim.private@example.com"}],
        **store,
    )["UserId"]
    people.create_group_membership(GroupId=group, MemberId={"UserId": user}, **store)
    sso.create_account_assignment(
        TargetId=account,
        TargetType="AWS_ACCOUNT",
        PermissionSetArn=made["PermissionSetArn"],
        PrincipalType="GROUP",
        PrincipalId=group,
        **arn,
    )
    server.answer(
        "sso-admin:ListAccountsForProvisionedPermissionSet", {"AccountIds": [account]}
    )
    boundary = "sso-admin:GetPermissionsBoundaryForPermissionSet"
    policy = {"ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    server.answer(boundary, {"PermissionsBoundary": policy})


def fleet(server: AwsServer, region: str, account: str = ACCOUNT) -> str:
    """Give a region a shared document, an association and a maintenance window.

    Returns the association's id. Secrets are planted where a scan must not keep them.
    """
    ssm = server.client("ssm", region, account)
    content = {"schemaVersion": "2.2", "description": "-", "mainSteps": []}
    ssm.create_document(
        Content=json.dumps(content), Name="own-document", DocumentType="Command"
    )
    ssm.modify_document_permission(
        Name="own-document", PermissionType="Share", AccountIdsToAdd=["222222222222"]
    )
    window = ssm.create_maintenance_window(
        Name="nightly",
        Schedule="rate(1 day)",
        Duration=2,
        Cutoff=1,
        AllowUnassociatedTargets=True,
    )["WindowId"]
    target = ssm.register_target_with_maintenance_window(
        WindowId=window,
        ResourceType="INSTANCE",
        Targets=[{"Key": "tag:Env", "Values": ["prod"]}],
    )["WindowTargetId"]
    ssm.register_task_with_maintenance_window(
        WindowId=window,
        TaskType="RUN_COMMAND",
        TaskArn="AWS-RunShellScript",
        Targets=[{"Key": "WindowTargetIds", "Values": [target]}],
        TaskParameters={"commands": {"Values": ["echo planted-secret"]}},
    )
    association = "a1b2c3d4-0000-4000-8000-000000000001"
    foreign = f"arn:aws:ssm:{region}:999999999999:document/theirs"
    row = {"AssociationId": association, "Name": foreign}
    server.answer(  # moto knows no document of another account
        "ssm:GetDocument", lambda p: {"Name": p["Name"], "Content": json.dumps(content)}
    )
    server.answer("ssm:ListAssociations", {"Associations": [row]}, region=region)
    server.answer(
        "ssm:DescribeAssociation",
        {
            "AssociationDescription": {
                **row,
                "Parameters": {"commands": ["echo planted-secret"]},
            }
        },
    )
    return association
