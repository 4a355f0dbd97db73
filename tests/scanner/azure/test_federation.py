"""Federated credentials of managed identities, end to end."""

import azure_estates as a
import pytest

from scanner.analysis import decide_azure_half
from scanner.grants import Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

GITHUB = "https://token.actions.githubusercontent.com"
MAIN = "repo:acme/app:ref:refs/heads/main"
MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
IDENTITY = f"{a.rg_scope()}/providers/{MMI}/deploy"


def graph_of(tmp_path, owner=IDENTITY, **properties):
    """An identity that may run commands on one VM, and a credential of `owner`."""
    identity = {
        "id": IDENTITY,
        "name": "deploy",
        "type": MMI,
        "properties": {"principalId": a.guid("deploy")},
    }
    credential = {
        "id": f"{owner}/federatedIdentityCredentials/ci",
        "properties": {"issuer": GITHUB, **properties},
    }
    tenant = a.tenant_lines(
        roles=[a.role("runner", a.block([a.RUN]))],
        assignments=[a.assignment("deploy", "runner", a.subscription_scope())],
    )
    lines = a.subscription_lines(vms=[a.machine(a.vm_id())])
    lines += [
        a.line(MMI, [identity]),
        a.line(
            f"{MMI}/federatedIdentityCredentials",
            [credential],
            params={"identity": owner},
        ),
    ]
    found = a.loaded(tmp_path, tenant, (a.SUB, lines))
    return build_graph([decide_azure_half(found)])


@pytest.mark.parametrize(
    ("owner", "found"), [(IDENTITY, True), (f"{IDENTITY}-other", False)]
)
def test_the_subject_of_a_credential_becomes_the_identity(tmp_path, owner, found):
    """A workload elsewhere commands what the identity commands."""
    graph = graph_of(tmp_path, owner, subject=MAIN)

    party = f"{GITHUB}#{MAIN}"

    assert (party in graph.principals) is found
    if found:
        [one] = [r for r in reach_of(graph, party) if r.grant.vector.id == a.RUN]
        assert [(hop.kind, hop.target) for hop in one.hops] == [
            ("can-become", a.guid("deploy"))
        ]
        assert one.verdict is Verdict.ALLOWED


def test_a_credential_that_names_no_subject_is_unknown(tmp_path):
    """Who is let in by an expression is not in evidence."""
    graph = graph_of(tmp_path, claimsMatchingExpression={"value": "x"})

    [one] = [r for r in reach_of(graph, GITHUB) if r.grant.vector.id == a.RUN]

    assert one.verdict is Verdict.UNKNOWN


APPLICATION = {"id": a.guid("registration"), "appId": a.guid("deployapp")}
ADMITTED = "graph/applications/federatedIdentityCredentials"


def application(tmp_path, asked="registration", credentials=True):
    """An application that may run commands on one VM, and a credential of one."""
    tenant = a.tenant_lines(
        roles=[a.role("runner", a.block([a.RUN]))],
        assignments=[
            a.assignment("deploy", "runner", a.subscription_scope(), "ServicePrincipal")
        ],
        service_principals=[a.service_principal("deploy")],
    )
    tenant.append(a.line("graph/applications", [APPLICATION]))
    if credentials:
        row = {"id": a.guid("ci"), "name": "ci", "issuer": GITHUB, "subject": MAIN}
        tenant.append(a.line(ADMITTED, [row], {"application": a.guid(asked)}))
    lines = a.subscription_lines(vms=[a.machine(a.vm_id())])
    return decide_azure_half(a.loaded(tmp_path, tenant, (a.SUB, lines)))


@pytest.mark.parametrize(("asked", "found"), [("registration", True), ("other", False)])
def test_the_subject_of_an_application_becomes_its_service_principal(
    tmp_path, asked, found
):
    graph = build_graph([application(tmp_path, asked)])

    party = f"{GITHUB}#{MAIN}"

    assert (party in graph.principals) is found
    if found:
        [one] = [r for r in reach_of(graph, party) if r.grant.vector.id == a.RUN]
        assert [hop.target for hop in one.hops] == [a.guid("deploy")]


@pytest.mark.parametrize("credentials", [True, False])
def test_credentials_of_applications_nobody_read_are_named(tmp_path, credentials):
    decided = application(tmp_path, credentials=credentials)

    named = {one.id for one in decided.not_covered}
    assert (ADMITTED in named) is not credentials
