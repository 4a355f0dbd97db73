"""Which lists name what nothing describes: they leave unknown what is there."""

from collections.abc import Callable, Sized
from operator import attrgetter
from typing import Any

import msgspec

from scanner.aws.loading import deployments, node_answers
from scanner.aws.loading.answers import Row
from scanner.aws.loading.deployment_answers import CamelRow
from scanner.aws.loading.scope import Scope

STATE_MACHINES = "states:ListStateMachines"
STATE_MACHINE = "states:DescribeStateMachine"
RULES = "events:ListRules"
RULE_TARGETS = "events:ListTargetsByRule"
_GROUPS = deployments.DEPLOYMENT_GROUPS


class _StateMachine(CamelRow):
    arn: str = msgspec.field(name="stateMachineArn")


class _StateMachines(CamelRow):
    state_machines: list[_StateMachine]


class _Applications(CamelRow):
    applications: list[str]


class _DeploymentGroups(CamelRow):
    deployment_groups: list[str]


class _StackSet(Row):
    stack_set_name: str
    status: str = ""


class _StackSets(Row):
    summaries: list[_StackSet]

    @property
    def there(self) -> list[_StackSet]:
        """Those that were not deleted."""
        return [one for one in self.summaries if one.status != "DELETED"]


class _Template(CamelRow):
    id: str


class _Templates(CamelRow):
    experiment_templates: list[_Template]


class _Plan(CamelRow):
    arn: str


class _Plans(CamelRow):
    response_plan_summaries: list[_Plan]


#: (list, its shape, the names on a page, what is asked about each).
_NAMING: tuple[tuple[str, type[Row], Callable[[Any], Sized], str], ...] = (
    (STATE_MACHINES, _StateMachines, attrgetter("state_machines"), STATE_MACHINE),
    (RULES, node_answers.Rules, attrgetter("rules"), RULE_TARGETS),
    (deployments.APPLICATIONS, _Applications, attrgetter("applications"), _GROUPS),
    (
        _GROUPS,
        _DeploymentGroups,
        attrgetter("deployment_groups"),
        deployments.DEPLOYMENT_GROUP,
    ),
    (
        deployments.STACK_SETS,
        _StackSets,
        attrgetter("there"),
        deployments.STACK_SET,
    ),
    (
        deployments.TEMPLATES,
        _Templates,
        attrgetter("experiment_templates"),
        deployments.TEMPLATE,
    ),
    (
        deployments.PLANS,
        _Plans,
        attrgetter("response_plan_summaries"),
        deployments.PLAN,
    ),
)


def describing(op: str) -> tuple[str, ...]:
    """Return the operations that describe what a list names, step by step."""
    next_one = next((asked for listed, _, _, asked in _NAMING if listed == op), None)
    return (next_one, *describing(next_one)) if next_one else ()


def undescribed(scope: Scope) -> set[str]:
    """Return the lists that name more than was asked about; odd ones become gaps."""
    found = set()
    for op, kind, names, asked in _NAMING:
        pages = (page for answer in scope.read(op, kind) for page in answer.pages)
        if sum(len(names(page)) for page in pages) > len(scope.series(asked)):
            found.add(op)
    return found
