"""What runs already: functions, state machines, groups, and what runs documents."""

import pytest
from aws_estates import ACCOUNT, REGION, account, answer, estate, refusal

from scanner.aws.load import load_aws
from scanner.aws.model import Consumer, Holder
from scanner.evidence.outcomes import Outcome

ROLE = f"arn:aws:iam::{ACCOUNT}:role/robot"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:deploy"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:run"
GROUP = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:u:x/web"
FUNCTIONS, GROUPS = "lambda:ListFunctions", "autoscaling:DescribeAutoScalingGroups"


def loaded(tmp_path, *lines):
    return load_aws(estate(tmp_path, account(*lines))).accounts[ACCOUNT]


def functions(*rows):
    return answer(FUNCTIONS, {"Functions": list(rows)}, region=REGION)


def machine(**members):
    result = {"stateMachineArn": MACHINE, "roleArn": ROLE, "name": "run", **members}
    params = {"stateMachineArn": MACHINE}
    return answer("states:DescribeStateMachine", result, region=REGION, params=params)


def test_functions_and_state_machines_hold_roles(tmp_path):
    """A function by its list, a state machine by its description."""
    row = {"FunctionArn": FUNCTION, "FunctionName": "deploy", "Role": ROLE}

    found = loaded(tmp_path, functions(row), machine(definition='{"States": {}}'))

    assert found.holders == (
        Holder(FUNCTION, "function", REGION, ROLE),
        Holder(MACHINE, "running-statemachine", REGION, ROLE, content='{"States": {}}'),
    )


def test_a_state_machine_whose_definition_is_hidden(tmp_path):
    """What it runs is then not known; it still holds its role."""
    (found,) = loaded(tmp_path, machine()).holders

    assert (found.role, found.content) == (ROLE, None)


def test_groups_hold_instances(tmp_path):
    """An Auto Scaling group by the ARN that policies name."""
    row = {
        "AutoScalingGroupARN": GROUP,
        "AutoScalingGroupName": "web",
        "Instances": [{"InstanceId": "i-2"}, {"InstanceId": "i-1"}],
        "Tags": [{"Key": "Env", "Value": "prod", "ResourceId": "web"}],
    }
    line = answer(GROUPS, {"AutoScalingGroups": [row]}, region=REGION)

    (found,) = loaded(tmp_path, line).holders

    assert found == Holder(
        GROUP,
        "running-group",
        REGION,
        instances=("i-1", "i-2"),
        tags=(("Env", "prod"),),
    )


def test_an_odd_function_does_not_hide_the_others(tmp_path):
    """A row without a role is a gap, and the good row counts."""
    good = {"FunctionArn": FUNCTION, "Role": ROLE}

    found = loaded(tmp_path, functions({"FunctionArn": "x", "Role": 1}, good))

    assert [one.arn for one in found.holders] == [FUNCTION]
    assert any(FUNCTIONS in gap.what for gap in found.gaps)


@pytest.mark.parametrize(
    ("members", "version", "targets"),
    [
        ({}, "$DEFAULT", ()),
        ({"DocumentVersion": "3"}, "3", ()),
        (
            {"Targets": [{"Key": "tag:Env", "Values": ["prod"]}]},
            "$DEFAULT",
            (("tag:Env", ("prod",)),),
        ),
        ({"InstanceId": "i-1"}, "$DEFAULT", (("InstanceIds", ("i-1",)),)),
    ],
)
def test_associations_run_documents(tmp_path, members, version, targets):
    """By version and targets; without a version they follow the default."""
    row = {"Name": "Acme-Run", "AssociationId": "a1", **members}

    found = loaded(tmp_path, answer("ssm:ListAssociations", {"Associations": [row]}))

    source = "association/a1"
    assert found.consumers == (Consumer(source, "Acme-Run", REGION, version, targets),)


def test_a_window_task_names_registered_targets(tmp_path):
    """Their ids are replaced by the targets; one that was not read stays an id."""
    window = {"WindowId": "mw-1"}
    task = {
        "TaskArn": "Acme-Run",
        "WindowTaskId": "t1",
        "Type": "RUN_COMMAND",
        "Targets": [{"Key": "WindowTargetIds", "Values": ["known", "unread"]}],
    }
    other = {"TaskArn": FUNCTION, "WindowTaskId": "t2", "Type": "LAMBDA"}
    target = {
        "WindowTargetId": "known",
        "Targets": [{"Key": "InstanceIds", "Values": ["i-1"]}],
    }
    tasks = {"Tasks": [task, other]}

    (found,) = loaded(
        tmp_path,
        answer("ssm:DescribeMaintenanceWindowTasks", tasks, params=window),
        answer(
            "ssm:DescribeMaintenanceWindowTargets",
            {"Targets": [target]},
            params=window,
        ),
    ).consumers

    assert found.targets == (
        ("InstanceIds", ("i-1",)),
        ("WindowTargetIds", ("unread",)),
    )
    assert (found.document, found.version) == ("Acme-Run", "")


@pytest.mark.parametrize(
    ("arn", "document"),
    [
        (f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/Acme-Run", "Acme-Run"),
        (f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-definition/Acme:$DEFAULT", "Acme"),
        (FUNCTION, None),
    ],
)
def test_rules_run_documents(tmp_path, arn, document):
    """A rule's target that is a document or a runbook; others are none."""
    row = {
        "Id": "1",
        "Arn": arn,
        "RunCommandParameters": {
            "RunCommandTargets": [{"Key": "tag:Env", "Values": ["prod"]}]
        },
    }
    line = answer(
        "events:ListTargetsByRule",
        {"Targets": [row]},
        region=REGION,
        params={"Rule": "nightly"},
    )

    found = loaded(tmp_path, line).consumers

    assert [one.document for one in found] == ([document] if document else [])
    assert all(one.targets == (("tag:Env", ("prod",)),) for one in found)


@pytest.mark.parametrize(
    ("own", "target", "managed", "roles"),
    [
        ("", "", "", [""]),
        ("arn:a", "", "", ["arn:a"]),
        ("", "arn:b", "", ["arn:b"]),
        ("arn:a", "arn:b", "", ["arn:a", "arn:b"]),
        ("arn:a", "", "autoscaling.amazonaws.com", []),
    ],
)
def test_a_rule_is_there_with_each_role_it_has(tmp_path, own, target, managed, roles):
    """Its own role or its targets'; what a service manages nobody else changes."""
    arn = f"arn:aws:events:{REGION}:111122223333:rule/nightly"
    rule = {"Name": "nightly", "Arn": arn, "RoleArn": own, "ManagedBy": managed}
    row = {"Id": "1", "Arn": "arn:aws:sqs:x", "RoleArn": target}
    lines = (
        answer("events:ListRules", {"Rules": [rule]}, region=REGION),
        answer(
            "events:ListTargetsByRule",
            {"Targets": [row]},
            region=REGION,
            params={"Rule": "nightly"},
        ),
    )

    found = loaded(tmp_path, *lines)

    assert [(one.kind, one.role) for one in found.holders] == [
        ("running-rule", role) for role in roles
    ]
    assert "running-rule" in found.listed


def test_what_was_listed_is_known(tmp_path):
    """An empty list is an answer, a refusal and silence are none."""
    empty = loaded(tmp_path / "empty", functions())
    refused = loaded(tmp_path / "refused", refusal(FUNCTIONS, region=REGION))
    silent = loaded(tmp_path / "silent")

    assert "function" in empty.listed
    assert "function" not in refused.listed
    assert "function" not in silent.listed
    assert any(gap.what == FUNCTIONS for gap in refused.gaps)


@pytest.mark.parametrize(
    ("op", "member"),
    [
        ("iam:ListOpenIDConnectProviders", "OpenIDConnectProviderList"),
        ("iam:ListSAMLProviders", "SAMLProviderList"),
        ("iam:ListDelegationRequests", "DelegationRequests"),
        ("iam:ListAccountAliases", "AccountAliases"),
        ("iam:GetAccountSummary", "SummaryMap"),
        (FUNCTIONS, "Functions"),
        (GROUPS, "AutoScalingGroups"),
        ("states:ListStateMachines", "stateMachines"),
        ("events:ListRules", "Rules"),
        ("cloudformation:ListStackSets", "Summaries"),
        ("fis:ListExperimentTemplates", "experimentTemplates"),
        ("ssm-incidents:ListResponsePlans", "responsePlanSummaries"),
        ("codedeploy:ListApplications", "applications"),
        ("codedeploy:ListDeploymentGroups", "deploymentGroups"),
        ("elasticbeanstalk:DescribeEnvironments", "Environments"),
    ],
)
def test_an_odd_list_is_a_gap_whenever_it_is_read(tmp_path, op, member):
    """Well-formed JSON that is no such list says nothing, and coverage says so."""
    empty = {} if op == "iam:GetAccountSummary" else []
    for odd in (None, "x", 5):
        line = answer(op, {member: odd}, region=REGION)
        found = loaded(tmp_path, line).gaps
        assert [(gap.what, gap.outcome) for gap in found] == [(op, Outcome.MALFORMED)]

    assert loaded(tmp_path, answer(op, {member: empty}, region=REGION)).gaps == ()


@pytest.mark.parametrize(
    ("op", "result"),
    [
        ("iam:ListSAMLProviders", {"SAMLProviderList": [{"Arn": ""}]}),
        (
            "iam:ListOpenIDConnectProviders",
            {"OpenIDConnectProviderList": [{"Arn": ""}]},
        ),
        ("cloudformation:DescribeStackSet", {"StackSet": {"StackSetARN": ""}}),
        (
            "cloudformation:DescribeStackSet",
            {"StackSet": {"StackSetARN": MACHINE, "PermissionModel": 5}},
        ),
        (
            "fis:GetExperimentTemplate",
            {"experimentTemplate": {"arn": MACHINE, "roleArn": ""}},
        ),
        ("ssm-incidents:GetResponsePlan", {"arn": ""}),
    ],
)
def test_what_names_nothing_is_a_gap(tmp_path, op, result):
    """An empty name, or a stack set that does not say how it is deployed."""
    found = loaded(tmp_path, answer(op, result, region=REGION))

    assert [gap.what for gap in found.gaps] == [op]
    assert (found.holders, found.saml_providers, found.oidc_providers) == ((), (), {})
