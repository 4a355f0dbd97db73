"""The estate folder while it is written: modes, manifest, identities."""

import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from evidence_lines import ACCOUNT, estate, jsonl, line, refusal, sha256

from scanner.errors import UnusableInput, UnusableOutput, UsageError
from scanner.evidence.lines import SeriesKey
from scanner.evidence.manifest import Scope
from scanner.evidence.reader import open_estate
from scanner.evidence.store import APPEND, OVERWRITE, REFUSE, RESUME, EstateStore

NAME = f"aws/{ACCOUNT}.jsonl"
VMS = SeriesKey("ec2:DescribeInstances", ACCOUNT, "eu-west-1")


def clock(hour=4):
    """A clock that moves a second at each look."""
    ticks = iter(range(10**6))
    start = datetime(2026, 11, 24, hour, tzinfo=UTC)
    return lambda: start + timedelta(seconds=next(ticks))


def scan(root, existing=REFUSE, hour=4, finished=True):
    """One page of one account, collected in the given mode."""
    store = EstateStore(root, existing, clock(hour))
    store.add_scopes([Scope("aws", "account", ACCOUNT)])
    file = store.file(NAME)
    if not file.complete(VMS):
        file.page(VMS, 0, {"Hour": hour}, last=True)
    if finished:
        store.finish(NAME)
    store.close(finished=finished)


def manifest(root):
    return json.loads((root / "manifest.json").read_text())


def hours(root):
    series = open_estate(root).partition(NAME).series
    return [page["Hour"] for one in series.values() for page in one.plain()]


def test_a_finished_scan_lists_the_hash_of_each_file(tmp_path):
    scan(tmp_path)

    found = manifest(tmp_path)
    assert {NAME: sha256(tmp_path / NAME)} == found["files"]
    assert found["started"] < found["finished"]
    assert found["format"] == 1
    assert found["scopes"] == [{"provider": "aws", "kind": "account", "id": ACCOUNT}]


def test_an_interrupted_scan_lists_no_file_and_no_end(tmp_path):
    scan(tmp_path, finished=False)

    found = manifest(tmp_path)
    assert found["files"] == {}
    assert None is found["finished"]
    assert not open_estate(tmp_path).partition(NAME).finished


def test_everything_is_readable_by_its_owner_only(tmp_path):
    before = os.umask(0)
    try:
        scan(tmp_path / "deep" / "estate")
    finally:
        os.umask(before)

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (tmp_path / "deep").rglob("*")
    }
    private = {"estate": 0o700, "aws": 0o700, "manifest.json": 0o600}
    assert {**private, f"{ACCOUNT}.jsonl": 0o600} == modes


def test_a_refused_scan_leaves_the_estate_as_it_was(tmp_path):
    scan(tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()

    store = EstateStore(tmp_path, REFUSE, clock(9))
    with pytest.raises(UnusableOutput):
        store.file(NAME)
    store.close(finished=False)

    assert (tmp_path / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_evidence_that_is_there_is_not_touched_unless_told(tmp_path, suffix):
    estate(tmp_path, {NAME + suffix: b"something\n"})

    with pytest.raises(UnusableOutput, match="--resume"):
        scan(tmp_path, REFUSE)
    assert (tmp_path / (NAME + suffix)).read_bytes() == b"something\n"


def test_overwriting_replaces_the_evidence(tmp_path):
    scan(tmp_path, hour=4)
    scan(tmp_path, OVERWRITE, hour=5)

    assert hours(tmp_path) == [5]


def test_overwriting_replaces_packed_evidence(tmp_path):
    estate(tmp_path, {f"{NAME}.gz": b"anything"})

    scan(tmp_path, OVERWRITE, hour=5)

    assert hours(tmp_path) == [5]


def test_resuming_keeps_what_is_complete(tmp_path):
    scan(tmp_path, hour=4, finished=False)
    scan(tmp_path, RESUME, hour=5)

    assert hours(tmp_path) == [4]
    assert manifest(tmp_path)["started"].startswith("2026-11-24T04")
    assert open_estate(tmp_path).partition(NAME).finished


def test_appending_keeps_refusals_and_lists_the_file_anew(tmp_path):
    refused = line("ssm:ListDocuments", error=refusal())
    text = jsonl(refused)
    estate(tmp_path, {NAME: text})
    estate(tmp_path, {}, files={NAME: sha256(tmp_path / NAME)})

    scan(tmp_path, APPEND)

    assert (tmp_path / NAME).read_bytes().startswith(text)
    assert {NAME: sha256(tmp_path / NAME)} == manifest(tmp_path)["files"]
    assert len(open_estate(tmp_path).partition(NAME).series) == 2


@pytest.mark.parametrize("mode", [RESUME, APPEND])
def test_packed_evidence_is_not_added_to(tmp_path, mode):
    estate(tmp_path, {f"{NAME}.gz": b"anything"})

    with pytest.raises(UnusableOutput, match="gunzip"):
        scan(tmp_path, mode)


def test_a_file_that_is_being_written_is_not_listed(tmp_path):
    """A crash leaves an unfinished file, never one whose hash is wrong."""
    scan(tmp_path)
    store = EstateStore(tmp_path, APPEND, clock())
    store.file(NAME).page(VMS, 0, {"Hour": 9}, last=True)

    assert manifest(tmp_path)["files"] == {}
    assert not open_estate(tmp_path).partition(NAME).finished


def test_a_resume_is_held_to_the_identity_that_began(tmp_path):
    EstateStore(tmp_path).identify("aws:1", "role/scanner")

    EstateStore(tmp_path, RESUME).identify("aws:1", "role/scanner")
    with pytest.raises(UsageError, match="role/other"):
        EstateStore(tmp_path, RESUME).identify("aws:1", "role/other")
    EstateStore(tmp_path, OVERWRITE).identify("aws:1", "role/other")


def test_a_scope_that_is_named_again_is_replaced(tmp_path):
    store = EstateStore(tmp_path)
    store.add_scopes([Scope("aws", "account", "2"), Scope("aws", "account", "1")])
    store.add_scopes([Scope("aws", "account", "1", skipped="SUSPENDED")])

    found = [(one["id"], one.get("skipped")) for one in manifest(tmp_path)["scopes"]]
    assert found == [("1", "SUSPENDED"), ("2", None)]


@pytest.mark.parametrize("text", ["file", "link"])
def test_a_folder_that_is_none_is_refused(tmp_path, text):
    root = tmp_path / "estate"
    if text == "file":
        root.write_text("mine")
    else:
        (tmp_path / "elsewhere").mkdir()
        root.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(UnusableOutput, match=str(root)):
        EstateStore(root)
    assert not list((tmp_path).glob("elsewhere/*"))


def test_an_estate_of_a_newer_format_is_not_written_to(tmp_path):
    estate(tmp_path, {}, format=2)
    before = (tmp_path / "manifest.json").read_bytes()

    with pytest.raises(UnusableInput, match="newer"):
        EstateStore(tmp_path, OVERWRITE)
    assert before == (tmp_path / "manifest.json").read_bytes()


def test_folders_that_nothing_came_to_are_removed(tmp_path):
    """The twin has a scope: that it was asked for is evidence."""
    EstateStore(tmp_path / "new" / "empty").close(finished=False)
    assert list(tmp_path.iterdir()) == []

    (tmp_path / "mine").mkdir()
    EstateStore(tmp_path / "mine").close(finished=False)
    assert (tmp_path / "mine").is_dir()

    store = EstateStore(tmp_path / "new" / "asked")
    store.add_scopes([Scope("aws", "account", "111122223333")])
    store.close(finished=False)
    assert (tmp_path / "new" / "asked" / "manifest.json").is_file()
