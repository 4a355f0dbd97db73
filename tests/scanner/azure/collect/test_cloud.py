"""Endpoints come from the cloud's profile; others need a static credential and TLS."""

import pytest

from scanner.azure.collect.cloud import CLOUDS, cloud_of
from scanner.azure.collect.options import AzureOptions
from scanner.errors import UsageError

STATIC = "static:token"


@pytest.mark.parametrize(
    ("name", "arm", "graph", "login"),
    [
        (
            "public",
            "https://management.azure.com",
            "https://graph.microsoft.com",
            "https://login.microsoftonline.com",
        ),
        (
            "government",
            "https://management.usgovcloudapi.net",
            "https://graph.microsoft.us",
            "https://login.microsoftonline.us",
        ),
        (
            "china",
            "https://management.chinacloudapi.cn",
            "https://microsoftgraph.chinacloudapi.cn",
            "https://login.chinacloudapi.cn",
        ),
    ],
)
def test_each_cloud_has_its_own_endpoints_and_scopes(name, arm, graph, login):
    """Sovereign clouds share no host with the public one."""
    cloud = cloud_of(AzureOptions(cloud=name))

    assert (arm, graph, login) == (cloud.arm, cloud.graph, cloud.authority)
    assert f"{arm}/.default" == cloud.arm_scope
    assert f"{graph}/.default" == cloud.graph_scope


def test_no_two_clouds_share_an_endpoint():
    """A token of one cloud is never sent to another."""
    ends = [end for c in CLOUDS.values() for end in (c.arm, c.graph, c.authority)]

    assert len(ends) == len(set(ends))


@pytest.mark.parametrize(
    "option", ["arm_endpoint", "graph_endpoint", "authority"], ids=str
)
def test_a_signed_in_token_goes_to_no_other_host(option):
    """The twin: with a static credential the same endpoint is used."""
    elsewhere = {option: "https://proxy.example"}

    with pytest.raises(UsageError, match="--credential static"):
        cloud_of(AzureOptions(**elsewhere))

    cloud = cloud_of(AzureOptions(**elsewhere, credential=STATIC))
    assert "https://proxy.example" in (cloud.arm, cloud.graph, cloud.authority)


def test_endpoints_of_another_cloud_count_as_other_hosts():
    """A public token for a sovereign host is a mix-up, not a choice."""
    mixed = AzureOptions(arm_endpoint=CLOUDS["china"].arm)

    with pytest.raises(UsageError, match="another cloud"):
        cloud_of(mixed)


def test_naming_the_cloud_s_own_endpoint_changes_nothing():
    """A slash at the end is no other host either."""
    named = AzureOptions(arm_endpoint=f"{CLOUDS['public'].arm}/")

    assert CLOUDS["public"] == cloud_of(named)


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://stand-in.example", True),
        ("https://stand-in.example/arm", True),
        ("http://127.0.0.1:8080", True),
        ("http://127.8.8.8:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://stand-in.example", False),
        ("http://localhost.example", False),
        ("http://10.0.0.1", False),
        ("http://169.254.169.254", False),
        ("http://2130706433", False),
        ("ftp://127.0.0.1", False),
        ("management.azure.com", False),
        ("https://", False),
        ("https://user@stand-in.example", False),
        ("https://stand-in.example?x=1", False),
        ("https://stand-in.example#x", False),
        ("https://stand-in.example:99999", False),
        ("https://[::1", False),
        ("https://a\\@b", False),
    ],
)
def test_plain_http_only_on_this_machine(url, accepted):
    """A token in the clear may not leave the machine, static or not."""
    options = AzureOptions(arm_endpoint=url, credential=STATIC)

    if accepted:
        assert url == cloud_of(options).arm
    else:
        with pytest.raises(UsageError, match="--arm-endpoint"):
            cloud_of(options)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (AzureOptions(cloud="german"), "public, government, china"),
        (AzureOptions(credential="env"), "static:TOKEN-FILE"),
    ],
)
def test_unknown_words_are_answered_with_the_known_ones(options, named):
    """One line says what could have been meant."""
    with pytest.raises(UsageError, match=named):
        cloud_of(options)
