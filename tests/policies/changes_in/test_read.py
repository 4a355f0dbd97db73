"""Files as people have them: which object they are about, and what it shall hold."""

import json
from urllib.parse import quote

import aws_estates as a
import azure_estates as z
import pytest

from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.changes_in.names import Names
from policies.changes_in.read import Reader
from policies.changes_in.settle import settled
from scanner.aws.load import load_aws
from scanner.errors import UnusableInput

RUN = a.allow("ssm:SendCommand")
DOC = a.policy(RUN)
TEXT = json.dumps(DOC)
TRUST = a.policy(a.trusting({"AWS": a.PARTNER}))
IAM = f"arn:aws:iam::{a.ACCOUNT}:"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
SET = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
GUARD = a.control("p-guard001", a.deny("ssm:*"))
FENCE = a.control("p-fence001", {**a.deny("sts:AssumeRole"), "Principal": "*"})
ROLE = z.role("ops", z.block([z.RUN]))
ASSIGNED = z.assignment("alice", "ops", z.rg_scope())


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    root = tmp_path_factory.mktemp("read")
    aws = load_aws(
        a.estate(
            root / "aws",
            a.account(
                a.role("ops", RUN, path="/team/"),
                a.user("alice", groups=["crew"]),
                a.group("crew"),
                a.managed_policy("run", RUN),
            ),
            a.organization(
                a.unit("Work", a.member(a.ACCOUNT), scps=(a.FULL, GUARD), rcps=(FENCE,))
            ),
        )
    )
    azure = z.loaded(root / "azure", z.tenant_lines([ROLE], [ASSIGNED]))
    index = AwsIndex(aws)
    return Reader(index, AzureIndex(azure), Names(index, a.ACCOUNT))


def read(reader, tmp_path, body, prefix=""):
    file = tmp_path / "change.json"
    file.write_text(body if isinstance(body, str) else json.dumps(body))
    return reader.change(f"{prefix}{file}")


def shown(wanted):
    return [(w.resource.kind.value, w.resource.id, w.resource.name) for w in wanted]


OPS = f"{IAM}role/team/ops"


@pytest.mark.parametrize(
    ("body", "expected", "held"),
    [
        (
            {"PolicyArn": f"{IAM}policy/run", "PolicyDocument": TEXT},
            ("aws.managed-policy", f"{IAM}policy/run", ""),
            DOC,
        ),
        (
            {"UserName": "new", "Path": "/x/", "Tags": []},
            ("aws.user", f"{IAM}user/x/new", ""),
            {"UserName": "new"},
        ),
        (
            {"User": {"UserName": "new", "Arn": f"{IAM}user/y/new", "Path": "/y/"}},
            ("aws.user", f"{IAM}user/y/new", ""),
            {"UserName": "new"},
        ),
        (
            {"GroupName": "new"},
            ("aws.group", f"{IAM}group/new", ""),
            {"GroupName": "new"},
        ),
        (
            {"Group": {"GroupName": "new", "Path": "/"}},
            ("aws.group", f"{IAM}group/new", ""),
            {"GroupName": "new"},
        ),
        (
            {"PolicyName": "new", "PolicyDocument": TEXT, "Path": "/x/"},
            ("aws.managed-policy", f"{IAM}policy/x/new", ""),
            DOC,
        ),
        (
            {"RoleName": "ops", "PolicyName": "p", "PolicyDocument": DOC},
            ("aws.inline-policy", OPS, "p"),
            DOC,
        ),
        (
            {"UserName": "alice", "PolicyName": "p", "PolicyDocument": quote(TEXT)},
            ("aws.inline-policy", f"{IAM}user/alice", "p"),
            DOC,
        ),
        (
            {"GroupName": "crew", "PolicyName": "p", "PolicyDocument": DOC},
            ("aws.inline-policy", f"{IAM}group/crew", "p"),
            DOC,
        ),
        (
            {"RoleName": "ops", "PolicyDocument": json.dumps(TRUST)},
            ("aws.trust", OPS, ""),
            TRUST,
        ),
        (
            {"Role": {"RoleName": "ops", "Arn": OPS,
                      "AssumeRolePolicyDocument": TRUST}},
            ("aws.trust", OPS, ""),
            TRUST,
        ),
        (
            {"RoleName": "fresh", "AssumeRolePolicyDocument": json.dumps(TRUST)},
            ("aws.trust", f"{IAM}role/fresh", ""),
            TRUST,
        ),
        (
            {"RoleName": "ops", "PolicyArn": ADMIN},
            ("aws.attachment", OPS, ADMIN),
            {"PolicyArn": ADMIN},
        ),
        (
            {"RoleName": "ops", "PermissionsBoundary": ADMIN},
            ("aws.boundary", OPS, ""),
            {"PermissionsBoundary": ADMIN},
        ),
        (
            {"GroupName": "crew", "UserName": "alice"},
            ("aws.group-member", f"{IAM}group/crew", f"{IAM}user/alice"),
            {"UserArn": f"{IAM}user/alice"},
        ),
        (
            {"PolicyId": "p-guard001", "Content": TEXT},
            ("aws.scp", "p-guard001", ""),
            DOC,
        ),
        (
            {"PolicyId": "p-fence001", "Content": TEXT},
            ("aws.rcp", "p-fence001", ""),
            DOC,
        ),
        (
            {"Policy": {"PolicySummary": {"Id": "p-guard001"}, "Content": TEXT}},
            ("aws.scp", "p-guard001", ""),
            DOC,
        ),
        (
            {"Name": "n", "Type": "SERVICE_CONTROL_POLICY", "Content": TEXT},
            ("aws.scp", "n", ""),
            DOC,
        ),
        (
            {"PolicyId": "p-guard001", "TargetId": a.ACCOUNT},
            ("aws.control-attachment", a.ACCOUNT, "p-guard001"),
            {"PolicyId": "p-guard001", "TargetId": a.ACCOUNT},
        ),
        (
            {"PermissionSetArn": SET, "InlinePolicy": TEXT},
            ("aws.permission-set-inline", SET, ""),
            DOC,
        ),
        (
            {"PermissionSetArn": SET, "ManagedPolicyArn": ADMIN},
            ("aws.permission-set-policy", SET, ADMIN),
            {"PolicyArn": ADMIN},
        ),
        (ASSIGNED, ("azure.role-assignment", ASSIGNED["id"], ""), ASSIGNED),
        (ROLE, ("azure.role-definition", ROLE["id"], ""), ROLE),
        (
            {"value": [ASSIGNED]},
            ("azure.role-assignment", ASSIGNED["id"], ""),
            ASSIGNED,
        ),
    ],
)  # fmt: skip
def test_content_that_names_its_object(reader, tmp_path, body, expected, held):
    wanted = read(reader, tmp_path, body)

    assert shown(wanted) == [expected]
    assert wanted[0].body == held


def test_a_row_that_the_azure_cli_flattened(reader, tmp_path):
    flat = {"id": ASSIGNED["id"], **ASSIGNED["properties"]}

    (wanted,) = read(reader, tmp_path, [flat])

    assert wanted.body["properties"] == ASSIGNED["properties"]


@pytest.mark.parametrize("upper", [True, False])
def test_a_custom_role_as_the_azure_cli_takes_it(reader, tmp_path, upper):
    """A role of that name is changed; names may begin with either case."""
    members = {
        "name": "OPS",
        "isCustom": True,
        "actions": ["*/read"],
        "assignableScopes": [z.subscription_scope()],
    }
    if upper:
        members = {name[:1].upper() + name[1:]: v for name, v in members.items()}

    (wanted,) = read(reader, tmp_path, members)

    assert wanted.resource.id == ROLE["id"]
    assert wanted.body["properties"]["permissions"] == [{"actions": ["*/read"]}]


def test_a_custom_role_of_a_new_name_is_a_new_role(reader, tmp_path):
    members = {"Name": "new", "Actions": [], "AssignableScopes": ["/subscriptions/s"]}

    (wanted,) = read(reader, tmp_path, members)

    assert wanted.resource.id.startswith("/subscriptions/s/providers/")


def test_a_request_to_remove_an_eligibility_deletes_it(reader, tmp_path):
    row = z.eligible("bob", "ops", z.rg_scope(), requestType="AdminRemove")

    (wanted,) = read(reader, tmp_path, row)

    assert wanted.body is None


@pytest.mark.parametrize(
    ("prefix", "body"),
    [
        (f"{OPS}/inline/p=", DOC),
        (f"{OPS}/inline/p=", {"PolicyName": "other", "PolicyDocument": quote(TEXT)}),
        (f"{IAM}policy/run=", {"PolicyVersion": {"Document": DOC, "VersionId": "v3"}}),
        ("p-guard001=", DOC),
        ("p-guard001=", {"Policy": {"Content": TEXT}}),
        (f"{SET}/inline=", {"InlinePolicy": TEXT}),
    ],
)
def test_a_document_whose_object_is_named_beside_it(reader, tmp_path, prefix, body):
    (wanted,) = read(reader, tmp_path, body, prefix)

    assert wanted.body == DOC


def test_files_and_names_may_hold_an_equals_sign(reader, tmp_path):
    file = tmp_path / "a=b.json"
    file.write_text(TEXT)

    (wanted,) = reader.change(f"{OPS}/inline/x=y={file}")

    assert wanted.resource.name == "x=y"


def test_what_a_name_alone_tells_needs_no_file(reader):
    (wanted,) = reader.change(f"{OPS}/attached/{ADMIN}")

    assert wanted.body == {"PolicyArn": ADMIN}
    assert reader.delete(f"{OPS}/attached/{ADMIN}").body is None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{", "change.json:1:"),
        ('{"Statement": [], "Statement": []}', "twice"),
        ('{"RoleName": "ops", "PolicyName": "p", "PolicyDocument": "{"}', "document"),
        (
            {"RoleName": "ops", "PolicyName": "p",
             "PolicyDocument": '{"Statement": [], "Statement": 1}'},
            "twice",
        ),
        (DOC, "does not say where"),
        ({"PolicyVersion": {"Document": DOC}}, "does not say where"),
        ({"Role": {}}, "AssumeRolePolicyDocument"),
        ({"Hello": 1}, "not recognised"),
        ([1], "no object"),
        ({"id": "/subscriptions/x/resourceGroups/y"}, "no object that access"),
        ({"RoleName": 1, "PolicyArn": ADMIN}, "RoleName is no text"),
        ({"Policy": {}}, "no document"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_read_says_where_and_why(reader, tmp_path, body, why):
    with pytest.raises(UnusableInput, match=why):
        read(reader, tmp_path, body)


@pytest.mark.parametrize("argument", ["no-such-file.json", f"{OPS}/inline/x", "x=y"])
def test_an_argument_that_is_nothing_is_refused(reader, argument):
    with pytest.raises(UnusableInput, match="neither a file nor an object"):
        reader.change(argument)


def test_names_without_an_account_need_one_where_there_are_several(tmp_path):
    estate = load_aws(
        a.estate(
            tmp_path,
            a.account(a.role("ops"), a.role("one")),
            a.account(a.role("ops"), id=a.PARTNER),
        )
    )
    index = AwsIndex(estate)

    assert Names(index).of("role", "one", "f") == f"{IAM}role/one"
    assert Names(index, a.PARTNER).of("role", "ops", "f").split(":")[4] == a.PARTNER
    for name in ("ops", "new"):
        with pytest.raises(UnusableInput, match="--account"):
            Names(index).of("role", name, "f")
    with pytest.raises(UnusableInput, match="not in the estate"):
        Names(index, "000000000000").of("role", "new", "f")


def test_what_is_there_already_is_no_change(reader, tmp_path):
    same = {"PolicyArn": f"{IAM}policy/run", "PolicyDocument": DOC}

    wanted = read(reader, tmp_path, same)

    assert settled(wanted, reader.aws, reader.azure) == ()


def test_an_object_with_two_contents_is_refused(reader, tmp_path):
    (one,) = read(reader, tmp_path, DOC, f"{OPS}/inline/p=")
    (other,) = read(reader, tmp_path, a.policy(), f"{OPS}/inline/p=")

    with pytest.raises(UnusableInput, match="given twice"):
        settled([one, other], reader.aws, reader.azure)


def test_a_misspelt_policy_is_not_taken_for_a_new_one(reader, tmp_path):
    """A new policy that nobody has changes nothing, and would pass any gate."""
    wanted = read(reader, tmp_path, DOC, f"{IAM}policy/rum=")

    with pytest.raises(UnusableInput, match=r"did you mean .*policy/run"):
        settled(wanted, reader.aws, reader.azure)


def test_objects_come_before_what_refers_to_them(reader, tmp_path):
    arn = f"{IAM}policy/fresh"
    attach = reader.change(f"{OPS}/attached/{arn}")
    create = read(reader, tmp_path, DOC, f"{arn}=")

    changes = settled([*attach, *create], reader.aws, reader.azure)

    assert [one.resource.kind.value for one in changes] == [
        "aws.managed-policy",
        "aws.attachment",
    ]


def test_a_cloud_that_the_estate_does_not_hold_is_named(reader, tmp_path):
    wanted = read(reader, tmp_path, ASSIGNED)

    with pytest.raises(UnusableInput, match="no Azure tenant"):
        settled(wanted, reader.aws, None)


def test_a_new_user_has_its_boundary_from_the_start(reader, tmp_path):
    body = {"UserName": "bound", "Path": "/", "PermissionsBoundary": ADMIN}

    user, boundary = read(reader, tmp_path, body)

    assert shown([user, boundary]) == [
        ("aws.user", f"{IAM}user/bound", ""),
        ("aws.boundary", f"{IAM}user/bound", ""),
    ]
    assert boundary.body == {"PermissionsBoundary": ADMIN}


def test_get_group_names_its_users(reader, tmp_path):
    body = {"Group": {"GroupName": "crew"}, "Users": [{"Arn": f"{IAM}user/alice"}]}

    assert shown(read(reader, tmp_path, body))[1] == (
        "aws.group-member",
        f"{IAM}group/crew",
        f"{IAM}user/alice",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"UserName": "alice", "Password": "x"},
        {"GroupName": "crew", "NewGroupName": "x"},
        {"User": "alice"},
        {"Group": []},
        {"Group": {"GroupName": "crew"}, "Users": ["alice"]},
    ],
)
def test_what_only_looks_like_a_user_or_group_is_refused(reader, tmp_path, body):
    with pytest.raises(UnusableInput):
        read(reader, tmp_path, body)
