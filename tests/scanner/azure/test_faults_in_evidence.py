"""Whatever list is lost, no answer turns around (the acceptance rule "no flip")."""

import pytest
from azure_estates import (
    MANAGED_RUN,
    RUN,
    SUB,
    TENANT,
    account_id,
    assignment,
    authorization,
    block,
    delegation,
    deny,
    eligible,
    group,
    group_scope,
    guid,
    loaded,
    lock,
    machine,
    management_group,
    member,
    placed,
    refused,
    rg_scope,
    role,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
    worker,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Confidence, Verdict

S = subscription_scope()
RESTRICTING = "Microsoft.Authorization/denyAssignments"
LOCKS = "Microsoft.Authorization/locks"


def estate_lines():
    """A tenant in which every kind of list decides something."""
    tenant = tenant_lines(
        groups=[management_group(TENANT), management_group("p", TENANT)],
        placements=[placed(SUB, "p")],
        roles=[
            role("vmc", block(["Microsoft.Compute/virtualMachines/*"])),
            role("author", block(["Microsoft.Automation/automationAccounts/*"])),
        ],
        assignments=[
            assignment("direct", "vmc", rg_scope("a")),
            assignment("outer", "vmc", S, "Group"),
            assignment("above", "vmc", group_scope("p")),
            assignment("author", "author", account_id()),
        ],
        denies=[deny(S, block([RUN]), excluded=["ops"])],
        locks=[lock(vm_id("locked", "a"))],
        eligibilities=[eligible("later", "vmc", S)],
        users=[user(n) for n in ("direct", "above", "author", "later", "in", "nobody")],
        directory_groups=[group("outer"), group("inner"), group("ops")],
        members={
            "outer": [member("inner", "group")],
            "inner": [member("in")],
            "ops": [member("direct")],
        },
        delegations=[delegation(S, [authorization("msp", "vmc")])],
    )
    vms = [machine(vm_id("one", "a")), machine(vm_id("locked", "a"))]
    below = subscription_lines(
        vms,
        accounts=[{"id": account_id(), "name": "auto"}],
        workers=[worker(account_id(), vm_id("one", "a"))],
    )
    return tenant, below


def verdicts(root, tenant, below):
    """By principal id: names go when the directory is lost."""
    return {
        (principal.id, grant.vector.id, target.name): (
            grant.decision.verdict,
            grant.decision.confidence,
        )
        for grant in decide_azure(loaded(root, tenant, (SUB, below))).grants
        for principal in grant.principals
        for target in grant.targets
    }


def broken(line, how):
    if how == "lost":
        return []
    if how == "refused":
        scope = {"subscription": SUB} if "subscription" in line else {}
        return [refused(line["op"], line["params"], **scope)]
    if how == "odd":
        return [
            {**line, "result": {"value": [{"odd": True}, *line["result"]["value"]]}}
        ]
    return [{**line, "last": False}]


@pytest.mark.parametrize("how", ["lost", "refused", "odd", "truncated"])
def test_no_lost_list_turns_an_answer_around(tmp_path, how):
    tenant, below = estate_lines()
    clean = verdicts(tmp_path / "clean", tenant, below)
    assert {v for v, _ in clean.values()} == {Verdict.ALLOWED, Verdict.CONDITIONAL}
    for n, line in enumerate([*tenant, *below]):
        lists = [[one] for one in (*tenant, *below)]
        lists[n] = broken(line, how)
        flat = [one for some in lists[: len(tenant)] for one in some]
        rest = [one for some in lists[len(tenant) :] for one in some]
        after = verdicts(tmp_path / str(n), flat, rest)
        for key in {*clean, *after}:
            before = clean.get(key, (Verdict.DENIED, None))[0]
            verdict, confidence = after.get(key, (Verdict.DENIED, None))
            assert _fits(line["op"], how, before, verdict, confidence), (line, key)


#: Lists without which principals, targets or whole kinds of access are not known of.
UNNAMED = (
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Authorization/roleEligibilityScheduleInstances",
    "Microsoft.ManagedServices/registrationDefinitions",
    "Microsoft.ManagedServices/registrationAssignments",
    "Microsoft.Automation/automationAccounts",
    "Microsoft.Automation/automationAccounts/hybridRunbookWorkers",
    "graph/users",
)


def _fits(op, how, before, verdict, confidence):
    if verdict in (before, Verdict.UNKNOWN):
        return True
    if op == LOCKS:  # they refine: what they would cut stays as it is without them
        return True
    if op == RESTRICTING and verdict is not Verdict.DENIED:
        return confidence is Confidence.INFERRED
    return verdict is Verdict.DENIED and op in UNNAMED


def test_the_estate_is_cut_where_it_should_be(tmp_path):
    found = verdicts(tmp_path, *estate_lines())
    names = {(name, vector) for name, vector, target in found if target == "one"}

    assert (guid("direct"), RUN) in names
    assert (guid("in"), RUN) not in names
    assert (guid("in"), MANAGED_RUN) in names
    assert {n for n, _, target in found if target == "locked"} == {guid("msp")}
