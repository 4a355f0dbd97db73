"""Whether a trust policy lets in no more than another one, statement by statement."""

from scanner.aws.iam.documents import PolicyDocument, Statement


def lets_in_no_more(after: PolicyDocument, before: PolicyDocument) -> bool:
    """Tell whether a trust policy surely lets in no more than another one.

    Every statement that allows is one of the other's with fewer principals or more
    conditions, and every one that denies is still there. False may be wrong.
    """
    if after.problem or before.problem or after.version != before.version:
        return False
    allows = [one for one in before.statements if one.effect == "Allow"]
    denies = {_content(one) for one in after.statements if one.effect != "Allow"}
    return all(
        any(_narrows(one, other) for other in allows)
        for one in after.statements
        if one.effect == "Allow"
    ) and all(
        _content(one) in denies for one in before.statements if one.effect != "Allow"
    )


def _narrows(one: Statement, other: Statement) -> bool:
    return (
        _about(one) == _about(other)
        and one.not_principals == other.not_principals
        and frozenset(one.principals or ()) <= frozenset(other.principals or ())
        and frozenset(one.conditions) >= frozenset(other.conditions)
    )


def _about(one: Statement) -> object:
    return one.actions, one.not_actions, one.resources, one.not_resources


def _content(one: Statement) -> object:
    principals = one.principals and frozenset(one.principals)
    excepted = one.not_principals and frozenset(one.not_principals)
    return _about(one), principals, excepted, frozenset(one.conditions)
