"""What deploys code or templates to nodes: whom it reaches, and with whose rights.

From evidence to the answer, each row with a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    REGION,
    account,
    allow,
    answer,
    instance,
    member,
    organization,
    policy,
    refusal,
    role,
)
from aws_estates import estate as evidence
from aws_estates import user as person

from scanner.aws.decide import decide_aws
from scanner.aws.load import load_aws
from scanner.grants import Verdict

OURS = f"{REGION}:{ACCOUNT}"
SEND = "ssm:SendCommand"


def here(op, result, **params):
    return answer(op, result, region=REGION, params=params)


def reached(tmp_path, vector, *rights, parts=()):
    """Node and its decision, for all that a user with some rights reaches."""
    whole = account(
        person("ann", *rights),
        instance("i-0a1", tags={"Env": "prod", "Team": "web"}),
        instance("i-0b1", tags={"Env": "prod"}),
        instance("i-0c1"),
        *parts,
    )
    around = organization(member(ACCOUNT))
    decided = decide_aws(load_aws(evidence(tmp_path, whole, around)))
    return {
        target.name: grant.decision
        for grant in decided.grants
        if grant.vector.id == vector
        for principal in grant.principals
        if principal.name == "ann"
        for target in grant.targets
    }


def names(found):
    return sorted(found)


def group(**members):
    """A deployment group `shop/prod`."""
    info = {"applicationName": "shop", "deploymentGroupName": "prod", **members}
    return (
        here("codedeploy:ListApplications", {"applications": ["shop"]}),
        here(
            "codedeploy:GetDeploymentGroup",
            {"deploymentGroupInfo": {"computePlatform": "Server", **info}},
            applicationName="shop",
            deploymentGroupName="prod",
        ),
    )


def fits(key=None, value=None, kind="KEY_AND_VALUE"):
    given = {"Key": key, "Value": value, "Type": kind}
    return {name: text for name, text in given.items() if text is not None}


DEPLOY = "codedeploy:CreateDeployment"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"ec2TagFilters": [fits("Env", "prod")]}, ["i-0a1", "i-0b1"]),
        ({"ec2TagFilters": [fits("Env", "test")]}, []),
        ({"ec2TagFilters": [fits("Env", "test"), fits("Team", "web")]}, ["i-0a1"]),
        ({"ec2TagFilters": [fits("Env", kind="KEY_ONLY")]}, ["i-0a1", "i-0b1"]),
        ({"ec2TagFilters": [fits(value="web", kind="VALUE_ONLY")]}, ["i-0a1"]),
        (
            {
                "ec2TagSet": {
                    "ec2TagSetList": [[fits("Env", "prod")], [fits("Team", "web")]]
                }
            },
            ["i-0a1"],
        ),
        ({"autoScalingGroups": [{"name": "web"}]}, ["i-0c1"]),
        ({"autoScalingGroups": [{"name": "other"}]}, []),
        ({"autoScalingGroups": [], "ec2TagFilters": []}, []),
        ({"computePlatform": "Lambda", "ec2TagFilters": [fits("Env", "prod")]}, []),
    ],
)
def test_a_deployment_reaches_the_instances_of_its_group(tmp_path, members, expected):
    """By tag filters of which one fits, sets that all fit, or Auto Scaling groups."""
    scaling = {
        "AutoScalingGroupARN": f"arn:aws:autoscaling:{OURS}:autoScalingGroup:u"
        ":autoScalingGroupName/web",
        "Instances": [{"InstanceId": "i-0c1"}],
    }
    listed = here(
        "autoscaling:DescribeAutoScalingGroups", {"AutoScalingGroups": [scaling]}
    )

    found = reached(tmp_path, DEPLOY, allow(DEPLOY), parts=(*group(**members), listed))

    assert names(found) == expected
    assert all("agent of CodeDeploy" in one.reasons[0] for one in found.values())


@pytest.mark.parametrize(
    ("on", "expected"),
    [("shop/prod", ["i-0a1"]), ("shop/*", ["i-0a1"]), ("shop/test", [])],
)
def test_a_deployment_is_authorised_on_its_group(tmp_path, on, expected):
    """`deploymentgroup:application/group`, as AWS writes it."""
    arn = f"arn:aws:codedeploy:{OURS}:deploymentgroup:{on}"
    one = group(ec2TagFilters=[fits("Team", "web")])

    assert names(reached(tmp_path, DEPLOY, allow(DEPLOY, on=arn), parts=one)) == (
        expected
    )


def test_whoever_widens_a_group_reaches_every_instance(tmp_path):
    """Its filters may be set to anything; the twin may not start the deployment."""
    widen, one = "codedeploy:UpdateDeploymentGroup", group(ec2TagFilters=[])

    whole = reached(tmp_path / "1", widen, allow(widen, DEPLOY), parts=one)
    twin = reached(tmp_path / "2", widen, allow(widen), parts=one)

    assert (names(whole), twin) == (["i-0a1", "i-0b1", "i-0c1"], {})


UPDATE = "elasticbeanstalk:UpdateEnvironment"


@pytest.mark.parametrize(
    ("tagged", "status", "expected"),
    [("e-1", "Ready", ["i-0d1"]), ("e-2", "Ready", []), ("e-1", "Terminated", [])],
)
def test_an_environment_holds_the_instances_with_its_tag(
    tmp_path, tagged, status, expected
):
    """Elastic Beanstalk tags what it starts with the id of the environment."""
    row = {
        "EnvironmentId": "e-1",
        "EnvironmentArn": f"arn:aws:elasticbeanstalk:{OURS}:environment/shop/prod",
        "Status": status,
    }
    parts = (
        instance("i-0d1", tags={"elasticbeanstalk:environment-id": tagged}),
        here("elasticbeanstalk:DescribeEnvironments", {"Environments": [row]}),
    )

    assert names(reached(tmp_path, UPDATE, allow(UPDATE), parts=parts)) == expected


ROBOT = f"arn:aws:iam::{ACCOUNT}:role/robot"
COMMANDING = role("robot", allow(SEND))
STACK = f"arn:aws:cloudformation:{OURS}:stack/base/1"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"RoleARN": ROBOT}, 3),
        ({}, 0),
        ({"RoleARN": ROBOT, "StackStatus": "DELETE_COMPLETE"}, 0),
    ],
)
def test_a_stack_keeps_its_role(tmp_path, row, expected):
    """Whoever updates the stack uses the role without passing it."""
    stack = {"StackId": STACK, "StackStatus": "CREATE_COMPLETE", **row}
    update = "cloudformation:UpdateStack"
    parts = COMMANDING, here("cloudformation:DescribeStacks", {"Stacks": [stack]})

    found = reached(tmp_path, update, allow(update, on=STACK), parts=parts)

    assert len(found) == expected
    assert not any(one.reasons for one in found.values())


ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"


def entering(kind, who):
    return policy(
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {kind: who}}
    )


def stack_set_roles(trusted):
    by = f"arn:aws:iam::{trusted}:role/{ADMINISTRATION}"
    return (
        role(
            ADMINISTRATION,
            allow("sts:AssumeRole"),
            trust=entering("Service", "cloudformation.amazonaws.com"),
        ),
        role(EXECUTION, allow(SEND), trust=entering("AWS", by)),
    )


@pytest.mark.parametrize(("trusted", "expected"), [(ACCOUNT, 3), ("444455556666", 0)])
def test_stack_sets_reach_their_own_account(tmp_path, trusted, expected):
    """If its execution role lets the administration role of the account in."""
    make, deploy = (
        "cloudformation:CreateStackSet",
        "cloudformation:CreateStackInstances",
    )
    found = reached(tmp_path, make, allow(make, deploy), parts=stack_set_roles(trusted))

    assert len(found) == expected


@pytest.mark.parametrize(
    ("model", "expected"), [("SELF_MANAGED", 3), ("SERVICE_MANAGED", 0)]
)
def test_a_stack_set_is_rewritten(tmp_path, model, expected):
    """It deploys to any region; an organization's own never to its own account."""
    row = {
        "StackSetARN": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stackset/base:1",
        "StackSetName": "base",
        "PermissionModel": model,
        "ExecutionRoleName": EXECUTION,
        "AdministrationRoleARN": f"arn:aws:iam::{ACCOUNT}:role/{ADMINISTRATION}",
    }
    lines = (
        answer("cloudformation:ListStackSets", {"Summaries": []}, region="us-east-1"),
        answer(
            "cloudformation:DescribeStackSet",
            {"StackSet": row},
            region="us-east-1",
            params={"StackSetName": "base"},
        ),
    )
    rewrite = "cloudformation:UpdateStackSet"
    deploy = "cloudformation:CreateStackInstances"
    parts = (*stack_set_roles(ACCOUNT), *lines)

    found = reached(tmp_path, rewrite, allow(rewrite, deploy), parts=parts)

    assert len(found) == expected
    assert not any(one.reasons for one in found.values())


def experiment(**target):
    """A template that sends a command to a target."""
    action = {
        "actionId": "aws:ssm:send-command",
        "parameters": {"documentArn": f"arn:aws:ssm:{REGION}::document/AWSFIS-Run-Cpu"},
        "targets": {"Instances": "some"},
    }
    template = {
        "arn": f"arn:aws:fis:{OURS}:experiment-template/EXT1",
        "roleArn": ROBOT,
        "actions": {"load": action},
        "targets": {"some": {"resourceType": "aws:ec2:instance", **target}},
    }
    return (
        here("fis:ListExperimentTemplates", {"experimentTemplates": []}),
        here("fis:GetExperimentTemplate", {"experimentTemplate": template}, id="EXT1"),
    )


START = "fis:StartExperiment"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({"resourceTags": {"Env": "prod"}}, ["i-0a1", "i-0b1"]),
        ({"resourceTags": {"Env": "prod", "Team": "web"}}, ["i-0a1"]),
        ({"resourceTags": {"Env": "test"}}, []),
        ({"resourceArns": [f"arn:aws:ec2:{OURS}:instance/i-0c1"]}, ["i-0c1"]),
        ({}, ["i-0a1", "i-0b1", "i-0c1"]),
    ],
)
def test_an_experiment_commands_its_targets_with_its_document(
    tmp_path, target, expected
):
    """What it runs and where is fixed by its template."""
    parts = (COMMANDING, *experiment(**target))

    found = reached(tmp_path, START, allow(START), parts=parts)

    assert names(found) == expected
    assert {one.documents for one in found.values()} <= {("AWSFIS-Run-Cpu",)}


@pytest.mark.parametrize(("rights", "expected"), [([SEND], 3), (["s3:*"], 0)])
def test_an_experiment_needs_a_role_that_commands(tmp_path, rights, expected):
    """It has no rights of its own."""
    parts = (role("robot", allow(*rights)), *experiment())

    assert len(reached(tmp_path, START, allow(START), parts=parts)) == expected


@pytest.mark.parametrize("odd", [5, None, ["x"], {"a": 1}])
def test_an_experiment_whose_targets_are_odd_commands_nobody_and_says_so(tmp_path, odd):
    """Where it aims is not known; the rest of the template is still read."""
    aimed = experiment(resourceTags={"Env": odd})
    rewrite = "fis:UpdateExperimentTemplate"
    ann = person("ann", allow(START, rewrite))
    whole = account(ann, instance("i-0a1"), COMMANDING, *aimed)
    loaded = load_aws(evidence(tmp_path, whole))
    decided = decide_aws(loaded)

    assert START in {one.id for one in decided.not_covered}
    assert {gap.what for gap in loaded.accounts[ACCOUNT].gaps} == {
        "fis:GetExperimentTemplate"
    }
    held = {
        grant.vector.id
        for grant in decided.grants
        if "ann" in {one.name for one in grant.principals}
    }
    assert held == {rewrite}


@pytest.mark.parametrize("last", [True, False])
def test_a_role_that_no_page_holds_may_command_any_node(tmp_path, last):
    """A list that is whole knows of all roles; one that broke off leaves it open."""
    aimed = experiment(resourceTags={"Env": "prod"})
    ann = person("ann", allow(START))
    whole = account(
        ann, instance("i-0a1", tags={"Env": "prod"}), instance("i-0b1"), *aimed
    )
    for line in whole.lines:
        if line["op"] == "iam:GetAccountAuthorizationDetails":
            line["last"] = last
    decided = decide_aws(load_aws(evidence(tmp_path, whole)))

    found = {
        (target.name, grant.decision.verdict)
        for grant in decided.grants
        if grant.vector.id == START
        and "ann" in {principal.name for principal in grant.principals}
        for target in grant.targets
    }
    assert found == (set() if last else {("i-0a1", Verdict.UNKNOWN)})


@pytest.mark.parametrize("listed", [True, False])
def test_an_incident_starts_the_runbook_of_its_plan(tmp_path, listed):
    """With the role of the plan, which nobody has to pass again."""
    arn = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/outage"
    runbook = {"documentName": "Acme-Restart", "roleArn": ROBOT}
    plan = {"arn": arn, "actions": [{"ssmAutomation": runbook}] if listed else []}
    start = "ssm-incidents:StartIncident"
    parts = (
        COMMANDING,
        here("ssm-incidents:ListResponsePlans", {"responsePlanSummaries": []}),
        here("ssm-incidents:GetResponsePlan", plan, arn=arn),
    )

    found = reached(tmp_path, start, allow(start, on=arn), parts=parts)

    assert len(found) == (3 if listed else 0)
    assert {one.documents for one in found.values()} <= {("Acme-Restart",)}


def test_what_is_not_listed_is_named_as_not_covered(tmp_path):
    """Without a list of deployment groups nobody is said to deploy; that is said."""
    whole = account(person("ann", allow("*")), instance("i-0a1"))
    decided = decide_aws(load_aws(evidence(tmp_path, whole)))

    assert DEPLOY in {one.id for one in decided.not_covered}
    assert DEPLOY not in {grant.vector.id for grant in decided.grants}


APPLICATIONS = "codedeploy:ListApplications"
GROUPS = "codedeploy:ListDeploymentGroups"
GROUP = "codedeploy:GetDeploymentGroup"
NO_GROUPS = {"deploymentGroups": []}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((here(APPLICATIONS, {"applications": []}),), False),
        (
            (
                here(APPLICATIONS, {"applications": ["shop"]}),
                here(GROUPS, NO_GROUPS, applicationName="shop"),
            ),
            False,
        ),
        ((here(APPLICATIONS, {"applications": ["shop"]}),), True),
        (
            (
                here(APPLICATIONS, {"applications": ["shop"]}),
                here(GROUPS, {"deploymentGroups": ["a"]}, applicationName="shop"),
            ),
            True,
        ),
        (
            (
                here(APPLICATIONS, {"applications": ["shop"]}),
                refusal(GROUPS, region=REGION, params={"applicationName": "shop"}),
            ),
            True,
        ),
        (
            (
                here(APPLICATIONS, {"applications": []}),
                here(GROUP, {"deploymentGroupInfo": None}, applicationName="shop"),
            ),
            True,
        ),
        (
            (
                here(APPLICATIONS, {"applications": []}),
                refusal(APPLICATIONS, region="us-east-1"),
            ),
            True,
        ),
        (
            (
                here(APPLICATIONS, {"applications": []}),
                refusal("autoscaling:DescribeAutoScalingGroups", region=REGION),
            ),
            True,
        ),
    ],
)
def test_what_is_not_all_known_is_named_as_not_covered(tmp_path, parts, expected):
    """A region, a step or a description that is missing may hide whom it reaches."""
    whole = account(person("ann", allow("*")), instance("i-0a1"), *parts)
    decided = decide_aws(load_aws(evidence(tmp_path, whole)))

    named = {one.id: one.why_not for one in decided.not_covered}
    assert (DEPLOY in named) is expected


def test_what_one_account_lists_says_nothing_of_another(tmp_path):
    """Its vectors are decided where they can be, and named all the same."""
    listing = here(APPLICATIONS, {"applications": []})
    first = account(person("ann", allow("*")), instance("i-0a1"), listing)
    other = account(person("bob", allow("*")), id="444455556666")
    decided = decide_aws(load_aws(evidence(tmp_path, first, other)))

    assert DEPLOY in {one.id for one in decided.not_covered}


SHELL = "arn:aws:ssm:*::document/AWS-RunShellScript"
PATCH = "arn:aws:ssm:*::document/AWS-RunPatchBaseline"


def test_documents_are_those_of_the_role_that_reaches_a_node(tmp_path):
    """Any shell through one role does not widen what another may run elsewhere."""
    code = "lambda:UpdateFunctionCode"
    first = f"arn:aws:ec2:{OURS}:instance/i-0a1"
    second = f"arn:aws:ec2:{OURS}:instance/i-0b1"
    rows = [
        {
            "FunctionArn": f"arn:aws:lambda:{OURS}:function:{name}",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        }
        for name in ("patcher", "runner")
    ]
    parts = (
        role("patcher", allow(SEND, on=[PATCH, first, second])),
        role("runner", allow(SEND, on=[SHELL, second])),
        here("lambda:ListFunctions", {"Functions": rows}),
    )

    found = reached(tmp_path, code, allow(code), parts=parts)

    assert {name: one.documents for name, one in found.items()} == {
        "i-0a1": ("AWS-RunPatchBaseline",),
        "i-0b1": ("AWS-RunPatchBaseline", "AWS-RunShellScript"),
    }
