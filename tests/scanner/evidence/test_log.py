"""Evidence while it is written: a page at a time, whole lines only, resumable."""

import json
import os
import resource
import signal
import stat
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from evidence_lines import estate, jsonl, line, refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.errors import UnusableOutput
from scanner.evidence.lines import ErrorBody, SeriesKey
from scanner.evidence.log import EvidenceFile
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NODES = SeriesKey("ssm:DescribeInstanceInformation", "111122223333", "eu-west-1")
VMS = SeriesKey("ec2:DescribeInstances", "111122223333", "eu-west-1")
NAME = "aws/111122223333.jsonl"


def open_file(root, **options):
    path = root / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    return EvidenceFile(path, lambda: NOON, **options)


def read(root):
    """Outcome and pages of each operation in the estate's one file."""
    partition = open_estate(root).partition(NAME)
    return {k.op: (s.outcome, list(s.plain())) for k, s in partition.series.items()}


def collect(file, calls):
    """Do what a collector does: ask for what is not complete yet."""
    for key, pages in calls:
        if file.complete(key):
            continue
        for number, page in enumerate(pages):
            file.page(key, number, page, last=number == len(pages) - 1)


def test_a_line_is_written_as_the_format_says(tmp_path):
    file = open_file(tmp_path)
    file.page(NODES, 0, {"InstanceInformationList": []}, last=True)
    file.error(VMS, 1, ErrorBody("AccessDenied", 403, "no"))

    where = {"account": "111122223333", "region": "eu-west-1", "params": {}}
    lines = [json.loads(text) for text in file.path.read_text().splitlines()]
    assert lines == [
        {
            **{"op": NODES.op, **where, "page": 0, "at": "2026-11-24T12:00:00Z"},
            **{"last": True, "result": {"InstanceInformationList": []}},
        },
        {
            **{"op": VMS.op, **where, "page": 1, "at": "2026-11-24T12:00:00Z"},
            "error": {"code": "AccessDenied", "status": 403, "message": "no"},
        },
    ]


def test_a_file_is_readable_by_its_owner_only(tmp_path):
    before = os.umask(0)
    try:
        path = open_file(tmp_path).path
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_symlink_in_place_of_a_file_is_refused(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "aws").mkdir()
    (tmp_path / NAME).symlink_to(elsewhere)

    with pytest.raises(UnusableOutput):
        open_file(tmp_path)
    assert not elsewhere.exists()


CALLS = [(VMS, [{"Page": 0}, {"Page": 1}]), (NODES, [{"Page": 0}])]


def test_a_resumed_file_keeps_complete_series_and_asks_the_rest_again(tmp_path):
    file = open_file(tmp_path)
    file.page(VMS, 0, {"Page": 0}, last=False)
    file.page(NODES, 0, {"Page": 0}, last=True)
    file.error(SeriesKey("ssm:ListDocuments"), 0, ErrorBody("Throttling", 400))
    file.close()

    file = open_file(tmp_path)

    assert not file.complete(VMS)
    assert file.complete(NODES)
    assert list(file.replay(NODES)) == [{"Page": 0}]
    assert {NODES.op: (Outcome.ANSWERED, [{"Page": 0}])} == read(tmp_path)


def test_replay_gives_the_pages_in_order(tmp_path):
    page = [line(page=n, last=n == 1, result={"Page": n}) for n in (1, 0)]
    estate(tmp_path, {NAME: page})

    assert list(open_file(tmp_path).replay(VMS)) == [{"Page": 0}, {"Page": 1}]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_scan_killed_at_any_byte_resumes_to_the_undisturbed_one(
    tmp_path_factory, data
):
    undisturbed, killed = tmp_path_factory.mktemp("a"), tmp_path_factory.mktemp("b")
    collect(open_file(undisturbed), CALLS)
    collect(open_file(killed), CALLS)
    whole = (killed / NAME).read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    (killed / NAME).write_bytes(whole[:cut])

    collect(open_file(killed), CALLS)

    assert read(undisturbed) == read(killed)
    lines = (killed / NAME).read_bytes().splitlines()
    assert sorted(whole.splitlines()) == sorted(lines)


def test_a_resumed_page_that_was_asked_twice_is_written_once(tmp_path):
    old, new = "2026-11-24T01:00:00Z", "2026-11-24T02:00:00Z"
    pages = [line(at=at, result={"At": at}) for at in (old, new)]
    estate(tmp_path, {NAME: [*pages, pages[1]]})

    file = open_file(tmp_path)

    assert [{"At": new}] == list(file.replay(VMS))
    assert file.path.read_bytes().count(b"\n") == 1


def test_adding_to_a_file_drops_nothing(tmp_path):
    """A refusal stays known as refused: an import is no second try."""
    refused = line(NODES.op, error=refusal())
    estate(tmp_path, {NAME: jsonl(refused)})

    open_file(tmp_path, keep=True).page(VMS, 0, {}, last=True)

    assert read(tmp_path) == {
        NODES.op: (Outcome.REFUSED, []),
        VMS.op: (Outcome.ANSWERED, [{}]),
    }


def test_adding_after_a_torn_line_does_not_lose_the_new_one(tmp_path):
    estate(tmp_path, {NAME: jsonl(line(NODES.op)) + b'{"op": "ssm:Li'})

    open_file(tmp_path, keep=True).page(VMS, 0, {}, last=True)

    partition = open_estate(tmp_path).partition(NAME)
    assert {NODES.op, VMS.op} == {key.op for key in partition.series}
    assert [broken.number for broken in partition.broken] == [2]


FILLS_THE_DISK = """
import sys
from pathlib import Path
from scanner.errors import UnusableOutput
from scanner.evidence.lines import SeriesKey
from scanner.evidence.log import EvidenceFile

file, key = EvidenceFile(Path(sys.argv[1])), SeriesKey("ec2:DescribeInstances")
try:
    for number in range(10_000):
        file.page(key, number, {"a": "x" * 100}, last=False)
except UnusableOutput as error:
    print(error)
"""


def test_a_full_disk_leaves_whole_lines_and_one_line_of_words(tmp_path):
    """The file size limit stands in for a full disk: both refuse a part of a write."""
    path = tmp_path / "full.jsonl"

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    command = [sys.executable, "-c", FILLS_THE_DISK, str(path)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=limited
    )

    assert f"{path}: File too large" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    text = path.read_bytes()
    assert text.endswith(b"\n")
    pages = [json.loads(line)["page"] for line in text.splitlines()]
    assert pages == list(range(len(pages)))
    assert pages


def test_pages_after_closing_are_refused(tmp_path):
    file = open_file(tmp_path)
    file.close()
    file.close()

    with pytest.raises(UnusableOutput):
        file.page(VMS, 0, {}, last=True)
