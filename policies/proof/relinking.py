"""Link again the part of an AWS estate that some changes can touch."""

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import replace

from policies.proof.again import home_of
from scanner.aws.linking.assumes import OwnEntries
from scanner.aws.linking.callers import EntryIndex
from scanner.aws.linking.outsiders import OutsideEntries
from scanner.aws.linking.people import People
from scanner.aws.linking.trusts import Kind, named_by
from scanner.aws.model import AwsEstate, Identity
from scanner.grants import Edge
from scanner.hops import and_all, verdict_of

#: Operations by which somebody enters a role.
ENTRIES = (
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
    "sts:AssumeRoleWithSAML",
)
_CLASS = "class:"

#: What a hop is between, and what is compared of it.
Key = tuple[str, str, str]


def out_of(estate: AwsEstate, sources: frozenset[str]) -> dict[Key, Edge]:
    """Link some callers with all roles that may let them in."""
    homes = {home_of(arn) for arn in sources}

    def keep(one: Identity) -> Identity | None:
        if one.principal.id in sources:
            return one
        return replace(one, policies=()) if _admits(one, homes) else None

    linked = _linked(estate, keep) if sources else {}
    return {key: edge for key, edge in linked.items() if key[1] in sources}


def into(
    estate: AwsEstate, other: AwsEstate, targets: frozenset[str]
) -> dict[Key, Edge]:
    """Link some roles with everybody whom they may let in, now or in another estate."""
    partners = [_named_accounts(targets, one) for one in (estate, other)]

    def keep(one: Identity) -> Identity | None:
        if one.principal.id in targets:
            return one
        called = any(one.principal.scope in some for some in partners)
        return replace(one, trust=None) if called else None

    linked = _linked(estate, keep) if targets else {}
    return {key: edge for key, edge in linked.items() if key[2] in targets}


def _linked(
    estate: AwsEstate, keep: Callable[[Identity], Identity | None]
) -> dict[Key, Edge]:
    """Find the ways into roles in a part of the estate.

    What rests on no policy is left out, and so are rights on IAM, which `becoming`
    compares. Every account stays, since what an account's absence says of a trust
    policy is not to change.
    """
    accounts = {}
    for id_, account in estate.accounts.items():
        kept = [some for one in account.identities if (some := keep(one)) is not None]
        if not kept:
            kept = [replace(one, trust=None) for one in account.identities[:1]]
        accounts[id_] = replace(account, identities=tuple(kept), nodes=())
    part = replace(estate, accounts=accounts)
    index = EntryIndex()
    own, outside = OwnEntries(part, index=index), OutsideEntries(part, index)
    finders = (own, outside, People(part))
    return by_ends([edge for finder in finders for edge in finder.edges()])


def _named_accounts(wanted: frozenset[str], estate: AwsEstate) -> Container[str]:
    """Return the accounts that the trust policies of some roles name."""
    found: set[str] = set()
    for id_ in {home_of(arn) for arn in wanted} & estate.accounts.keys():
        for one in estate.accounts[id_].identities:
            if one.principal.id in wanted and one.trust is not None:
                parties = list(named_by(one.trust, ENTRIES[0]))
                if any(each.kind is Kind.ANYONE for each in parties):
                    return estate.accounts
                found |= {each.account or id_ for each in parties}
                found |= {id_} if one.trust.problem else set()
    return frozenset(found)


def _admits(role: Identity, homes: set[str]) -> bool:
    """True when a role's trust policy may let somebody of some accounts in."""
    if role.trust is None:
        return False
    if role.trust.problem:
        return role.principal.scope in homes
    return any(
        each.kind is Kind.ANYONE or not each.account or each.account in homes
        for each in named_by(role.trust, ENTRIES[0])
    )


def by_ends(edges: Iterable[Edge]) -> dict[Key, Edge]:
    """Index hops by kind and ends; those through classes of callers one by one."""
    onward: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.source.startswith(_CLASS):
            onward.setdefault(edge.source, []).append(edge)
    starts = (edge for edge in edges if not edge.source.startswith(_CLASS))
    return {
        (whole.kind, whole.source, whole.target): whole
        for edge in starts
        for whole in spelt(edge, lambda id_: onward.get(id_, ()))
    }


def spelt(edge: Edge, onward: Callable[[str], Iterable[Edge]]) -> Iterator[Edge]:
    """Yield the hops that one stands for: itself, or those out of the class it enters.

    Args:
        edge: from somebody; a class may lead to another one.
        onward: the hops out of a class, by its id.
    """
    if not edge.target.startswith(_CLASS):
        yield edge
        return
    for after in onward(edge.target):
        yield from spelt(_joined(edge, after), onward)


def _joined(first: Edge, second: Edge) -> Edge:
    conditions, _ = and_all((first.conditions, second.conditions))
    verdict = verdict_of((first.verdict, second.verdict))
    return replace(second, source=first.source, verdict=verdict, conditions=conditions)
