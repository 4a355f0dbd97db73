"""What an eligible standing takes: PIM's policies, partners' ones, joining groups."""

import pytest
from azure_estates import (
    AUTHORIZATION,
    RUN,
    SUB,
    assignment,
    at_root,
    authorization,
    block,
    delegation,
    eligible,
    group,
    guid,
    line,
    loaded,
    machine,
    member,
    rg_scope,
    role,
    rows_of,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Activation, Standing, Verdict

S = subscription_scope()
VMC = role("vmc", block(["Microsoft.Compute/virtualMachines/*"]))


def rule(name, **members):
    return {"id": f"{name}_EndUser_Assignment", **members}


def approval(*approvers, needed=True):
    stages = [{"primaryApprovers": [{"id": guid(one)} for one in approvers]}]
    setting = {"isApprovalRequired": needed, "approvalStages": stages}
    return rule("Approval", setting=setting)


def policy(*rules, scope=S, role_name="vmc"):
    definition = f"{S}/providers/{AUTHORIZATION}/roleDefinitions/{guid(role_name)}"
    return {
        "id": f"{scope}/providers/{AUTHORIZATION}/roleManagementPolicyAssignments/p",
        "properties": {
            "scope": scope,
            "roleDefinitionId": definition,
            "effectiveRules": list(rules),
        },
    }


def decided(tmp_path, policies=(), extra=(), **tenant):
    tenant.setdefault("users", [user("u"), user("v")])
    lines = tenant_lines(roles=[VMC], **tenant)
    lines.append(at_root("roleManagementPolicyAssignments", policies))
    below = subscription_lines([machine(vm_id())])
    return decide_azure(loaded(tmp_path, [*lines, *extra], (SUB, below)))


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], None),
        (
            [rule("Enablement", enabledRules=["Justification"])],
            Activation(False, False),
        ),
        (
            [rule("Enablement", enabledRules=["multifactorauthentication"])],
            Activation(True, False),
        ),
        (
            [rule("AuthenticationContext", isEnabled=True, claimValue="c1")],
            Activation(True, False),
        ),
        ([approval("boss")], Activation(False, True, "", (guid("boss"),))),
        (
            [approval("boss", needed=False)],
            Activation(False, False, "", (guid("boss"),)),
        ),
        (
            [rule("Expiration", maximumDuration="PT8H", isExpirationRequired=True)],
            Activation(False, False, "PT8H"),
        ),
    ],
)
def test_the_policy_of_a_role_is_on_the_grant(tmp_path, rules, expected):
    found = decided(tmp_path, [policy(*rules)], eligibilities=[eligible("u", "vmc", S)])
    row = rows_of(found)["u", RUN, "vm"]

    assert row.standing is Standing.ELIGIBLE
    assert row.activation == expected


@pytest.mark.parametrize(
    "other",
    [policy(approval("b"), scope=rg_scope()), policy(approval("b"), role_name="x")],
)
def test_a_policy_binds_one_role_at_one_scope(tmp_path, other):
    found = decided(tmp_path, [other], eligibilities=[eligible("u", "vmc", S)])

    assert rows_of(found)["u", RUN, "vm"].activation is None


def test_the_easier_activation_counts(tmp_path):
    """Approval at the subscription does not help where a group of it asks for none."""
    policies = [policy(approval("b")), policy(rule("Enablement", enabledRules=[]),
                                              scope=rg_scope())]  # fmt: skip
    both = [eligible("u", "vmc", S), eligible("u", "vmc", rg_scope())]
    found = decided(tmp_path, policies, eligibilities=both)

    assert rows_of(found)["u", RUN, "vm"].activation == Activation(False, False)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ({"multiFactorAuthProvider": "None"}, Activation(False, False)),
        (
            {
                "multiFactorAuthProvider": "Azure",
                "maximumActivationDuration": "PT8H",
                "managedByTenantApprovers": [{"principalId": "BOSS"}],
            },
            Activation(True, True, "PT8H", ("boss",)),
        ),
    ],
)
def test_a_partner_activates_as_its_authorization_says(tmp_path, given, expected):
    partner = authorization("msp", "vmc") | {"justInTimeAccessPolicy": given}
    found = decided(tmp_path, delegations=[delegation(S, [], [partner])])
    row = rows_of(found)["msp", RUN, "vm"]

    assert (row.standing, row.activation) == (Standing.ELIGIBLE, expected)


def joining(who, group_name, access="member", **when):
    row = {"groupId": guid(group_name), "principalId": guid(who), "accessId": access}
    row |= when
    return line("graph/groupEligibility", [row], {"group": guid(group_name)})


TEAM = {
    "assignments": [assignment("team", "vmc", S, kind="Group")],
    "directory_groups": [group("team"), group("outer")],
    "members": {"team": []},
}


def test_whoever_may_join_a_group_is_eligible_for_what_it_holds(tmp_path):
    found = decided(tmp_path, extra=[joining("u", "team")], **TEAM)
    rows = rows_of(found)

    assert rows["u", RUN, "vm"].standing is Standing.ELIGIBLE
    assert rows["team", RUN, "vm"].standing is Standing.PERMANENT
    assert ("v", RUN, "vm") not in rows
    (grant,) = (g for g in found.grants if g.vector.id == RUN
                and "u" in {p.name for p in g.principals})  # fmt: skip
    (who,), (target,) = grant.principals, grant.targets
    (because,) = grant.because_at(who, target)
    assert because.group == guid("team")
    assert because.assignment == TEAM["assignments"][0]["id"]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"startDateTime": "2026-01-01T00:00:00Z"}, Verdict.ALLOWED),
        ({"startDateTime": "2027-01-01T00:00:00Z"}, Verdict.CONDITIONAL),
        ({"endDateTime": "2026-10-01T00:00:00Z"}, None),
    ],
)
def test_joining_a_group_counts_from_when_to_when_pim_says(tmp_path, when, expected):
    lines = joining("u", "team", **when)
    row = rows_of(decided(tmp_path, extra=[lines], **TEAM)).get(("u", RUN, "vm"))

    assert expected is (row and row.verdict)


def test_owning_by_pim_is_not_membership(tmp_path):
    found = decided(tmp_path, extra=[joining("u", "team", "owner")], **TEAM)

    assert ("u", RUN, "vm") not in rows_of(found)


def test_a_group_inside_another_is_joined_for_both(tmp_path):
    lines = {
        **TEAM,
        "assignments": [assignment("outer", "vmc", S, kind="Group")],
        "members": {"team": [], "outer": [member("team", "group")]},
    }
    found = decided(tmp_path, extra=[joining("u", "team")], **lines)

    assert rows_of(found)["u", RUN, "vm"].standing is Standing.ELIGIBLE


def test_who_is_in_the_group_already_needs_no_activation(tmp_path):
    lines = {**TEAM, "members": {"team": [member("u")]}}
    found = decided(tmp_path, extra=[joining("u", "team")], **lines)
    row = rows_of(found)["u", RUN, "vm"]

    assert (row.verdict, row.standing) == (Verdict.ALLOWED, Standing.PERMANENT)
