"""Nothing but reads: refused before a token is fetched, and noticed by the stand-in."""

import pytest
import requests
from azure.core import PipelineClient
from azure.core.rest import HttpRequest
from azure_server import TOKEN, azure_server
from azure_tenant import AzureTenant

from scanner.azure.collect.faults import Fault
from scanner.azure.collect.retry import ReadsHere

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_no_other_method_leaves_the_pipeline(method):
    """The collector asks with GET alone; anything else is a defect of this program."""
    with (
        azure_server(AzureTenant()) as server,
        PipelineClient(server.arm, policies=[ReadsHere(server.arm)]) as client,
        pytest.raises(AssertionError, match="not a read"),
    ):
        client.send_request(HttpRequest(method, f"{server.arm}/subscriptions"))

    assert server.requests == []


def test_no_other_host_is_asked_by_the_pipeline():
    """The twin: the configured host is asked."""
    with (
        azure_server(AzureTenant()) as other,
        azure_server(AzureTenant()) as server,
        PipelineClient(server.arm, policies=[ReadsHere(server.arm)]) as client,
    ):
        client.send_request(HttpRequest("GET", f"{server.arm}/subscriptions"))
        with pytest.raises(Fault, match="ForeignNextLink"):
            client.send_request(HttpRequest("GET", f"{other.arm}/subscriptions"))

    assert (other.requests, len(server.requests)) == ([], 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/subscriptions/x/providers/Microsoft.Compute/virtualMachines/y"),
        ("DELETE", "/subscriptions/x"),
        ("POST", "/subscriptions/x/providers/a/b/c/runCommand"),
        ("GET", "/subscriptions/x/providers/Microsoft.Storage/accounts/y/listKeys"),
        ("GET", "/subscriptions/x/endpoints/default/listCredentials"),
    ],
)
def test_the_stand_in_fails_a_test_that_writes_or_asks_for_secrets(method, path):
    """The twin: a read ends the block in peace."""
    with (
        pytest.raises(AssertionError, match="not a read"),
        azure_server(AzureTenant()) as server,
    ):
        answer = requests.request(method, server.arm + path, headers=BEARER, timeout=5)

    assert answer.status_code == 405
    with azure_server(AzureTenant()) as server:
        answer = requests.get(f"{server.arm}/x", headers=BEARER, timeout=5)
    assert (
        answer.status_code,
        answer.json()["error"]["code"],
    ) == (404, "ResourceNotFound")


def test_the_stand_in_accepts_its_own_token_alone():
    """Without one, or with another, every answer is a 401."""
    with azure_server(AzureTenant()) as server:
        url = f"{server.arm}/subscriptions"
        states = [
            requests.get(url, headers=headers, timeout=5).status_code
            for headers in (BEARER, {}, {"Authorization": "Bearer other"})
        ]

    assert states == [200, 401, 401]
