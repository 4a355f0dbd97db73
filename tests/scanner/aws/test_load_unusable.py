"""A policy document that cannot be used is a gap with its name, and nothing is lost."""

import json

import pytest
from aws_estates import ACCOUNT, account, allow, estate, instance, role, user

from scanner.aws.load import load_aws
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate

USER = f"arn:aws:iam::{ACCOUNT}:user/ada"


def gaps(root, change):
    """Load an account whose user's inline document was changed in the evidence."""
    file = account(
        user("ada", allow("ssm:SendCommand")),
        role("app", allow("s3:GetObject"), profile=True),
        instance("i-1", registered=True, profile="app"),
    )
    folder = estate(root, file).root
    path = folder / "aws" / f"{ACCOUNT}.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        for row in line["result"].get("UserDetailList", ()):
            change(row["UserPolicyList"][0])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "manifest.json").unlink(missing_ok=True)
    found = load_aws(open_estate(folder))
    return [gap for gap in found.accounts[ACCOUNT].gaps if "ada" in gap.why], found


@pytest.mark.parametrize(
    "document",
    [
        "this is not JSON",
        {"Version": "2012-10-17", "Statement": None},
        {"Version": "2012-10-17", "Statement": [{"Effect": "allow", "Action": "*"}]},
        "%7B%22Version%22%3A",
    ],
)
def test_an_unusable_document_is_named(tmp_path, document):
    """Coverage says which document, so that exit code 3 has a reason."""
    found, loaded = gaps(
        tmp_path, lambda policy: policy.update(PolicyDocument=document)
    )

    assert [gap.outcome for gap in found] == [Outcome.MALFORMED]
    assert found[0].why.startswith(f"{USER}/inline/")
    assert len(loaded.accounts[ACCOUNT].nodes) == 1


def test_a_usable_document_is_no_gap(tmp_path):
    """The twin: one that can be used."""
    document = {"Version": "2012-10-17", "Statement": []}

    found, _ = gaps(tmp_path, lambda policy: policy.update(PolicyDocument=document))

    assert found == []
