"""The algebra of conditions against an SMT solver that knows nothing of it."""

import z3
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from iam_solver import Request

from scanner.aws.iam.algebra import always, complete, implied, negated, satisfiable
from scanner.aws.iam.conditions import Missing, holds
from scanner.aws.iam.formulas import FALSE, all_of, any_of, opposite, settle
from scanner.grants import Condition, Confidence, Verdict

SOLVED = settings(
    deadline=None,
    derandomize=True,
    max_examples=120,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
KEYS = {
    "String": ("x:k", "x:l"),
    "Numeric": ("x:n", "x:m"),
    "Date": ("x:d", "x:e"),
    "Ip": ("aws:SourceIp", "aws:VpcSourceIp"),
    "Bool": ("aws:MultiFactorAuthPresent", "aws:SecureTransport"),
}
TEXTS = st.sampled_from(["a", "b", "ab", "Ab", "aab"])
PATTERNS = st.sampled_from(["a", "a*", "*b", "?", "a?", "*a*", "?*", "*", "ab", "*?b"])
ARNS = st.sampled_from(
    ["*", "a:b:c:d:e:f", "a:b:*:d:e:f*", "a:*:c:d:e:f:g", "a:b:c:?:e:*", "a:*"]
)
NUMBERS = st.sampled_from(["1", "2", "2.5", "3", "30"])
DATES = st.sampled_from(["2026-01-01", "2026-06-01T12:00:00Z", "1767225600"])
NETWORKS = st.sampled_from(
    [
        "10.0.0.0/8",
        "10.0.0.0/9",
        "10.128.0.0/9",
        "10.1.2.3",
        "192.168.0.0/16",
        "0.0.0.0/0",
        "::/0",
        "2001:db8::/32",
        "2001:db8:1::/48",
        "::ffff:10.0.0.0/104",
    ]
)
ORDERED = ("Equals", "NotEquals", "LessThan", "LessThanEquals")
OPERATORS = {
    "String": [
        ("StringEquals", TEXTS),
        ("StringNotEquals", TEXTS),
        ("StringEqualsIgnoreCase", TEXTS),
        ("StringNotEqualsIgnoreCase", TEXTS),
        ("StringLike", PATTERNS),
        ("StringNotLike", PATTERNS),
        ("ArnLike", ARNS),
        ("ArnNotEquals", ARNS),
    ],
    "Numeric": [
        (f"Numeric{word}", NUMBERS)
        for word in (*ORDERED, "GreaterThan", "GreaterThanEquals")
    ],
    "Date": [
        (f"Date{word}", DATES)
        for word in (*ORDERED, "GreaterThan", "GreaterThanEquals")
    ],
    "Ip": [("IpAddress", NETWORKS), ("NotIpAddress", NETWORKS)],
    "Bool": [("Bool", st.sampled_from(["true", "false"]))],
}


@st.composite
def one_condition(draw, domain, keys, quantified):
    key = draw(st.sampled_from(keys))
    if draw(st.integers(0, 5)) == 0:
        return Condition(key, "Null", (draw(st.sampled_from(["true", "false"])),))
    name, values = draw(st.sampled_from(OPERATORS[domain]))
    listed = draw(st.lists(values, min_size=1, max_size=3, unique=True))
    if domain == "Bool":
        listed = listed[:1]
    if quantified:
        prefix = draw(st.sampled_from(["ForAllValues:", "ForAnyValue:"]))
        return Condition(key, prefix + name, tuple(sorted(listed)))
    suffix = draw(st.sampled_from(["", "", "IfExists"]))
    return Condition(key, name + suffix, tuple(sorted(listed)))


@st.composite
def problems(draw, most=4):
    """Conditions of one domain, all plain or all quantified, and an unknown request."""
    domain = draw(st.sampled_from(list(KEYS)))
    quantified = domain in ("String", "Numeric") and draw(st.integers(0, 3)) == 0
    keys = KEYS[domain][: draw(st.integers(1, 2))]
    made = st.lists(one_condition(domain, keys, quantified), min_size=1, max_size=most)
    return draw(made), Request(domain, keys, single=not quantified)


def listed(conditions):
    return ", ".join(f"{c.key} {c.operator} {list(c.values)}" for c in conditions)


@SOLVED
@given(problems())
def test_satisfiable_says_what_the_solver_says(problem):
    """No contradiction is missed, and none is claimed that is not one."""
    conditions, request = problem
    expected = request.possible(request.all_hold(conditions))
    assume(expected is not None)

    assert satisfiable(conditions) is expected, listed(conditions)


@SOLVED
@given(problems(most=3))
def test_implied_says_what_the_solver_says(problem):
    """What surely follows from other conditions, or from none."""
    (one, *given_), request = problem
    against = request.possible(request.all_hold(given_), z3.Not(request.holds(one)))
    assume(against is not None)

    found = implied(frozenset(given_), one) or always(one) or not satisfiable(given_)

    assert found is not against, f"{listed(given_)} => {listed([one])}"


@SOLVED
@given(problems(most=2))
def test_an_opposite_holds_exactly_where_its_condition_does_not(problem):
    """And two conditions are complete where no request escapes both."""
    conditions, request = problem
    one, other = conditions[0], conditions[-1]
    opposites = negated(one)
    escapes = request.possible(z3.Not(z3.Or(request.holds(one), request.holds(other))))
    assume(escapes is not None)

    assert request.possible(request.holds(one), request.all_hold(opposites)) is False
    assert (
        request.possible(
            z3.Not(request.holds(one)), z3.Not(request.all_hold(opposites))
        )
        is False
    )
    if one.key == other.key:
        assert complete(one, other) is not escapes


@st.composite
def policies(draw):
    """Conditions of Allow and of Deny statements, and an unknown request."""
    domain = draw(st.sampled_from(list(KEYS)))
    keys = KEYS[domain]
    statement = st.lists(one_condition(domain, keys, False), min_size=1, max_size=3)
    allows = draw(st.lists(statement, min_size=1, max_size=3))
    denies = draw(st.lists(statement, max_size=3))
    return allows, denies, Request(domain, keys, single=True)


def left_open(statement):
    return all_of(
        holds(one.operator, one.key, one.values, Missing.REQUEST) for one in statement
    )


@SOLVED
@given(policies())
def test_what_is_left_open_is_what_the_policy_says(problem):
    """Allows without denies, simplified, is logically the same; denied is never."""
    allows, denies, request = problem
    meant = z3.And(request.some_hold(allows), z3.Not(request.some_hold(denies)))
    formula = all_of(
        (any_of(map(left_open, allows)), *(opposite(left_open(d)) for d in denies))
    )
    found = settle(formula)
    said = request.some_hold(found.conditions)
    if found.verdict is not Verdict.CONDITIONAL:
        said = z3.BoolVal(found.verdict is Verdict.ALLOWED)

    assert found.confidence is Confidence.CERTAIN
    assert request.possible(meant != said) is not True, found
    if formula != FALSE and found.verdict is Verdict.CONDITIONAL:
        for alternative in found.conditions:
            assert request.possible(request.all_hold(alternative)) is not False
        assert request.possible(z3.Not(meant)) is not False, "it was always allowed"
