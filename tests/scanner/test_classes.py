"""Paths are shown between real principals: classes of callers are left out."""

import decided as d

from scanner.classes import is_class, shown_hops
from scanner.estate import Principal, Provider
from scanner.grants import Confidence, Verdict

ALICE, OPS, DEEP = d.user("alice"), d.role("ops"), d.role("deep")
CLASS = Principal(Provider.AWS, "class:aws:sts:AssumeRole:0", "2", "class", False, "")
OWN, TRUST = d.statement("alice/inline"), d.statement("ops/trust")
INTO = d.hop("member-of", ALICE, CLASS, because=(OWN,))
OUT = d.hop(
    "assumes",
    CLASS,
    OPS,
    Verdict.CONDITIONAL,
    conditions=d.when("aws:MultiFactorAuthPresent", "true", operator="Bool"),
    confidence=Confidence.INFERRED,
    reasons=("partner decides",),
    because=(TRUST,),
)
ON = d.hop("assumes", OPS, DEEP)


def test_two_hops_through_a_class_are_the_one_that_they_stand_for():
    """It rests on both: what the identity may do and whom the role trusts."""
    (hop,) = shown_hops([INTO, OUT])

    assert (hop.kind, hop.source, hop.target) == ("assumes", ALICE.id, OPS.id)
    assert hop.because == (OWN, TRUST)
    assert (hop.verdict, hop.conditions) == (OUT.verdict, OUT.conditions)
    assert (hop.confidence, hop.reasons) == (OUT.confidence, OUT.reasons)


def test_hops_before_and_after_stay_as_they_are():
    group = d.hop("member-of", d.user("bob"), ALICE)
    shown = shown_hops([group, INTO, OUT, ON])

    assert shown[0] is group
    assert shown[2] is ON
    assert [hop.target for hop in shown] == [ALICE.id, OPS.id, DEEP.id]


def test_a_real_group_is_no_class():
    """The twin: a member of a group is shown as one."""
    hops = (d.hop("member-of", ALICE, d.entra("admins", "group")), ON)

    assert shown_hops(hops) == hops
    assert is_class(CLASS)
    assert not is_class(ALICE)
