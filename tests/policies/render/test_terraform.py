"""Terraform: the same documents after parsing, `fmt`-clean, nothing exclusive."""

import base64
import json
import re
import shutil
import subprocess
from itertools import pairwise

import hcl2
import pytest
from hcl_reader import read, resource_of, unquoted
from hypothesis import assume, given
from render_changes import ACCOUNT, EVERY, POLICY, ROLE, WIDE, change, steps
from render_documents import DOCUMENTS, TEXTS, TRICKS, as_sets

from policies.render.hcl import Block, document, quoted
from policies.render.terraform import terraform
from policies.render.terraform_documents import policy_document
from policies.resources import ResourceKind

TERRAFORM = shutil.which("terraform")
ENVIRONMENT = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"}


def main_of(*changes):
    made = terraform(steps(*changes)).files
    (name,) = [name for name in made if name.endswith("main.tf")]
    return made[name].decode()


@given(TEXTS)
def test_a_quoted_string_means_the_text_itself(text):
    written = document([Block("locals", (), (("text", text),))])

    assert read(written)["locals"][0]["text"] == text


@pytest.mark.parametrize("text", ["${aws:username}", "$$${x}", "%{ if x }", 'a"\\b'])
def test_a_parser_reads_the_string_itself(text):
    assert unquoted(hcl2.loads(f"x = {quoted(text)}\n")["x"]) == text


@pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
def test_terraform_itself_reads_strings_back(tmp_path):
    """Interpolation, escapes and templates of every kind are text to it."""
    listed = f"base64encode(jsonencode([{', '.join(map(quoted, TRICKS))}]))\n"
    command = [TERRAFORM, "console"]
    answer = subprocess.run(
        command,
        input=listed,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        env=ENVIRONMENT,
    )

    assert json.loads(base64.b64decode(json.loads(answer.stdout))) == list(TRICKS)


@given(DOCUMENTS)
def test_a_document_is_read_from_a_file_that_holds_it(value):
    one = change(ResourceKind.MANAGED_POLICY, after=value)
    made = terraform(steps(one)).files
    folder = f"terraform/adopt/aws-{ACCOUNT}"
    type_, body = resource_of(made[f"{folder}/main.tf"].decode())
    name = re.fullmatch(r'\$\{file\("\$\{path\.module\}/(.+)"\)\}', body["policy"])

    assert type_ == "aws_iam_policy"
    assert json.loads(made[f"{folder}/{name[1]}"]) == value


@given(DOCUMENTS)
def test_a_data_source_says_the_same_as_the_document(value):
    """Single texts and lists of one are the same to IAM, and so is their order."""
    written = document([policy_document("ops", value)])
    (found,) = read(written)["data"]

    assert as_sets(from_data(found["aws_iam_policy_document"]["ops"])) == as_sets(value)


def from_data(found):
    """Return the document that a data source writes, as its documentation says."""
    names = {"sid": "Sid", "effect": "Effect", "actions": "Action"}
    names |= {"not_actions": "NotAction", "resources": "Resource"}
    names |= {"not_resources": "NotResource"}
    statements = []
    for given_one in found.get("statement", []):
        one = {names[key]: given_one[key] for key in names if key in given_one}
        for block, member in (
            ("principals", "Principal"),
            ("not_principals", "NotPrincipal"),
        ):
            for who in given_one.get(block, []):
                if who["type"] == "*":
                    one[member] = "*"
                else:
                    one.setdefault(member, {})[who["type"]] = who["identifiers"]
        for test in given_one.get("condition", []):
            keys = one.setdefault("Condition", {}).setdefault(test["test"], {})
            keys[test["variable"]] = test["values"]
        statements.append(one)
    return {"Version": found["version"], "Statement": statements}


def test_a_variable_of_the_data_source_itself_is_no_text():
    """`&{aws:x}` would become `${aws:x}`: the JSON file is there for it."""
    tricky = {**WIDE, "Statement": [{**WIDE["Statement"][0], "Resource": "&{aws:x}"}]}
    made = terraform(steps(change(ResourceKind.MANAGED_POLICY, after=tricky))).files

    assert not [name for name in made if name.endswith("edit/01.tf")]
    assert [name for name in made if name.endswith("adopt/aws-111122223333/01.json")]


def test_adopting_imports_the_live_object_and_leaves_the_rest_of_it_alone():
    """A description that the file does not have would replace the policy."""
    text = main_of(change(ResourceKind.MANAGED_POLICY))
    (imported,) = read(text)["import"]
    _, body = resource_of(text)

    assert imported["id"] == POLICY
    assert imported["to"] == "${aws_iam_policy.ops_1}"
    assert "description" in str(body["lifecycle"][0]["ignore_changes"])


def test_what_is_created_is_not_imported():
    assert "import" not in read(main_of(change(ResourceKind.MANAGED_POLICY, "create")))


def test_resources_wait_for_each_other_in_the_order_of_the_changes():
    policy = change(ResourceKind.MANAGED_POLICY, "create")
    text = main_of(policy, change(ResourceKind.ATTACHMENT, "create"))

    assert "depends_on = [aws_iam_policy.ops_1]" in text


@pytest.mark.parametrize(
    ("kind", "type_", "id_"),
    [
        (ResourceKind.INLINE_POLICY, "aws_iam_role_policy", "deploy:commands"),
        (ResourceKind.TRUST, "aws_iam_role", "deploy"),
        (ResourceKind.SCP, "aws_organizations_policy", "p-12345678"),
    ],
)
def test_import_ids_are_those_of_the_resource_type(kind, type_, id_):
    text = main_of(change(kind))

    assert resource_of(text)[0] == type_
    assert read(text)["import"][0]["id"] == id_


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_every_kind_is_adopted_or_says_why_not(kind, action):
    made = terraform(steps(change(kind, action)))
    adopted = any(name.endswith("main.tf") for name in made.files)

    assert adopted != (1 in made.left_out)
    assert "terraform/edit/01.diff" in made.files


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_no_resource_owns_a_list_that_others_write_to(kind, action):
    """They detach what somebody else attached."""
    text = b"".join(terraform(steps(change(kind, action))).files.values()).decode()

    assert not re.search(
        r"aws_iam_policy_attachment|aws_iam_group_membership|exclusive|"
        r"managed_policy_arns|\binline_policy +\{",
        text,
    )


def aligned(text):
    """Say whether `=` stands in one column on neighbouring lines of one block."""
    columns = []
    for line in text.splitlines():
        found = re.match(r"( *)[a-z_]+ +=(?= )", line)
        columns.append((len(found[1]), found.end()) if found else None)
    pairs = [(a, b) for a, b in pairwise(columns) if a and b and a[0] == b[0]]
    return all(a[1] == b[1] for a, b in pairs)


@pytest.mark.parametrize(("kind", "action"), EVERY)
def test_files_are_laid_out_as_fmt_does(kind, action):
    made = terraform(steps(change(kind, action))).files
    for name, content in made.items():
        if name.endswith(".tf"):
            text = content.decode()
            assert aligned(text), text
            assert not re.search(r"[ \t]+$|\t|\n\n\n|\{\n\n|\n\n *\}", text, re.M), text


def test_the_layout_rule_sees_what_is_out_of_line():
    assert not aligned("a = 1\nbcd = 2\n")


@pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
def test_fmt_changes_nothing(tmp_path):
    for number, (kind, action) in enumerate(EVERY):
        for name, content in terraform(steps(change(kind, action))).files.items():
            path = tmp_path / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    command = [TERRAFORM, "fmt", "-check", "-diff", "-recursive", "."]
    answer = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env=ENVIRONMENT
    )

    assert (answer.returncode, answer.stdout) == (0, "")


@given(TEXTS)
def test_a_hostile_title_stays_in_its_comment(text):
    one = change(ResourceKind.MANAGED_POLICY, title=text)

    assert list(read(main_of(one))) == ["import", "resource"]


@given(TEXTS.filter(bool))
def test_a_hostile_name_stays_a_string(text):
    assume("/" not in text)
    one = change(ResourceKind.INLINE_POLICY, "create", name=text, id=ROLE)

    assert resource_of(main_of(one))[1]["name"] == text


def test_text_that_terraform_would_compose_is_refused():
    """`e` and an accent become one character in Terraform: another document."""
    one = change(ResourceKind.LOCK, "create")
    one.after["properties"]["notes"] = "e\u0301"

    assert "NFC" in terraform(steps(one)).left_out[1]


def test_half_a_character_is_refused():
    one = change(ResourceKind.MANAGED_POLICY, after={**WIDE, "Id": "\ud800"})

    assert "half a character" in terraform(steps(one)).left_out[1]


def test_the_difference_names_the_argument_to_edit():
    made = terraform(steps(change(ResourceKind.BOUNDARY))).files
    text = made["terraform/edit/01.diff"].decode()

    assert "argument permissions_boundary of aws_iam_role" in text
    assert '-  "PermissionsBoundary"' in text
    assert '+  "PermissionsBoundary"' in text
