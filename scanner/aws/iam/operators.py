"""IAM condition operators: what a name means, and how one value is tested."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from scanner.aws.iam.patterns import (
    as_written,
    folded,
    glob,
    literally,
    match_arn,
    plain,
)

#: A number beyond it fits nothing: nobody compares such, and arithmetic has an end.
_LARGEST_EXPONENT = 300
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
#: What most requests come from; `ipaddress` takes its time to read it.
PLAIN_V4 = re.compile(
    r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!\Z)|\Z)){4}", re.A
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator, taken apart.

    Attributes:
        family: `String`, `StringIgnoreCase`, `StringLike`, `Numeric`, `Date`, `Bool`,
            `Binary`, `Ip`, `Null`, or the alike `ArnEquals` and `ArnLike`.
        relation: `=`, `<`, `<=`, `>` or `>=`; only Numeric and Date have the latter.
        negated: true for the Not forms, which hold where no listed value does.
        quantifier: `ForAllValues`, `ForAnyValue` or empty.
        if_exists: an absent key satisfies it.
    """

    family: str
    relation: str = "="
    negated: bool = False
    quantifier: str = ""
    if_exists: bool = False

    @property
    def name(self) -> str:
        """Return the operator as AWS spells it."""
        base = _SPELLED[self.family, self.relation, self.negated]
        prefix = f"{self.quantifier}:" if self.quantifier else ""
        return f"{prefix}{base}{'IfExists' if self.if_exists else ''}"

    @property
    def holds_absent(self) -> bool:
        """Tell whether an absent key satisfies it (never asked of Null)."""
        if self.quantifier:
            return self.quantifier == "ForAllValues"
        return self.negated or self.if_exists


_BASES = {
    "StringEquals": Operator("String"),
    "StringNotEquals": Operator("String", negated=True),
    "StringEqualsIgnoreCase": Operator("StringIgnoreCase"),
    "StringNotEqualsIgnoreCase": Operator("StringIgnoreCase", negated=True),
    "StringLike": Operator("StringLike"),
    "StringNotLike": Operator("StringLike", negated=True),
    "Bool": Operator("Bool"),
    "BinaryEquals": Operator("Binary"),
    "IpAddress": Operator("Ip"),
    "NotIpAddress": Operator("Ip", negated=True),
    "ArnEquals": Operator("ArnEquals"),
    "ArnNotEquals": Operator("ArnEquals", negated=True),
    "ArnLike": Operator("ArnLike"),
    "ArnNotLike": Operator("ArnLike", negated=True),
    "Null": Operator("Null"),
} | {
    f"{family}{word}": Operator(family, relation, negated)
    for family in ("Numeric", "Date")
    for word, relation, negated in (
        ("Equals", "=", False),
        ("NotEquals", "=", True),
        ("LessThan", "<", False),
        ("LessThanEquals", "<=", False),
        ("GreaterThan", ">", False),
        ("GreaterThanEquals", ">=", False),
    )
}
_SPELLED = {(op.family, op.relation, op.negated): name for name, op in _BASES.items()}
_BY_NAME = {name.lower(): op for name, op in _BASES.items()}
_QUANTIFIERS = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}


@lru_cache(maxsize=4096)
def parse_operator(name: str) -> Operator | None:
    """Take an operator name apart; None when this product does not know it."""
    prefix, _, base = name.lower().rpartition(":")
    if prefix and prefix not in _QUANTIFIERS:
        return None
    if_exists = base.endswith("ifexists")
    found = _BY_NAME.get(base.removesuffix("ifexists"))
    if found is None or (found.family == "Null" and (prefix or if_exists)):
        return None
    quantifier = _QUANTIFIERS.get(prefix, "")
    return replace(found, quantifier=quantifier, if_exists=if_exists)


def any_value_holds(operator: Operator, wanted: Sequence[str], value: str) -> bool:
    """Tell whether a value fits one of the wanted ones; negation is not applied.

    Those wanted are patterns for the Like and Arn families, plain text for String. A
    wanted or given value that does not parse for the family fits nothing.
    """
    if operator.family == "String":
        return plain(literally(value)) in wanted
    test = _TESTS[operator.family]
    return any(test(operator.relation, one, value) for one in wanted)


def number(text: str) -> Decimal | None:
    """Parse a number as Numeric operators compare it."""
    if not _NUMBER.fullmatch(text.strip()):
        return None
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    if abs(found.adjusted()) > _LARGEST_EXPONENT:
        return None
    return found


def moment(text: str) -> Decimal | None:
    """Parse ISO 8601 or epoch seconds into epoch seconds."""
    plain = number(text)
    if plain is not None:
        return plain
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    try:
        return Decimal(str(zoned.timestamp()))
    except OverflowError:
        return None


@lru_cache(maxsize=1 << 14)
def network(text: str) -> Network | None:
    """Parse an address or CIDR; host bits do not break it."""
    if PLAIN_V4.fullmatch(text):
        return ipaddress.IPv4Network(bytes(map(int, text.split("."))))
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def malformed(name: str, values: tuple[str, ...]) -> str | None:
    """Return the first value that AWS would not have stored under an operator.

    None when all parse for its family, or only a request settles what they are.
    """
    operator = parse_operator(name)
    parse = _PARSERS.get(operator.family) if operator else None
    if parse is None:
        return None
    plain = (value for value in values if "${" not in value)
    return next((v for v in plain if parse(as_written(v)) is None), None)


def loosest(operator: Operator, values: Sequence[str]) -> tuple[str, ...]:
    """Return the one limit that counts of several joined by OR; none if none parses.

    Args:
        operator: one whose relation is an inequality.
        values: its limits.
    """
    parse = number if operator.family == "Numeric" else moment
    limits = [(limit, v) for v in values if (limit := parse(v)) is not None]
    if not limits:
        return ()
    found = max(limits) if operator.relation[0] == "<" else min(limits)
    return (found[1],)


def within(inner: Network, outer: Network) -> bool:
    """Tell whether one network lies in another of the same IP version."""
    if isinstance(inner, ipaddress.IPv4Network):
        return isinstance(outer, ipaddress.IPv4Network) and inner.subnet_of(outer)
    return isinstance(outer, ipaddress.IPv6Network) and inner.subnet_of(outer)


def _ordered(parse: Callable[[str], Decimal | None]) -> Callable[[str, str, str], bool]:
    def test(relation: str, wanted: str, value: str) -> bool:
        limit, given = parse(as_written(wanted)), parse(value)
        if limit is None or given is None:
            return False
        return compares(given, relation, limit)

    return test


def compares(given: Decimal, relation: str, limit: Decimal) -> bool:
    """Compare two numbers by a relation's sign."""
    if relation == "=":
        return given == limit
    if relation[0] == "<":
        return given < limit or (relation == "<=" and given == limit)
    return given > limit or (relation == ">=" and given == limit)


def _same_bytes(_: str, wanted: str, value: str) -> bool:
    try:
        one = base64.b64decode(wanted, validate=True)
        return one == base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False


def _in_network(_: str, wanted: str, value: str) -> bool:
    outer, inner = network(as_written(wanted)), network(value)
    return outer is not None and inner is not None and within(inner, outer)


#: The families whose values are more than text.
_PARSERS: dict[str, Callable[[str], Decimal | Network | None]] = {
    "Numeric": number,
    "Date": moment,
    "Ip": network,
}
_TESTS: dict[str, Callable[[str, str, str], bool]] = {
    "StringIgnoreCase": lambda _, wanted, value: (
        folded(as_written(wanted)) == folded(value)
    ),
    "StringLike": lambda _, wanted, value: glob(wanted).matches(value),
    "ArnEquals": lambda _, wanted, value: match_arn(wanted, value),
    "ArnLike": lambda _, wanted, value: match_arn(wanted, value),
    "Bool": lambda _, wanted, value: as_written(wanted).lower() == value.lower(),
    "Numeric": _ordered(number),
    "Date": _ordered(moment),
    "Binary": _same_bytes,
    "Ip": _in_network,
}
