"""Generated Azure tenants for hypothesis: small, and full of what may go wrong."""

from azure_estates import EVERYONE, EXTENSION, LOGIN, MANAGED_RUN, RUN, SUB, SUB2
from hypothesis import strategies as st

from scanner.azure.directory import reach
from scanner.azure.entra import Directory, GroupMembers
from scanner.azure.model import (
    Assignment,
    AzureTenant,
    DenyAssignment,
    Lock,
    Machine,
    Source,
)
from scanner.azure.policies.model import (
    Policies,
    PolicyAssignment,
    PolicyDefinition,
    PolicyExemption,
)
from scanner.azure.rbac.roles import Permission, RoleDefinition
from scanner.azure.rbac.scopes import Hierarchy, management_group_scope
from scanner.estate import Principal, Provider, Reachability, Target
from scanner.grants import Standing

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


#: Types of extensions that policies speak of, and one that none does.
EXTENSION_KINDS = ["A", "B", "other"]
_KIND = "Microsoft.Compute/virtualMachines/extensions/type"
_WRITTEN = [one.removesuffix("/write") for one in (EXTENSION, MANAGED_RUN)]
_ON_KIND = [{"notIn": ["A"]}, {"notIn": ["A", "B"]}, {"equals": "B"}]
_RULES = [
    {"field": "type", "in": _WRITTEN},
    {"field": "type", "equals": _WRITTEN[1]},
    *(
        {
            "allOf": [
                {"field": "type", "equals": _WRITTEN[0]},
                {"field": _KIND, **comparison},
            ]
        }
        for comparison in _ON_KIND
    ),
    {"field": "location", "equals": "nowhere"},
]


_ASSIGNED = "/providers/microsoft.authorization/policyassignments"


def _policies(assigned, exempt):
    definitions = {
        f"/p/{n}": PolicyDefinition(
            f"/p/{n}", "all", {"if": rule, "then": {"effect": "deny"}}
        )
        for n, rule in enumerate(_RULES)
    }
    assignments = {
        f"{scope}{_ASSIGNED}/{n}": PolicyAssignment(
            f"{scope}{_ASSIGNED}/{n}", "", scope, f"/p/{rule}", {}, spared, enforced
        )
        for n, (scope, rule, spared, enforced) in enumerate(assigned)
    }
    exemptions = {
        f"{scope}/e": PolicyExemption(f"{scope}/e", scope, one)
        for scope in exempt
        for one in list(assignments)[:1]
    }
    return Policies(assignments, definitions, {}, exemptions)


policies = st.builds(
    _policies,
    st.lists(
        st.tuples(
            st.sampled_from(SCOPES[1:]),
            st.integers(0, len(_RULES) - 1),
            some(SCOPES[3:], 1),
            st.integers(0, 4).map(lambda n: n > 0),
        ),
        max_size=3,
    ),
    some(SCOPES[3:], 1),
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
        policies=draw(policies),
    )
