"""Broken lists never turn an answer around: from the wire to the grants.

For any set of faults each verdict is the undisturbed scan's, or `unknown`; a target
whose list was lost is not there at all, and a vector that rests on a list which only
refines is named as not covered: coverage says so.
"""

import json
import random

import pytest
from azure_answers import (
    empty,
    html,
    null_value,
    refused,
    truncated,
)
from azure_scans import collect, evidence, small_tenant
from azure_server import azure_server

from scanner.azure.decide import decide_azure
from scanner.azure.load import load_azure
from scanner.cli import main

INCOMPLETE = 3
FAULTS = (refused(), empty(), html(), null_value, truncated)


def grants(folder, capsys):
    """Return the verdict of each principal, vector and target."""
    capsys.readouterr()
    main(["access", str(folder / "estate"), "--format", "jsonl"])
    rows = map(json.loads, capsys.readouterr().out.splitlines())
    keys = ("principal", "vector", "target")
    return {tuple(row[key] for key in keys): row["verdict"] for row in rows}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with azure_server(small_tenant()) as server:
        collect(server, folder)
        return folder, sorted({request.path for request in server.requests})


@pytest.mark.parametrize("seed", range(6))
def test_no_set_of_faults_turns_an_answer_around(tmp_path, undisturbed, capsys, seed):
    """Neither hidden access nor invented access, and exit code 3 for the gaps."""
    folder, paths = undisturbed
    clean = grants(folder, capsys)
    choose = random.Random(seed)
    with azure_server(small_tenant()) as server:
        for path in choose.sample(paths, choose.randint(1, 4)):
            server.fault(f"^{path}?", choose.choice(FAULTS))
        collect(server, tmp_path, tenant=small_tenant().id)
    broken = grants(tmp_path, capsys)

    named = {v.id for v in decide_azure(load_azure(evidence(tmp_path))).not_covered}
    known = {target for *_, target in broken} & {target for *_, target in clean}
    for key in {*clean, *broken}:
        if key[-1] in known and key[1] not in named:
            assert broken.get(key, "denied") in (clean.get(key, "denied"), "unknown")
    assert any(verdict == "allowed" for verdict in clean.values())
    assert main(["report", str(tmp_path / "estate")]) == INCOMPLETE
