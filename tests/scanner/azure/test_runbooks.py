"""Rights on an account and on one of its runbooks: each step at its own scope."""

import pytest
from azure_estates import (
    RUN,
    SUB,
    account_id,
    assignment,
    block,
    deny,
    guid,
    loaded,
    lock,
    machine,
    role,
    rows_of,
    subscription_lines,
    tenant_lines,
    user,
    vm_id,
    worker,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Verdict

MAA = "Microsoft.Automation/automationAccounts"
WRITE, JOBS = f"{MAA}/runbooks/write", f"{MAA}/jobs/write"
DRAFT, PUBLISH = f"{MAA}/runbooks/draft/write", f"{MAA}/runbooks/publish/action"
TEST = f"{MAA}/runbooks/draft/testJob/write"
ACCOUNT = account_id()
BOOK, OTHER = f"{ACCOUNT}/runbooks/rb", f"{ACCOUNT}/runbooks/rb2"


def outcome(tmp_path, held, **more):
    """Decide for user `u` who holds these (operation, scope) pairs."""
    roles = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    lines = tenant_lines(roles=roles, assignments=given, users=[user("u")], **more)
    below = subscription_lines(
        [machine(vm_id()), machine(vm_id("idle"))],
        accounts=[{"id": ACCOUNT, "name": "auto"}],
        workers=[worker(ACCOUNT, vm_id())],
    )
    return decide_azure(loaded(tmp_path, lines, (SUB, below)))


def verdict(found, vector, target="vm"):
    row = rows_of(found).get(("u", vector, target))
    return row.verdict if row else Verdict.DENIED


@pytest.mark.parametrize(
    ("held", "vector", "expected"),
    [
        ([(WRITE, BOOK), (JOBS, ACCOUNT)], WRITE, Verdict.ALLOWED),
        ([(WRITE, BOOK.upper()), (JOBS, ACCOUNT)], WRITE, Verdict.ALLOWED),
        ([(WRITE, BOOK)], WRITE, Verdict.DENIED),
        ([(WRITE, BOOK), (JOBS, BOOK)], WRITE, Verdict.DENIED),
        ([(WRITE, ACCOUNT), (JOBS, BOOK)], WRITE, Verdict.DENIED),
        ([(WRITE, BOOK), (JOBS, f"{ACCOUNT}2")], WRITE, Verdict.DENIED),
        ([(WRITE, f"{ACCOUNT}2/runbooks/rb"), (JOBS, ACCOUNT)], WRITE, Verdict.DENIED),
        (
            [(DRAFT, BOOK), (PUBLISH, BOOK), (JOBS, ACCOUNT)],
            WRITE,
            Verdict.ALLOWED,
        ),
        (
            [(DRAFT, BOOK), (PUBLISH, ACCOUNT), (JOBS, ACCOUNT)],
            WRITE,
            Verdict.ALLOWED,
        ),
        (
            [(DRAFT, BOOK), (PUBLISH, OTHER), (JOBS, ACCOUNT)],
            WRITE,
            Verdict.DENIED,
        ),
        ([(DRAFT, BOOK), (TEST, BOOK)], DRAFT, Verdict.ALLOWED),
        ([(DRAFT, BOOK), (TEST, OTHER)], DRAFT, Verdict.DENIED),
        ([(JOBS, ACCOUNT)], JOBS, Verdict.CONDITIONAL),
        ([(JOBS, BOOK)], JOBS, Verdict.DENIED),
    ],
)
def test_each_step_is_checked_at_its_own_scope(tmp_path, held, vector, expected):
    found = outcome(tmp_path, held)

    assert expected is verdict(found, vector)
    assert verdict(found, vector, "idle") is Verdict.DENIED


@pytest.mark.parametrize(
    ("cut", "single", "everywhere"),
    [
        ({}, Verdict.ALLOWED, Verdict.ALLOWED),
        ({"locks": [lock(ACCOUNT)]}, Verdict.DENIED, Verdict.DENIED),
        ({"locks": [lock(BOOK)]}, Verdict.DENIED, Verdict.ALLOWED),
        ({"locks": [lock(OTHER)]}, Verdict.ALLOWED, Verdict.ALLOWED),
        ({"denies": [deny(BOOK, block([WRITE]))]}, Verdict.DENIED, Verdict.ALLOWED),
        ({"denies": [deny(BOOK, block([JOBS]))]}, Verdict.ALLOWED, Verdict.ALLOWED),
        ({"denies": [deny(ACCOUNT, block([JOBS]))]}, Verdict.DENIED, Verdict.DENIED),
    ],
)
def test_what_guards_one_runbook_leaves_the_others(tmp_path, cut, single, everywhere):
    """Who may write any runbook of the account writes another one."""
    one = outcome(tmp_path / "one", [(WRITE, BOOK), (JOBS, ACCOUNT)], **cut)
    every = outcome(tmp_path / "any", [(WRITE, ACCOUNT), (JOBS, ACCOUNT)], **cut)

    assert (single, everywhere) == (verdict(one, WRITE), verdict(every, WRITE))


def test_the_grant_names_the_assignments_of_both_scopes(tmp_path):
    found = outcome(tmp_path, [(WRITE, BOOK), (JOBS, ACCOUNT), (JOBS, BOOK)])

    grant = next(g for g in found.grants if g.vector.id == WRITE)
    (principal,), (target,) = grant.principals, grant.targets
    roles = {because.role for because in grant.because_at(principal, target)}
    assert roles == {"r0", "r1"}
    assert roles == {because.role for because in grant.because_of(principal)}


@pytest.mark.parametrize(
    ("held", "vector", "expected"),
    [
        ([(WRITE, BOOK), (JOBS, ACCOUNT)], WRITE, Verdict.ALLOWED),
        ([(WRITE, BOOK)], WRITE, Verdict.DENIED),
        ([(WRITE, BOOK), (JOBS, BOOK)], WRITE, Verdict.DENIED),
        ([(DRAFT, BOOK), (TEST, BOOK)], DRAFT, Verdict.ALLOWED),
        ([(DRAFT, BOOK), (TEST, OTHER)], DRAFT, Verdict.DENIED),
    ],
)
def test_a_runbook_acts_as_its_account_without_any_worker(
    tmp_path, held, vector, expected
):
    roles = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    given.append(assignment("mi", "runs", vm_id(), "ServicePrincipal"))
    lines = tenant_lines(
        roles=[*roles, role("runs", block([RUN]))],
        assignments=given,
        users=[user("u")],
    )
    account = {"id": ACCOUNT, "name": "auto"}
    account["identity"] = {"type": "SystemAssigned", "principalId": guid("mi")}
    below = subscription_lines(
        [machine(vm_id()), machine(vm_id("idle"))], accounts=[account], workers=[]
    )
    found = decide_azure(loaded(tmp_path, lines, (SUB, below)))

    assert expected is verdict(found, vector)
    assert verdict(found, vector, "idle") is Verdict.DENIED
