"""The condition language (ABAC) of assignments and roles: parse it, or say why not."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_MAX_LENGTH = 64 * 1024
_MAX_DEPTH = 64

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<attribute>@\w+\s*\[[^\]]*\])
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<punctuation>\(|\)|\{|\}|,|&&|\|\||!)
      | (?P<word>[\w.:+-]+)
    )""",
    re.VERBOSE,
)
_GUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

_QUANTIFIERS = (
    "ForAnyOfAnyValues",
    "ForAllOfAnyValues",
    "ForAnyOfAllValues",
    "ForAllOfAllValues",
)
#: Each function with its opposite, in the spelling of the documentation.
_OPPOSITES = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "StringLikeIgnoreCase": "StringNotLikeIgnoreCase",
    "StringStartsWith": "StringNotStartsWith",
    "StringStartsWithIgnoreCase": "StringNotStartsWithIgnoreCase",
    "GuidEquals": "GuidNotEquals",
    "BoolEquals": "BoolNotEquals",
    "NumericEquals": "NumericNotEquals",
    "NumericLessThan": "NumericGreaterThanEquals",
    "NumericLessThanEquals": "NumericGreaterThan",
    "DateTimeEquals": "DateTimeNotEquals",
    "DateTimeLessThan": "DateTimeGreaterThanEquals",
    "DateTimeLessThanEquals": "DateTimeGreaterThan",
}
OPPOSITES = _OPPOSITES | {other: name for name, other in _OPPOSITES.items()}
#: not (some left matches some right) = each left fails each right, and so on.
OPPOSITE_QUANTIFIERS = dict(zip(_QUANTIFIERS, reversed(_QUANTIFIERS), strict=True))

_FUNCTIONS = {name.lower(): name for name in OPPOSITES}
_SPELLINGS = {name.lower(): name for name in _QUANTIFIERS}
_CALLS = {
    "actionmatches": "ActionMatches",
    "suboperationmatches": "SubOperationMatches",
}


class NotAConditionError(ValueError):
    """The text is not a condition that this language knows; says what and where."""


@dataclass(frozen=True, slots=True)
class Both:
    """All parts hold."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts holds."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """The part does not hold."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class Unclear:
    """AND and OR mixed without parentheses: both groupings, which must agree."""

    readings: tuple["Expression", "Expression"]


@dataclass(frozen=True, slots=True)
class Call:
    """`ActionMatches{'…'}` or `SubOperationMatches{'…'}`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Exists:
    """`Exists @Request[…]`, or `NotExists` when `wanted` is False."""

    attribute: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """`@Source[name] Quantifier:Function {values}`; GUIDs dashed and lower case.

    `attribute` is `@Source[name]` as written; a set on the left is in `left` instead.
    """

    attribute: str
    quantifier: str
    function: str
    values: tuple[str, ...]
    left: tuple[str, ...] | None = None


Expression = Both | Either | Negated | Unclear | Call | Exists | Comparison


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Parse a condition.

    Raises:
        NotAConditionError: unbalanced, an unknown function or keyword, too long or too
            deep. The caller must then treat every answer as unknown.
    """
    if len(text) > _MAX_LENGTH:
        raise NotAConditionError("too long")
    reader = _Reader(list(_tokens(text)))
    found = reader.expression(0)
    if reader.peek() is not None:
        raise NotAConditionError(f"unexpected {reader.peek()}")
    return found


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise NotAConditionError(f"unexpected character at {at}")
        yield found.lastgroup, found[found.lastgroup]
        at = found.end()


class _Reader:
    """A recursive-descent reader over the tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    def peek(self) -> str | None:
        """Return the next token in lower case, or None at the end."""
        rest = self._at < len(self._tokens)
        return self._tokens[self._at][1].lower() if rest else None

    def expression(self, depth: int) -> Expression:
        """Read `factor {AND|OR factor}`; mixing the two keeps both readings."""
        if depth > _MAX_DEPTH:
            raise NotAConditionError("nested too deeply")
        factors, joints = [self._factor(depth)], []
        while (joint := _JOINTS.get(self.peek() or "")) is not None:
            self._at += 1
            joints.append(joint)
            factors.append(self._factor(depth))
        if not joints:
            return factors[0]
        if len(set(joints)) == 1:
            return joints[0](tuple(factors))
        tight = (_grouped(factors, joints, Both), _grouped(factors, joints, Either))
        return Unclear(tight)

    def _factor(self, depth: int) -> Expression:
        word = self.peek()
        if word in ("!", "not"):
            self._at += 1
            if depth >= _MAX_DEPTH:
                raise NotAConditionError("nested too deeply")
            return Negated(self._factor(depth + 1))
        if word == "(":
            self._at += 1
            inner = self.expression(depth + 1)
            self._expect(")")
            return inner
        if word in _CALLS:
            self._at += 1
            return Call(_CALLS[word], self._braced_text())
        if word in ("exists", "notexists"):
            self._at += 1
            return Exists(self._attribute(), word == "exists")
        return self._test()

    def _test(self) -> Expression:
        left = self._values() if self.peek() == "{" else None
        attribute = "" if left is not None else self._attribute()
        quantifier, _, name = self._take("word").rpartition(":")
        function = _FUNCTIONS.get(name.lower())
        spelled = _SPELLINGS.get(quantifier.lower()) if quantifier else ""
        if function is None or spelled is None:
            raise NotAConditionError(f"unknown function {quantifier}:{name}")
        values = self._values() if self.peek() == "{" else (self._literal(),)
        return Comparison(attribute, spelled, function, values, left)

    def _attribute(self) -> str:
        return re.sub(r"\s+", "", self._take("attribute"))

    def _braced_text(self) -> str:
        values = self._values()
        if len(values) != 1:
            raise NotAConditionError("one operation expected")
        return values[0]

    def _values(self) -> tuple[str, ...]:
        self._expect("{")
        found = [self._literal()]
        while self.peek() == ",":
            self._at += 1
            found.append(self._literal())
        self._expect("}")
        return tuple(found)

    def _literal(self) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "text":
            text = self._take("text")[1:-1]
        else:
            text = self._take("word")
        return dashed(text) if _GUID.fullmatch(text) else text

    def _take(self, kind: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise NotAConditionError(f"{kind} expected before {self.peek()}")
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise NotAConditionError(f"{mark} expected before {self.peek()}")
        self._at += 1


_JOINTS: dict[str, Callable[[tuple[Expression, ...]], Expression]] = {
    "and": Both,
    "&&": Both,
    "or": Either,
    "||": Either,
}


def _grouped(
    factors: list[Expression],
    joints: list[Callable[[tuple[Expression, ...]], Expression]],
    tight: Callable[[tuple[Expression, ...]], Expression],
) -> Expression:
    """Join a mixed chain with one of the two joints binding tighter."""
    runs: list[list[Expression]] = [[factors[0]]]
    for joint, factor in zip(joints, factors[1:], strict=True):
        if joint is tight:
            runs[-1].append(factor)
        else:
            runs.append([factor])
    loose = Either if tight is Both else Both
    return loose(tuple(r[0] if len(r) == 1 else tight(tuple(r)) for r in runs))


def dashed(guid: str) -> str:
    """Return a GUID in its dashed lower-case form; other text as it is."""
    plain = guid.replace("-", "").lower()
    if not _GUID.fullmatch(guid):
        return guid
    bounds = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join(plain[start:end] for start, end in bounds)
