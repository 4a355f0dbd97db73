"""Resources that act as managed identities: where an identity can be borrowed."""

from collections.abc import Iterator

from scanner.azure import resource_rows
from scanner.azure.directory_roles import roles_read, unread_powers
from scanner.azure.drafts import Draft
from scanner.azure.identities import identities_of, is_unsaid, listed_identities
from scanner.azure.model import Host, Workers
from scanner.azure.rbac.scopes import normalized, scope_of
from scanner.azure.workers import NODES

#: Kinds of hosts, by their rows.
_KINDS: tuple[
    tuple[type[resource_rows.HostRow | resource_rows.AccountRow], str], ...
] = (
    (resource_rows.WebRow, "web"),
    (resource_rows.WorkflowRow, "logic"),
    (resource_rows.ContainerGroupRow, "container"),
    (resource_rows.AccountRow, "automation"),
)
#: The list that says which sites of a kind there are, in lower case.
_LISTS = {
    "identity": "microsoft.managedidentity/userassignedidentities",
    "web": "microsoft.web/sites",
    "logic": "microsoft.logic/workflows",
    "container": "microsoft.containerinstance/containergroups",
    "policy": "microsoft.authorization/policyassignments",
    "definition": "microsoft.authorization/policyassignments",
    "lab": "microsoft.devtestlab/labs/virtualmachines",
}


def hosts_of(draft: Draft) -> tuple[Host, ...]:
    """Return every resource that acts as an identity, each once, sorted by id."""
    found = {
        (host.kind, host.scope, host.within): host
        for host in (*_identities(draft), *_resources(draft), *_policies(draft))
        if host.identities
    }
    return tuple(found[key] for key in sorted(found))


def unlisted(
    draft: Draft, workers: tuple[Workers, ...], nodes: tuple[Workers, ...]
) -> frozenset[str]:
    """Return the kinds of stations and hosts whose lists were not read whole."""
    whole, broken = draft.lists.whole, draft.lists.broken
    kinds = {kind for kind, op in _LISTS.items() if not whole[op] or broken[op]}
    if not roles_read(draft):
        kinds.add("directory")
    kinds.update(unread_powers(draft))
    kinds.update(_nameless(draft))
    if not all(account.complete for account in workers):
        kinds.add("workers")
    asked = whole[NODES] or broken[NODES] or not workers
    if not asked or not all(account.complete for account in nodes):
        kinds.add("nodes")
    return frozenset(kinds)


def _nameless(draft: Draft) -> Iterator[str]:
    """Yield the kinds of which a row does not say what it acts as, or stands for."""
    told = (row.properties for row in draft.of(resource_rows.UserAssignedRow))
    if not all(said and said.principal_id for said in told):
        yield "identity"
    labs = (row.properties for row in draft.of(resource_rows.LabMachineRow))
    if not all(said and said.compute_id for said in labs):
        yield "lab"
    known = listed_identities(draft.of(resource_rows.UserAssignedRow))
    for kind, name in _KINDS:
        if any(is_unsaid(row.identity, known) for row in draft.of(kind)):
            yield name


def _identities(draft: Draft) -> Iterator[Host]:
    for row in draft.of(resource_rows.UserAssignedRow):
        held = row.properties.principal_id if row.properties else None
        if held:
            yield Host(row.id, normalized(row.id), "identity", (held.lower(),))


def _resources(draft: Draft) -> Iterator[Host]:
    known = listed_identities(draft.of(resource_rows.UserAssignedRow))
    for kind, name in _KINDS:
        for row in draft.of(kind):
            held = identities_of(row.identity, known)
            yield Host(row.id, normalized(row.id), name, held)


def _policies(draft: Draft) -> Iterator[Host]:
    """Yield policy assignments, and the custom definitions that they run."""
    known = listed_identities(draft.of(resource_rows.UserAssignedRow))
    for row in draft.of(resource_rows.PolicyRow):
        held, said = identities_of(row.identity, known), row.properties
        if not held or said is None:
            continue
        within = normalized(said.scope) if said.scope else scope_of(row.id)
        yield Host(row.id, normalized(row.id), "policy", held, within)
        definition = normalized(said.policy_definition_id or "")
        if definition.count("/providers/") > 1 or definition.startswith("/subscr"):
            yield Host(definition, definition, "definition", held, within)
