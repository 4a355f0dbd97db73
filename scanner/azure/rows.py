"""Rows of ARM and Graph answers, with the members that decide something.

Only ids are required: a row without one cannot be named, and is a gap. Everything else
may be absent or null, as older API versions and exports leave members out.
"""

from typing import Annotated, ClassVar

import msgspec

#: The id of somebody: an empty one names nobody, and its row says nothing.
Id = Annotated[str, msgspec.Meta(min_length=1)]


class Row(msgspec.Struct, frozen=True, gc=False):
    """Base of all rows; unknown members are ignored.

    `kept`: the members that stay of a row which is otherwise odd; empty: none do, as
    the row then says nothing.
    """

    kept: ClassVar[frozenset[str]] = frozenset()


class PermissionRow(Row, frozen=True, rename="camel"):
    """A block of a role definition or deny assignment."""

    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    data_actions: tuple[str, ...] | None = None
    not_data_actions: tuple[str, ...] | None = None
    condition: str | None = None
    condition_version: str | float | None = None


class RoleDefinitionProperties(Row, frozen=True, rename="camel"):
    """What a role definition says; `type` is `BuiltInRole` or `CustomRole`."""

    permissions: tuple[PermissionRow, ...]
    role_name: str | None = None
    type: str | None = None
    assignable_scopes: tuple[str, ...] | None = None


class RoleDefinitionRow(Row, frozen=True):
    """`Microsoft.Authorization/roleDefinitions`."""

    id: Id
    properties: RoleDefinitionProperties


class AssignmentProperties(Row, frozen=True, rename="camel"):
    """What an assignment or a PIM schedule instance says."""

    role_definition_id: str
    principal_id: Id
    scope: str | None = None
    principal_type: str | None = None
    principal_name: str | None = None
    condition: str | None = None
    condition_version: str | float | None = None
    assignment_type: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    origin_role_assignment_id: str | None = None


class RoleAssignmentRow(Row, frozen=True):
    """`Microsoft.Authorization/roleAssignments`."""

    id: Id
    properties: AssignmentProperties


class ScheduleRow(Row, frozen=True):
    """`Microsoft.Authorization/roleAssignmentScheduleInstances`."""

    id: Id
    properties: AssignmentProperties


class EligibilityRow(Row, frozen=True):
    """`Microsoft.Authorization/roleEligibilityScheduleInstances`."""

    id: Id
    properties: AssignmentProperties


class DenyPrincipalRow(Row, frozen=True):
    """One entry of `principals` or `excludePrincipals`."""

    id: Id
    type: str | None = None


class DenyProperties(Row, frozen=True, rename="camel"):
    """What a deny assignment says."""

    permissions: tuple[PermissionRow, ...]
    principals: tuple[DenyPrincipalRow, ...]
    exclude_principals: tuple[DenyPrincipalRow, ...] | None = None
    deny_assignment_name: str | None = None
    scope: str | None = None
    do_not_apply_to_child_scopes: bool | None = None
    is_system_protected: bool | None = None
    deny_assignment_effect: str | None = None
    condition: str | None = None
    condition_version: str | float | None = None


class DenyRow(Row, frozen=True):
    """`Microsoft.Authorization/denyAssignments`."""

    id: Id
    properties: DenyProperties


class LockProperties(Row, frozen=True):
    """`level` is `ReadOnly` or `CanNotDelete`."""

    level: str


class LockRow(Row, frozen=True):
    """`Microsoft.Authorization/locks`."""

    id: Id
    properties: LockProperties
    name: str | None = None


class AuthorizationRow(Row, frozen=True, rename="camel"):
    """One authorization of a delegation: a foreign principal and its role."""

    principal_id: Id
    role_definition_id: str
    principal_id_display_name: str | None = None
    delegated_role_definition_ids: tuple[str, ...] | None = None


class ApproverRow(Row, frozen=True, rename="camel"):
    """One of a partner's approvers."""

    principal_id: Id


class JustInTimeRow(Row, frozen=True, rename="camel"):
    """What activating an eligible authorization takes; the provider may be `None`."""

    multi_factor_auth_provider: str | None = None
    maximum_activation_duration: str | None = None
    managed_by_tenant_approvers: tuple[ApproverRow, ...] | None = None


class EligibleAuthorizationRow(AuthorizationRow, frozen=True, rename="camel"):
    """One eligible authorization of a delegation."""

    just_in_time_access_policy: JustInTimeRow | None = None


class DelegationProperties(Row, frozen=True, rename="camel"):
    """What a registration definition says."""

    authorizations: tuple[AuthorizationRow, ...] | None = None
    eligible_authorizations: tuple[EligibleAuthorizationRow, ...] | None = None
    managed_by_tenant_id: str | None = None


class DelegationRow(Row, frozen=True):
    """`Microsoft.ManagedServices/registrationDefinitions`."""

    id: Id
    properties: DelegationProperties


class ExpandedDelegation(Row, frozen=True):
    """A definition inside its assignment (`$expandRegistrationDefinition`)."""

    properties: DelegationProperties | None = None


class RegistrationProperties(Row, frozen=True, rename="camel"):
    """What a registration assignment says."""

    registration_definition_id: str
    registration_definition: ExpandedDelegation | None = None


class RegistrationRow(Row, frozen=True):
    """`Microsoft.ManagedServices/registrationAssignments`."""

    id: Id
    properties: RegistrationProperties


class ParentRow(Row, frozen=True):
    """A reference to a management group by id, or by name."""

    id: str | None = None
    name: str | None = None


class DetailsRow(Row, frozen=True, rename="camel"):
    """`details` of a management group; at the root it has no parent."""

    parent: ParentRow | None = None
    management_group_ancestors_chain: tuple[ParentRow, ...] | None = None


class ContainerProperties(Row, frozen=True, rename="camel"):
    """What a management group, or a subscription below one, says of its place."""

    details: DetailsRow | None = None
    parent: ParentRow | None = None
    management_group_ancestors_chain: tuple[ParentRow, ...] | None = None
    children: tuple["ContainerRow", ...] | None = None
    display_name: str | None = None


class ContainerRow(Row, frozen=True):
    """`Microsoft.Management/managementGroups`, its `subscriptions`, `descendants`."""

    id: Id
    type: str | None = None
    properties: ContainerProperties | None = None
    children: tuple["ContainerRow", ...] | None = None


class SubscriptionRow(Row, frozen=True, rename="camel"):
    """`Microsoft.Resources/subscriptions`."""

    id: Id
    subscription_id: str | None = None
    tenant_id: str | None = None
    display_name: str | None = None
    name: str | None = None
    properties: ContainerProperties | None = None


class ApprovalPerson(Row, frozen=True):
    """One who may approve an activation."""

    id: str | None = None


class ApprovalStage(Row, frozen=True, rename="camel"):
    """One stage of an approval."""

    primary_approvers: tuple[ApprovalPerson, ...] | None = None


class ApprovalSetting(Row, frozen=True, rename="camel"):
    """Whether an activation must be approved, and by whom."""

    is_approval_required: bool | None = None
    approval_stages: tuple[ApprovalStage, ...] | None = None


class PolicyRuleRow(Row, frozen=True, rename="camel"):
    """One rule of a PIM policy, told apart by its id."""

    id: str | None = None
    enabled_rules: tuple[str, ...] | None = None
    maximum_duration: str | None = None
    is_enabled: bool | None = None
    setting: ApprovalSetting | None = None


class RolePolicyProperties(Row, frozen=True, rename="camel"):
    """What a PIM policy says of one role at one scope."""

    role_definition_id: str
    scope: str | None = None
    effective_rules: tuple[PolicyRuleRow, ...] | None = None


class RolePolicyRow(Row, frozen=True):
    """`Microsoft.Authorization/roleManagementPolicyAssignments`."""

    id: Id
    properties: RolePolicyProperties


class ClassicProperties(Row, frozen=True, rename="camel"):
    """What a classic administrator says; roles are joined by `;`."""

    email_address: str | None = None
    role: str | None = None


class ClassicRow(Row, frozen=True):
    """`Microsoft.Authorization/classicAdministrators`."""

    id: Id
    properties: ClassicProperties | None = None

    @property
    def is_said(self) -> bool:
        """Say whether it tells who that is, and what."""
        said = self.properties
        return said is not None and bool(said.email_address and said.role)
