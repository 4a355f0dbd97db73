"""Roles of the Entra directory, and permissions of applications: who holds them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from scanner.azure.definitions import object_id
from scanner.azure.directory_rows import (
    DirectoryAssignmentRow,
    DirectoryDefinitionRow,
    DirectoryEligibilityRow,
    DirectoryRoleRow,
    PartnerRow,
    PermissionGivenRow,
    ServicePrincipalRow,
)
from scanner.azure.drafts import Draft
from scanner.azure.entra import DirectoryRole
from scanner.azure.powers import GRAPH, PERMISSIONS, POWERS, Power, power_of
from scanner.azure.rbac.scopes import ROOT
from scanner.azure.times import begin_of, is_over
from scanner.grants import Standing

_LIST = "graph/roleassignments"
_PERMISSIONS = "graph/serviceprincipals/approleassignedto"
_DEFINED = "graph/roledefinitions"
_PARTNERS = "graph/crosstenantaccesspolicy/partners"
_APPLICATION = "serviceprincipal"
#: Ways up that nobody has read, as coverage names them.
APPLICATIONS = "permissions of applications on Microsoft Graph"
CUSTOM = "definitions of directory roles"
PARTNERS = "directory roles of partners (GDAP)"
#: The lists that would say so.
WAYS_UP = {
    APPLICATIONS: "graph/servicePrincipals/appRoleAssignedTo",
    CUSTOM: "graph/roleDefinitions",
    PARTNERS: "graph/crossTenantAccessPolicy/partners",
}


def directory_roles(draft: Draft) -> tuple[DirectoryRole, ...]:
    """Return who holds a role of the directory, or may activate one, each once."""
    found = dict.fromkeys(sorted(_held(draft)))
    return tuple(found)


def roles_listed(draft: Draft) -> bool:
    """Say whether the holders of every role were read to the end."""
    return ROOT in draft.lists.whole[_LIST]


def roles_read(draft: Draft) -> bool:
    """Say whether anybody asked who holds a role of the directory, and got it whole.

    Of permissions of applications a refusal counts too, of their list or of the one
    that says which application Microsoft Graph is.
    """
    listed = any(row.members is not None for row in draft.of(DirectoryRoleRow))
    lists = (_LIST, _PERMISSIONS, "graph/serviceprincipals")
    broken = any(draft.lists.broken[op] for op in lists)
    return (listed or bool(draft.lists.whole[_LIST])) and not broken


def _held(draft: Draft) -> Iterator[DirectoryRole]:
    templates = {
        object_id(row.id): object_id(row.role_template_id)
        for row in draft.of(DirectoryRoleRow)
        if row.role_template_id
    }
    for row in draft.of(DirectoryRoleRow):
        role = templates.get(object_id(row.id), object_id(row.id))
        for member in row.members or ():
            yield DirectoryRole(object_id(member.id), role, row.id)
    yield from _permissions(draft)
    for held in draft.of(DirectoryAssignmentRow):
        yield _role(held, templates, Standing.PERMANENT)
    for given, origin in draft.with_origin(DirectoryEligibilityRow):
        if not is_over(given, origin.at):
            begins = begin_of(given, origin.at) or ""
            yield replace(_role(given, templates, Standing.ELIGIBLE), begins=begins)


def _permissions(draft: Draft) -> Iterator[DirectoryRole]:
    """Yield permissions on Microsoft Graph that count, by whom they were given to.

    Another application may have a role of the same id.
    """
    others = {
        object_id(row.id)
        for row in draft.of(ServicePrincipalRow)
        if row.app_id and object_id(row.app_id) != GRAPH
    }
    for row in draft.of(PermissionGivenRow):
        permission, resource = object_id(row.app_role_id), row.resource_id
        if (row.principal_type or _APPLICATION).lower() != _APPLICATION:
            continue
        if permission in PERMISSIONS and object_id(resource or "") not in others:
            yield DirectoryRole(object_id(row.principal_id), permission, row.id or "")


def powers_of(draft: Draft) -> dict[str, Power]:
    """Return what roles let their holders become, those of the directory's own too."""
    found = dict(POWERS)
    for row in draft.of(DirectoryDefinitionRow):
        role = object_id(row.template_id or row.id)
        if row.is_built_in or role in POWERS:
            continue
        blocks = row.role_permissions or ()
        actions = (a for one in blocks for a in one.allowed_resource_actions or ())
        power = power_of(row.display_name or role, actions)
        if power is not None:
            found[role] = found[object_id(row.id)] = power
    return found


def unread_powers(draft: Draft) -> Iterator[str]:
    """Yield what of the directory nobody has read that leads to commands, in words."""
    if not _read(draft, _PERMISSIONS):
        yield APPLICATIONS
    known = {object_id(row.id) for row in draft.of(DirectoryDefinitionRow)}
    held = {
        object_id(row.role_definition_id) for row in draft.of(DirectoryAssignmentRow)
    }
    if held - known - POWERS.keys() and not _read(draft, _DEFINED):
        yield CUSTOM
    if not _read(draft, _PARTNERS):
        yield PARTNERS
    for row in draft.of(PartnerRow):
        if row.is_service_provider:
            yield f"{PARTNERS} of {object_id(row.tenant_id)}"


def _read(draft: Draft, op: str) -> bool:
    """Say whether a list was read whole wherever it was asked."""
    return bool(draft.lists.whole[op]) and not draft.lists.broken[op]


def _role(
    row: DirectoryAssignmentRow | DirectoryEligibilityRow,
    templates: Mapping[str, str],
    standing: Standing,
) -> DirectoryRole:
    role = object_id(row.role_definition_id)
    scope = (row.directory_scope_id or "/").strip("/").lower()
    return DirectoryRole(
        object_id(row.principal_id),
        templates.get(role, role),
        row.id or "",
        scope,
        standing,
    )
