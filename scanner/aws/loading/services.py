"""Type what runs already in an account: functions, state machines, groups, tasks."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner import gaps
from scanner.aws.arn import parse_arn
from scanner.aws.loading import deployments
from scanner.aws.loading import node_answers as api
from scanner.aws.loading.descriptions import (
    RULE_TARGETS,
    RULES,
    STATE_MACHINE,
    STATE_MACHINES,
    describing,
    undescribed,
)
from scanner.aws.loading.identities import tags_of
from scanner.aws.loading.scope import Scope
from scanner.aws.model import Consumer, Holder

FUNCTIONS = "lambda:ListFunctions"
GROUPS = "autoscaling:DescribeAutoScalingGroups"
ASSOCIATIONS = "ssm:ListAssociations"
TASKS = "ssm:DescribeMaintenanceWindowTasks"
TARGETS = "ssm:DescribeMaintenanceWindowTargets"
WINDOWS = "ssm:DescribeMaintenanceWindows"
#: How a window's task refers to targets that are registered with the window.
_REGISTERED = "WindowTargetIds"
_RUNS_DOCUMENTS = ("RUN_COMMAND", "AUTOMATION", "")

#: What shows whether there are holders of a kind, where not the tags of nodes do.
_LISTS = {
    "function": FUNCTIONS,
    "running-statemachine": STATE_MACHINES,
    "commanding-statemachine": STATE_MACHINES,
    "running-group": GROUPS,
    "running-rule": RULES,
    "document-at-latest": ASSOCIATIONS,
    "document-at-default": ASSOCIATIONS,
    **deployments.LISTS,
}
#: What else runs documents, and which groups deployments reach the instances of.
_ALSO = {
    ASSOCIATIONS: (WINDOWS, TASKS, TARGETS, RULES, RULE_TARGETS),
    deployments.APPLICATIONS: (GROUPS,),
}
#: What evidence shows without a list of its own: tags of nodes, and roles.
_ALWAYS = {"running-cluster", "running-environment", "stackset-role"}

_Targets = tuple[tuple[str, tuple[str, ...]], ...]


def read_holders(scope: Scope, account: str, partition: str) -> tuple[Holder, ...]:
    """Return what runs with a role or on instances of its own, sorted by ARN.

    `account`, `partition`: for ARNs that answers leave out.
    """
    groups = list(_groups(scope))
    found = [
        *_functions(scope),
        *_state_machines(scope),
        *groups,
        *_rules(scope),
        *deployments.read_deployments(scope, account, partition, groups),
    ]
    return tuple(sorted(found, key=_in_order))


def read_consumers(scope: Scope) -> tuple[Consumer, ...]:
    """Return what runs SSM documents, sorted by source."""
    found = [*_associations(scope), *_window_tasks(scope), *_rule_targets(scope)]
    return tuple(sorted(found, key=lambda one: (one.region, one.source, one.document)))


def kinds_listed(scope: Scope) -> frozenset[str]:
    """Return the kinds of holders that evidence answers for, in some region at least.

    Where none was listed, ways through them are not decided: their vectors are named
    as not covered, and no verdict changes.
    """
    answered = {
        op for op in _LISTS.values() if any(one.answered for one in scope.series(op))
    }
    by_list = {kind for kind, op in _LISTS.items() if op in answered}
    return frozenset(by_list | _ALWAYS)


def kinds_unread(scope: Scope) -> frozenset[str]:
    """Return the kinds of holders of which some may be there and are not known.

    A list or a description was refused, broken or odd in some region, or a list names
    what nothing describes. Called when all of the account was read: odd rows show then.
    """
    short = undescribed(scope)
    lost = short | {gap.what for gap in scope.gaps}
    return frozenset(
        kind for kind, op in _LISTS.items() if not lost.isdisjoint(_said_by(op))
    )


def _said_by(op: str) -> tuple[str, ...]:
    """Return the operations without which what a list names is not all known."""
    return gaps.ANY, op, *describing(op), *_ALSO.get(op, ())


def _in_order(one: Holder) -> tuple[str, ...]:
    return one.arn, one.kind, one.role, one.document, *one.instances


def _functions(scope: Scope) -> Iterator[Holder]:
    for answer in scope.read(FUNCTIONS, api.Functions):
        for page in answer.pages:
            for row in page.functions:
                region = _region(row.function_arn, answer.region)
                yield Holder(row.function_arn, "function", region, row.role)


def _state_machines(scope: Scope) -> Iterator[Holder]:
    for answer in scope.read(STATE_MACHINE, api.StateMachine):
        for row in answer.pages:
            region = _region(row.arn, answer.region)
            content = row.definition
            kind = "running-statemachine"
            yield Holder(row.arn, kind, region, row.role, content=content)


def _groups(scope: Scope) -> Iterator[Holder]:
    for answer in scope.read(GROUPS, api.ScalingGroups):
        for page in answer.pages:
            for row in page.auto_scaling_groups:
                yield Holder(
                    row.arn,
                    "running-group",
                    _region(row.arn, answer.region),
                    instances=tuple(sorted(one.instance_id for one in row.instances)),
                    tags=None if row.tags is None else tags_of(row.tags),
                )


def _rules(scope: Scope) -> Iterator[Holder]:
    """Rules by each role that they or their targets have; those of services are fixed.

    A rule without a role is listed as well: it is there to be given targets.
    """
    roles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for targets in scope.read(RULE_TARGETS, api.RuleTargets):
        place = targets.region, str(targets.params.get("Rule"))
        rows = (row for page in targets.pages for row in page.targets)
        roles[place] |= {row.role_arn for row in rows if row.role_arn}
    for answer in scope.read(RULES, api.Rules):
        for row in (row for page in answer.pages for row in page.rules):
            own = roles[answer.region, row.name] | {row.role_arn or ""}
            region = _region(row.arn, answer.region)
            for role in sorted(own - {""}) or [""] if not row.managed_by else ():
                yield Holder(row.arn, "running-rule", region, role)


def _associations(scope: Scope) -> Iterator[Consumer]:
    for answer in scope.read(ASSOCIATIONS, api.Associations):
        for page in answer.pages:
            for row in page.associations:
                targets = _targets(row.targets)
                if row.instance_id:
                    targets = (*targets, ("InstanceIds", (row.instance_id,)))
                yield Consumer(
                    f"association/{row.association_id or row.name}",
                    row.name,
                    answer.region,
                    "" if row.odd else row.document_version or "$DEFAULT",
                    targets,
                )


def _window_tasks(scope: Scope) -> Iterator[Consumer]:
    registered = {
        row.window_target_id: _targets(row.targets)
        for answer in scope.read(TARGETS, api.WindowTargets)
        for page in answer.pages
        for row in page.targets
    }
    for answer in scope.read(TASKS, api.WindowTasks):
        for page in answer.pages:
            for row in page.tasks:
                if row.type in _RUNS_DOCUMENTS:
                    yield Consumer(
                        f"windowtask/{row.window_task_id}",
                        row.task_arn,
                        answer.region,
                        "",
                        tuple(_resolved(_targets(row.targets), registered)),
                    )


def _resolved(
    targets: _Targets, registered: dict[str, _Targets]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Put registered targets in the place of their ids; unread ones keep the id."""
    for key, values in targets:
        if key != _REGISTERED:
            yield key, values
            continue
        for value in values:
            yield from registered.get(value, ((key, (value,)),))


def _rule_targets(scope: Scope) -> Iterator[Consumer]:
    for answer in scope.read(RULE_TARGETS, api.RuleTargets):
        for page in answer.pages:
            for row in page.targets:
                arn = parse_arn(row.arn)
                if arn is None or not _is_document(arn.service, arn.resource):
                    continue
                given = row.run_command_parameters
                targets = _targets(given.run_command_targets) if given else ()
                source = f"rule/{answer.params.get('Rule', '')}/{row.id}"
                name = arn.resource.partition("/")[2].partition(":")[0]
                yield Consumer(source, name, answer.region, "", targets)


def _is_document(service: str, resource: str) -> bool:
    return service == "ssm" and resource.startswith(
        ("document/", "automation-definition/")
    )


def _targets(rows: Iterable[api.SsmTarget]) -> _Targets:
    return tuple((row.key, tuple(row.values)) for row in rows)


def _region(arn: str, asked: str) -> str:
    """Return a resource's region: its ARN says it, or else the call."""
    found = parse_arn(arn)
    return (found.region if found else "") or asked
