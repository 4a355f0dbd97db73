"""Which assignments may end, for all that is known: PIM's lists were not read."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from scanner.azure.model import Assignment, Source
from scanner.azure.rbac.scopes import ROOT, Hierarchy, subscription_of
from scanner.grants import Standing


def with_durations(
    assignments: Collection[Assignment],
    unread: Collection[str],
    subscriptions: Collection[str],
    hierarchy: Hierarchy,
) -> tuple[Assignment, ...]:
    """Mark what only looks permanent because no schedule of it could be seen.

    A subscription's list of schedules holds what it inherits too, so one list below a
    management group answers for what is assigned at the group.

    Args:
        assignments: those of a tenant.
        unread: subscriptions whose list was asked for, and is not known.
        subscriptions: all of the tenant.
        hierarchy: where they hang.
    """
    if not unread:
        return tuple(assignments)

    def below(scope: str) -> Iterator[str]:
        for name in subscriptions:
            if scope == ROOT or scope in hierarchy.chain(name)[0]:
                yield name

    hidden: dict[str, bool] = {}
    for scope in {one.scope for one in assignments}:
        own = subscription_of(scope)
        lists = [own] if own else list(below(scope)) or subscriptions
        hidden[scope] = all(name in unread for name in lists)
    return tuple(
        replace(one, undated=True)
        if _seems_permanent(one) and hidden[one.scope]
        else one
        for one in assignments
    )


def _seems_permanent(assignment: Assignment) -> bool:
    permanent = assignment.standing is Standing.PERMANENT
    return permanent and assignment.source is Source.ASSIGNMENT
