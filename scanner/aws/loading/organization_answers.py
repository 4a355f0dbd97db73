"""The shapes of Organizations, Identity Center and identity store answers."""

import msgspec

from scanner.aws.loading.answers import Row

# ---- organizations ----


class OrganizationRow(Row):
    """What an organisation says about itself."""

    id: str
    master_account_id: str = ""
    feature_set: str = ""


class OneOrganization(Row):
    """`organizations:DescribeOrganization`."""

    organization: OrganizationRow


class PolicyType(Row):
    """A policy type and whether it is switched on."""

    type: str
    status: str = ""


class Root(Row):
    """An organisation's root."""

    id: str
    arn: str = ""
    policy_types: tuple[PolicyType, ...] = ()


class Roots(Row):
    """`organizations:ListRoots`."""

    roots: list[Root]


class Unit(Row):
    """An organizational unit."""

    id: str
    arn: str = ""


class Units(Row):
    """`organizations:ListOrganizationalUnitsForParent`."""

    organizational_units: list[Unit]


class Member(Row):
    """A member account."""

    id: str
    arn: str = ""
    name: str = ""


class Members(Row):
    """`organizations:ListAccounts` and `ListAccountsForParent`."""

    accounts: list[Member]


class PolicyReference(Row):
    """A control policy by reference."""

    id: str


class PolicyReferences(Row):
    """`organizations:ListPoliciesForTarget`."""

    policies: list[PolicyReference]


class ControlSummary(Row):
    """What kind of control policy it is."""

    type: str = ""


class ControlPolicy(Row, kw_only=True):
    """A control policy; content is a JSON string."""

    content: msgspec.Raw
    policy_summary: ControlSummary | None = None


class OneControlPolicy(Row):
    """`organizations:DescribePolicy`."""

    policy: ControlPolicy


class Administrator(Row):
    """A delegated administrator account."""

    id: str


class Administrators(Row):
    """`organizations:ListDelegatedAdministrators`."""

    delegated_administrators: list[Administrator]


class DelegatedService(Row):
    """A service that an account administers for the organisation."""

    service_principal: str


class DelegatedServices(Row):
    """`organizations:ListDelegatedServicesForAccount`."""

    delegated_services: list[DelegatedService]


# ---- sso-admin ----


class PermissionSets(Row):
    """`sso-admin:ListPermissionSets`: ARNs."""

    permission_sets: list[str]


class PermissionSet(Row):
    """A permission set."""

    permission_set_arn: str
    name: str = ""


class OnePermissionSet(Row):
    """`sso-admin:DescribePermissionSet`."""

    permission_set: PermissionSet


class Assignment(Row):
    """Who gets a permission set's role in an account."""

    account_id: str
    permission_set_arn: str
    principal_type: str
    principal_id: str


class Assignments(Row):
    """`sso-admin:ListAccountAssignments`."""

    account_assignments: list[Assignment]


# ---- identitystore ----


class StoreUser(Row):
    """A person in the identity store."""

    user_id: str
    user_name: str = ""
    display_name: str = ""


class StoreUsers(Row):
    """`identitystore:ListUsers`."""

    users: list[StoreUser]


class StoreGroup(Row):
    """A group in the identity store."""

    group_id: str
    display_name: str = ""


class StoreGroups(Row):
    """`identitystore:ListGroups`."""

    groups: list[StoreGroup]


class MemberId(Row):
    """Who is a member."""

    user_id: str


class Membership(Row):
    """One person in one group."""

    group_id: str
    member_id: MemberId


class Memberships(Row):
    """`identitystore:ListGroupMemberships`."""

    group_memberships: list[Membership]
