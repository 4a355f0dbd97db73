"""Principals and targets are found by id, name or part; never by a silent guess."""

import decided as d
import pytest

from scanner.errors import AmbiguousName
from scanner.estate import Principal, Provider
from scanner.graph import build_graph
from scanner.names import find_principal, find_target

DEPLOY, DEPLOY_B = d.role("deploy"), d.role("deploy", d.OTHER)
ALICE, BOB = d.user("alice"), d.user("bob-the-builder")
ENTRA = d.entra("Carol")
AZURE = d.azure_vm("Web-01")
GRAPH = build_graph(
    [
        d.half(d.grant([DEPLOY, DEPLOY_B, ALICE, BOB], "v", d.vms("i-1", "i-12"))),
        d.half(d.grant([ENTRA], "w", [AZURE]), provider=Provider.AZURE),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ALICE.id, ALICE),
        ("alice", ALICE),
        ("ALICE", ALICE),
        ("builder", BOB),
        (f"{d.OTHER}:role/deploy", DEPLOY_B),
        ("OID-CAROL", ENTRA),
        ("carol", ENTRA),
    ],
)
def test_a_principal_is_found_by_what_is_unique(text, expected):
    assert expected == find_principal(GRAPH, text)


@pytest.mark.parametrize(
    ("text", "name"),
    [("i-1", "i-1"), ("i-12", "i-12"), ("instance/i-12", "i-12")],
)
def test_an_exact_name_wins_over_a_part(text, name):
    """`i-1` is a part of `i-12` as well."""
    assert name == find_target(GRAPH, text).name


def test_azure_ids_are_found_in_any_case():
    assert find_target(GRAPH, AZURE.id.upper()) == AZURE


def test_an_ambiguous_name_lists_the_candidates():
    with pytest.raises(AmbiguousName, match="fits 2 principals") as caught:
        find_principal(GRAPH, "deploy")

    assert DEPLOY.id in str(caught.value)
    assert DEPLOY_B.id in str(caught.value)


def test_at_most_ten_candidates_are_listed():
    graph = build_graph(
        [d.half(d.grant([ALICE], "v", d.vms(*map("i-{}".format, range(30)))))]
    )

    with pytest.raises(AmbiguousName, match="and 20 more"):
        find_target(graph, "i-")


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(AmbiguousName, match=r"did you mean .*user/alice"):
        find_principal(GRAPH, "alicia")


@pytest.mark.parametrize("text", ["", "nobody-at-all"])
def test_a_name_that_fits_none_is_an_error(text):
    with pytest.raises(AmbiguousName, match="no principal of that id or name"):
        find_principal(GRAPH, text)


PROVIDER = f"arn:aws:iam::{d.ACCOUNT}:oidc-provider/ci.example"
APP, DEPLOYS = (
    Principal(Provider.AWS, f"{PROVIDER}#{subject}", subject, "federated", False, "")
    for subject in ("repo:org/app:*", "repo:org/app:ref:refs/heads/ma?n")
)
ROOT = Principal(
    Provider.AWS,
    f"arn:aws:iam::{d.PARTNER}:root",
    "Partner",
    "external",
    True,
    d.PARTNER,
)
TENANT = "99999999-0000-4000-8000-000000000009"
MANAGING = Principal(Provider.AZURE, TENANT, TENANT, "foreign", True, TENANT)
CONTRACTOR = Principal(Provider.AZURE, "oid-x", "Zoe", "foreign", True, "other-tenant")
CLASS = Principal(Provider.AWS, "class:aws:x:0", "crowd of many", "class", False, "")
OUTSIDE = build_graph(
    [
        d.half(d.grant([APP, ROOT, CLASS, ALICE], "v", d.vms("i-1"))),
        d.half(d.grant([MANAGING, CONTRACTOR], "w", [AZURE]), provider=Provider.AZURE),
    ]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (d.PARTNER, ROOT),
        (TENANT.upper(), MANAGING),
        ("OTHER-TENANT", CONTRACTOR),
        ("repo:org/app:*", APP),
        ("repo:org/app:pull_request", APP),
        ("org/app", APP),
    ],
)
def test_an_outsider_is_found_by_account_tenant_or_subject(text, expected):
    assert expected == find_principal(OUTSIDE, text)


@pytest.mark.parametrize(
    "text", [d.OTHER, "repo:org/other:main", "repo:org/app2", CLASS.id, "crowd"]
)
def test_nobody_is_found_by_what_does_not_fit(text):
    """The twins of those above: another account, another repository."""
    with pytest.raises(AmbiguousName, match="no principal"):
        find_principal(OUTSIDE, text)


def test_a_subject_that_several_patterns_admit_lists_them():
    graph = build_graph([d.half(d.grant([APP, DEPLOYS], "v", d.vms("i-1")))])

    assert find_principal(graph, "repo:org/app:pull_request") == APP
    with pytest.raises(AmbiguousName, match="fits 2 principals"):
        find_principal(graph, "repo:org/app:ref:refs/heads/main")
