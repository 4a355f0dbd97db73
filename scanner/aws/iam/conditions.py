"""One condition of a statement against what is known of a request."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    Doubt,
    DoubtKind,
    Formula,
    any_of,
    both,
    doubted,
    on,
)
from scanner.aws.iam.keys import multi_valued
from scanner.aws.iam.operators import (
    Operator,
    any_value_holds,
    malformed,
    moment,
    number,
    parse_operator,
)
from scanner.aws.iam.patterns import as_written, covers, literally, overlap
from scanner.grants import Condition

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAMED = re.compile(r"\s*([^,]*[^,\s])\s*(?:,\s*'([^']*)'\s*)?")
_EXPANDING_VERSION = "2012-10-17"


class Missing(Enum):
    """Why there is no value to test; the kinds have different answers."""

    #: The request certainly does not carry the key.
    ABSENT = "absent"
    #: Only a request would fix it: it stays a condition.
    REQUEST = "request"
    #: Evidence would fix it, but was not collected: unknown.
    NOT_COLLECTED = "not collected"
    #: The key is newer than this product: a condition, inferred.
    UNKNOWN_KEY = "unknown key"
    #: A fact of an AWS-owned or unread resource: a condition, inferred.
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Shape:
    """A value known only as a pattern: `AROA…:*`, a role's user id in any session."""

    pattern: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these values; nothing says which (tag keys that differ only by case)."""

    values: tuple[str, ...]


#: What is known of a key: its values (one, or many for multi-valued keys), or why not.
Seen = tuple[str, ...] | Missing | Shape | OneOf
Look = Callable[[str], Seen]

_DOUBTS = {
    Missing.REQUEST: None,
    Missing.NOT_COLLECTED: (DoubtKind.UNKNOWN, "{} was not collected"),
    Missing.UNKNOWN_KEY: (DoubtKind.ASSUMED, "condition key {} is not known"),
    Missing.UNREAD: (DoubtKind.ASSUMED, "{} of the resource is not known"),
}


def variables(text: str) -> tuple[str, ...]:
    """Return the keys that a text's policy variables name."""
    if "${" not in text:
        return ()
    named = (_NAMED.fullmatch(content) for content in _VARIABLE.findall(text))
    return tuple(
        found[1] for found in named if found is not None and found[1] not in ("*", "$")
    )


def expand(text: str, version: str, look: Look) -> str | Missing:
    """Substitute policy variables, giving a pattern.

    Args:
        text: a Resource element or condition value.
        version: of its document; 2008-10-17 leaves the text as it is.
        look: what is known of the keys.

    Returns the pattern, or what stands in the way: ABSENT (then the whole statement
    does not match, Allow or Deny alike), or that a key is not fixed by evidence.
    Wildcards in substituted values are literal.
    """
    if version != _EXPANDING_VERSION or "${" not in text:
        return text
    pieces: list[str] = []
    at = 0
    for found in _VARIABLE.finditer(text):
        value = _value_of(found[1], look)
        if isinstance(value, Missing):
            return value
        pieces += [text[at : found.start()], value]
        at = found.end()
    return "".join([*pieces, text[at:]])


def _value_of(content: str, look: Look) -> str | Missing:
    if content in ("*", "?", "$"):
        return literally(content)
    named = _NAMED.fullmatch(content)
    if named is None:
        return Missing.ABSENT
    seen = look(named[1])
    if isinstance(seen, Shape):
        return seen.pattern
    if isinstance(seen, OneOf):
        return Missing.UNREAD
    if isinstance(seen, Missing) and seen is not Missing.ABSENT:
        return seen
    if isinstance(seen, tuple) and len(seen) == 1 and not multi_valued(named[1]):
        return literally(seen[0])
    return Missing.ABSENT if named[2] is None else literally(named[2])


def test(
    operator: str, key: str, values: tuple[str, ...], version: str, look: Look
) -> Formula:
    """Return what must hold for a condition to be met.

    TRUE and FALSE where what is known decides; else the condition itself, with a doubt
    where the operator or key is not known, the value was not collected, or AWS would
    not have stored what it is compared with (rule 41: newer than this product).
    """
    odd = malformed(operator, values)
    if odd is not None:
        reason = f"{odd!r} is no value that {operator} is known to take"
        return on(Condition(key, operator, values), Doubt(DoubtKind.ASSUMED, reason))
    expanded = tuple(expand(value, version, look) for value in values)
    if Missing.ABSENT in expanded:
        return FALSE
    seen = look(key)
    unsettled = [one for one in expanded if isinstance(one, Missing)]
    if not unsettled or seen is Missing.ABSENT:
        return holds(operator, key, _texts(operator, expanded), seen)
    return holds(operator, key, values, unsettled[0])


def _texts(operator: str, expanded: tuple[str | Missing, ...]) -> tuple[str, ...]:
    """Values as the operator takes them: plain text where it knows no wildcards."""
    parsed = parse_operator(operator)
    plain = parsed is not None and parsed.family == "String"
    texts = map(str, expanded)
    return tuple(map(as_written, texts)) if plain else tuple(texts)


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
    found = _DOUBTS[missing]
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
    doubt = doubted(f"tags differ only by case from {key}")
    return both(any_of(outcomes), doubt)


def _residual(
    operator: Operator, key: str, values: tuple[str, ...], doubt: Doubt | None
) -> Formula:
    """Keep the condition, normalised; drop what no value can satisfy."""
    if multi_valued(key) and not operator.quantifier:
        reason = f"{key} has several values and {operator.name} expects one"
        doubt = doubt or Doubt(DoubtKind.ASSUMED, reason)
    if operator.family == "Bool":
        values = tuple(sorted({v.lower() for v in values} & {"true", "false"}))
        if len(values) == 2:
            present = on(Condition(key, "Null", ("false",)), doubt)
            return TRUE if operator.holds_absent else present
    elif operator.relation != "=":
        values = _loosest(operator, values)
    else:
        values = tuple(sorted(set(values)))
    if not values and not operator.negated and not operator.quantifier:
        absent = on(Condition(key, "Null", ("true",)), doubt)
        return absent if operator.if_exists else FALSE
    return on(Condition(key, operator.name, values), doubt)


def _loosest(operator: Operator, values: tuple[str, ...]) -> tuple[str, ...]:
    """Of several limits joined by OR, only the loosest counts."""
    parse = number if operator.family == "Numeric" else moment
    limits = [(limit, v) for v in values if (limit := parse(v)) is not None]
    if not limits:
        return ()
    loosest = max(limits) if operator.relation[0] == "<" else min(limits)
    return (loosest[1],)
