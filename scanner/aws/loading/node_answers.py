"""The shapes of API answers about nodes, and about what runs commands on them.

As in `scanner.aws.loading.answers`: only the members that the loader needs.
"""

import msgspec

from scanner.aws.loading.answers import InstanceProfile, Row, Tag

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
    tags: list[Tag] = msgspec.field(default_factory=list)


class Reservation(Row):
    """Instances that were started together."""

    instances: list[Instance]


class Instances(Row):
    """`ec2:DescribeInstances`."""

    reservations: list[Reservation]


class SerialConsole(Row):
    """`ec2:GetSerialConsoleAccessStatus`."""

    serial_console_access_enabled: bool


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
    values: list[str] = msgspec.field(default_factory=list)


class Association(Row):
    """A row of `ssm:ListAssociations`."""

    name: str
    association_id: str = ""
    instance_id: str | None = None
    document_version: str | None = None
    targets: list[SsmTarget] = msgspec.field(default_factory=list)


class Associations(Row):
    """`ssm:ListAssociations`."""

    associations: list[Association]


class WindowTarget(Row):
    """A row of `ssm:DescribeMaintenanceWindowTargets`."""

    window_target_id: str
    targets: list[SsmTarget] = msgspec.field(default_factory=list)


class WindowTargets(Row):
    """`ssm:DescribeMaintenanceWindowTargets`."""

    targets: list[WindowTarget]


class WindowTask(Row):
    """A row of `ssm:DescribeMaintenanceWindowTasks`; its version is not in it."""

    task_arn: str
    window_task_id: str = ""
    type: str = ""
    targets: list[SsmTarget] = msgspec.field(default_factory=list)


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

    run_command_targets: list[SsmTarget] = msgspec.field(default_factory=list)


class Rule(Row):
    """A row of `events:ListRules`."""

    name: str
    arn: str
    role_arn: str | None = None
    managed_by: str | None = None


class Rules(Row):
    """`events:ListRules`."""

    rules: list[Rule]


class RuleTarget(Row):
    """A row of `events:ListTargetsByRule`."""

    arn: str
    id: str = ""
    role_arn: str | None = None
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
    instances: list[GroupInstance] = msgspec.field(default_factory=list)
    tags: list[Tag] | None = None


class ScalingGroups(Row):
    """`autoscaling:DescribeAutoScalingGroups`."""

    auto_scaling_groups: list[ScalingGroup]
