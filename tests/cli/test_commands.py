"""What each command prints and writes, over one small estate."""

import csv
import io
import json
import stat

import pytest
from aws_estates import (
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

ONE, TWO = "i-0123456789abcdef0", "i-0123456789abcdef1"
OPS = "arn:aws:iam::111122223333:role/ops"


@pytest.fixture
def folder(tmp_path):
    """alice may send commands everywhere, bob by way of the role ops."""
    assume = allow("sts:AssumeRole", on=OPS)
    trust = [trusting({"AWS": "arn:aws:iam::111122223333:root"})]
    estate(
        tmp_path / "estate",
        account(
            user("alice", allow("ssm:SendCommand")),
            user("bob", assume),
            role("ops", allow("ssm:SendCommand"), trust=trust),
            instance(ONE, registered=True),
            instance(TWO, registered=True),
        ),
    )
    return tmp_path / "estate"


@pytest.fixture
def run(folder, capsys):
    """Run a command over the estate; return its stdout."""

    def run(*arguments, code=0):
        assert main([*arguments, "--estate", str(folder)]) == code
        return capsys.readouterr().out

    return run


def jsonl(text):
    return [json.loads(line) for line in text.splitlines()]


# ---- report ----


def test_all_report_formats_agree(run):
    found = json.loads(run("report", "--format", "json"))
    rows = list(csv.DictReader(io.StringIO(run("report", "--format", "csv"))))
    table = run("report")

    assert len(rows) == len(found["findings"]) > 0
    assert f"\n{len(rows)} finding" in table
    assert [row["fingerprint"] for row in rows] == [
        one["fingerprint"] for one in found["findings"]
    ]


def test_report_pairs_are_the_rows_of_access(run):
    pairs = json.loads(run("report", "--format", "json"))["summary"]["pairs"]
    counted: dict[str, dict[str, int]] = {}
    for row in jsonl(run("access", "--format", "jsonl")):
        vector = counted.setdefault(row["vector"], {})
        vector[row["verdict"]] = vector.get(row["verdict"], 0) + 1

    assert pairs == counted


def test_report_to_a_folder_writes_private_files(run, tmp_path):
    out = tmp_path / "new" / "report"

    assert run("report", "--format", "csv", "--out", str(out)) == ""
    assert sorted(path.name for path in out.iterdir()) == [
        "claims.csv",
        "coverage.csv",
        "findings.csv",
    ]
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


def test_report_to_a_file_writes_that_file(run, tmp_path):
    run("report", "--format", "json", "--out", str(tmp_path / "r.json"))

    assert json.loads((tmp_path / "r.json").read_text())["format"] == 1


def test_report_refuses_a_symlink(run, tmp_path):
    (tmp_path / "elsewhere").write_text("precious")
    (tmp_path / "r.json").symlink_to(tmp_path / "elsewhere")

    run("report", "--format", "json", "--out", str(tmp_path / "r.json"), code=2)
    assert (tmp_path / "elsewhere").read_text() == "precious"


def test_same_estate_same_bytes(run):
    assert run("report", "--format", "json") == run("report", "--format", "json")
    assert run("report") == run("report")


def test_gaps_are_told_on_stderr_where_a_format_has_no_place(tmp_path, capsys):
    gap = refusal("ssm:ListDocuments", region="eu-west-1")
    estate(tmp_path / "e", account(user("alice"), gap))

    assert main(["access", str(tmp_path / "e"), "--format", "jsonl"]) == 3
    assert "ssm:ListDocuments" in capsys.readouterr().err


def test_quiet_drops_messages_but_not_warnings(run, tmp_path, capsys):
    run("report", "--format", "json", "--out", str(tmp_path / "r.json"))
    main(["-q", "report", "--out", str(tmp_path / "x"), "--estate", "nowhere"])

    assert "no such estate" in capsys.readouterr().err


# ---- access ----


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("ssm:SendComand", "ssm:SendCommand"),
        (
            "microsoft.compute/virtualmachines/runcommand",
            "Microsoft.Compute/virtualMachines/runCommand/action",
        ),
        ("\x1b[2J", "name one as"),
    ],
)
def test_an_operation_of_no_catalogue_is_wrong_input(folder, capsys, name, near):
    """A misspelt one must not look like an operation that nobody holds."""
    wanted = ["--vector", "ssm:SendCommand", "--vector", name]

    assert main(["access", *wanted, "--estate", str(folder)]) == 2

    said = capsys.readouterr().err
    assert near in said
    assert "\x1b" not in said


@pytest.mark.parametrize("name", ["batch:SubmitJob", "BATCH:submitjob"])
def test_an_operation_that_is_not_decided_yet_says_so(run, folder, capsys, name):
    """Its empty answer is not `nobody`; an operation that is decided says nothing."""
    where = ["--format", "jsonl", "--estate", str(folder)]

    assert main(["access", "--vector", name, *where]) == 0
    undecided = capsys.readouterr()
    assert main(["access", "--vector", "SSM:sendcommand", *where]) == 0
    decided = capsys.readouterr()

    assert (undecided.out, decided.err) == ("", "")
    assert "batch:SubmitJob is not decided yet" in undecided.err
    assert {row["vector"] for row in jsonl(decided.out)} == {"ssm:SendCommand"}


def test_azure_operations_are_known_in_any_case(run):
    """Azure's own answers spell them in several ways."""
    name = "MICROSOFT.compute/virtualmachines/RUNCOMMAND/action"

    assert run("access", "--vector", name, "--format", "jsonl") == ""


def test_access_rows_say_who_can_do_what_where(run):
    rows = jsonl(run("access", "--format", "jsonl", "--vector", "ssm:SendCommand"))

    assert {(row["principal_name"], row["target"][-19:]) for row in rows} == {
        (name, target) for name in ("alice", "ops", "root") for target in (ONE, TWO)
    }
    assert {row["verdict"] for row in rows} == {"allowed"}


def test_paths_add_access_through_hops(run):
    rows = jsonl(run("access", "--format", "jsonl", "--paths", "--principal", "bob"))

    assert {row["via"][0]["kind"] for row in rows} == {"assumes"}
    assert {row["via"][0]["to"] for row in rows} == {OPS}
    assert jsonl(run("access", "--format", "jsonl", "--principal", "bob")) == []


def test_denied_is_answered_for_one_pair(run):
    arguments = ["--principal", "bob", "--target", ONE, "--verdict", "denied"]
    rows = jsonl(run("access", "--format", "jsonl", *arguments))

    assert "ssm:SendCommand" in [row["vector"] for row in rows]
    assert {row["verdict"] for row in rows} == {"denied"}
    assert {row["principal_name"] for row in rows} == {"bob"}


def test_nothing_that_is_allowed_is_denied_too(run):
    arguments = ["--principal", "alice", "--target", ONE, "--verdict", "denied"]
    denied = jsonl(run("access", "--format", "jsonl", *arguments))
    both = jsonl(run("access", "--format", "jsonl", *arguments, "--verdict", "allowed"))

    assert "ssm:SendCommand" not in [row["vector"] for row in denied]
    assert ("ssm:SendCommand", "allowed") in [(r["vector"], r["verdict"]) for r in both]
    assert [r["vector"] for r in both] == sorted(r["vector"] for r in both)


def test_csv_has_the_rows_of_jsonl(run):
    rows = list(csv.DictReader(io.StringIO(run("access", "--format", "csv"))))
    lines = jsonl(run("access", "--format", "jsonl"))

    assert [row["target"] for row in rows] == [line["target"] for line in lines]
    assert [json.loads(row["because"]) for row in rows] == [
        line["because"] for line in lines
    ]


def test_classes_count_the_same_pairs(run):
    classes = jsonl(run("access", "--format", "jsonl", "--classes"))
    rows = jsonl(run("access", "--format", "jsonl"))

    assert sum(row["pairs"] for row in classes) == len(rows)


# ---- queries ----


def test_who_can_names_direct_and_indirect_principals(run):
    answer = json.loads(run("who-can", ONE, "--format", "json"))
    named = {one["principal"]["name"]: one["via"] for one in answer["principals"]}

    assert named["alice"] == []
    assert [hop["to"] for hop in named["bob"]] == [OPS]


def test_what_can_lists_targets(run):
    answer = json.loads(run("what-can", "bob", "--format", "json"))

    assert {t[-19:] for one in answer["grants"] for t in one["targets"]} == {ONE, TWO}
    assert "2 targets" in run("what-can", "bob")


# ---- remediate ----


def test_remediate_writes_what_its_index_names(run, tmp_path):
    out = tmp_path / "fix"
    shown = run("remediate", "--out", str(out))
    index = json.loads((out / "index.json").read_text())

    assert len(index["remediations"]) > 0
    assert f"{len(index['remediations'])} remediation" in shown
    for entry in index["remediations"]:
        if entry["file"]:
            assert json.loads((out / entry["file"]).read_text())["id"] == entry["id"]


def test_what_remediate_writes_holds_against_the_same_estate(run, tmp_path):
    """Every proof, with every file of its folder bound to it."""
    out = tmp_path / "fix"
    run("remediate", "--out", str(out))
    proofs = sorted(out.glob("*/proof.json"))
    shown = run("remediate", "--verify", str(out))

    assert proofs
    assert f"{len(proofs)} of {len(proofs)} proofs hold" in shown


def test_remediate_only_the_named_finding(run, tmp_path):
    findings = json.loads(run("report", "--format", "json"))["findings"]
    wanted = next(one["fingerprint"] for one in findings if one["principal"])
    run("remediate", "--out", str(tmp_path / "fix"), "--finding", wanted)
    index = json.loads((tmp_path / "fix" / "index.json").read_text())

    assert {entry["finding"] for entry in index["remediations"]} <= {wanted}


# ---- import, permissions, checks ----


def test_import_then_report(tmp_path, capsys):
    answer = {"Reservations": [{"OwnerId": "111122223333", "Instances": []}]}
    (tmp_path / "instances.json").write_text(json.dumps(answer))
    out = str(tmp_path / "e")
    options = ["--region", "eu-west-1", "--account", "111122223333", "--out", out]

    assert main(["import", str(tmp_path / "instances.json"), *options]) == 0
    assert "ec2:DescribeInstances" in capsys.readouterr().out
    assert main(["report", out]) in (0, 3)


def test_import_names_what_it_refuses_and_keeps_the_rest(tmp_path, capsys):
    answer = {"Reservations": [{"OwnerId": "111122223333", "Instances": []}]}
    (tmp_path / "good.json").write_text(json.dumps(answer))
    (tmp_path / "bad.json").write_text('{"a": 1, "a": 2}')
    files = [str(tmp_path / name) for name in ("bad.json", "good.json")]
    options = ["--region", "eu-west-1", "--account", "111122223333"]

    assert main(["import", *files, *options, "--out", str(tmp_path / "e")]) == 2
    shown = capsys.readouterr()
    assert "good.json" in shown.out
    assert "bad.json" in shown.err
    assert (tmp_path / "e" / "aws" / "111122223333.jsonl").exists()


def test_permissions_are_json_alone_on_stdout(capsys):
    assert main(["permissions", "aws", "--role-name", "scanner"]) == 0
    policy = json.loads(capsys.readouterr().out)
    assert "sts:AssumeRole" in json.dumps(policy)

    assert main(["permissions", "azure", "--management-group", "root"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["IsCustom"] is True
    assert "Microsoft Graph" in shown.err


@pytest.mark.parametrize(
    ("provider", "right", "told"),
    [
        ("aws", "iam:GenerateCredentialReport", ""),
        ("azure", "Microsoft.Insights/eventtypes/values/read", "AuditLog.Read.All"),
    ],
)
def test_permissions_for_usage_are_asked_for(capsys, provider, right, told):
    """Least privilege: what only `scan --usage` needs is in no other output."""
    assert main(["permissions", provider]) == 0
    plain = capsys.readouterr()
    assert main(["permissions", provider, "--usage"]) == 0
    usage = capsys.readouterr()

    assert right not in plain.out
    assert right in json.dumps(json.loads(usage.out))
    assert "add --usage" in plain.err
    assert "add --usage" not in usage.err
    assert told in usage.err


def test_checks_lists_and_explains(capsys):
    from checks.catalogue import catalogue

    assert main(["checks"]) == 0
    table = capsys.readouterr().out
    assert not [check.id for check in catalogue() if check.id not in table]

    first = catalogue()[0]
    assert main(["checks", first.id]) == 0
    assert " ".join(first.rationale.split())[:60] in capsys.readouterr().out


# ---- demo ----


def test_the_demo_writes_its_report_where_it_says(tmp_path, capsys):
    out = tmp_path / "demo"

    assert main(["demo", "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == [
        "access.jsonl",
        "claims.csv",
        "coverage.csv",
        "findings.csv",
        "remediation",
        "report.json",
    ]
    report = json.loads((out / "report.json").read_text())
    assert report["findings"]
    pairs = sum(n for row in report["summary"]["pairs"].values() for n in row.values())
    assert pairs == len((out / "access.jsonl").read_text().splitlines())


def test_the_demo_is_the_same_every_time(tmp_path):
    for name in ("one", "two"):
        assert main(["demo", "--out", str(tmp_path / name)]) == 0
    first, second = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in files}
        for n in ("one", "two")
        for files in [[f for f in (tmp_path / n).rglob("*") if f.is_file()]]
    )

    assert first == second
