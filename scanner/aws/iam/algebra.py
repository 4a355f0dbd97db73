"""Logic of conditions: opposites, contradictions and what implies what.

Exact where `satisfying` is; otherwise a conjunction counts as satisfiable, and nothing
is taken to follow from it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from scanner.aws.iam.operators import (
    Operator,
    loosest,
    malformed,
    moment,
    number,
    parse_operator,
)
from scanner.aws.iam.satisfying import Test, can_be_passed
from scanner.grants import Condition

_COMPLEMENT = {"<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_OTHER_QUANTIFIER = {"ForAnyValue": "ForAllValues", "ForAllValues": "ForAnyValue"}
#: Longer lists of values are not looked through for superfluous ones.
_MOST_VALUES = 100


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
    elif operator.relation != "=" and not is_open(condition):
        values = loosest(operator, values)
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
    by_key: dict[str, set[Test]] = defaultdict(set)
    for condition in conditions:
        operator = parse_operator(condition.operator)
        if operator is None or _odd(condition) or is_open(condition):
            continue
        by_key[condition.key.lower()].add((operator, condition.values))
    return all(
        can_be_passed(key, tuple(sorted(tests, key=_by_name)))
        for key, tests in by_key.items()
    )


@lru_cache(maxsize=1 << 15)
def implied(given: frozenset[Condition], one: Condition) -> bool:
    """Tell whether a condition surely holds wherever some others do."""
    if one in given:
        return True
    opposites = negated(one)
    if opposites is None or is_open(one):
        return False
    key = one.key.lower()
    same = [other for other in given if other.key.lower() == key]
    return bool(same) and not satisfiable([*same, *opposites])


@lru_cache(maxsize=1 << 15)
def complete(one: Condition, other: Condition) -> bool:
    """Tell whether one of two conditions surely holds, whatever the request."""
    if one.key.lower() != other.key.lower() or is_open(one) or is_open(other):
        return False
    first, second = negated(one), negated(other)
    if first is None or second is None:
        return False
    return not satisfiable([*first, *second])


def always(condition: Condition) -> bool:
    """Tell whether every request satisfies a condition."""
    opposites = None if is_open(condition) else negated(condition)
    return opposites is not None and not satisfiable(opposites)


def holds_absent(condition: Condition) -> bool:
    """Tell whether a request without the key satisfies a condition."""
    operator = parse_operator(condition.operator)
    if operator is None:
        return False
    if operator.family == "Null":
        return condition.values == ("true",)
    return operator.holds_absent


def is_open(condition: Condition) -> bool:
    """Tell whether only a request settles what a condition's values are."""
    return any("${" in value for value in condition.values)


def tightened(conditions: Iterable[Condition]) -> list[Condition]:
    """Drop values and conditions that the others make impossible or superfluous."""
    by_key: dict[str, list[Condition]] = defaultdict(list)
    for condition in sorted(set(conditions)):
        by_key[condition.key.lower()].append(condition)
    return [one for group in by_key.values() for one in _tightened_key(group)]


def united(conditions: Sequence[Condition]) -> Condition | None:
    """Return one condition that holds where one of several does, or None.

    Args:
        conditions: of one key and one operator; None unless it lists alternatives.
    """
    if not conditions:
        return None
    first = conditions[0]
    operator = parse_operator(first.operator)
    if operator is None or operator.family in ("Null", "Bool"):
        return None
    listing = operator.relation == "=" and not operator.negated
    if not listing or operator.quantifier == "ForAllValues":
        return None
    values = {value for one in conditions for value in one.values}
    return replace(first, values=tuple(sorted(values)))


def _by_name(test: Test) -> tuple[str, tuple[str, ...]]:
    return test[0].name, test[1]


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
    unsettled = [one for one in group if is_open(one) or _odd(one)]
    if unsettled:
        settled = [one for one in group if one not in unsettled]
        return [*_tightened_key(settled), *unsettled]
    absent = _null(group[0].key, absent=True)
    if not satisfiable([*group, _null(group[0].key, absent=False)]):
        return [absent]
    if not satisfiable([*group, absent]):
        group = [_if_present(one) for one in group]
    kept = _joined(group)
    for n, one in enumerate(kept):
        kept[n] = _possible_values(one, kept)
    kept = list(dict.fromkeys(kept))
    for one in reversed(kept.copy()):
        rest = frozenset(other for other in kept if other is not one)
        if implied(rest, one):
            kept.remove(one)
    return kept


def _if_present(condition: Condition) -> Condition:
    """Spell a condition for a key that is surely there: without IfExists."""
    operator = parse_operator(condition.operator)
    if operator is None or not operator.if_exists:
        return condition
    return replace(condition, operator=replace(operator, if_exists=False).name)


def _joined(group: list[Condition]) -> list[Condition]:
    """Write several refusals, or several limits, under one operator as one."""
    by_operator: dict[str, list[Condition]] = defaultdict(list)
    for condition in group:
        by_operator[condition.operator].append(condition)
    result = []
    for name, same in by_operator.items():
        operator = parse_operator(name)
        if len(same) < 2 or operator is None or any(map(is_open, same)):
            result += same
        elif operator.negated and operator.quantifier != "ForAnyValue":
            values = {value for one in same for value in one.values}
            result.append(replace(same[0], values=tuple(sorted(values))))
        else:
            result += _strictest(operator, same)
    return result


def _strictest(operator: Operator, same: list[Condition]) -> list[Condition]:
    """Of several limits that must all hold, only the strictest counts."""
    parse = number if operator.family == "Numeric" else moment
    limits = [(parse(v), one) for one in same for v in one.values]
    known = [(limit, one) for limit, one in limits if limit is not None]
    single = all(len(one.values) == 1 for one in same)
    if operator.relation == "=" or operator.quantifier == "ForAnyValue":
        return same
    if not single or len(known) < len(same):
        return same
    return [min(known)[1] if operator.relation[0] == "<" else max(known)[1]]


def _possible_values(condition: Condition, group: list[Condition]) -> Condition:
    """Keep the listed values that the rest of the group leaves any say."""
    operator = parse_operator(condition.operator)
    rest = [other for other in group if other is not condition]
    count = sum(len(one.values) for one in group)
    if operator is None or not len(condition.values) > 1 or count > _MOST_VALUES:
        return condition
    unlisted = "ForAnyValue" if operator.negated else "ForAllValues"
    if operator.relation != "=" or operator.quantifier == unlisted:
        return condition
    # A refused value counts only where the rest would let it through.
    some = "ForAnyValue" if operator.quantifier else ""
    wanted = replace(operator, negated=False, if_exists=False, quantifier=some)
    values = tuple(
        value
        for value in condition.values
        if satisfiable([Condition(condition.key, wanted.name, (value,)), *rest])
    )
    return replace(condition, values=values) if values else condition
