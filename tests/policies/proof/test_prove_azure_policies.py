"""A policy is proven to deny exactly what it is to; one thing changed fails it."""

import azure_estates as z
import azure_policies as p
import pytest
from applying import change
from proving import proven

from policies.azure.policing import changes_at, rule
from policies.proof.model import Aim, Obligation

SUB, RG = z.subscription_scope(), z.rg_scope()
BOTH = (z.EXTENSION, z.MANAGED_RUN)
STORAGE = "Microsoft.Storage/storageAccounts"
OPS = z.role(
    "ops", z.block([*BOTH, z.RUN, f"{STORAGE}/write", "Microsoft.Web/*/write"])
)
ALICE = z.guid("alice")
APPROVED = ["AzureMonitorLinuxAgent"]
DENIED = rule(False)["in"]


def world(root, *more):
    lines = z.tenant_lines(
        assignments=[z.assignment("alice", "ops", SUB)],
        roles=[OPS],
        users=[z.user("alice")],
    )
    vms = [z.machine(z.vm_id(name)) for name in ("vm", "two")]
    return z.loaded(root, [*lines, *more], (z.SUB, z.subscription_lines(vms=vms)))


def made(condition=None, *, scope=SUB, parameters=None, effect="deny", **more):
    """The definition and its assignment, with one member changed."""
    what = rule(False) if condition is None else condition
    given = {"approved": {"type": "Array", "defaultValue": []}}
    policy = p.definition("d", what, SUB, effect=effect, parameters=given)
    assigned = p.assigned(scope, policy["id"], parameters=parameters, **more)
    return [
        change("azure.policy-definition", policy["id"], after=policy),
        change("azure.policy-assignment", assigned["id"], after=assigned),
    ]


def types(*some):
    return {"field": "type", "in": list(some)}


@pytest.mark.parametrize(
    ("changes", "obligation"),
    [
        (made(), None),
        (made(types(*(one.upper() for one in DENIED))), None),
        (made(types(p.EXTENSIONS, p.RUN_COMMANDS)), None),
        # loosened by one thing
        (made(types(*(one for one in DENIED if one != p.EXTENSIONS))), "taken"),
        (made(effect="audit"), "taken"),
        (made(effect="[parameters('effect')]"), "taken"),
        (made(enforcementMode="DoNotEnforce"), "taken"),
        (made(notScopes=[z.vm_id()]), "taken"),
        (made(scope=RG + "2"), "taken"),
        (made(resourceSelectors=[{"name": "one"}]), "taken"),
        (made(rule(True), parameters={"approved": APPROVED}), "taken"),
        # tightened by one unrelated thing
        (made(types(*DENIED, STORAGE)), "else"),
        (
            made({"anyOf": [types(*DENIED), {"field": "type", "like": "*web/*"}]}),
            "else",
        ),
        (made({"not": types("Microsoft.Compute/disks")}), "else"),
        (
            made({"anyOf": [types(*DENIED), {"field": "location", "equals": "x"}]}),
            "else",
        ),
        (made(types(*DENIED, p.VM)), None),
    ],
)
def test_one_thing_more_or_less_fails_the_proof(tmp_path, changes, obligation):
    proof = proven(world(tmp_path), ALICE, BOTH, changes)

    wrong = {"taken": Obligation.TAKEN, "else": Obligation.ELSE, None: None}[obligation]
    found = proof.counterexample
    assert (found and found.obligation) is wrong, found
    assert (proof.status == "failed") is (wrong is not None)


def test_approved_types_narrow_and_no_more(tmp_path):
    changes = made(rule(True), parameters={"approved": APPROVED})
    proof = proven(world(tmp_path), ALICE, BOTH, changes, Aim.NARROW)

    assert proof.status != "failed", proof.counterexample
    assert {one.vector for one in proof.removed} == {z.MANAGED_RUN}
    assert {one.vector for one in proof.narrowed} == {z.EXTENSION}


def test_deleting_a_policy_opens_what_it_denied(tmp_path):
    first, second = made()
    lines = p.policy_lines([second.after], [first.after])
    gone = [change("azure.policy-assignment", second.where, before=second.after)]
    proof = proven(world(tmp_path, *lines), ALICE, (z.RUN,), gone)

    assert proof.status == "failed"
    assert z.EXTENSION in {proof.counterexample.vector, *BOTH}


def test_the_planned_policy_is_what_these_tests_are_about(tmp_path):
    (tenant,) = world(tmp_path).tenants.values()
    definition, assignment = changes_at(tenant, SUB)

    assert definition.after["properties"]["policyRule"]["if"] == rule(False)
    assert assignment.after["properties"]["policyDefinitionId"] == definition.where
