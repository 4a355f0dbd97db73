"""The access graph stays small, and says for every edge what it rests on."""

import decided as d
import pytest

from scanner.estate import Provider
from scanner.grants import Confidence, TargetSet, Verdict
from scanner.graph import build_graph

OPS = [d.role(f"ops-{n}") for n in range(100)]
FLEET = d.vms(*(f"i-{n}" for n in range(100)))


def edges_of(graph, kind):
    return [data for *_, data in graph.graph.edges(data=True) if data["kind"] == kind]


def test_a_grant_of_a_class_is_one_edge_whatever_its_pairs():
    """100 x 100 pairs by three vectors: three edges, one class, one set of targets."""
    vectors = ("ssm:SendCommand", "ssm:StartSession", "ssm:CreateAssociation")

    graph = build_graph([d.half(*(d.grant(OPS, vector, FLEET) for vector in vectors))])

    assert len(edges_of(graph, "can-run")) == 3
    assert len(edges_of(graph, "in-class")) == 100
    assert graph.graph.number_of_nodes() == 102


def test_a_single_principal_needs_no_class():
    graph = build_graph([d.half(d.grant([OPS[0]], "ssm:SendCommand", FLEET))])

    assert [OPS[0].id, "targets:aws:0"] == list(graph.graph.nodes)


def test_can_run_edges_carry_what_the_grant_says():
    because = d.statement("arn:aws:iam::111122223333:policy/ops", 2)
    limits = d.when("aws:MultiFactorAuthPresent", "true", operator="Bool")
    given = d.grant(
        OPS[:1],
        "ssm:SendCommand",
        FLEET[:1],
        Verdict.CONDITIONAL,
        [because],
        conditions=limits,
        confidence=Confidence.INFERRED,
        reasons=("SCPs not read",),
    )

    (edge,) = edges_of(build_graph([d.half(given)]), "can-run")

    assert edge["verdict"] == Verdict.CONDITIONAL
    assert limits == edge["conditions"]
    assert edge["confidence"] == Confidence.INFERRED
    assert edge["reasons"] == ("SCPs not read",)
    assert (because,) == edge["because"]


def test_hops_join_principals_and_vms():
    """Only a VM with a hop of its own is a node."""
    runs_as = d.hop("runs-as", FLEET[0], OPS[1])
    half = d.half(d.grant(OPS[:1], "ssm:SendCommand", FLEET), edges=[runs_as])

    graph = build_graph([half])

    kinds = [data["kind"] for _, data in graph.graph.nodes(data=True)]
    assert kinds.count("target") == 1
    assert runs_as == graph.graph.get_edge_data(FLEET[0].id, OPS[1].id)[0]["edge"]


def test_an_end_that_nobody_describes_is_an_outsider():
    """An edge is never dropped for want of a description of its end."""
    stranger = d.outsider("444455556666")
    entry = d.hop("assumes", stranger, OPS[0])

    graph = build_graph([d.half(d.grant(OPS[:1], "v", FLEET), edges=[entry])])

    assert graph.principals[stranger.id].external
    assert graph.graph.has_edge(stranger.id, OPS[0].id)


@pytest.mark.parametrize("azure_first", [True, False])
def test_both_clouds_meet_where_a_hop_names_the_other(azure_first):
    """A role that trusts a managed identity joins the identity's own half."""
    identity = d.entra("build", "managed-identity")
    aws = d.half(
        d.grant(OPS[:1], "ssm:SendCommand", FLEET),
        edges=[d.hop("assumes", identity, OPS[0])],
    )
    azure = d.half(
        d.grant([identity], "runCommand/action", [d.azure_vm("a")]),
        provider=Provider.AZURE,
    )

    graph = build_graph([azure, aws] if azure_first else [aws, azure])

    assert identity == graph.principals[identity.id]
    assert identity == graph.graph.nodes[identity.id]["principal"]
    assert graph.graph.has_edge(identity.id, OPS[0].id)


# ---- scopes ----


def test_the_scopes_of_sets_are_those_of_all_their_targets_once():
    """Over spaces: two halves, one account in both of them."""
    near, far, mine = d.vm("i-1"), d.vm("i-2", d.OTHER), d.azure_vm("web")
    graph = build_graph(
        [
            d.half(d.grant(OPS[:1], "a", [near, far]), d.grant(OPS[:1], "b", [near])),
            d.half(d.grant(OPS[:1], "c", [mine]), provider=Provider.AZURE),
        ]
    )
    both, one, other = (
        grant.targets for half in graph.decided for grant in half.grants
    )

    assert {d.ACCOUNT, d.OTHER} == set(graph.scopes_of([both]))
    assert graph.scopes_of([one]) == (d.ACCOUNT,)
    assert sorted(graph.scopes_of([one, both, other, one])) == [
        d.ACCOUNT,
        d.OTHER,
        d.SUBSCRIPTION,
    ]
    assert graph.scopes_of([]) == ()
    assert graph.scopes_of([TargetSet(both.space, 0)]) == ()
