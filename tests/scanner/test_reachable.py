"""How many there are is counted without the paths, and agrees with them."""

import decided as d
from hypothesis import given
from hypothesis import strategies as st

from scanner.classes import CLASS
from scanner.estate import Principal, Provider
from scanner.everybody import Everybody
from scanner.grants import Tier
from scanner.graph import build_graph
from scanner.paths import reach_of, targets_of

CALLERS = Principal(Provider.AWS, "class:aws:0", "", CLASS, False, "")
PEOPLE = [*(d.role(name) for name in "abcde"), CALLERS]
VMS = d.vms("i-1", "i-2", "i-3")

grants = st.builds(
    d.grant,
    st.sets(st.sampled_from(PEOPLE[:5]), min_size=1),
    st.sampled_from(["ssm:SendCommand", "ssm:StartSession"]),
    st.sets(st.sampled_from(VMS), min_size=1),
    tier=st.sampled_from([Tier.DIRECT, Tier.ESCALATION]),
)
hops = st.builds(
    d.hop,
    st.just("assumes"),
    st.sampled_from([*PEOPLE, *VMS]),
    st.sampled_from(PEOPLE),
)


@given(st.lists(grants, max_size=5), st.lists(hops, max_size=9))
def test_counts_are_those_of_the_answers(some_grants, some_hops):
    """Classes of callers are nobody, and are not counted."""
    half = d.half(*some_grants, edges=some_hops, principals=PEOPLE, targets=VMS)
    graph = build_graph([half])

    for vm in VMS:
        everybody = Everybody(graph, vm.id)
        people = {one.principal.id for one in everybody}
        assert (len(people), CALLERS.id in people) == (everybody.principals, False)
    for one in PEOPLE:
        reached = {t.id for found in reach_of(graph, one.id) for t in found.targets}
        assert len(reached) == targets_of(graph, one.id)
