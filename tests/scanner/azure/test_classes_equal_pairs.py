"""The class engine answers every pair as the evaluator of one request does."""

from dataclasses import replace

from azure_estates import EVERYONE, EXTENSION, LOGIN, MANAGED_RUN, RUN, SUB, SUB2
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.azure.decide import decide_azure
from scanner.azure.directory import reach
from scanner.azure.model import (
    Assignment,
    AzureEstate,
    AzureTenant,
    DenyAssignment,
    Directory,
    GroupMembers,
    Lock,
    Machine,
    Source,
)
from scanner.azure.rbac.evaluation import Ask, evaluate
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.scopes import Hierarchy, management_group_scope
from scanner.azure.vectors import MACHINE_VECTORS
from scanner.estate import Principal, Provider, Reachability, Target
from scanner.grants import Standing, Verdict

TENANT = "t"
ROOT_GROUP, LEFT, RIGHT = map(management_group_scope, (TENANT, "left", "right"))
HIERARCHY = Hierarchy(
    {
        LEFT: ROOT_GROUP,
        RIGHT: ROOT_GROUP,
        f"/subscriptions/{SUB}": LEFT,
        f"/subscriptions/{SUB2}": RIGHT,
    },
    frozenset({ROOT_GROUP}),
)
VM_TYPE = "providers/microsoft.compute/virtualmachines"
VMS = [
    f"/subscriptions/{subscription}/resourcegroups/{rg}/{VM_TYPE}/{name}"
    for subscription in (SUB, SUB2)
    for rg, name in (("a", "one"), ("ab", "one"))
]
SCOPES = [
    "/",
    ROOT_GROUP,
    LEFT,
    RIGHT,
    f"/subscriptions/{SUB}",
    f"/subscriptions/{SUB2}",
    f"/subscriptions/{SUB}/resourcegroups/a",
    f"/subscriptions/{SUB2}/resourcegroups/ab",
    *VMS[:2],
]
PEOPLE = ["u1", "u2", "s1", "g1", "g2", "g3"]
ACTIONS = [
    "*",
    "*/action",
    "Microsoft.Compute/*",
    "microsoft.compute/virtualmachines/*/write",
    RUN,
    MANAGED_RUN,
    EXTENSION,
    "Microsoft.SerialConsole/*",
]
DATA = ["*", LOGIN, "Microsoft.Compute/virtualMachines/*"]
CONDITIONS = [
    None,
    None,
    None,
    "@Resource[x] StringEquals 'a'",
    "@Principal[y] BoolEquals true",
    f"!(ActionMatches{{'{RUN}'}}) OR @Resource[x] StringEquals 'a'",
    f"!(ActionMatches{{'{RUN}'}})",
    "nonsense",
]
GUIDS = ["r1", "r2", "r3", "missing"]


def some(options, size=2):
    return st.lists(st.sampled_from(options), max_size=size).map(tuple)


blocks = st.builds(
    Permission, some(ACTIONS), some(ACTIONS, 1), some(DATA, 1), some(DATA, 1),
    st.sampled_from(CONDITIONS),
)  # fmt: skip
roles = st.fixed_dictionaries(
    {
        guid: st.lists(blocks, max_size=2).map(
            lambda found, guid=guid: RoleDefinition(
                guid, guid, guid, True, tuple(found)
            )
        )
        for guid in GUIDS[:-1]
    }
)


def assignments():
    standing = st.sampled_from(
        [
            (Standing.PERMANENT, None, Source.ASSIGNMENT),
            (Standing.TIME_BOUND, "2027", Source.SCHEDULE),
            (Standing.ACTIVATED, "2028", Source.SCHEDULE),
            (Standing.ELIGIBLE, None, Source.ELIGIBILITY),
        ]
    )
    return st.builds(
        lambda n, scope, role, who, condition, how: Assignment(
            f"a{n}", scope, role, who, condition, *how
        ),
        st.integers(0, 99),
        st.sampled_from(SCOPES),
        st.sampled_from(GUIDS),
        st.sampled_from(PEOPLE),
        st.sampled_from(CONDITIONS),
        standing,
    )


def denies():
    people = st.sets(st.sampled_from(PEOPLE), max_size=1)
    return st.builds(
        lambda n, scope, block, who, excluded, own, audit: DenyAssignment(
            f"d{n}", "deny", scope, (block,), frozenset(who), frozenset(excluded),
            own_scope_only=own, audit=audit,
        ),
        st.integers(0, 99),
        st.sampled_from(SCOPES),
        blocks,
        st.one_of(st.just({EVERYONE}), people),
        people,
        st.booleans(),
        st.integers(0, 4).map(lambda n: n == 0),
    )  # fmt: skip


memberships = st.fixed_dictionaries(
    {
        group: st.sets(st.sampled_from(PEOPLE), max_size=3).map(
            lambda ids: GroupMembers(frozenset(ids), True)
        )
        for group in ("g1", "g2", "g3")
    }
)


@st.composite
def tenants(draw):
    members = draw(memberships)
    principals = {
        name: Principal(
            Provider.AZURE,
            name,
            name,
            "group" if name[0] == "g" else "user",
            False,
            "t",
        )
        for name in PEOPLE
    }
    reached, unseen = reach(["g1", "g2", "g3"], members, principals)
    locks = draw(
        st.lists(
            st.builds(Lock, st.just("l"), st.just("l"), st.sampled_from(SCOPES[4:]),
                      st.booleans()),
            max_size=1,
        )
    )  # fmt: skip
    machines = tuple(
        Machine(
            Target(
                Provider.AZURE, vm, vm, "vm", vm.split("/")[2], "", Reachability.ONLINE
            ),
            vm,
        )
        for vm in VMS
    )
    return AzureTenant(
        TENANT,
        {SUB: "", SUB2: ""},
        HIERARCHY,
        draw(roles),
        tuple(draw(st.lists(assignments(), max_size=6))),
        tuple(draw(st.lists(denies(), max_size=2))),
        tuple(locks),
        Directory(principals, members, reached, unseen),
        machines,
    )


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
