"""A draft to a tenant: roles, assignments, the directory, and what is not known."""

import re
from collections.abc import Iterable, Iterator, Mapping

from scanner.azure import resource_rows, rows
from scanner.azure.activations import activations_of, with_activations
from scanner.azure.assignments import (
    active_assignments,
    delegated_by,
    delegations,
    eligibilities,
)
from scanner.azure.classic import CLASSIC, classic_administrators
from scanner.azure.consoles import consoles_of, with_consoles
from scanner.azure.containers import hierarchy_of
from scanner.azure.definitions import deny_of, lock_of, role_of
from scanner.azure.directories import directory_of
from scanner.azure.directory import People
from scanner.azure.directory_rows import (
    GroupRow,
    ServicePrincipalRow,
    UserRow,
)
from scanner.azure.drafts import Draft
from scanner.azure.durations import with_durations
from scanner.azure.federation import federated_of
from scanner.azure.hosts import hosts_of, unlisted
from scanner.azure.identities import all_known, listed_identities, with_identities
from scanner.azure.model import (
    Assignment,
    AzureTenant,
    DenyAssignment,
    Host,
    Lock,
    Machine,
    Workers,
)
from scanner.azure.policies.reading import (
    EXEMPTIONS,
    policies_of,
    policy_gaps,
    unread_rules,
)
from scanner.azure.rbac.roles import RoleDefinition
from scanner.azure.rbac.scopes import (
    ROOT,
    Hierarchy,
    last_segment,
    normalized,
)
from scanner.azure.unread import OF_MACHINES, unread_refinements
from scanner.azure.usage import usages_of
from scanner.azure.workers import nodes_of, stand_ins_of, workers_of
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome

ASSIGNMENTS = "microsoft.authorization/roleassignments"
DENIES = "microsoft.authorization/denyassignments"
SCHEDULES = "microsoft.authorization/roleassignmentscheduleinstances"
_ROLES = "microsoft.authorization/roledefinitions"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_GROUPS = "microsoft.management/managementgroups"
_DEFINITIONS = "Microsoft.ManagedServices/registrationDefinitions"


def tenant_of(tenant: str, draft: Draft) -> tuple[AzureTenant, list[Gap]]:
    """Finish one tenant; gaps name delegations whose definition is missing."""
    gaps: list[Gap] = []
    people = People(tenant)
    found = _assignments(tenant, draft, people, gaps)
    machines = with_consoles(draft, draft.fleet.finished())
    hidden: tuple[str, ...] = ()
    if draft.fleet.unnamed:
        known = listed_identities(draft.of(resource_rows.UserAssignedRow))
        hidden = () if all_known(machines, known) else (OF_MACHINES,)
        machines = with_identities(machines, known)
    consoles_off, consoles_on, consoles_asked = consoles_of(draft)
    denies = tuple(_denies(draft))
    containers = draft.of(rows.ContainerRow)
    listed = ROOT in draft.lists.whole[_GROUPS]
    below = draft.of(rows.SubscriptionRow)
    hierarchy = hierarchy_of(tenant, containers, below, listed)
    inhabited = {machine.target.scope for machine in machines}
    subscriptions = _subscriptions(draft, inhabited)
    undated = _refused(SCHEDULES, draft, subscriptions, hierarchy)
    dated = with_durations(found, undated, subscriptions, hierarchy)
    activations = activations_of(draft.of(rows.RolePolicyRow))
    active = with_activations(dated, activations)
    workers, hosts = workers_of(draft), hosts_of(draft)
    nodes = nodes_of(draft, workers)
    _introduce(people, draft, machines, (*workers, *hosts))
    classic = tuple(classic_administrators(draft.of(rows.ClassicRow), people))
    assignments = (*active, *classic)
    directory = directory_of(draft, people, assignments, denies)
    roles = _roles(draft) | ({CLASSIC.guid: CLASSIC} if classic else {})
    unread = _refused(EXEMPTIONS.lower(), draft, subscriptions, hierarchy)
    policies = policies_of(draft, unread)
    gaps += policy_gaps(tenant, draft, policies)
    finished = AzureTenant(
        tenant,
        subscriptions,
        hierarchy,
        roles,
        assignments,
        denies,
        tuple(_locks(draft)),
        directory,
        machines,
        workers,
        assignments_unread=frozenset(
            _unread(ASSIGNMENTS, draft, subscriptions, hierarchy)
        ),
        denies_unread=frozenset(_unread(DENIES, draft, subscriptions, hierarchy)),
        nodes=nodes,
        stand_ins=stand_ins_of(draft),
        hosts=hosts,
        unlisted=unlisted(draft, workers, nodes)
        | unread_rules(policies).union(
            unread_refinements(
                draft,
                inhabited,
                hierarchy,
                directory,
                assignments,
            ),
            hidden,
        ),
        usage=usages_of(draft, tenant, subscriptions),
        federated=tuple(sorted(set(federated_of(draft)))),
        activations=activations,
        policies=policies,
        extensions=frozenset(draft.extensions),
        roles_unread=_roles_unread(draft),
        consoles_off=consoles_off,
        consoles_on=consoles_on,
        consoles_asked=consoles_asked,
    )
    return finished, gaps


def _assignments(
    tenant: str, draft: Draft, people: People, gaps: list[Gap]
) -> tuple[Assignment, ...]:
    timed = ((row, origin.at) for row, origin in draft.with_origin(rows.ScheduleRow))
    listed, bare = _role_assignments(draft)
    found = list(active_assignments(listed, timed, bare))
    later = ((row, o.at) for row, o in draft.with_origin(rows.EligibilityRow))
    found += eligibilities(later)
    found += _delegations(tenant, draft, people, gaps)
    return tuple(sorted(found, key=lambda a: (a.source, a.id, a.principal, a.role)))


def _role_assignments(
    draft: Draft,
) -> tuple[list[rows.RoleAssignmentRow], list[rows.RoleAssignmentRow]]:
    """Return the rows, and apart those of lists that were cut down to less."""
    listed: list[rows.RoleAssignmentRow] = []
    bare: list[rows.RoleAssignmentRow] = []
    for row, origin in draft.with_origin(rows.RoleAssignmentRow):
        cut_down = origin.selected and "condition" not in origin.selected.lower()
        (bare if cut_down else listed).append(row)
    return listed, bare


def _delegations(
    tenant: str, draft: Draft, people: People, gaps: list[Gap]
) -> Iterator[Assignment]:
    definitions = {normalized(row.id): row for row in draft.of(rows.DelegationRow)}
    registrations = {normalized(r.id): r for r in draft.of(rows.RegistrationRow)}
    for _, row in sorted(registrations.items()):
        given = delegated_by(row, definitions)
        if given is None:
            gaps.append(_undefined(tenant, row))
            continue
        managing = (given.managed_by_tenant_id or "").lower()
        both = (given.authorizations, given.eligible_authorizations)
        for authorization in (one for some in both for one in some or ()):
            name = authorization.principal_id_display_name
            people.add(authorization.principal_id, name, "foreign", True, managing)
        yield from delegations(row, given)


def _undefined(tenant: str, row: rows.RegistrationRow) -> Gap:
    why = f"{row.id} names a definition that is not in evidence"
    effect = "who the delegation lets in unknown"
    outcome = Outcome.INCOMPLETE
    return Gap(Provider.AZURE, tenant, _DEFINITIONS, "", "{}", outcome, why, effect)


def _roles(draft: Draft) -> dict[str, RoleDefinition]:
    found: dict[str, RoleDefinition] = {}
    for role in map(role_of, draft.of(rows.RoleDefinitionRow)):
        found.setdefault(role.guid, role)
    return found


def _roles_unread(draft: Draft) -> bool:
    """Say whether there may be roles in nobody's hands that evidence does not hold.

    One role that was asked for by its GUID and not read is unknown to its holders.
    """
    lists = {one for one in draft.lists.broken[_ROLES] if not _GUID.fullmatch(one)}
    return bool(lists) or not draft.lists.whole[_ROLES]


def _denies(draft: Draft) -> Iterator[DenyAssignment]:
    seen: set[str] = set()
    for row, origin in draft.with_origin(rows.DenyRow):
        key = normalized(row.id)
        if key not in seen:
            seen.add(key)
            yield deny_of(row, origin.api_version)


def _locks(draft: Draft) -> Iterator[Lock]:
    found = {normalized(row.id): row for row in draft.of(rows.LockRow)}
    return (lock_of(row) for _, row in sorted(found.items()))


def _subscriptions(draft: Draft, inhabited: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in draft.of(rows.SubscriptionRow):
        name = (row.subscription_id or last_segment(row.id)).lower()
        found.setdefault(name, row.display_name or row.name or "")
    for subscription in inhabited:
        found.setdefault(subscription, "")
    return dict(sorted(found.items()))


def _unread(
    op: str, draft: Draft, subscriptions: Mapping[str, str], hierarchy: Hierarchy
) -> Iterator[str]:
    for subscription in subscriptions:
        above, _ = hierarchy.chain(subscription)
        if not draft.lists.known(op, subscription, above):
            yield subscription


def _refused(
    op: str, draft: Draft, subscriptions: Mapping[str, str], hierarchy: Hierarchy
) -> frozenset[str]:
    """Return the subscriptions of an unread list, if anybody asked for it at all."""
    if not draft.lists.broken[op]:
        return frozenset()
    return frozenset(_unread(op, draft, subscriptions, hierarchy))


def _introduce(
    people: People,
    draft: Draft,
    machines: Iterable[Machine],
    resources: Iterable[Workers | Host],
) -> None:
    """Name the principals: the directory first, then who else was met."""
    users = list(draft.of(UserRow))
    users.sort(key=_is_bare)
    people.add_users(users)
    people.add_groups(draft.of(GroupRow))
    people.add_service_principals(draft.of(ServicePrincipalRow))
    people.add_members(draft.members)
    for row in draft.of(resource_rows.UserAssignedRow):
        if row.properties and row.properties.principal_id:
            people.add(row.properties.principal_id, row.name, "managed-identity")
    for machine in machines:
        for identity in machine.identities:
            people.add(identity, machine.target.name, "managed-identity")
    for resource in resources:
        for identity in resource.identities:
            people.add(identity, last_segment(resource.id), "managed-identity")
    for said in _said(draft):
        people.add_assigned(said.principal_id, said.principal_type, said.principal_name)


def _is_bare(row: UserRow) -> bool:
    """A row of a list that was cut down: another one may say who that is."""
    return row.display_name is None and row.user_principal_name is None


def _said(draft: Draft) -> Iterator[rows.AssignmentProperties]:
    for assignment in draft.of(rows.RoleAssignmentRow):
        yield assignment.properties
    for schedule in draft.of(rows.ScheduleRow):
        yield schedule.properties
    for eligibility in draft.of(rows.EligibilityRow):
        yield eligibility.properties
