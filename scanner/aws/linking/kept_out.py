"""Identities that a trust elsewhere names, and that only their own policies keep out.

Across accounts both sides must allow. Whoever gives such an identity another policy
lets it in; whoever gives the same policy to anybody else does not.
"""

from collections.abc import Iterable

from scanner.aws.linking.hops import ASSUMES
from scanner.aws.linking.requests import ASSUME
from scanner.aws.linking.trusts import Kind, named_by
from scanner.aws.model import AwsEstate
from scanner.grants import Edge, Verdict


def kept_out(estate: AwsEstate, known: Iterable[Edge]) -> frozenset[str]:
    """Return their ARNs.

    Args:
        estate: the estate.
        known: the entries found so far; whoever certainly enters is not kept out.
    """
    named = {
        (one.value, role.principal.id)
        for account in estate.accounts.values()
        for role in account.identities
        if role.trust is not None
        for one in named_by(role.trust, ASSUME)
        if one.kind is Kind.PRINCIPAL
        and one.account != account.id
        and one.account in estate.accounts
    }
    for edge in known if named else ():
        if edge.kind == ASSUMES and edge.verdict is Verdict.ALLOWED:
            named.discard((edge.source, edge.target))
    return frozenset(arn for arn, _ in named)
