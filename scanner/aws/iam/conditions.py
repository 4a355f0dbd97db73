"""One condition of a statement against what is known of a request."""

from collections.abc import Sequence
from functools import lru_cache

from scanner.aws.iam.automata import covers, overlap
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    Doubt,
    DoubtKind,
    Formula,
    all_of,
    any_of,
    both,
    doubted,
    on,
)
from scanner.aws.iam.keys import multi_valued
from scanner.aws.iam.operators import (
    Operator,
    any_value_holds,
    loosest,
    malformed,
    parse_operator,
)
from scanner.aws.iam.patterns import glob, literally, plain
from scanner.aws.iam.seen import Look, Missing, OneOf, Seen, Shape
from scanner.aws.iam.variables import Open, expand, needed, substituted, variables
from scanner.grants import Condition

__all__ = [
    "Look",
    "Missing",
    "OneOf",
    "Seen",
    "Shape",
    "expand",
    "holds",
    "test",
    "variables",
]

_TEXTS = ("String", "StringLike")
_DOUBTS = {
    Missing.NOT_COLLECTED: (DoubtKind.UNKNOWN, "{} was not collected"),
    Missing.UNKNOWN_KEY: (DoubtKind.ASSUMED, "condition key {} is not known"),
    Missing.UNREAD: (DoubtKind.ASSUMED, "{} of the resource is not known"),
}


def test(
    operator: str, key: str, values: tuple[str, ...], version: str, look: Look
) -> Formula:
    """Return what must hold for a condition to be met.

    TRUE and FALSE where what is known decides; else the condition itself, with a doubt
    where the operator or key is not known, the value was not collected, or AWS would
    not have stored what it is compared with (rule 41: newer than this product).
    """
    fixed = _fixed(operator, values, version)
    if fixed is not None:
        return holds(operator, key, fixed, look(key))
    odd = malformed(operator, values)
    if odd is not None:
        reason = f"{odd!r} is no value that {operator} is known to take"
        return on(Condition(key, operator, values), Doubt(DoubtKind.ASSUMED, reason))
    expanded = []
    for value in values:
        found = substituted(value, version, look)
        if found is None:
            return FALSE
        expanded.append(found)
    texts = _texts(operator, [one.pattern for one in expanded])
    left = [variable for one in expanded for variable in one.open]
    if not left:
        return holds(operator, key, texts, look(key))
    shaped: list[str] = []
    if any(isinstance(look(one.key), Shape) for one in left):
        shaped = [str(expand(value, version, look)) for value in values]
    condition = Condition(key, operator, texts)
    return _with_variables(condition, left, look, shaped)


@lru_cache(maxsize=1 << 14)
def _fixed(
    operator: str, values: tuple[str, ...], version: str
) -> tuple[str, ...] | None:
    """Return values as the operator takes them; None where a request has a say."""
    if malformed(operator, values) is not None or any(map(variables, values)):
        return None
    expanded = (substituted(value, version, _nothing) for value in values)
    return _texts(operator, [one.pattern for one in expanded if one is not None])


def _nothing(key: str) -> Seen:
    return Missing.ABSENT


def _with_variables(
    condition: Condition, left: Sequence[Open], look: Look, shaped: Sequence[str]
) -> Formula:
    """Test against values of which only a request fixes some variable.

    Args:
        condition: with the variables that are not known still in its values.
        left: those variables.
        look: what is known of the keys.
        shaped: the values as patterns, where only the shape of a variable is known.
    """
    name, key, values = condition.operator, condition.key, condition.values
    operator, seen = parse_operator(name), look(key)
    if operator is None:
        return holds(name, key, values, Missing.REQUEST)
    if seen is Missing.ABSENT or seen == ():
        return both(_all_there(values, look), holds(name, key, values, seen))
    known = seen if isinstance(seen, tuple) and operator.family in _TEXTS else ()
    fits = (glob(one).matches(value) for one in shaped for value in known)
    if shaped and known and not any(fits):
        return _compared(operator, key, (), known)
    doubts = {_doubt(variable.why, variable.key) for variable in left}
    if isinstance(seen, Missing):
        doubts.add(_doubt(seen, key))
    elif isinstance(seen, OneOf):
        doubts.add(_differ(key))
    return _residual(operator, key, values, _gravest(doubts))


def _gravest(doubts: set[Doubt | None]) -> Doubt | None:
    """Missing evidence before what is merely assumed."""
    found = [one for one in doubts if one is not None]
    if not found:
        return None
    return min(found, key=lambda one: (one.kind is not DoubtKind.UNKNOWN, one.reason))


def _all_there(values: Sequence[str], look: Look) -> Formula:
    """A variable without value keeps the whole statement from matching."""
    found = sorted({key for value in values for key in needed(value)})
    return all_of(holds("Null", key, ("false",), look(key)) for key in found)


def _texts(operator: str, patterns: Sequence[str]) -> tuple[str, ...]:
    """Values as the operator takes them: plain text where it knows no wildcards."""
    parsed = parse_operator(operator)
    if parsed is not None and parsed.family == "String":
        return tuple(map(plain, patterns))
    return tuple(patterns)


@lru_cache(maxsize=1 << 16)
def holds(name: str, key: str, values: tuple[str, ...], seen: Seen) -> Formula:
    """Apply an operator to what is known of a key; values are patterns, expanded."""
    operator = parse_operator(name)
    if operator is None:
        doubt = Doubt(DoubtKind.ASSUMED, f"condition operator {name} is not known")
        return on(Condition(key, name, values), doubt)
    if operator.family == "Null":
        return _null(key, values, seen)
    if seen is Missing.ABSENT or seen == ():
        return TRUE if operator.holds_absent else FALSE
    if isinstance(seen, Missing):
        return _residual(operator, key, values, _doubt(seen, key))
    if isinstance(seen, Shape):
        return _shaped(operator, key, values, seen.pattern)
    if isinstance(seen, OneOf):
        return _one_of(name, key, values, seen)
    return _compared(operator, key, values, seen)


def _doubt(missing: Missing, key: str) -> Doubt | None:
    found = _DOUBTS.get(missing)
    return Doubt(found[0], found[1].format(key)) if found else None


def _null(key: str, values: tuple[str, ...], seen: Seen) -> Formula:
    wanted = {value.lower() for value in values} & {"true", "false"}
    if len(wanted) != 1:
        return TRUE if wanted else FALSE
    if isinstance(seen, Missing) and seen is not Missing.ABSENT:
        return on(Condition(key, "Null", tuple(wanted)), _doubt(seen, key))
    absent = seen is Missing.ABSENT or seen == ()
    return TRUE if wanted == {"true" if absent else "false"} else FALSE


def _compared(
    operator: Operator, key: str, values: tuple[str, ...], seen: tuple[str, ...]
) -> Formula:
    fits = [any_value_holds(operator, values, value) for value in seen]
    if operator.quantifier == "ForAllValues":
        return TRUE if all(fit is not operator.negated for fit in fits) else FALSE
    if operator.quantifier == "ForAnyValue":
        return TRUE if any(fit is not operator.negated for fit in fits) else FALSE
    if len(seen) > 1 or multi_valued(key):
        return doubted(f"{key} has several values and {operator.name} expects one")
    return TRUE if fits[0] is not operator.negated else FALSE


def _shaped(
    operator: Operator, key: str, values: tuple[str, ...], pattern: str
) -> Formula:
    """Test a value of which only the shape is known."""
    if operator.family not in ("String", "StringLike"):
        return _residual(operator, key, values, None)
    like = operator.family == "StringLike"
    wanted = [value if like else literally(value) for value in values]
    if any(covers(one, pattern) for one in wanted):
        return FALSE if operator.negated else TRUE
    if not any(overlap(one, pattern) for one in wanted):
        return TRUE if operator.negated else FALSE
    return _residual(operator, key, values, None)


def _one_of(name: str, key: str, values: tuple[str, ...], seen: OneOf) -> Formula:
    outcomes = {holds(name, key, values, (value,)) for value in seen.values}
    if len(outcomes) == 1:
        return outcomes.pop()
    return both(any_of(outcomes), doubted(_differ(key).reason))


def _differ(key: str) -> Doubt:
    return Doubt(DoubtKind.ASSUMED, f"tags differ only by case from {key}")


def _residual(
    operator: Operator, key: str, values: tuple[str, ...], doubt: Doubt | None
) -> Formula:
    """Keep the condition, normalised; drop what no value can satisfy."""
    if multi_valued(key) and not operator.quantifier:
        reason = f"{key} has several values and {operator.name} expects one"
        doubt = doubt or Doubt(DoubtKind.ASSUMED, reason)
    if any("${" in value for value in values):
        return on(Condition(key, operator.name, tuple(sorted(set(values)))), doubt)
    if operator.family == "Bool":
        values = tuple(sorted({v.lower() for v in values} & {"true", "false"}))
        if len(values) == 2:
            present = on(Condition(key, "Null", ("false",)), doubt)
            return TRUE if operator.holds_absent else present
    elif operator.relation != "=":
        values = loosest(operator, values)
    else:
        values = tuple(sorted(set(values)))
    if not values:
        return _of_no_value(operator, key, doubt)
    return on(Condition(key, operator.name, values), doubt)


def _of_no_value(operator: Operator, key: str, doubt: Doubt | None) -> Formula:
    """No present value fits an empty list; whether an absent key does is known."""
    if operator.negated:
        some = operator.quantifier == "ForAnyValue"
        return on(Condition(key, "Null", ("false",)), doubt) if some else TRUE
    absent = on(Condition(key, "Null", ("true",)), doubt)
    return absent if operator.holds_absent else FALSE
