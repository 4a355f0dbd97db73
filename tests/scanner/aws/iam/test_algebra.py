"""The logic of conditions, held to direct evaluation of every operator on values."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.iam.algebra import negated, satisfiable, tightened
from scanner.aws.iam.conditions import Missing, holds
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    DoubtKind,
    both,
    doubted,
    either,
    on,
    opposite,
    settle,
)
from scanner.grants import Condition, Confidence, Verdict

ABSENT = Missing.ABSENT


def one(operator, *values, key="k"):
    return Condition(key, operator, values)


MFA = one("Bool", "true", key="aws:MultiFactorAuthPresent")
OFFICE = one("IpAddress", "10.0.0.0/8", key="aws:SourceIp")


@pytest.mark.parametrize(
    "conditions",
    [
        [one("Bool", "true"), one("Bool", "false")],
        [one("Bool", "true"), one("BoolIfExists", "false")],
        [one("Null", "true"), one("Null", "false")],
        [one("Null", "true"), one("StringEquals", "a")],
        [one("StringEquals", "a"), one("StringEquals", "b", "c")],
        [one("StringEquals", "prod"), one("StringLike", "dev*")],
        [one("StringEquals", "a"), one("StringNotEquals", "a", "b")],
        [one("StringLike", "a*"), one("StringLike", "b*", "c*")],
        [one("StringLike", "ab*"), one("StringNotLike", "a*")],
        [one("StringEqualsIgnoreCase", "a"), one("StringLike", "b*")],
        [
            one("ArnLike", "arn:aws:iam::1:role/*"),
            one("ArnNotLike", "arn:aws:iam::*:*"),
        ],
        [one("IpAddress", "10.0.0.0/8"), one("IpAddress", "192.168.0.0/16")],
        [
            one("IpAddress", "10.0.0.0/8"),
            one("NotIpAddress", "10.0.0.0/9", "10.128.0.0/9"),
        ],
        [one("NumericLessThan", "3"), one("NumericGreaterThanEquals", "3")],
        [one("NumericEquals", "3"), one("NumericNotEquals", "3.0")],
        [one("DateLessThan", "2026-01-01"), one("DateGreaterThan", "2026-06-01")],
        [one("ForAnyValue:StringEquals", "a"), one("ForAllValues:StringEquals", "b")],
    ],
)
def test_contradictions_are_recognised(conditions):
    """No request satisfies all of them."""
    assert not satisfiable(conditions)


@pytest.mark.parametrize(
    "conditions",
    [
        [one("Bool", "true"), one("Bool", "false", key="other")],
        [one("BoolIfExists", "true"), one("BoolIfExists", "false")],
        [one("StringNotEquals", "a"), one("StringNotEquals", "b")],
        [one("StringLike", "a*"), one("StringLike", "*b")],
        [one("StringEqualsIgnoreCase", "a"), one("StringNotLike", "a*")],
        [one("IpAddress", "10.0.0.0/8"), one("NotIpAddress", "10.0.0.0/9")],
        [one("NumericLessThan", "4"), one("NumericGreaterThan", "3")],
        [one("ForAnyValue:StringEquals", "a"), one("ForAnyValue:StringEquals", "b")],
        [one("StringEquals", "${aws:x}"), one("StringEquals", "b")],
        [one("StringFancy", "a"), one("StringEquals", "b")],
    ],
)
def test_what_can_hold_together_is_kept(conditions):
    """The twins of the contradictions."""
    assert satisfiable(conditions)


def test_alternatives_that_complete_each_other_vanish():
    """MFA or not MFA is no condition."""
    found = settle(
        either(both(on(OFFICE), on(MFA)), both(on(OFFICE), opposite(on(MFA))))
    )

    assert found.conditions == ((OFFICE,),)


def test_a_stronger_alternative_is_absorbed():
    """(a and b) or a is a."""
    found = settle(either(on(MFA), both(on(MFA), on(OFFICE))))

    assert found.conditions == ((MFA,),)


def test_superfluous_conditions_are_dropped():
    """What another condition implies is not listed, nor are impossible values."""
    found = tightened(
        [
            one("StringEquals", "a", "b"),
            one("StringNotEquals", "a"),
            one("Null", "false"),
            one("StringLike", "*"),
        ]
    )

    assert found == [one("StringEquals", "b")]


@pytest.mark.parametrize(
    ("formula", "verdict", "confidence"),
    [
        (FALSE, Verdict.DENIED, Confidence.CERTAIN),
        (TRUE, Verdict.ALLOWED, Confidence.CERTAIN),
        (on(MFA), Verdict.CONDITIONAL, Confidence.CERTAIN),
        (doubted("x"), Verdict.ALLOWED, Confidence.INFERRED),
        (doubted("x", DoubtKind.UNKNOWN), Verdict.UNKNOWN, Confidence.INFERRED),
        (both(on(MFA), doubted("x")), Verdict.CONDITIONAL, Confidence.INFERRED),
        (either(on(MFA), doubted("x")), Verdict.ALLOWED, Confidence.INFERRED),
        (either(TRUE, doubted("x")), Verdict.ALLOWED, Confidence.CERTAIN),
        (
            either(on(MFA), doubted("x", DoubtKind.UNKNOWN)),
            Verdict.CONDITIONAL,
            Confidence.INFERRED,
        ),
        (
            opposite(doubted("x", DoubtKind.UNKNOWN)),
            Verdict.ALLOWED,
            Confidence.INFERRED,
        ),
    ],
)
def test_doubts_lower_the_confidence_or_leave_it_unknown(formula, verdict, confidence):
    """What may only restrict keeps the verdict; what may only grant, unknown."""
    found = settle(formula)

    assert (found.verdict, found.confidence) == (verdict, confidence)
    assert bool(found.reasons) is (confidence is Confidence.INFERRED)


def test_too_many_alternatives_are_doubted_not_listed():
    """Growth is bounded, and said."""
    formula = TRUE
    for n in range(8):
        pair = either(
            on(one("StringEquals", "a", key=f"a{n}")),
            on(one("Bool", "true", key=f"b{n}")),
        )
        formula = both(formula, pair)

    assert settle(formula).confidence is Confidence.INFERRED


TEXTS = st.sampled_from(["a", "b", "ab", "A"])
PATTERNS = st.sampled_from(["a", "b", "a*", "*b", "*", "?"])
NUMBERS = st.sampled_from(["1", "2", "3"])
ADDRESSES = st.sampled_from(["10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.0.0.1"])
FAMILIES = [
    (["StringEquals", "StringNotEquals", "StringEqualsIfExists"], TEXTS),
    (["StringLike", "StringNotLike", "StringLikeIfExists"], PATTERNS),
    (["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"], TEXTS),
    (["NumericEquals", "NumericNotEquals", "NumericLessThan"], NUMBERS),
    (["NumericGreaterThanEqualsIfExists", "NumericLessThanEquals"], NUMBERS),
    (["Bool", "BoolIfExists"], st.sampled_from(["true", "false"])),
    (["IpAddress", "NotIpAddress", "IpAddressIfExists"], ADDRESSES),
    (["Null"], st.sampled_from(["true", "false"])),
]
SEEN = {
    "String": ["a", "b", "ab", "A", "x", ""],
    "Numeric": ["0", "1", "1.5", "2", "2.5", "3", "4"],
    "Bool": ["true", "false"],
    "Ip": ["10.0.0.1", "10.0.0.2", "10.200.0.1", "9.9.9.9"],
}


@st.composite
def conditions_of_one_key(draw):
    """Open conditions of one domain, as the evaluator leaves them, and its values."""
    domain = draw(st.sampled_from(list(SEEN)))
    families = [f for f in FAMILIES if domain in f[0][0] or f[0] == ["Null"]]
    found = []
    for _ in range(draw(st.integers(1, 3))):
        operators, values = draw(st.sampled_from(families))
        operator = draw(st.sampled_from(operators))
        listed = draw(st.lists(values, min_size=1, max_size=2, unique=True))
        if operator == "Null":
            listed = listed[:1]
        found.append((operator, tuple(listed)))
    return found, [ABSENT, *((value,) for value in SEEN[domain])]


def left_open(conditions):
    formula = TRUE
    for operator, values in conditions:
        formula = both(formula, holds(operator, "k", values, Missing.REQUEST))
    return formula


def is_met(formula, seen):
    return any(
        all(
            holds(c.condition.operator, "k", c.condition.values, seen) == TRUE
            for c in conjunction
        )
        for conjunction in formula
    )


def directly(conditions, seen):
    return all(holds(op, "k", values, seen) == TRUE for op, values in conditions)


@UNHURRIED
@given(conditions_of_one_key())
def test_open_conditions_answer_as_direct_evaluation(generated):
    """Normalised, tightened and joined, a formula means what its parts mean."""
    conditions, values = generated
    formula = left_open(conditions)

    for seen in values:
        assert is_met(formula, seen) is directly(conditions, seen)


@UNHURRIED
@given(conditions_of_one_key())
def test_the_opposite_holds_exactly_where_the_formula_does_not(generated):
    """Negation by the opposite operator, with Null where a key must be present."""
    conditions, values = generated
    formula = left_open(conditions)

    for seen in values:
        assert is_met(opposite(formula), seen) is not is_met(formula, seen)


@UNHURRIED
@given(conditions_of_one_key())
def test_nothing_satisfiable_is_dropped(generated):
    """A contradiction is claimed only where no value satisfies."""
    conditions, values = generated

    if any(directly(conditions, seen) for seen in values):
        assert left_open(conditions) != FALSE


@UNHURRIED
@given(conditions_of_one_key(), conditions_of_one_key())
def test_either_is_the_union(one_side, other_side):
    """Joining and absorbing alternatives loses and adds nothing."""
    first, values = one_side
    second, others = other_side
    assume(values == others)
    formula = either(left_open(first), left_open(second))

    for seen in values:
        wanted = directly(first, seen) or directly(second, seen)
        assert is_met(formula, seen) is wanted


MANY = [ABSENT, ("a",), ("b",), ("a", "b"), ("x",), ("a", "x")]


@pytest.mark.parametrize("quantifier", ["ForAllValues", "ForAnyValue"])
@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "StringLike"])
@pytest.mark.parametrize("seen", MANY)
def test_the_opposite_of_set_operators(quantifier, operator, seen):
    """For all is the opposite of for any, of the opposite operator."""
    condition = Condition("k", f"{quantifier}:{operator}", ("a", "b"))
    (found,) = negated(condition)

    there = holds(condition.operator, "k", condition.values, seen) == TRUE

    assert (holds(found.operator, "k", found.values, seen) == TRUE) is not there


def test_the_opposite_of_a_binary_test_is_in_doubt():
    """IAM has no operator for it."""
    found = settle(opposite(on(one("BinaryEquals", "QUI="))))

    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is Confidence.INFERRED
