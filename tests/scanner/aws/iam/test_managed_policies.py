"""AWS's own managed policies under the evaluator: known answers about real text."""

import json
from functools import cache

import msgspec
import pytest
from iam_estates import ACCOUNT, NODE, REGION, SHELL, STORE
from moto.iam.aws_managed_policies import aws_managed_policies_data

from scanner.aws.iam.conditions import Missing
from scanner.aws.iam.evaluation import evaluate
from scanner.aws.iam.halves import Layers
from scanner.aws.iam.principals import Caller, CallerKind
from scanner.aws.iam.statements import Request
from scanner.aws.model import Attached
from scanner.grants import Confidence, Verdict

ANN = Caller(CallerKind.USER, f"arn:aws:iam::{ACCOUNT}:user/ann", ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/zz-anything"
TASK = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/zz/0123"
DEFAULT_SHELL = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/SSM-SessionManagerRunShell"
CORE = {
    "AIDevOpsAgentActionsPolicy",
    "AdministratorAccess",
    "AmazonSSMAutomationRole",
    "AmazonSSMFullAccess",
    "PowerUserAccess",
}


@cache
def policies():
    found = {}
    for name, policy in json.loads(aws_managed_policies_data).items():
        document = STORE.of_raw(msgspec.json.encode(policy["Document"]))
        arn = f"arn:aws:iam::aws:policy{policy['Path']}{name}"
        found[name] = Attached(arn, document)
    return found


def ask(name, action, resource):
    """An open world: no key is known."""
    request = Request(action, resource, lambda _: Missing.REQUEST)
    return evaluate(request, ANN, Layers(identity=(policies()[name],))).settled


@cache
def unconditional(action, *resources):
    """The policies that allow an action on each of some resources, for certain."""
    wanted = Verdict.ALLOWED, Confidence.CERTAIN
    return {
        name
        for name in policies()
        if all(
            (found.verdict, found.confidence) == wanted
            for found in (ask(name, action, resource) for resource in resources)
        )
    }


def test_every_managed_policy_can_be_used():
    """Of more than fifteen hundred documents none has a problem."""
    assert len(policies()) > 1500
    assert not [one.source for one in policies().values() if one.document.problem]


@pytest.mark.parametrize(
    "action",
    [
        "ssm:SendCommand",
        "ssm:StartSession",
        "ssm:StartAutomationExecution",
        "ssm:CreateAssociation",
        "ssm:UpdateDocument",
        "ssm:RegisterTaskWithMaintenanceWindow",
        "ssm:CreateActivation",
        "ssm:UpdateServiceSetting",
    ],
)
def test_the_core_five_hold_every_right_of_systems_manager(action):
    """On whatever resource: an action without resource type covers the most."""
    assert unconditional(action, "*") >= CORE


def test_any_shell_on_any_instance():
    """Node and document joined, without condition; hybrid nodes apart."""
    found = unconditional("ssm:SendCommand", NODE, SHELL)

    assert found == CORE | {
        "AWSFaultInjectionSimulatorEC2Access",
        "AWSFaultInjectionSimulatorSSMAccess",
        "AmazonSSMMaintenanceWindowRole",
        "AmazonSSMServiceRolePolicy",
    }


def test_the_default_shell_on_any_instance():
    """One policy names every node and the document, without any bare `*`."""
    found = unconditional("ssm:StartSession", NODE, DEFAULT_SHELL)

    assert "AWSSystemsManagerJustInTimeAccessTokenPolicy" in found
    assert found >= CORE


def test_any_role_can_be_passed_by_seven():
    """To any service, without condition."""
    found = unconditional("iam:PassRole", ROLE)

    assert found == {
        "AWSElasticBeanstalkService",
        "AdministratorAccess",
        "AdministratorAccess-Amplify",
        "AmazonDynamoDBFullAccesswithDataPipeline",
        "AmazonElasticMapReduceFullAccess",
        "AmazonElasticMapReduceRole",
        "IAMFullAccess",
    }


def of_services(names):
    """Policies that only a service's own roles may carry."""
    return {one for one in names if "/aws-service-role/" in policies()[one].source}


@pytest.mark.parametrize(
    ("action", "everywhere", "by_services", "on_condition"),
    [
        ("ssm:SendCommand", 6, 1, 1),
        ("ssm:StartSession", 5, 0, 1),
        ("ssm:StartAutomationExecution", 6, 3, 1),
        ("ssm:CreateAssociation", 5, 3, 1),
        ("ssm:AddTagsToResource", 6, 2, 2),
        ("ec2:CreateReplaceRootVolumeTask", 5, 1, 1),
    ],
)
def test_how_many_policies_allow_it_everywhere(
    action, everywhere, by_services, on_condition
):
    """On `*`: without condition, by services' own roles, and under a condition."""
    found = unconditional(action, "*")
    conditional = [
        one
        for one in policies()
        if ask(one, action, "*").verdict is Verdict.CONDITIONAL
    ]

    assert len(of_services(found)) == by_services
    assert len(found) - by_services == everywhere
    assert len(conditional) == on_condition


@pytest.mark.parametrize(
    ("action", "everywhere"),
    [("ec2:ModifyInstanceAttribute", 15), ("ec2:CreateTags", 26)],
)
def test_a_policy_that_denies_what_it_allows_is_conditional(action, everywhere):
    """One of those that allow it on `*` takes most of it back under a condition."""
    one = "SageMakerStudioProjectUserRolePermissionsBoundary"
    found = unconditional(action, "*")

    assert ask(one, action, "*").verdict is Verdict.CONDITIONAL
    assert len(found - of_services(found) | {one}) == everywhere


@pytest.mark.parametrize(
    ("action", "resource", "among"),
    [
        (
            "ec2:ModifyInstanceAttribute",
            NODE,
            {
                "AmazonEC2FullAccess",
                "SystemAdministrator",
                "DataScientist",
                "AmazonEKSClusterPolicy",
            },
        ),
        ("ec2:CreateReplaceRootVolumeTask", NODE, {"AmazonEC2FullAccess"}),
        ("ec2:GetPasswordData", NODE, {"ReadOnlyAccess"}),
        ("ecs:ExecuteCommand", TASK, {"AmazonECS_FullAccess"}),
        ("ec2-instance-connect:SendSSHPublicKey", NODE, {"EC2InstanceConnect"}),
    ],
)
def test_who_may_do_what_is_next_to_running_commands(action, resource, among):
    """Boot-time code, passwords and keys; an auditor's policy holds none of it."""
    found = unconditional(action, resource)

    assert found >= among
    assert "SecurityAudit" not in found


@pytest.mark.parametrize(
    ("name", "action", "resource", "key"),
    [
        ("AWSMcpServiceActionsFullAccess", "ssm:SendCommand", NODE, "aws:IsMcp"),
        ("AWSApplicationMigrationSSMAccess", "ssm:SendCommand", NODE, "aws:CalledVia"),
        ("AWSCloud9User", "ssm:StartSession", NODE, "aws:CalledViaFirst"),
    ],
)
def test_access_through_a_service_is_conditional(name, action, resource, key):
    """No shell of their own: the condition stays."""
    found = ask(name, action, resource)

    assert found.verdict is Verdict.CONDITIONAL
    assert any(one.key.startswith(key) for each in found.conditions for one in each), (
        found.conditions
    )
