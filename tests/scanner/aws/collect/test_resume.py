"""Killed anywhere, a scan resumes to the evidence of an undisturbed one."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import aws_server as wire
import pytest
from aws_collecting import REGION, collect, series
from aws_companies import fleet
from aws_server import ACCOUNT

from scanner.errors import UnusableOutput
from scanner.evidence.store import OVERWRITE, RESUME

FILE = f"aws/{ACCOUNT}.jsonl"
NODES = "ssm:DescribeInstanceInformation"


def contents(folder):
    """Return an estate's evidence without its times."""
    return {
        key: (found.outcome, [bytes(page) for page in found.pages])
        for key, found in series(folder).items()
    }


@pytest.fixture
def paged(server):
    """A fleet whose node list has three pages."""
    fleet(server, REGION)
    after = {None: "A", "A": "B", "B": None}
    server.answer(
        NODES,
        lambda p: {
            "InstanceInformationList": [{"InstanceId": str(p.get("NextToken"))}],
            "NextToken": after[p.get("NextToken")],
        },
    )
    return server


def test_a_file_cut_at_any_byte_resumes_to_the_same(paged, tmp_path):
    """Torn lines and unfinished series are asked again, from their first page."""
    whole = tmp_path / "whole"
    collect(paged, whole)
    text = (whole / FILE).read_bytes()
    middle = text.index(b'"page":1')  # inside the paged series
    for number, place in enumerate((1, middle, len(text) - 1)):
        folder = tmp_path / f"cut-{number}"
        shutil.copytree(whole, folder)
        (folder / FILE).write_bytes(text[:place])
        unlist(folder)
        collect(paged, folder, RESUME)

        assert contents(folder) == contents(whole), place


def unlist(folder: Path) -> None:
    """Make the manifest that of a scan which died: its file is not finished."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_what_is_complete_is_not_asked_again(paged, tmp_path):
    """Resuming a finished scan asks who is asking, and nothing else."""
    folder = tmp_path / "estate"
    collect(paged, folder)
    before = contents(folder)
    paged.requests.clear()
    collect(paged, folder, RESUME)

    assert [op for op in paged.ops() if op != "sts:GetCallerIdentity"] == [
        "organizations:DescribeOrganization"  # "in no organization" is an error line
    ]
    assert contents(folder) == before


def test_refused_lists_are_asked_again(paged, tmp_path):
    """A right that was granted since then is used."""
    folder = tmp_path / "estate"
    paged.fault(NODES, wire.refused())
    collect(paged, folder)
    paged.heal()
    collect(paged, folder, RESUME)

    assert series(folder)[NODES, ACCOUNT, REGION, "{}"].answered


def test_evidence_is_neither_mixed_nor_lost_by_accident(paged, tmp_path):
    """Without --resume or --overwrite a second scan into the folder is refused."""
    folder = tmp_path / "estate"
    collect(paged, folder)
    with pytest.raises(UnusableOutput, match="--resume"):
        collect(paged, folder)
    collect(paged, folder, OVERWRITE)

    assert len(series(folder)[NODES, ACCOUNT, REGION, "{}"].pages) == 3


_SCAN = """
import sys
from pathlib import Path
from scanner.aws.collect import AwsOptions, collect_aws
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import Interrupted
from scanner.evidence.store import EstateStore
store = EstateStore(Path(sys.argv[1]))
try:
    collect_aws(AwsOptions(regions=("eu-west-1",)), store, Rates(ceiling=1000),
                Progress())
except Interrupted as stop:
    store.close(finished=False)
    print(stop)
    sys.exit(stop.exit_code)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_ends_the_scan_with_whole_lines(paged, tmp_path, number):
    """Ctrl-C ends it with 130; after that, and after a kill, it can be resumed."""
    folder = tmp_path / "estate"
    paged.requests.clear()
    paged.fault("lambda:ListFunctions", wire.slow(20))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", _SCAN, str(folder)], env=environment, stdout=-1
    )
    deadline = time.monotonic() + 60
    while "lambda:ListFunctions" not in paged.ops() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(number)
    said, _ = process.communicate(timeout=30)

    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert b"interrupted" in said
    text = (folder / FILE).read_bytes()
    assert text.endswith(b"\n")
    assert all(json.loads(line) for line in text.splitlines())
    paged.heal()
    collect(paged, folder, RESUME)
    assert series(folder)["lambda:ListFunctions", ACCOUNT, REGION, "{}"].answered
