"""Who acts as two at once: found where the two first meet, however they are joined."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from scanner.aws.linking.escalating.reaching import Ways
from scanner.aws.linking.pairs import Pairs
from scanner.grants import Edge, Verdict

NAMES = "abcdef"
SUBJECTS = {name: ("home", 1 << n) for n, name in enumerate(NAMES)}
NODES = st.sampled_from(NAMES)


def closure(pairs):
    """Whom everybody becomes, itself included, by brute force."""
    found = {name: {name} for name in NAMES}
    for _ in NAMES:
        for (source, target), name in product(pairs, NAMES):
            if source in found[name]:
                found[name].add(target)
    return found


@given(st.sets(st.tuples(NODES, NODES)), st.sets(NODES), st.sets(NODES))
def test_whoever_becomes_both_is_found_or_leads_to_one_that_is(pairs, one, other):
    """On any graph: sources that are found, and those that lead to them, are exact."""
    edges = [Edge("assumes", a, b, Verdict.ALLOWED) for a, b in sorted(pairs) if a != b]
    sides = tuple(sum(SUBJECTS[name][1] for name in side) for side in (one, other))
    reach = closure(pairs)

    pairing = Pairs(Ways(edges, SUBJECTS), SUBJECTS)
    found = {both.source for both in pairing.of({"home": sides})}

    expected = {name for name in NAMES if reach[name] & one and reach[name] & other}
    # One that is on both sides and becomes nobody needs no hop.
    ends = {name for name in one & other if reach[name] == {name}}
    assert found <= expected
    assert {name for name in NAMES if reach[name] & (found | ends)} == expected
