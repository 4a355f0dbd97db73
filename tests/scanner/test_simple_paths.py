"""Simple paths: all of them against brute force, none twice, the shortest first."""

from itertools import pairwise, permutations

import decided as d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.estate import Principal, Provider
from scanner.grants import Verdict
from scanner.graph import build_graph
from scanner.simple_paths import path_cost, simple_paths

PEOPLE = A, B, C, D = tuple(d.role(name) for name in "abcd")
MACHINES = VM1, VM2, VM3 = d.vms("i-1", "i-2", "i-3")
SEND, LIST = "ssm:SendCommand", "ssm:StartSession"
CLASS = Principal(Provider.AWS, "class:aws:x:0", "many", "class", False, "")


def graph_of(*grants, edges=()):
    everybody = [*PEOPLE, CLASS]
    half = d.half(*grants, edges=edges, principals=everybody, targets=MACHINES)
    return build_graph([half])


def nodes(reached):
    """A path as the nodes that it passes."""
    return (reached.principal.id, *(hop.target for hop in reached.hops))


def found(graph, start, target=VM1, most=6):
    return list(simple_paths(graph, start.id, target.id, most))


def test_a_direct_grant_is_a_path_without_hops():
    graph = graph_of(d.grant([A], SEND, [VM1]), d.grant([A], LIST, [VM1, VM2]))

    assert [one.grant.vector.id for one in found(graph, A)] == [SEND, LIST]
    assert all(one.hops == () for one in found(graph, A, most=0))


def test_every_way_comes_the_shortest_first_and_cycles_end():
    """A to B to C and A to C, with a way back from C to A."""
    edges = [d.hop("assumes", *pair) for pair in [(A, B), (B, C), (A, C), (C, A)]]
    graph = graph_of(d.grant([C], SEND, [VM1]), edges=edges)

    assert [nodes(one) for one in found(graph, A)] == [
        (A.id, C.id),
        (A.id, B.id, C.id),
    ]


def test_a_path_goes_on_through_one_who_could_already():
    """The direct grant of B hides nothing of C's behind it."""
    graph = graph_of(
        d.grant([B, C], SEND, [VM1]),
        edges=[d.hop("assumes", A, B), d.hop("assumes", B, C)],
    )

    assert [nodes(one)[-1] for one in found(graph, A)] == [B.id, C.id]


@pytest.mark.parametrize(("most", "ways"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_a_run_and_the_identity_are_two_hops(most, ways):
    graph = graph_of(
        d.grant([A], SEND, [VM2]),
        d.grant([B], SEND, [VM1]),
        edges=[d.hop("runs-as", VM2, B)],
    )

    assert len(found(graph, A, most=most)) == ways


def test_a_vm_is_passed_by_the_best_vector_that_reaches_it():
    graph = graph_of(
        d.grant([A], LIST, [VM2], Verdict.UNKNOWN),
        d.grant([A], SEND, [VM2]),
        d.grant([B], SEND, [VM1]),
        edges=[d.hop("runs-as", VM2, B)],
    )
    (path,) = found(graph, A)

    assert path.verdict is Verdict.ALLOWED


def test_no_path_passes_through_its_own_target():
    """Who runs there already gains nothing by running there as somebody else."""
    graph = graph_of(d.grant([A, B], SEND, [VM1]), edges=[d.hop("runs-as", VM1, B)])

    assert [nodes(one) for one in found(graph, A)] == [(A.id,)]


def test_unknown_hops_are_paths_that_say_so_and_denied_ones_are_none():
    edges = [
        d.hop("assumes", A, B, Verdict.UNKNOWN, reasons=("trust not read",)),
        d.hop("assumes", A, C, Verdict.DENIED),
    ]
    graph = graph_of(d.grant([B, C], SEND, [VM1]), edges=edges)
    (path,) = found(graph, A)

    assert (path.verdict, path.holder) == (Verdict.UNKNOWN, B)
    assert "trust not read" in path.reasons
    assert path_cost(path)[0] == 1


def test_conditions_add_up_along_a_path():
    mfa, ip = d.when("aws:Mfa", "true"), d.when("aws:SourceIp", "10.0.0.0/8")
    graph = graph_of(
        d.grant([B], SEND, [VM1], Verdict.CONDITIONAL, conditions=ip),
        edges=[d.hop("assumes", A, B, Verdict.CONDITIONAL, conditions=mfa)],
    )
    (path,) = found(graph, A)

    assert path.conditions == ((*mfa[0], *ip[0]),)
    assert path_cost(path) == (0, 2, 1)


def test_a_class_of_callers_is_no_hop_and_may_be_passed_twice():
    """A and C are in the class, whose members may assume B and D."""
    edges = [
        d.hop("member-of", A, CLASS),
        d.hop("member-of", C, CLASS),
        d.hop("assumes", CLASS, B),
        d.hop("assumes", CLASS, D),
        d.hop("assumes", B, C),
    ]
    graph = graph_of(d.grant([D], SEND, [VM1]), edges=edges)

    assert len(found(graph, A, most=1)) == 1
    assert [one.hops[-1].target for one in found(graph, A, most=3)] == [D.id, D.id]
    assert found(graph, A, most=0) == []


def test_who_leads_nowhere_has_no_path():
    graph = graph_of(d.grant([B], SEND, [VM1]), edges=[d.hop("assumes", C, B)])

    assert found(graph, A) == []
    with pytest.raises(KeyError):
        found(graph, d.role("nobody"))


# ---- against brute force ----

VERDICTS = st.sampled_from([Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.DENIED])
PAIRS = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PEOPLE))
GRANTS = st.sets(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(MACHINES)))
HOPS = st.dictionaries(PAIRS.filter(lambda pair: pair[0] != pair[1]), VERDICTS)
RUNS = st.sets(st.tuples(st.sampled_from(MACHINES), st.sampled_from(PEOPLE)))


@given(GRANTS, HOPS, RUNS, st.integers(0, 6))
def test_exactly_the_simple_paths_are_found(grants, hops, runs, most):
    """Brute force tries every order of nodes and keeps those that are joined."""
    graph = graph_of(
        *(d.grant([who], SEND, [vm]) for who, vm in sorted(grants)),
        edges=[
            *(d.hop("assumes", *pair, verdict) for pair, verdict in hops.items()),
            *(d.hop("runs-as", *run) for run in runs),
        ],
    )
    joined = {(who.id, vm.id) for who, vm in grants}
    joined |= {(vm.id, who.id) for vm, who in runs}
    joined |= {(a.id, b.id) for (a, b), v in hops.items() if v is not Verdict.DENIED}

    answers = [nodes(one) for one in found(graph, A, most=most)]

    assert sorted(answers) == sorted(brute_force(joined, most))
    assert sorted(answers, key=len) == answers


def brute_force(joined, most):
    """Yield the node orders from A to a principal that runs on the target."""
    inner = [one.id for one in (B, C, D, VM2, VM3)]
    people = {one.id for one in PEOPLE}
    for length in range(min(most, len(inner)) + 1):
        for order in permutations(inner, length):
            path = (A.id, *order)
            whole = (*path, VM1.id)
            if path[-1] in people and set(pairwise(whole)) <= joined:
                yield path
