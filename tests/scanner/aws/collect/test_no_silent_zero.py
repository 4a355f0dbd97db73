"""No silent zero: every call of a whole scan, broken in turn, is a gap in coverage."""

import aws_server as wire
import pytest
from aws_collecting import REGION, collect, gaps, series
from aws_companies import company, fleet

from scanner.aws.operations import COLLECTED

IDENTITY = "sts:GetCallerIdentity"
FAULTS = {
    "empty": wire.sends(b""),
    "page": wire.sends(b"<html><head/><body>Sign in</body></html>"),
    "cut": wire.cut_off,
    "refused": wire.refused("AccessDenied", 403),
}


@pytest.fixture
def estate(server):
    """An organization and a fleet: rows enough that every kind of call is made."""
    company(server, REGION)
    fleet(server, REGION)
    rows = {
        "lambda:ListFunctions": {"Functions": [{"FunctionName": "f"}]},
        "events:ListRules": {"Rules": [{"Name": "nightly"}]},
        "events:ListTargetsByRule": {"Targets": []},
        "scheduler:ListSchedules": {"Schedules": [{"Name": "s", "GroupName": "g"}]},
        "scheduler:GetSchedule": {"Arn": "arn:aws:scheduler:::schedule/g/s"},
        "states:ListStateMachines": {"stateMachines": [{"stateMachineArn": "arn:m"}]},
        "states:DescribeStateMachine": {"roleArn": "arn:aws:iam::1:role/r"},
        "codedeploy:ListApplications": {"applications": ["shop"]},
        "codedeploy:ListDeploymentGroups": {"deploymentGroups": ["prod"]},
        "codedeploy:GetDeploymentGroup": {"deploymentGroupInfo": {}},
        "fis:ListExperimentTemplates": {"experimentTemplates": [{"id": "EXT1"}]},
        "fis:GetExperimentTemplate": {"experimentTemplate": {"arn": "arn:x"}},
        "ssm-incidents:ListResponsePlans": {"responsePlanSummaries": [{"arn": "a"}]},
        "ssm-incidents:GetResponsePlan": {"arn": "a"},
        "cloudformation:ListStackSets": wire.query_body(
            "ListStackSets",
            "<Summaries><member><StackSetName>base</StackSetName></member></Summaries>",
        ),
        "cloudformation:DescribeStackSet": wire.query_body(
            "DescribeStackSet",
            "<StackSet><StackSetName>base</StackSetName></StackSet>",
        ),
        "config:DescribeConfigRules": {"ConfigRules": [{"ConfigRuleName": "r"}]},
    }
    for op, body in rows.items():
        server.answer(op, body)
    server.client("iam").create_open_id_connect_provider(
        Url="https://ci.example.com", ThumbprintList=["0" * 40]
    )
    server.client("organizations").register_delegated_administrator(
        AccountId=next(iter(members(server))), ServicePrincipal="ssm.amazonaws.com"
    )
    server.requests.clear()
    return server


def members(server):
    """Return the ids of the accounts that were made by the management account."""
    rows = server.client("organizations").list_accounts()["Accounts"]
    return [row["Id"] for row in rows if row["Name"] == "prod"]


def answered(folder):
    """Return the operations of which something was answered."""
    return {key[0] for key, found in series(folder).items() if found.answered}


def test_a_clean_scan_makes_every_kind_of_call_and_has_no_gap(estate, tmp_path):
    """The faults below break all there is: nothing is left out of them."""
    collect(estate, tmp_path / "estate")
    fetched_when_missing = {"iam:GetPolicy", "iam:GetPolicyVersion", "sts:AssumeRole"}

    assert gaps(tmp_path / "estate") == {}
    assert set(estate.ops()) == COLLECTED.keys() - fetched_when_missing


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_every_list_that_breaks_is_a_gap(estate, tmp_path, fault):
    """Nothing but the identity is answered, and each call that was made says why."""
    for op in COLLECTED.keys() - {IDENTITY}:
        estate.fault(op, fault)
    folder = tmp_path / "estate"
    collect(estate, folder)

    assert answered(folder) == {IDENTITY}
    assert {op for op, *_ in gaps(folder)} == set(estate.ops()) - {IDENTITY}


@pytest.mark.parametrize("fault", [FAULTS["page"], FAULTS["refused"]])
def test_every_further_call_that_breaks_is_a_gap(estate, tmp_path, fault):
    """The lists answer; what is asked for each of their rows does not."""
    further = further_calls()
    for op in further:
        estate.fault(op, fault)
    folder = tmp_path / "estate"
    collect(estate, folder)
    broken = {op for op, *_ in gaps(folder)}

    not_got_to = {
        *("iam:GetPolicy", "iam:GetPolicyVersion"),
        "codedeploy:GetDeploymentGroup",  # follows from a further call itself
    }

    assert further <= broken | not_got_to
    assert broken <= further


def further_calls():
    """Operations that are only asked for the rows of another list."""
    from scanner.aws.collect.organization import _DELEGATION, _MEMBERSHIPS
    from scanner.aws.collect.plan import ACCOUNT, REGION

    waiting = [each for ask in (*ACCOUNT, *REGION, *_DELEGATION) for each in ask.then]
    waiting += _MEMBERSHIPS
    found = {each.op for each in waiting}
    nested = {each.op for first in waiting for each in first.then}
    sets = {op for op in COLLECTED if op.endswith("PermissionSet")}
    return found | nested | (sets - {"sso-admin:ListPermissionSets"})
