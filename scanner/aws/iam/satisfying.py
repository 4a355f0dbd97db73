"""Whether some request can pass several tests on one condition key.

Exact for text, numbers, dates, addresses and truth values each on their own, and for
listed values under any operator. Where it cannot tell (an address that must also match
a pattern), it says that the tests can be passed.
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import product

from scanner.aws.iam.automata import FRESH, Listed, automaton, some_text
from scanner.aws.iam.intervals import (
    NUMBERS,
    compared,
    difference,
    intersection,
    just_above,
    just_below,
    union,
)
from scanner.aws.iam.keys import address, boolean, multi_valued, single_valued
from scanner.aws.iam.operators import (
    Operator,
    any_value_holds,
    moment,
    network,
    number,
)
from scanner.aws.iam.patterns import as_written, is_plain, literally, shared_text

#: An operator with the values it was written with.
Test = tuple[Operator, tuple[str, ...]]

_ARN = ("ArnEquals", "ArnLike")
_PATTERNS = frozenset(("StringLike", *_ARN))
_TEXT = _PATTERNS | {"String", "StringIgnoreCase"}
#: More comparisons of one value with another than this are not made.
_MOST_COMPARISONS = 20_000
#: More lists of patterns than this are not searched for a text that all let through.
_MOST_TESTS = 8
_SPELLINGS = tuple(
    "".join(letters)
    for word in ("true", "false")
    for letters in product(*((c, c.upper()) for c in word))
)
_SIX = 1 << 128
#: All IPv6 addresses, then all IPv4 addresses, as numbers.
_ADDRESSES = [(0, _SIX - 1), (_SIX, _SIX + (1 << 32) - 1)]


@lru_cache(maxsize=1 << 15)
def can_be_passed(key: str, tests: tuple[Test, ...]) -> bool:
    """Tell whether an absent key, one value, or a list of values passes all tests."""
    nulls = {values[0] for operator, values in tests if operator.family == "Null"}
    rest = [test for test in tests if test[0].family != "Null"]
    if multi_valued(key):
        # What a plain operator makes of several values is not known.
        rest = [test for test in rest if test[0].quantifier]
    if nulls == {"true", "false"}:
        return False
    if "false" not in nulls and all(operator.holds_absent for operator, _ in rest):
        return True
    return "true" not in nulls and can_be_present(key, rest)


def can_be_present(key: str, tests: Sequence[Test]) -> bool:
    """Tell whether one value, or a list of them, passes all tests (none is Null)."""
    every = [test for test in tests if test[0].quantifier == "ForAllValues"]
    some = [test for test in tests if test[0].quantifier == "ForAnyValue"]
    if single_valued(key) or not some or len(every) + len(some) < len(tests):
        return _one_value(key, tests)
    return all(_one_value(key, [test, *every]) for test in some)


def passes(value: str, tests: Iterable[Test]) -> bool:
    """Tell whether one value passes all tests, quantifiers aside."""
    return all(
        any_value_holds(operator, values, value) is not operator.negated
        for operator, values in tests
    )


def _one_value(key: str, tests: Sequence[Test]) -> bool:
    if boolean(key):
        return any(passes(value, tests) for value in ("true", "false"))
    listed = _listed(tests)
    if listed is not None:
        return _some_listed(listed, tests)
    families = {operator.family for operator, _ in tests}
    if families <= _TEXT:
        return _some_text(tests)
    if families == {"Bool"}:
        return any(passes(value, tests) for value in ("true", "false"))
    if families <= {"Ip"}:
        return _some_address(tests) or (not address(key) and _all_negated(tests))
    for family, parse in (("Numeric", number), ("Date", moment)):
        if families <= {family}:
            return _some_number(tests, parse)
    return True


def _listed(tests: Iterable[Test]) -> tuple[str, ...] | None:
    """The only texts that can pass, where a positive test lists them."""
    found: list[tuple[str, ...]] = [
        values
        for operator, values in tests
        if not operator.negated
        and (
            operator.family == "String"
            or (operator.family in _PATTERNS and all(map(is_plain, values)))
        )
    ]
    if found:
        shortest: tuple[str, ...] = min(found, key=len)
        return tuple(map(as_written, shortest))
    if any(op.family == "Bool" and not op.negated for op, _ in tests):
        families = {operator.family for operator, _ in tests}
        return _SPELLINGS if families != {"Bool"} else None
    return None


def _some_listed(listed: Iterable[str], tests: Iterable[Test]) -> bool:
    left = set(listed)
    others = []
    for operator, values in tests:
        if operator.family != "String":
            others.append((operator, values))
        elif operator.negated:
            left.difference_update(map(as_written, values))
        else:
            left.intersection_update(map(as_written, values))
    if len(left) * sum(len(values) for _, values in others) > _MOST_COMPARISONS:
        return True
    return any(passes(value, others) for value in left)


def _all_negated(tests: Iterable[Test]) -> bool:
    return all(operator.negated for operator, _ in tests)


def _some_number(tests: Iterable[Test], parse: Callable[[str], Decimal | None]) -> bool:
    left = NUMBERS
    for operator, values in tests:
        limits = [limit for v in values if (limit := parse(as_written(v))) is not None]
        listed = union(compared(operator.relation, limit) for limit in limits)
        if operator.negated:
            left = difference(left, listed, just_below, just_above)
        else:
            left = intersection(left, listed)
    return bool(left)


def _some_address(tests: Iterable[Test]) -> bool:
    left = _ADDRESSES
    for operator, values in tests:
        listed = union(span for v in values if (span := _span(v)) is not None)
        if operator.negated:
            left = difference(left, listed, lambda n: n - 1, lambda n: n + 1)
        else:
            left = intersection(left, listed)
    return bool(left)


def _span(text: str) -> tuple[int, int] | None:
    found = network(as_written(text))
    if found is None:
        return None
    offset = _SIX if isinstance(found, ipaddress.IPv4Network) else 0
    return offset + int(found[0]), offset + int(found[-1])


def _some_text(tests: Sequence[Test]) -> bool:
    """Try a likely text first; only a search tells that there is none."""
    size = sum(len(value) for _, values in tests for value in values)
    if size > _MOST_COMPARISONS:
        return True
    if len(tests) > _MOST_TESTS or any(passes(one, tests) for one in _likely(tests)):
        return True
    lists = [
        Listed(
            tuple(
                automaton(
                    value if operator.family in _PATTERNS else literally(value),
                    arn=operator.family in _ARN,
                    fold=operator.family == "StringIgnoreCase",
                )
                for value in values
            ),
            operator.negated,
        )
        for operator, values in tests
    ]
    return some_text(lists, size)


def _likely(tests: Iterable[Test]) -> list[str]:
    """Texts that positive patterns match, and one that no pattern names."""
    positive = [values for operator, values in tests if not operator.negated]
    if not positive:
        return [FRESH]
    first, *others = positive
    for values in others[:1]:
        return [
            text
            for one in first[:8]
            for other in values[:8]
            if (text := shared_text(one, other, FRESH)) is not None
        ]
    return [as_written(v).replace("*", FRESH).replace("?", FRESH) for v in first[:8]]
