"""Type what brings code or templates to nodes with rights of its own.

Deployment groups and environments hold instances; stacks, experiments and response
plans hold a role.
"""

from collections.abc import Iterable, Iterator

from scanner.aws.arn import Arn, parse_arn
from scanner.aws.loading import deployment_answers as api
from scanner.aws.loading.identities import tags_of
from scanner.aws.loading.scope import Scope
from scanner.aws.running import Holder, Tagged

DEPLOYMENT_GROUPS = "codedeploy:ListDeploymentGroups"
APPLICATIONS = "codedeploy:ListApplications"
DEPLOYMENT_GROUP = "codedeploy:GetDeploymentGroup"
ENVIRONMENTS = "elasticbeanstalk:DescribeEnvironments"
STACKS = "cloudformation:DescribeStacks"
STACK_SETS = "cloudformation:ListStackSets"
STACK_SET = "cloudformation:DescribeStackSet"
TEMPLATES = "fis:ListExperimentTemplates"
TEMPLATE = "fis:GetExperimentTemplate"
PLANS = "ssm-incidents:ListResponsePlans"
PLAN = "ssm-incidents:GetResponsePlan"
#: What Elastic Beanstalk tags the instances of an environment with.
_ENVIRONMENT = "elasticbeanstalk:environment-id"
_MODEL = "PermissionModel"
_ENDED = ("Terminated", "DELETE_COMPLETE", "DELETED")
#: Actions of experiments that run an SSM document.
_ON_NODES = "aws:ssm:send-command"
_RUNBOOK = "aws:ssm:start-automation-execution"
_INSTANCES = "aws:ec2:instance"
_EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
_ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"

#: What shows whether there are holders of a kind.
LISTS = {
    "running-deployment": APPLICATIONS,
    "running-beanstalk": ENVIRONMENTS,
    "running-stack": STACKS,
    "running-stackset": STACK_SETS,
    "running-template": TEMPLATES,
    "commanding-template": TEMPLATES,
    "commanding-plan": PLANS,
}


def read_deployments(
    scope: Scope, account: str, partition: str, groups: Iterable[Holder]
) -> Iterator[Holder]:
    """Yield the holders of an account that deploy to nodes.

    Args:
        scope: the account's answers.
        account: its id.
        partition: of its ARNs.
        groups: its Auto Scaling groups, which deployment groups name.
    """
    by_name = {(one.region, _group_name(one.arn)): one.instances for one in groups}
    for answer in scope.read(DEPLOYMENT_GROUP, api.OneDeploymentGroup):
        for page in answer.pages:
            row = page.deployment_group_info
            if row.compute_platform in ("", "Server"):
                name = f"deploymentgroup:{row.application_name}/{row.name}"
                place = (partition, "codedeploy", answer.region, account, name)
                scaled = {
                    instance
                    for group in row.auto_scaling_groups
                    for instance in by_name.get((answer.region, group.name), ())
                }
                yield Holder(
                    str(Arn(*place)),
                    "running-deployment",
                    answer.region,
                    instances=tuple(sorted(scaled)),
                    tagged=_filtered(row),
                )
    yield from _environments(scope)
    yield from _stacks(scope)
    yield from _stack_sets(scope, account, partition)
    yield from _templates(scope)
    yield from _plans(scope)


def _group_name(arn: str) -> str:
    return arn.rpartition("autoScalingGroupName/")[2]


def _filtered(row: api.DeploymentGroup) -> Tagged:
    """Either one list of filters, or lists of which each must fit."""
    lists = row.ec2_tag_set.ec2_tag_set_list if row.ec2_tag_set else []
    found = [filters for filters in (row.ec2_tag_filters, *lists) if filters]
    return tuple(tuple(one.pair for one in filters) for filters in found)


def _environments(scope: Scope) -> Iterator[Holder]:
    for answer in scope.read(ENVIRONMENTS, api.Environments):
        for row in (row for page in answer.pages for row in page.environments):
            if row.status not in _ENDED and row.environment_arn:
                own: Tagged = (((_ENVIRONMENT, row.environment_id),),)
                place = row.environment_arn, "running-beanstalk", answer.region
                yield Holder(*place, tagged=own)


def _stacks(scope: Scope) -> Iterator[Holder]:
    """Stacks that keep a role: whoever updates one need not pass it."""
    for answer in scope.read(STACKS, api.Stacks):
        for row in (row for page in answer.pages for row in page.stacks):
            if row.role_arn and row.stack_status not in _ENDED:
                place = row.stack_id, "running-stack", answer.region, row.role_arn
                yield Holder(*place, tags=tags_of(row.tags))


def _stack_sets(scope: Scope, account: str, partition: str) -> Iterator[Holder]:
    """Stack sets with roles of their own, as far as they reach their own account."""
    for answer in scope.read(STACK_SET, api.OneStackSet):
        for row in (page.stack_set for page in answer.pages):
            if row.permission_model == "SERVICE_MANAGED" or row.status in _ENDED:
                continue
            if _MODEL in row.odd:
                continue  # nobody says that the roles of this account reach it
            iam = f"arn:{partition}:iam::{account}:role/"
            yield Holder(
                row.arn,
                "running-stackset",
                answer.region,
                iam + (row.execution_role_name or _EXECUTION_ROLE),
                tags=tags_of(row.tags),
                entered_by=row.administration_role or iam + _ADMINISTRATION_ROLE,
            )


def _templates(scope: Scope) -> Iterator[Holder]:
    """Experiments: any is there to be rewritten, and some command nodes as they are."""
    for answer in scope.read(TEMPLATE, api.OneTemplate):
        for row in (page.template for page in answer.pages):
            tags = tuple(sorted(row.tags.items()))
            place = answer.region, row.role
            yield Holder(row.arn, "running-template", *place, tags=tags)
            for action in row.actions.values():
                document = action.parameters.get("documentArn", "")
                given = (row.arn, "commanding-template", *place)
                if action.id == _RUNBOOK:
                    yield Holder(*given, tags=tags, document=document)
                if action.id == _ON_NODES:
                    for name in action.targets.values() if row.aimed else ():
                        target = row.targets.get(name, api.ExperimentTarget())
                        ids, tagged = _aimed(target)
                        yield Holder(*given, ids, tags, None, tagged, document)


def _aimed(target: api.ExperimentTarget) -> tuple[tuple[str, ...], Tagged]:
    """Return the instances of a target, by id or by tags that all must fit."""
    arns = filter(None, map(parse_arn, target.resource_arns))
    ids = tuple(sorted(one.resource.rpartition("/")[2] for one in arns))
    return ids, tuple((pair,) for pair in sorted(target.resource_tags.items()))


def _plans(scope: Scope) -> Iterator[Holder]:
    """Response plans by the runbook that each starts."""
    for answer in scope.read(PLAN, api.ResponsePlan):
        for row in answer.pages:
            for one in (action.automation for action in row.actions):
                if one is not None and one.role:
                    place = row.arn, "commanding-plan", answer.region, one.role
                    yield Holder(*place, document=one.document)
