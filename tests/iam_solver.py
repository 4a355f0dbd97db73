"""Conditions as formulas of an SMT solver: a second, independent reading of IAM.

Nothing here uses the product's algebra or its operators: every operator is written
down again, as logic over an unknown request. A key is absent or holds up to three
values; a value is text, a number, an address or a truth value, as its domain says.
"""

import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import z3

from scanner.grants import Condition

SLOTS = 3
Term = Any


@dataclass(frozen=True)
class Domain:
    """How the values of one kind of key are written for the solver."""

    make: Callable[[str], Term]
    #: Meets one listed value under a base operator's word, such as `LessThan`.
    meets: Callable[[str, Term, str], Term]


def number(text: str) -> Term:
    return z3.RealVal(text)


def epoch(text: str) -> Term:
    if text.isdigit():
        return z3.RealVal(text)
    moment = datetime.fromisoformat(text)
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return z3.RealVal(int(zoned.timestamp()))


def compared(parse: Callable[[str], Term]) -> Callable[[str, Term, str], Term]:
    def meets(word: str, value: Term, listed: str) -> Term:
        limit = parse(listed)
        return {
            "Equals": value == limit,
            "LessThan": value < limit,
            "LessThanEquals": value <= limit,
            "GreaterThan": value > limit,
            "GreaterThanEquals": value >= limit,
        }[word]

    return meets


ANY = z3.AllChar(z3.ReSort(z3.StringSort()))
NO_COLON = z3.Union(
    z3.Range(chr(0), chr(ord(":") - 1)), z3.Range(chr(ord(":") + 1), "\u024f")
)


def regex(pattern: str, character: Term = ANY) -> Term:
    parts = [
        z3.Star(character)
        if one == "*"
        else character
        if one == "?"
        else z3.Re(z3.StringVal(one))
        for one in pattern
    ]
    if not parts:
        return z3.Re(z3.StringVal(""))
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def arn_regex(pattern: str) -> Term | None:
    if pattern and not pattern.strip("*"):
        return z3.Star(ANY)
    segments = pattern.split(":", 5)
    if len(segments) != 6:
        return None
    *first, last = segments
    colon = z3.Re(z3.StringVal(":"))
    pieces: list[Term] = []
    for segment in first:
        pieces += [regex(segment, NO_COLON), colon]
    return z3.Concat(*pieces, regex(last))


def ignoring_case(text: str) -> Term:
    parts = [
        z3.Union(z3.Re(z3.StringVal(c.lower())), z3.Re(z3.StringVal(c.upper())))
        for c in text
    ]
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def text_meets(word: str, value: Term, listed: str) -> Term:
    if word == "Equals":
        return value == z3.StringVal(listed)
    if word == "EqualsIgnoreCase":
        return z3.InRe(value, ignoring_case(listed))
    if word == "Like":
        return z3.InRe(value, regex(listed))
    found = arn_regex(listed)
    return z3.BoolVal(False) if found is None else z3.InRe(value, found)


#: 129 bits: the highest one tells IPv4 from IPv6.
BITS, FOUR = 129, 1 << 128


def address_meets(_: str, value: Term, listed: str) -> Term:
    net = ipaddress.ip_network(listed, strict=False)
    mark = FOUR if net.version == 4 else 0
    low = z3.BitVecVal(mark + int(net[0]), BITS)
    high = z3.BitVecVal(mark + int(net[-1]), BITS)
    return z3.And(z3.UGE(value, low), z3.ULE(value, high))


def is_address(value: Term) -> Term:
    four = z3.And(
        z3.UGE(value, z3.BitVecVal(FOUR, BITS)),
        z3.ULE(value, z3.BitVecVal(FOUR + (1 << 32) - 1, BITS)),
    )
    return z3.Or(four, z3.ULT(value, z3.BitVecVal(FOUR, BITS)))


def truth_meets(_: str, value: Term, listed: str) -> Term:
    return value == z3.BoolVal(listed == "true")


DOMAINS = {
    "String": Domain(z3.String, text_meets),
    "Numeric": Domain(z3.Real, compared(number)),
    "Date": Domain(z3.Real, compared(epoch)),
    "Ip": Domain(lambda name: z3.BitVec(name, BITS), address_meets),
    "Bool": Domain(z3.Bool, truth_meets),
}


class Request:
    """An unknown request: of each key, which values it has."""

    def __init__(self, domain: str, keys: Iterable[str], single: bool = False) -> None:
        self.domain = DOMAINS[domain]
        self.slots = {
            key: [
                (z3.Bool(f"{key}-{n}-there"), self.domain.make(f"{key}-{n}"))
                for n in range(1 if single else SLOTS)
            ]
            for key in keys
        }
        self.rules = [
            is_address(value)
            for slots in self.slots.values()
            for _, value in slots
            if domain == "Ip"
        ]

    def holds(self, condition: Condition) -> Term:
        """What a condition says of the request."""
        slots = self.slots[condition.key]
        absent = z3.And(*(z3.Not(there) for there, _ in slots))
        name = condition.operator
        if name == "Null":
            return absent if condition.values == ("true",) else z3.Not(absent)
        quantifier, _, base = name.rpartition(":")
        if_exists, base = base.endswith("IfExists"), base.removesuffix("IfExists")
        refuses = "Not" in base
        tests = [
            (there, z3.Not(met) if refuses else met)
            for there, value in slots
            for met in [self._listed(base.replace("Not", ""), value, condition.values)]
        ]
        if quantifier == "ForAllValues":
            return z3.And(*(z3.Implies(there, test) for there, test in tests))
        if quantifier == "ForAnyValue":
            return z3.Or(*(z3.And(there, test) for there, test in tests))
        one = z3.Or(*(z3.And(there, test) for there, test in tests))
        return z3.Or(absent, one) if refuses or if_exists else one

    def _listed(self, base: str, value: Term, values: Sequence[str]) -> Term:
        if base.startswith("Arn"):
            word = "Arn"
        elif base in ("Bool", "IpAddress"):
            word = base
        else:
            word = base.removeprefix("String")
            word = word.removeprefix("Numeric").removeprefix("Date")
        met = (self.domain.meets(word, value, listed) for listed in values)
        return reduce(z3.Or, met, z3.BoolVal(False))

    def plain(self, key: str) -> Term:
        """A key under a plain operator has one value at most."""
        _, *others = self.slots[key]
        return z3.And(*(z3.Not(there) for there, _ in others))

    def all_hold(self, conditions: Iterable[Condition]) -> Term:
        return z3.And(*map(self.holds, conditions))

    def some_hold(self, alternatives: Iterable[Iterable[Condition]]) -> Term:
        return z3.Or(*map(self.all_hold, alternatives))

    def possible(self, *terms: Term) -> bool | None:
        """Whether some request satisfies all terms; None when that takes too long."""
        solver = z3.Solver()
        solver.set("timeout", 1000)
        solver.add(*self.rules, *terms)
        found = solver.check()
        return None if found == z3.unknown else found == z3.sat
