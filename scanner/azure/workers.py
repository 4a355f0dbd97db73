"""Automation accounts and the machines that run their jobs."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from scanner.azure.drafts import Draft
from scanner.azure.model import Workers
from scanner.azure.rbac.scopes import last_segment, normalized
from scanner.azure.rows import AccountRow, IdentityRow, WorkerGroupRow, WorkerRow

_GROUPS = "microsoft.automation/automationaccounts/hybridrunbookworkergroups"
_BELOW = "/hybridrunbookworkergroups/"
_WORKER_LISTS = (
    "microsoft.automation/automationaccounts/hybridrunbookworkers",
    f"{_GROUPS}/hybridrunbookworkers",
    _GROUPS,
)


def workers_of(draft: Draft) -> tuple[Workers, ...]:
    """Return every Automation account with its hybrid workers, sorted by id.

    Extension-based workers carry the machine's resource id; older ones only a name.
    """
    machines: defaultdict[str, set[str]] = defaultdict(set)
    names: defaultdict[str, set[str]] = defaultdict(set)
    ids: dict[str, str] = {}
    identities: dict[str, tuple[str, ...]] = {}
    for account in draft.of(AccountRow):
        ids[normalized(account.id)] = account.id
        identities[normalized(account.id)] = tuple(_identities(account.identity))
    for row in draft.of(WorkerRow):
        key = normalized(row.id).partition(_BELOW)[0]
        said = row.properties
        if said and said.vm_resource_id:
            machines[key].add(normalized(said.vm_resource_id))
        elif (said and said.worker_name) or row.name:
            names[key].add(((said and said.worker_name) or row.name or "").lower())
    for group in draft.of(WorkerGroupRow):
        key = normalized(group.id).partition(_BELOW)[0]
        for worker in group.hybrid_runbook_workers or ():
            if worker.name:
                names[key].add(worker.name.lower())
    return tuple(
        Workers(
            ids.get(key, key),
            key,
            frozenset(machines[key]),
            frozenset(names[key]),
            _heard(draft.lists.whole, key) and not _heard(draft.lists.broken, key),
            _heard(draft.lists.broken, key),
            identities.get(key, ()),
        )
        for key in sorted({*ids, *machines, *names})
    )


def _heard(lists: Mapping[str, set[str]], account: str) -> bool:
    """Say whether any list of workers was asked for the account or its surroundings."""
    subscription = "/".join(account.split("/", 3)[:3])
    scopes = {account, last_segment(account), subscription}
    return any(_touches(lists[op], scopes, account) for op in _WORKER_LISTS)


def _touches(found: set[str], scopes: set[str], account: str) -> bool:
    below = account + "/"
    return any(scope in scopes or scope.startswith(below) for scope in found)


def _identities(row: IdentityRow | None) -> Iterator[str]:
    if row is None:
        return
    if row.principal_id:
        yield row.principal_id.lower()
    for assigned in (row.user_assigned_identities or {}).values():
        held = assigned.get("principalId") if isinstance(assigned, dict) else None
        if isinstance(held, str):
            yield held.lower()
