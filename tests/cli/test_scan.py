"""`scan` over real HTTP: both clouds in one estate, honest ends, resumable."""

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import aws_server as wire
import pytest
from aws_server import aws_server
from azure_server import azure_server
from azure_tenant import AzureTenant

from scanner.cli import main

RUN = "import sys; from scanner.cli import main; sys.exit(main(sys.argv[1:]))"
ONE_REGION = ["--regions", "eu-west-1", "--max-rate", "10000"]
LOST = "ssm:DescribeInstanceInformation"


@dataclass(frozen=True)
class Scanned:
    """What a scan of both clouds left behind; one AWS list was refused."""

    out: Path
    code: int
    printed: str


@pytest.fixture(scope="module")
def running_aws():
    """Starting moto takes a second."""
    with aws_server() as server:
        yield server


@pytest.fixture
def aws(running_aws, monkeypatch):
    """An account with one user, and the environment that leads to it."""
    fill(running_aws)
    for name, value in running_aws.environment().items():
        monkeypatch.setenv(name, value)
    return running_aws


@pytest.fixture(scope="module")
def azure(tmp_path_factory):
    """The options that lead to a tenant with one subscription and one VM."""
    tenant = AzureTenant()
    tenant.subscription("prod").vm("web", group="rg")
    with azure_server(tenant, page_size=50) as server:
        yield ["--azure", *server.options(tmp_path_factory.mktemp("token"))]


@pytest.fixture(scope="module")
def scanned(running_aws, azure, tmp_path_factory):
    """Both clouds in one estate, scanned once for several tests."""
    out = tmp_path_factory.mktemp("both") / "estate"
    fill(running_aws)
    running_aws.fault(LOST, wire.refused())
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, os.devnull)
        for name, value in running_aws.environment().items():
            patch.setenv(name, value)
        chosen = ["--usage", "--format", "json", "--fail-on", "critical"]
        code = scan_aws(out, *azure, *chosen)
    return Scanned(out, code, printed.getvalue())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "estate"


def fill(server):
    server.reset()
    server.client("iam").create_user(UserName="somebody")


def scan_aws(out, *arguments):
    return main(["scan", "--aws", *ONE_REGION, "--out", str(out), *arguments])


def manifest(out):
    return json.loads((out / "manifest.json").read_text())


def scopes(report):
    return {(s["provider"], s["id"]) for s in report["coverage"]["scopes"]}


def test_a_scan_prints_what_a_fresh_report_prints(scanned, capsys):
    code = main(["report", str(scanned.out), "--format", "json"])

    assert capsys.readouterr().out == scanned.printed
    assert code == scanned.code == 3


def test_usage_is_asked_of_both_clouds(scanned):
    """With the option alone; what was not asked says so in the report."""
    text = "".join(path.read_text() for path in scanned.out.glob("*/*.jsonl"))
    claim = json.loads(scanned.printed)["summary"]["claims"]["day-to-day"]

    assert '"op":"iam:GetCredentialReport"' in text
    assert '"op":"graph/users/signInActivity"' in text
    assert '"op":"Microsoft.Insights/eventtypes/management/values"' in text
    assert claim["principals"] is not None


def test_both_clouds_are_in_one_estate(scanned):
    clouds = {provider for provider, _ in scopes(json.loads(scanned.printed))}

    assert clouds == {"aws", "azure"}
    assert manifest(scanned.out)["finished"]


def test_a_refused_list_names_the_right_to_add(scanned):
    coverage = json.loads(scanned.printed)["coverage"]
    gaps = [gap for scope in coverage["scopes"] for gap in scope["gaps"]]

    assert LOST in [gap["permission"] for gap in gaps if gap["what"] == LOST]


def test_the_estate_is_private(scanned):
    paths = [scanned.out, *scanned.out.rglob("*")]

    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600, 0o700}


def test_a_second_scan_refuses_to_touch_evidence(scanned, aws, capsys):
    file = scanned.out / "aws" / f"{wire.ACCOUNT}.jsonl"
    before = file.read_bytes()

    assert scan_aws(scanned.out) == 2
    assert "--resume" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_no_credentials_at_all_is_4(out, capsys):
    assert scan_aws(out) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1


def test_a_cloud_without_credentials_is_a_gap_until_it_is_read(
    azure, out, running_aws, monkeypatch, capsys
):
    assert scan_aws(out, *azure, "--format", "json") == 3
    shown = capsys.readouterr()
    assert ("aws", "not-signed-in") in scopes(json.loads(shown.out))
    assert "credentials" in shown.err

    fill(running_aws)
    for name, value in running_aws.environment().items():
        monkeypatch.setenv(name, value)
    scan_aws(out)
    assert "not-signed-in" not in [scope["id"] for scope in manifest(out)["scopes"]]


def test_an_open_folder_is_warned_about(out, capsys):
    out.mkdir()
    out.chmod(0o755)
    scan_aws(out)

    assert "chmod 700" in capsys.readouterr().err


def test_an_output_folder_that_is_a_file_is_2(out):
    out.write_text("precious")

    assert scan_aws(out) == 2
    assert out.read_text() == "precious"


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT,) * 2, (signal.SIGTERM,) * 2],
)
def test_a_signal_is_130_says_how_to_go_on_and_resume_does(aws, out, signals):
    """The second of two is for who does not want to wait for the calls in flight."""
    aws.fault("ssm:*", wire.slow(30))
    environment = {**os.environ, **aws.environment()}
    arguments = ["scan", "--aws", *ONE_REGION, "--out", str(out)]
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    _wait_for(lambda: any(one.op.startswith("ssm:") for one in aws.requests))
    for number in signals:
        run.send_signal(number)
        time.sleep(0.1)
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
