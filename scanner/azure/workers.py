"""Automation accounts and the machines that run their jobs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.azure.drafts import Draft
from scanner.azure.identities import identities_of, listed_identities
from scanner.azure.model import Workers
from scanner.azure.rbac.scopes import last_segment, normalized
from scanner.azure.resource_rows import (
    AccountRow,
    LabMachineRow,
    NodeRow,
    UserAssignedRow,
    WorkerGroupRow,
    WorkerProperties,
    WorkerRow,
)

_GROUPS = "microsoft.automation/automationaccounts/hybridrunbookworkergroups"
NODES = "microsoft.automation/automationaccounts/nodes"
_SETS = {False: "set", True: "manual-set"}
_BELOW = "/hybridrunbookworkergroups/"
_MEMBER_LISTS = (
    "microsoft.automation/automationaccounts/hybridrunbookworkers",
    f"{_GROUPS}/hybridrunbookworkers",
)
_WORKER_LISTS = (*_MEMBER_LISTS, _GROUPS)


def workers_of(draft: Draft) -> tuple[Workers, ...]:
    """Return every Automation account with its hybrid workers, sorted by id.

    Extension-based workers carry the machine's resource id; older ones only a name.
    """
    told = _Told()
    for row in draft.of(WorkerRow):
        told.worker(row)
    for group in draft.of(WorkerGroupRow):
        told.group(group, draft.lists.whole)
    machines, names = told.machines, told.names
    accounts = {normalized(one.id): one for one in draft.of(AccountRow)}
    ids = {key: account.id for key, account in accounts.items()}
    known = listed_identities(draft.of(UserAssignedRow))
    held = {key: identities_of(one.identity, known) for key, one in accounts.items()}
    return tuple(
        Workers(
            ids.get(key, key),
            key,
            frozenset(machines[key]),
            frozenset(names[key]),
            _heard(draft.lists.whole, key)
            and not _heard(draft.lists.broken, key)
            and key not in told.open,
            _heard(draft.lists.broken, key),
            held.get(key, ()),
        )
        for key in sorted({*ids, *machines, *names})
    )


class _Told:
    """What rows say of the workers of accounts, by normalized id of the account.

    Attributes:
        machines, names: by resource id, or by name only.
        open: accounts with workers of which nobody knows which machines they are.
    """

    def __init__(self) -> None:
        self.machines: defaultdict[str, set[str]] = defaultdict(set)
        self.names: defaultdict[str, set[str]] = defaultdict(set)
        self.open: set[str] = set()

    def worker(self, row: WorkerRow) -> None:
        key = normalized(row.id).partition(_BELOW)[0]
        said = row.properties or WorkerProperties()
        if said.vm_resource_id:
            self.machines[key].add(normalized(said.vm_resource_id))
            return
        if not said.worker_name:
            self.open.add(key)
        name = said.worker_name or row.name
        if name:
            self.names[key].add(name.lower())

    def group(self, row: WorkerGroupRow, whole: Mapping[str, set[str]]) -> None:
        key = normalized(row.id).partition(_BELOW)[0]
        for worker in row.hybrid_runbook_workers or ():
            if worker.name:
                self.names[key].add(worker.name.lower())
        inside = row.hybrid_runbook_workers is not None
        if not inside and not _heard_of(whole, normalized(row.id), key):
            self.open.add(key)


def nodes_of(draft: Draft, accounts: Iterable[Workers]) -> tuple[Workers, ...]:
    """Return the same accounts with the nodes that pull their configurations."""
    names: defaultdict[str, set[str]] = defaultdict(set)
    for row in draft.of(NodeRow):
        if row.name:
            names[normalized(row.id).partition("/nodes/")[0]].add(row.name.lower())
    whole, broken = draft.lists.whole, draft.lists.broken
    return tuple(
        Workers(
            account.id,
            account.scope,
            names=frozenset(names[account.scope]),
            complete=_heard(whole, account.scope, (NODES,))
            and not _heard(broken, account.scope, (NODES,)),
            refused=_heard(broken, account.scope, (NODES,)),
            kind="nodes",
        )
        for account in accounts
    )


def stand_ins_of(draft: Draft) -> tuple[Workers, ...]:
    """Return lab VMs, what is in galleries and scale sets with the VMs they change.

    Instances below their scale set are not among them: they are machines of their own.
    """
    labs = (
        Workers(
            row.id,
            normalized(row.id),
            frozenset({normalized(row.properties.compute_id)}),
            kind="lab",
        )
        for row in draft.of(LabMachineRow)
        if row.properties and row.properties.compute_id
    )
    packages = (
        Workers(application, application, frozenset(scopes), kind="package")
        for application, scopes in draft.fleet.packages.items()
    )
    manual = draft.fleet.is_manual
    sets = (
        Workers(owner, owner, frozenset(scopes), kind=_SETS[manual(owner)])
        for owner, scopes in draft.fleet.flexible.items()
    )
    images = (
        Workers(image, image, draft.fleet.instances(owners), kind="image")
        for image, owners in draft.fleet.images.items()
    )
    every = (*labs, *packages, *sets, *images)
    found = {(one.kind, one.scope): one for one in every}
    return tuple(found[key] for key in sorted(found))


def _heard(
    lists: Mapping[str, set[str]], account: str, ops: Iterable[str] = _WORKER_LISTS
) -> bool:
    """Say whether any of some lists was asked for the account or its surroundings."""
    subscription = "/".join(account.split("/", 3)[:3])
    scopes = {account, last_segment(account), subscription}
    return any(_touches(lists[op], scopes, account) for op in ops)


def _heard_of(lists: Mapping[str, set[str]], group: str, account: str) -> bool:
    """Say whether the workers of a group were asked for, or all of its account."""
    scopes = {group, last_segment(group), account, last_segment(account)}
    scopes.add("/".join(account.split("/", 3)[:3]))
    return any(not scopes.isdisjoint(lists[op]) for op in _MEMBER_LISTS)


def _touches(found: set[str], scopes: set[str], account: str) -> bool:
    below = account + "/"
    return any(scope in scopes or scope.startswith(below) for scope in found)
