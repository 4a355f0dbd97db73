"""Apply changes to a copy of an Azure estate: one function per kind of object."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from policies.apply.azure_directory import introduce, membership
from policies.apply.azure_draft import AzureDraft, AzureIndex, row
from policies.apply.azure_policies import POLICY_KINDS, policy_object
from policies.apply.errors import UnappliableChange, expect, member, no_such
from policies.remediation import Change
from policies.resources import Resource, ResourceKind
from scanner.azure import rows
from scanner.azure.assignments import assignment_of, delegated_by, delegations
from scanner.azure.definitions import deny_of, lock_of, object_id, role_of
from scanner.azure.model import Assignment, AzureEstate, Source
from scanner.azure.rbac.scopes import last_segment, normalized, scope_of
from scanner.grants import Standing

_Apply = Callable[[AzureDraft, Resource, Change], None]


def applied_azure(index: AzureIndex, changes: Iterable[Change]) -> AzureEstate:
    """Return the estate of an index with some changes made, one after the other.

    Raises:
        UnappliableChange: an object that is not there (or there already), a body that
            ARM would not take, a kind of object that the estate does not hold.
    """
    draft = AzureDraft(index)
    for change in changes:
        resource = change.resource
        apply = _KINDS.get(resource.kind)
        if apply is None:
            raise UnappliableChange(change, "this kind of object is not in the estate")
        apply(draft, resource, change)
    return draft.finish()


def _role_definition(draft: AzureDraft, resource: Resource, change: Change) -> None:
    guid = object_id(last_segment(resource.id))
    knowing = [name for name, one in draft.tenants.items() if guid in one.roles]
    expect(change, bool(knowing))
    if change.after is None:
        for name in knowing:
            if any(one.role == guid for one in draft.assignments(name)):
                raise UnappliableChange(change, "it is still assigned")
            tenant = draft.tenants[name]
            roles = {key: role for key, role in tenant.roles.items() if key != guid}
            draft.put(name, replace(tenant, roles=roles))
        return
    role = role_of(row(change, change.after, resource.id, rows.RoleDefinitionRow))
    scopes = (*role.assignable_scopes, resource.scope, scope_of(resource.id))
    for name in knowing or [draft.tenant_at(change, _first(scopes))]:
        tenant = draft.tenants[name]
        draft.put(name, replace(tenant, roles={**tenant.roles, guid: role}))


def _first(scopes: Iterable[str]) -> str:
    return next(normalized(scope) for scope in scopes if scope)


def _role_assignment(draft: AzureDraft, resource: Resource, change: Change) -> None:
    _assigned(draft, resource, change, rows.RoleAssignmentRow, _is_active)


def _is_active(one: Assignment) -> bool:
    return one.source in (Source.ASSIGNMENT, Source.SCHEDULE)


def _is_eligibility(one: Assignment) -> bool:
    return one.source is Source.ELIGIBILITY


def _role_eligibility(draft: AzureDraft, resource: Resource, change: Change) -> None:
    """Set an eligibility, given as schedule, instance or request: by what it gives."""
    _assigned(draft, resource, change, rows.EligibilityRow, _is_eligibility)


def _assigned(
    draft: AzureDraft,
    resource: Resource,
    change: Change,
    kind: type[rows.RoleAssignmentRow] | type[rows.EligibilityRow],
    fits: Callable[[Assignment], bool],
) -> None:
    name, old = draft.found(resource.id, fits)
    if not old and change.before is not None and kind is rows.EligibilityRow:
        name, old = _alike(draft, _given(change, change.before, resource, kind))
    expect(change, bool(old))
    draft.take(name, old)
    if change.after is None:
        return
    new = _given(change, change.after, resource, kind)
    home = draft.tenant_at(change, new.scope, new.principal)
    if kind is rows.EligibilityRow:
        new = _with_activation(draft, home, new)
    if old:
        former = old[0]
        new = replace(new, standing=former.standing, until=former.until)
        new = replace(new, source=former.source, undated=former.undated)
    properties = change.after.get("properties", {})
    introduce(draft, home, [(new.principal, properties.get("principalType"))])
    draft.add(home, new)


def _given(
    change: Change,
    body: Any,
    resource: Resource,
    kind: type[rows.RoleAssignmentRow] | type[rows.EligibilityRow],
) -> Assignment:
    found = row(change, body, resource.id, kind)
    if kind is rows.RoleAssignmentRow:
        return assignment_of(found.id, found.properties, Source.ASSIGNMENT)
    plain = assignment_of(found.id, found.properties, Source.ELIGIBILITY)
    return replace(plain, standing=Standing.ELIGIBLE)


def _alike(draft: AzureDraft, wanted: Assignment) -> tuple[str, list[Assignment]]:
    """Return the eligibilities of the same principal, role and scope."""
    for name in draft.tenants:
        found = [
            one
            for one in draft.assignments(name)
            if _is_eligibility(one) and _holding(one) == _holding(wanted)
        ]
        if found:
            return name, found
    return "", []


def _holding(one: Assignment) -> tuple[str, str, str]:
    return one.principal, one.role, one.scope


def _with_activation(draft: AzureDraft, name: str, new: Assignment) -> Assignment:
    """Take over what activating the same role at the same scope takes."""
    known = draft.tenants[name].activations.get((new.scope, new.role))
    if known is not None:
        return replace(new, activation=known)
    for one in draft.assignments(name):
        alike = (one.role, one.scope) == (new.role, new.scope)
        if alike and _is_eligibility(one) and one.activation is not None:
            return replace(new, activation=one.activation)
    return new


def _deny_assignment(draft: AzureDraft, resource: Resource, change: Change) -> None:
    wanted = normalized(resource.id)
    knowing = [
        (name, one)
        for name, tenant in draft.tenants.items()
        for one in tenant.denies
        if normalized(one.id) == wanted
    ]
    expect(change, bool(knowing))
    for name, one in knowing:
        if one.system:
            raise UnappliableChange(change, "it is system-protected")
        tenant = draft.tenants[name]
        kept = tuple(each for each in tenant.denies if each is not one)
        draft.put(name, replace(tenant, denies=kept))
    if change.after is None:
        return
    listed = row(change, change.after, resource.id, rows.DenyRow)
    deny = deny_of(listed)
    home = draft.tenant_at(change, deny.scope)
    tenant = draft.tenants[home]
    draft.put(home, replace(tenant, denies=(*tenant.denies, deny)))
    named = (
        *listed.properties.principals,
        *(listed.properties.exclude_principals or ()),
    )
    wanted_ids = deny.principals | deny.excluded
    pairs = ((object_id(one.id), one.type) for one in named)
    known = [(id_, kind) for id_, kind in pairs if id_ in wanted_ids]
    introduce(draft, home, [(i, k) for i, k in known if k != "SystemDefined"])


def _lock(draft: AzureDraft, resource: Resource, change: Change) -> None:
    wanted = normalized(resource.id)
    knowing = [
        (name, one)
        for name, tenant in draft.tenants.items()
        for one in tenant.locks
        if normalized(one.id) == wanted
    ]
    expect(change, bool(knowing))
    for name, one in knowing:
        tenant = draft.tenants[name]
        kept = tuple(each for each in tenant.locks if each is not one)
        draft.put(name, replace(tenant, locks=kept))
    if change.after is not None:
        lock = lock_of(row(change, change.after, resource.id, rows.LockRow))
        home = draft.tenant_at(change, lock.scope)
        tenant = draft.tenants[home]
        draft.put(home, replace(tenant, locks=(*tenant.locks, lock)))


def _delegation(draft: AzureDraft, resource: Resource, change: Change) -> None:
    """Set a delegation; its definition stands in it (`registrationDefinition`)."""
    name, old = draft.found(resource.id, lambda one: one.delegated)
    expect(change, bool(old))
    draft.take(name, old)
    if change.after is None:
        return
    registration = row(change, change.after, resource.id, rows.RegistrationRow)
    given = delegated_by(registration, {})
    if given is None:
        raise UnappliableChange(change, "no registrationDefinition in it")
    new = delegations(registration, given)
    home = draft.tenant_at(change, scope_of(resource.id))
    introduce(draft, home, [(one.principal, "ForeignGroup") for one in new])
    managing = (given.managed_by_tenant_id or "").lower()
    directory = draft.tenants[home].directory
    people = dict(directory.principals)
    for one in new:
        if not people[one.principal].scope:
            people[one.principal] = replace(people[one.principal], scope=managing)
    draft.put_directory(home, replace(directory, principals=people))
    draft.add(home, *new)


def _identity(draft: AzureDraft, resource: Resource, change: Change) -> None:
    """Let a machine run as an identity, or no longer."""
    wanted = normalized(resource.id)
    for name, tenant in draft.tenants.items():
        for at, machine in enumerate(tenant.machines):
            if machine.scope != wanted:
                continue
            body = change.after if change.after is not None else change.before
            who = _object_of(tenant.hosts, resource.name) or object_id(
                member(change, (body or {}).get("properties"), "principalId")
            )
            expect(change, who in machine.identities)
            ids = [one for one in machine.identities if one != who]
            ids += [who] if change.after is not None else []
            changed = type(machine)(
                machine.target, machine.scope, tuple(sorted(ids)), machine.lacks
            )
            machines = (*tenant.machines[:at], changed, *tenant.machines[at + 1 :])
            draft.put(name, replace(tenant, machines=machines))
            introduce(draft, name, [(who, "MSI")])
            return
    raise no_such(change, resource.id)


def _object_of(hosts: Iterable[Any], resource_id: str) -> str:
    wanted = normalized(resource_id) if resource_id else ""
    for host in hosts:
        if host.kind == "identity" and host.scope == wanted and host.identities:
            return str(host.identities[0])
    return ""


_KINDS: Mapping[ResourceKind, _Apply] = {
    ResourceKind.ROLE_DEFINITION: _role_definition,
    ResourceKind.ROLE_ASSIGNMENT: _role_assignment,
    ResourceKind.ROLE_ELIGIBILITY: _role_eligibility,
    ResourceKind.DENY_ASSIGNMENT: _deny_assignment,
    ResourceKind.LOCK: _lock,
    ResourceKind.DELEGATION: _delegation,
    ResourceKind.MEMBERSHIP: membership,
    ResourceKind.IDENTITY: _identity,
    **dict.fromkeys(POLICY_KINDS, policy_object),
}
