"""A scan that was cut off anywhere resumes to the evidence of an undisturbed one."""

import json
import os
import random
import signal

import pytest
from azure_answers import refused, throttled
from azure_scans import HASTY, collect, evidence, faults, rows, small_tenant
from azure_server import azure_server
from azure_tenant import AzureTenant, guid_of

from scanner.errors import Interrupted, UnusableOutput, UsageError
from scanner.evidence.store import RESUME

VMS = "Microsoft.Compute/virtualMachines"


def lines(folder):
    """Return all evidence as text, times and order aside."""
    found = []
    for file in sorted((folder / "estate" / "azure").glob("*.jsonl")):
        for text in file.read_text().splitlines():
            line = json.loads(text)
            line.pop("at")
            found.append(json.dumps(line, sort_keys=True).replace(PORT[0], "PORT"))
    return sorted(found)


PORT = ["no port yet"]


@pytest.fixture
def server():
    with azure_server(small_tenant()) as running:
        PORT[0] = running.arm
        yield running


@pytest.fixture
def undisturbed(server, tmp_path):
    folder = tmp_path / "undisturbed"
    folder.mkdir()
    collect(server, folder)
    server.requests.clear()
    return lines(folder)


def unfinish(folder):
    """Make the manifest one of a scan that is still running."""
    file = folder / "estate" / "manifest.json"
    manifest = json.loads(file.read_text())
    file.write_text(json.dumps({**manifest, "files": {}, "finished": None}))


@pytest.mark.parametrize("seed", range(6))
def test_cut_at_any_byte_and_resumed_it_is_the_same(
    server, undisturbed, tmp_path, seed
):
    """Torn lines and unfinished lists are asked again, finished ones are not."""
    collect(server, tmp_path)
    all_requests = len(server.requests)
    unfinish(tmp_path)
    choose = random.Random(seed)
    for file in (tmp_path / "estate" / "azure").glob("*.jsonl"):
        os.truncate(file, choose.randrange(file.stat().st_size + 1))
    server.requests.clear()
    collect(server, tmp_path, existing=RESUME)

    assert undisturbed == lines(tmp_path)
    assert len(server.requests) <= all_requests
    assert faults(tmp_path) == {}


def test_a_finished_scan_resumed_asks_for_nothing_but_the_tenant(
    server, undisturbed, tmp_path
):
    """Whatever was read to its end comes from the file."""
    collect(server, tmp_path)
    server.requests.clear()
    collect(server, tmp_path, existing=RESUME)

    assert undisturbed == lines(tmp_path)
    assert {"/subscriptions"} == {request.path for request in server.requests}


def test_interrupted_and_resumed_it_is_the_same(server, undisturbed, tmp_path):
    """Ctrl-C in the middle of the subscriptions loses no page that was read."""

    def press(answer):
        os.kill(os.getpid(), signal.SIGINT)
        return answer

    server.fault("/virtualmachines?", press, times=1)
    with pytest.raises(Interrupted):
        collect(server, tmp_path)
    assert lines(tmp_path) != undisturbed
    collect(server, tmp_path, existing=RESUME)

    assert undisturbed == lines(tmp_path)


@pytest.mark.parametrize(
    ("fault", "times"),
    [
        (refused(), 1),
        (refused("ExpiredAuthenticationToken", 401), 1),
        (throttled(), HASTY.tries),
    ],
    ids=["refused", "expired", "throttled"],
)
def test_what_was_refused_is_asked_again(server, undisturbed, tmp_path, fault, times):
    """The right is granted, the credential renewed, the throttle over: resume."""
    server.fault("/locks", fault, times=times)
    collect(server, tmp_path)
    assert faults(tmp_path)
    collect(server, tmp_path, existing=RESUME)

    assert undisturbed == lines(tmp_path)
    assert faults(tmp_path) == {}


def test_another_tenant_cannot_go_on_with_the_scan(server, tmp_path):
    """Evidence of two tenants in one file would be evidence of neither."""
    tenant = small_tenant().id
    collect(server, tmp_path)
    manifest = tmp_path / "estate" / "manifest.json"
    found = json.loads(manifest.read_text())
    found["identities"] = {f"azure:{tenant}": guid_of("somebody else")}
    manifest.write_text(json.dumps(found))

    with pytest.raises(UsageError, match="cannot be resumed"):
        collect(server, tmp_path, existing=RESUME)


def test_evidence_that_is_there_is_not_overwritten(server, tmp_path):
    """Without --resume or --overwrite a second scan refuses."""
    collect(server, tmp_path)
    before = lines(tmp_path)

    with pytest.raises(UnusableOutput, match="already holds evidence"):
        collect(server, tmp_path)
    assert before == lines(tmp_path)


def test_memory_holds_no_pages(tmp_path):
    """Many pages go to disk one by one; what is kept of a row is its id at most."""
    tenant = AzureTenant()
    sub = tenant.subscription("prod")
    for number in range(300):
        sub.vm(f"vm-{number}")
    with azure_server(tenant, page_size=10) as running:
        collect(running, tmp_path)

    assert len({row["id"] for row in rows(tmp_path, VMS)}) == 300
    (file,) = [p for p in evidence(tmp_path).partitions("azure") if p.name == sub.id]
    assert [len(s.pages) for s in file.of(VMS)] == [30, 30]
