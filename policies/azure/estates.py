"""Changed copies of an Azure estate, and the part of it that a change can touch."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from scanner.azure.model import Assignment, AzureEstate, AzureTenant
from scanner.azure.rbac.roles import RoleDefinition


def tenant_with(
    estate: AzureEstate, assignment_id: str
) -> tuple[str, AzureTenant, Assignment] | None:
    """Return an assignment by its id, with its tenant; None when it is not one."""
    wanted = assignment_id.lower()
    for name, tenant in estate.tenants.items():
        for assignment in tenant.assignments:
            if assignment.id.lower() == wanted:
                return name, tenant, assignment
    return None


def served(tenant: AzureTenant, assignment: Assignment) -> frozenset[str]:
    """Return who holds an assignment: its principal, a group's members, and others.

    Those whom PIM for Groups lets join the group are the others.
    """
    reached = tenant.directory.reached
    inside = reached.get(assignment.principal, frozenset()) | {assignment.principal}
    joining = {who for who, group in tenant.directory.eligible if group in inside}
    return inside.union(joining, *(reached.get(who, ()) for who in joining))


def restricted(estate: AzureEstate, ids: Iterable[str]) -> AzureEstate:
    """Return the estate with only some principals, their groups and what they hold.

    Assignments of groups that may have members nobody has seen stay as well: what they
    leave open is open for these principals too.
    """
    wanted = frozenset(ids)
    tenants = {}
    for name, tenant in estate.tenants.items():
        directory = tenant.directory
        holders = {
            group for group, members in directory.reached.items() if members & wanted
        }
        holders |= wanted | directory.open_groups
        joined = {group for who, group in directory.eligible if who in holders}
        holders |= joined
        holders |= {g for g, members in directory.reached.items() if members & joined}
        kept = tuple(one for one in tenant.assignments if one.principal in holders)
        known = {id_: p for id_, p in directory.principals.items() if id_ in holders}
        smaller = replace(directory, principals=known)
        tenants[name] = replace(tenant, assignments=kept, directory=smaller)
    return replace(estate, tenants=tenants)


def edited(
    estate: AzureEstate,
    change: Callable[[Assignment], Assignment | None],
    roles: Iterable[RoleDefinition] = (),
) -> AzureEstate:
    """Return the estate with some assignments changed or gone, and roles added."""
    new = {role.guid: role for role in roles}
    tenants = {}
    for name, tenant in estate.tenants.items():
        changed = (change(one) for one in tenant.assignments)
        kept = tuple(one for one in changed if one is not None)
        merged = {**tenant.roles, **new}
        tenants[name] = replace(tenant, assignments=kept, roles=merged)
    return replace(estate, tenants=tenants)
