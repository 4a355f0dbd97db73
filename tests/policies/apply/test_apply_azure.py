"""A change to Azure objects, applied to a typed estate, is as if evidence had it."""

from dataclasses import replace

import azure_estates as z
import pytest
from applying import change, decisions, different
from hypothesis import given
from hypothesis import strategies as st

from policies.apply import UnappliableChange, applied, inverse, same, touched
from scanner.grants import Activation

SCOPE, RG, VM = z.subscription_scope(), z.rg_scope(), z.vm_id()
OPS = z.role("ops", z.block([z.RUN, z.EXTENSION]))
READER = z.role("reader", z.block(["*/read"]), custom=False)
GIVER = z.role("giver", z.block(["Microsoft.Authorization/roleAssignments/write"]))
KEEPER = z.role("keeper", z.block(["Microsoft.Authorization/locks/*"]))
ALICE = z.assignment("alice", "ops", RG)
TEAM = z.assignment("team", "ops", RG, kind="Group")
LATER = z.eligible("bob", "ops", SCOPE)
DENY = z.deny(RG, z.block([z.RUN]), excluded=("carol",))
LOCK = z.lock(RG)
PARTNER = z.delegation(SCOPE, [z.authorization("visitor", "ops")])
NEW_PARTNER = z.delegation(RG, [z.authorization("guest", "ops")], managing="new")


def joined(pair):
    """A delegation with its definition inside, as ARM expands it."""
    definition, registration = pair
    given = {"properties": definition["properties"]}
    properties = {**registration["properties"], "registrationDefinition": given}
    return {**registration, "properties": properties}


def world(root, **but):
    """A tenant with one of everything; `but` replaces lists by name."""
    lists = {
        **BASE,
        "eligibilities": [LATER],
        "denies": [],
        "locks": [],
        "users": [z.user(n) for n in ("alice", "bob", "carol", "dave", "giver")],
        "directory_groups": [z.group(n) for n in ("team", "inner", "idle")],
        "members": MEMBERS,
        "delegations": [PARTNER],
    }
    vms = but.pop("vms", [z.machine(VM, identity="app"), z.machine(z.vm_id("two"))])
    lines = z.tenant_lines(**{**lists, **but})
    return z.loaded(root, lines, (z.SUB, z.subscription_lines(vms=vms)))


def plus(name, *rows):
    """The rows of a list of the world, and some more."""
    return [*BASE[name], *rows]


def without(name, *rows):
    return [one for one in BASE[name] if one not in rows]


BASE = {
    "assignments": [
        ALICE,
        TEAM,
        z.assignment("carol", "ops", SCOPE),
        z.assignment("giver", "giver", SCOPE),
        z.assignment("keeper", "keeper", SCOPE),
        z.assignment("app", "ops", RG, kind="ServicePrincipal"),
    ],
    "roles": [OPS, READER, GIVER, KEEPER],
}
MEMBERS = {
    "team": [z.member("inner", "group")],
    "inner": [z.member("dave")],
    "idle": [z.member("bob")],
}
CONDITION = {
    "condition": "@Resource[Microsoft.Compute/virtualMachines:name] StringEquals 'two'",
    "conditionVersion": "2.0",
}
LIMITED = z.assignment("alice", "ops", RG, **CONDITION)
WEAKER = z.role("ops", z.block(["*/read"]))
STRONGER = z.role("reader", z.block(["*"]), custom=False)
CUSTOM = z.role("custom", z.block(["*"]))
IDLE = z.assignment("idle", "ops", RG, kind="Group")
STRANGER = z.assignment("stranger", "ops", RG, kind="ServicePrincipal")


def case(kind, id_, name="", before=None, after=None, **but):
    label = f"{kind} {id_[-20:]} {name}: {before is not None} to {after is not None}"
    made = change(kind, id_, name, before=before, after=after)
    return pytest.param(made, but, id=label)


def of(kind, before=None, after=None, **but):
    """A change of an object that names itself."""
    return case(kind, (before or after)["id"], before=before, after=after, **but)


def member(group, who, before, after, **members):
    ids = z.guid(group), z.guid(who)
    but = {"members": {**MEMBERS, **members}}
    return case("azure.group-member", *ids, before, after, **but)


DAVE = [z.member("dave")]
CASES = [
    of("azure.role-definition", OPS, WEAKER, roles=[WEAKER, READER, GIVER, KEEPER]),
    of(
        "azure.role-definition",
        READER,
        STRONGER,
        roles=[OPS, STRONGER, GIVER, KEEPER],
    ),
    of("azure.role-definition", None, CUSTOM, roles=plus("roles", CUSTOM)),
    of("azure.role-definition", READER, None, roles=without("roles", READER)),
    of(
        "azure.role-assignment",
        None,
        z.assignment("bob", "ops", VM),
        assignments=plus("assignments", z.assignment("bob", "ops", VM)),
    ),
    of(
        "azure.role-assignment",
        ALICE,
        None,
        assignments=without("assignments", ALICE),
    ),
    of("azure.role-assignment", TEAM, None, assignments=without("assignments", TEAM)),
    of("azure.role-assignment", None, IDLE, assignments=plus("assignments", IDLE)),
    of(
        "azure.role-assignment",
        None,
        STRANGER,
        assignments=plus("assignments", STRANGER),
    ),
    case(
        "azure.role-assignment",
        ALICE["id"],
        "",
        ALICE,
        {**LIMITED, "id": ALICE["id"]},
        assignments=[{**LIMITED, "id": ALICE["id"]}, *without("assignments", ALICE)],
    ),
    of("azure.role-eligibility", LATER, None, eligibilities=[]),
    of(
        "azure.role-eligibility",
        None,
        z.eligible("dave", "ops", RG),
        eligibilities=[LATER, z.eligible("dave", "ops", RG)],
    ),
    of("azure.deny-assignment", None, DENY, denies=[DENY]),
    of("azure.lock", None, LOCK, locks=[LOCK]),
    case(
        "azure.registration-assignment",
        PARTNER[1]["id"],
        "",
        joined(PARTNER),
        None,
        delegations=[],
    ),
    case(
        "azure.registration-assignment",
        NEW_PARTNER[1]["id"],
        "",
        None,
        joined(NEW_PARTNER),
        delegations=[PARTNER, NEW_PARTNER],
    ),
    member("team", "alice", None, {}, team=[*MEMBERS["team"], z.member("alice")]),
    member("inner", "bob", None, {}, inner=[*DAVE, z.member("bob")]),
    member("inner", "dave", {}, None, inner=[]),
    member("team", "inner", {}, None, team=[]),
    member(
        "team", "idle", None, {}, team=[*MEMBERS["team"], z.member("idle", "group")]
    ),
    case(
        "azure.identity",
        VM,
        "",
        {"properties": {"principalId": z.guid("app")}},
        None,
        vms=[z.machine(VM), z.machine(z.vm_id("two"))],
    ),
    case(
        "azure.identity",
        z.vm_id("two"),
        "",
        None,
        {"properties": {"principalId": z.guid("app")}},
        vms=[z.machine(VM, identity="app"), z.machine(z.vm_id("two"), identity="app")],
    ),
]


@pytest.fixture(scope="module")
def estate(tmp_path_factory):
    return world(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize(("made", "but"), CASES)
def test_a_change_decides_as_evidence_that_has_it_would(estate, made, but, tmp_path):
    """Applied to the typed estate, or found in the evidence: the same decisions."""
    loaded = world(tmp_path, **but)

    actual = decisions(applied(estate, [made]))

    assert decisions(loaded) == actual


@pytest.mark.parametrize(("made", "_"), CASES)
def test_the_inverse_puts_back_what_was_there(estate, made, _):
    after = applied(estate, [made])

    assert not same(after, estate)
    assert same(applied(after, [inverse(made)]), estate)


@pytest.mark.parametrize(("made", "_"), CASES)
def test_only_who_is_touched_is_decided_otherwise(estate, made, _):
    (old, old_hops), (new, new_hops) = map(decisions, (estate, applied(estate, [made])))
    moved = {key[0] for key in different(old, new)}
    hops = different(old_hops, new_hops)

    who = touched(estate, [made])

    assert moved <= who
    assert all(who & {source, target} for _, source, target in hops)


def test_who_is_not_concerned_is_not_touched(estate):
    who = touched(estate, [change("azure.role-assignment", ALICE["id"], before=ALICE)])

    assert who == {z.guid("alice")}


def test_a_role_touches_who_may_hand_it_out(estate):
    """A role that runs commands now is a way up for whoever may assign it."""
    made = change("azure.role-definition", READER["id"], before=READER, after=STRONGER)

    assert z.guid("giver") in touched(estate, [made])


def test_an_eligibility_is_found_by_what_it_gives(estate):
    """A request to remove it has another id than the instance in evidence."""
    request = {**LATER, "id": LATER["id"].replace("Instances", "Requests")}
    made = change("azure.role-eligibility", request["id"], before=request)

    after = applied(estate, [made])

    (tenant,) = after.tenants.values()
    assert not [one for one in tenant.assignments if one.standing == "eligible"]


def test_what_activation_takes_comes_back_with_the_eligibility(estate):
    """PIM's policy is of the role at the scope, whoever is eligible for it."""
    (tenant,) = estate.tenants.values()
    one = next(a for a in tenant.assignments if a.standing == "eligible")
    asked = Activation(mfa=True, approval=False)
    places = {(one.scope, one.role): asked}
    listed = tuple(
        replace(a, activation=asked) if a is one else a for a in tenant.assignments
    )
    tenant = replace(tenant, activations=places, assignments=listed)
    strict = replace(estate, tenants={tenant.id: tenant})
    gone = change("azure.role-eligibility", LATER["id"], before=LATER)

    back = applied(applied(strict, [gone]), [inverse(gone)])

    assert same(back, strict)


def test_a_member_of_a_transitive_list_stays_where_a_nested_group_has_it(tmp_path):
    """Unknown is never "no access": the list does not tell who is in directly."""
    inner, dave = z.member("inner", "group"), z.member("dave")
    lines = z.tenant_lines(
        roles=[OPS],
        assignments=[TEAM],
        members={"inner": [dave]},
        directory_groups=[z.group("team"), z.group("inner")],
    )
    lines.append(z.members_line("team", inner, dave, transitive=True))
    vms = z.subscription_lines(vms=[z.machine(VM)])
    estate = z.loaded(tmp_path, lines, (z.SUB, vms))
    taken = change("azure.group-member", z.guid("team"), z.guid("dave"), before={})

    pairs, _ = decisions(applied(estate, [taken]))

    assert z.guid("dave") in {principal for principal, _, _ in pairs}


POLICIES = f"{z.subscription_scope()}/providers/{z.AUTHORIZATION}/policy"
ELSEWHERE = z.assignment("alice", "ops", z.subscription_scope(z.SUB2))
SYSTEM = z.deny(RG, z.block(["*"]), name="stack", isSystemProtected=True)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (change("azure.role-assignment", ALICE["id"], after=ALICE), "already"),
        (change("azure.role-assignment", IDLE["id"], before=IDLE), "not in"),
        (change("azure.role-assignment", ELSEWHERE["id"], after=ELSEWHERE), "scope"),
        (change("azure.role-assignment", IDLE["id"], after={}), "properties"),
        (change("azure.role-assignment", IDLE["id"], after=[]), "object"),
        (change("azure.role-definition", OPS["id"], before=OPS), "still assigned"),
        (change("azure.lock", LOCK["id"], before=LOCK), "not in"),
        (change("azure.deny-assignment", DENY["id"], before=DENY), "not in"),
        (
            change("azure.policy-assignment", f"{POLICIES}Assignments/x", before={}),
            "is not in the estate",
        ),
        (
            change(
                "azure.policy-assignment",
                f"{POLICIES}Assignments/x",
                after={"identity": {}, "properties": {}},
            ),
            "its identity",
        ),
        (
            change(
                "azure.policy-assignment",
                f"{POLICIES}Assignments/x",
                after={"properties": {"notScopes": 1}},
            ),
            "odd",
        ),
        (
            change(
                "azure.policy-definition",
                f"{POLICIES}Definitions/x",
                after={"properties": {}},
            ),
            "policyRule",
        ),
        (change("azure.group-member", z.guid("no"), z.guid("x"), after={}), "group"),
        (change("azure.identity", z.vm_id("no"), after={}), "not in"),
        (change("azure.identity", VM, after={}), "principalId"),
        (change("azure.registration-assignment", "/x/providers/y", after={}), "prop"),
        (change("aws.trust", "arn:aws:iam::1:role/x", after={}), "kind of object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_applied_is_refused(estate, made, why):
    with pytest.raises(UnappliableChange, match=why):
        applied(estate, [made])


def test_a_system_protected_deny_assignment_is_nobodys_to_delete(tmp_path):
    estate = world(tmp_path, denies=[SYSTEM])
    made = change("azure.deny-assignment", SYSTEM["id"], before=SYSTEM)

    with pytest.raises(UnappliableChange, match="system-protected"):
        applied(estate, [made])


SMALL = [param.values[0] for param in CASES]


@given(st.lists(st.integers(0, len(SMALL) - 1), max_size=6))
def test_undoing_changes_backwards_gives_the_estate(small, wanted):
    """Whatever was applied, in whatever order, is undone by the inverses."""
    done, now = [], small()
    for one in (SMALL[n] for n in wanted):
        try:
            now = applied(now, [one])
        except UnappliableChange:
            continue
        done.append(one)

    for one in reversed(done):
        now = applied(now, [inverse(one)])

    assert same(now, small())


@pytest.fixture(scope="module")
def small(estate):
    """The estate, as something that hypothesis does not print."""
    return lambda: estate
