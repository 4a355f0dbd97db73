"""Which accounts the conditions of an entry leave, where a trust names anyone."""

from collections.abc import Iterable

from scanner.aws.iam.operators import Operator, parse_operator
from scanner.aws.iam.patterns import is_plain
from scanner.grants import Condition

_TEXT = ("String", "StringIgnoreCase", "StringLike")
_ARN = ("ArnEquals", "ArnLike")
_ACCOUNT_SEGMENT = 4


def accounts_left(alternative: Iterable[Condition]) -> frozenset[str] | None:
    """Return the accounts whose principals may pass; None for any account.

    `aws:PrincipalAccount` and the account in `aws:PrincipalArn` narrow (rule 72); all
    conditions of an alternative hold together, so each may narrow further.
    """
    found = [left for each in alternative if (left := _left_by(each)) is not None]
    return frozenset.intersection(*found) if found else None


def _left_by(condition: Condition) -> frozenset[str] | None:
    operator = parse_operator(condition.operator)
    if operator is None or operator.negated or operator.holds_absent:
        return None
    key = condition.key.lower()
    if key == "aws:principalaccount" and operator.family in _TEXT:
        named: list[str | None] = list(condition.values)
    elif key == "aws:principalarn" and operator.family in (*_TEXT, *_ARN):
        named = [_account_in(value, operator) for value in condition.values]
    else:
        return None
    plain = frozenset(one for one in named if one is not None and is_plain(one))
    return plain if len(plain) == len(set(named)) else None


def _account_in(pattern: str, operator: Operator) -> str | None:
    """Return the account that an ARN pattern fixes; text globs cross its colons."""
    segments = pattern.split(":", _ACCOUNT_SEGMENT + 1)
    head = segments[: _ACCOUNT_SEGMENT + 1]
    if len(segments) <= _ACCOUNT_SEGMENT + 1:
        return None
    crossing = operator.family not in _ARN and not all(map(is_plain, head))
    return None if crossing else head[_ACCOUNT_SEGMENT]
