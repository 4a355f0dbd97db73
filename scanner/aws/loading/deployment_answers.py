"""The shapes of API answers about what deploys code or templates to nodes.

As in `scanner.aws.loading.answers`: only the members that the loader needs.
"""

import msgspec

from scanner.aws.loading.answers import Name, Row, Tag


class CamelRow(Row, rename="camel"):
    """A row of an API whose members begin with a small letter."""


# ---- codedeploy ----


class TagFilter(Row):
    """Instances by tag; `Type` says which of key and value count."""

    key: str | None = None
    value: str | None = None
    type: str | None = None

    @property
    def pair(self) -> tuple[str | None, str | None]:
        """Key and value, None standing for any."""
        key = None if self.type == "VALUE_ONLY" else self.key
        value = None if self.type == "KEY_ONLY" else self.value
        return key or None, value


class TagSet(CamelRow):
    """Lists of filters, of which each must fit."""

    ec2_tag_set_list: list[list[TagFilter]] = msgspec.field(default_factory=list)


class NamedGroup(CamelRow):
    """An Auto Scaling group of a deployment group."""

    name: Name


class DeploymentGroup(CamelRow, kw_only=True):
    """Where an application is deployed to."""

    application_name: str
    name: str = msgspec.field(name="deploymentGroupName")
    compute_platform: str = ""
    ec2_tag_filters: list[TagFilter] = msgspec.field(default_factory=list)
    ec2_tag_set: TagSet | None = None
    auto_scaling_groups: list[NamedGroup] = msgspec.field(default_factory=list)


class OneDeploymentGroup(CamelRow):
    """`codedeploy:GetDeploymentGroup`."""

    deployment_group_info: DeploymentGroup


# ---- elasticbeanstalk ----


class Environment(Row):
    """A row of `elasticbeanstalk:DescribeEnvironments`."""

    environment_id: Name
    environment_arn: str = ""
    status: str = ""


class Environments(Row):
    """`elasticbeanstalk:DescribeEnvironments`."""

    environments: list[Environment]


# ---- cloudformation ----


class Stack(Row, kw_only=True):
    """A row of `cloudformation:DescribeStacks`."""

    stack_id: Name
    stack_status: str = ""
    role_arn: str | None = msgspec.field(default=None, name="RoleARN")
    tags: list[Tag] = msgspec.field(default_factory=list)


class Stacks(Row):
    """`cloudformation:DescribeStacks`."""

    stacks: list[Stack]


class StackSet(Row, kw_only=True):
    """A stack set, with the roles by which it reaches accounts."""

    arn: Name = msgspec.field(name="StackSetARN")
    status: str = ""
    permission_model: str = ""
    administration_role: str | None = msgspec.field(
        default=None, name="AdministrationRoleARN"
    )
    execution_role_name: str | None = None
    tags: list[Tag] = msgspec.field(default_factory=list)


class OneStackSet(Row):
    """`cloudformation:DescribeStackSet`."""

    stack_set: StackSet


# ---- fis ----


class ExperimentTarget(CamelRow):
    """What an experiment acts on, by ARNs or by tags that all must fit."""

    resource_arns: list[str] = msgspec.field(default_factory=list)
    resource_tags: dict[str, str] = msgspec.field(default_factory=dict)


class ExperimentAction(CamelRow, kw_only=True):
    """One action of an experiment; its targets are named."""

    id: Name = msgspec.field(name="actionId")
    parameters: dict[str, str] = msgspec.field(default_factory=dict)
    targets: dict[str, str] = msgspec.field(default_factory=dict)


class Template(CamelRow, kw_only=True):
    """An experiment template."""

    arn: Name
    role: Name = msgspec.field(name="roleArn")
    actions: dict[str, ExperimentAction] = msgspec.field(default_factory=dict)
    targets: dict[str, ExperimentTarget] = msgspec.field(default_factory=dict)
    tags: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def aimed(self) -> bool:
        """Whether what it acts on could be read."""
        return "targets" not in self.odd


class OneTemplate(CamelRow):
    """`fis:GetExperimentTemplate`."""

    template: Template = msgspec.field(name="experimentTemplate")


# ---- ssm-incidents ----


class PlanAutomation(CamelRow, kw_only=True):
    """The runbook that a response plan starts."""

    document: str = msgspec.field(name="documentName")
    role: Name = msgspec.field(name="roleArn")


class PlanAction(CamelRow):
    """What a response plan does."""

    automation: PlanAutomation | None = msgspec.field(
        default=None, name="ssmAutomation"
    )


class ResponsePlan(CamelRow):
    """`ssm-incidents:GetResponsePlan`."""

    arn: Name
    actions: list[PlanAction] = msgspec.field(default_factory=list)
