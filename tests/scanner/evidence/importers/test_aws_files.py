"""AWS CLI JSON: recognised by its members, placed by what it says."""

import json

import pytest

from scanner.coverage import coverage_of
from scanner.errors import UsageError
from scanner.evidence.importers import import_files
from scanner.evidence.reader import open_estate

ACCOUNT, OTHER, MANAGEMENT = "111122223333", "444455556666", "999988887777"
REGION = "eu-west-1"
NODES = "ssm:DescribeInstanceInformation"
SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"


def principal(kind="role", account=ACCOUNT, partition="aws"):
    return {"Arn": f"arn:{partition}:iam::{account}:{kind}/x"}


def details(**lists):
    empty = {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": []}
    return {**empty, "Policies": [principal("policy", "aws")], **lists}


def reservation(*ids, zone="eu-west-1a", owner=ACCOUNT):
    placement = {"AvailabilityZone": zone}
    instances = [{"InstanceId": one, "Placement": placement} for one in ids]
    return {"OwnerId": owner, "Instances": instances}


def nodes(*ids):
    return {"InstanceInformationList": [{"InstanceId": one} for one in ids]}


def organization_arn(kind):
    return f"arn:aws:organizations::{MANAGEMENT}:{kind}/o-1/x"


def do(root, files, **options):
    """Import files (content by name) and return the report."""
    paths = []
    for name, content in files.items():
        path = root / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        paths.append(path)
    return import_files(paths, root / "estate", **options)


def series(root):
    """Operation, account, region and parameters of everything in the estate."""
    evidence = open_estate(root / "estate")
    return {
        (key.op, key.account, key.region, key.params): partition.name
        for partition in evidence.partitions("aws")
        for key in partition.series
    }


def only(root, files, **options):
    """What a single file becomes: operation, account, region, parameters, file."""
    report = do(root, files, **options)
    assert not report.refused, report.refused
    ((key, name),) = series(root).items()
    return (*key, name)


IAM = "iam:GetAccountAuthorizationDetails"


@pytest.mark.parametrize(
    ("content", "region"),
    [
        (details(RoleDetailList=[principal()]), "us-east-1"),
        (details(UserDetailList=[principal("user")]), "us-east-1"),
        (details(RoleDetailList=[principal(partition="aws-cn")]), "cn-north-1"),
        (
            details(GroupDetailList=[principal("group", partition="aws-us-gov")]),
            "us-gov-west-1",
        ),
        ({"RoleDetailList": [principal()]}, "us-east-1"),
    ],
)
def test_an_account_is_known_by_its_principals(tmp_path, content, region):
    expected = (IAM, ACCOUNT, region, "{}", ACCOUNT)

    assert only(tmp_path, {"x.json": content}, account=OTHER) == expected


def test_the_answer_is_kept_as_it_is(tmp_path):
    content = details(
        RoleDetailList=[{**principal(), "Path": "/é/"}], IsTruncated=False
    )
    do(tmp_path, {"x.json": content})

    (found,) = (
        open_estate(tmp_path / "estate").partition(f"aws/{ACCOUNT}.jsonl").of(IAM)
    )
    assert list(found.plain()) == [content]


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("eu-west-1b", "eu-west-1"),
        ("us-west-2-lax-1a", "us-west-2"),
        ("us-gov-east-1c", "us-gov-east-1"),
        ("ap-southeast-4a", "ap-southeast-4"),
    ],
)
def test_instances_are_placed_by_owner_and_zone(tmp_path, zone, region):
    content = {"Reservations": [reservation("i-1", zone=zone)]}
    options = {"account": OTHER, "region": "sa-east-1"}
    expected = ("ec2:DescribeInstances", ACCOUNT, region, "{}", ACCOUNT)

    assert only(tmp_path, {"x.json": content}, **options) == expected


def test_merged_instances_of_several_places_are_split(tmp_path):
    rows = [
        reservation("i-1"),
        reservation("i-2", zone="us-east-1a"),
        reservation("i-3", owner=OTHER),
        reservation("i-4"),
    ]
    report = do(tmp_path, {"x.json": {"Reservations": rows}})

    found = [(one.scope, one.region, one.rows) for one in report.files[0].imported]
    assert found == [
        (ACCOUNT, "eu-west-1", 2),
        (ACCOUNT, "us-east-1", 1),
        (OTHER, "eu-west-1", 1),
    ]


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({"x.json": nodes("i-1")}, {"account": ACCOUNT, "region": REGION}),
        ({"x.json": nodes()}, {"account": ACCOUNT, "region": REGION}),
        ({f"nodes_{ACCOUNT}_{REGION}.json": nodes("mi-1")}, {}),
        ({f"{REGION}.json": nodes("mi-1")}, {"account": ACCOUNT}),
    ],
)
def test_nodes_are_placed_by_options_or_else_by_the_file_s_name(
    tmp_path, files, options
):
    expected = (NODES, ACCOUNT, REGION, "{}", ACCOUNT)

    assert only(tmp_path, files, **options) == expected


def test_nodes_are_placed_by_the_instances_that_they_are(tmp_path):
    """Whatever the order of the files; a hybrid node goes with the others."""
    files = {
        "a.json": nodes("i-1", "mi-1"),
        "b.json": {"Reservations": [reservation("i-1")]},
    }
    report = do(tmp_path, files, account=OTHER, region="sa-east-1")

    assert not report.refused
    assert (NODES, ACCOUNT, REGION, "{}") in series(tmp_path)
    assert report.files[0].imported[0].rows == 2


def test_nodes_are_placed_by_instances_of_an_earlier_import(tmp_path):
    do(tmp_path, {"b.json": {"Reservations": [reservation("i-1")]}})
    do(tmp_path, {"a.json": nodes("i-1")})

    assert (NODES, ACCOUNT, REGION, "{}") in series(tmp_path)


@pytest.mark.parametrize(
    ("content", "options", "hint"),
    [
        (nodes("mi-1"), {}, "--account"),
        (nodes("mi-1"), {"account": ACCOUNT}, "--region"),
        (nodes("mi-1"), {"region": REGION}, "--account"),
        ({"Reservations": []}, {"account": ACCOUNT}, "--region"),
        ({"Reservations": [{"OwnerId": ACCOUNT}]}, {}, "--region"),
        ({"Reservations": [reservation("i-1", owner="")]}, {}, "--account"),
        ({"DocumentIdentifiers": []}, {"region": REGION}, "--account"),
        (details(), {}, "--account"),
        ({"SummaryMap": {}}, {}, "--account"),
    ],
)
def test_what_a_file_does_not_say_is_asked_for_by_name(
    tmp_path, content, options, hint
):
    report = do(tmp_path, {"x.json": content}, **options)

    assert hint in report.refused[0].refusal
    assert not (tmp_path / "estate").exists()


ORG = {"account": MANAGEMENT}
PLACE = {"account": ACCOUNT, "region": REGION}


@pytest.mark.parametrize(
    ("name", "content", "op", "params"),
    [
        ("x", {"DocumentIdentifiers": [{"Name": "d"}]}, "ssm:ListDocuments", {}),
        (
            "x",
            {"Name": "d", "Content": "{}", "DocumentType": "Command"},
            "ssm:GetDocument",
            {"Name": "d"},
        ),
        (
            "x",
            {"AccountIds": ["all"], "AccountSharingInfoList": [], "Name": "d"},
            "ssm:DescribeDocumentPermission",
            {"Name": "d"},
        ),
        (
            "x",
            {"Associations": [{"AssociationId": "a", "Name": "d"}]},
            "ssm:ListAssociations",
            {},
        ),
        ("x", {"Associations": []}, "ssm:ListAssociations", {}),
        (
            "x",
            {"AssociationDescription": {"AssociationId": "a"}},
            "ssm:DescribeAssociation",
            {"AssociationId": "a"},
        ),
        ("x", {"WindowIdentities": []}, "ssm:DescribeMaintenanceWindows", {}),
        (
            "x",
            {"Targets": [{"WindowId": "mw-1", "WindowTargetId": "t"}]},
            "ssm:DescribeMaintenanceWindowTargets",
            {"WindowId": "mw-1"},
        ),
        (
            "x",
            {"Tasks": [{"WindowId": "mw-1", "WindowTaskId": "t"}]},
            "ssm:DescribeMaintenanceWindowTasks",
            {"WindowId": "mw-1"},
        ),
        (
            "x",
            {"ServiceSetting": {"SettingId": "/ssm/x", "SettingValue": "$None"}},
            "ssm:GetServiceSetting",
            {"SettingId": "/ssm/x"},
        ),
        ("x", {"ActivationList": []}, "ssm:DescribeActivations", {}),
        (
            "x",
            {"SerialConsoleAccessEnabled": False},
            "ec2:GetSerialConsoleAccessStatus",
            {},
        ),
        (
            "x",
            {"InstanceConnectEndpoints": []},
            "ec2:DescribeInstanceConnectEndpoints",
            {},
        ),
    ],
)
def test_regional_answers_are_recognised(tmp_path, name, content, op, params):
    expected = (op, ACCOUNT, REGION, json.dumps(params, separators=(",", ":")), ACCOUNT)

    assert only(tmp_path, {name: content}, **PLACE) == expected


@pytest.mark.parametrize(
    ("content", "op"),
    [
        (
            {
                "UserId": "A",
                "Account": ACCOUNT,
                "Arn": f"arn:aws:iam::{ACCOUNT}:user/x",
            },
            "sts:GetCallerIdentity",
        ),
        ({"SAMLProviderList": [principal("saml-provider")]}, "iam:ListSAMLProviders"),
        (
            {"OpenIDConnectProviderList": [principal("oidc-provider")]},
            "iam:ListOpenIDConnectProviders",
        ),
        (
            {"InstanceProfiles": [principal("instance-profile")]},
            "iam:ListInstanceProfiles",
        ),
    ],
)
def test_global_answers_are_placed_by_their_arns(tmp_path, content, op):
    expected = (op, ACCOUNT, "us-east-1", "{}", ACCOUNT)

    assert only(tmp_path, {"x": content}) == expected


POLICY = {"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}
MEMBER = {"Id": ACCOUNT, "Arn": organization_arn("account"), "JoinedMethod": "CREATED"}
UNIT = {"Id": "ou-ab12-cdef3456", "Arn": organization_arn("ou")}


@pytest.mark.parametrize(
    ("name", "content", "op", "params"),
    [
        (
            "x",
            {"Organization": {"MasterAccountId": MANAGEMENT, "Id": "o-1"}},
            "DescribeOrganization",
            {},
        ),
        ("x", {"Roots": [{"Arn": organization_arn("root")}]}, "ListRoots", {}),
        ("list-accounts", {"Accounts": [MEMBER]}, "ListAccounts", {}),
        (
            "list-accounts-for-parent-r-ab12",
            {"Accounts": [MEMBER]},
            "ListAccountsForParent",
            {"ParentId": "r-ab12"},
        ),
        (
            "ou-ab12-cdef3456",
            {"Accounts": []},
            "ListAccountsForParent",
            {"ParentId": "ou-ab12-cdef3456"},
        ),
        (
            "units-r-ab12",
            {"OrganizationalUnits": [UNIT]},
            "ListOrganizationalUnitsForParent",
            {"ParentId": "r-ab12"},
        ),
        (
            f"policies_{ACCOUNT}",
            {"Policies": [POLICY]},
            "ListPoliciesForTarget",
            {"Filter": POLICY["Type"], "TargetId": ACCOUNT},
        ),
        (
            "resource-control-policy-ou-ab12-cdef3456",
            {"Policies": []},
            "ListPoliciesForTarget",
            {"Filter": "RESOURCE_CONTROL_POLICY", "TargetId": "ou-ab12-cdef3456"},
        ),
        (
            "x",
            {"Policy": {"PolicySummary": POLICY, "Content": "{}"}},
            "DescribePolicy",
            {"PolicyId": "p-1"},
        ),
        (
            "x",
            {"DelegatedAdministrators": [MEMBER]},
            "ListDelegatedAdministrators",
            {},
        ),
        (
            f"services-{ACCOUNT}",
            {"DelegatedServices": []},
            "ListDelegatedServicesForAccount",
            {"AccountId": ACCOUNT},
        ),
        (
            "x",
            {"EnabledServicePrincipals": []},
            "ListAWSServiceAccessForOrganization",
            {},
        ),
    ],
)
def test_organizations_answers_go_to_the_organization(
    tmp_path, name, content, op, params
):
    found = only(tmp_path, {name: content}, **ORG)

    text = json.dumps(params, separators=(",", ":"))
    expected = (f"organizations:{op}", MANAGEMENT, "us-east-1", text, "organization")
    assert found == expected


@pytest.mark.parametrize(
    ("content", "op", "params"),
    [
        (
            {"Instances": [{"InstanceArn": "a", "IdentityStoreId": "d-1"}]},
            "sso-admin:ListInstances",
            {},
        ),
        (
            {"PermissionSets": [SET]},
            "sso-admin:ListPermissionSets",
            {"InstanceArn": "arn:aws:sso:::instance/ssoins-1"},
        ),
        (
            {"PermissionSet": {"PermissionSetArn": SET}},
            "sso-admin:DescribePermissionSet",
            {
                "InstanceArn": "arn:aws:sso:::instance/ssoins-1",
                "PermissionSetArn": SET,
            },
        ),
        (
            {"AccountAssignments": [{"AccountId": ACCOUNT, "PermissionSetArn": SET}]},
            "sso-admin:ListAccountAssignments",
            {
                "AccountId": ACCOUNT,
                "InstanceArn": "arn:aws:sso:::instance/ssoins-1",
                "PermissionSetArn": SET,
            },
        ),
        (
            {"Users": [{"IdentityStoreId": "d-1", "UserId": "u"}]},
            "identitystore:ListUsers",
            {"IdentityStoreId": "d-1"},
        ),
        (
            {"GroupMemberships": [{"IdentityStoreId": "d-1", "GroupId": "g"}]},
            "identitystore:ListGroupMemberships",
            {"GroupId": "g", "IdentityStoreId": "d-1"},
        ),
    ],
)
def test_identity_center_answers_go_to_the_organization(tmp_path, content, op, params):
    found = only(tmp_path, {"x": content})

    assert (found[0], found[3], found[4]) == (
        op,
        json.dumps(params, separators=(",", ":")),
        "organization",
    )


@pytest.mark.parametrize(
    ("name", "content", "missing"),
    [
        ("units", {"OrganizationalUnits": [UNIT]}, "ParentId"),
        ("accounts-for-parent", {"Accounts": []}, "ParentId"),
        ("for-target", {"Policies": [POLICY]}, "TargetId"),
        ("r-ab12", {"Policies": []}, "Filter"),
        ("x", {"AccountIds": [], "AccountSharingInfoList": []}, "Name"),
        ("x", {"Targets": []}, "WindowId"),
        ("x", {"DelegatedServices": []}, "AccountId"),
    ],
)
def test_what_a_call_was_asked_for_is_never_guessed(tmp_path, name, content, missing):
    report = do(tmp_path, {name: content}, **PLACE)

    assert f"the {missing} it was asked for" in report.refused[0].refusal


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"Organization": {"MasterAccountId": "x"}, "Roots": []}, "several answers"),
        (
            details(RoleDetailList=[principal(), principal(account=OTHER)]),
            "several accounts",
        ),
        ({"Reservations": ["r-1"]}, "not an object"),
        ({"InstanceInformationList": [None]}, "not an object"),
        ({"Policies": [{"PolicyName": "x", "Arn": "arn:aws:iam::1:policy/x"}]}, "not"),
        ({"Buckets": []}, "not recognised"),
        ({}, "not recognised"),
        ("[]", "empty list"),
        ("7", "not recognised"),
        ("null", "not recognised"),
    ],
)
def test_what_is_not_recognised_is_refused(tmp_path, content, reason):
    report = do(tmp_path, {"x.json": content}, **PLACE)

    assert reason in report.refused[0].refusal
    assert str(tmp_path / "x.json") in report.refused[0].refusal
    assert not (tmp_path / "estate").exists()


@pytest.mark.parametrize(
    ("more", "complete"),
    [
        ({}, True),
        ({"IsTruncated": False}, True),
        ({"IsTruncated": True, "Marker": "m"}, False),
        ({"NextToken": "t"}, False),
        ({"NextToken": None}, True),
    ],
)
def test_an_export_that_stopped_early_is_incomplete(tmp_path, more, complete):
    content = details(RoleDetailList=[principal()], **more)

    report = do(tmp_path, {"x.json": content})

    assert report.files[0].imported[0].complete is complete
    coverage = coverage_of(open_estate(tmp_path / "estate"))
    assert coverage.complete is complete


@pytest.mark.parametrize(
    "options",
    [
        {"account": "../../etc"},
        {"account": "1234"},
        {"region": "../x"},
        {"region": "Ireland"},
        {"tenant": "contoso.com"},
    ],
)
def test_an_option_that_names_nothing_is_wrong_usage(tmp_path, options):
    with pytest.raises(UsageError, match=next(iter(options))):
        do(tmp_path, {"x.json": details()}, **options)


@pytest.mark.parametrize("owner", ["../../../tmp/x", "1", 7, None])
def test_an_owner_that_is_no_account_names_no_file(tmp_path, owner):
    content = {"Reservations": [reservation("i-1", owner=owner)]}

    assert only(tmp_path, {"x.json": content}, **PLACE)[4] == ACCOUNT
