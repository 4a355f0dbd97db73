"""Logic of conditions: opposites, contradictions and what implies what.

Exact where one value of a key decides; where it cannot tell (three overlapping
patterns, values with unsettled variables) a conjunction counts as satisfiable.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from scanner.aws.iam.operators import (
    Network,
    Operator,
    any_value_holds,
    compares,
    malformed,
    moment,
    network,
    number,
    parse_operator,
    within,
)
from scanner.aws.iam.patterns import as_written, covers, is_plain, overlap
from scanner.grants import Condition

_COMPLEMENT = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_OTHER_QUANTIFIER = {"ForAnyValue": "ForAllValues", "ForAllValues": "ForAnyValue"}
#: Longer lists of patterns are not compared with each other: assumed to overlap.
_MOST_COMPARISONS = 10_000
_ARN = ("ArnEquals", "ArnLike")
_TEXT = ("String", "StringIgnoreCase", "StringLike", "Binary", *_ARN)

#: An operator with the values it was written with.
_Test = tuple[Operator, tuple[str, ...]]


def negated(condition: Condition) -> list[Condition] | None:
    """Return the conjunction that holds exactly when the condition does not.

    None when IAM has no operator for it (BinaryEquals, or an unknown operator), or its
    values are of a form that is not known.
    """
    operator = parse_operator(condition.operator)
    if operator is None or operator.family == "Binary" or _odd(condition):
        return None
    key, values = condition.key, condition.values
    if operator.family == "Null":
        return [_null(key, absent=values != ("true",))]
    if operator.family == "Bool":
        values = tuple(v for v in ("true", "false") if v not in values)
    flipped = _flipped(operator)
    if operator.quantifier:
        quantifier = _OTHER_QUANTIFIER[operator.quantifier]
        return [Condition(key, replace(flipped, quantifier=quantifier).name, values)]
    if operator.holds_absent:
        needs_key = [] if flipped.holds_absent is False else [_null(key, absent=False)]
        return [*needs_key, Condition(key, flipped.name, values)]
    opens = flipped if flipped.holds_absent else replace(flipped, if_exists=True)
    return [Condition(key, opens.name, values)]


def satisfiable(conditions: Iterable[Condition]) -> bool:
    """Tell whether some request satisfies all of the conditions."""
    by_key: dict[str, list[_Test]] = defaultdict(list)
    for condition in conditions:
        operator = parse_operator(condition.operator)
        if operator is None or _odd(condition):
            continue
        if not any("${" in v for v in condition.values):
            by_key[condition.key.lower()].append((operator, condition.values))
    return all(map(_key_satisfiable, by_key.values()))


def tightened(conditions: Iterable[Condition]) -> list[Condition]:
    """Drop values and conditions that the others make impossible or superfluous."""
    by_key: dict[str, list[Condition]] = defaultdict(list)
    for condition in sorted(set(conditions)):
        by_key[condition.key.lower()].append(condition)
    return [one for group in by_key.values() for one in _tightened_key(group)]


def _odd(condition: Condition) -> bool:
    return malformed(condition.operator, condition.values) is not None


def _null(key: str, absent: bool) -> Condition:
    return Condition(key, "Null", ("true" if absent else "false",))


def _flipped(operator: Operator) -> Operator:
    """The opposite on a present value."""
    if operator.relation != "=":
        relation = _COMPLEMENT[operator.relation]
        return replace(operator, relation=relation, if_exists=False)
    if operator.family == "Bool":
        return replace(operator, if_exists=False)
    return replace(operator, negated=not operator.negated, if_exists=False)


def _tightened_key(group: list[Condition]) -> list[Condition]:
    if len(group) < 2:
        return group
    kept = [_possible_values(one, group) for one in group]
    for one in list(kept):
        rest = [other for other in kept if other is not one]
        opposites = negated(one)
        if opposites and any(not satisfiable([b, *opposites]) for b in rest):
            kept = rest
    return kept


def _possible_values(condition: Condition, group: list[Condition]) -> Condition:
    """Keep the values of StringEquals that the rest of the group allows."""
    if condition.operator != "StringEquals" or len(condition.values) < 2:
        return condition
    rest = [other for other in group if other is not condition]
    values = tuple(
        value
        for value in condition.values
        if satisfiable([replace(condition, values=(value,)), *rest])
    )
    return replace(condition, values=values)


def _key_satisfiable(tests: list[_Test]) -> bool:
    """Whether an absent key, or some value, passes all tests on one key."""
    nulls = {values[0] for operator, values in tests if operator.family == "Null"}
    tests = [test for test in tests if test[0].family != "Null"]
    if nulls == {"true", "false"}:
        return False
    if "false" not in nulls and all(operator.holds_absent for operator, _ in tests):
        return True
    if "true" in nulls:
        return False
    plain = [test for test in tests if not test[0].quantifier]
    every = [test for test in tests if test[0].quantifier == "ForAllValues"]
    some = [test for test in tests if test[0].quantifier == "ForAnyValue"]
    if plain or not some:
        return _one_value_passes(tests)
    return all(_one_value_passes([test, *every]) for test in some)


def _one_value_passes(tests: Sequence[_Test]) -> bool:
    for operator, values in tests:
        finite = _finite(operator, values)
        if finite is not None:
            return any(_passes(value, tests) for value in finite)
    families = {operator.family for operator, _ in tests}
    if families <= {"Ip"}:
        return _some_address(tests)
    for family, parse in (("Numeric", number), ("Date", moment)):
        if families <= {family}:
            return _some_number(tests, parse)
    return not families <= set(_TEXT) or _some_text(tests)


def _finite(operator: Operator, values: tuple[str, ...]) -> tuple[str, ...] | None:
    """The only values that can pass, where a positive test lists them."""
    if operator.negated or operator.relation != "=":
        return None
    if operator.family in ("String", "Numeric", "Date", "Bool", "Binary"):
        return tuple(map(as_written, values))
    if operator.family in ("StringLike", *_ARN) and all(map(is_plain, values)):
        return tuple(map(as_written, values))
    return None


def _passes(value: str, tests: Iterable[_Test]) -> bool:
    return all(
        any_value_holds(operator, values, value) is not operator.negated
        for operator, values in tests
    )


def _some_number(
    tests: Sequence[_Test], parse: Callable[[str], Decimal | None]
) -> bool:
    """Whether an interval remains: its bounds, a point between, or one outside."""
    given = {parse(value) for _, values in tests for value in values}
    limits = sorted(limit for limit in given if limit is not None)
    if not limits:
        return all(operator.negated for operator, _ in tests)
    between = [(a + b) / 2 for a, b in pairwise(limits)]
    points = [limits[0] - 1, *limits, *between, limits[-1] + 1]
    return any(_number_passes(point, tests, parse) for point in points)


def _number_passes(
    point: Decimal, tests: Iterable[_Test], parse: Callable[[str], Decimal | None]
) -> bool:
    for operator, values in tests:
        limits = [limit for v in values if (limit := parse(v)) is not None]
        holds = any(compares(point, operator.relation, limit) for limit in limits)
        if holds is operator.negated:
            return False
    return True


def _some_address(tests: Iterable[_Test]) -> bool:
    """Whether some network is in every positive list and in no negative one."""
    left: list[Network] = [
        ipaddress.ip_network("0.0.0.0/0"),
        ipaddress.ip_network("::/0"),
    ]
    refused: list[Network] = []
    for operator, values in tests:
        listed = [found for v in values if (found := network(v)) is not None]
        if operator.negated:
            refused += listed
        else:
            left = [
                one if within(one, other) else other
                for one in left
                for other in listed
                if within(one, other) or within(other, one)
            ]
    merged = _merged(refused)
    return any(not any(within(one, other) for other in merged) for one in left)


def _merged(networks: Iterable[Network]) -> list[Network]:
    """Join neighbours, so that a union covering a network contains it."""
    four = [n for n in networks if isinstance(n, ipaddress.IPv4Network)]
    six = [n for n in networks if isinstance(n, ipaddress.IPv6Network)]
    return [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]


def _some_text(tests: Sequence[_Test]) -> bool:
    """Whether patterns of all positive lists overlap outside the negative ones."""
    positive = [test for test in tests if not test[0].negated]
    refused = [test for test in tests if test[0].negated]
    if not positive:
        return not any(_refuses(test, "*", "StringLike") for test in refused)
    (first, patterns), *rest = positive
    if len(patterns) * sum(len(values) for _, values in tests) > _MOST_COMPARISONS:
        return True
    return any(
        all(any(_meet(p, q) for q in others) for _, others in rest)
        and not any(_refuses(test, p, first.family) for test in refused)
        for p in patterns
    )


def _meet(one: str, other: str) -> bool:
    return overlap(one.casefold(), other.casefold())


def _refuses(test: _Test, pattern: str, family: str) -> bool:
    """Whether a negative test surely refuses all that a positive pattern matches."""
    operator, values = test
    if operator.family == "StringLike":
        anything = (
            family == "StringIgnoreCase"
        )  # its pattern stands for other cases too
        return any(covers(value, "*" if anything else pattern) for value in values)
    if operator.family not in _ARN or family not in _ARN:
        return False
    if "*" in values:
        return True
    segments = pattern.split(":", 5)
    return any(
        len(given := value.split(":", 5)) == len(segments) == 6
        and all(covers(a, b) for a, b in zip(given, segments, strict=True))
        for value in values
    )
