"""`path`: how somebody gets to a target, hop by hop, in words and as JSON."""

import json

import pytest
from aws_estates import (
    ACCOUNT,
    account,
    allow,
    estate,
    instance,
    refusal,
    role,
    trusting,
    user,
)

from scanner.cli import main

NEAR, FAR = "i-0aaaaaaaaaaaaaaaa", "i-0bbbbbbbbbbbbbbbb"
ENTRY = "\x1b[31mentry"
DEEP = f"arn:aws:iam::{ACCOUNT}:role/deep"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def on(node):
    arn = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/{node}"
    return [arn, "arn:aws:ssm:*::document/AWS-RunShellScript"]


def company(root, *more):
    """ann enters a role with MFA, which runs on a VM, whose role runs on the other."""
    estate(
        root,
        account(
            user("ann", allow("sts:AssumeRole", on="*", when=MFA)),
            user("bob"),
            role(
                ENTRY,
                allow("ssm:SendCommand", on=on(NEAR), sid="RunNear"),
                trust=[trusting({"AWS": ACCOUNT})],
            ),
            role("deep", allow("ssm:SendCommand", on=on(FAR)), profile=True),
            instance(NEAR, registered=True, profile="deep"),
            instance(FAR, registered=True),
            *more,
        ),
    )
    return str(root)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return company(tmp_path_factory.mktemp("path") / "estate")


@pytest.fixture
def ask(folder, capsys):
    def asked(*arguments, code=0):
        assert main(["path", *arguments, "--estate", folder]) == code
        return capsys.readouterr()

    return asked


def test_the_chain_is_told_hop_by_hop(ask):
    """Whom it becomes, by which statements, under which conditions."""
    told = ask("ann", FAR).out
    steps = [
        "1. conditional, 3 hops",
        "assumes \\x1b[31mentry (role, ",
        "user/ann/inline/inline, statement 0",
        "only if aws:MultiFactorAuthPresent Bool true",
        f"runs commands on {NEAR} (ec2, ",
        "statement 0 (RunNear)",
        "which runs as deep (role, ",
        "run commands on it by ssm:SendCommand",
        "role/deep/inline/inline, statement 0",
    ]
    places = [told.find(step) for step in steps]

    assert -1 not in places
    assert places == sorted(places)
    assert "\x1b" not in told


@pytest.mark.parametrize("options", [[], ["--all"], ["--max-hops", "3"]])
def test_json_has_each_hop_and_the_verdict_of_the_whole(ask, options):
    found = json.loads(ask("ann", FAR, "--format", "json", *options).out)
    (path,) = [one for one in found["paths"] if one["vector"] == "ssm:SendCommand"]

    assert found["principal"]["name"] == "ann"
    assert found["target"]["id"].endswith(FAR)
    assert [hop["kind"] for hop in path["via"]] == ["assumes", "can-run", "runs-as"]
    assert path["via"][-1]["to"] == DEEP
    assert path["verdict"] == "conditional"
    assert path["conditions"][0][0]["key"].lower() == "aws:multifactorauthpresent"


def test_a_direct_grant_needs_no_hop(ask):
    assert "allowed, directly" in ask("deep", FAR).out


@pytest.mark.parametrize(
    "arguments", [["bob", FAR], ["ann", FAR, "--max-hops", "2"], ["bob", FAR, "--all"]]
)
def test_no_path_is_an_empty_answer_and_no_fault(ask, arguments):
    assert "No path" in ask(*arguments).out
    assert json.loads(ask(*arguments, "--format", "json").out)["paths"] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["nobody", FAR], "no principal"),
        (["ann", "i-9"], "no target"),
        (["ann", "i-0"], "fits 2 targets"),
        (["ann", FAR, "--max-hops", "-1"], "--max-hops"),
        (["ann", FAR, "--max-hops", "many"], "--max-hops"),
        (["ann"], "TARGET"),
    ],
)
def test_wrong_input_is_one_line(ask, arguments, named):
    complaint = ask(*arguments, code=2).err

    assert named in complaint
    assert len(complaint.splitlines()) == 1


def test_gaps_are_told_where_they_may_hide_a_path(tmp_path, capsys):
    """Exit code 3, and no "no path" without the warning."""
    root = company(tmp_path / "e", refusal("ssm:ListDocuments", region="eu-west-1"))

    assert main(["path", "bob", FAR, "--estate", root]) == 3
    told = capsys.readouterr().out
    assert "INCOMPLETE" in told
    assert "may hide more paths" in told
