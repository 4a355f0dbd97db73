"""Reachability: what each signal about a node is worth."""

from dataclasses import replace
from itertools import product

import pytest
from iam_estates import allow, attached, role

from scanner.aws.reach import AgentRoles, Signals, reachability
from scanner.estate import Reachability

#: An EC2 instance without a row in a whole list, and nothing to make it managed.
NOTHING = Signals(
    ping=None,
    registrations_known=True,
    capable=False,
    default_host=False,
    imdsv2=True,
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, Reachability.NOT_MANAGED),
        ({"ping": "Online"}, Reachability.ONLINE),
        ({"ping": "Online", "registrations_known": False}, Reachability.ONLINE),
        ({"ping": "ConnectionLost"}, Reachability.OFFLINE),
        ({"ping": "Inactive"}, Reachability.OFFLINE),
        ({"ping": ""}, Reachability.UNKNOWN),
        ({"registrations_known": False}, Reachability.UNKNOWN),
        ({"registrations_known": False, "capable": True}, Reachability.UNKNOWN),
        ({"capable": True}, Reachability.COULD_BE_MANAGED),
        ({"capable": None}, Reachability.UNKNOWN),
        ({"default_host": True}, Reachability.COULD_BE_MANAGED),
        ({"default_host": True, "imdsv2": False}, Reachability.NOT_MANAGED),
        ({"default_host": True, "imdsv2": None}, Reachability.UNKNOWN),
        ({"default_host": None}, Reachability.UNKNOWN),
        ({"default_host": None, "imdsv2": False}, Reachability.NOT_MANAGED),
        ({"default_host": None, "capable": True}, Reachability.COULD_BE_MANAGED),
        ({"default_host": True, "capable": None}, Reachability.COULD_BE_MANAGED),
    ],
)
def test_a_node_is_classified_by_what_is_known_of_it(change, expected):
    """Each row differs from a plain unmanaged instance by what it lists."""
    assert reachability(replace(NOTHING, **change)) == expected


def test_losing_a_signal_never_turns_an_answer_into_its_opposite():
    """What was known becomes unknown, or stays: never managed from not, or back."""
    known = product((True, False), repeat=3)
    for capable, default_host, imdsv2 in known:
        full = replace(
            NOTHING, capable=capable, default_host=default_host, imdsv2=imdsv2
        )
        for name in ("capable", "default_host", "imdsv2"):
            less = reachability(replace(full, **{name: None}))
            assert less in (reachability(full), Reachability.UNKNOWN)
        lost = reachability(replace(full, registrations_known=False))
        assert lost == Reachability.UNKNOWN


CHANNEL = "ssmmessages:CreateControlChannel"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"boundary": attached("arn:b", allow("ssmmessages:*"))}, True),
        ({"boundary": attached("arn:b", allow("s3:*"))}, False),
        ({"unread_boundary": True}, None),
        ({"unread_boundary": True, "policies": ()}, False),
        ({"unread": ("arn:aws:iam::111122223333:policy/p",), "policies": ()}, None),
    ],
)
def test_a_role_lets_the_agent_register_within_its_boundary(change, expected):
    """A boundary that was not read leaves it open; it never adds anything."""
    found = replace(role("web", allow(CHANNEL)), **change)

    agents = AgentRoles({"arn": found}, complete=True)

    assert agents.capable("arn") is expected
