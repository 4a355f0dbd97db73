"""`whocanrun.toml` over whole runs: what it changes, and how it is refused."""

import csv
import io
import json
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from scanner.cli import main

ANSWER = 'reason = "r"\nowner = "o@example.com"\nexpires = 2099-01-31\n'
EVERY = "t1651_aws_any_document_every_node"
EMERGENCY = "arn:aws:iam::*:role/*emergency"


@pytest.fixture(scope="module")
def estate():
    with as_file(files("scanner") / "example" / "estate") as root:
        yield root


@pytest.fixture
def run(estate, tmp_path, monkeypatch, capsys):
    """Run a command over the example estate with a configuration beside it."""
    monkeypatch.chdir(tmp_path)

    def over(toml: str | None, command: str, *arguments: str):
        if toml is not None:
            Path("whocanrun.toml").write_text(toml, encoding="utf-8")
        where = [] if command == "checks" else ["--estate", str(estate)]
        code = main([command, *where, *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return over


def report(run, toml: str | None, *arguments: str):
    _, out, _ = run(toml, "report", "--format", "json", *arguments)
    return json.loads(out)


def accept(**selector: str) -> str:
    lines = [f'{key} = "{value}"' for key, value in selector.items()]
    return "\n".join(["[[accept]]", *lines, ANSWER])


def critical(run) -> list[str]:
    """Return the fingerprints of the critical findings of the estate."""
    found = report(run, None)["findings"]
    return [one["fingerprint"] for one in found if one["severity"] == "critical"]


def test_a_suppressed_finding_fails_no_run(run):
    """What is left of the estate is incomplete: 3."""
    toml = "\n".join(accept(finding=one) for one in critical(run))

    before, _, _ = run(None, "report", "--fail-on", "critical")
    after, _, _ = run(toml, "report", "--fail-on", "critical")

    assert (before, after) == (1, 3)


def test_an_expired_suppression_fails_it_again_and_says_why(run):
    first, *others = (accept(finding=one) for one in critical(run))
    toml = "\n".join([first.replace("2099", "2019"), *others])

    code, out, err = run(toml, "report", "--fail-on", "critical")

    assert code == 1
    assert "accept[1] (o@example.com: r) expired on 2019-01-31" in err
    assert "expired on 2019-01-31" in out


def gap_accepted(scope: str, expires: str = "2099-01-31") -> str:
    operation = 'operation = "ssm:DescribeInstanceInformation"\n'
    answer = ANSWER.replace("2099-01-31", expires)
    return f'[[accept_gap]]\n{operation}scope = "{scope}"\n{answer}'


@pytest.mark.parametrize(
    ("toml", "expected", "warned"),
    [
        ("", 3, ""),
        (gap_accepted("200000000066"), 0, ""),
        (
            gap_accepted("200000000033"),
            3,
            "(o@example.com: r) fits no gap",
        ),
        (gap_accepted("200000000066", "2019-01-31"), 3, "expired on 2019-01-31"),
    ],
)
def test_a_gap_that_is_accepted_by_name_makes_no_run_incomplete(
    toml, expected, warned, run
):
    """It stays a gap: the estate has just this one."""
    code, out, err = run(toml, "report")

    assert code == expected
    assert "INCOMPLETE" in out
    assert ("Accepted, 1 gap until 2099-01-31" in out) is (expected == 0)
    assert warned in err
    assert bool(warned) is ("accept_gap" in err)


def test_json_says_who_accepted_which_gap(run):
    found = report(run, gap_accepted("200000000066"))

    (one,) = found["configuration"]["accepted_gaps"]
    assert (one["scope"], one["region"]) == ("200000000066", "eu-central-1")
    assert (one["by"], one["owner"]) == ("accept_gap[1]", "o@example.com")
    assert found["coverage"]["complete"] is False


def test_nobody_disappears_who_is_approved(run):
    before = report(run, None)
    after = report(run, f'[approved]\nbreak_glass = ["{EMERGENCY}"]\n')

    known = [one["fingerprint"] for one in before["findings"] if one["principal"]]
    parts = after["findings"] + after["suppressed"]
    assert sorted(known) == sorted(
        one["fingerprint"] for one in parts if one["principal"]
    )
    assert len(after["suppressed"]) > 1
    assert {one["principal"]["name"] for one in after["suppressed"]} == {"emergency"}
    count = after["summary"]["claims"]["count"]
    assert count["break-glass"] > 1
    assert count["principals"] == before["summary"]["claims"]["count"]["principals"]


def test_csv_and_json_agree_on_what_is_suppressed(run):
    toml = f'[approved]\nbreak_glass = ["{EMERGENCY}"]\n'
    found = report(run, toml)

    _, out, _ = run(None, "report", "--format", "csv", "--raw-csv")

    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    suppressed = [row["fingerprint"] for row in rows if row["status"] == "suppressed"]
    assert suppressed == [one["fingerprint"] for one in found["suppressed"]]


@pytest.mark.parametrize(("limit", "fires"), [(0, True), (1000, False)])
def test_thresholds_are_those_of_the_file(limit, fires, run):
    toml = (
        f"[thresholds]\nprincipals_per_scope = {limit}\nprincipals_per_target = {limit}"
    )

    checks = {
        one["check"] for one in report(run, toml)["findings"] if one["targets"]["count"]
    }

    for check in ("t1651_aws_too_many_principals", "t1651_aws_too_many_on_a_node"):
        assert (check in checks) is fires


def test_remediate_leaves_alone_what_somebody_has_answered_for(run):
    toml = f'[approved]\nbreak_glass = ["{EMERGENCY}"]\n'
    suppressed = report(run, toml)["suppressed"]

    run(None, "remediate", "--out", "changes")

    index = json.loads(Path("changes/index.json").read_text())
    planned = json.dumps(index)
    assert planned.count("wcr1:") > 10
    assert not [one for one in suppressed if one["fingerprint"] in planned]


def test_to_plan_for_a_suppressed_finding_says_why_not(run):
    fingerprint = critical(run)[0]

    code, out, err = run(
        accept(finding=fingerprint), "remediate", "--finding", fingerprint
    )

    assert (code, out) == (2, "")
    assert "suppressed by accept[1]; change whocanrun.toml to plan for it" in err


def test_a_named_file_goes_before_the_one_beside(run, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text("[thresholds]\nprincipals_per_scope = 1000\n")

    found = report(run, "not TOML at all", "--config", str(other))

    assert found["configuration"]["path"] == str(other)


@pytest.mark.parametrize("command", ["report", "remediate", "checks"])
def test_what_has_no_effect_is_wrong_input(command, run):
    """Exit code 2, one line that names file and key, nothing on stdout."""
    code, out, err = run("[thresholds]\nprincipals = 3\n", command)

    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("whocanrun: whocanrun.toml: thresholds.principals: ")


def test_a_scan_refuses_its_configuration_before_it_collects(tmp_path, run, capsys):
    Path("whocanrun.toml").write_text("x = 1")

    code = main(["scan", "--aws", "--out", "new"])

    assert code == 2
    assert "whocanrun.toml: x: no such key" in capsys.readouterr().err
    assert not Path("new").exists()


def test_the_demo_reads_no_configuration(run, capsys):
    Path("whocanrun.toml").write_text("x = 1")

    assert main(["demo", "--out", "demo"]) == 0


# ---- checks ----


def test_a_check_is_explained_with_its_threshold_and_an_example(run):
    toml = "[thresholds]\nprincipals_per_scope = 7\n"

    code, out, _ = run(toml, "checks", "t1651_aws_too_many_principals")

    assert code == 0
    assert "threshold   7 (thresholds.principals_per_scope)\n" in out
    assert "\nExample\n11 principals can run commands here" in out
    assert "reach x exposure x ease x confidence" in out
    assert "ATT&CK 18.1 T1651 (mitigated by M1026)" in out


def test_a_check_is_explained_as_json(run):
    _, out, _ = run(None, "checks", EVERY, "--format", "json")

    (one,) = json.loads(out)
    assert one["id"] == EVERY
    assert one["attack"]["version"] == "18.1"
    assert one["settled_by"] == ["approved principal", "break-glass principal"]
    assert all(value for key, value in one.items() if key != "threshold")


def test_the_whole_catalogue_as_json(run):
    _, table, _ = run(None, "checks")
    _, out, _ = run(None, "checks", "--format", "json")

    assert [one["id"] for one in json.loads(out) if one["id"] not in table] == []


def test_a_check_that_is_not_there_is_near_to_one(run):
    code, out, err = run(None, "checks", "t1651_aws_any_documents")

    assert (code, out) == (2, "")
    assert "did you mean t1651_aws_any_document?" in err
