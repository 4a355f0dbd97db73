"""Decide the AWS half of an estate: who can use which vector on which nodes, by class.

Accounts are independent: nodes have no resource policies, so no statement in another
account reaches them (whoever comes from there enters a role first, `scanner.aws.link`).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from types import MappingProxyType

from scanner.aws.deciding.account import AccountEngine
from scanner.aws.deciding.rules import Rules
from scanner.aws.facts import facts_of
from scanner.aws.model import AwsAccount, AwsEstate, Identity
from scanner.aws.tagging import retags
from scanner.aws.vectors import HOLDERS, catalogue
from scanner.aws.wording import wording_of
from scanner.aws.work import work_of
from scanner.estate import Principal, Provider, Target
from scanner.grants import Because, Decided, Grant, Vector
from scanner.usage import joined

_BY_ID = attrgetter("id")
_NOT_LISTED = "what it acts through was not listed in any account"
_NOT_EVERYWHERE = "some of what it acts through was not listed or not described"


@dataclass(frozen=True, slots=True)
class OwnGrants:
    """What identities hold as they are, whatever they could make of themselves.

    Attributes:
        rules: the compiler of every engine.
        engines: by account, in order.
        grants: all of them, in no order.
    """

    rules: Rules
    engines: Mapping[str, AccountEngine]
    grants: Sequence[Grant]


def own_grants(estate: AwsEstate) -> OwnGrants:
    """Decide every covered vector for every identity and node."""
    rules = Rules(catalogue().actions)
    engines = {
        id_: AccountEngine(estate, estate.accounts[id_], rules)
        for id_ in sorted(estate.accounts)
    }
    grants = [grant for engine in engines.values() for grant in engine.grants()]
    return OwnGrants(rules, engines, grants)


def decide_aws(
    estate: AwsEstate,
    made: Mapping[str, Sequence[Identity]] = MappingProxyType({}),
    own: OwnGrants | None = None,
) -> Decided:
    """Decide every covered vector for every identity and node.

    Args:
        estate: the estate.
        made: by account, what identities could make of themselves; theirs are the
            grants of `Decided.beyond`.
        own: what `own_grants` returned, where it was called already.

    Returns grants sorted by vector, then by principals; hops are found by
    `scanner.aws.link`.
    """
    own = own or own_grants(estate)
    accounts = [estate.accounts[id] for id in sorted(estate.accounts)]
    engines, beyond = dict(own.engines), list[Grant]()
    for id_ in sorted(made.keys() & engines.keys()):
        account = estate.accounts[id_]
        more = replace(account, identities=(*account.identities, *made[id_]))
        base = engines[id_]
        engines[id_] = AccountEngine(estate, more, own.rules, base=base)
        beyond += engines[id_].grants()
    return Decided(
        provider=Provider.AWS,
        principals=tuple(
            sorted(
                (one.principal for account in accounts for one in account.identities),
                key=_BY_ID,
            )
        ),
        targets=tuple(
            sorted(
                (node.target for account in accounts for node in account.nodes),
                key=_BY_ID,
            )
        ),
        grants=sorted(own.grants, key=_in_order),
        edges=(),
        beyond=sorted(beyond, key=_in_order),
        same_machine={
            node.target.id: node.cloud_id
            for account in accounts
            for node in account.nodes
            if node.cloud_id
        },
        not_covered=(*catalogue().not_covered, *_unlisted(accounts)),
        denied_because=_denied_because(engines),
        because_together=lambda principal, grants: (
            engines[principal.scope].of(principal).because_together(principal, grants)
        ),
        usage=joined(account.usage for account in accounts),
        work_of=work_of(estate),
        homes_of=_home,
        facts=facts_of(estate),
        wording_of=wording_of(estate),
        retags=retags(estate),
    )


def _unlisted(accounts: Sequence[AwsAccount]) -> Iterator[Vector]:
    """Name the vectors through what evidence does not list, or not everywhere."""
    listed = frozenset[str]().union(*(one.listed for one in accounts))
    unread = frozenset[str]().union(
        *(one.unread | (listed - one.listed) for one in accounts)
    )
    for one in catalogue().covered:
        kinds = {way.lender for way in one.ways}
        through = kinds & HOLDERS
        if through == kinds and kinds.isdisjoint(listed):
            yield replace(one.vector, covered=False, why_not=_NOT_LISTED)
        elif not through.isdisjoint(unread):
            yield replace(one.vector, covered=False, why_not=_NOT_EVERYWHERE)


def _home(principal: Principal) -> tuple[str, ...]:
    return (principal.scope,) if principal.kind == "role" else ()


def _in_order(grant: Grant) -> tuple[str, str, int]:
    return grant.vector.id, grant.principals[0].id, grant.targets.bits


def _denied_because(
    engines: dict[str, AccountEngine],
) -> Callable[[Principal, Vector, Target], tuple[Because, ...]]:
    def because(
        principal: Principal, vector: Vector, target: Target
    ) -> tuple[Because, ...]:
        engine = engines.get(principal.scope)
        if engine is None or target.scope != principal.scope:
            return ()
        return engine.of(principal).denied_because(principal, vector, target)

    return because
