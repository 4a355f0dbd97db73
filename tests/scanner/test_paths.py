"""Paths: exact against brute force, conditions added up, direct grants never masked."""

from itertools import product

import decided as d
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.everybody import who_can
from scanner.grants import Confidence, Tier, Verdict
from scanner.graph import build_graph
from scanner.hops import and_all, cost_of, plus, rank_of
from scanner.paths import nearest, reach_of

A, B, C, D, E = (d.role(name) for name in "abcde")
VM1, VM2, VM3 = d.vms("i-1", "i-2", "i-3")
SEND = "ssm:SendCommand"


def graph_of(*grants, edges=()):
    everybody, everything = [A, B, C, D, E], [VM1, VM2, VM3]
    half = d.half(*grants, edges=edges, principals=everybody, targets=everything)
    return build_graph([half])


def via(reached):
    return [(hop.kind, hop.source, hop.target) for hop in reached.hops]


# ---- what a path is ----


def test_a_direct_grant_has_no_hops():
    graph = build_graph([d.half(d.grant([A], SEND, [VM1]))])

    (found,) = reach_of(graph, A.id)

    assert (found.hops, found.holder, found.verdict) == ((), A, Verdict.ALLOWED)


@pytest.mark.parametrize(
    "kind", ["assumes", "member-of", "can-become", "delegated-to", "runs-as"]
)
def test_every_kind_of_hop_leads_on(kind):
    """A principal without a grant reaches what the principal it becomes reaches."""
    graph = graph_of(d.grant([B], SEND, [VM1]), edges=[d.hop(kind, A, B)])

    (found,) = reach_of(graph, A.id)

    assert [(kind, A.id, B.id)] == via(found)
    assert (A, B, {VM1}) == (found.principal, found.holder, set(found.targets))


def test_a_denied_hop_leads_nowhere():
    edges = [d.hop("assumes", A, B, Verdict.DENIED)]
    graph = graph_of(d.grant([B], SEND, [VM1]), edges=edges)

    assert reach_of(graph, A.id) == ()


def test_whoever_runs_on_a_vm_becomes_its_identity():
    graph = graph_of(
        d.grant([A], SEND, [VM1]),
        d.grant([B], SEND, [VM2]),
        edges=[d.hop("runs-as", VM1, B)],
    )

    _, chained = reach_of(graph, A.id)

    assert [("can-run", A.id, VM1.id), ("runs-as", VM1.id, B.id)] == via(chained)
    assert {VM2} == set(chained.targets)


@pytest.mark.parametrize(
    ("tier", "reached"),
    [
        (Tier.DIRECT, True),
        (Tier.INDIRECT, True),
        (Tier.ADJACENT, True),
        (Tier.ESCALATION, False),
    ],
)
def test_only_code_on_the_vm_becomes_its_identity(tier, reached):
    """Adjacent vectors may need more, which keeps the path and its doubt."""
    graph = graph_of(
        d.grant([A], "v", [VM1], tier=tier),
        d.grant([B], SEND, [VM2]),
        edges=[d.hop("runs-as", VM1, B)],
    )

    chained = [one for one in reach_of(graph, A.id) if one.hops]

    assert reached == bool(chained)
    doubts = [one.confidence is Confidence.INFERRED for one in chained]
    assert doubts == [tier is Tier.ADJACENT] * len(chained)


@pytest.mark.parametrize(
    ("hop", "grant", "expected"),
    [
        (Verdict.ALLOWED, Verdict.ALLOWED, Verdict.ALLOWED),
        (Verdict.CONDITIONAL, Verdict.ALLOWED, Verdict.CONDITIONAL),
        (Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.CONDITIONAL),
        (Verdict.UNKNOWN, Verdict.ALLOWED, Verdict.UNKNOWN),
        (Verdict.CONDITIONAL, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_a_path_is_as_good_as_its_worst_step(hop, grant, expected):
    edges = [d.hop("assumes", A, B, hop)]
    graph = graph_of(d.grant([B], SEND, [VM1], grant), edges=edges)

    assert [expected] == [one.verdict for one in reach_of(graph, A.id)]
    assert [expected] == [
        one.verdict for one in who_can(graph, VM1.id) if one.principal == A
    ]


def test_conditions_along_a_path_are_joined():
    external, mfa = d.when("sts:ExternalId", "x"), d.when("aws:Mfa", "true")
    edges = [d.hop("assumes", A, B, Verdict.CONDITIONAL, conditions=external)]
    end = d.grant([B], SEND, [VM1], Verdict.CONDITIONAL, conditions=mfa)
    graph = graph_of(end, edges=edges)

    (found,) = reach_of(graph, A.id)

    assert (tuple(sorted((*mfa[0], *external[0]))),) == found.conditions


def test_fewest_conditions_win_over_fewest_hops():
    limit = d.when("sts:ExternalId", "x")
    edges = [
        d.hop("assumes", A, B, Verdict.CONDITIONAL, conditions=limit),
        d.hop("assumes", A, C),
        d.hop("assumes", C, B),
    ]
    graph = graph_of(d.grant([B], SEND, [VM1]), edges=edges)

    (found,) = reach_of(graph, A.id)

    assert [("assumes", A.id, C.id), ("assumes", C.id, B.id)] == via(found)


def test_a_known_path_wins_over_an_unknown_one():
    limit = d.when("sts:ExternalId", "x")
    edges = [
        d.hop("can-become", A, B, Verdict.UNKNOWN),
        d.hop("assumes", A, B, Verdict.CONDITIONAL, conditions=limit),
    ]
    graph = graph_of(d.grant([B], SEND, [VM1]), edges=edges)

    assert [one.verdict for one in reach_of(graph, A.id)] == [Verdict.CONDITIONAL]


@pytest.mark.parametrize(
    ("direct", "expected"),
    [
        (Verdict.ALLOWED, [False]),
        (Verdict.CONDITIONAL, [False, True]),
        (Verdict.UNKNOWN, [False, True]),
    ],
)
def test_a_path_never_masks_a_direct_grant(direct, expected):
    """The direct answer stays; a path comes beside it only when it is better."""
    graph = graph_of(
        d.grant([A], SEND, [VM1], direct),
        d.grant([B], SEND, [VM1]),
        edges=[d.hop("assumes", A, B)],
    )

    assert expected == [bool(one.hops) for one in reach_of(graph, A.id)]
    seen = [bool(one.hops) for one in who_can(graph, VM1.id) if one.principal == A]
    assert sorted(expected) == sorted(seen)


def test_who_can_lists_the_best_path_first():
    unsure = d.grant([C], SEND, [VM1], Verdict.UNKNOWN)
    edges = [d.hop("assumes", A, B)]
    graph = graph_of(unsure, d.grant([B], SEND, [VM1]), edges=edges)

    assert [one.principal for one in who_can(graph, VM1.id)] == [B, A, C]


def test_the_nearest_holders_are_found_through_those_who_hold_nothing():
    """Enough for a check: what lies beyond the first holder is left to `reach_of`."""
    edges = [d.hop("assumes", *pair) for pair in ((A, B), (B, C), (C, D))]
    graph = graph_of(d.grant([C, D], SEND, [VM1]), edges=edges)

    (found,) = nearest(graph, A.id)

    assert [("assumes", A.id, B.id), ("assumes", B.id, C.id)] == via(found)


def test_nobody_can_run_on_a_target_without_grants():
    graph = build_graph([d.half(d.grant([A], SEND, [VM1]), targets=[VM2])])

    assert who_can(graph, VM2.id) == ()


# ---- conjunctions ----


def test_alternatives_implied_by_a_simpler_one_are_dropped():
    (a,), (b,) = d.when("a", "1"), d.when("b", "1")

    assert (((a[0],),), "") == and_all([((a[0],), (a[0], b[0]))])


def test_too_many_alternatives_keep_the_simplest_and_say_so():
    many = tuple((d.when("k", str(n))[0][0],) for n in range(20))

    conditions, why = and_all([many, many])

    assert len(conditions) == 1
    assert "simplest" in why


# ---- against brute force ----

PRINCIPALS, TARGETS, VECTORS = (A, B, C, D, E), (VM1, VM2, VM3), (SEND, "v")
VERDICTS = st.sampled_from([Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN])
GRANTS = st.builds(
    lambda who, vector, targets, verdict: d.grant(who, vector, targets, verdict),
    st.sets(st.sampled_from(PRINCIPALS), min_size=1, max_size=2),
    st.sampled_from(VECTORS),
    st.sets(st.sampled_from(TARGETS), min_size=1),
    VERDICTS,
)
HOPS = st.builds(
    lambda source, target, verdict: d.hop(
        "runs-as" if source in TARGETS else "assumes", source, target, verdict
    ),
    st.sampled_from((*PRINCIPALS, *TARGETS)),
    st.sampled_from(PRINCIPALS),
    VERDICTS,
)


def brute_force(graph, start):
    """Best cost by vector and target, direct and by every simple path of hops."""
    direct, by_path = {}, {}

    def note(best, cost, grant):
        for target in grant.targets:
            key = (grant.vector.id, target.id)
            best[key] = min(best.get(key, (9, 9, 99)), cost)

    def walk(principal, cost, visited):
        grants = graph.grants_of.get(principal, ())
        for grant in grants:
            total = plus(cost, cost_of(grant.decision, hops=0))
            note(by_path if cost[2] else direct, total, grant)
        nexts = [(edge, cost) for edge in graph.edges if edge.source == principal]
        for grant, edge in product(grants, graph.edges):
            if edge.source in {target.id for target in grant.targets}:
                nexts.append((edge, plus(cost, cost_of(grant.decision))))
        for edge, so_far in nexts:
            if edge.target not in visited:
                then = plus(so_far, cost_of(edge))
                walk(edge.target, then, {*visited, edge.target})

    walk(start, (0, 0, 0), {start})
    return direct, by_path


def expected_paths(graph, start):
    direct, by_path = brute_force(graph, start)
    return {
        key: cost
        for key, cost in by_path.items()
        if key not in direct or rank_of(cost) < rank_of(direct[key])
    }


def cost_of_path(reached):
    total = cost_of(reached.grant.decision, hops=0)
    for hop in reached.hops:
        total = plus(total, cost_of(hop))
    return total


@settings(max_examples=150, deadline=None)
@given(st.lists(GRANTS, min_size=1, max_size=5), st.lists(HOPS, max_size=8))
def test_reach_equals_brute_force_on_any_graph(grants, hops):
    graph = graph_of(*grants, edges=hops)

    for principal in PRINCIPALS:
        rows = [
            ((one.grant.vector.id, target.id), cost_of_path(one))
            for one in reach_of(graph, principal.id)
            if one.hops
            for target in one.targets
        ]

        assert sorted(rows) == sorted(expected_paths(graph, principal.id).items())


@settings(max_examples=150, deadline=None)
@given(st.lists(GRANTS, min_size=1, max_size=5), st.lists(HOPS, max_size=8))
def test_who_can_is_the_reverse_of_reach(grants, hops):
    """Both directions of the search find the same pairs at the same cost."""
    graph = graph_of(*grants, edges=hops)

    forwards = [
        (target.id, principal.id, one.grant.vector.id, cost_of_path(one))
        for principal in PRINCIPALS
        for one in reach_of(graph, principal.id)
        for target in one.targets
    ]
    backwards = [
        (target.id, one.principal.id, one.grant.vector.id, cost_of_path(one))
        for target in TARGETS
        for one in who_can(graph, target.id)
    ]

    assert sorted(forwards) == sorted(backwards)


@settings(max_examples=50, deadline=None)
@given(st.lists(GRANTS, min_size=1, max_size=4), st.lists(HOPS, max_size=8))
def test_every_path_is_a_chain_from_the_principal_to_the_holder(grants, hops):
    graph = graph_of(*grants, edges=hops)

    for principal in PRINCIPALS:
        for one in reach_of(graph, principal.id):
            ends = [principal.id, *(hop.target for hop in one.hops)]
            assert ends[:-1] == [hop.source for hop in one.hops]
            assert one.holder.id == ends[-1]
