"""The class engine answers every pair as the evaluator of one request does."""

from dataclasses import replace

from azure_generated import (
    EXTENSION_KINDS,
    HIERARCHY,
    PEOPLE,
    TENANT,
    assignments,
    denies,
    policies,
    tenants,
)
from azure_policies import EXTENSIONS, KIND, admits, matches
from hypothesis import given, settings

from scanner.azure.decide import decide_azure
from scanner.azure.model import AzureEstate
from scanner.azure.rbac.evaluation import Ask, evaluate
from scanner.azure.vectors import MACHINE_VECTORS
from scanner.grants import Verdict

VECTORS = [v for v in MACHINE_VECTORS if "vm" in v.kinds]


def let_pass(tenant, operation, machine):
    """Which types of extensions, of those that are told apart, policies let pass.

    Of a run command none or all do.
    """
    kind, _, verb = operation.rpartition("/")
    above, _ = HIERARCHY.chain(machine.target.scope)

    def covers(scope):
        return scope in above or f"{machine.scope}/".startswith(f"{scope}/")

    def passes(written):
        for key, one in tenant.policies.assignments.items():
            exempt = (e for e in tenant.policies.exemptions.values())
            spared = [e.scope for e in exempt if e.assignment == key]
            if not one.enforced or any(map(covers, (*one.spared, *spared))):
                continue
            rule = tenant.policies.definitions[one.definition].rule["if"]
            if covers(one.scope) and matches(rule, written):
                return False
        return True

    def resource(one):
        members = {KIND.lower(): one} if kind == EXTENSIONS else {}
        return {"type": kind, "location": "elsewhere", **members}

    writes = verb == "write" and kind.count("/") > 1
    return [k for k in EXTENSION_KINDS if not writes or passes(resource(k))]


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
                passing = let_pass(tenant, v.operation, machine)
                decision = answer.decision
                if decision.verdict is Verdict.UNKNOWN and passing:
                    passing = EXTENSION_KINDS  # what would pass is not said of it
                if len(passing) < 3 and decision.verdict is Verdict.ALLOWED:
                    decision = replace(decision, verdict=Verdict.CONDITIONAL)
                if answer.decision.verdict is not Verdict.DENIED and passing:
                    key = (principal, v.vector.id, machine.target.id)
                    found[key] = (*_comparable(decision, answer.because), passing)
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
                passing = [k for k in EXTENSION_KINDS if _admitted(grant.decision, k)]
                found[key] = (*_comparable(grant.decision, because), passing)
    return found


def _admitted(decision, kind):
    rests = [
        tuple(c for c in some if c.key == KIND) for some in decision.conditions or [()]
    ]
    return admits(rests, {KIND.lower(): kind})


def _comparable(decision, because):
    alternatives = {
        frozenset(c for c in some if c.key != KIND) for some in decision.conditions
    } - {frozenset()}
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


@settings(max_examples=20, deadline=None)
@given(tenants(), policies)
def test_policies_never_widen(tenant, some):
    before, after = (
        _ranks(replace(tenant, policies=one)) for one in (type(some)(), some)
    )
    vectors = {v.vector.id for v in MACHINE_VECTORS}

    assert all(
        before.get(key, 0) >= rank for key, rank in after.items() if key[1] in vectors
    )


DELETE = "Microsoft.Authorization/policyAssignments/delete"


@settings(max_examples=60, deadline=None)
@given(tenants())
def test_deleting_policies_is_worth_what_is_open_without_them(tenant):
    """Decided again without what somebody may delete, as one request at a time."""
    before = by_class(tenant)
    worth = {
        (principal.id, target.id)
        for grant in decide_azure(AzureEstate({TENANT: tenant})).grants
        for principal in grant.principals
        for target in grant.targets
        if grant.vector.id == DELETE
    }
    expected = set()
    for principal in PEOPLE:
        left = {
            key: one
            for key, one in tenant.policies.assignments.items()
            if not _may(tenant, principal, DELETE, one.scope)
        }
        after = by_class(
            replace(tenant, policies=replace(tenant.policies, assignments=left))
        )
        expected |= {(who, vm) for who, _, vm in after.keys() - before.keys()} & {
            (principal, machine.target.id) for machine in tenant.machines
        }

    assert worth == expected


def _may(tenant, principal, operation, scope):
    reached = tenant.directory.reached
    groups = frozenset(g for g, ids in reached.items() if principal in ids)
    above = (scope, *_parents(scope))
    ask = Ask(principal, groups, operation, False, scope, above)
    found = evaluate(ask, tenant.roles, tenant.assignments, tenant.denies, tenant.locks)
    return found.decision.verdict is not Verdict.DENIED


def _parents(scope):
    if scope.startswith("/subscriptions/"):
        return HIERARCHY.chain(scope.split("/")[2])[0]
    found = []
    while scope in HIERARCHY.parents:
        scope = HIERARCHY.parents[scope]
        found.append(scope)
    return found
