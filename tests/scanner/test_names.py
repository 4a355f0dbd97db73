"""Principals and targets are found by id, name or part; never by a silent guess."""

import decided as d
import pytest

from scanner.errors import AmbiguousName
from scanner.estate import Provider
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
