"""Azure Policy as a guard: which writes it stops, where, and who can undo it."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    EXTENSION,
    MANAGED_RUN,
    RUN,
    SUB,
    SUB2,
    TENANT,
    arc_id,
    arc_machine,
    assignment,
    authorization,
    block,
    delegation,
    deny,
    group_scope,
    line,
    loaded,
    lock,
    machine,
    management_group,
    placed,
    refused,
    rg_scope,
    role,
    rows_of,
    set_id,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)
from azure_policies import (
    ARC,
    BUILT_IN,
    EXTENSIONS,
    KIND,
    RUN_COMMANDS,
    SCALE_SET,
    VM,
    assigned,
    definition,
    exemption,
    initiative,
    is_type,
    policy_lines,
)

from scanner.azure.decide import decide_azure
from scanner.azure.vectors import COVERED
from scanner.grants import Condition, Confidence, Standing, Verdict

S = subscription_scope()
ALLOWED, CONDITIONAL = Verdict.ALLOWED, Verdict.CONDITIONAL
DENIED, UNKNOWN = Verdict.DENIED, Verdict.UNKNOWN
VECTORS = {one.id: one for one in COVERED}
BOTH = definition("both", is_type(EXTENSIONS, RUN_COMMANDS), S)
DELETE = f"{AUTHORIZATION}/policyAssignments/delete"
WRITE = f"{AUTHORIZATION}/policyAssignments/write"
DEFINE = f"{AUTHORIZATION}/policyDefinitions/write"
DEFINE_SET = f"{AUTHORIZATION}/policySetDefinitions/write"
EXEMPT = f"{AUTHORIZATION}/policyExemptions/write"
MAY_EXEMPT = f"{AUTHORIZATION}/policyAssignments/exempt/action"


def decided(tmp_path, lines, held=((EXTENSION, S), (MANAGED_RUN, S), (RUN, S)), **more):
    """Decide for `u`, who holds these operations in roles of his own."""
    roles = [role(f"r{n}", block([op])) for n, (op, _) in enumerate(held)]
    given = [assignment("u", f"r{n}", at) for n, (_, at) in enumerate(held)]
    below = more.pop("below", None) or subscription_lines([machine(vm_id())])
    tenant = tenant_lines(roles=roles, assignments=given, users=[user("u")], **more)
    return decide_azure(loaded(tmp_path, [*tenant, *lines], (SUB, below)))


def verdict(found, vector=EXTENSION, target="vm"):
    row = rows_of(found).get(("u", vector, target))
    return row.verdict if row else DENIED


def guard(tmp_path, scope=S, definitions=(BOTH,), sets=(), exemptions=(), **more):
    """Decide with one assignment of the first definition, or initiative."""
    first = (*sets, *definitions)[0]
    one = assigned(scope, first["id"], **more)
    return decided(tmp_path, policy_lines([one], definitions, sets, exemptions))


def test_a_policy_stops_writes_and_never_the_post(tmp_path):
    found = guard(tmp_path)

    seen = [verdict(found, one) for one in (EXTENSION, MANAGED_RUN, RUN)]
    assert seen == [DENIED, DENIED, ALLOWED]


def test_the_policy_is_named_as_what_denies(tmp_path):
    found = guard(tmp_path)
    (who,) = (p for p in found.principals if p.name == "u")
    (target,) = found.targets

    because = found.denied_because(who, VECTORS[EXTENSION], target)
    assert [(f"{S}/providers/{AUTHORIZATION}/policyAssignments/guard", "guard")] == [
        (one.assignment, one.role) for one in because
    ]
    decision = found.denied_as(who, VECTORS[EXTENSION], target)
    assert decision.confidence is Confidence.CERTAIN


EFFECT = {"effect": {"type": "String", "defaultValue": "Audit"}}


def by_effect(effect, parameters=None):
    rule = is_type(EXTENSIONS)
    return definition("d", rule, S, effect=effect, parameters=parameters or EFFECT)


@pytest.mark.parametrize(
    ("made", "more", "expected"),
    [
        (by_effect("Deny"), {}, DENIED),
        (by_effect("audit"), {}, ALLOWED),
        (by_effect("disabled"), {}, ALLOWED),
        (by_effect("append"), {}, ALLOWED),
        (by_effect("modify"), {}, ALLOWED),
        (by_effect("denyAction"), {}, ALLOWED),
        (by_effect("deployIfNotExists"), {}, ALLOWED),
        (by_effect("[parameters('effect')]"), {}, ALLOWED),
        (
            by_effect("[parameters('effect')]"),
            {"parameters": {"Effect": "DENY"}},
            DENIED,
        ),
        (by_effect("[if(true, 'deny', 'audit')]"), {}, ALLOWED),
        (BOTH, {"enforcementMode": "DoNotEnforce"}, ALLOWED),
        (BOTH, {"enforcementMode": "default"}, DENIED),
        (BOTH, {"enforcementMode": None}, DENIED),
        (BOTH, {"enforcementMode": 1}, ALLOWED),
        (BOTH, {"notScopes": [rg_scope()]}, ALLOWED),
        (BOTH, {"notScopes": [rg_scope("r")]}, DENIED),
        (BOTH, {"notScopes": [vm_id().upper()]}, ALLOWED),
        (BOTH, {"notScopes": "odd"}, ALLOWED),
        (BOTH, {"notScopes": [1]}, ALLOWED),
        (BOTH, {"resourceSelectors": [{"name": "a", "selectors": []}]}, ALLOWED),
        (BOTH, {"overrides": [{"kind": "policyEffect", "value": "audit"}]}, ALLOWED),
        (BOTH, {"resourceSelectors": [], "overrides": []}, DENIED),
        (definition("d", is_type(EXTENSIONS), S, mode="Indexed"), {}, DENIED),
        (definition("d", is_type(EXTENSIONS), S, mode=None), {}, DENIED),
        (definition("d", is_type(EXTENSIONS), S, mode="Odd.Data"), {}, ALLOWED),
        (definition("d", is_type(VM), S), {}, ALLOWED),
        (definition("d", {"field": "name", "exists": True}, S), {}, ALLOWED),
    ],
)
def test_only_an_enforced_deny_blocks(tmp_path, made, more, expected):
    assert expected is verdict(guard(tmp_path, definitions=[made], **more))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (S, (DENIED, DENIED)),
        (group_scope(TENANT), (DENIED, DENIED)),
        (rg_scope(), (DENIED, ALLOWED)),
        (rg_scope().upper(), (DENIED, ALLOWED)),
        (vm_id(), (DENIED, ALLOWED)),
        (subscription_scope(SUB2), (ALLOWED, ALLOWED)),
        (group_scope("other"), (ALLOWED, ALLOWED)),
    ],
)
def test_it_holds_at_its_scope_and_below(tmp_path, scope, expected):
    lines = policy_lines([assigned(scope, BOTH["id"])], [BOTH])
    vms = [machine(vm_id()), machine(vm_id("away", "rg2"))]
    found = decided(
        tmp_path,
        lines,
        below=subscription_lines(vms),
        groups=[management_group(TENANT), management_group("other", TENANT)],
    )

    assert expected == (verdict(found), verdict(found, target="away"))


def test_a_group_above_that_nobody_read_is_not_said_to_deny(tmp_path):
    """Nor is a machine denied that a group may spare."""
    lines = policy_lines(
        [assigned(S, BOTH["id"], notScopes=[group_scope("somewhere")])], [BOTH]
    )
    for placements in ([], [placed(SUB, "lost")]):
        found = decided(tmp_path, lines, groups=[], placements=placements)
        assert verdict(found) is ALLOWED

    assert verdict(decided(tmp_path, lines)) is DENIED


@pytest.mark.parametrize(
    ("scope", "more", "expected"),
    [
        (S, {}, ALLOWED),
        (rg_scope(), {}, ALLOWED),
        (rg_scope("other"), {}, DENIED),
        (vm_id(), {}, ALLOWED),
        (f"{vm_id()}/extensions/one", {}, ALLOWED),
        (f"{vm_id()}/runCommands/one", {}, DENIED),
        (S, {"expiresOn": "2026-10-31T00:00:00Z"}, DENIED),
        (S, {"expiresOn": "2026-11-02T00:00:00Z"}, ALLOWED),
        (S, {"expiresOn": "whenever"}, ALLOWED),
        (S, {"exemptionCategory": "Mitigated"}, ALLOWED),
        (S, {"policyDefinitionReferenceIds": []}, ALLOWED),
        (S, {"policyAssignmentId": f"{S}/other"}, DENIED),
    ],
)
def test_an_exemption_spares_what_it_is_written_for(tmp_path, scope, more, expected):
    spared = exemption(scope, assigned(S, BOTH["id"]), **more)

    assert expected is verdict(guard(tmp_path, exemptions=[spared]))


@pytest.mark.parametrize(
    ("references", "expected"),
    [(["M1"], ALLOWED), (["m0"], DENIED), (["m0", "m1"], ALLOWED)],
)
def test_an_exemption_may_be_about_some_members_of_an_initiative(
    tmp_path, references, expected
):
    audits, denies = by_effect("audit"), BOTH
    both = initiative("set", [(audits["id"], {}), (denies["id"], {})], S)
    spared = exemption(
        S, assigned(S, both["id"]), policyDefinitionReferenceIds=references
    )
    found = guard(
        tmp_path, definitions=[audits, denies], sets=[both], exemptions=[spared]
    )

    assert expected is verdict(found)


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, ALLOWED), ({"how": "Deny"}, DENIED), ({"how": "Disabled"}, ALLOWED)],
)
def test_parameters_go_through_an_initiative(tmp_path, given, expected):
    made = by_effect("[parameters('effect')]")
    outer = {"how": {"type": "String", "defaultValue": "Audit"}}
    both = initiative(
        "set", [(made["id"], {"effect": "[parameters('HOW')]"})], S, outer
    )

    found = guard(tmp_path, definitions=[made], sets=[both], parameters=given)
    assert expected is verdict(found)


def approved(*kinds, effect="Deny", scope=S, name="guard"):
    given = {"approvedExtensions": list(kinds), "effect": effect}
    return assigned(scope, BUILT_IN, name, given)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([approved("A", "B")], [("in", ("A", "B"))]),
        ([approved("A", "B"), approved("b", "C", name="n")], [("in", ("B",))]),
        ([approved("A", effect="Audit")], []),
        ([assigned(S, BUILT_IN, parameters={"approvedExtensions": ["A"]})], []),
        ([assigned(S, BUILT_IN, parameters={"effect": "Deny"})], []),
    ],
)
def test_approved_extensions_remain_as_conditions(tmp_path, rows, expected):
    """The built-in policy is known without its definition."""
    row = rows_of(decided(tmp_path, policy_lines(rows)))["u", EXTENSION, "vm"]
    conditions = [Condition(KIND, operator, values) for operator, values in expected]

    assert row.conditions == ((tuple(conditions),) if conditions else ())
    assert row.verdict is (CONDITIONAL if conditions else ALLOWED)
    assert row.standing is Standing.PERMANENT


@pytest.mark.parametrize(
    "rows", [[approved()], [approved("A"), approved("B", name="second")]]
)
def test_no_approved_extension_is_none_at_all(tmp_path, rows):
    found = decided(tmp_path, policy_lines(rows))
    (who,) = (p for p in found.principals if p.name == "u")
    (target,) = found.targets

    assert (verdict(found), verdict(found, MANAGED_RUN)) == (DENIED, ALLOWED)
    named = found.denied_because(who, VECTORS[EXTENSION], target)
    assert {row["id"] for row in rows} == {one.assignment for one in named}


def test_what_remains_still_rests_on_the_assignment(tmp_path):
    found = decided(tmp_path, policy_lines([approved("A")]))
    grant = next(g for g in found.grants if g.vector.id == EXTENSION)
    (principal,), (target,) = grant.principals, grant.targets

    assert [one.role for one in grant.because_at(principal, target)] == ["r0"]
    assert [one.role for one in grant.because_of(principal)] == ["r0"]


SET_WRITES = [
    f"{SCALE_SET}/virtualMachines/runCommands/write",
    f"{SCALE_SET}/virtualMachines/extensions/write",
    f"{SCALE_SET}/extensions/write",
]
ARC_WRITES = [f"{ARC}/runCommands/write", f"{ARC}/extensions/write"]


@pytest.mark.parametrize("mode", ["All", "Indexed"])
def test_scale_sets_and_arc_machines_have_types_of_their_own(tmp_path, mode):
    """Extensions of scale sets have no tags and location: `Indexed` skips them."""
    writes = [*SET_WRITES, *ARC_WRITES]
    every = definition(
        "d", is_type(*(w.removesuffix("/write") for w in writes)), S, mode
    )
    below = subscription_lines(
        [machine(vm_id())],
        [{"id": set_id(), "name": "set", "properties": {}}],
        [machine(f"{set_id()}/virtualMachines/0")],
        [arc_machine(arc_id())],
    )
    found = decided(
        tmp_path,
        policy_lines([assigned(S, every["id"])], [every]),
        [(one, S) for one in (*writes, EXTENSION)],
        below=below,
    )
    seen = [verdict(found, one, "0") for one in SET_WRITES]
    seen += [verdict(found, one, "arc") for one in ARC_WRITES]

    skipped = ALLOWED if mode == "Indexed" else DENIED
    assert seen == [DENIED, skipped, skipped, DENIED, DENIED]
    assert verdict(found) is ALLOWED


def test_a_policy_binds_delegated_partners_too(tmp_path):
    given = delegation(S, [authorization("partner", "runs")])
    tenant = tenant_lines(
        roles=[role("runs", block([EXTENSION, RUN]), custom=False)], delegations=[given]
    )
    lines = policy_lines([assigned(S, BOTH["id"])], [BOTH])
    below = subscription_lines([machine(vm_id())])
    found = rows_of(decide_azure(loaded(tmp_path, [*tenant, *lines], (SUB, below))))

    assert [vector for _, vector, _ in found] == [RUN]


# -- what is missing -------------------------------------------------------------------


def test_a_definition_that_is_not_there_denies_nothing_and_is_a_gap(tmp_path):
    other = definition("other", is_type(VM), S)
    lines = policy_lines([assigned(S, BOTH["id"])], [other])
    tenant = tenant_lines(users=[user("u")])
    estate = loaded(tmp_path, [*tenant, *lines], (SUB, subscription_lines()))

    assert verdict(decided(tmp_path, lines)) is ALLOWED
    assert [gap.what for gap in estate.gaps] == [f"{AUTHORIZATION}/policyDefinitions"]


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("policyDefinitions", {"id": "/x", "properties": {}}),
        ("policySetDefinitions", {"id": "/x", "properties": {"policyDefinitions": 1}}),
        ("policyExemptions", {"id": "/x", "properties": {}}),
        ("policyAssignments", assigned(S, BUILT_IN, parameters=None, notScopes=5)),
    ],
)
def test_odd_rows_are_gaps(tmp_path, kind, row):
    lines = [line(f"{AUTHORIZATION}/{kind}", [row], {"scope": "/"})]
    tenant = tenant_lines(users=[user("u")])
    estate = loaded(tmp_path, [*tenant, *lines], (SUB, subscription_lines()))

    assert [gap.what for gap in estate.gaps] == [f"{AUTHORIZATION}/{kind}"]


@pytest.mark.parametrize("answered", [True, False])
def test_refused_exemptions_leave_a_denial_unknown(tmp_path, answered):
    exemptions = f"{AUTHORIZATION}/policyExemptions"
    *lines, last = policy_lines([assigned(S, BOTH["id"])], [BOTH])
    last = last if answered else refused(exemptions, {"scope": "/"})
    found = decided(tmp_path, [*lines, last])

    assert verdict(found) is (DENIED if answered else UNKNOWN)
    assert verdict(found, RUN) is ALLOWED


def test_a_list_of_exemptions_that_nobody_asked_for_is_empty(tmp_path):
    lines = policy_lines([assigned(S, BOTH["id"])], [BOTH])[:-1]

    assert verdict(decided(tmp_path, lines)) is DENIED


# -- who undoes it ---------------------------------------------------------------------

UNDOING = (DELETE, WRITE, DEFINE, DEFINE_SET, EXEMPT)


def undone(tmp_path, *held, definitions=(BOTH,), sets=(), more=(), **tenant):
    """Which removals lead `u` to the VM, with what he holds besides extensions."""
    first = (*sets, *definitions)[0]
    rows = [assigned(S, first["id"]), *more]
    lines = policy_lines(rows, definitions, sets)
    found = decided(tmp_path, lines, [(EXTENSION, S), *held], **tenant)
    return {
        one: verdict(found, one) for one in UNDOING if verdict(found, one) != DENIED
    }


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ([], {}),
        ([(DELETE, S)], {DELETE: ALLOWED}),
        ([(DELETE, group_scope(TENANT))], {DELETE: ALLOWED}),
        ([(DELETE, rg_scope())], {}),
        ([(WRITE, S)], {WRITE: ALLOWED}),
        ([(DEFINE, S)], {DEFINE: ALLOWED}),
        ([(DEFINE_SET, S)], {}),
        ([(EXEMPT, S)], {EXEMPT: CONDITIONAL}),
        ([(EXEMPT, S), (MAY_EXEMPT, S)], {EXEMPT: ALLOWED}),
        ([(EXEMPT, rg_scope()), (MAY_EXEMPT, S)], {EXEMPT: ALLOWED}),
        ([(EXEMPT, rg_scope("b")), (MAY_EXEMPT, S)], {}),
        ([(EXEMPT, S), (MAY_EXEMPT, rg_scope())], {EXEMPT: CONDITIONAL}),
    ],
)
def test_who_takes_the_policy_away_gains_what_it_denies(tmp_path, held, expected):
    assert expected == undone(tmp_path, *held)


def test_who_holds_nothing_that_is_denied_gains_nothing(tmp_path):
    lines = policy_lines([assigned(S, BOTH["id"])], [BOTH])
    found = decided(tmp_path, lines, [(RUN, S), (DELETE, S), (EXEMPT, S)])

    assert {vector for _, vector, _ in rows_of(found)} == {RUN}


def test_without_a_policy_its_removal_is_worth_nothing(tmp_path):
    found = decided(tmp_path, [], [(EXTENSION, S), (DELETE, S), (EXEMPT, S)])

    assert {vector for _, vector, _ in rows_of(found)} == {EXTENSION}


def test_nobody_rewrites_a_built_in_definition(tmp_path):
    made = definition("d", is_type(EXTENSIONS))

    assert undone(tmp_path, (DEFINE, "/"), definitions=[made]) == {}


def test_an_initiative_is_rewritten_or_its_definition(tmp_path):
    both = initiative("set", [(BOTH["id"], {})], S)
    held = [(DEFINE, S), (DEFINE_SET, S)]

    assert undone(tmp_path, *held, sets=[both]) == {
        DEFINE: ALLOWED,
        DEFINE_SET: ALLOWED,
    }


def test_what_another_policy_denies_too_stays_denied(tmp_path):
    above = assigned(group_scope(TENANT), BOTH["id"], "second")

    assert undone(tmp_path, (DELETE, S), more=[above]) == {}
    everywhere = (DELETE, group_scope(TENANT))
    assert undone(tmp_path, everywhere, more=[above]) == {DELETE: ALLOWED}


def test_what_another_policy_limits_is_gained_with_its_conditions(tmp_path):
    above = approved("A", scope=group_scope(TENANT), name="second")
    lines = policy_lines([assigned(S, BOTH["id"]), above], [BOTH])
    found = decided(tmp_path, lines, [(EXTENSION, S), (DELETE, S)])

    row = rows_of(found)["u", DELETE, "vm"]
    assert row.conditions == ((Condition(KIND, "in", ("A",)),),)


@pytest.mark.parametrize(
    ("held", "guards", "expected"),
    [
        ([(DELETE, S)], {"locks": [lock(rg_scope())]}, set()),
        ([(DELETE, S)], {"denies": [deny(rg_scope(), block([EXTENSION]))]}, set()),
        ([(DELETE, S)], {"denies": [deny(rg_scope("b"), block(["*"]))]}, {DELETE}),
        ([(DELETE, S)], {"denies": [deny(S, block([DELETE]))]}, set()),
    ],
)
def test_another_guard_keeps_it_shut(tmp_path, held, guards, expected):
    assert expected == set(undone(tmp_path, *held, **guards))


@pytest.mark.parametrize("both", [True, False])
def test_removing_a_deny_opens_nothing_behind_a_policy_that_stays(tmp_path, both):
    undeny = f"{AUTHORIZATION}/denyAssignments/delete"
    lines = policy_lines([assigned(S, BOTH["id"])], [BOTH])
    held = [(EXTENSION, S), (undeny, S), *([(DELETE, S)] if both else [])]
    found = decided(tmp_path, lines, held, denies=[deny(S, block([EXTENSION]))])

    assert verdict(found, undeny) is (ALLOWED if both else DENIED)
