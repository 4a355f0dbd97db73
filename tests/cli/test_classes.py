"""A thousand equal hops are kept as one node inside; nobody ever sees that node."""

import json

import pytest
from aws_estates import ACCOUNT, account, allow, estate, instance, role, trusting, user

from scanner.cli import main

MANY = 40
NODE = "i-0123456789abcdef0"
DOOR = f"arn:aws:iam::{ACCOUNT}:role/door0"


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    """Forty users that may assume any of forty roles; one role runs commands."""
    folder = tmp_path_factory.mktemp("crowd") / "estate"
    trust = [trusting({"AWS": ACCOUNT})]
    users = [user(f"u{n}", allow("sts:AssumeRole")) for n in range(MANY)]
    doors = [role(f"door{n}", trust=trust) for n in range(1, MANY)]
    opens = role("door0", allow("ssm:SendCommand"), trust=trust)
    estate(folder, account(*users, opens, *doors, instance(NODE, registered=True)))
    return str(folder)


COMMANDS = [
    ["report", "ESTATE", "--format", "json"],
    ["report", "ESTATE"],
    ["access", "ESTATE", "--paths", "--format", "jsonl"],
    ["access", "ESTATE", "--paths", "--top", "200"],
    ["who-can", NODE, "--format", "json"],
    ["who-can", NODE, "--top", "200"],
    ["what-can", "u7", "--format", "json"],
    ["what-can", "u7"],
    ["path", "u7", NODE, "--format", "json"],
    ["path", "u7", NODE, "--all"],
]


def said(capsys, folder, *arguments):
    named = [folder if one == "ESTATE" else one for one in arguments]
    if "ESTATE" not in arguments:
        named += ["--estate", folder]
    assert main(named) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_shows_a_class(crowded, capsys, arguments):
    shown = said(capsys, crowded, *arguments)

    assert "class:aws" not in shown
    assert "identities that may" not in shown


def test_a_user_assumes_the_role_itself(crowded, capsys):
    """The hop rests on the user's policy and on the role's trust policy."""
    found = json.loads(said(capsys, crowded, "what-can", "u7", "--format", "json"))
    (grant,) = [g for g in found["grants"] if g["vector"] == "ssm:SendCommand"]
    (hop,) = grant["via"]

    assert (hop["kind"], hop["from"].rpartition("/")[2], hop["to"]) == (
        "assumes",
        "u7",
        DOOR,
    )
    sources = [one["source"] for one in hop["because"]]
    assert any("user/u7" in one for one in sources)
    assert f"{DOOR}/trust" in sources


def test_a_class_counts_as_nobody(crowded, capsys):
    """Forty users, forty roles and the root user."""
    report = json.loads(said(capsys, crowded, "report", "ESTATE", "--format", "json"))

    assert report["summary"]["principals"] == 2 * MANY + 1
    assert report["summary"]["claims"]["count"]["by-hops"] == MANY

    answer = json.loads(said(capsys, crowded, "who-can", NODE, "--format", "json"))
    assert len({one["principal"]["id"] for one in answer["principals"]}) == MANY + 2


@pytest.mark.parametrize("name", ["class", "class:aws:sts:AssumeRole:0"])
def test_a_class_cannot_be_asked_about(crowded, capsys, name):
    assert main(["what-can", name, "--estate", crowded]) == 2
    assert "no principal of that id" in capsys.readouterr().err
