"""AzureHound's lists as answers, beside those that it does not ask for.

It collects no role definitions, deny assignments, locks or PIM schedules. They are
written down as not asked for: nothing is concluded from their absence, and coverage
names them. A list from another file later takes their place.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from scanner.azure.rbac.scopes import normalized, subscription_of
from scanner.evidence.importers.answers import GUID, Answer, Row
from scanner.evidence.importers.azure_rows import scope_of
from scanner.evidence.importers.azurehound_kinds import (
    NOT_COLLECTED,
    NOT_TOLD_FROM_REFUSED,
    WITHOUT_SCOPE,
)
from scanner.evidence.importers.azurehound_lists import Collected
from scanner.evidence.lines import ErrorBody, SeriesKey, canonical

_ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"
_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
#: It keeps these members of a role assignment; a condition is not among them.
_KEPT = {"$select": "id,name,principalId,roleDefinitionId,scope"}

_NEVER = "AzureHound does not collect it"
_NONE = "AzureHound lists none: there is none, or it was refused the list"
_PARTLY = "AzureHound lists some roles only, or not every resource group"


def answers(found: Collected, *, whole: bool) -> Iterator[Answer]:
    """Yield the lists of a file, then those that are missing.

    Args:
        found: what the file holds.
        whole: False when objects of the file are missing.

    Raises (while iterating):
        NeedsMore: nothing says which tenant the objects are from.
    """
    tenant = found.tenant()
    for answer in _lists(found, tenant):
        last = whole and answer.last
        yield (
            answer
            if last
            else Answer(answer.file, answer.key, answer.result, False, answer.rows)
        )
    yield from _missing(found, tenant)


def _lists(found: Collected, tenant: str) -> Iterator[Answer]:
    for (op, subscription), rows in sorted(found.lists.items()):
        yield _page(_key(tenant, op, subscription), rows)
    yield from _related(found, tenant)
    for (subscription, some), rows in sorted(_assignments(found).items()):
        params = {"scope": _scope(subscription), **_KEPT, **_some(some)}
        yield _page(_key(tenant, _ASSIGNMENTS, subscription, params), rows)


def _related(found: Collected, tenant: str) -> Iterator[Answer]:
    """Yield members and owners.

    One right reads the members of all groups. So where any group has members, one that
    has none is empty; where none has, the right was perhaps missing.
    """
    joined: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for (op, owner), rows in found.related.items():
        joined[op, found.object_of(owner)] += rows
    filled = {op for (op, _), rows in joined.items() if rows}
    for (op, owner), rows in sorted(joined.items(), key=lambda one: one[0]):
        params = {"object" if op == "graph/owners" else "group": owner}
        yield _page(_key(tenant, op, "", params), rows, last=op in filled)


def _assignments(found: Collected) -> dict[tuple[str, str], list[Any]]:
    """Sort role assignments by subscription and kind.

    An empty subscription stands for what is above them all, an empty kind for a list
    that is whole.
    """
    places: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for _, (kind, row) in sorted(found.assignments.items()):
        subscription = _subscription(row)
        whole = bool(subscription) and _all_listed(found, subscription)
        places[subscription, "" if whole else kind].append(row)
    return places


def _some(kind: str) -> dict[str, str]:
    """Mark a list that holds some of its rows only."""
    return {"$filter": kind} if kind else {}


def _subscription(row: Row) -> str:
    found = subscription_of(normalized(scope_of(row))) or ""
    return found if GUID.fullmatch(found) else ""


def _all_listed(found: Collected, subscription: str) -> bool:
    """Say whether the assignments at and below a subscription are all there.

    Its own list holds what is at it and above, that of a resource group what is in the
    group. Inherited ones are in each, so a list that was not refused is not empty.
    Without resource groups in the file nobody knows which lists there should be.
    """
    scope = _scope(subscription)
    groups = {group for group in found.groups if group.startswith(f"{scope}/")}
    return bool(groups) and {scope, *groups} <= found.listed


def _missing(found: Collected, tenant: str) -> Iterator[Answer]:
    yield _not_asked(_key(tenant, _DEFINITIONS, "", {"scope": "/"}), _NEVER)
    told = {*found.subscriptions, *(name for name, _ in _assignments(found))} - {""}
    for subscription in sorted(told):
        at = {"scope": _scope(subscription)}
        for op in NOT_COLLECTED:
            params = {} if op in WITHOUT_SCOPE else at
            yield _not_asked(_key(tenant, op, subscription, params), _NEVER)
        for op in NOT_TOLD_FROM_REFUSED:
            if (op, subscription) not in found.lists:
                yield _not_asked(_key(tenant, op, subscription), _NONE)
        if not _all_listed(found, subscription):
            yield _not_asked(_key(tenant, _ASSIGNMENTS, subscription, at), _PARTLY)


def _scope(subscription: str) -> str:
    return f"/subscriptions/{subscription}" if subscription else "/"


def _key(
    tenant: str, op: str, subscription: str, params: dict[str, str] | None = None
) -> SeriesKey:
    return SeriesKey(
        op, tenant=tenant, subscription=subscription, params=canonical(params)
    )


def _page(key: SeriesKey, rows: list[Any], *, last: bool = True) -> Answer:
    return Answer(_file(key), key, {"value": rows}, last, len(rows))


def _not_asked(key: SeriesKey, why: str) -> Answer:
    error = ErrorBody("NotAsked", None, why)
    return Answer(_file(key), key, None, True, 0, error=error)


def _file(key: SeriesKey) -> str:
    return f"azure/{key.subscription or key.tenant}.jsonl"
