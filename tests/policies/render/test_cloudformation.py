"""CloudFormation: documents stay documents, existing objects come by an import."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from render_changes import ACCOUNT, EVERY, MANAGEMENT, POLICY, WIDE, change, steps
from render_documents import DOCUMENTS

from policies.render.cloudformation import cloudformation
from policies.resources import ResourceKind

FOLDER = f"cloudformation/{ACCOUNT}"
LINT = shutil.which("cfn-lint")


def made(*changes):
    files = cloudformation(steps(*changes)).files
    return {name: json.loads(content) for name, content in files.items()}


def only(template):
    (resource,) = template["Resources"].values()
    return resource


@given(DOCUMENTS)
def test_a_document_is_itself_and_never_substituted(value):
    one = change(ResourceKind.MANAGED_POLICY, after=value)
    files = cloudformation(steps(one)).files
    template = json.loads(files[f"{FOLDER}/template.json"])

    assert only(template)["Properties"]["PolicyDocument"] == value
    assert not [key for key in only(template) if key.startswith("Fn::")]


def test_an_existing_object_is_imported_as_it_is_before_it_is_updated():
    """An import that already changes something is refused by the service."""
    one = change(ResourceKind.MANAGED_POLICY)
    files = made(one)
    (listed,) = files[f"{FOLDER}/resources-to-import.json"]
    (logical,) = files[f"{FOLDER}/import.json"]["Resources"]

    before = only(files[f"{FOLDER}/import.json"])
    after = only(files[f"{FOLDER}/template.json"])
    assert before["Properties"]["PolicyDocument"] == one.before
    assert after["Properties"]["PolicyDocument"] == one.after
    assert before["DeletionPolicy"] == after["DeletionPolicy"] == "Retain"
    assert listed == {
        "ResourceType": "AWS::IAM::ManagedPolicy",
        "LogicalResourceId": logical,
        "ResourceIdentifier": {"PolicyArn": POLICY},
    }


def test_what_is_created_needs_no_import():
    assert sorted(made(change(ResourceKind.MANAGED_POLICY, "create"))) == [
        f"{FOLDER}/template.json"
    ]


def test_one_stack_per_account_and_organization_objects_in_the_management_account():
    files = made(change(ResourceKind.INLINE_POLICY), change(ResourceKind.SCP))

    assert {name.split("/")[1] for name in files} == {ACCOUNT, MANAGEMENT}
    scp = only(files[f"cloudformation/{MANAGEMENT}/template.json"])
    assert scp["Type"] == "AWS::Organizations::Policy"


def test_resources_wait_for_each_other_in_order():
    policy = change(ResourceKind.MANAGED_POLICY, "create")
    template = made(policy, change(ResourceKind.GROUP_MEMBER, "create"))
    first, second = template[f"{FOLDER}/template.json"]["Resources"].items()
    ordered = sorted([first, second], key=lambda one: one[0][-2:])

    assert ordered[1][1]["DependsOn"] == ordered[0][0]


@pytest.mark.parametrize(
    ("policy", "attachment", "member"),
    [
        (ResourceKind.MANAGED_POLICY, ResourceKind.ATTACHMENT, "Roles"),
        (ResourceKind.SCP, ResourceKind.CONTROL_ATTACHMENT, "TargetIds"),
    ],
)
def test_a_policy_that_the_stack_makes_names_whom_it_is_attached_to(
    policy, attachment, member
):
    one = change(policy, "create")
    other = change(attachment, "create")
    other = replace(other, resource=replace(other.resource, name=one.resource.id))
    found = cloudformation(steps(one, other))

    (content,) = found.files.values()
    holders = only(json.loads(content))["Properties"][member]
    assert [other.resource.id.rpartition("/")[2]] == holders
    assert found.left_out == {}
    assert 1 in cloudformation(steps(other)).left_out


@pytest.mark.parametrize(
    "resource", ["{{resolve:ssm:/x}}", "a{{resolve:secretsmanager:x}}b"]
)
def test_a_dynamic_reference_in_a_document_is_refused(resource):
    """CloudFormation would put a secret in its place."""
    value = {**WIDE, "Statement": [{**WIDE["Statement"][0], "Resource": resource}]}
    found = cloudformation(steps(change(ResourceKind.MANAGED_POLICY, after=value)))

    assert not found.files
    assert "resolve" in found.left_out[1]


@pytest.mark.parametrize("key", ["Ref", "Fn::Sub"])
def test_a_member_that_reads_as_a_function_is_refused(key):
    value = {"Version": "2012-10-17", "Statement": [{key: "x"}]}
    found = cloudformation(steps(change(ResourceKind.MANAGED_POLICY, after=value)))

    assert "function" in found.left_out[1]


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_every_aws_kind_has_a_stack_or_a_reason(kind, action):
    found = cloudformation(steps(change(kind, action)))
    aws = kind.startswith("aws.")

    assert bool(found.files) + (1 in found.left_out) == aws


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_logical_ids_are_letters_and_digits(kind, action):
    for name, content in made(change(kind, action)).items():
        if name.endswith("template.json"):
            assert all(re.fullmatch("[A-Za-z0-9]+", k) for k in content["Resources"])


@pytest.mark.skipif(LINT is None, reason="cfn-lint is not installed")
def test_the_linter_finds_no_error(tmp_path):
    """Errors only: it warns of IAM actions that are newer than itself."""
    paths = []
    for number, (kind, action) in enumerate(EVERY):
        for name, content in made(change(kind, action)).items():
            if not name.endswith("resources-to-import.json"):
                path = tmp_path / f"{number}-{name.replace('/', '-')}"
                path.write_text(json.dumps(content))
                paths.append(str(path))
    command = [LINT, "--non-zero-exit-code", "error", "--format", "parseable", *paths]
    answer = subprocess.run(command, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stdout
