"""Roles of the Entra directory: who gets to the root, and whom else one can become."""

import pytest
from azure_estates import (
    EVERYONE,
    LOGIN,
    RUN,
    SUB,
    assignment,
    block,
    deny,
    group,
    guid,
    line,
    loaded,
    machine,
    member,
    refused,
    role,
    rows_of,
    service_principal,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.azure.link import link_azure
from scanner.grants import Confidence, Standing, Tier, Verdict

S = subscription_scope()
ELEVATE = "Microsoft.Authorization/elevateAccess/action"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
PRIVILEGED = "e8611ab8-c189-46e8-94e1-60213ab1f814"
APPLICATION = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION = "158c047a-c907-4556-b7ef-446551a6b5f7"
GROUPS = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
USERS = "fe930be7-5e62-47db-91af-98c3a49a38b1"
HELPDESK = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
PASSWORD = "966707d0-3269-4727-9be2-8c3a10f19b9d"
AUTHENTICATION = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
PRIVILEGED_AUTHENTICATION = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
ALLOWED, CONDITIONAL, UNKNOWN = Verdict.ALLOWED, Verdict.CONDITIONAL, Verdict.UNKNOWN


def directory_role(principal, template, scope="/", **more):
    return {
        "id": f"{principal}-{template[:8]}",
        "principalId": guid(principal),
        "roleDefinitionId": template,
        "directoryScopeId": scope,
        **more,
    }


def estate(tmp_path, held=(), may=(), assignments=(), extra=(), vms=None, **tenant):
    """A tenant where these roles of the directory are held, or may be activated."""
    roles = [role("runs", block([RUN])), role("reads", block(["*/read"]))]
    tenant.setdefault("users", [user("u"), user("op")])
    lines = tenant_lines(roles=roles, assignments=assignments, **tenant)
    if held is not None:
        lines.append(line("graph/roleAssignments", held))
    lines.append(line("graph/roleEligibilityScheduleInstances", may))
    below = subscription_lines([machine(vm_id())] if vms is None else vms)
    return loaded(tmp_path, [*lines, *extra], (SUB, below))


# -- the root of the tenant ------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "expected"),
    [(GLOBAL, ALLOWED), (PRIVILEGED, ALLOWED), (APPLICATION, None), (HELPDESK, None)],
)
def test_who_may_elevate_gets_to_every_machine(tmp_path, template, expected):
    found = decide_azure(estate(tmp_path, [directory_role("u", template)]))

    row = rows_of(found).get(("u", ELEVATE, "vm"))
    assert expected is (row and row.verdict)
    tiers = {g.vector.tier for g in found.grants if g.vector.id == ELEVATE}
    assert tiers <= {Tier.ESCALATION}


def test_an_azure_role_that_matches_by_wildcard_elevates_nothing(tmp_path):
    lines = tenant_lines(
        roles=[role("owner", block(["*"]))],
        assignments=[assignment("u", "owner", "/")],
        users=[user("u")],
    )
    lines.append(line("graph/roleAssignments", []))
    below = subscription_lines([machine(vm_id())])
    found = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))

    assert ("u", RUN, "vm") in found
    assert ("u", ELEVATE, "vm") not in found


def test_it_is_held_through_a_group_and_says_so(tmp_path):
    found = decide_azure(
        estate(
            tmp_path,
            [directory_role("admins", GLOBAL)],
            directory_groups=[group("admins", isAssignableToRole=True)],
            members={"admins": [member("u")]},
        )
    )

    grant = next(g for g in found.grants if g.vector.id == ELEVATE)
    because = {
        p.name: why
        for g in found.grants
        if g.vector.id == ELEVATE
        for p in g.principals
        for why in g.because_of(p)
    }
    assert {"u", "admins"} == set(because)
    assert ("Global Administrator", guid("admins")) == (
        because["u"].role,
        because["u"].group,
    )
    assert because["admins"].group is None
    assert grant.decision.standing is Standing.PERMANENT


@pytest.mark.parametrize(
    ("when", "standing", "verdict"),
    [
        ({}, Standing.ELIGIBLE, Verdict.ALLOWED),
        (
            {"startDateTime": "2027-01-01T00:00:00Z"},
            Standing.ELIGIBLE,
            Verdict.CONDITIONAL,
        ),
        ({"endDateTime": "2026-01-01T00:00:00Z"}, None, None),
    ],
)
def test_what_may_be_activated_is_eligible(tmp_path, when, standing, verdict):
    may = [directory_role("u", GLOBAL, **when)]
    row = rows_of(decide_azure(estate(tmp_path, may=may))).get(("u", ELEVATE, "vm"))

    assert (standing, verdict) == (row and row.standing, row and row.verdict)


def test_active_wins_over_eligible(tmp_path):
    role_ = directory_role("u", GLOBAL)
    found = rows_of(decide_azure(estate(tmp_path, [role_], [role_])))

    assert Standing.PERMANENT is found["u", ELEVATE, "vm"].standing


def test_members_inside_the_list_of_roles_count(tmp_path):
    roles = [{"id": guid("object"), "roleTemplateId": GLOBAL, "members": [user("u")]}]
    found = estate(tmp_path, None, extra=[line("graph/directoryRoles", roles)])

    assert ("u", ELEVATE, "vm") in rows_of(decide_azure(found))


@pytest.mark.parametrize(
    ("held", "covered"), [(None, False), ([], True)], ids=["unread", "read"]
)
def test_roles_that_nobody_read_are_named_as_not_covered(tmp_path, held, covered):
    found = decide_azure(estate(tmp_path, held))

    assert covered is (ELEVATE not in {one.id for one in found.not_covered})


@pytest.mark.parametrize(
    "op",
    [
        "graph/roleAssignments",
        "graph/servicePrincipals",
        "graph/servicePrincipals/appRoleAssignedTo",
    ],
)
def test_a_refused_list_of_who_may_elevate_is_named_as_not_covered(tmp_path, op):
    found = decide_azure(estate(tmp_path, [], extra=[refused(op, {"page": "2"})]))

    assert ELEVATE in {one.id for one in found.not_covered}


@pytest.mark.parametrize(
    ("system", "cut", "expected"),
    [
        (True, block(["*"], data=["*"]), None),
        (True, block(["*"]), ALLOWED),
        (False, block(["*"], data=["*"]), ALLOWED),
    ],
    ids=["all", "not the logins", "removable"],
)
def test_a_deny_that_stays_cuts_what_the_root_would_gain(
    tmp_path, system, cut, expected
):
    roles = [role("logs-in", block(data=[LOGIN])), role("runs", block(["*"]))]
    lines = tenant_lines(
        roles=roles,
        denies=[deny(S, cut, principals=[EVERYONE], isSystemProtected=system)],
        users=[user("u")],
    )
    lines.append(line("graph/roleAssignments", [directory_role("u", GLOBAL)]))
    below = subscription_lines([machine(vm_id())])
    row = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below)))).get(
        ("u", ELEVATE, "vm")
    )

    assert expected is (row and row.verdict)


# -- whom one can become ---------------------------------------------------------------


def hops(tmp_path, held=(), may=(), **tenant):
    """The `can-become` hops of a tenant, by the names of both ends."""
    found = estate(tmp_path, held, may, **tenant)
    (whole,) = found.tenants.values()
    names = {id_: p.name for id_, p in whole.directory.principals.items()}
    return {
        (names[edge.source], names[edge.target]): edge
        for edge in link_azure(found)[1]
        if edge.kind == "can-become"
    }


def verdicts(found):
    return {ends: edge.verdict for ends, edge in found.items()}


@pytest.mark.parametrize("template", [APPLICATION, CLOUD_APPLICATION])
def test_credentials_are_added_to_applications_that_hold_something(tmp_path, template):
    principals = [
        service_principal("app"),
        service_principal("idle"),
        service_principal("reader"),
        service_principal("mi", managed=True),
    ]
    kind = "ServicePrincipal"
    found = hops(
        tmp_path,
        [directory_role("u", template)],
        service_principals=principals,
        assignments=[
            assignment("app", "runs", S, kind),
            assignment("mi", "runs", S, kind),
            assignment("reader", "reads", S, kind),
        ],
    )

    assert verdicts(found) == {("u", "app"): ALLOWED}
    (why,) = found["u", "app"].because
    assert f"u-{template[:8]}" == why.assignment


def test_a_role_over_one_application_leads_to_that_one(tmp_path):
    kind = "ServicePrincipal"
    found = hops(
        tmp_path,
        [directory_role("u", APPLICATION, f"/{guid('registration')}")],
        service_principals=[service_principal("app"), service_principal("app2")],
        assignments=[
            assignment("app", "runs", S, kind),
            assignment("app2", "runs", S, kind),
        ],
        extra=[
            line(
                "graph/applications",
                [{"id": guid("registration"), "appId": guid("appapp")}],
            )
        ],
    )

    assert verdicts(found) == {("u", "app"): ALLOWED}


def test_an_application_with_a_role_of_the_directory_is_worth_it_too(tmp_path):
    found = hops(
        tmp_path,
        [directory_role("u", APPLICATION), directory_role("app", PRIVILEGED)],
        service_principals=[service_principal("app")],
    )

    assert verdicts(found) == {("u", "app"): ALLOWED}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ALLOWED),
        ({"isAssignableToRole": False}, ALLOWED),
        ({"isAssignableToRole": True}, None),
        ({"onPremisesSyncEnabled": True}, None),
        ({"membershipRule": "user.department -eq 'ops'"}, None),
    ],
)
@pytest.mark.parametrize("template", [GROUPS, USERS])
def test_members_are_added_to_groups_that_take_them(tmp_path, template, more, expected):
    found = hops(
        tmp_path,
        [directory_role("u", template)],
        users=[user("u")],
        directory_groups=[group("ops", **more), group("idle")],
        members={"ops": [], "idle": []},
        assignments=[assignment("ops", "runs", S, "Group")],
    )

    assert expected is verdicts(found).get(("u", "ops"))
    assert ("u", "idle") not in found


def test_a_group_inside_one_that_holds_something_is_enough(tmp_path):
    found = hops(
        tmp_path,
        [directory_role("u", GROUPS)],
        users=[user("u")],
        directory_groups=[group("ops"), group("inner")],
        members={"ops": [member("inner", "group")], "inner": []},
        assignments=[assignment("ops", "runs", S, "Group")],
    )

    assert {("u", "ops"), ("u", "inner")} == set(found)


@pytest.mark.parametrize(
    ("template", "target_role", "expected"),
    [
        (HELPDESK, None, ALLOWED),
        (HELPDESK, DIRECTORY_READERS, ALLOWED),
        (HELPDESK, HELPDESK, ALLOWED),
        (HELPDESK, USERS, None),
        (HELPDESK, GLOBAL, None),
        (PASSWORD, None, ALLOWED),
        (PASSWORD, HELPDESK, None),
        (AUTHENTICATION, AUTHENTICATION, ALLOWED),
        (AUTHENTICATION, GROUPS, None),
        (USERS, GROUPS, ALLOWED),
        (USERS, "00000000-0000-4000-8000-00000000beef", None),
        (PRIVILEGED_AUTHENTICATION, GLOBAL, ALLOWED),
        (APPLICATION, None, None),
    ],
)
def test_a_sign_in_is_reset_within_the_table(tmp_path, template, target_role, expected):
    held = [directory_role("u", template)]
    held += [directory_role("op", target_role)] if target_role else []
    found = hops(tmp_path, held, assignments=[assignment("op", "runs", S)])

    edge = found.get(("u", "op"))
    assert expected is (edge and edge.verdict)
    if edge:
        assert Confidence.INFERRED is edge.confidence


@pytest.mark.parametrize(
    ("near", "expected"), [("member", None), ("owner", None), ("nothing", ALLOWED)]
)
def test_who_is_near_a_protected_group_is_not_reset(tmp_path, near, expected):
    owner = {"owners": [{"id": guid("op")}]} if near == "owner" else {}
    admins = group("admins", isAssignableToRole=True, **owner)
    found = hops(
        tmp_path,
        [directory_role("u", HELPDESK)],
        directory_groups=[admins],
        members={"admins": [member("op")] if near == "member" else []},
        assignments=[assignment("op", "runs", S)],
    )

    edge = found.get(("u", "op"))
    assert expected is (edge and edge.verdict)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (user("op", userType="Guest"), None),
        (user("op"), ALLOWED),
        (None, UNKNOWN),
    ],
    ids=["guest", "member", "in no list"],
)
def test_only_our_own_users_are_reset(tmp_path, target, expected):
    found = hops(
        tmp_path,
        [directory_role("u", HELPDESK)],
        users=[user("u"), *([target] if target else [])],
        assignments=[assignment("op", "runs", S)],
    )
    target_name = "op" if target else guid("op")

    edge = found.get(("u", target_name))
    assert expected is (edge and edge.verdict)


def test_an_eligible_role_is_a_condition(tmp_path):
    found = hops(
        tmp_path,
        may=[directory_role("u", HELPDESK)],
        assignments=[assignment("op", "runs", S)],
    )

    assert CONDITIONAL is found["u", "op"].verdict
    assert found["u", "op"].conditions


def test_what_an_administrative_unit_holds_is_not_known(tmp_path):
    unit = f"/administrativeUnits/{guid('unit')}"
    found = hops(
        tmp_path,
        [directory_role("u", HELPDESK, unit)],
        assignments=[assignment("op", "runs", S)],
    )

    assert verdicts(found) == {("u", "op"): UNKNOWN}
    assert found["u", "op"].reasons


def test_without_the_holders_of_roles_nobody_knows_who_may_be_reset(tmp_path):
    roles = [{"id": guid("object"), "roleTemplateId": HELPDESK, "members": [user("u")]}]
    found = hops(
        tmp_path,
        None,
        assignments=[assignment("op", "runs", S)],
        extra=[
            line("graph/directoryRoles", roles),
            refused("graph/roleAssignments"),
        ],
    )

    assert verdicts(found) == {("u", "op"): UNKNOWN}
