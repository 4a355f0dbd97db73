"""Where a cloud's login, ARM and Graph are, and when another place may be used."""

import ipaddress
from dataclasses import dataclass, replace
from urllib.parse import SplitResult

from scanner.azure.collect.options import AzureOptions
from scanner.collection.endpoints import endpoint
from scanner.errors import UsageError

STATIC = "static:"


@dataclass(frozen=True, slots=True)
class Cloud:
    """Endpoints of one Azure cloud, without a slash at the end.

    `arm_scope` and `graph_scope` are what a token is asked for; they stay the cloud's
    own whatever the endpoints are, and are never taken from an answer.
    """

    authority: str
    arm: str
    graph: str
    arm_scope: str
    graph_scope: str


def _cloud(authority: str, arm: str, graph: str) -> Cloud:
    return Cloud(
        f"https://{authority}",
        f"https://{arm}",
        f"https://{graph}",
        f"https://{arm}/.default",
        f"https://{graph}/.default",
    )


CLOUDS: dict[str, Cloud] = {
    "public": _cloud(
        "login.microsoftonline.com", "management.azure.com", "graph.microsoft.com"
    ),
    "government": _cloud(
        "login.microsoftonline.us", "management.usgovcloudapi.net", "graph.microsoft.us"
    ),
    "china": _cloud(
        "login.chinacloudapi.cn",
        "management.chinacloudapi.cn",
        "microsoftgraph.chinacloudapi.cn",
    ),
}


def cloud_of(options: AzureOptions) -> Cloud:
    """Return the endpoints that the options ask for.

    Raises:
        UsageError: an unknown cloud; an endpoint that is no URL, or is plain http
            and not on this machine; an endpoint of one's own without a static
            credential, because a real token must go to its cloud alone.
    """
    if options.cloud not in CLOUDS:
        names = ", ".join(CLOUDS)
        raise UsageError(f"--cloud {options.cloud}: unknown; choose one of {names}")
    profile = CLOUDS[options.cloud]
    asked = {
        "arm": _endpoint("--arm-endpoint", options.arm_endpoint, profile.arm),
        "graph": _endpoint("--graph-endpoint", options.graph_endpoint, profile.graph),
        "authority": _endpoint("--authority", options.authority, profile.authority),
    }
    cloud = replace(profile, **asked)
    static = (options.credential or "").startswith(STATIC)
    if options.credential is not None and not static:
        raise UsageError(f"--credential {options.credential}: use static:TOKEN-FILE")
    if cloud != profile and not static:
        own = " or ".join(sorted(asked[n] for n in asked if asked[n] not in _all()))
        raise UsageError(
            f"{own or 'an endpoint of another cloud'} is not of the {options.cloud} "
            "cloud and is sent no signed-in token; use --credential static:TOKEN-FILE"
        )
    return cloud


def _all() -> set[str]:
    known = CLOUDS.values()
    return {end for cloud in known for end in (cloud.arm, cloud.graph, cloud.authority)}


def _endpoint(option: str, own: str | None, usual: str) -> str:
    text = usual if own is None else own
    url = endpoint(option, text)
    if url.scheme == "http" and not _loopback(url):
        raise UsageError(f"{option} {text}: plain http shows the token; use https")
    return text.rstrip("/")


def _loopback(url: SplitResult) -> bool:
    host = url.hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
