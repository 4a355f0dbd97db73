"""Statements as rules: which known actions, on which resources, for whom and when."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from policies.proof.actions import Actions
from scanner.aws.iam.automata import FRESH
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.patterns import covers_everything, match_action
from scanner.grants import Condition

#: Key under which a Principal element is compared, as if it were a condition.
PRINCIPAL = "Principal"

_EXPANDING = "2012-10-17"
_NO_VARIABLE = str.maketrans({"$": "\ufdd3"})


@dataclass(frozen=True, slots=True)
class Element:
    """A Resource element, or a NotResource element: `refused`."""

    patterns: tuple[str, ...]
    refused: bool = False

    @property
    def everything(self) -> bool:
        """True when every resource matches."""
        return not self.refused and any(map(covers_everything, self.patterns))


EVERYWHERE = Element(("*",))


@dataclass(frozen=True, slots=True)
class Rule:
    """What a statement says once its action matches; equal rules say the same."""

    allows: bool
    resource: Element
    conditions: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class Named:
    """A rule with the actions that its statement names, one by one and by pattern."""

    rule: Rule
    actions: tuple[str, ...]
    excepts: bool

    def bits(self, actions: Actions) -> int:
        """Return the known actions that the statement names."""
        found = 0
        for pattern in self.actions:
            found |= actions.named(pattern)
        return actions.every & ~found if self.excepts else found

    def names(self, action: str) -> bool:
        """Tell whether the statement names an action that no list holds."""
        named = any(match_action(pattern, action) for pattern in self.actions)
        return named is not self.excepts


@lru_cache(maxsize=1 << 14)
def rules_of(document: PolicyDocument) -> tuple[Named, ...]:
    """Return the rules of a document, in its order."""
    return tuple(_named(one, document.version) for one in document.statements)


@lru_cache(maxsize=1 << 15)
def about(document: PolicyDocument, actions: tuple[str, ...]) -> frozenset[object]:
    """Return what a document says about some actions; equal ones say the same."""
    if document.problem:
        return frozenset({document})
    return frozenset(
        (action, one.rule)
        for one in rules_of(document)
        for action in actions
        if one.names(action)
    )


def unheard_of(rules: Iterable[Named]) -> dict[str, str]:
    """Return, for each pattern of actions, an action that it alone would name.

    A pattern stands for actions that no list holds yet; the hardest of them for other
    patterns has characters that none of them names.
    """
    patterns = {p for one in rules for p in one.actions if "*" in p or "?" in p}
    services = {
        service
        for one in rules
        for pattern in one.actions
        if (service := pattern.partition(":")[0]) and "*" not in service
    }
    every = {*patterns, *(f"{service}:*" for service in services), "*"}
    return {
        pattern: f"{FRESH}:{FRESH}"
        if covers_everything(pattern)
        else pattern.replace("*", FRESH).replace("?", FRESH)
        for pattern in sorted(every)
    }


def _named(one: Statement, version: str) -> Named:
    excepts = one.actions is None
    listed = one.not_actions if excepts else one.actions
    expands = version == _EXPANDING
    conditions = (_condition(each, expands) for each in one.conditions)
    about = frozenset((*conditions, *_principals(one)))
    rule = Rule(one.effect == "Allow", _resource(one, expands), about)
    return Named(rule, listed or (), excepts)


def _resource(one: Statement, expands: bool) -> Element:
    if one.not_resources is not None:
        return Element(_texts(one.not_resources, expands), refused=True)
    if one.resources is None or any(map(covers_everything, one.resources)):
        return EVERYWHERE
    return Element(_texts(one.resources, expands))


def _texts(patterns: Iterable[str], expands: bool) -> tuple[str, ...]:
    texts = patterns if expands else (p.translate(_NO_VARIABLE) for p in patterns)
    return tuple(sorted(set(texts)))


def _condition(one: tuple[str, str, tuple[str, ...]], expands: bool) -> Condition:
    operator, key, values = one
    return Condition(key, operator, _texts(values, expands))


def _principals(one: Statement) -> list[Condition]:
    """Return whom a statement is about, as patterns of one pseudo key."""
    if one.not_principals is not None:
        values = tuple(sorted(_party(*each) for each in one.not_principals))
        return [Condition(PRINCIPAL, "StringNotLike", values)]
    if one.principals is None or ("*", "*") in one.principals:
        return []
    values = tuple(sorted(_party(*each) for each in one.principals))
    return [Condition(PRINCIPAL, "StringLike", values)]


def _party(kind: str, value: str) -> str:
    """Return a pattern of everybody whom a principal stands for."""
    if kind == "AWS" and value != "*":
        account = value.partition("::")[2].removesuffix(":root")
        if value.endswith(":root") or value.isdigit():
            return f"AWS:arn:*::{account or value}:*"
    return f"{kind}:{value}"
