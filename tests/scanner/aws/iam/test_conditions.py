"""Conditions on what is known of a request: values, and the kinds of missing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.aws.iam.conditions import (
    Missing,
    OneOf,
    Shape,
    expand,
    holds,
)
from scanner.aws.iam.conditions import (
    test as condition_outcome,
)
from scanner.aws.iam.formulas import FALSE, TRUE, both, opposite, settle
from scanner.aws.iam.patterns import as_written, glob
from scanner.grants import Condition, Confidence, Verdict

ABSENT = Missing.ABSENT
YES, NO = True, False
MANY = ("a", "b")
ROLE = "arn:aws:iam::1:role/x"

OPERATORS = [
    ("StringEquals", ["a"], ("a",), YES),
    ("StringEquals", ["a"], ("A",), NO),
    ("StringEquals", ["a*"], ("ab",), NO),
    ("StringEquals", ["a"], ABSENT, NO),
    ("stringequals", ["a"], ("a",), YES),
    ("StringEqualsIgnoreCase", ["a"], ("A",), YES),
    ("StringNotEquals", ["a", "b"], ("b",), NO),
    ("StringNotEquals", ["a", "b"], ("c",), YES),
    ("StringNotEquals", ["a"], ABSENT, YES),
    ("StringNotEqualsIgnoreCase", ["a"], ("A",), NO),
    ("StringEqualsIfExists", ["a"], ABSENT, YES),
    ("StringEqualsIfExists", ["a"], ("b",), NO),
    ("StringNotEqualsIfExists", ["a"], ABSENT, YES),
    ("StringLike", ["a*c?"], ("abcd",), YES),
    ("StringLike", ["a*"], ("A",), NO),
    ("StringNotLike", ["a*"], ("abc",), NO),
    ("NumericEquals", ["0300"], ("300",), YES),
    ("NumericNotEquals", ["300"], ("300.0",), NO),
    ("NumericLessThan", ["900"], ("0300",), YES),
    ("NumericLessThan", ["900"], ("1000",), NO),
    ("NumericLessThan", ["900"], ("x",), NO),
    ("NumericLessThan", ["900"], ABSENT, NO),
    ("NumericLessThanEquals", ["900"], ("900",), YES),
    ("NumericGreaterThan", ["900"], ("900",), NO),
    ("NumericGreaterThanEquals", ["1e3", "x"], ("1000",), YES),
    ("DateEquals", ["2026-01-01T00:00:00Z"], ("1767225600",), YES),
    ("DateLessThan", ["2026-01-01"], ("2025-12-31T23:59:59Z",), YES),
    ("DateGreaterThan", ["2026-01-01T00:00:00Z"], ("2026-01-01T01:00:00+02:00",), NO),
    ("Bool", ["true"], ("TRUE",), YES),
    ("Bool", ["false"], ABSENT, NO),
    ("BoolIfExists", ["false"], ABSENT, YES),
    ("BinaryEquals", ["QUI="], ("QUI=",), YES),
    ("BinaryEquals", ["%%%"], ("QUI=",), NO),
    ("IpAddress", ["10.0.0.0/8"], ("10.1.2.3",), YES),
    ("IpAddress", ["10.1.2.3/8"], ("10.9.9.9",), YES),
    ("IpAddress", ["10.1.2.3"], ("10.1.2.4",), NO),
    ("IpAddress", ["2001:db8::/32"], ("2001:db8::1",), YES),
    ("IpAddress", ["10.0.0.0/8"], ("2001:db8::1",), NO),
    ("NotIpAddress", ["10.0.0.0/8"], ("10.1.2.3",), NO),
    ("NotIpAddress", ["nonsense"], ("10.1.2.3",), YES),
    ("ArnLike", ["arn:aws:iam::*:role/*"], ("arn:aws:iam::1:role/a/b",), YES),
    ("ArnEquals", ["arn:aws:iam::*:role/*"], ("arn:aws:iam::1:role/a",), YES),
    ("ArnNotLike", ["arn:aws:iam::*/a"], ("arn:aws:iam::1:role/a",), YES),
    ("ArnNotEquals", ["arn:aws:iam::1:role/a"], ("arn:aws:iam::1:role/a",), NO),
    ("Null", ["true"], ABSENT, YES),
    ("Null", ["true"], ("",), NO),
    ("Null", ["false"], ("x",), YES),
    ("Null", ["true", "false"], ("x",), YES),
    ("Null", ["maybe"], ("x",), NO),
    ("ForAllValues:StringEquals", ["a"], ABSENT, YES),
    ("ForAllValues:StringEquals", ["a"], ("a", "b"), NO),
    ("ForAllValues:StringEquals", ["a", "b", "c"], ("a", "b"), YES),
    ("ForAllValues:StringNotEquals", ["c"], ("a", "b"), YES),
    ("ForAllValues:StringNotEquals", ["b"], ("a", "b"), NO),
    ("ForAnyValue:StringEquals", ["a"], ABSENT, NO),
    ("ForAnyValue:StringEqualsIfExists", ["a"], ABSENT, NO),
    ("ForAnyValue:StringEquals", ["a"], ("a", "b"), YES),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "b"), YES),
    ("ForAnyValue:StringNotEquals", ["a", "b"], ("a", "b"), NO),
    ("ForAnyValue:StringNotEquals", ["a"], ABSENT, NO),
    ("ForAnyValue:StringLike", ["x*"], ("xy",), YES),
]


@pytest.mark.parametrize(("operator", "values", "seen", "expected"), OPERATORS)
def test_operators_on_known_values(operator, values, seen, expected):
    """Every operator, present and absent, decides when the value is known."""
    outcome = holds(operator, "x:k", tuple(values), seen)

    assert outcome == (TRUE if expected else FALSE)


@pytest.mark.parametrize(
    ("missing", "verdict", "confidence"),
    [
        (Missing.REQUEST, Verdict.CONDITIONAL, Confidence.CERTAIN),
        (Missing.NOT_COLLECTED, Verdict.UNKNOWN, Confidence.INFERRED),
        (Missing.UNKNOWN_KEY, Verdict.CONDITIONAL, Confidence.INFERRED),
        (Missing.UNREAD, Verdict.CONDITIONAL, Confidence.INFERRED),
        (Missing.ABSENT, Verdict.DENIED, Confidence.CERTAIN),
    ],
)
def test_the_kinds_of_missing_have_different_answers(missing, verdict, confidence):
    """Absent, fixed by a request, never collected: never folded together."""
    found = settle(holds("StringEquals", "x:k", ("v",), missing))

    assert (found.verdict, found.confidence) == (verdict, confidence)


def test_an_unknown_operator_is_a_condition_in_doubt():
    """It is newer than this product."""
    found = settle(holds("StringFancy", "x:k", ("v",), ("v",)))

    assert found.verdict is Verdict.CONDITIONAL
    assert found.confidence is Confidence.INFERRED


@pytest.mark.parametrize("seen", [("10.0.0.1",), Missing.REQUEST, ABSENT])
@pytest.mark.parametrize(
    ("operator", "values", "sound"),
    [
        ("IpAddress", ["10.0.0.0/99"], ["10.0.0.0/9"]),
        ("NotIpAddress", ["10.0.0.0/8", "banana"], ["10.0.0.0/8"]),
        ("IpAddressIfExists", ["banana"], ["::1"]),
        ("DateLessThan", ["soon"], ["2026-01-01"]),
        ("DateGreaterThanIfExists", ["2026-13-01"], ["2026-12-01"]),
        ("ForAllValues:NumericEquals", ["1", "two"], ["1", "2"]),
    ],
)
def test_a_value_that_aws_would_not_store_is_a_condition_in_doubt(
    operator, values, sound, seen
):
    """Like an unknown operator: an Allow is conditional, a Deny blocks not surely."""
    odd = condition_outcome(
        operator, "x:k", tuple(values), "2012-10-17", lambda _: seen
    )

    allow, deny = settle(odd), settle(opposite(odd))
    assert allow.conditions == ((Condition("x:k", operator, tuple(values)),),)
    assert (allow.verdict, allow.confidence) == (
        Verdict.CONDITIONAL,
        Confidence.INFERRED,
    )
    assert deny.verdict is not Verdict.DENIED
    assert deny.confidence is Confidence.INFERRED
    fine = condition_outcome(
        operator, "x:k", tuple(sound), "2012-10-17", lambda _: seen
    )
    assert settle(fine).confidence is Confidence.CERTAIN


def test_a_malformed_value_does_not_hide_what_it_stands_next_to():
    """Nothing is concluded from it: not even that two conditions exclude each other."""
    look = {"x:k": Missing.REQUEST}.get
    one = condition_outcome("DateLessThan", "x:k", ("soon",), "2012-10-17", look)
    other = condition_outcome(
        "DateGreaterThan", "x:k", ("2026-01-01",), "2012-10-17", look
    )

    assert settle(both(one, other)).verdict is Verdict.CONDITIONAL


def test_a_tag_that_does_not_parse_matches_nothing():
    """AWS stored the variable; what a tag makes of it is a value like any other."""
    look = {"x:k": ("10.0.0.1",), "aws:PrincipalTag/net": ("banana",)}.get
    wanted = ("${aws:PrincipalTag/net}",)

    assert condition_outcome("IpAddress", "x:k", wanted, "2012-10-17", look) == FALSE


@pytest.mark.parametrize("name", ["ForSomeValues:StringEquals", "NullIfExists", ""])
def test_misspelt_operators_are_unknown(name):
    """No guess is made."""
    found = settle(holds(name, "x:k", ("v",), ("v",)))

    assert found.confidence is Confidence.INFERRED


def test_a_plain_operator_on_a_multi_valued_key_is_in_doubt():
    """It does not match live; an Allow that hangs on it is possible, never denied."""
    found = settle(holds("StringEquals", "aws:PrincipalOrgPaths", ("o",), ("o",)))

    assert found.verdict is Verdict.ALLOWED
    assert found.confidence is Confidence.INFERRED


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("StringLike", ["AROA1:*"], TRUE),
        ("StringLike", ["AROA2:*"], FALSE),
        ("StringEquals", ["AROA1"], FALSE),
        ("StringNotLike", ["AROA1:*"], FALSE),
        ("StringNotLike", ["AIDA*"], TRUE),
    ],
)
def test_a_role_user_id_is_known_but_for_the_session(operator, values, expected):
    """What the role's unique id settles is settled."""
    assert holds(operator, "aws:userid", tuple(values), Shape("AROA1:*")) == expected


def test_a_session_name_in_the_user_id_stays_a_condition():
    """Only a request fixes it."""
    found = settle(holds("StringEquals", "aws:userid", ("AROA1:al",), Shape("AROA1:*")))

    wanted = Condition("aws:userid", "StringEquals", ("AROA1:al",))
    assert found.conditions == ((wanted,),)


def test_tags_that_differ_by_case_are_in_doubt_only_if_it_matters():
    """Either value may be the one AWS compares."""
    seen = OneOf(("dev", "prod"))

    assert holds("StringLike", "k", ("*",), seen) == TRUE
    assert holds("StringEquals", "k", ("x",), seen) == FALSE
    assert settle(holds("StringEquals", "k", ("dev",), seen)).reasons


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("NumericLessThan", ["5", "9", "x"], ("NumericLessThan", ("9",))),
        ("NumericGreaterThan", ["5", "9"], ("NumericGreaterThan", ("5",))),
        ("Bool", ["TRUE"], ("Bool", ("true",))),
        ("Bool", ["true", "false"], ("Null", ("false",))),
        ("StringEquals", ["b", "a", "b"], ("StringEquals", ("a", "b"))),
        ("arnequals", [ROLE], ("ArnEquals", (ROLE,))),
        ("forAnyvalue:stringLike", ["x"], ("ForAnyValue:StringLike", ("x",))),
    ],
)
def test_conditions_left_open_are_normalised(operator, values, expected):
    """One spelling, so that equal conditions are equal."""
    found = settle(holds(operator, "x:k", tuple(values), Missing.REQUEST))

    assert found.conditions == ((Condition("x:k", *expected),),)


KNOWN = {"aws:username": ("ann",), "aws:star": ("a*",), "aws:tagkeys": MANY}


def look(key):
    return KNOWN.get(key.lower(), ABSENT)


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("${aws:username}", "ann", TRUE),
        ("x-${AWS:UserName}-*", "x-ann-1", TRUE),
        ("${aws:star}", "abc", FALSE),
        ("${aws:star}", "a*", TRUE),
        ("${*}", "*", TRUE),
        ("${*}", "x", FALSE),
        ("${?}${$}", "?$", TRUE),
        ("${aws:nobody}", "", FALSE),
        ("${aws:nobody, 'x'}", "x", TRUE),
        ("${aws:username, 'x'}", "ann", TRUE),
        ("${aws:tagkeys}", "a", FALSE),
        ("${}", "", FALSE),
        ("$aws:username", "$aws:username", TRUE),
    ],
)
def test_variables_in_values(text, value, expected):
    """Substituted values are literal; without value or default nothing matches."""
    known = {**KNOWN, "x:k": (value,)}

    outcome = condition_outcome(
        "StringLike",
        "x:k",
        (text,),
        "2012-10-17",
        lambda k: known.get(k.lower(), ABSENT),
    )

    assert outcome == expected


def test_a_variable_without_value_rules_out_negated_operators_too():
    """The statement does not match, Allow or Deny alike."""
    outcome = condition_outcome(
        "StringNotEquals", "x:k", ("${aws:nobody}",), "2012-10-17", look
    )

    assert outcome == FALSE


def test_the_older_version_leaves_variables_as_text():
    """Expanded only under 2012-10-17."""
    expanded = expand("${aws:username}", "2008-10-17", look)

    assert as_written(str(expanded)) == "${aws:username}"
    assert not glob(str(expanded)).matches("ann")


def test_a_variable_that_only_a_request_fixes_stays_a_condition():
    """The condition keeps the variable as written."""
    outcome = condition_outcome(
        "StringEquals",
        "x:k",
        ("${aws:SourceIdentity}",),
        "2012-10-17",
        lambda k: ("v",) if k == "x:k" else Missing.REQUEST,
    )

    ((found,),) = settle(outcome).conditions
    assert found == Condition("x:k", "StringEquals", ("${aws:SourceIdentity}",))


def test_long_lists_of_values_are_tested_quickly():
    """Ten thousand values against thousands of tags, with and without overlap."""
    values = tuple(f"value-{n}" for n in range(10_000))
    patterns = tuple(f"a{n}*" for n in range(2_000))
    started = time.process_time()

    for n in range(200):
        assert holds("StringEquals", "x:k", values, (f"value-{n}",)) == TRUE
    one = holds("StringLike", "x:k", patterns, Missing.REQUEST)
    other = holds("StringLike", "x:k", (*patterns[::-1], "b"), Missing.REQUEST)

    assert both(one, other) != FALSE
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("operator", "expected"), [("StringLike", "a${*}"), ("StringEquals", "a*")]
)
def test_substituted_text_is_shown_as_a_policy_spells_it(operator, expected):
    """What is reported means the same as a policy: a literal wildcard is none."""
    found = condition_outcome(
        operator,
        "aws:SourceVpc",
        ("${aws:star}",),
        "2012-10-17",
        lambda k: KNOWN.get(k.lower(), Missing.REQUEST),
    )

    assert settle(found).conditions[0][0].values == (expected,)


EVERY_OPERATOR = sorted({operator for operator, *_ in OPERATORS})
ODD = st.one_of(
    st.text(),
    st.sampled_from(
        [
            "1e999999999",
            "-1e-999999",
            "NaN",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "::/0",
            "1.2.3.4/99",
            "${",
            "${aws:x",
            "arn:::::",
        ]
    ),
)


@UNHURRIED
@given(st.sampled_from(EVERY_OPERATOR), st.lists(ODD, max_size=3), ODD)
def test_no_value_breaks_an_operator(operator, values, seen):
    """Whatever a policy or a tag says, known, open, and joined with its opposite."""
    known = holds(operator, "x:k", tuple(values), (seen,))
    left_open = holds(operator, "x:k", tuple(values), Missing.REQUEST)

    assert known in (TRUE, FALSE)
    settle(both(left_open, opposite(left_open)))
    settle(both(left_open, holds("NumericLessThan", "x:k", ("5",), Missing.REQUEST)))


def asked(operator, values, known):
    """A condition on `x:k`; keys that are not known are for the request to fix."""
    seen = {key.lower(): value for key, value in known.items()}
    return condition_outcome(
        operator,
        "x:k",
        tuple(values),
        "2012-10-17",
        lambda key: seen.get(key.lower(), Missing.REQUEST),
    )


WHO, SQUAD = "${aws:SourceIdentity}", "${aws:PrincipalTag/squad}"


def test_a_deny_with_a_variable_spares_requests_without_it():
    """A variable without value keeps the whole statement from matching."""
    found = settle(opposite(asked("StringEquals", [f"{SQUAD}-{WHO}"], TAGGED)))

    assert found.conditions == (
        (Condition("aws:SourceIdentity", "Null", ("true",)),),
        (Condition("x:k", "StringNotEquals", (f"red-{WHO}",)),),
    )


def test_a_default_stands_in_for_a_variable():
    """The twin: then the statement always has a value to compare with."""
    found = settle(opposite(asked("StringEquals", ["${aws:SourceIdentity, 'x'}"], {})))

    assert len(found.conditions) == 1


TAGGED = {"aws:PrincipalTag/squad": ("red",)}


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("Bool", "${aws:RequestTag/b}"),
        ("NumericLessThan", "${aws:RequestTag/n}"),
        ("IpAddress", "${aws:RequestTag/net}"),
        ("DateLessThan", "${aws:RequestTag/until}"),
    ],
)
def test_a_typed_value_that_only_a_request_fixes_stays_a_condition(operator, value):
    """It is no malformed number or address: nothing is known of it yet."""
    found = settle(asked(operator, [value], {}))

    assert found.conditions == ((Condition("x:k", operator, (value,)),),)
    assert found.confidence is Confidence.CERTAIN


def test_the_gravest_gap_decides():
    """A tag that was never collected leaves it unknown, whatever a variable says."""
    found = settle(asked("StringEquals", [WHO], {"x:k": Missing.NOT_COLLECTED}))

    assert found.verdict is Verdict.UNKNOWN


def test_an_absent_key_under_a_negated_operator_still_needs_the_variable():
    """Its statement matches only where the variable has a value."""
    found = settle(asked("StringNotEquals", [WHO], {"x:k": ABSENT}))

    wanted = Condition("aws:SourceIdentity", "Null", ("false",))
    assert found.conditions == ((wanted,),)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", FALSE),
        ("StringNotEquals", TRUE),
        ("ForAllValues:StringNotLike", TRUE),
        ("ForAnyValue:StringEquals", FALSE),
    ],
)
def test_an_empty_list_of_values_fits_nothing(operator, expected):
    """Whatever the request."""
    assert asked(operator, [], {}) == expected


def test_a_text_that_looks_like_a_variable_is_shown_escaped():
    """A policy that said it without the escape would mean something else."""
    known = {"aws:PrincipalTag/squad": ("${aws:username}",)}

    ((found,),) = settle(asked("StringLike", [f"{SQUAD}*"], known)).conditions

    assert found.values == ("${$}{aws:username}*",)
