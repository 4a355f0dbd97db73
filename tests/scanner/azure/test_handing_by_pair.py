"""Handing out roles: the class engine answers as one request after the other does.

The brute force here tries every role and receiver on every machine, and every part of
a delegation or a new role, with nothing decided by class.
"""

from dataclasses import replace

from azure_estates import EVERYONE, SUB, SUB2
from azure_generated import (
    HIERARCHY,
    SCOPES,
    TENANT,
    assignments,
    denies,
    tenants,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.azure.decide import decide_azure
from scanner.azure.model import Assignment, AzureEstate, DenyAssignment
from scanner.azure.rbac.conditions import NotAConditionError, parse
from scanner.azure.rbac.evaluation import Ask, evaluate
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.truth import Request, Truth, truth
from scanner.azure.vectors import MACHINE_VECTORS
from scanner.grants import Tier, Verdict

HAND_OUT = "Microsoft.Authorization/roleAssignments/write"
DEFINE = "Microsoft.Authorization/roleDefinitions/write"
ROLE = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"
KIND = "@Request[Microsoft.Authorization/roleAssignments:PrincipalType]"
NEW = "99999999-0000-4000-8000-000000000000"
RUNS, READS, GIVES = (f"{n}0000000-0000-4000-8000-000000000000" for n in "abc")
GUARD = f"!(ActionMatches{{'{HAND_OUT}'}})"
CONDITIONS = [
    None,
    f"{GUARD} OR {ROLE} GuidEquals {RUNS}",
    f"{GUARD} OR {ROLE} GuidEquals {READS}",
    f"{GUARD} OR {ROLE} GuidEquals {GIVES}",
    f"{GUARD} OR {ROLE} ForAnyOfAllValues:GuidNotEquals {{{RUNS}, {GIVES}}}",
    f"{GUARD} OR ({ROLE} GuidEquals {RUNS} AND "
    f"{KIND} StringEqualsIgnoreCase 'ServicePrincipal')",
    f"{GUARD} OR {KIND} StringEqualsIgnoreCase 'Group'",
    f"{GUARD} OR @Resource[x] BoolEquals true",
    "nonsense (",
]
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
handing = st.sampled_from(
    [(HAND_OUT,), (HAND_OUT, DEFINE), (DEFINE,), ("Microsoft.Authorization/*",)]
)


denies_of_running = st.builds(
    lambda scope, excluded, system: DenyAssignment(
        "running", "running", scope, (Permission((RUN,)),), frozenset({EVERYONE}),
        frozenset(excluded), system=system,
    ),
    st.sampled_from(SCOPES),
    st.sets(st.sampled_from(["u1", "g1"]), max_size=1),
    st.booleans(),
)  # fmt: skip


@st.composite
def handing_tenants(draw):
    """A generated tenant whose roles may hand out others, under conditions."""
    tenant = draw(tenants())
    condition = draw(st.sampled_from(CONDITIONS))
    roles = {
        RUNS: (Permission((RUN,)),),
        READS: (Permission(("*/read",)),),
        GIVES: (Permission((HAND_OUT,), condition=condition),),
    }
    for n in range(2):
        block = Permission(draw(handing), condition=draw(st.sampled_from(CONDITIONS)))
        roles[f"giver{n}"] = (block,)
    known = {g: RoleDefinition(g, g, g, True, blocks) for g, blocks in roles.items()}
    given = draw(st.lists(assignments(), min_size=1, max_size=4))
    held = [
        replace(
            one,
            role=draw(st.sampled_from([GIVES, "giver0", "giver1", "missing"])),
            condition=draw(st.sampled_from(CONDITIONS)),
        )
        for one in given
    ]
    cuts = [replace(one, system=draw(st.booleans())) for one in tenant.denies]
    if draw(st.booleans()):
        cuts.append(draw(denies_of_running))
    return replace(tenant, roles=known, assignments=tuple(held), denies=tuple(cuts))


def receivers(tenant, principal):
    """The principal, and the groups that it is in: all that it may gain through."""
    groups = {g for g, ids in tenant.directory.reached.items() if principal in ids}
    return {"Group" if one[0] == "g" else "User" for one in {principal, *groups}}


ON_VMS = [v for v in MACHINE_VECTORS if "vm" in v.kinds]
RUNNING = [(v.operation, v.data) for v in ON_VMS]


def counting(tenant, kinds, asked=RUNNING):
    """The roles that give any of some operations, or hand out one that does."""
    found = {
        guid: Truth.TRUE if any(any(r.granting(*one)) for one in asked) else Truth.FALSE
        for guid, r in tenant.roles.items()
    }
    for _ in tenant.roles:
        for guid, role in tenant.roles.items():
            texts = [[b.condition] for b in role.granting(HAND_OUT, False)]
            best = [lets_through(some, found, kinds) for some in texts]
            found[guid] = max([found[guid], *best])
    return found


def lets_through(texts, counts, kinds):
    texts = [text for text in texts if text]
    if not texts:
        return Truth.TRUE
    try:
        parsed = [parse(text) for text in texts]
    except NotAConditionError:
        return Truth.UNKNOWN
    return max(
        min(found, *(truth(one, request(role, kind)) for one in parsed))
        for role, found in counts.items()
        for kind in kinds
    )


def request(role, kind):
    return Request(HAND_OUT, {ROLE.lower(): (role,), KIND.lower(): (kind,)})


def by_pair(tenant):
    found = {}
    for principal in tenant.directory.principals:
        kinds = receivers(tenant, principal)
        counts = counting(tenant, kinds)
        reached = tenant.directory.reached
        groups = frozenset(g for g, ids in reached.items() if principal in ids)
        for machine in tenant.machines:
            above, _ = HIERARCHY.chain(machine.target.scope)
            ask = Ask(principal, groups, HAND_OUT, False, machine.scope, above)
            best = fresh = 0
            for one in tenant.assignments:
                role = tenant.roles.get(one.role)
                bare = replace(one, condition=None)
                plain = {
                    guid: replace(
                        r,
                        permissions=tuple(
                            replace(b, condition=None) for b in r.permissions
                        ),
                    )
                    for guid, r in tenant.roles.items()
                }
                answer = evaluate(ask, plain, [bare], tenant.denies, tenant.locks)
                if answer.decision.verdict is Verdict.DENIED:
                    continue
                if role is None:
                    whole = evaluate(ask, {}, [one], tenant.denies, tenant.locks)
                    if whole.decision.verdict is not Verdict.DENIED:
                        best = max(best, 1)
                    continue
                for block in role.granting(HAND_OUT, False):
                    texts = [one.condition, block.condition]
                    lets = lets_through(texts, counts, kinds)
                    best = max(best, {0: 0, 1: 2, 2: 3}[int(lets)])
                    if makes(tenant, ask, principal, groups, machine, above):
                        new = lets_through(texts, {NEW: Truth.TRUE}, kinds)
                        ways = makes(tenant, ask, principal, groups, machine, above)
                        fresh = max(fresh, min({0: 0, 1: 2, 2: 3}[int(new)], ways))
            if best > 1 and stuck(tenant, ask, counts, kinds):
                best = 0
            if best or fresh:
                found[principal, machine.target.id] = max(best, fresh)
    return found


REMOVERS = [
    "Microsoft.Authorization/denyAssignments/delete",
    "Microsoft.Authorization/denyAssignments/write",
]
UNLOCK = "Microsoft.Authorization/locks/delete"
EVERY_BLOCK = (Permission(("*",), (), ("*",)),)
EVERYTHING = {"all": RoleDefinition("all", "", "", True, EVERY_BLOCK)}


def stuck(tenant, ask, counts, kinds):
    """Whether guards that stay block all that the roles to be had would run."""
    gains = [
        (v.operation, v.data)
        for v in ON_VMS
        if v.vector.tier is not Tier.ESCALATION
        and any(
            any(tenant.roles[guid].granting(v.operation, v.data))
            for guid, found in counts.items()
            if found
        )
    ]
    denies = [d for d in tenant.denies if d.system or not goes(tenant, ask, d, kinds)]
    locks = [k for k in tenant.locks if not goes(tenant, ask, k, kinds)]
    whole = [Assignment("all", "/", "all", ask.principal)]

    def blocked(operation, data):
        asked = replace(ask, operation=operation, data=data)
        found = evaluate(asked, EVERYTHING, whole, denies, locks)
        return found.decision.verdict is Verdict.DENIED

    return bool(gains) and all(blocked(*one) for one in gains)


def goes(tenant, ask, guard, kinds):
    """Whether the principal removes a guard, or gives itself a role that does."""
    names = REMOVERS if hasattr(guard, "system") else [UNLOCK]
    at = replace(ask, scope=guard.scope, management_groups=above_of(guard.scope))
    for name in names:
        asked = replace(at, operation=name)
        found = evaluate(asked, tenant.roles, tenant.assignments, tenant.denies, [])
        if found.decision.verdict is not Verdict.DENIED:
            return True
    counts = counting(tenant, kinds, [(name, False) for name in names])
    for one in tenant.assignments:
        alone = evaluate(at, tenant.roles, [one], tenant.denies, [])
        if alone.decision.verdict is Verdict.DENIED:
            continue
        role = tenant.roles.get(one.role)
        if role is None:
            return True
        for block in role.granting(HAND_OUT, False):
            if lets_through([one.condition, block.condition], counts, kinds):
                return True
    return False


def above_of(scope):
    if scope.startswith("/subscriptions/"):
        return HIERARCHY.chain(scope.split("/")[2])[0]
    return tuple(filter(None, [HIERARCHY.parents.get(scope)]))


def makes(tenant, ask, principal, groups, machine, above):
    """How surely the principal makes roles at the machine's resource group."""
    group = machine.scope.partition("/providers/")[0]
    asked = Ask(principal, groups, DEFINE, False, group, above)
    answer = evaluate(
        asked, tenant.roles, tenant.assignments, tenant.denies, tenant.locks
    )
    return _RANK.index(answer.decision.verdict)


_RANK = [Verdict.DENIED, Verdict.UNKNOWN, Verdict.CONDITIONAL, Verdict.ALLOWED]


def by_class(tenant, vectors=(HAND_OUT,)):
    found = {}
    for grant in decide_azure(AzureEstate({TENANT: tenant})).grants:
        if grant.vector.id in vectors:
            for principal in grant.principals:
                for target in grant.targets:
                    key = (principal.id, target.id)
                    assert key not in found
                    found[key] = _RANK.index(grant.decision.verdict)
    return found


@settings(max_examples=120, deadline=None)
@given(handing_tenants())
def test_handing_out_roles_is_decided_as_by_one_request_at_a_time(tenant):
    assert by_class(tenant) == by_pair(tenant)


GUARDS = "delete", "locks", "denyAssignments", "deploymentStacks"


def ranks(tenant):
    found = {}
    for grant in decide_azure(AzureEstate({TENANT: tenant})).grants:
        if not any(word in grant.vector.id for word in GUARDS):
            for principal in grant.principals:
                for target in grant.targets:
                    key = (principal.id, grant.vector.id, target.id)
                    found[key] = _RANK.index(grant.decision.verdict)
    return found


@settings(max_examples=30, deadline=None)
@given(handing_tenants(), assignments())
def test_another_assignment_narrows_no_vector(tenant, another):
    wider = replace(tenant, assignments=(*tenant.assignments, another))
    before, after = ranks(tenant), ranks(wider)

    assert all(after.get(key, 0) >= rank for key, rank in before.items())


@settings(max_examples=30, deadline=None)
@given(handing_tenants(), denies())
def test_another_deny_widens_nothing_but_its_own_removal(tenant, another):
    before = ranks(tenant)
    after = ranks(replace(tenant, denies=(*tenant.denies, another)))

    assert all(before.get(key, 0) >= rank for key, rank in after.items())


def test_the_generated_scopes_hold_both_subscriptions():
    assert {SUB, SUB2} <= {part for scope in SCOPES for part in scope.split("/")}
