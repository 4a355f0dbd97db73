"""Rows of Microsoft Graph answers: who there is, and who belongs to or owns what."""

from typing import Any

import msgspec

from scanner.azure.rows import Id, Row


class UserRow(Row, frozen=True, rename="camel"):
    """`graph/users`."""

    id: Id
    display_name: str | None = None
    user_principal_name: str | None = None
    user_type: str | None = None
    created_date_time: str | None = None
    #: Left as it is: an odd one must not cost the user's name.
    sign_in_activity: Any = None


class ReferenceRow(Row, frozen=True):
    """An owner, by id."""

    id: Id


class GroupRow(Row, frozen=True, rename="camel"):
    """`graph/groups`."""

    id: Id
    display_name: str | None = None
    membership_rule: str | None = None
    group_types: tuple[str, ...] | None = None
    on_premises_sync_enabled: bool | None = None
    is_assignable_to_role: bool | None = None
    owners: tuple[ReferenceRow, ...] | None = None


class MemberRow(Row, frozen=True, rename="camel"):
    """`graph/groups/members` and `transitiveMembers`: any kind of directory object."""

    id: Id
    odata_type: str | None = msgspec.field(name="@odata.type", default=None)
    display_name: str | None = None
    user_principal_name: str | None = None
    user_type: str | None = None
    service_principal_type: str | None = None
    app_owner_organization_id: str | None = None


class ServicePrincipalRow(Row, frozen=True, rename="camel"):
    """`graph/servicePrincipals`, managed identities among them."""

    id: Id
    app_id: str | None = None
    display_name: str | None = None
    service_principal_type: str | None = None
    app_owner_organization_id: str | None = None
    owners: tuple[ReferenceRow, ...] | None = None


class ApplicationRow(Row, frozen=True, rename="camel"):
    """`graph/applications`."""

    id: Id
    app_id: str | None = None
    owners: tuple[ReferenceRow, ...] | None = None


class AdmittedRow(Row, frozen=True):
    """`graph/applications/federatedIdentityCredentials`, asked for one application."""

    id: Id
    issuer: str | None = None
    subject: str | None = None


class OwnerRow(Row, frozen=True):
    """`graph/owners`, asked for one object."""

    id: Id


class DirectoryRoleRow(Row, frozen=True, rename="camel"):
    """`graph/directoryRoles`, with who is in it where that was expanded."""

    id: Id
    display_name: str | None = None
    role_template_id: str | None = None
    members: tuple[ReferenceRow, ...] | None = None


class DirectoryAssignmentRow(Row, frozen=True, rename="camel"):
    """`graph/roleAssignments`: a role of the directory, or of some of its objects."""

    role_definition_id: Id
    principal_id: Id
    id: str | None = None
    directory_scope_id: str | None = None


class DirectoryEligibilityRow(Row, frozen=True, rename="camel"):
    """`graph/roleEligibilityScheduleInstances`."""

    role_definition_id: Id
    principal_id: Id
    id: str | None = None
    directory_scope_id: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None


class GroupEligibilityRow(Row, frozen=True, rename="camel"):
    """`graph/groupEligibility`: PIM for Groups."""

    group_id: Id
    principal_id: Id
    access_id: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None


class AllowedRow(Row, frozen=True, rename="camel"):
    """What a role of the directory allows."""

    allowed_resource_actions: tuple[str, ...] | None = None


class DirectoryDefinitionRow(Row, frozen=True, rename="camel"):
    """`graph/roleDefinitions`: what a role of the directory allows."""

    id: Id
    template_id: str | None = None
    display_name: str | None = None
    is_built_in: bool | None = None
    role_permissions: tuple[AllowedRow, ...] | None = None


class PermissionGivenRow(Row, frozen=True, rename="camel"):
    """`graph/servicePrincipals/appRoleAssignedTo`: a permission of an application."""

    app_role_id: Id
    principal_id: Id
    id: str | None = None
    principal_type: str | None = None
    resource_id: str | None = None


class PartnerRow(Row, frozen=True, rename="camel"):
    """`graph/crossTenantAccessPolicy/partners`."""

    tenant_id: str
    is_service_provider: bool | None = None
