"""The exit codes that the help text promises, over small estates on disk."""

import json
import signal
import subprocess
import sys
import time

import pytest
from aws_estates import (
    GAAD,
    INSTANCES,
    REGISTRATIONS,
    account,
    allow,
    estate,
    instance,
    refusal,
    user,
)

from scanner.cli import main

ADMIN = user("alice", allow("ssm:*"))
NODE = instance("i-0123456789abcdef0", registered=True)
GAP = refusal("ssm:ListDocuments", region="eu-west-1")


@pytest.fixture
def clean(tmp_path):
    """Nobody can run anything, and everything was answered."""
    estate(tmp_path / "clean", account(user("bob"), NODE))
    return tmp_path / "clean"


@pytest.fixture
def found(tmp_path):
    """A user with everything: a finding for sure."""
    estate(tmp_path / "found", account(ADMIN, NODE))
    return tmp_path / "found"


@pytest.fixture
def partial(tmp_path):
    """The same user, and a list that was refused."""
    estate(tmp_path / "partial", account(ADMIN, NODE, GAP))
    return tmp_path / "partial"


@pytest.fixture
def unreadable(tmp_path):
    """Every list was refused."""
    refusals = [refusal(op) for op in (GAAD, INSTANCES, REGISTRATIONS)]
    estate(tmp_path / "unreadable", account(*refusals))
    return tmp_path / "unreadable"


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("clean", ["report"], 0),
        ("clean", ["report", "--fail-on", "critical"], 0),
        ("found", ["report"], 0),
        ("found", ["report", "--fail-on", "medium"], 1),
        ("found", ["report", "--fail-on", "critical"], 0),
        ("partial", ["report"], 3),
        ("partial", ["report", "--fail-on", "medium"], 1),
        ("partial", ["report", "--fail-on", "critical"], 3),
        ("unreadable", ["report"], 4),
        ("unreadable", ["report", "--fail-on", "info"], 4),
        ("found", ["access"], 0),
        ("partial", ["access"], 3),
        ("unreadable", ["access"], 4),
        ("clean", ["access", "--principal", "bob"], 0),
        ("found", ["access", "--vector", "no:SuchVector"], 2),
        ("found", ["access", "--vector", ""], 2),
        ("found", ["access", "--vector", "batch:SubmitJob"], 0),
        ("found", ["access", "--principal", "nobody"], 2),
        ("found", ["access", "--principal", ""], 2),
        ("found", ["access", "--target", ""], 2),
        ("found", ["access", "--verdict", "denied"], 2),
        ("found", ["access", "--classes", "--paths"], 2),
        ("found", ["remediate", "--finding", "wcr1:nope"], 2),
        ("found", ["remediate", "--finding", ""], 2),
    ],
)
def test_exit_code_over_an_estate(name, arguments, expected, request):
    folder = request.getfixturevalue(name)
    command, *options = arguments

    assert main([command, str(folder), *options]) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["who-can", "i-0123456789abcdef0"], 0),
        (["who-can", "i-9"], 2),
        (["what-can", "alice"], 0),
        (["what-can", "carol"], 2),
    ],
)
def test_exit_code_of_queries(arguments, expected, found):
    assert main([*arguments, "--estate", str(found)]) == expected


def test_an_empty_answer_to_a_query_is_success(clean, capsys):
    assert main(["what-can", "bob", "--estate", str(clean)]) == 0
    assert "0 targets" in capsys.readouterr().out


def test_an_ambiguous_name_is_wrong_input_and_lists_the_candidates(tmp_path, capsys):
    estate(tmp_path / "e", account(user("ops-a"), user("ops-b"), NODE))

    assert main(["what-can", "ops", "--estate", str(tmp_path / "e")]) == 2
    assert "user/ops-a" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["report", "--nonsense"],
        ["report", "--format", "xml"],
        ["report", "--fail-on", "severe"],
        ["report", "one", "--estate", "two"],
        ["report", "no-such-estate"],
        ["who-can"],
        ["checks", "no_such_check"],
        ["permissions"],
        ["permissions", "gcp"],
        ["permissions", "aws", "--management-group", "g"],
        ["permissions", "azure", "--role-name", "r"],
        ["permissions", "azure", "--role-name", ""],
        ["permissions", "aws", "--role-name", ""],
        ["permissions", "aws", "--role-name", "a b*"],
        ["permissions", "azure", "--management-group", "../x"],
        ["permissions", "azure", "--management-group", ""],
        ["report", ""],
        ["report", "--estate", ""],
        ["scan", "--aws", "--out", ""],
        ["demo", "--out", ""],
        ["scan", "--aws", "--org", "--role-name", "../admin"],
        ["scan"],
        ["scan", "--aws", "--resume", "--overwrite"],
        ["scan", "--aws", "--tenant", "t"],
        ["scan", "--azure", "--profile", "p"],
        ["scan", "--azure", "--cloud", "moon"],
        ["scan", "--aws", "--org"],
        ["scan", "--aws", "--role-name", "r"],
        ["scan", "--aws", "--max-rate", "0"],
        ["scan", "--aws", "--workers", "0"],
        ["scan", "--aws", "--regions", ","],
        ["scan", "--aws", "--profile", ""],
        ["scan", "--aws", "--profile", "no-such-profile"],
        ["scan", "--azure", "--subscription", ""],
        ["scan", "--azure", "--subscription", "mine"],
        ["scan", "--azure", "--tenant", ""],
        ["scan", "--azure", "--management-group", "a/b"],
        ["scan", "--azure", "--credential", ""],
        ["scan", "--azure", "--credential", "static:no-such-file"],
        ["import"],
        ["import", "x.json", "--region", "Europe"],
        ["import", "x.json", "--account", "1"],
        ["import", "x.json", "--tenant", "contoso"],
    ],
)
def test_wrong_usage_is_2_and_one_line_on_stderr(
    arguments, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("whocanrun: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "host:4566",
        "http://",
        "https://:443",
        "ftp://host",
        "https://ho st",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
        "https://user@host",
        "https://host/?a=b",
        "https://host/#a",
        "https://host\n.example",
        "https://-host",
        "https://ho\\st",
        f"https://{'a' * 64}.example",
    ],
)
@pytest.mark.parametrize(
    "option", ["aws-endpoint-url", "arm-endpoint", "graph-endpoint", "authority"]
)
def test_a_malformed_endpoint_is_2_names_the_option_and_leaves_nothing(
    option, url, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    provider = "--aws" if option.startswith("aws") else "--azure"

    assert main(["scan", provider, f"--{option}", url]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"whocanrun: --{option} ")
    assert len(complaint.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_malformed_endpoint_in_the_environment_is_named(
    capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")

    assert main(["scan", "--aws"]) == 2
    assert capsys.readouterr().err.startswith("whocanrun: AWS_ENDPOINT_URL nonsense")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["checks"], ["permissions", "aws"]])
def test_commands_without_an_estate_succeed(arguments):
    assert main(arguments) == 0


def test_the_same_estate_named_twice_is_no_conflict(found):
    assert main(["report", str(found), "--estate", str(found)]) == 0


def test_an_estate_of_a_newer_format_is_refused(found, capsys):
    (found / "manifest.json").write_text(json.dumps({"format": 99}))

    assert main(["report", str(found)]) == 2
    assert "upgrade" in capsys.readouterr().err


def test_a_changed_evidence_file_is_refused(tmp_path, capsys):
    estate(tmp_path / "e", account(ADMIN, NODE), scopes=())
    (tmp_path / "e" / "aws" / "111122223333.jsonl").write_text("{}\n")

    assert main(["report", str(tmp_path / "e")]) == 2
    assert "changed" in capsys.readouterr().err


def test_a_torn_last_line_leaves_the_rest_and_exit_code_3(found):
    with (found / "aws" / "111122223333.jsonl").open("a") as file:
        file.write('{"op": "ssm:ListDoc')

    assert main(["report", str(found)]) == 3


@pytest.mark.parametrize(("name", "expected"), [("found", 0), ("partial", 3)])
def test_a_reader_that_goes_away_changes_no_exit_code(name, expected, request):
    folder = request.getfixturevalue(name)
    code = "import sys; from scanner.cli import main; sys.exit(main(sys.argv[1:]))"
    run = subprocess.Popen(
        [sys.executable, "-c", code, "access", str(folder), "--format", "jsonl", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdout.close()
    complaint = run.stderr.read()
    run.stderr.close()

    assert run.wait(30) == expected
    assert "Traceback" not in complaint
    assert "pipe" not in complaint.lower()


def test_ctrl_c_is_130(tmp_path):
    """A pipe as evidence keeps the command waiting until it is interrupted."""
    import os

    folder = tmp_path / "e" / "aws"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "111122223333.jsonl")
    code = (
        "import sys; from scanner.cli import main; print('ready', flush=True);"
        "sys.exit(main(sys.argv[1:]))"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", code, "report", str(tmp_path / "e")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    _, complaint = run.communicate(timeout=30)

    assert run.returncode == 130
    assert complaint.splitlines()[-1] == "whocanrun: interrupted"


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_an_estate_that_others_can_read_is_warned_about(found, form, capsys):
    """Quiet or not: it is the map of privileges. The twin is a private folder."""
    for mode, warned in [(0o755, True), (0o700, False)]:
        found.chmod(mode)
        main(["report", "-q", str(found), "--format", form])

        assert ("chmod 700" in capsys.readouterr().err) is warned


def test_a_report_beside_files_of_others_is_warned_about(found, tmp_path, capsys):
    found.chmod(0o700)
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    main(["report", "-q", str(found), "--out", str(shared / "report.txt")])

    assert f"{shared} is open to other users" in capsys.readouterr().err
