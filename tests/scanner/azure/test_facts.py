"""Whether anything denies commands in a subscription."""

import pytest
from azure_estates import (
    RUN,
    SUB,
    SUB2,
    TENANT,
    block,
    deny,
    group_scope,
    loaded,
    machine,
    refused,
    rg_scope,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    vm_id,
)
from azure_policies import (
    EXTENSIONS,
    assigned,
    definition,
    is_type,
    policy_lines,
)

from scanner.azure.decide import decide_azure
from scanner.facts import Topic

DENIES = "Microsoft.Authorization/denyAssignments"


def facts(tmp_path, *denies, tenant=None):
    lines = tenant or tenant_lines(denies=denies)
    machines = subscription_lines(vms=[machine(vm_id())])
    return decide_azure(loaded(tmp_path, lines, (SUB, machines))).facts


@pytest.mark.parametrize(
    ("denies", "controlled"),
    [
        ([], False),
        ([deny(subscription_scope(), block([RUN]))], True),
        ([deny(subscription_scope(), block(["Microsoft.Compute/*"]))], True),
        ([deny(subscription_scope(), block(["*"], ["*/read"]))], True),
        ([deny(subscription_scope(), block(["Microsoft.Web/*"]))], False),
        ([deny(subscription_scope(), block(["*"], ["*Compute/*"]))], False),
        ([deny(group_scope(TENANT), block([RUN]))], True),
        ([deny(group_scope("other"), block([RUN]))], False),
        ([deny(rg_scope(), block([RUN]))], True),
        ([deny(subscription_scope(SUB2), block([RUN]))], False),
    ],
)
def test_a_deny_assignment_around_the_machines_is_a_control(
    tmp_path, denies, controlled
):
    found = facts(tmp_path, *denies).known

    assert [one.scope for one in found] == ([] if controlled else [SUB])
    assert {one.topic for one in found} <= {Topic.NO_CONTROL}


@pytest.mark.parametrize(
    ("scope", "effect", "named"),
    [
        (subscription_scope(), "deny", True),
        (group_scope(TENANT), "deny", True),
        (rg_scope(), "deny", True),
        (subscription_scope(), "audit", False),
        (subscription_scope(SUB2), "deny", False),
    ],
)
def test_a_policy_is_named_as_a_guard_rail_on_writes_only(
    tmp_path, scope, effect, named
):
    """It never is a control on commands: the POST of run command passes."""
    made = definition("d", is_type(EXTENSIONS), effect=effect)
    lines = policy_lines([assigned(scope, made["id"], "fence")], [made])
    (found,) = facts(tmp_path, tenant=[*tenant_lines(), *lines]).known

    assert found.topic is Topic.NO_CONTROL
    assert ("Azure Policy (fence)" in found.detail) is named
    assert ("not runCommand/action" in found.detail) is named


def test_deny_assignments_that_were_not_read_leave_it_open(tmp_path):
    """Neither a control nor the lack of one."""
    lines = [one for one in tenant_lines() if one["op"] != DENIES]
    for more in ([], [refused(DENIES, {"scope": subscription_scope()})]):
        found = facts(tmp_path, tenant=[*lines, *more])

        assert found.known == ()
        assert {one for one in found.unasked if one[0] == DENIES} == {(DENIES, SUB)}
