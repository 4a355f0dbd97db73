"""The token goes to the configured host alone, encrypted off this machine."""

import base64
import json
import logging
import os
import ssl

import pytest
import trustme
from azure_answers import json_answer, linked, redirected
from azure_scans import collect, faults, rows
from azure_server import TOKEN, azure_server
from azure_tenant import AzureTenant, guid_of

from scanner.azure.collect.advice import sign_in_advice
from scanner.azure.collect.cloud import cloud_of
from scanner.azure.collect.credentials import NoCredentials, sign_in, tenant_of
from scanner.azure.collect.options import AzureOptions
from scanner.azure.collect.run import collect_azure
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import UsageError
from scanner.evidence.store import EstateStore


def one_subscription() -> AzureTenant:
    tenant = AzureTenant()
    tenant.subscription("prod").vm("web")
    return tenant


def jwt(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.sig"


@pytest.mark.parametrize(
    "match", ["/virtualmachines?", "/v1.0/users", "/subscriptions?"]
)
def test_no_foreign_host_is_sent_anything(tmp_path, match):
    """Neither for a nextLink nor for a redirect."""
    with (
        azure_server(one_subscription()) as other,
        azure_server(one_subscription()) as server,
    ):
        server.fault(match, linked(f"{other.arm}/stolen"), first=1, times=2)
        server.fault(match, redirected(f"{other.arm}/stolen"), first=3)
        collect(server, tmp_path, tenant=AzureTenant().id)

    assert other.requests == []
    assert "malformed" in {outcome for _, outcome in faults(tmp_path).values()}


def test_every_request_carries_the_token_to_the_configured_host(tmp_path):
    """The twin of the foreign host."""
    with azure_server(one_subscription()) as server:
        collect(server, tmp_path)
        host = server.arm.removeprefix("http://")

    assert {(host, True)} == {(r.host, r.authorized) for r in server.requests}


def test_the_token_is_in_no_evidence_and_no_log(tmp_path, caplog):
    """Not even when an error answer repeats it, nor with debug logging on."""
    caplog.set_level(logging.DEBUG)
    with azure_server(one_subscription()) as server:
        echo = {"error": {"code": "No", "message": f"Bearer {TOKEN} is bad"}}
        server.fault("/v1.0/users", json_answer(echo, 403))
        collect(server, tmp_path)

    written = b"".join(
        path.read_bytes() for path in (tmp_path / "estate").rglob("*") if path.is_file()
    )
    assert TOKEN.encode() not in written
    assert b"is bad" in written
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_https_with_a_certificate_authority_of_one_s_own(
    tmp_path, monkeypatch, variable
):
    """The twin: without it nothing is read, and that is said."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with azure_server(one_subscription(), tls=context) as server:
        (tmp_path / "without").mkdir()
        collect(server, tmp_path / "without", tenant=AzureTenant().id)
        monkeypatch.setenv(variable, str(bundle))
        collect(server, tmp_path)

    assert {"ConnectionFailed"} == {
        code for code, _ in faults(tmp_path / "without").values()
    }
    assert faults(tmp_path) == {}
    assert rows(tmp_path, "Microsoft.Compute/virtualMachines")


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (jwt({"tid": guid_of("t").upper()}), guid_of("t")),
        (jwt({"tid": "../../x"}), None),
        (jwt({"tid": 5}), None),
        (jwt({}), None),
        (jwt([]), None),
        ("opaque", None),
        ("a.b.c", None),
        ("a.\xff.c", None),
        ("..", None),
        ("", None),
    ],
)
def test_a_token_may_say_whose_it_is(token, expected):
    """A text that cannot be read says nothing."""
    assert expected == tenant_of(token)


def test_nobody_signed_in_is_one_line(tmp_path, monkeypatch, capfd):
    """Exit code 4, what to do, and no evidence file begun."""
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")
    store = EstateStore(tmp_path / "estate")

    with pytest.raises(NoCredentials, match="az login") as caught:
        collect_azure(AzureOptions(), store, Rates(), Progress(quiet=True))

    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""
    assert not (tmp_path / "estate" / "azure").exists()


@pytest.mark.parametrize(
    ("complaint", "hint"),
    [
        ("AADSTS90002: Tenant 'x' not found.", "check --tenant"),
        ("AADSTS700016: Application not found in the directory.", "AZURE_CLIENT_ID"),
        ("AADSTS7000222: The provided client secret keys are expired.", "renew"),
        ("AADSTS50076: You must use multi-factor authentication.", "interactively"),
        ("AADSTS700082: The refresh token has expired.", "sign in again"),
        ("AADSTS123456: Something new.", "look up AADSTS123456"),
        (
            "Authentication failed: HTTPSConnection: Failed to resolve 'login.example'",
            "network",
        ),
        ("Authentication failed: odd", "correct the credential"),
        ("authentication unavailable. No accounts were found.", "az login"),
        ("", "az login"),
    ],
)
def test_the_advice_fits_what_the_login_says(complaint, hint):
    """The twin of a login that was refused is nobody who tried."""
    text = f"DefaultAzureCredential failed.\nAttempted:\n\tCliCredential: {complaint}\n"

    found = sign_in_advice(text)

    assert hint in found
    assert ("refused" in found) == ("AADSTS" in complaint or "failed:" in complaint)
    assert "\n" not in found


def test_a_login_that_refuses_is_quoted(tmp_path, monkeypatch):
    """A tool that is signed in elsewhere says why in its own words."""
    tool = tmp_path / "bin" / "az"
    tool.parent.mkdir()
    tool.write_text(
        "#!/bin/sh\necho 'ERROR: AADSTS90002: no such tenant' >&2; exit 1\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")

    with pytest.raises(NoCredentials, match="AADSTS90002: no such tenant; check --ten"):
        sign_in(AzureOptions(), cloud_of(AzureOptions()), True)


@pytest.fixture
def signed_in_with_az(tmp_path, monkeypatch):
    """A command-line tool that is signed in: it writes down what it was asked."""
    found = {"accessToken": jwt({"tid": guid_of("own")}), "expires_on": 2**33}
    tool = tmp_path / "bin" / "az"
    tool.parent.mkdir()
    asked = tmp_path / "asked"
    tool.write_text(f"#!/bin/sh\necho \"$@\" >> {asked}\necho '{json.dumps(found)}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential")
    return asked


def test_the_environment_s_credential_is_held_to_the_tenant(signed_in_with_az):
    """The login is asked for the cloud's own scope and the tenant that was named."""
    options = AzureOptions(tenant=guid_of("named"), cloud="government")
    cloud = cloud_of(options)

    login = sign_in(options, cloud, True)
    login.credential.get_token(cloud.graph_scope)

    assert (guid_of("own"), False) == (login.tenant, login.static)
    arm, graph = signed_in_with_az.read_text().splitlines()
    assert f"--tenant {guid_of('named')}" in arm
    assert "https://management.usgovcloudapi.net" in arm
    assert "https://graph.microsoft.us" in graph


def test_a_credential_of_another_tenant_is_refused(tmp_path, signed_in_with_az):
    """Its directory would answer in the place of the tenant that was named."""
    store = EstateStore(tmp_path / "estate")
    options = AzureOptions(tenant=guid_of("named"))

    with pytest.raises(UsageError, match=guid_of("own")):
        collect_azure(options, store, Rates(), Progress(quiet=True))
