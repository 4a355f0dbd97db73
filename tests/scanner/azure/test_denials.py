"""How sure a denial is: what blocks it, and whether that is documented."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    MANAGED_RUN,
    RUN,
    SUB,
    account_id,
    assignment,
    block,
    deny,
    line,
    loaded,
    lock,
    machine,
    role,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
    worker,
)

from scanner.azure.decide import decide_azure
from scanner.azure.vectors import MACHINE_VECTORS, WORKER_VECTORS
from scanner.grants import Confidence, Verdict

S = subscription_scope()
MAA = "Microsoft.Automation/automationAccounts"
BOOKS, DRAFT = f"{MAA}/runbooks/write", f"{MAA}/runbooks/draft/write"
VECTORS = {one.vector.id: one.vector for one in (*MACHINE_VECTORS, *WORKER_VECTORS)}
CERTAIN, INFERRED = Confidence.CERTAIN, Confidence.INFERRED


def told(tmp_path, vector, *, locks=(), denies=(), unread=(), scope=S, actions=("*",)):
    """Ask why `u`, who holds actions at a scope, is denied a vector on the VM.

    `unread` are deny assignments of an API version that gives effects.
    """
    lines = tenant_lines(
        roles=[role("r", block(list(actions)))],
        assignments=[assignment("u", "r", scope)],
        users=[user("u")],
        locks=locks,
        denies=denies,
    )
    below = subscription_lines(
        [machine(vm_id())],
        accounts=[{"id": account_id(), "name": "auto"}],
        workers=[worker(account_id(), vm_id())],
    )
    params = {"scope": S, "api-version": "2026-09-01"}
    op = f"{AUTHORIZATION}/denyAssignments"
    below.append(line(op, list(unread), params, subscription=SUB))
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))
    (principal,), (target,) = found.principals, found.targets
    assert not any(
        principal in grant.principals and target in grant.targets
        for grant in found.grants
        if grant.vector.id == vector
    )
    asked = principal, VECTORS[vector], target
    return found.denied_as(*asked), found.denied_because(*asked)


@pytest.mark.parametrize(
    ("vector", "cut", "confidence", "blocks"),
    [
        (RUN, {"locks": [lock(S)]}, INFERRED, 1),
        (RUN, {"locks": [lock(S), lock(vm_id(), name="two")]}, INFERRED, 2),
        (MANAGED_RUN, {"locks": [lock(S)]}, CERTAIN, 1),
        (RUN, {"denies": [deny(S, block([RUN]))]}, CERTAIN, 1),
        (RUN, {"denies": [deny(S, block([RUN]))], "locks": [lock(S)]}, CERTAIN, 2),
        (RUN, {"unread": [deny(S, block([RUN]))]}, INFERRED, 1),
        (
            RUN,
            {"unread": [deny(S, block([RUN]), denyAssignmentEffect="enforced")]},
            CERTAIN,
            1,
        ),
        (MANAGED_RUN, {"unread": [deny(S, block(["*"]))]}, INFERRED, 1),
        (
            MANAGED_RUN,
            {"unread": [deny(S, block(["*"]))], "locks": [lock(S)]},
            CERTAIN,
            2,
        ),
        (RUN, {"actions": ["*/read"], "locks": [lock(S)]}, CERTAIN, 0),
        (RUN, {"scope": account_id(), "locks": [lock(S)]}, CERTAIN, 0),
        (BOOKS, {"locks": [lock(account_id())]}, CERTAIN, 1),
        (BOOKS, {"unread": [deny(S, block([f"{MAA}/*"]))]}, INFERRED, 1),
        (DRAFT, {"actions": [BOOKS], "locks": [lock(S)]}, CERTAIN, 0),
    ],
)
def test_a_denial_is_as_sure_as_its_surest_block(
    tmp_path, vector, cut, confidence, blocks
):
    decision, because = told(tmp_path, vector, **cut)

    assert (decision.verdict, decision.confidence) == (Verdict.DENIED, confidence)
    assert bool(decision.reasons) is (confidence is INFERRED)
    assert len(because) == blocks
