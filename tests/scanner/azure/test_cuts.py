"""Where something cuts a question for anybody: a quick look before asking for whom."""

import pytest
from azure_estates import (
    MANAGED_RUN,
    RUN,
    SUB,
    assignment,
    block,
    deny,
    loaded,
    lock,
    machine,
    rg_scope,
    role,
    subscription_lines,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.tenant_grants import TenantGrants

ONE, TWO = vm_id("one"), vm_id("two", "other")


def engine_of(tmp_path, **guards):
    """The engine of a tenant in which `u` and `v` may do all on two machines."""
    held = [
        assignment(who, "r", rg_scope(rg)) for who in "uv" for rg in ("rg", "other")
    ]
    lines = tenant_lines(
        roles=[role("r", block(["*"]))],
        assignments=held,
        users=[user("u"), user("v")],
        **guards,
    )
    below = (SUB, subscription_lines([machine(ONE), machine(TWO)]))
    (tenant,) = loaded(tmp_path, lines, below).tenants.values()
    return TenantGrants(tenant)


@pytest.mark.parametrize(
    ("guards", "vector", "machines"),
    [
        ({}, RUN, []),
        ({"locks": [lock(ONE)]}, RUN, [ONE]),
        ({"locks": [lock(ONE, "CanNotDelete")]}, RUN, []),
        ({"denies": [deny(rg_scope(), block([RUN]))]}, RUN, [ONE]),
        ({"denies": [deny(rg_scope(), block([RUN]))]}, MANAGED_RUN, []),
        ({"denies": [deny(ONE, block([RUN]), principals=["u"])]}, RUN, [ONE]),
        (
            {"denies": [deny(ONE, block([RUN]))], "locks": [lock(rg_scope("other"))]},
            RUN,
            [ONE, TWO],
        ),
    ],
)
def test_anywhere_is_where_somebody_is_blocked(tmp_path, guards, vector, machines):
    """All that any class of principals is blocked by lies there, and nothing else."""
    half = engine_of(tmp_path, **guards)
    cuts, question = half.engine.cuts, half.questions[vector]
    blocked = 0
    for party in half.engine.classes():
        for one in cuts.blocking(question, vector, party):
            blocked |= one.bits

    places = half.place.positions
    assert blocked == cuts.anywhere(question)
    assert blocked == sum(1 << places[one] for one in machines)


def test_a_denial_of_somebody_else_is_looked_at_and_binds_nobody_here(tmp_path):
    """It is for anybody: whom it binds is asked afterwards."""
    denies = [deny(ONE, block([RUN]), principals=["w"])]
    half = engine_of(tmp_path, denies=denies)
    cuts, question = half.engine.cuts, half.questions[RUN]

    assert cuts.anywhere(question)
    assert not any(
        list(cuts.blocking(question, RUN, party)) for party in half.engine.classes()
    )
