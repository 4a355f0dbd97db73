"""Whose tokens an application takes, and who owns it: asked of those that matter."""

import pytest
from azure_answers import refused
from azure_scans import collect, evidence, faults, rows
from azure_server import azure_server
from azure_tenant import AzureTenant

from scanner.azure.decide import decide_azure
from scanner.azure.link import link_azure
from scanner.azure.load import load_azure
from scanner.grants import Verdict

OP = "graph/applications/federatedIdentityCredentials"
ISSUER, SUBJECT = "https://issuer.example", "repo:acme/app:ref:refs/heads/main"


def tenant_with(holds):
    """An application with a credential: it holds a role itself, by groups, or none."""
    tenant = AzureTenant()
    prod = tenant.subscription("prod")
    prod.vm("web")
    owner = tenant.user("owner")
    app = tenant.service_principal("ci", owners=[owner])
    (registered,) = (row["id"] for row in tenant.lists["/v1.0/applications"])
    credential = {"id": "c", "name": "c", "issuer": ISSUER, "subject": SUBJECT}
    path = f"/v1.0/applications/{registered}/federatedIdentityCredentials"
    tenant.put(path, credential)
    inner = tenant.group("inner", members=[app])
    ops = tenant.group("ops", members=[inner])
    role = tenant.role("Runner", ["Microsoft.Compute/*"])
    if holds == "itself":
        tenant.assign(app, role, prod.scope, "ServicePrincipal")
    elif holds == "by groups":
        tenant.assign(ops, role, prod.scope, "Group")
    return tenant, app, owner


@pytest.mark.parametrize(
    ("holds", "expected"), [("itself", True), ("by groups", True), ("nothing", False)]
)
def test_credentials_and_owners_of_applications_that_matter_are_read(
    tmp_path, holds, expected
):
    tenant, app, owner = tenant_with(holds)
    with azure_server(tenant) as server:
        collect(server, tmp_path)

    estate = load_azure(evidence(tmp_path))
    hops = {(e.source, e.target): e.verdict for e in link_azure(estate)[1]}
    assert (len(rows(tmp_path, OP)) == 1) is expected
    ways = {(f"{ISSUER}#{SUBJECT}", app), (owner, app)}
    assert {way for way in ways if hops.get(way) is Verdict.ALLOWED} == (
        ways if expected else set()
    )
    assert OP not in {one.id for one in decide_azure(estate).not_covered}


def test_credentials_that_are_refused_are_a_gap_and_named(tmp_path):
    tenant, *_ = tenant_with("itself")
    with azure_server(tenant) as server:
        server.fault("/federatedIdentityCredentials", refused())
        collect(server, tmp_path)

    assert faults(tmp_path)[OP][1] == "refused"
    decided = decide_azure(load_azure(evidence(tmp_path)))
    assert OP in {one.id for one in decided.not_covered}
