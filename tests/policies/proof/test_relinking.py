"""Hops through classes of callers are told one by one."""

from itertools import pairwise

import pytest

from policies.proof.relinking import by_ends
from scanner.grants import Condition, Edge, Verdict

MFA = (Condition("aws:MultiFactorAuthPresent", "Bool", ("true",)),)


@pytest.mark.parametrize("between", [[], ["class:a"], ["class:a", "class:b"]])
def test_a_hop_through_any_number_of_classes_is_one_from_end_to_end(between):
    """Its conditions are those of all parts."""
    ways = ["caller", *between, "role"]
    edges = [
        Edge("assumes", source, target, Verdict.ALLOWED)
        for source, target in pairwise(ways)
    ]
    last = edges.pop()
    edges.append(
        Edge("assumes", last.source, "role", Verdict.CONDITIONAL, conditions=(MFA,))
    )

    found = by_ends(edges)

    (whole,) = found.values()
    assert [*found] == [("assumes", "caller", "role")]
    assert (whole.source, whole.verdict) == ("caller", Verdict.CONDITIONAL)
    assert whole.conditions == (MFA,)
