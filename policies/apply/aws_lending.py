"""Who may have something of an account act as which role, without a hop.

Whoever may pass a role to a service, or rewrite a function that runs as one, commands
what the role commands: a change to the role is a change to them. Both sides are taken
wider than the engines do, never narrower.
"""

from collections.abc import Iterable
from functools import lru_cache

from policies.apply.aws_index import AwsIndex
from scanner.aws.iam.documents import PolicyDocument, Statement
from scanner.aws.iam.statements import names_action
from scanner.aws.model import Identity
from scanner.aws.vectors import PASSED, catalogue


def lent(index: AwsIndex, account: str) -> frozenset[str]:
    """Return the roles of an account that something may act as, or acts as already."""
    found = index.lent.get(account)
    if found is None:
        identities = index.estate.accounts[account].identities
        roles = (one for one in identities if may_be_lent(index, one))
        found = frozenset(one.principal.id for one in roles)
        index.lent[account] = found
    return found


def borrowers(index: AwsIndex, account: str) -> frozenset[str]:
    """Return who has all rights of some way to let something act as a role."""
    found = index.borrowers.get(account)
    if found is None:
        identities = index.estate.accounts[account].identities
        found = frozenset(one.principal.id for one in identities if _borrows(one))
        index.borrowers[account] = found
    return found


def may_be_lent(index: AwsIndex, one: Identity) -> bool:
    """Tell whether something of its account may act as an identity."""
    if one.principal.kind != "role" or one.service_linked:
        return False
    open_ = one.trust is None or lets_in(one.trust)
    return open_ or one.principal.id in index.held


def _borrows(one: Identity) -> bool:
    if one.principal.kind == "root" or one.unread:
        return True
    named = allowed(each.document for each in one.policies)
    return any(steps <= named for steps in _ways())


def allowed(documents: Iterable[PolicyDocument]) -> frozenset[str]:
    """Return the operations, of those that lending takes, that documents may allow."""
    return frozenset().union(*map(_allowed, documents))


@lru_cache(maxsize=1 << 16)
def _allowed(document: PolicyDocument) -> frozenset[str]:
    if document.problem:
        return frozenset(_actions())
    allowing = [one for one in document.statements if _may_name(one)]
    return frozenset(
        action
        for action in _actions()
        if any(names_action(one, action) for one in allowing)
    )


def _may_name(one: Statement) -> bool:
    """Tell at a glance whether a statement may allow anything of interest."""
    if one.effect != "Allow" or one.actions is None:
        return one.effect == "Allow"
    return any(
        not service.isalnum() or service in _prefixes()
        for service in (text.partition(":")[0].lower() for text in one.actions)
    )


@lru_cache(maxsize=1)
def _prefixes() -> frozenset[str]:
    return frozenset(action.partition(":")[0] for action in _actions())


@lru_cache(maxsize=1 << 14)
def lets_in(trust: PolicyDocument) -> bool:
    """Tell whether a trust policy may let in a service that roles are passed to."""
    if trust.problem:
        return True
    for one in trust.statements:
        if one.effect == "Allow" and one.not_principals is not None:
            return True
        for kind, value in one.principals or ():
            service = kind == "Service" and value.partition(".")[0] in _services()
            if one.effect == "Allow" and (service or value == "*"):
                return True
    return False


def commands(documents: Iterable[PolicyDocument]) -> bool:
    """Tell whether documents may allow what a lent role commands by."""
    return not allowed(documents).isdisjoint(_lends())


@lru_cache(maxsize=1)
def _ways() -> frozenset[frozenset[str]]:
    """Return the operations of each way to let something act as a role."""
    return frozenset(
        frozenset(step.action for step in way.steps)
        for vector in catalogue().covered
        for way in vector.ways
        if way.lender is not None and way.lends
    )


@lru_cache(maxsize=1)
def _lends() -> frozenset[str]:
    """Return every operation of the vectors that a lent role commands by."""
    ways = [way for vector in catalogue().covered for way in vector.ways]
    ids = {id_ for way in ways for id_ in way.lends}
    covered = (one for one in catalogue().covered if one.action in ids)
    return frozenset(step.action for one in covered for step in one.steps)


@lru_cache(maxsize=1)
def _actions() -> tuple[str, ...]:
    return tuple(sorted(_lends().union(*_ways())))


@lru_cache(maxsize=1)
def _services() -> frozenset[str]:
    kinds = (way.lender or "" for one in catalogue().covered for way in one.ways)
    passed = (kind.removeprefix(PASSED) for kind in kinds if kind.startswith(PASSED))
    return frozenset(service.partition(".")[0] for service in passed)
