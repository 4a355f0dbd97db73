"""Generated Azure requests: a second evaluator agrees, and more never means less."""

from azure_requests import (
    ADMIN,
    CHILD_GROUP,
    EVERYONE,
    LOGIN,
    MANAGED_RUN,
    ROOT_GROUP,
    RUN,
    SUB,
    TEAM,
    USER,
    VM,
    assign,
    deny,
    lock,
    role,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rbac_brute_force import CONDITIONS, expected

from scanner.azure.simulate import simulate_azure

RG = f"{SUB}/resourceGroups/a"
SCOPES = [
    *("/", ROOT_GROUP, CHILD_GROUP.upper(), CHILD_GROUP + "2", SUB, SUB.upper()),
    *(SUB + "0", RG, RG + "b", VM, VM.upper(), VM + "2", f"{VM}/extensions/x"),
]
#: Most are above the target: what never applies decides nothing.
HELD_AT = ["/", ROOT_GROUP, SUB, RG, VM] * 3 + SCOPES
PATTERNS = [
    *("*", "*/action", "*/WRITE", "Microsoft.Compute/*", "microsoft.compute/*/action"),
    *(RUN, MANAGED_RUN, LOGIN, "Microsoft.Compute/virtualMachines/*/write", "*/read"),
]
OPERATIONS = [
    *(RUN, MANAGED_RUN, LOGIN, RUN.upper(), "Microsoft.Compute/virtualMachines/read"),
]
PEOPLE = [USER, USER, USER.upper(), TEAM, ADMIN]
conditions = st.sampled_from([None, None, None, *CONDITIONS.values()])


def some(options, most=2, least=0):
    return st.lists(st.sampled_from(options), min_size=least, max_size=most)


blocks = st.fixed_dictionaries(
    {
        "actions": some([*PATTERNS, "*", RUN], 3, 1),
        "notActions": some(PATTERNS, 1),
        "dataActions": some(PATTERNS, 1),
        "notDataActions": some(PATTERNS, 1),
        "condition": conditions,
    }
)
roles = st.lists(st.lists(blocks, min_size=1, max_size=2), min_size=2, max_size=2).map(
    lambda found: [role(f"r{n}", blocks=some) for n, some in enumerate(found)]
)
assignments = st.lists(
    st.builds(
        lambda key, who, scope, condition: assign(role(key), who, scope, condition),
        st.sampled_from(["r0", "r0", "r1", "r1", "missing"]),
        st.sampled_from(PEOPLE),
        st.sampled_from(HELD_AT),
        conditions,
    ),
    min_size=1,
    max_size=3,
)
denies = st.lists(
    st.builds(
        lambda block, whom, but, scope, more: deny(whom, but, scope, [block], **more),
        blocks,
        some([EVERYONE, USER, TEAM]),
        some([TEAM, ADMIN], 1),
        st.sampled_from(SCOPES),
        st.sampled_from(
            [
                {},
                {"doNotApplyToChildScopes": True},
                {"denyAssignmentEffect": "audit"},
                {"isSystemProtected": True},
                {"condition": CONDITIONS["open"]},
            ]
        ),
    ),
    max_size=1,
)
locks = st.lists(
    st.builds(
        lock,
        st.sampled_from(["ReadOnly", "CanNotDelete"]),
        st.sampled_from([SUB, RG, VM, RG + "b"]),
    ),
    max_size=1,
)
requests = st.fixed_dictionaries(
    {
        "principalId": st.sampled_from([USER, USER.upper()]),
        "memberOf": some([TEAM], 1),
        "operation": st.sampled_from(OPERATIONS),
        "isDataAction": st.sampled_from([False, False, False, True]),
        "scope": st.sampled_from([VM, VM.lower(), RG, f"{VM}/runCommands/one"]),
        "managementGroups": st.permutations([CHILD_GROUP, ROOT_GROUP]),
        "roleDefinitions": roles,
        "roleAssignments": assignments,
        "denyAssignments": denies,
        "locks": locks,
    }
)


@given(requests)
@settings(max_examples=1000, deadline=None)
def test_a_second_evaluator_agrees(request):
    assert simulate_azure(request)["decision"] == expected(request)


RANK = ["denied", "unknown", "conditional", "allowed"]


def rank(request):
    return RANK.index(simulate_azure(request)["decision"])


@given(requests, assignments)
@settings(max_examples=200, deadline=None)
def test_another_assignment_never_narrows(request, more):
    wider = request | {"roleAssignments": [*request["roleAssignments"], *more]}

    assert rank(wider) >= rank(request)


@given(requests, denies, locks)
@settings(max_examples=200, deadline=None)
def test_another_deny_or_lock_never_widens(request, more, held):
    narrower = request | {
        "denyAssignments": [*request["denyAssignments"], *more],
        "locks": [*request["locks"], *held],
    }

    assert rank(narrower) <= rank(request)


@given(requests)
@settings(max_examples=200, deadline=None)
def test_nothing_is_unknown_where_every_role_is_defined(request):
    defined = role("missing", blocks=[])
    known = request | {"roleDefinitions": [*request["roleDefinitions"], defined]}

    assert simulate_azure(known)["decision"] != "unknown"
