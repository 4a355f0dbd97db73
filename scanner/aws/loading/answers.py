"""The shapes of API answers: only the members that the loader needs.

Required members are those without which a row means nothing; a page's list is required,
because an answer without it is no answer. Whether an answer is the last page is known
before (`scanner.evidence.partial`). Documents stay raw until they are interned.
"""

import msgspec

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

    arn: str


class OidcProviders(Row):
    """`iam:ListOpenIDConnectProviders`."""

    open_id_connect_provider_list: list[ProviderReference] = msgspec.field(
        name="OpenIDConnectProviderList"
    )


class SamlProviders(Row):
    """`iam:ListSAMLProviders`."""

    saml_provider_list: list[ProviderReference] = msgspec.field(name="SAMLProviderList")


class OidcProvider(Row):
    """`iam:GetOpenIDConnectProvider`."""

    url: str


class Aliases(Row):
    """`iam:ListAccountAliases`."""

    account_aliases: list[str]


class CallerIdentity(Row):
    """`sts:GetCallerIdentity`."""

    arn: str


# ---- ec2 ----


class State(Row):
    """Whether an instance runs."""

    name: str = ""


class MetadataOptions(Row):
    """How an instance's metadata service answers."""

    http_endpoint: str = ""
    http_tokens: str = ""


class Placement(Row):
    """Where an instance is."""

    availability_zone: str = ""


class Instance(Row):
    """An EC2 instance."""

    instance_id: str
    state: State | None = None
    iam_instance_profile: InstanceProfile | None = None
    metadata_options: MetadataOptions | None = None
    placement: Placement | None = None
    tags: list[Tag] = []


class Reservation(Row):
    """Instances that were started together."""

    instances: list[Instance]


class Instances(Row):
    """`ec2:DescribeInstances`."""

    reservations: list[Reservation]


# ---- ssm ----


class Registration(Row):
    """A node that an SSM agent registered."""

    instance_id: str
    ping_status: str = ""
    name: str | None = None
    computer_name: str | None = None
    iam_role: str | None = None
    activation_id: str | None = None
    source_id: str | None = None
    source_type: str | None = None


class Registrations(Row):
    """`ssm:DescribeInstanceInformation`."""

    instance_information_list: list[Registration]


class Activation(Row):
    """A hybrid activation."""

    activation_id: str
    iam_role: str | None = None


class Activations(Row):
    """`ssm:DescribeActivations`."""

    activation_list: list[Activation]


class Setting(Row):
    """A service setting."""

    setting_id: str
    setting_value: str


class OneSetting(Row):
    """`ssm:GetServiceSetting`."""

    service_setting: Setting


class DocumentIdentifier(Row):
    """An SSM document as listed."""

    name: str
    owner: str = ""
    document_type: str = ""
    tags: list[Tag] | None = None


class Documents(Row):
    """`ssm:ListDocuments`."""

    document_identifiers: list[DocumentIdentifier]


class DocumentContent(Row, kw_only=True):
    """`ssm:GetDocument`; content is a string, or an object in hand-written files."""

    name: str = ""
    content: msgspec.Raw
    document_type: str = ""


class DocumentPermission(Row):
    """`ssm:DescribeDocumentPermission`."""

    account_ids: list[str]


class ResourceTags(Row):
    """`ssm:ListTagsForResource`."""

    tag_list: list[Tag]


class SsmTarget(Row):
    """Nodes that something of SSM runs on, by key and values."""

    key: str = ""
    values: list[str] = []


class Association(Row):
    """A row of `ssm:ListAssociations`."""

    name: str
    association_id: str = ""
    instance_id: str | None = None
    document_version: str | None = None
    targets: list[SsmTarget] = []


class Associations(Row):
    """`ssm:ListAssociations`."""

    associations: list[Association]


class WindowTarget(Row):
    """A row of `ssm:DescribeMaintenanceWindowTargets`."""

    window_target_id: str
    targets: list[SsmTarget] = []


class WindowTargets(Row):
    """`ssm:DescribeMaintenanceWindowTargets`."""

    targets: list[WindowTarget]


class WindowTask(Row):
    """A row of `ssm:DescribeMaintenanceWindowTasks`; its version is not in it."""

    task_arn: str
    window_task_id: str = ""
    type: str = ""
    targets: list[SsmTarget] = []


class WindowTasks(Row):
    """`ssm:DescribeMaintenanceWindowTasks`."""

    tasks: list[WindowTask]


# ---- services that run with a role ----


class Function(Row):
    """A row of `lambda:ListFunctions`."""

    function_arn: str
    role: str


class Functions(Row):
    """`lambda:ListFunctions`."""

    functions: list[Function]


class StateMachine(Row):
    """`states:DescribeStateMachine`."""

    arn: str = msgspec.field(name="stateMachineArn")
    role: str = msgspec.field(name="roleArn")
    definition: str | None = msgspec.field(default=None, name="definition")


class RunCommandParameters(Row):
    """Nodes of a rule's target that is a document."""

    run_command_targets: list[SsmTarget] = []


class RuleTarget(Row):
    """A row of `events:ListTargetsByRule`."""

    arn: str
    id: str = ""
    run_command_parameters: RunCommandParameters | None = None


class RuleTargets(Row):
    """`events:ListTargetsByRule`."""

    targets: list[RuleTarget]


class GroupInstance(Row):
    """An instance of an Auto Scaling group."""

    instance_id: str


class ScalingGroup(Row, kw_only=True):
    """A row of `autoscaling:DescribeAutoScalingGroups`."""

    arn: str = msgspec.field(name="AutoScalingGroupARN")
    instances: list[GroupInstance] = []
    tags: list[Tag] | None = None


class ScalingGroups(Row):
    """`autoscaling:DescribeAutoScalingGroups`."""

    auto_scaling_groups: list[ScalingGroup]
