"""Whom a trust policy names: the Principal elements of its allows, by kind."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from scanner.aws.arn import parse_arn
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.statements import names_action

_ACCOUNT = re.compile(r"\d{12}")
_UNIQUE_ID = re.compile(r"A[A-Z]{2}A[A-Z0-9]{12,}")


class Kind(Enum):
    """What a Principal element stands for."""

    ANYONE = "anyone"
    #: A whole account, whose own policies decide who in it.
    ACCOUNT = "account"
    #: One user or role, or a federated user's session.
    PRINCIPAL = "principal"
    #: One session of a role; `arn` is as written.
    SESSION = "session"
    #: A user or role by unique id: what a deleted one leaves behind.
    UNIQUE_ID = "unique-id"
    #: A SAML or OIDC provider: an ARN, or a public provider's host.
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Named:
    """One party that a trust policy names; `account` is empty where it has none."""

    kind: Kind
    value: str
    account: str = ""


def named_by(trust: PolicyDocument, action: str) -> Iterator[Named]:
    """Yield whom the allows of a trust policy name for one way of entry.

    Args:
        trust: the policy; whether conditions or denies cut it is not decided here.
        action: `sts:AssumeRole` for AWS principals; the entry of a federated principal
            is its own action, which must be the one that is allowed.

    Services are left out: they are no people, and whoever can pass them a role is
    found by `iam:PassRole`.
    """
    for statement in trust.statements:
        if statement.effect == "Allow" and names_action(statement, action):
            yield from _principals(statement)


def names_somebody_else(trust: PolicyDocument) -> bool:
    """Tell whether a deny of the trust tells one principal from another."""
    return any(
        statement.effect == "Deny" and statement.principals != (("*", "*"),)
        for statement in trust.statements
    )


def _principals(statement: Statement) -> Iterator[Named]:
    if statement.not_principals is not None:
        yield Named(Kind.ANYONE, "*")
    for kind, value in statement.principals or ():
        if value == "*" and kind in ("*", "AWS"):
            yield Named(Kind.ANYONE, "*")
        elif kind == "AWS":
            yield from _aws(value)
        elif kind == "Federated":
            yield Named(Kind.FEDERATED, value)


def _aws(value: str) -> Iterator[Named]:
    if _ACCOUNT.fullmatch(value):
        yield Named(Kind.ACCOUNT, value, value)
        return
    if _UNIQUE_ID.fullmatch(value):
        yield Named(Kind.UNIQUE_ID, value)
        return
    arn = parse_arn(value)
    if arn is None:
        return
    if arn.service == "iam" and arn.resource == "root":
        yield Named(Kind.ACCOUNT, value, arn.account)
    elif arn.service == "sts" and arn.resource.startswith("assumed-role/"):
        yield Named(Kind.SESSION, value, arn.account)
    else:
        yield Named(Kind.PRINCIPAL, value, arn.account)
