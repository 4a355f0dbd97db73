"""Identities that a row names by resource id: the list of identities says who it is."""

import pytest
from azure_estates import (
    RUN,
    SUB,
    assignment,
    block,
    guid,
    line,
    loaded,
    machine,
    rg_scope,
    role,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.azure.link import link_azure

MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
IDENTITY = f"{rg_scope()}/providers/{MMI}/deploy"
WEB = "Microsoft.Web/sites"
KNOWN = {"id": IDENTITY.upper(), "properties": {"principalId": guid("mi").upper()}}


def estate(tmp_path, entry, listed, op="Microsoft.Compute/virtualMachines"):
    identity = {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: entry}}
    tenant = tenant_lines(
        roles=[role("r", block([RUN]))],
        assignments=[assignment("mi", "r", subscription_scope(), "ServicePrincipal")],
    )
    vm = machine(vm_id()) | ({} if op == WEB else {"identity": identity})
    site = {"id": f"{rg_scope()}/providers/{WEB}/w", "identity": identity}
    below = [
        *subscription_lines([vm]),
        line(MMI, [KNOWN] if listed else [], subscription=SUB),
        line(WEB, [site] if op == WEB else [], subscription=SUB),
    ]
    return loaded(tmp_path, tenant, (SUB, below))


@pytest.mark.parametrize(
    ("entry", "listed", "expected"),
    [
        ({"principalId": guid("mi")}, False, True),
        ({}, True, True),
        (None, True, True),
        ({"principalId": None, "clientId": guid("client")}, True, True),
        ({"principalId": ""}, True, True),
        ({}, False, False),
    ],
)
def test_a_machine_runs_as_who_the_list_says(tmp_path, entry, listed, expected):
    """Where nothing says who that is, the way is named as not covered."""
    found = estate(tmp_path, entry, listed)

    hops = {(e.kind, e.source, e.target) for e in link_azure(found)[1]}
    assert (("runs-as", vm_id(), guid("mi")) in hops) is expected
    named = {one.id for one in decide_azure(found).not_covered}
    assert (MMI in named) is not expected
    assert not any(target.startswith("/subscriptions") for *_, target in hops)


@pytest.mark.parametrize("listed", [True, False])
def test_so_does_a_web_app(tmp_path, listed):
    found = estate(tmp_path, {}, listed, WEB)

    (tenant,) = found.tenants.values()
    kinds = {host.kind: host.identities for host in tenant.hosts}
    assert kinds.get("web") == ((guid("mi"),) if listed else None)
    named = {one.id for one in decide_azure(found).not_covered}
    assert (f"{WEB}/write" in named) is not listed
