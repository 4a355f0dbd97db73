"""Decisions of two estates are compared exactly, however each divides its targets."""

import decided as d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.proof.classes import Targets, compare
from scanner.grants import Condition, Decision, Standing, Verdict

A, B = d.role("a"), d.role("b")
VMS = d.vms("i-1", "i-2", "i-3")
VECTORS = ("ssm:SendCommand", "ssm:StartSession")
VERDICTS = st.sampled_from([Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN])
PAIRS = st.tuples(
    st.sampled_from((A, B)), st.sampled_from(VECTORS), st.sampled_from(VMS)
)
WORLDS = st.dictionaries(PAIRS, VERDICTS, max_size=12)


def half_of(world, extra=()):
    """The decisions of a world; extra targets shift every position of its space."""
    given = [
        d.grant([who], vector, [vm], verdict)
        for (who, vector, vm), verdict in world.items()
    ]
    return d.half(*given, targets=[*VMS, *extra])


def grants_by_principal(half):
    found = {}
    for grant in half.grants:
        for principal in grant.principals:
            found.setdefault(principal.id, []).append(grant)
    return found


def compared(before, after):
    targets = Targets([*before.targets, *after.targets])
    sides = grants_by_principal(before), grants_by_principal(after)
    return compare([A.id, B.id], *sides, targets)


@given(WORLDS, WORLDS)
def test_comparison_equals_comparing_every_pair(old, new):
    before, after = half_of(old), half_of(new, extra=d.vms("a-first", "z-last"))

    found = compared(before, after)

    assert found.same == sum(new.get(key) == verdict for key, verdict in old.items())
    differences = {
        key: (old.get(key), new.get(key))
        for key in {*old, *new}
        if old.get(key) != new.get(key)
    }
    assert len(differences) == sum(one.targets for one in found.differences)
    for one in found.differences:
        key = next(
            key
            for key in differences
            if (key[0].id, key[1], key[2].id)
            == (one.principal, one.vector, one.example)
        )
        sides = [side and side.verdict for side in (one.before, one.after)]
        assert tuple(sides) == differences[key]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {"reasons": ("why",)}, True),
        ({"documents": ("a", "b")}, {"documents": ("b", "a")}, True),
        ({"documents": "any"}, {"documents": ("a",)}, False),
        ({}, {"standing": Standing.ELIGIBLE}, False),
        ({}, {"conditions": ((Condition("k", "Bool", ("true",)),),)}, False),
    ],
)
def test_what_makes_two_decisions_the_same(one, other, same):
    """Verdict, conditions, documents and standing; never reasons or their order."""
    before, after = (
        d.half(d.grant([A], VECTORS[0], VMS, **decision)) for decision in (one, other)
    )

    found = compared(before, after)

    assert bool(found.differences) is not same
    assert found.same == (3 if same else 0)


def test_a_difference_names_its_first_target():
    before = d.half(d.grant([A], VECTORS[0], VMS))

    (found,) = compared(before, d.half(targets=VMS)).differences

    assert (found.example, found.targets, found.after) == (VMS[0].id, 3, None)
    assert found.before == Decision(Verdict.ALLOWED)
