"""Loading the organisation: levels, controls, membership, people."""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    MANAGEMENT,
    ORGANIZATION,
    PARTNER,
    account,
    allow,
    answer,
    control,
    deny,
    estate,
    member,
    organization,
    refusal,
    unit,
)

from scanner.aws.load import load_aws
from scanner.aws.model import UNREAD_LEVEL

TARGETS = "organizations:ListPoliciesForTarget"
MEMBERS = "organizations:ListAccountsForParent"
UNITS = "organizations:ListOrganizationalUnitsForParent"
ACCOUNTS = "organizations:ListAccounts"
DESCRIBE = "organizations:DescribeOrganization"
SCP = "SERVICE_CONTROL_POLICY"
NO_SSM = control("p-nossm", deny("ssm:*"))
TREE = unit("Work", unit("Prod", member(ACCOUNT, name="prod"), scps=[FULL, NO_SSM]))


def loaded(tmp_path, *parts, **options):
    """The one organisation of an estate, with one account file."""
    found = load_aws(estate(tmp_path, account(), organization(*parts, **options)))
    [one] = found.organizations
    return one


def test_an_account_knows_its_levels_root_first(tmp_path):
    """Rule 54: every level must allow, so every level must be known."""
    found = loaded(tmp_path, TREE)

    assert found.paths[ACCOUNT] == ("r-ex", "ou-ex-work", "ou-ex-prod", ACCOUNT)
    assert found.paths[MANAGEMENT] == ("r-ex", MANAGEMENT)
    assert (found.id, found.management_account) == (ORGANIZATION, MANAGEMENT)
    assert found.accounts[ACCOUNT] == "prod"
    assert found.accounts_complete


def test_every_level_has_its_policies(tmp_path):
    """The content of a control policy is a JSON string in the answer."""
    found = loaded(tmp_path, TREE, scps=[FULL], rcps=[control("p-rcp", deny("sts:*"))])

    ids = {
        level: [each.source for each in controls.policies]
        for level, controls in found.scps.items()
    }
    assert ids["ou-ex-prod"] == ["p-FullAWSAccess", "p-nossm"]
    assert ids["r-ex"] == ["p-FullAWSAccess"]
    [statement] = found.scps["ou-ex-prod"].policies[1].document.statements
    assert (statement.effect, statement.actions) == ("Deny", ("ssm:*",))
    assert [each.source for each in found.rcps["r-ex"].policies] == [
        "p-RCPFullAWSAccess",
        "p-rcp",
    ]


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [
        ([SCP], (True, False)),
        ([], (False, False)),
        ([SCP, "RESOURCE_CONTROL_POLICY"], (True, True)),
    ],
)
def test_control_policies_bind_only_when_switched_on(tmp_path, enabled, expected):
    """Rule 62: the root says which policy types are enabled."""
    found = loaded(tmp_path, TREE, enabled=enabled)

    assert (found.scp_enabled, found.rcp_enabled) == expected


def test_a_refused_root_leaves_open_whether_controls_are_on(tmp_path):
    """And no account's chain of levels is known to reach it."""
    found = loaded(tmp_path, TREE, refusal("organizations:ListRoots"))

    assert (found.scp_enabled, found.rcp_enabled) == (None, None)
    assert found.paths[ACCOUNT][0] == UNREAD_LEVEL


def test_a_level_whose_list_was_refused_is_not_complete(tmp_path):
    """It may hold any policy; a level that was answered is complete."""
    params = {"TargetId": "ou-ex-prod", "Filter": SCP}

    found = loaded(tmp_path, TREE, refusal(TARGETS, params=params))

    assert not found.scps["ou-ex-prod"].complete
    assert found.scps["ou-ex-work"].complete


def test_a_policy_without_content_is_unread_where_it_is_attached(tmp_path):
    """AWS's own FullAWSAccess is known without asking."""
    describe = "organizations:DescribePolicy"
    found = loaded(
        tmp_path,
        TREE,
        refusal(describe, params={"PolicyId": "p-nossm"}),
        refusal(describe, params={"PolicyId": "p-FullAWSAccess"}),
    )

    level = found.scps["ou-ex-prod"]
    assert (level.unread, level.complete) == (("p-nossm",), True)
    assert [each.source for each in level.policies] == ["p-FullAWSAccess"]


def test_a_missing_link_of_the_tree_is_an_unread_level(tmp_path):
    """The account is ours, but what is above its unit is not known."""
    params = {"ParentId": "ou-ex-work"}

    found = loaded(tmp_path, TREE, refusal(UNITS, params=params))

    assert found.paths[ACCOUNT] == (UNREAD_LEVEL, "ou-ex-prod", ACCOUNT)


@pytest.mark.parametrize(
    ("parts", "complete"),
    [
        ([], True),
        ([refusal(MEMBERS, params={"ParentId": "ou-ex-work"})], False),
        ([refusal(UNITS, params={"ParentId": "ou-ex-prod"})], False),
        (
            [
                refusal(MEMBERS, params={"ParentId": "ou-ex-work"}),
                answer(ACCOUNTS, {"Accounts": [{"Id": ACCOUNT}]}),
            ],
            True,
        ),
        (
            [
                refusal(MEMBERS, params={"ParentId": "ou-ex-work"}),
                answer(ACCOUNTS, {"Accounts": [], "NextToken": "more"}),
            ],
            False,
        ),
    ],
)
def test_outside_is_certain_only_when_every_member_was_listed(
    tmp_path, parts, complete
):
    """Else a foreign account may be one of ours."""
    assert loaded(tmp_path, TREE, *parts).accounts_complete is complete


def test_an_account_that_only_the_list_names_is_still_ours(tmp_path):
    """Its levels are not known."""
    listed = answer(ACCOUNTS, {"Accounts": [{"Id": PARTNER, "Name": "late"}]})

    found = loaded(tmp_path, TREE, listed)

    assert found.paths[PARTNER] == (UNREAD_LEVEL, PARTNER)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (answer(DESCRIBE, {"Organization": {"Id": "o-x"}}), True),
        (refusal(DESCRIBE, code="AWSOrganizationsNotInUseException"), False),
        (refusal(DESCRIBE), None),
    ],
)
def test_an_account_says_whether_it_is_in_an_organisation(tmp_path, line, expected):
    """Only its own answer can say that no control policy exists."""
    found = load_aws(estate(tmp_path, account(line)))

    assert found.accounts[ACCOUNT].in_organization is expected


def test_a_listed_account_is_in_the_organisation(tmp_path):
    """Its twin that nobody lists may be in another one."""
    files = [account(), account(id=PARTNER), organization(TREE)]

    found = load_aws(estate(tmp_path, *files)).accounts

    memberships = {name: each.in_organization for name, each in found.items()}
    assert memberships == {ACCOUNT: True, PARTNER: None}


def test_delegated_administrators_name_their_services(tmp_path):
    """They act in members from outside."""
    found = loaded(
        tmp_path,
        TREE,
        answer(
            "organizations:ListDelegatedAdministrators",
            {"DelegatedAdministrators": [{"Id": PARTNER}]},
        ),
        answer(
            "organizations:ListDelegatedServicesForAccount",
            {"DelegatedServices": [{"ServicePrincipal": "ssm.amazonaws.com"}]},
            params={"AccountId": PARTNER},
        ),
    )

    assert found.delegated == {PARTNER: ("ssm.amazonaws.com",)}


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        (f"arn:aws-cn:organizations::{MANAGEMENT}:account/o-x/{PARTNER}", "o-x"),
        ("", ""),
    ],
)
def test_the_tree_names_an_organisation_that_would_not_describe_itself(
    tmp_path, listed, expected
):
    """ARNs of members carry its id and its management account, which SCPs exempt."""
    row = {"Id": PARTNER, "Arn": listed}

    found = loaded(
        tmp_path, TREE, refusal(DESCRIBE), answer(ACCOUNTS, {"Accounts": [row]})
    )

    management = MANAGEMENT if expected else ""
    assert (found.id, found.management_account) == (expected, management)


def test_a_tree_that_loops_ends(tmp_path):
    """No provider answers so; a hand-written file may."""
    loop = answer(
        UNITS,
        {"OrganizationalUnits": [{"Id": "ou-ex-work"}]},
        params={"ParentId": "ou-ex-prod"},
    )

    found = loaded(tmp_path, TREE, loop)

    assert found.paths[ACCOUNT][-1] == ACCOUNT


def test_two_organisations_in_one_file_stay_apart(tmp_path):
    """Answers are told apart by the account that gave them."""
    other = organization(unit("X", member(PARTNER)), management="888888888888")
    for line in other.lines:
        if line["op"] == DESCRIBE:
            line["result"]["Organization"]["Id"] = "o-other"
    file = organization(TREE)
    file.lines += other.lines

    found = load_aws(estate(tmp_path, file))

    paths = {one.id: sorted(one.paths) for one in found.organizations}
    assert paths == {
        ORGANIZATION: sorted([ACCOUNT, MANAGEMENT]),
        "o-other": sorted([PARTNER, "888888888888"]),
    }


def test_gaps_of_the_organisation_name_call_and_right(tmp_path):
    """They belong to the organisation's file."""
    files = [organization(TREE, refusal(UNITS, params={"ParentId": "ou-ex-prod"}))]

    [gap] = load_aws(estate(tmp_path, *files)).gaps

    assert (gap.scope, gap.what, gap.permission) == ("organization", UNITS, UNITS)
    assert gap.params == '{"ParentId":"ou-ex-prod"}'


def test_identity_center_knows_people_groups_and_assignments(tmp_path):
    """Group to people, and who gets which role where."""
    permission_set = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    assignment = {
        "AccountId": ACCOUNT,
        "PermissionSetArn": permission_set,
        "PrincipalType": "GROUP",
        "PrincipalId": "g-1",
    }
    membership = {"GroupId": "g-1", "MemberId": {"UserId": "u-1"}}
    found = loaded(
        tmp_path,
        TREE,
        answer(
            "sso-admin:ListAccountAssignments",
            {"AccountAssignments": [assignment]},
            params={"AccountId": ACCOUNT, "PermissionSetArn": permission_set},
        ),
        answer(
            "identitystore:ListUsers",
            {"Users": [{"UserId": "u-1", "UserName": "ada"}]},
        ),
        answer(
            "identitystore:ListGroups",
            {"Groups": [{"GroupId": "g-1", "DisplayName": "ops"}]},
        ),
        answer(
            "identitystore:ListGroupMemberships",
            {"GroupMemberships": [membership]},
            params={"GroupId": "g-1"},
        ),
    )

    assert found.assignments == ((permission_set, ACCOUNT, "GROUP", "g-1"),)
    assert (found.sso_users, found.sso_groups) == ({"u-1": "ada"}, {"g-1": "ops"})
    assert found.sso_members == {"g-1": ("u-1",)}


def test_an_organisation_with_an_account_that_has_no_file_is_fine(tmp_path):
    """Members that were not scanned are named, not invented."""
    found = load_aws(estate(tmp_path, organization(TREE, allow_nothing())))

    assert dict(found.accounts) == {}
    assert ACCOUNT in found.organizations[0].accounts


def allow_nothing():
    """A unit whose policies allow nothing."""
    return unit("Empty", scps=[control("p-none", allow("none:None"))])
