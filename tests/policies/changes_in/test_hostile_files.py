"""Whatever a file holds, it is read, or refused in one line; nothing crashes."""

import json

import aws_estates as a
import azure_estates as z
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.apply import UnappliableChange
from policies.apply.aws_index import AwsIndex
from policies.apply.azure_draft import AzureIndex
from policies.changes_in.names import Names
from policies.changes_in.read import Reader
from policies.changes_in.settle import ids_of, refusal, settled
from policies.what_if import what_if
from scanner.analysis import decide_aws_half, decide_azure_half
from scanner.aws.load import load_aws
from scanner.errors import UnusableInput
from scanner.graph import build_graph

IAM = f"arn:aws:iam::{a.ACCOUNT}:"
SEND = a.policy(a.allow("ssm:SendCommand"))
ROLE = z.role("ops", z.block([z.RUN]))
ASSIGNED = z.assignment("alice", "ops", z.rg_scope())

TEXTS = [
    "",
    "ops",
    "alice",
    "p-FullAWSAccess",
    a.ACCOUNT,
    f"{IAM}policy/run",
    f"{IAM}role/ops",
    json.dumps(SEND),
    "{",
    "%7B%7D",
    ASSIGNED["id"],
    ROLE["id"],
    z.rg_scope(),
    z.guid("alice"),
    "AdminRemove",
    "name:ops",
    "aws.trust",
    "create",
    "\x00",
]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 2), st.sampled_from(TEXTS)
)
NAMES = [
    *("PolicyArn", "PolicyDocument", "PolicyName", "RoleName", "UserName"),
    *("GroupName", "AssumeRolePolicyDocument", "PermissionsBoundary", "Role"),
    *("PolicyId", "TargetId", "Content", "Policy", "PolicySummary", "Id", "Arn"),
    *("PermissionSetArn", "InlinePolicy", "ManagedPolicyArn", "PrincipalId"),
    *("PrincipalType", "Statement", "PolicyVersion", "Document", "Type", "Name"),
    *("id", "properties", "principalId", "roleDefinitionId", "scope", "value"),
    *("permissions", "assignableScopes", "Actions", "requestType", "level"),
    *("registrationDefinition", "authorizations", "principals", "condition"),
    *("remediation", "changes", "aim", "resource", "after", "kind", "before"),
    *("format_version", "resource_changes", "change", "actions", "address"),
    *("type", "mode", "configuration", "root_module", "resources", "name"),
]
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
        st.sampled_from([SEND, ASSIGNED, ROLE, ROLE["properties"]]),
    ),
    max_leaves=8,
)


def some(*needed):
    """An object with some members for sure, and others."""
    more = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
    given = st.fixed_dictionaries(dict.fromkeys(needed, values))
    return st.tuples(more, given).map(lambda both: {**both[0], **both[1]})


def rows(kind):
    """A plan with one resource of a kind."""
    sides = st.one_of(
        st.none(),
        st.dictionaries(
            st.sampled_from(
                [
                    *("name", "arn", "policy", "role", "user", "group", "policy_arn"),
                    *("roles", "users", "groups", "assume_role_policy", "path"),
                    *("inline_policy", "managed_policy_arns", "permissions"),
                    *("scope", "principal_id", "role_definition_id"),
                    *("permissions_boundary", "role_definition_name", "condition"),
                ]
            ),
            values,
            max_size=5,
        ),
    )
    changes = st.fixed_dictionaries(
        {
            "actions": st.sampled_from([["create"], ["update"], ["delete", "create"]]),
            "before": sides,
            "after": sides,
            "after_unknown": values,
        }
    )
    return changes.map(
        lambda change: {
            "format_version": "1",
            "resource_changes": [
                {"address": f"{kind}.x", "type": kind, "change": change}
            ],
        }
    )


KINDS = [
    *("aws_iam_policy", "aws_iam_role", "aws_iam_role_policy"),
    *("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"),
    *("aws_iam_group_membership", "azurerm_role_definition"),
    "azurerm_role_assignment",
]
SHAPES = [
    ("PolicyArn", "PolicyDocument"),
    ("RoleName", "PolicyDocument", "PolicyName"),
    ("RoleName", "PolicyArn"),
    ("RoleName", "AssumeRolePolicyDocument"),
    ("RoleName", "PermissionsBoundary"),
    ("GroupName", "UserName"),
    ("PolicyId", "Content"),
    ("PolicyId", "TargetId"),
    ("Policy",),
    ("Role",),
    ("PermissionSetArn", "InlinePolicy"),
    ("id", "properties"),
    ("Name", "Actions", "AssignableScopes"),
    ("remediation", "changes", "aim"),
    ("format_version", "resource_changes"),
]
files = st.one_of(
    values, *(some(*shape) for shape in SHAPES), *(rows(kind) for kind in KINDS)
)


@pytest.fixture(scope="module", autouse=True)
def shared(tmp_path_factory):
    """An estate of both clouds, and a folder for files."""
    root = tmp_path_factory.mktemp("hostile")
    aws = load_aws(
        a.estate(
            root / "aws",
            a.account(
                a.managed_policy("run", a.allow("ssm:SendCommand")),
                a.role("ops", managed=["run"]),
                a.user("alice", groups=["crew"]),
                a.group("crew"),
                a.instance("i-1", registered=True),
            ),
            a.organization(a.unit("Work", a.member(a.ACCOUNT))),
        )
    )
    lines = z.tenant_lines([ROLE], [ASSIGNED], users=[z.user("alice")])
    vms = z.subscription_lines(vms=[z.machine(z.vm_id())])
    azure = z.loaded(root / "azure", lines, (z.SUB, vms))
    graph = build_graph([decide_aws_half(aws), decide_azure_half(azure)])
    _SHARED.append((AwsIndex(aws), AzureIndex(azure), graph, root / "file.json"))
    yield
    _SHARED.clear()


_SHARED = []


def told(body):
    """What the person is told, if the file is refused."""
    aws, azure, graph, path = _SHARED[0]
    path.write_text(json.dumps(body))
    wanted = ()
    try:
        wanted = Reader(aws, azure, Names(aws)).change(str(path))
        changes = settled(wanted, aws, azure)
        what_if(graph, changes, aws, azure)
    except UnusableInput as error:
        return str(error)
    except UnappliableChange as error:
        return str(refusal(error, wanted, ids_of(aws, azure)))
    return "looked at"


@settings(max_examples=100)
@given(files)
def test_a_file_is_looked_at_or_refused_in_one_line(body):
    answer = told(body)

    assert answer
    assert "\n" not in answer


def test_files_of_these_shapes_can_be_looked_at():
    """Otherwise the property proves nothing."""
    attached = {"RoleName": "ops", "PolicyName": "p", "PolicyDocument": SEND}

    assert told(attached) == told(ASSIGNED) == told(ROLE) == "looked at"
