"""Importing: refused files are named, the rest is kept, several imports add up."""

import json
import os
import stat

import pytest
from evidence_lines import (
    ACCOUNT,
    AT,
    SUBSCRIPTION,
    TENANT,
    azure_line,
    jsonl,
    line,
    refusal,
    sha256,
)

from scanner.coverage import coverage_of
from scanner.errors import UnusableInput, UnusableOutput
from scanner.evidence.importers import import_files
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate

IAM = "iam:GetAccountAuthorizationDetails"
FILE = f"aws/{ACCOUNT}.jsonl"


def details(name="ops"):
    role = {"Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "RoleName": name}
    return {"UserDetailList": [], "RoleDetailList": [role]}


def instances(zone="eu-west-1a"):
    instance = {"InstanceId": "i-1", "Placement": {"AvailabilityZone": zone}}
    return {"Reservations": [{"OwnerId": ACCOUNT, "Instances": [instance]}]}


def write(root, name, content):
    path = root / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(json.dumps(content))
    return path


def do(root, files, **options):
    paths = [write(root, name, content) for name, content in files.items()]
    return import_files(paths, root / "estate", **options)


def roles(root):
    partition = open_estate(root / "estate").partition(FILE)
    return [
        role["RoleName"]
        for series in partition.of(IAM)
        for page in series.plain()
        for role in page["RoleDetailList"]
    ]


BROKEN = {
    "broken.json": b'{"UserDetailList": [',
    "twice.json": b'{"UserDetailList": [],\n "UserDetailList": []}',
    "nan.json": b'{"UserDetailList": [NaN]}',
    "utf16.json": '{"UserDetailList": []}'.encode("utf-16"),
    "empty.json": b"",
    "deep.json": b"[" * 100_000,
    "other.json": b'{"Buckets": []}',
}


def test_broken_files_are_named_and_the_rest_is_kept(tmp_path):
    report = do(tmp_path, {**BROKEN, "good.json": details()})

    assert [file.file for file in report.files] == [
        str(tmp_path / name) for name in (*BROKEN, "good.json")
    ]
    assert len(report.refused) == len(BROKEN)
    for file in report.refused:
        assert file.refusal.startswith(file.file)
        assert "\n" not in file.refusal
        assert file.imported == ()
    assert ["twice.json:2:2" in one.refusal for one in report.refused].count(True) == 1
    assert coverage_of(open_estate(tmp_path / "estate")).complete
    assert roles(tmp_path) == ["ops"]


def test_a_missing_file_is_refused(tmp_path):
    report = import_files([tmp_path / "missing.json"], tmp_path / "estate")

    assert "missing.json" in report.refused[0].refusal


def test_an_estate_is_made_only_when_there_is_something_to_write(tmp_path):
    do(tmp_path, BROKEN)

    assert not (tmp_path / "estate").exists()


def test_the_report_says_what_each_file_held(tmp_path):
    report = do(tmp_path, {"a.json": details(), "b.json": instances()})

    assert [
        (one.op, one.scope, one.region, one.rows, one.complete)
        for file in report.files
        for one in file.imported
    ] == [
        (IAM, ACCOUNT, "us-east-1", 1, True),
        ("ec2:DescribeInstances", ACCOUNT, "eu-west-1", 1, True),
    ]


def test_several_imports_build_one_estate(tmp_path):
    do(tmp_path, {"a.json": details()})
    do(tmp_path, {"b.json": instances()})
    do(tmp_path, {"c.json": instances("us-east-1a")})

    (scope,) = coverage_of(open_estate(tmp_path / "estate")).scopes
    assert (scope.state, scope.asked, scope.answered) == ("complete", 3, 3)


def test_an_import_asks_only_for_what_is_in_it(tmp_path):
    do(tmp_path, {"b.json": instances()})

    manifest = json.loads((tmp_path / "estate/manifest.json").read_text())
    assert manifest["scopes"] == []
    assert manifest["files"] == {FILE: sha256(tmp_path / "estate" / FILE)}
    assert coverage_of(open_estate(tmp_path / "estate")).complete


def test_evidence_carries_the_time_of_the_file(tmp_path):
    path = write(tmp_path, "a.json", details())
    os.utime(path, (1_700_000_000, 1_700_000_000))

    import_files([path], tmp_path / "estate")

    (scope,) = coverage_of(open_estate(tmp_path / "estate")).scopes
    assert scope.collected_at == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize(("hours", "expected"), [(1, ["new"]), (-1, ["old"])])
def test_the_newer_of_two_exports_counts(tmp_path, hours, expected):
    for name, moved in (("old", 0), ("new", hours)):
        path = write(tmp_path, f"{name}.json", details(name))
        moment = 1_700_000_000 + 3600 * moved
        os.utime(path, (moment, moment))
        import_files([path], tmp_path / "estate")

    assert roles(tmp_path) == expected


def test_importing_the_same_file_again_changes_no_answer(tmp_path):
    for _ in range(2):
        do(tmp_path, {"a.json": details()})

    assert roles(tmp_path) == ["ops"]


def test_two_files_of_one_list_are_not_silently_one(tmp_path):
    report = do(tmp_path, {"a.json": details("a"), "b.json": details("b")})

    assert "a.json already" in report.refused[0].refusal
    assert roles(tmp_path) == ["a"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path):
    path = write(tmp_path, "a.json", details())

    report = import_files([path, path], tmp_path / "estate")

    assert len(report.files) == 1
    assert (tmp_path / "estate" / FILE).read_bytes().count(b"\n") == 1


def test_imported_evidence_is_private(tmp_path):
    do(tmp_path, {"a.json": details()})

    modes = {
        stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "estate").rglob("*")
        if path.is_file()
    }
    assert modes == {0o600}


def test_an_estate_that_was_changed_by_hand_is_not_read_on(tmp_path):
    do(tmp_path, {"a.json": details()})
    with (tmp_path / "estate" / FILE).open("ab") as stream:
        stream.write(jsonl(line()))

    nodes = {"InstanceInformationList": [{"InstanceId": "i-1"}]}
    with pytest.raises(UnusableInput, match="changed"):
        do(tmp_path, {"b.json": nodes})


def test_an_estate_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "estate").write_text("mine")

    with pytest.raises(UnusableOutput, match="not a folder"):
        do(tmp_path, {"a.json": details()})


# --- evidence lines ----------------------------------------------------------------

LINES = [
    line(page=0, last=False, result={"Reservations": [1]}),
    line(page=1, result={"Reservations": [2]}),
    line("ssm:ListDocuments", error=refusal()),
    line("organizations:ListRoots", result={"Roots": []}),
]
AZURE_LINES = [
    azure_line("Microsoft.Compute/virtualMachines"),
    line("graph/users", tenant=TENANT.upper(), result={"value": []}),
]


@pytest.mark.parametrize("form", ["lines", "array"])
def test_evidence_lines_are_copied_as_they_are(tmp_path, form):
    lines = [*LINES, *AZURE_LINES]
    content = jsonl(*lines) if form == "lines" else lines

    report = do(tmp_path, {"x.jsonl": content})

    assert not report.refused
    evidence = open_estate(tmp_path / "estate")
    assert evidence.files == (
        *(FILE, "aws/organization.jsonl"),
        *(f"azure/{TENANT}.jsonl", f"azure/{SUBSCRIPTION}.jsonl"),
    )
    found = evidence.partition(FILE).series.values()
    assert {series.key.op: series.outcome for series in found} == {
        "ec2:DescribeInstances": Outcome.ANSWERED,
        "ssm:ListDocuments": Outcome.REFUSED,
    }
    assert {series.at for series in found} == {AT}


def test_lines_of_another_scan_may_be_added(tmp_path):
    """Evidence says its own time: the newest complete series wins."""
    older = line(at="2026-11-23T04:00:00Z", result={"Reservations": ["old"]})
    files = {"a.jsonl": jsonl(LINES[0], LINES[1]), "b.jsonl": jsonl(older)}

    report = do(tmp_path, files)

    assert not report.refused
    (series,) = open_estate(tmp_path / "estate").partition(FILE).series.values()
    assert [page["Reservations"] for page in series.plain()] == [[1], [2]]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"op": "ssm:ListDocuments", ', "x.jsonl:2:"),
        (b'{"op": "ssm:X", "account": "1", "account": "2"}\n', "x.jsonl:2:33"),
        (jsonl(line(page="0")), "line 2"),
        (jsonl(line(account="../../etc")), "no account id"),
        (jsonl(azure_line("x/y", subscription="../..")), "no tenant or subscription"),
        (jsonl(line("DescribeInstances")), "no operation"),
        (jsonl(line(account=None)), "--account"),
        (jsonl(line("graph/users", tenant=None)), "--tenant"),
        (b"[]\n", "line 2"),
    ],
)
def test_a_file_with_a_bad_line_is_refused_as_a_whole(tmp_path, bad, reason):
    report = do(tmp_path, {"x.jsonl": jsonl(line()) + bad})

    assert reason in report.refused[0].refusal
    assert not (tmp_path / "estate").exists()


def test_lines_without_an_account_take_the_one_that_is_named(tmp_path):
    do(tmp_path, {"x.jsonl": jsonl(line(account=None))}, account=ACCOUNT)

    assert open_estate(tmp_path / "estate").files == (FILE,)
