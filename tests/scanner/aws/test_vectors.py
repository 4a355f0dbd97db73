"""The catalogue of AWS vectors: whole, consistent, and only what is decided covered."""

import pytest

from scanner.aws.deciding.objects import KINDS
from scanner.aws.vectors import catalogue
from scanner.grants import Tier

ADJACENT = {
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


@pytest.mark.parametrize("vector", catalogue().covered, ids=lambda one: one.action)
def test_every_need_is_a_kind_the_engine_knows(vector):
    """A misspelt kind would deny the vector to everybody."""
    assert set(vector.needs) <= {*KINDS, "node", "instance", "nothing"}
    assert vector.reaches in ("node", "instance")
    assert vector.vector.runs_as
