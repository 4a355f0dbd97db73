"""The catalogue of AWS vectors: whole, consistent, and only what is decided covered."""

import pytest

from scanner.aws.deciding.kinds import KINDS
from scanner.aws.vectors import HOLDERS, LENT, PASSED, TARGETS, catalogue
from scanner.grants import Tier

ADJACENT = {
    "ec2:GetPasswordData",
    "ec2-instance-connect:OpenTunnel",
    "ec2-instance-connect:SendSSHPublicKey",
    "ec2-instance-connect:SendSerialConsoleSSHPublicKey",
}


def test_every_vector_is_listed_once():
    """Covered or not, never both."""
    covered = [one.action for one in catalogue().covered]
    listed = [one.id for one in catalogue().not_covered]

    assert len({*covered, *listed}) == len(covered) + len(listed)
    assert covered == sorted(covered)


def test_what_is_not_covered_says_so():
    """Nothing is silently absent: containers are listed, as not covered."""
    not_covered = catalogue().not_covered

    assert not any(one.covered for one in not_covered)
    assert "ecs:ExecuteCommand" in {one.id for one in not_covered}
    assert all(one.vector.covered for one in catalogue().covered)


def test_tiers():
    """Network paths and guest credentials are adjacent; escalation is not decided."""
    tiers = {one.action: one.vector.tier for one in catalogue().covered}

    assert {id for id, tier in tiers.items() if tier is Tier.ADJACENT} == ADJACENT
    assert tiers["ssm:SendCommand"] is Tier.DIRECT
    assert tiers["ssm:CreateAssociation"] is Tier.INDIRECT
    assert {one.tier for one in catalogue().not_covered if "iam:" in one.id} == {
        Tier.ESCALATION
    }


WAYS = [(vector, way) for vector in catalogue().covered for way in vector.ways]


@pytest.mark.parametrize(
    ("vector", "way"), WAYS, ids=lambda one: getattr(one, "action", "")
)
def test_every_need_is_a_kind_the_engine_knows(vector, way):
    """A misspelt kind would deny the vector to everybody."""
    needs = {kind for step in way.steps for kind in step.needs}
    passed = {kind for kind in needs if kind.startswith(PASSED)}

    assert needs - passed <= {*KINDS, *HOLDERS, *TARGETS, "nothing"}
    assert way.reaches in ("node", "instance", LENT)
    assert way.steps[0].action == vector.action
    assert vector.vector.runs_as


@pytest.mark.parametrize(
    ("vector", "way"), WAYS, ids=lambda one: getattr(one, "action", "")
)
def test_what_is_lent_is_decided_itself(vector, way):
    """A lent role commands by direct decisions; one way has one kind of lender."""
    needs = {kind for step in way.steps for kind in step.needs} | {way.through}
    needs.discard(None)
    lenders = {kind for kind in needs if kind.startswith(PASSED) or kind in HOLDERS}
    machines = {"running-statemachine", "commanding-statemachine"}
    stacks = {"running-stack", "running-stackset", "stackset-role"}
    planned = {"running-template", "commanding-template", "commanding-plan"}
    of_roles = {"function", "runbook", "running-rule", *machines, *stacks, *planned}
    roles = {kind for kind in lenders if kind.startswith(PASSED)} | (lenders & of_roles)
    lending = {one.action for one in catalogue().covered if not lends_anything(one)}

    assert len(lenders) <= 1
    assert bool(lenders) is (way.reaches == LENT)
    assert bool(roles) is bool(way.lends)
    assert set(way.lends) <= lending


def lends_anything(vector):
    return any(way.lender for way in vector.ways)


def test_what_is_only_listed_says_why():
    """Every row of the domain that is not decided states its reason."""
    assert all(one.why_not for one in catalogue().not_covered)
    assert not any(one.vector.why_not for one in catalogue().covered)


def test_no_way_names_a_key_list_that_is_not_there():
    """`@name` is spelt out; keys are families in lower case."""
    keys = {key for v in catalogue().covered for step in v.steps for key in step.keys}

    assert not [key for key in keys if "@" in key or key != key.lower()]
    assert "aws:resourcetag" in keys
