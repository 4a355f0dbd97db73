"""Statements compiled once per content, kept if they can touch a covered vector."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from scanner.aws.iam import conditions
from scanner.aws.iam.conditions import Look, Seen, variables
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.formulas import FALSE, TRUE, DoubtKind, Formula, both, doubted
from scanner.aws.iam.keys import Origin, family, origin
from scanner.aws.iam.patterns import match_action
from scanner.aws.iam.statements import NOT_AN_IDENTITY_MEMBER, problem
from scanner.aws.model import Attached

_Condition = tuple[str, str, tuple[str, ...]]
#: What tells two rules apart.
_Content = tuple[
    bool,
    int,
    tuple[str, ...],
    bool,
    tuple[_Condition, ...],
    str,
    Formula,
    tuple[tuple[str, Seen], ...],
]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What a statement says about the vectors; one object per distinct content.

    Attributes:
        allows: Allow rather than Deny.
        actions: bit n is set when it names operation n of the catalogue.
        patterns: its Resource or NotResource elements, variables unexpanded.
        excepts: true for NotResource.
        conditions: those that a principal's facts alone do not decide.
        version: decides whether variables expand.
        given: what must hold besides, decided already.
        number: its place among all rules, which makes their order reproducible.
        facts: what the principal fixes of keys that patterns and conditions mention.
    """

    allows: bool
    actions: int
    patterns: tuple[str, ...]
    excepts: bool
    conditions: tuple[_Condition, ...]
    version: str
    given: Formula
    facts: tuple[tuple[str, Seen], ...]
    number: int


@dataclass(frozen=True, slots=True)
class Source:
    """A rule with the statement it was compiled from, for `because`."""

    rule: Rule
    policy: str
    index: int
    sid: str | None


class Rules:
    """Compiles documents to rules, and specialises rules to a principal's facts."""

    def __init__(self, actions: Sequence[str]) -> None:
        """Compile for these operations, in the catalogue's order."""
        self._actions = actions
        self._every = (1 << len(actions)) - 1
        self._interned: dict[_Content, Rule] = {}
        self._masks: dict[str, int] = {}
        self._documents: dict[PolicyDocument, tuple[tuple[int, Rule], ...]] = {}
        self._usable: dict[PolicyDocument, tuple[Rule, ...]] = {}
        self._mentions: dict[Rule, tuple[str, ...]] = {}
        self._special: dict[tuple[Rule, tuple[Seen, ...]], Rule | None] = {}

    def of(self, attached: Attached, gap: DoubtKind) -> tuple[Rule, ...]:
        """Return the rules of an attached policy without Principal.

        A document that cannot be used may allow (a doubt of kind `gap`) and may deny.
        """
        found = self._usable.get(attached.document)
        if found is not None:
            return found
        why = problem(attached.document, has_principal=False)
        if why is not None:
            reason = f"{attached.source}: {why}"
            return self._anything(reason, gap)
        found = tuple(rule for _, rule in self._of_document(attached.document))
        self._usable[attached.document] = found
        return found

    def sources(self, attached: Attached) -> list[Source]:
        """Return the rules of an attached policy with the statements they are from."""
        if problem(attached.document, has_principal=False) is not None:
            return []
        statements = attached.document.statements
        return [
            Source(rule, attached.source, index, statements[index].sid)
            for index, rule in self._of_document(attached.document)
        ]

    def specialised(
        self, rule: Rule, facts: Look, besides: frozenset[str] = frozenset()
    ) -> Rule | None:
        """Return a rule as it is for a principal; None when it never applies to it.

        Args:
            rule: the rule.
            facts: what is known of the principal's keys.
            besides: further keys, in lower case, that `facts` fixes for any resource.
        """
        keys = self._keys(rule)
        if besides:
            keys = (*keys, *sorted(besides & mentioned_keys(rule) - {*keys}))
        if not keys:
            return rule
        seen = tuple(map(facts, keys))
        known = rule, seen
        if known not in self._special:
            self._special[known] = self._specialise(
                rule, dict(zip(keys, seen, strict=True))
            )
        return self._special[known]

    def tells_principals(self, rule: Rule) -> bool:
        """True when a rule is not the same for all principals."""
        return bool(self._keys(rule))

    def _keys(self, rule: Rule) -> tuple[str, ...]:
        keys = self._mentions.get(rule)
        if keys is None:
            keys = self._mentions[rule] = _principal_keys(rule)
        return keys

    def _of_document(self, document: PolicyDocument) -> tuple[tuple[int, Rule], ...]:
        found = self._documents.get(document)
        if found is None:
            compiled = (
                (statement.index, self._compiled(statement, document.version))
                for statement in document.statements
            )
            found = tuple((n, rule) for n, rule in compiled if rule is not None)
            self._documents[document] = found
        return found

    def _compiled(self, statement: Statement, version: str) -> Rule | None:
        named = statement.actions
        patterns = named if named is not None else statement.not_actions or ()
        mask = 0
        for pattern in patterns:
            mask |= self._mask(pattern)
        if named is None:
            mask = self._every & ~mask
        if not mask:
            return None
        excepts = statement.not_resources is not None
        invalid = statement.principals or statement.not_principals
        return self._intern(
            statement.effect == "Allow",
            mask,
            (statement.not_resources if excepts else statement.resources) or (),
            excepts,
            statement.conditions,
            version,
            doubted(NOT_AN_IDENTITY_MEMBER) if invalid else TRUE,
        )

    def _mask(self, pattern: str) -> int:
        found = self._masks.get(pattern)
        if found is None:
            found = sum(
                1 << n
                for n, action in enumerate(self._actions)
                if match_action(pattern, action)
            )
            self._masks[pattern] = found
        return found

    def _anything(self, reason: str, gap: DoubtKind) -> tuple[Rule, ...]:
        anywhere = (self._every, ("*",), False, (), "")
        return (
            self._intern(True, *anywhere, doubted(reason, gap)),
            self._intern(False, *anywhere, doubted(reason)),
        )

    def _intern(
        self,
        allows: bool,
        actions: int,
        patterns: tuple[str, ...],
        excepts: bool,
        remaining: tuple[_Condition, ...],
        version: str,
        given: Formula,
        facts: tuple[tuple[str, Seen], ...] = (),
    ) -> Rule:
        content = allows, actions, patterns, excepts, remaining, version, given, facts
        found = self._interned.get(content)
        if found is None:
            found = self._interned[content] = Rule(*content, number=len(self._interned))
        return found

    def _specialise(self, rule: Rule, facts: dict[str, Seen]) -> Rule | None:
        given, (decided, remaining, mentioned) = rule.given, _told_apart(rule)
        for operator, key, values in decided:
            outcome = conditions.test(
                operator, key, values, rule.version, lambda k: facts[k.lower()]
            )
            given = both(given, outcome)
            if given == FALSE:
                return None
        kept = tuple(sorted((k, v) for k, v in facts.items() if k in mentioned))
        return self._intern(
            rule.allows,
            rule.actions,
            rule.patterns,
            rule.excepts,
            remaining,
            rule.version,
            given,
            kept,
        )


@lru_cache(maxsize=1 << 16)
def mentioned_keys(rule: Rule) -> frozenset[str]:
    """Return the keys of a rule's conditions and variables, in lower case."""
    return _keys_of(rule.conditions, rule.patterns)


@lru_cache(maxsize=1 << 16)
def mentioned_families(rule: Rule) -> frozenset[str]:
    """Return the families of these keys."""
    return frozenset(map(family, mentioned_keys(rule)))


@lru_cache(maxsize=1 << 16)
def _told_apart(
    rule: Rule,
) -> tuple[tuple[_Condition, ...], tuple[_Condition, ...], frozenset[str]]:
    """Return the conditions that a principal decides, the others, and their keys."""
    decided = tuple(filter(_decided_by_principal, rule.conditions))
    remaining = tuple(one for one in rule.conditions if one not in decided)
    return decided, remaining, _keys_of(remaining, rule.patterns)


def _is_principal(key: str) -> bool:
    return origin(key, "") is Origin.PRINCIPAL


def _decided_by_principal(condition: _Condition) -> bool:
    _, key, values = condition
    used = (name for value in values for name in variables(value))
    return _is_principal(key) and all(map(_is_principal, used))


def _keys_of(
    conditions: Sequence[_Condition], patterns: Sequence[str]
) -> frozenset[str]:
    named = {key.lower() for _, key, _ in conditions}
    texts = [value for _, _, values in conditions for value in values]
    used = (name.lower() for text in (*texts, *patterns) for name in variables(text))
    return frozenset(named.union(used))


def _principal_keys(rule: Rule) -> tuple[str, ...]:
    return tuple(
        sorted(filter(_is_principal, _keys_of(rule.conditions, rule.patterns)))
    )
