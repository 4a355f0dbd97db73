"""Classic administrators that are still listed: owner-like, and only conditionally."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    LOGIN,
    RUN,
    SUB,
    SUB2,
    block,
    deny,
    guid,
    line,
    loaded,
    machine,
    rows_of,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Verdict

S = subscription_scope()
HAND_OUT = f"{AUTHORIZATION}/roleAssignments/write"


def administrator(email="Ann@Example.com", role="CoAdministrator", subscription=SUB):
    scope = subscription_scope(subscription)
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/classicAdministrators/{guid(email)}",
        "properties": {"emailAddress": email, "role": role},
    }


def decided(tmp_path, *listed, **tenant):
    lines = tenant_lines(subscriptions=(SUB, SUB2), **tenant)
    kind = f"{AUTHORIZATION}/classicAdministrators"
    asked = line(kind, listed, {"scope": S}, subscription=SUB)
    vms = [machine(vm_id()), machine(vm_id("other", subscription=SUB2))]
    below = subscription_lines(vms)
    return decide_azure(loaded(tmp_path, [*lines, asked], (SUB, below)))


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("CoAdministrator", True),
        ("ServiceAdministrator;AccountAdministrator", True),
        ("AccountAdministrator", False),
        ("", False),
    ],
)
def test_service_and_co_administrators_may_run_commands(tmp_path, role, expected):
    found = rows_of(decided(tmp_path, administrator(role=role)))

    assert expected is (("ann@example.com", RUN, "vm") in found)
    assert ("ann@example.com", RUN, "other") not in found
    assert ("ann@example.com", LOGIN, "vm") not in found
    if expected:
        assert found["ann@example.com", RUN, "vm"].verdict is Verdict.CONDITIONAL
        assert found["ann@example.com", HAND_OUT, "vm"].verdict is Verdict.CONDITIONAL


def test_a_user_of_the_directory_is_the_administrator(tmp_path):
    found = decided(tmp_path, administrator(), users=[user("ann@example.com")])

    (grant,) = (g for g in found.grants if g.vector.id == RUN)
    assert [p.id for p in grant.principals] == [guid("ann@example.com")]
    assert [b.role for b in grant.because_of(grant.principals[0])] == [
        "classic administrator"
    ]


def test_deny_assignments_bind_them_too(tmp_path):
    found = rows_of(decided(tmp_path, administrator(), denies=[deny(S, block([RUN]))]))

    assert ("ann@example.com", RUN, "vm") not in found
    assert any(name == "ann@example.com" for name, *_ in found)


def test_an_empty_list_names_nobody(tmp_path):
    assert not rows_of(decided(tmp_path))
