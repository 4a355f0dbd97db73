"""`scan` over real HTTP: both clouds in one estate, honest ends, resumable."""

import json
import os
import signal
import stat
import subprocess
import sys
import time

import aws_server as wire
import pytest
from aws_server import aws_server
from azure_scans import small_tenant
from azure_server import azure_server

from scanner.cli import main

FAST = ["--max-rate", "10000"]
RUN = "import sys; from scanner.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def running_aws():
    """Starting moto takes a second."""
    with aws_server() as server:
        yield server


@pytest.fixture
def aws(running_aws, monkeypatch):
    """An account with one user, and the environment that leads to it."""
    running_aws.reset()
    for name, value in running_aws.environment().items():
        monkeypatch.setenv(name, value)
    running_aws.client("iam").create_user(UserName="somebody")
    return running_aws


@pytest.fixture
def azure(tmp_path):
    """The options that lead to a small tenant."""
    with azure_server(small_tenant(), page_size=50) as server:
        yield server.options(tmp_path)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "estate"


def scan_aws(out, *arguments):
    only = ["--regions", "eu-west-1"]
    return main(["scan", "--aws", *only, *FAST, "--out", str(out), *arguments])


def manifest(out):
    return json.loads((out / "manifest.json").read_text())


def scopes(report):
    return {(s["provider"], s["id"]) for s in report["coverage"]["scopes"]}


def test_both_clouds_in_one_estate_and_report_says_the_same_again(
    aws, azure, out, capsys
):
    arguments = ["--azure", *azure, "--format", "json"]
    code = scan_aws(out, *arguments)
    printed = capsys.readouterr().out

    assert main(["report", str(out), "--format", "json"]) == code
    assert capsys.readouterr().out == printed
    report = json.loads(printed)
    assert {provider for provider, _ in scopes(report)} == {"aws", "azure"}
    assert manifest(out)["finished"]


def test_the_estate_is_private(aws, out):
    scan_aws(out)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*")}

    assert modes <= {0o600, 0o700}


def test_a_second_scan_refuses_to_touch_evidence(aws, out, capsys):
    scan_aws(out)
    before = (out / "aws" / f"{wire.ACCOUNT}.jsonl").read_bytes()
    capsys.readouterr()

    assert scan_aws(out) == 2
    assert "--resume" in capsys.readouterr().err
    assert (out / "aws" / f"{wire.ACCOUNT}.jsonl").read_bytes() == before
    assert scan_aws(out, "--overwrite") in (0, 3)


def test_no_credentials_at_all_is_4(out, capsys):
    assert scan_aws(out) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_one_cloud_without_credentials_leaves_a_gap_and_3(azure, out, capsys):
    code = scan_aws(out, "--azure", *azure, "--format", "json")
    shown = capsys.readouterr()

    assert code == 3
    assert ("aws", "not-signed-in") in scopes(json.loads(shown.out))
    assert "credentials" in shown.err
    assert main(["report", str(out)]) == 3


def test_the_gap_goes_when_the_cloud_is_read_after_all(azure, out, aws, monkeypatch):
    for name in aws.environment():
        monkeypatch.delenv(name)
    scan_aws(out, "--azure", *azure)
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    scan_aws(out)

    assert "not-signed-in" not in [scope["id"] for scope in manifest(out)["scopes"]]


def test_a_refused_list_is_3_and_names_the_right_to_add(aws, out, capsys):
    aws.fault("ssm:DescribeInstanceInformation", wire.refused())

    assert scan_aws(out) == 3
    shown = capsys.readouterr().out
    assert "INCOMPLETE" in shown
    assert "ssm:DescribeInstanceInformation" in shown


def test_an_open_folder_is_warned_about(aws, out, capsys):
    out.mkdir(mode=0o755)
    out.chmod(0o755)
    scan_aws(out)

    assert "chmod 700" in capsys.readouterr().err


def test_an_output_folder_that_is_a_file_is_2(aws, out, capsys):
    out.write_text("precious")

    assert scan_aws(out) == 2
    assert out.read_text() == "precious"


def test_ctrl_c_is_130_says_how_to_go_on_and_resume_does(aws, out):
    aws.fault("ssm:*", wire.slow(30))
    environment = {**os.environ, **aws.environment()}
    arguments = ["scan", "--aws", "--regions", "eu-west-1", *FAST, "--out", str(out)]
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    _wait_for(lambda: any(one.op.startswith("ssm:") for one in aws.requests))
    run.send_signal(signal.SIGINT)
    shown, complaint = run.communicate(timeout=30)

    assert run.returncode == 130
    assert shown == ""
    assert "--resume" in complaint.splitlines()[-1]
    assert manifest(out)["finished"] is None

    aws.reset()
    assert scan_aws(out, "--resume") in (0, 3)
    assert manifest(out)["finished"]


def _wait_for(happened, seconds=30):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
