"""Gains by hops for everybody at once: equal to walking the hops one by one."""

import decided as d
from hypothesis import given
from hypothesis import strategies as st

from scanner.closure import closure_of
from scanner.grants import Tier, Verdict
from scanner.graph import build_graph

TIERS = (Tier.DIRECT, Tier.INDIRECT)
ROLES = [d.role(f"r{n}") for n in range(6)]
VMS = d.vms(*(f"i-{n}" for n in range(4)))
ALICE = d.outsider()


def entered(*hops, grants=()):
    """What Alice gains by her hop to role 0, in an estate of some hops and grants."""
    first = d.hop("assumes", ALICE, ROLES[0])
    graph = build_graph([d.half(*grants, edges=[first, *hops], principals=[ALICE])])
    return closure_of(graph, TIERS).beyond(first)


def holds(n, vms=VMS[:1], vector="ssm:SendCommand", **rest):
    return d.grant([ROLES[n]], vector, vms, **rest)


def targets_of(gain):
    return sorted({target.name for one in gain.sets for target in one})


def test_what_the_entered_role_holds_itself_comes_first():
    """What lies further on is another finding."""
    onwards = d.hop("assumes", ROLES[0], ROLES[1])

    gain = entered(onwards, grants=[holds(0), holds(1, VMS[1:])])

    assert targets_of(gain) == ["i-0"]
    assert len(gain.best.hops) == 1


def test_a_role_without_grants_leads_to_those_behind_it():
    gain = entered(d.hop("assumes", ROLES[0], ROLES[1]), grants=[holds(1, VMS[1:])])

    assert targets_of(gain) == ["i-1", "i-2", "i-3"]
    assert [hop.target for hop in gain.best.hops] == [ROLES[0].id, ROLES[1].id]


def test_nothing_behind_an_entry_is_no_gain():
    assert entered(grants=[holds(3)]) is None


def test_grants_of_other_tiers_do_not_count():
    assert entered(grants=[holds(0, tier=Tier.ESCALATION)]) is None


def test_a_denied_hop_leads_nowhere():
    hop = d.hop("assumes", ROLES[0], ROLES[1], Verdict.DENIED)

    assert entered(hop, grants=[holds(1)]) is None


def test_the_best_way_has_fewest_unknown_hops():
    """Two certain hops are better than one that is unknown."""
    hops = [
        d.hop("assumes", ROLES[0], ROLES[1], Verdict.UNKNOWN),
        d.hop("assumes", ROLES[0], ROLES[2]),
        d.hop("assumes", ROLES[2], ROLES[3]),
    ]

    gain = entered(*hops, grants=[holds(1), holds(3)])

    assert gain.best.holder == ROLES[3]
    assert gain.best.verdict is Verdict.ALLOWED


@given(
    st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12),
    st.dictionaries(st.integers(0, 5), st.sets(st.integers(0, 3), min_size=1)),
)
def test_gains_equal_a_walk_over_the_hops(pairs, held):
    """Cycles included; a holder's own grants count where a cycle leads back to it."""
    hops = [d.hop("assumes", ROLES[a], ROLES[b]) for a, b in sorted(pairs) if a != b]
    grants = [holds(n, [VMS[m] for m in sorted(on)]) for n, on in sorted(held.items())]

    gain = entered(*hops, grants=grants)

    reached, to_do = set(), [0]
    while to_do:
        at = to_do.pop()
        for a, b in pairs:
            if a == at and a != b and b not in reached:
                reached.add(b)
                to_do.append(b)
    behind = {0} if 0 in held else reached
    wanted = {f"i-{m}" for n in behind for m in held.get(n, ())}
    assert (targets_of(gain) if gain else []) == sorted(wanted)
