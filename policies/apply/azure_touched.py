"""Whose decisions, and hops, a change to an Azure estate can alter."""

from collections.abc import Iterable, Iterator

from policies.apply.azure_draft import AzureIndex
from policies.apply.azure_policies import POLICY_KINDS
from policies.remediation import Change
from policies.resources import ResourceKind
from scanner.azure.definitions import object_id
from scanner.azure.elsewhere import enclosing
from scanner.azure.handing import HAND_OUT
from scanner.azure.model import Assignment, AzureTenant
from scanner.azure.policies.model import PolicySet
from scanner.azure.rbac.scopes import last_segment, normalized, scope_of

_ASSIGNED = (
    ResourceKind.ROLE_ASSIGNMENT,
    ResourceKind.ROLE_ELIGIBILITY,
    ResourceKind.DELEGATION,
)


def touched_azure(index: AzureIndex, changes: Iterable[Change]) -> frozenset[str]:
    """Return the object ids of the principals that some changes may concern.

    Members of groups, through any number of them, and those who may join one; who may
    hand out a role, where a role changes; and, where an identity is among them that
    code of some resource runs as, whoever holds anything at that resource.
    """
    listed = tuple(changes)
    found: set[str] = set()
    for tenant in index.estate.tenants.values():
        found |= _of_tenant(index, tenant, listed)
    return frozenset(found)


def needed_azure(index: AzureIndex, ids: Iterable[str]) -> frozenset[str]:
    """Return some principals, and the identities that they may have code run as."""
    tenants = index.estate.tenants.values()
    hosts = (host for tenant in tenants for host in tenant.hosts)
    return frozenset(ids).union(*(host.identities for host in hosts))


def _of_tenant(
    index: AzureIndex, tenant: AzureTenant, changes: Iterable[Change]
) -> set[str]:
    found: set[str] = set()
    for change in changes:
        found.update(_served(index, tenant, change))
    waiting, done = found, set[str]()
    while waiting:
        done |= waiting
        waiting = {*_inside(tenant, waiting), *_at_hosts(tenant, done)} - done
    return done


def _served(index: AzureIndex, tenant: AzureTenant, change: Change) -> Iterator[str]:
    resource = change.resource
    if resource.kind in _ASSIGNED:
        yield from _principals(change)
        home, places = index.assignments.get(normalized(resource.id), ("", ()))
        if home == tenant.id:
            yield from (tenant.assignments[n].principal for n in places)
    elif resource.kind is ResourceKind.ROLE_DEFINITION:
        guid = object_id(last_segment(resource.id))
        yield from (
            one.principal
            for one in tenant.assignments
            if one.role == guid or _hands_out(tenant, one)
        )
    elif resource.kind in (ResourceKind.DENY_ASSIGNMENT, ResourceKind.LOCK):
        yield from _holding_near(tenant, _scope(change))
    elif resource.kind in POLICY_KINDS:
        for scope in _policed(tenant, change):
            yield from _holding_near(tenant, scope)
    elif resource.kind is ResourceKind.MEMBERSHIP:
        yield object_id(resource.name)
    elif resource.kind is ResourceKind.IDENTITY:
        wanted = normalized(resource.name) if resource.name else ""
        for host in tenant.hosts:
            if host.kind == "identity" and host.scope == wanted:
                yield from host.identities
        yield from _principals(change)


def _principals(change: Change) -> Iterator[str]:
    """Yield the principals that the bodies of a change name, delegated ones too."""
    for body in (change.before, change.after):
        properties = body.get("properties") if isinstance(body, dict) else None
        if not isinstance(properties, dict):
            continue
        definition = properties.get("registrationDefinition")
        given = definition.get("properties") if isinstance(definition, dict) else None
        rows = [properties]
        for name in ("authorizations", "eligibleAuthorizations"):
            some = given.get(name) if isinstance(given, dict) else None
            rows += [one for one in some or () if isinstance(one, dict)]
        found = (row.get("principalId") for row in rows)
        yield from (object_id(one) for one in found if isinstance(one, str))


def _hands_out(tenant: AzureTenant, one: Assignment) -> bool:
    role = tenant.roles.get(one.role)
    return role is None or any(role.granting(HAND_OUT, False))


def _scope(change: Change) -> str:
    for body in (change.after, change.before):
        properties = body.get("properties") if isinstance(body, dict) else None
        scope = properties.get("scope") if isinstance(properties, dict) else None
        if isinstance(scope, str):
            return normalized(scope)
    return scope_of(change.resource.id)


def _policed(tenant: AzureTenant, change: Change) -> frozenset[str]:
    """Return where a change of a policy counts: where what it is part of is assigned.

    One that is made and assigned by the same changes counts where it is assigned.
    """
    resource, policies = change.resource, tenant.policies
    if resource.kind is ResourceKind.POLICY_ASSIGNMENT:
        return frozenset({_scope(change)})
    if resource.kind is ResourceKind.POLICY_EXEMPTION:
        return frozenset({scope_of(resource.id)})
    key = normalized(resource.id)
    using = {key, *(id_ for id_, one in policies.sets.items() if _holds(one, key))}
    return frozenset(
        one.scope for one in policies.assignments.values() if one.definition in using
    )


def _holds(one: PolicySet, definition: str) -> bool:
    return any(member.definition == definition for member in one.members)


def _holding_near(tenant: AzureTenant, scope: str) -> Iterator[str]:
    """Yield who holds anything at a scope, above it or below it."""
    above = enclosing(tenant.hierarchy, scope)
    for one in tenant.assignments:
        if one.scope in above or scope in enclosing(tenant.hierarchy, one.scope):
            yield one.principal


def _inside(tenant: AzureTenant, ids: Iterable[str]) -> Iterator[str]:
    """Yield the members of those that are groups, and who may join them."""
    directory = tenant.directory
    some = set(ids)
    for group in some:
        yield from directory.reached.get(group, ())
        members = directory.members.get(group)
        yield from members.ids if members else ()
    yield from (who for who, group in directory.eligible if group in some)


def _at_hosts(tenant: AzureTenant, ids: set[str]) -> Iterator[str]:
    for host in tenant.hosts:
        if not ids.isdisjoint(host.identities):
            yield from _holding_near(tenant, host.scope)
