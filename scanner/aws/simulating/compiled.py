"""Statements compiled for one action: `statements.applies`, at the speed of requests.

What a probe says is what `applies` says (a test holds them together); it only looks at
what differs between requests: the resource, and the values of a few keys.
"""

import ipaddress
import json
import re
from collections.abc import Callable

from scanner.aws.iam import conditions
from scanner.aws.iam.conditions import Seen
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.formulas import FALSE, TRUE, Formula, both, opposite
from scanner.aws.iam.keys import multi_valued
from scanner.aws.iam.operators import (
    PLAIN_V4,
    Operator,
    any_value_holds,
    malformed,
    network,
    parse_operator,
)
from scanner.aws.iam.patterns import as_written, covers_everything
from scanner.aws.iam.statements import (
    Request,
    names_action,
    names_resource,
)
from scanner.aws.model import Attached
from scanner.aws.simulating.context import Context, unlisted
from scanner.aws.simulating.naming import (
    INSIDE,
    MOST_STARS,
    NOTHING,
    Patterns,
    literally,
)

_EXPANDING_VERSION = "2012-10-17"
#: Values of one key that a condition remembers its answers to.
_MOST_VALUES = 4096

#: Something of a statement, against a request.
Test = Callable[[Context], Formula]


class Policy:
    """A document of a request, compiled for each action that it is asked about."""

    __slots__ = ("_probes", "_reduced", "attached")

    def __init__(self, attached: Attached) -> None:
        """Take a usable document and where it stands in the request."""
        self.attached = attached
        self._probes: dict[str, tuple[Probe, ...]] = {}
        self._reduced: dict[str, Attached] = {}

    def probes(self, action: str) -> "tuple[Probe, ...]":
        """Return its statements that name an action, compiled."""
        found = self._probes.get(action)
        if found is None:
            version = self.attached.document.version
            named = self.reduced(action).document.statements
            source = self.attached.source
            found = tuple(Probe(one, version, action, source) for one in named)
            self._probes[action] = found
        return found

    def reduced(self, action: str) -> Attached:
        """Return the document with those statements only; their indices stay."""
        found = self._reduced.get(action)
        if found is None:
            whole = self.attached.document
            named = tuple(s for s in whole.statements if names_action(s, action))
            document = PolicyDocument(whole.text, whole.version, named)
            found = self._reduced[action] = Attached(self.attached.source, document)
        return found


#: The policies of one member, or of one level of it.
Policies = tuple[Policy, ...]


class Probe:
    """A statement that names an action.

    Attributes:
        statement: what it was compiled from.
        role: all but its formula that a decision takes from it, principals aside.
        shown: the member of `MatchedStatements`.
    """

    __slots__ = ("_named", "_tests", "role", "shown", "statement")

    def __init__(
        self, statement: Statement, version: str, action: str, source: str
    ) -> None:
        """Compile a statement of a document of this version, from this source."""
        self.statement = statement
        self.role = _role(statement, source)
        self.shown = json.dumps(_shown(statement, source))
        self._named = _resource_test(statement, version)
        self._tests = tuple(
            _condition_test(operator, key, values, version, action)
            for operator, key, values in statement.conditions
        )

    def applies(self, context: Context) -> Formula:
        """Return what must hold for the statement to apply to a request."""
        formula = TRUE if self._named is None else self._named(context)
        for test in self._tests:
            if not formula:
                return FALSE
            outcome = test(context)
            if outcome is not TRUE:
                formula = both(formula, outcome)
        return formula


def _role(statement: Statement, source: str) -> str:
    """Statements of one layer, or of one level of it, are united by their effect."""
    named = statement.principals or statement.not_principals
    layer = source.rpartition("[")[0]
    return f"{layer} {statement.effect}{' of principals' if named else ''}"


def _shown(statement: Statement, source: str) -> dict[str, object]:
    return {
        "Source": source,
        "Index": statement.index,
        "Sid": statement.sid,
        "Effect": statement.effect,
    }


def _resource_test(statement: Statement, version: str) -> Test | None:
    """Compile Resource or NotResource; None when every resource is named."""
    excepts = statement.not_resources is not None
    patterns = statement.not_resources if excepts else statement.resources
    if patterns is None:
        return None
    if version == _EXPANDING_VERSION and any("${" in each for each in patterns):
        return lambda context: names_resource(
            statement, version, Request(context.action, context.resource, context.look)
        )
    if any(map(covers_everything, patterns)):
        return _never if excepts else None
    names = Patterns(patterns)
    if excepts:
        return lambda context: opposite(names(context.resource))
    return lambda context: names(context.resource)


def _never(_: Context) -> Formula:
    return FALSE


def _condition_test(
    operator: str, key: str, values: tuple[str, ...], version: str, action: str
) -> Test:
    """Compile one condition; what it answers to a value is remembered."""
    expands = version == _EXPANDING_VERSION and any("${" in each for each in values)
    if expands or malformed(operator, values) is not None:
        return lambda context: conditions.test(
            operator, key, values, version, context.look
        )
    name, gap = key.lower(), unlisted(key, action)
    settles = _plain_test(operator, key, values)
    answers: dict[Seen, Formula] = {}

    def test(context: Context) -> Formula:
        seen = context.facts.get(name)
        if seen is None:
            seen = context.missing(gap)
        elif settles is not None and isinstance(seen, tuple) and len(seen) == 1:
            return TRUE if settles(seen[0]) else FALSE
        found = answers.get(seen)
        if found is None:
            if len(answers) > _MOST_VALUES:
                answers.clear()
            found = conditions.test(operator, key, values, version, _always(seen))
            answers[seen] = found
        return found

    return test


def _plain_test(
    operator: str, key: str, values: tuple[str, ...]
) -> Callable[[str], bool] | None:
    """Compile a condition for the one value that most keys have; None for others."""
    parsed = parse_operator(operator)
    if parsed is None or parsed.quantifier or parsed.family == "Null":
        return None
    if multi_valued(key):
        return None
    if parsed.family == "String":
        plain = frozenset(map(as_written, values))
        return lambda value: (value in plain) is not parsed.negated
    if parsed.family == "Ip":
        return _network_test(parsed, values)
    if parsed.family in ("ArnEquals", "ArnLike"):
        return _arn_test(parsed, values)
    return lambda value: any_value_holds(parsed, values, value) is not parsed.negated


def _network_test(parsed: Operator, values: tuple[str, ...]) -> Callable[[str], bool]:
    """Compile addresses: that of a request is a number, compared bit by bit."""
    wanted = [network(as_written(value)) for value in values]
    plain = [
        (int(one.network_address), int(one.netmask))
        for one in wanted
        if isinstance(one, ipaddress.IPv4Network)
    ]

    def test(value: str) -> bool:
        if PLAIN_V4.fullmatch(value):
            address = int.from_bytes(map(int, value.split(".")))
            found = any(address & mask == start for start, mask in plain)
        else:
            found = any_value_holds(parsed, values, value)
        return found is not parsed.negated

    return test


def _arn_test(parsed: Operator, values: tuple[str, ...]) -> Callable[[str], bool]:
    """Compile ARNs, unless some pattern could be searched for long."""
    if any(value.count("*") > MOST_STARS for value in values):
        return lambda value: (
            any_value_holds(parsed, values, value) is not parsed.negated
        )
    matching = [re.compile(_arn(value)).fullmatch for value in values]
    return lambda value: any(match(value) for match in matching) is not parsed.negated


def _arn(pattern: str) -> str:
    """Write a pattern as `patterns.match_arn` reads it: `*` stays in its segment."""
    if covers_everything(pattern):
        return r"[\s\S]*"
    segments = pattern.split(":", 5)
    if len(segments) < 6:
        return NOTHING.pattern
    *heads, last = segments
    tail = literally(last, {"*": r"[\s\S]*", "?": r"[\s\S]"})
    return ":".join([*(literally(one, INSIDE) for one in heads), tail])


def _always(seen: Seen) -> conditions.Look:
    return lambda _: seen
