"""The shapes of API answers about identities: only the members that the loader needs.

Required members are those without which a row means nothing; a page's list is required,
because an answer without it is no answer. Whether an answer is the last page is known
before (`scanner.evidence.partial`). Documents stay raw until they are interned.
"""

from typing import Annotated

import msgspec

#: What names something: an empty one names nothing, and its row says nothing.
Name = Annotated[str, msgspec.Meta(min_length=1)]
NO_DOCUMENT = msgspec.Raw(b"null")


class Row(msgspec.Struct, rename="pascal", kw_only=True, gc=False):
    """A row or page; `odd` names members that could not be read (never from JSON)."""

    odd: tuple[str, ...] = msgspec.field(default=(), name="#odd")


class Tag(Row):
    """One tag."""

    key: str
    value: str = ""


# ---- iam ----


class InlinePolicy(Row, kw_only=True):
    """A policy embedded in a user, role or group."""

    policy_name: str = ""
    policy_document: msgspec.Raw


class AttachedPolicy(Row):
    """A managed policy by reference."""

    policy_arn: str


class Boundary(Row):
    """A permissions boundary by reference."""

    permissions_boundary_arn: str


class LastUsed(Row):
    """When a role was last used."""

    last_used_date: str | None = None


class InstanceProfile(Row):
    """An instance profile, as listed under its role."""

    arn: str


class Entity(Row, kw_only=True):
    """What users, roles and groups share."""

    arn: str
    path: str = "/"
    attached_managed_policies: list[AttachedPolicy] = []
    permissions_boundary: Boundary | None = None
    tags: list[Tag] = []
    create_date: str | None = None


class User(Entity, kw_only=True):
    """A row of `UserDetailList`."""

    user_name: str
    user_id: str = ""
    group_list: list[str] = []
    user_policy_list: list[InlinePolicy] = []
    password_last_used: str | None = None


class Group(Entity, kw_only=True):
    """A row of `GroupDetailList`."""

    group_name: str
    group_policy_list: list[InlinePolicy] = []


class Role(Entity, kw_only=True):
    """A row of `RoleDetailList`."""

    role_name: str
    role_id: str = ""
    assume_role_policy_document: msgspec.Raw = NO_DOCUMENT
    role_policy_list: list[InlinePolicy] = []
    instance_profile_list: list[InstanceProfile] = []
    role_last_used: LastUsed | None = None


class PolicyVersion(Row, kw_only=True):
    """One version of a managed policy."""

    version_id: str = ""
    is_default_version: bool = False
    document: msgspec.Raw


class ManagedPolicy(Row):
    """A row of `Policies`."""

    arn: str
    default_version_id: str = ""
    policy_version_list: list[PolicyVersion] = []


class AuthorizationDetails(Row):
    """`iam:GetAccountAuthorizationDetails`."""

    user_detail_list: list[User]
    group_detail_list: list[Group]
    role_detail_list: list[Role]
    policies: list[ManagedPolicy]


class OnePolicy(Row):
    """`iam:GetPolicy`."""

    policy: ManagedPolicy


class OnePolicyVersion(Row):
    """`iam:GetPolicyVersion`."""

    policy_version: PolicyVersion


class AccountSummary(Row):
    """`iam:GetAccountSummary`."""

    summary_map: dict[str, int]


class RoleReference(Row):
    """A role inside an instance profile."""

    arn: str


class InstanceProfileDetail(InstanceProfile):
    """A row of `iam:ListInstanceProfiles`."""

    roles: list[RoleReference] = []


class InstanceProfiles(Row):
    """`iam:ListInstanceProfiles`."""

    instance_profiles: list[InstanceProfileDetail]


class ProviderReference(Row):
    """An OIDC or SAML provider by ARN."""

    arn: Name


class OidcProviders(Row):
    """`iam:ListOpenIDConnectProviders`."""

    open_id_connect_provider_list: list[ProviderReference] = msgspec.field(
        name="OpenIDConnectProviderList"
    )


class SamlProviders(Row):
    """`iam:ListSAMLProviders`."""

    saml_provider_list: list[ProviderReference] = msgspec.field(name="SAMLProviderList")


class OidcProvider(Row):
    """`iam:GetOpenIDConnectProvider`; `client_ids` are the audiences it takes."""

    url: str
    client_ids: list[str] | None = msgspec.field(name="ClientIDList", default=None)


class DelegationRequestRow(Row):
    """A request of a partner to act in the account for a while."""

    id: Name = msgspec.field(name="DelegationRequestId")
    requestor_id: Name
    state: str = ""
    approver_id: str | None = None
    requestor_name: str | None = None
    permission_policy: str | None = None


class DelegationRequests(Row):
    """`iam:ListDelegationRequests`."""

    delegation_requests: list[DelegationRequestRow]


class Aliases(Row):
    """`iam:ListAccountAliases`."""

    account_aliases: list[str]


class CallerIdentity(Row):
    """`sts:GetCallerIdentity`."""

    arn: str
