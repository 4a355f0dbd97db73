"""`scan --usage` of Azure: sign-ins of users, and the log of each subscription."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from azure_answers import (
    empty,
    html,
    refused,
    reset,
    throttled,
    truncated,
    without_value,
)
from azure_scans import collect, evidence, faults, rows, series, small_tenant
from azure_server import azure_server
from azure_tenant import guid_of

from scanner.azure.activity import logged_providers
from scanner.azure.lists import ACTIVITY, SIGN_INS
from scanner.coverage import coverage_of
from scanner.evidence.store import RESUME

PROD = guid_of("subscription", "prod")
LOG = f"/subscriptions/{PROD}/providers/{ACTIVITY}"
OBJECT = "http://schemas.microsoft.com/identity/claims/objectidentifier"
#: One of the lists of the log.
COMPUTE = "resourceprovider eq 'microsoft.compute'"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"


def event(number, **members):
    """An event as the API gives it, with what a scan must not keep."""
    return {
        "id": f"{LOG}/{number}",
        "caller": "ann@contoso.example",
        "claims": {OBJECT: guid_of("users", "ann"), "appid": "a", "name": "Secret Ann"},
        "correlationId": guid_of("correlation", str(number)),
        "eventTimestamp": "2026-11-01T00:00:00Z",
        "operationName": {"value": RUN, "localizedValue": "Run Command"},
        "status": {"value": "Succeeded"},
        "httpRequest": {"clientIpAddress": "203.0.113.7"},
        "properties": {"requestbody": "planted-secret"},
        **members,
    }


@pytest.fixture
def server():
    tenant = small_tenant()
    for number in range(3):
        tenant.put(LOG, event(number))
    with azure_server(tenant) as running:
        yield running


def test_without_usage_nothing_of_it_is_asked(server, tmp_path):
    """Neither the log nor sign-ins: they take rights that a scan need not have."""
    collect(server, tmp_path)

    assert server.asked("eventtypes") == []
    assert not any("signInActivity" in str(r.query) for r in server.requests)


def test_sign_ins_are_a_list_of_their_own(server, tmp_path):
    """Refused, they leave the names of users alone."""
    server.fault("signinactivity", refused("Authentication_MSGraphPermissionMissing"))
    collect(server, tmp_path, usage=True)
    scopes = coverage_of(evidence(tmp_path)).scopes
    (gap,) = (gap for scope in scopes for gap in scope.gaps)

    assert faults(tmp_path).keys() == {SIGN_INS}
    assert (gap.what, gap.permission) == (SIGN_INS, "AuditLog.Read.All")
    assert rows(tmp_path, "graph/users") != []


def test_a_tenant_without_the_licence_has_no_sign_ins_to_ask(server, tmp_path):
    """That is an answer, not a gap: nobody can grant a right for it."""
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    server.fault("signinactivity", refused(code))
    collect(server, tmp_path, usage=True)

    assert coverage_of(evidence(tmp_path)).complete


def test_the_log_is_asked_once_for_each_provider_of_a_vector(server, tmp_path):
    """For 90 days up to now, as the API wants its filter; pages to the last."""
    before = datetime.now(UTC)
    collect(server, tmp_path, usage=True)
    asked = [r.query for r in server.asked(LOG) if "$skiptoken" not in r.query]
    filters = [query["$filter"] for query in asked]
    begun = {re.match(r"eventTimestamp ge '([^']+)'", text)[1] for text in filters}
    lists = list(series(tmp_path, ACTIVITY))

    assert [text.rpartition(" eq ")[2] for text in filters] == [
        f"'{provider}'" for provider in logged_providers()
    ]
    assert "Microsoft.Compute" in logged_providers()
    for text in begun:
        age = before - datetime.fromisoformat(text)
        assert timedelta(days=89, hours=23) < age < timedelta(days=90)
    assert {query["$select"] for query in asked} == {
        "claims,correlationId,eventTimestamp,operationName,status"
    }
    assert [len(found.pages) for found in lists] == [2] * len(filters)
    assert all(found.key.parameters["days"] == "90" for found in lists)


def test_who_did_what_when_is_kept_and_nothing_more(server, tmp_path):
    """Addresses, names and the bodies of requests never reach the disk."""
    collect(server, tmp_path, usage=True)
    kept = rows(tmp_path, ACTIVITY)[0]
    text = (tmp_path / "estate" / "azure" / f"{PROD}.jsonl").read_text()

    assert kept["claims"] == {OBJECT: guid_of("users", "ann"), "appid": "a"}
    assert kept["operationName"]["value"] == RUN
    assert not any(word in text for word in ("planted", "Secret Ann", "203.0.113.7"))


@pytest.mark.parametrize("match", [COMPUTE, "signinactivity"])
@pytest.mark.parametrize(
    "change",
    [
        refused(),
        html(),
        empty(),
        truncated,
        without_value,
        reset(),
        throttled("0"),
    ],
    ids=["refused", "html", "empty", "truncated", "no value", "reset", "throttled"],
)
def test_what_is_not_read_is_a_gap_and_stops_nothing(server, tmp_path, match, change):
    """No silent zero, and no other list lost."""
    server.fault(match, change)
    collect(server, tmp_path, usage=True)

    assert faults(tmp_path).keys() == {ACTIVITY if match == COMPUTE else SIGN_INS}


@pytest.mark.parametrize("match", [COMPUTE, "signinactivity"])
def test_throttled_lists_are_tried_again(server, tmp_path, match):
    """The twin: whoever waits gets an answer."""
    server.fault(match, throttled("0"), times=2)
    collect(server, tmp_path, usage=True)

    assert faults(tmp_path) == {}


def test_a_resumed_scan_knows_the_lists_again(server, tmp_path):
    """They are named by the days that they cover, not by the moment of asking."""
    server.fault(COMPUTE, refused())
    collect(server, tmp_path, usage=True)
    (code, _), *_ = faults(tmp_path).values()
    server.heal()
    server.requests.clear()
    collect(server, tmp_path, existing=RESUME, usage=True)

    assert code == "AuthorizationFailed"
    assert faults(tmp_path) == {}
    assert len({r.query["$filter"] for r in server.asked(LOG)}) == 1
    manifest = json.loads((tmp_path / "estate" / "manifest.json").read_text())
    assert f"azure/{PROD}.jsonl" in manifest["files"]
