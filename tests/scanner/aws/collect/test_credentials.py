"""Credentials that are missing, refused, expired, or signed by a wrong clock."""

import aws_server as wire
import pytest
from aws_collecting import REGION, collect, gaps, series
from aws_companies import company
from aws_server import ACCOUNT

from scanner.aws.collect.errors import (
    ClockSkew,
    ExpiredCredentials,
    NoAnswer,
    NoCredentials,
)
from scanner.errors import UsageError
from scanner.evidence.manifest import read_manifest
from scanner.evidence.outcomes import Outcome
from scanner.evidence.store import RESUME

WHO = "sts:GetCallerIdentity"
FILE = f"aws/{ACCOUNT}.jsonl"
EXPIRED = wire.refused("ExpiredToken", 403)


def test_no_credentials_is_one_line_and_no_request(server, monkeypatch, tmp_path):
    """Nothing was found anywhere: exit code 4 and what to do."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(NoCredentials, match="--profile") as error:
        collect(server, tmp_path / "estate")

    assert "\n" not in str(error.value)
    assert error.value.exit_code == 4
    assert server.requests == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (EXPIRED, ExpiredCredentials),
        (wire.refused("InvalidClientTokenId", 403), NoCredentials),
        (wire.refused("SignatureDoesNotMatch", 403), NoCredentials),
        (wire.sends(b"<html>Sign in</html>"), NoAnswer),
        (wire.sends(b"", 503), NoAnswer),
        (wire.reset, NoAnswer),
    ],
)
def test_a_scan_that_cannot_begin_says_why(server, tmp_path, fault, kind):
    """One line, exit code 4, and nothing but the identity was asked."""
    server.fault(WHO, fault)
    with pytest.raises(kind) as error:
        collect(server, tmp_path / "estate")

    assert error.value.exit_code == 4
    assert "\n" not in str(error.value)
    assert set(server.ops()) == {WHO}


@pytest.mark.parametrize("fault", [None, wire.refused("RequestExpired", 400)])
def test_a_wrong_clock_is_named_before_anything_else(server, tmp_path, fault):
    """Skew comes as a signature error; the Date header tells the truth."""
    if fault:
        server.fault(WHO, fault)
    server.fault(WHO, wire.dated("Sun, 01 Jan 2017 00:00:00 GMT"))
    with pytest.raises(ClockSkew, match="clock"):
        collect(server, tmp_path / "estate")


def test_an_endpoint_that_is_not_there_is_one_line(server, monkeypatch, tmp_path):
    """Connection refused: which service and region, and what to check."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(NoAnswer, match="ConnectionFailed"):
        collect(server, tmp_path / "estate")


def test_expiry_mid_scan_stops_asking_and_says_what_is_left(server, tmp_path):
    """From the refusal on nothing is sent; every list left is a gap, not an empty."""
    server.fault("*", EXPIRED, after=12)
    folder = tmp_path / "estate"
    found = collect(server, folder)
    sent = len(server.requests)

    assert found.expired == (ACCOUNT,)
    assert "--resume" in found.advice[0]
    assert set(gaps(folder).values()) == {"expired"}
    assert FILE not in read_manifest(folder).files
    assert sent <= 12 + 4  # calls that were in flight when it expired
    assert len(series(folder)) > sent


def test_new_credentials_resume_to_the_same_evidence(server, tmp_path):
    """What was read is not asked again; the rest is; nothing else differs."""
    whole, folder = tmp_path / "whole", tmp_path / "estate"
    collect(server, whole)
    server.fault("*", EXPIRED, after=12)
    collect(server, folder)
    before = {k for k, s in series(folder).items() if s.answered}
    server.heal()
    server.requests.clear()
    collect(server, folder, RESUME)

    assert contents(folder) == contents(whole)
    asked = [f"{request.op}" for request in server.requests]
    assert not {op for op, *_ in before} & set(asked) - {WHO, "ssm:ListDocuments"}
    assert FILE in read_manifest(folder).files


def contents(folder):
    """Return an estate's evidence without its times."""
    return {
        key: (found.outcome, [bytes(page) for page in found.pages])
        for key, found in series(folder).items()
    }


def test_another_account_may_not_resume(server, monkeypatch, tmp_path):
    """The evidence at hand was begun by other credentials: refused, untouched."""
    folder = tmp_path / "estate"
    collect(server, folder)
    text = (folder / FILE).read_bytes()
    for name, value in server.environment("222222222222").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="222222222222"):
        collect(server, folder, RESUME)

    assert (folder / FILE).read_bytes() == text


def test_a_management_account_that_expires_keeps_the_gaps_apart(server, tmp_path):
    """Members that were not entered are expired, not refused and not absent."""
    firm = company(server, REGION)
    server.fault("sts:AssumeRole", EXPIRED)
    folder = tmp_path / "estate"
    found = collect(server, folder, org=True, role_name="audit")

    outcomes = {
        gaps(folder)["sts:AssumeRole", a, REGION] for a in (firm.prod, firm.dev)
    }
    assert outcomes == {Outcome.EXPIRED.value}
    assert found.expired == (ACCOUNT,)
