"""AWS's own managed policies on a small fixed fleet: known answers about real text."""

import json
from collections import defaultdict

import msgspec
import pytest
from iam_estates import STORE, account, estate, node, role
from moto.iam.aws_managed_policies import aws_managed_policies_data

from scanner.aws.decide import decide_aws
from scanner.aws.model import Attached
from scanner.grants import Confidence, Verdict

EVERYTHING = {
    "AIDevOpsAgentActionsPolicy",
    "AdministratorAccess",
    "AmazonSSMAutomationRole",
    "AmazonSSMFullAccess",
    "PowerUserAccess",
}
ANY_DOCUMENT_ANY_INSTANCE = EVERYTHING | {
    "AWSFaultInjectionSimulatorEC2Access",
    "AWSFaultInjectionSimulatorSSMAccess",
    "AmazonSSMMaintenanceWindowRole",
    "AmazonSSMServiceRolePolicy",
}
#: Named documents that are a shell all the same.
A_SHELL_DOCUMENT = {
    "AWSDirectoryServiceServiceRolePolicy": "AWS-RunPowerShellScript",
    "AWSMigrationHubOrchestratorServiceRolePolicy": "AWS-RunRemoteScript",
}
VIA_A_SERVICE = ("AWSApplicationMigrationSSMAccess", "AWSMcpServiceActionsFullAccess")


@pytest.fixture(scope="module")
def answers():
    """Decisions by vector, policy and node name."""
    roles = []
    for name, policy in json.loads(aws_managed_policies_data).items():
        document = STORE.of_raw(msgspec.json.encode(policy["Document"]))
        assert document.problem is None, name
        arn = f"arn:aws:iam::aws:policy{policy['Path']}{name}"
        roles.append(role(name, policies=(Attached(arn, document),)))
    fleet = (node("i-0a1"), node("mi-01"), node("i-0b1", CreatedBy="EC2 Image Builder"))
    found = defaultdict(dict)
    for grant in decide_aws(estate(account(*roles, *fleet))).grants:
        for principal in grant.principals:
            for target in grant.targets:
                key = principal.name, target.name
                found[grant.vector.id][key] = grant.decision
    return found


def certain(decisions, name, documents="any"):
    return {
        policy
        for (policy, target), one in decisions.items()
        if target == name
        and one.verdict is Verdict.ALLOWED
        and one.confidence is Confidence.CERTAIN
        and one.documents == documents
    }


def test_any_document_on_any_instance(answers):
    """Exactly these run any document on an untagged instance, unconditionally."""
    sends = answers["ssm:SendCommand"]

    assert certain(sends, "i-0a1") == ANY_DOCUMENT_ANY_INSTANCE


def test_any_document_on_hybrid_nodes(answers):
    """The ECS fault-injection policy names hybrid nodes only."""
    sends = answers["ssm:SendCommand"]

    assert "AWSFaultInjectionSimulatorECSAccess" in certain(sends, "mi-01")
    assert "AWSFaultInjectionSimulatorECSAccess" not in certain(sends, "i-0a1")


def test_named_shell_documents_on_any_instance(answers):
    """Twelve policies hand out a shell; two of them by one named document."""
    sends = answers["ssm:SendCommand"]

    for policy, document in A_SHELL_DOCUMENT.items():
        assert sends[policy, "i-0a1"].documents == (document,)
        assert sends[policy, "i-0a1"].verdict is Verdict.ALLOWED


def test_backup_policies_run_one_snapshot_document(answers):
    """They are no shell: one AWS-owned document."""
    found = answers["ssm:SendCommand"]["AWSBackupFullAccess", "i-0a1"]

    assert found.documents == ("AWSEC2-CreateVssSnapshot",)


def test_a_default_shell_session_by_name(answers):
    """A policy that names every node and the default document, without any `*`."""
    policy = "AWSSystemsManagerJustInTimeAccessTokenPolicy"
    found = answers["ssm:StartSession"][policy, "i-0a1"]

    assert found.verdict is Verdict.ALLOWED
    assert found.documents == ("SSM-SessionManagerRunShell",)


def test_tag_scoped_shells_reach_tagged_nodes_only(answers):
    """Image Builder's tag condition matches the instance it built."""
    sends = answers["ssm:SendCommand"]

    assert ("EC2ImageBuilderExecutionPolicy", "i-0a1") not in sends
    assert ("EC2ImageBuilderExecutionPolicy", "i-0b1") in sends


@pytest.mark.parametrize("policy", VIA_A_SERVICE)
def test_policies_that_count_via_a_service_are_conditional(answers, policy):
    """`aws:CalledVia` and the like stay a condition."""
    found = answers["ssm:StartAutomationExecution"][policy, "i-0a1"]

    assert found.verdict is Verdict.CONDITIONAL
    assert found.conditions


@pytest.mark.parametrize(
    ("vector", "policies"),
    [
        ("ssm:StartSession", EVERYTHING),
        ("ssm:CreateAssociation", EVERYTHING),
        (
            "ssm:StartAutomationExecution",
            EVERYTHING
            | {"AmazonSSMServiceRolePolicy", "AmazonSSMMaintenanceWindowRole"},
        ),
    ],
)
def test_any_document_by_other_vectors(answers, vector, policies):
    """The broad policies hold every vector of Systems Manager."""
    assert policies <= certain(answers[vector], "i-0a1")


@pytest.mark.parametrize(
    "policy",
    [
        "AWSConfigRemediationServiceRolePolicy",
        "AWSSystemsManagerChangeManagementServicePolicy",
    ],
)
def test_any_runbook_without_a_right_on_nodes(answers, policy):
    """It starts any automation; whether one has a role of its own is not known."""
    found = answers["ssm:StartAutomationExecution"][policy, "i-0a1"]

    assert (found.verdict, found.confidence) == (Verdict.ALLOWED, Confidence.INFERRED)
    assert found.documents == "any"


def test_pushing_a_key_needs_no_document(answers):
    """EC2InstanceConnect grants SendSSHPublicKey on every instance, not on `mi-…`."""
    pushes = answers["ec2-instance-connect:SendSSHPublicKey"]

    assert "EC2InstanceConnect" in certain(pushes, "i-0a1", documents=None)
    assert ("EC2InstanceConnect", "mi-01") not in pushes


def test_read_only_access_reads_passwords(answers):
    """It grants ec2:GetPasswordData on `*`, and nothing else that leads to commands."""
    policy = "ReadOnlyAccess", "i-0a1"

    assert {v for v, found in answers.items() if policy in found} == {
        "ec2:GetPasswordData"
    }


@pytest.mark.parametrize("policy", ["SecurityAudit", "IAMFullAccess"])
def test_policies_without_any_vector(answers, policy):
    """Reading, or writing elsewhere, is not running commands."""
    held = {vector for vector, found in answers.items() if (policy, "i-0a1") in found}

    assert not held
