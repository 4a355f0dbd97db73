"""One statement against one request: what must hold for it to apply."""

from dataclasses import dataclass
from functools import lru_cache

from scanner.aws.iam import conditions
from scanner.aws.iam.conditions import Look, Missing, expand
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.formulas import (
    FALSE,
    TRUE,
    Formula,
    all_of,
    both,
    doubted,
    opposite,
)
from scanner.aws.iam.formulas import any_of as any_formula
from scanner.aws.iam.patterns import (
    Match,
    as_written,
    is_plain,
    literally,
    match_action,
    match_resource,
)
from scanner.aws.iam.variables import needed, substituted

#: Characters of a name that values of a variable are looked for in.
_LONGEST_OPEN = 128
POSSIBLE_RESOURCE = "readings of a wildcard across ARN segments differ"
NOT_AN_IDENTITY_MEMBER = "Principal in a policy that has none"


@dataclass(frozen=True, slots=True)
class Request:
    """One action on one resource.

    Attributes:
        action: `service:Action`, in any case.
        resource: an ARN, or `*` where the action has no resource type.
        look: what is known of each condition key.
    """

    action: str
    resource: str
    look: Look

    def formula_of(self, statement: Statement, version: str) -> Formula:
        """Return what must hold for a statement to apply; whoever knows may override.

        Args:
            statement: one of any policy.
            version: of its document.
        """
        return applies(statement, version, self)


def problem(document: PolicyDocument, has_principal: bool) -> str | None:
    """Say why a document cannot be used where it is attached, or None.

    Args:
        document: the document.
        has_principal: true for resource and trust policies, whose statements need no
            Resource; the statements of all other policies do.
    """
    if document.problem or has_principal:
        return document.problem
    for statement in document.statements:
        if statement.resources is None and statement.not_resources is None:
            return f"Statement[{statement.index}]: neither Resource nor NotResource"
    return None


def applies(statement: Statement, version: str, request: Request) -> Formula:
    """Return what must hold for a statement to apply to a request.

    Principals are judged apart (`principals.names`).
    """
    if not names_action(statement, request.action):
        return FALSE
    needed = [names_resource(statement, version, request)]
    for operator, key, values in statement.conditions:
        if needed[-1] == FALSE:
            return FALSE
        needed.append(conditions.test(operator, key, values, version, request.look))
    return all_of(needed)


def names_action(statement: Statement, action: str) -> bool:
    """Tell whether Action names an action, or NotAction leaves it out."""
    if statement.actions is not None:
        return _any_match(statement.actions, action)
    return not _any_match(statement.not_actions or (), action)


@lru_cache(maxsize=16_384)
def _any_match(patterns: tuple[str, ...], action: str) -> bool:
    """Match a list of action patterns; estates repeat the same lists endlessly."""
    return any(match_action(pattern, action) for pattern in patterns)


def names_resource(statement: Statement, version: str, request: Request) -> Formula:
    """Return what must hold for Resource to name a resource, or NotResource not to."""
    if statement.not_resources is not None:
        named = _any_names(statement.not_resources, version, request, exactly=False)
        return FALSE if named is None else opposite(named)
    if statement.resources is None:
        return TRUE
    named = _any_names(statement.resources, version, request)
    return FALSE if named is None else named


def _any_names(
    patterns: tuple[str, ...], version: str, request: Request, exactly: bool = True
) -> Formula | None:
    """None when a variable has no value: the statement then does not match at all."""
    found = []
    for pattern in patterns:
        expanded = expand(pattern, version, request.look)
        if expanded is Missing.ABSENT:
            return None
        if isinstance(expanded, Missing):
            found.append(names_open_pattern(pattern, version, request, exactly))
        else:
            found.append(pattern_names(expanded, request.resource))
    return any_formula(found)


def names_open_pattern(
    pattern: str, version: str, request: Request, exactly: bool = True
) -> Formula:
    """Match a Resource element of which only a request fixes some variable.

    Args:
        pattern: the element as written.
        version: of its document.
        request: the resource, and what is known.
        exactly: name the values with which it matches, where they can be told: a
            condition of its own for every resource. Else it is in doubt.
    """

    def look(key: str) -> conditions.Seen:
        seen = request.look(key)
        fixed = seen is Missing.ABSENT or not isinstance(seen, Missing)
        return seen if fixed else conditions.Shape("*")

    expanded = expand(pattern, version, look)
    named = pattern_names(str(expanded), request.resource)
    if named == TRUE and exactly:
        settled = _with_values(pattern, version, request)
        if settled is not None:
            return settled
    return both(named, doubted(f"only a request fixes the variables of {pattern}"))


def _with_values(pattern: str, version: str, request: Request) -> Formula | None:
    """Return the condition on the one open variable of a pattern; None if unclear."""
    partly = substituted(pattern, version, request.look)
    if (
        partly is None
        or len(partly.open) != 1
        or needed(partly.pattern) != (key := partly.open[0].key,)
    ):
        return None
    values = open_values(partly.pattern, request.resource)
    if values is None:
        return None
    return conditions.test("StringEquals", key, values, version, request.look)


@lru_cache(maxsize=1 << 14)
def open_values(pattern: str, resource: str) -> tuple[str, ...] | None:
    """Return the values of a variable with which a pattern names a resource.

    Args:
        pattern: a Resource element with one variable left, in its last segment.
        resource: an ARN.

    None where a wildcard before the variable, or the length, leaves too many ways.
    """
    head, _, rest = pattern.partition("${")
    tail = rest.partition("}")[2]
    before, parts = head.split(":", 5), resource.split(":", 5)
    if len(before) < 6 or len(parts) < 6 or len(parts[5]) > _LONGEST_OPEN:
        return None
    start = as_written(before[5])
    if not is_plain(before[5]) or not parts[5].startswith(start) or "$" in resource:
        return None
    given = parts[5][len(start) :]
    values = tuple(given[:end] for end in range(1, len(given) + 1))
    found = [match_resource(f"{head}{literally(v)}{tail}", resource) for v in values]
    if Match.POSSIBLE in found:
        return None
    return tuple(v for v, m in zip(values, found, strict=True) if m is Match.YES)


@lru_cache(maxsize=1 << 16)
def pattern_names(pattern: str, resource: str) -> Formula:
    """Match one expanded Resource element."""
    match = match_resource(pattern, resource)
    if match is Match.POSSIBLE:
        return doubted(POSSIBLE_RESOURCE)
    return TRUE if match is Match.YES else FALSE
