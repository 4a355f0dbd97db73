"""The functions of the condition language, and conditions that nobody can meet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.azure.rbac import comparing
from scanner.azure.rbac.comparing import Truth, like
from scanner.azure.rbac.conditions import OPPOSITES, Comparison, parse
from scanner.azure.rbac.contradictions import satisfiable
from scanner.azure.rbac.truth import Request, decide, disjunction, truth
from scanner.grants import Condition

YES, NO, OPEN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


@pytest.mark.parametrize(
    ("function", "left", "right", "expected"),
    [
        ("StringEquals", "a", "a", YES),
        ("StringEquals", "a", "A", NO),
        ("StringEqualsIgnoreCase", "a", "A", YES),
        ("StringNotEquals", "a", "A", YES),
        ("StringNotEqualsIgnoreCase", "a", "A", NO),
        ("StringLike", "prod-1", "prod-?", YES),
        ("StringLike", "prod-12", "prod-?", NO),
        ("StringLike", "prod/a/b", "prod*b", YES),
        ("StringLike", "PROD", "prod*", NO),
        ("StringLikeIgnoreCase", "PROD", "prod*", YES),
        ("StringNotLike", "prod", "p*", NO),
        ("StringNotLikeIgnoreCase", "PROD", "q*", YES),
        ("StringStartsWith", "prod", "pr", YES),
        ("StringStartsWith", "prod", "p*", NO),
        ("StringStartsWithIgnoreCase", "PROD", "pr", YES),
        ("StringNotStartsWith", "prod", "pr", NO),
        ("StringNotStartsWithIgnoreCase", "PROD", "pr", NO),
        ("GuidEquals", "AB", "ab", YES),
        ("GuidNotEquals", "AB", "ab", NO),
        ("BoolEquals", "True", "true", YES),
        ("BoolNotEquals", "false", "true", YES),
        ("NumericEquals", "1.0", "1", YES),
        ("NumericNotEquals", "1.0", "1", NO),
        ("NumericLessThan", "9", "10", YES),
        ("NumericLessThanEquals", "10", "10", YES),
        ("NumericGreaterThan", "10", "9", YES),
        ("NumericGreaterThanEquals", "9", "10", NO),
        ("NumericLessThan", "nine", "10", OPEN),
        ("NumericLessThan", "nan", "10", OPEN),
        ("DateTimeEquals", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", YES),
        ("DateTimeNotEquals", "2026-01-01", "2026-01-02", YES),
        ("DateTimeLessThan", "2026-01-01T00:00:00.0000000Z", "2026-01-02", YES),
        ("DateTimeLessThanEquals", "2026-01-02", "2026-01-02", YES),
        ("DateTimeGreaterThan", "2026-01-01", "2026-01-02", NO),
        ("DateTimeGreaterThanEquals", "2026-01-02", "2026-01-02", YES),
        ("DateTimeLessThan", "soon", "2026-01-02", OPEN),
    ],
)
def test_each_function_compares_as_documented(function, left, right, expected):
    test = Comparison("@Resource[x]", "", function, (right,))
    opposite = Comparison("@Resource[x]", "", OPPOSITES[function], (right,))

    assert comparing.tested(test, (left,)) is expected
    assert comparing.tested(opposite, (left,)) is Truth(2 - expected)


@pytest.mark.parametrize(
    ("quantifier", "left", "expected"),
    [
        ("ForAnyOfAnyValues", "ac", YES),
        ("ForAnyOfAnyValues", "cd", NO),
        ("ForAllOfAnyValues", "ab", YES),
        ("ForAllOfAnyValues", "ac", NO),
        ("ForAnyOfAllValues", "ab", NO),
        ("ForAnyOfAllValues", "a", NO),
        ("ForAllOfAllValues", "a", NO),
    ],
)
def test_quantifiers_of_equality_with_two_values(quantifier, left, expected):
    test = Comparison("@Resource[x]", quantifier, "StringEquals", ("a", "b"))

    assert comparing.tested(test, tuple(left)) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_wildcards_match_as_a_plain_reading_does(pattern, text):
    plain = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")

    assert like(text, pattern) == bool(re.fullmatch(plain, text))


def test_many_wildcards_do_not_hang():
    assert not like("a" * 5000, "*a" * 500 + "b")


X, Y = "@Resource[x]", "@Resource[y]"


@pytest.mark.parametrize(
    ("text", "possible"),
    [
        (f"{X} StringEquals 'a' AND {X} StringEquals 'b'", False),
        (f"{X} StringEquals 'a' AND {Y} StringEquals 'b'", True),
        (f"{X} StringEquals 'a' AND {X} StringEquals 'A'", False),
        (f"{X} StringEqualsIgnoreCase 'a' AND {X} StringEquals 'A'", True),
        (f"{X} StringEquals 'a' AND {X} StringNotEquals 'a'", False),
        (f"{X} StringEquals 'a' AND {X} StringLike 'b*'", False),
        (f"{X} StringEquals 'a' AND {X} StringLike 'a*'", True),
        (f"{X} StringStartsWith 'a' AND {X} StringNotStartsWith 'a'", False),
        (f"{X} StringStartsWith 'a' AND {X} StringStartsWith 'b'", True),  # not looked
        (f"{X} BoolEquals true AND {X} BoolNotEquals true", False),
        (f"{X} BoolEquals true AND {X} BoolEquals false", False),
        (f"{X} NumericGreaterThan 5 AND {X} NumericLessThan 5", False),
        (f"{X} NumericGreaterThanEquals 5 AND {X} NumericLessThanEquals 5", True),
        (f"{X} NumericGreaterThanEquals 5 AND {X} NumericLessThan 5", False),
        (f"{X} NumericGreaterThan 5 AND {X} NumericLessThan 6", True),
        (f"{X} NumericEquals 7 AND {X} NumericLessThan 6", False),
        (f"{X} DateTimeLessThan '2026-01-01' AND {X} DateTimeGreaterThan '2027-01-01'",
         False),
        (f"{X} DateTimeLessThan '2027-01-01' AND {X} DateTimeGreaterThan '2026-01-01'",
         True),
        # several values may meet both
        (f"{X} ForAnyOfAnyValues:StringEquals {{'a'}} AND "
         f"{X} ForAnyOfAnyValues:StringEquals {{'b'}}", True),
        (f"{X} ForAnyOfAnyValues:StringEquals {{'a'}} AND "
         f"{X} ForAllOfAllValues:StringNotEquals {{'a'}}", False),
        (f"Exists {X} AND NotExists {X}", False),
        ("SubOperationMatches{'a'} AND !(SubOperationMatches{'a'})", False),
        # one way is left
        (f"({X} StringEquals 'a' OR {Y} BoolEquals true) AND {X} StringEquals 'b'",
         True),
    ],
)  # fmt: skip
def test_conditions_that_nobody_can_meet_are_false(text, possible):
    found, rest = decide(text, "x/action")

    assert found is (OPEN if possible else NO)
    assert bool(rest) == possible
    assert all(map(satisfiable, rest))


@given(st.sampled_from(sorted(OPPOSITES)), st.sampled_from(["a", "1", "2026-01-01"]))
def test_a_test_and_its_opposite_never_hold_together(function, value):
    """Whatever one value the attribute has."""
    one = Comparison(X, "", function, ("1",))
    other = Comparison(X, "", OPPOSITES[function], ("1",))

    assert (
        min(comparing.tested(one, (value,)), comparing.tested(other, (value,)))
        is not YES
    )


def test_an_alternative_that_asks_for_more_adds_nothing():
    a, b = Condition("a", "Exists", ()), Condition("b", "Exists", ())

    assert disjunction(((a,),), ((a, b),)) == ((a,),)
    assert disjunction(((a,),), ((b,),)) == ((a,), (b,))


@pytest.mark.parametrize("source", ["Request", "Resource", "Principal", "Environment"])
def test_an_attribute_that_a_request_does_not_fix_is_unknown(source):
    text = f"@{source}[Some/thing:name] StringNotEquals 'a'"

    assert truth(parse(text), Request("x")) is OPEN
    known = Request("x", {f"@{source.lower()}[some/thing:name]": ("b",)})
    assert truth(parse(text), known) is YES
