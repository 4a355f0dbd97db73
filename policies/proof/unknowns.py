"""What a proof is conditional on: lists that are not in evidence, by name."""

from collections.abc import Iterable, Iterator

from policies.proof.again import home_of
from policies.proof.context import Context
from scanner.estate import Gap, Provider
from scanner.gaps import ANY, OPERATIONS
from scanner.operations import Weight

#: Missing, they could hold access all the same, though verdicts do not rest on them.
_COULD_GRANT = frozenset(
    {
        "Microsoft.Authorization/roleEligibilityScheduleInstances",
        "Microsoft.ManagedServices/registrationAssignments",
        "Microsoft.ManagedServices/registrationDefinitions",
        "graph/groupEligibility",
    }
)
_ORGANIZATION = "organization"
_RESTRICTING = "could only restrict: that it was allowed before is not known"


def unknowns_of(
    context: Context, provider: Provider, ids: Iterable[str]
) -> tuple[str, ...]:
    """Return what a proof about some principals rests on without knowing it.

    Missing lists that could grant leave open that something else gives the access
    still; of those that could only restrict, that it was there at all.
    """
    listed = frozenset(ids)
    gaps = (
        str(gap) if grants else f"{gap}: {_RESTRICTING}"
        for gap, grants in _gaps(context, provider, listed)
    )
    found = dict.fromkeys((*gaps, *_unread(context, provider, listed)))
    return tuple(found)


def _gaps(
    context: Context, provider: Provider, ids: frozenset[str]
) -> Iterator[tuple[Gap, bool]]:
    """Yield the gaps about some principals, with whether they could grant."""
    homes = {home_of(id_) for id_ in ids} | {_ORGANIZATION}
    for (whose, scope), gaps in sorted(context.gaps.items()):
        if whose is not provider or (provider is Provider.AWS and scope not in homes):
            continue
        for gap in gaps:
            known = OPERATIONS[provider].get(gap.what)
            weight = known.weight if known else None
            could = gap.what in (*_COULD_GRANT, ANY) or weight is Weight.BASE
            if could or weight is Weight.RESTRICTING:
                yield gap, could


def _unread(context: Context, provider: Provider, ids: frozenset[str]) -> Iterator[str]:
    if provider is not Provider.AWS:
        return
    identities = context.aws_index.identities
    for arn in sorted(ids & identities.keys()):
        one = identities[arn]
        yield from (f"{arn}: {source} was not read" for source in one.unread)
        for each in one.policies:
            if each.document.problem:
                yield f"{arn}: {each.source}: {each.document.problem}"
        if one.unread_boundary:
            yield f"{arn}: its boundary was not read, and {_RESTRICTING}"
