"""The class engine answers every pair as the evaluator of one request does."""

from dataclasses import replace

from azure_generated import HIERARCHY, PEOPLE, TENANT, assignments, denies, tenants
from hypothesis import given, settings

from scanner.azure.decide import decide_azure
from scanner.azure.model import AzureEstate
from scanner.azure.rbac.evaluation import Ask, evaluate
from scanner.azure.vectors import MACHINE_VECTORS
from scanner.grants import Verdict

VECTORS = [v for v in MACHINE_VECTORS if "vm" in v.kinds]


def by_pair(tenant):
    found = {}
    for principal in PEOPLE:
        reached = tenant.directory.reached
        groups = frozenset(g for g, ids in reached.items() if principal in ids)
        for machine in tenant.machines:
            above, _ = HIERARCHY.chain(machine.target.scope)
            for v in VECTORS:
                ask = Ask(principal, groups, v.operation, v.data, machine.scope, above)
                answer = evaluate(
                    ask, tenant.roles, tenant.assignments, tenant.denies, tenant.locks
                )
                if answer.decision.verdict is not Verdict.DENIED:
                    key = (principal, v.vector.id, machine.target.id)
                    found[key] = _comparable(answer.decision, answer.because)
    return found


def by_class(tenant):
    found = {}
    asked = {v.vector.id for v in VECTORS}
    for grant in decide_azure(AzureEstate({TENANT: tenant})).grants:
        for principal in grant.principals if grant.vector.id in asked else ():
            for target in grant.targets:
                key = (principal.id, grant.vector.id, target.id)
                assert key not in found
                because = grant.because_at(principal, target)
                found[key] = _comparable(grant.decision, because)
    return found


def _comparable(decision, because):
    alternatives = {frozenset(some) for some in decision.conditions}
    return (
        decision.verdict,
        alternatives,
        decision.confidence,
        set(decision.reasons),
        decision.standing,
        decision.standing_until,
        set(because),
    )


@settings(max_examples=150, deadline=None)
@given(tenants())
def test_every_pair_is_decided_as_by_one_request_at_a_time(tenant):
    assert by_class(tenant) == by_pair(tenant)


_RANK = [Verdict.DENIED, Verdict.UNKNOWN, Verdict.CONDITIONAL, Verdict.ALLOWED]


def _ranks(tenant):
    return {key: _RANK.index(found[0]) for key, found in by_class(tenant).items()}


@settings(max_examples=20, deadline=None)
@given(tenants(), assignments())
def test_another_assignment_never_narrows(tenant, another):
    wider = replace(tenant, assignments=(*tenant.assignments, another))
    before, after = _ranks(tenant), _ranks(wider)

    assert all(after.get(key, 0) >= rank for key, rank in before.items())


@settings(max_examples=20, deadline=None)
@given(tenants(), denies())
def test_another_deny_never_widens(tenant, another):
    narrower = replace(tenant, denies=(*tenant.denies, another))
    before, after = _ranks(tenant), _ranks(narrower)

    assert all(before.get(key, 0) >= rank for key, rank in after.items())
