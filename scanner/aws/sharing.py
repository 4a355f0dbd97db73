"""Decide and link the AWS half, in one process or in two, with the same result.

Hops are plain data, and most of them rest on policies alone: a second process finds
them while this one decides who commands what.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from scanner.aws.decide import decide_aws, own_grants
from scanner.aws.iam.documents import PolicyDocument
from scanner.aws.link import (
    Links,
    by_commands,
    by_commands_of_others,
    by_hops,
    by_tags,
    joined,
    links_of,
)
from scanner.aws.linking.associating import Associations
from scanner.aws.linking.node_tags import NodeTagging
from scanner.aws.model import Attached, AwsEstate, Forging, Identity
from scanner.estate import Principal
from scanner.grants import Condition, Decided, Edge, Grant, StatementBecause
from scanner.processes import apart

#: With fewer identities a second process costs more than it saves.
_MANY = 2_000
_HANDED = (
    *(Links, Edge, Principal, Condition, StatementBecause),
    *(Identity, Attached, PolicyDocument, Forging),
)


def decided_and_linked(
    estate: AwsEstate, processes: int = 1, many: int = _MANY
) -> tuple[Decided, Links]:
    """Decide who commands what, and find the hops.

    Args:
        estate: the estate.
        processes: with two or more, the hops are found in a second one.
        many: identities from which on that pays.
    """
    identities = sum(len(one.identities) for one in estate.accounts.values())
    if processes < 2 or identities < many:
        return _joined(estate, lambda: links_of(estate))
    shared = tuple(_documents(estate))
    with apart(partial(links_of, estate), _HANDED, shared) as second:
        return _joined(estate, second.result, meanwhile=_explain)


def _joined(
    estate: AwsEstate,
    by_policies: Callable[[], Links],
    meanwhile: Callable[[Iterable[Grant]], None] = lambda _: None,
) -> tuple[Decided, Links]:
    """Find everything else before the hops that rest on policies are asked for."""
    own = own_grants(estate)
    tagging = NodeTagging(estate)
    commands = Associations(estate)
    others = by_tags(tagging), by_commands(commands, own.grants)
    meanwhile(own.grants)
    links = joined(by_policies(), *others)
    links = joined(links, by_hops(tagging, links))
    decided = decide_aws(estate, links.made, own)
    grants = (*decided.grants, *decided.beyond)
    return decided, joined(links, by_commands_of_others(commands, links, grants))


def _explain(grants: Iterable[Grant]) -> None:
    """Work out what grants rest on, which engines remember.

    Finding hops takes longer than deciding: what checks and the kept result ask for is
    found in that time.
    """
    for grant in grants:
        if grant.because_parts is not None:
            for principal in grant.principals:
                grant.because_parts(principal)


def _documents(estate: AwsEstate) -> Iterator[PolicyDocument]:
    """Yield the documents of an estate that what identities become may have.

    One may come more than once; those that are left out are handed over whole.
    """
    for account in estate.accounts.values():
        for one in account.identities:
            yield from (policy.document for policy in one.policies)
            if one.boundary is not None:
                yield one.boundary.document
        yield from (policy.document for policy in account.policies.values())
        for group in account.groups.values():
            yield from (policy.document for policy in group.policies)
