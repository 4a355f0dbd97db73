"""Loading IAM: who there is, what applies to them, and what was not read."""

import json
from urllib.parse import quote

import pytest
from aws_estates import (
    ACCOUNT,
    GAAD,
    account,
    allow,
    answer,
    deny,
    estate,
    group,
    managed_policy,
    organization,
    policy,
    refusal,
    role,
    trusting,
    unit,
    user,
)
from aws_estates import member as member_account

from scanner.aws.load import load_aws
from scanner.errors import UnusableInput
from scanner.evidence.manifest import Scope
from scanner.evidence.outcomes import Outcome


def loaded(tmp_path, *parts, **options):
    """The one account of an estate made of these parts."""
    found = load_aws(estate(tmp_path, account(*parts, **options)))
    return found.accounts[options.get("id", ACCOUNT)]


def identity(found, name):
    """The identity of that name."""
    return next(each for each in found.identities if each.principal.name == name)


def test_a_user_holds_own_managed_and_group_policies(tmp_path):
    """Rule 2: inline, attached default versions, and those of the user's groups."""
    found = loaded(
        tmp_path,
        user("ada", allow("a:One"), managed=["Two"], groups=["team"]),
        group("team", allow("a:Three"), managed=["aws:Four"]),
        managed_policy("Two", allow("a:Two")),
        managed_policy("aws:Four", allow("a:Four")),
    )

    ada = identity(found, "ada")
    actions = [each.document.statements[0].actions for each in ada.policies]
    assert actions == [("a:One",), ("a:Two",), ("a:Three",), ("a:Four",)]
    assert [
        f"arn:aws:iam::{ACCOUNT}:user/ada/inline/inline",
        f"arn:aws:iam::{ACCOUNT}:policy/Two",
        f"arn:aws:iam::{ACCOUNT}:group/team/inline/inline",
        "arn:aws:iam::aws:policy/Four",
    ] == [each.source for each in ada.policies]
    assert (f"arn:aws:iam::{ACCOUNT}:group/team",) == ada.groups
    assert ada.unread == ()


def test_only_the_default_version_of_a_managed_policy_counts(tmp_path):
    """The newest version may not be the one in force."""
    versions = [
        {"VersionId": "v3", "IsDefaultVersion": False, "Document": policy(allow("*"))},
        {"VersionId": "v1", "IsDefaultVersion": True, "Document": policy(deny("*"))},
    ]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/P"
    row = {"Arn": arn, "PolicyVersionList": versions}
    lists = {"UserDetailList": [], "GroupDetailList": [], "Policies": [row]}
    ops = {
        "RoleName": "ops",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/ops",
        "AttachedManagedPolicies": [{"PolicyArn": arn}],
    }
    line = answer(GAAD, {**lists, "RoleDetailList": [ops]})

    found = identity(loaded(tmp_path, line), "ops")

    assert [s.effect for p in found.policies for s in p.document.statements] == ["Deny"]


def test_documents_may_be_objects_or_url_encoded_strings(tmp_path):
    """IAM answers with URL-encoded text, the CLI with objects: the same documents."""
    document = policy(trusting({"Service": "ec2.amazonaws.com"}))
    found = loaded(
        tmp_path,
        role("plain", trust=document),
        role("encoded", trust=quote(json.dumps(document))),
    )

    assert identity(found, "plain").trust is identity(found, "encoded").trust
    assert identity(found, "plain").trust.problem is None


@pytest.mark.parametrize(
    ("parts", "unread"),
    [
        (
            [user("x", managed=["aws:Gone"])],
            ("arn:aws:iam::aws:policy/Gone",),
        ),
        ([user("x", groups=["gone"])], (f"arn:aws:iam::{ACCOUNT}:group/gone",)),
        (
            [user("x", groups=["g"]), group("g", managed=["Gone"])],
            (f"arn:aws:iam::{ACCOUNT}:policy/Gone",),
        ),
        ([user("x", managed=["P"]), managed_policy("P", allow("*"))], ()),
    ],
)
def test_what_is_referenced_but_not_in_evidence_is_named(tmp_path, parts, unread):
    """A missing policy or group could grant: it is unread, not nothing."""
    assert unread == identity(loaded(tmp_path, *parts), "x").unread


def test_an_unread_boundary_is_told_apart_from_none_and_from_a_read_one(tmp_path):
    """A boundary whose document is missing may take everything away."""
    found = loaded(
        tmp_path,
        role("none"),
        role("read", boundary="B"),
        role("unread", boundary="Gone"),
        managed_policy("B", allow("s3:*")),
    )

    facts = {
        name: (
            identity(found, name).boundary is None,
            identity(found, name).unread_boundary,
        )
        for name in ("none", "read", "unread")
    }
    assert facts == {
        "none": (True, False),
        "read": (False, False),
        "unread": (True, True),
    }


def test_a_policy_that_was_fetched_alone_fills_the_gap(tmp_path):
    """The listing may omit policies that are used as boundaries only."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/B"
    version = {"VersionId": "v2", "Document": policy(allow("s3:*"))}
    found = loaded(
        tmp_path,
        role("ops", boundary="B"),
        answer(
            "iam:GetPolicy",
            {"Policy": {"Arn": arn, "DefaultVersionId": "v2"}},
            params={"PolicyArn": arn},
        ),
        answer(
            "iam:GetPolicyVersion",
            {"PolicyVersion": version},
            params={"PolicyArn": arn, "VersionId": "v2"},
        ),
    )

    assert arn == identity(found, "ops").boundary.source


def test_every_account_has_a_root_user(tmp_path):
    """Rule 82: it is never listed, and holds all of the account's power."""
    found = loaded(tmp_path, id="000000000007")

    root = identity(found, "root")
    assert (
        root.principal.kind,
        root.principal.id,
    ) == ("root", "arn:aws:iam::000000000007:root")


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_partition_is_that_of_the_accounts_own_arns(tmp_path, partition):
    """No ARN is made up for another partition."""
    found = loaded(tmp_path, role("ops"), partition=partition)

    assert partition == found.partition
    assert {partition} == {each.principal.id.split(":")[1] for each in found.identities}


def test_without_any_arn_the_regions_tell_the_partition(tmp_path):
    """An empty account in China is still in China."""
    assert loaded(tmp_path, regions=["cn-north-1"]).partition == "aws-cn"


def test_refused_details_leave_the_identities_incomplete(tmp_path):
    """Nothing can be said of principals that were not listed, root included."""
    found = loaded(tmp_path, refusal(GAAD))

    assert not found.identities_complete
    [gap] = found.gaps
    assert (gap.what, gap.outcome, gap.permission) == (GAAD, Outcome.REFUSED, GAAD)


def test_a_listing_that_says_there_is_more_is_incomplete(tmp_path):
    """An exported first page with `IsTruncated: true` is not the whole."""
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    page = {name: [] for name in lists}

    more = loaded(tmp_path / "1", answer(GAAD, {**page, "IsTruncated": True}))
    whole = loaded(tmp_path / "2", answer(GAAD, {**page, "IsTruncated": False}))

    assert (more.identities_complete, whole.identities_complete) == (False, True)
    assert [gap.outcome for gap in more.gaps] == [Outcome.INCOMPLETE]


@pytest.mark.parametrize("missing", ["UserDetailList", "RoleDetailList", "Policies"])
def test_an_answer_without_its_lists_is_malformed(tmp_path, missing):
    """A missing list is no empty list."""
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    page = {name: [] for name in lists if name != missing}

    found = loaded(tmp_path, answer(GAAD, page))

    assert not found.identities_complete
    assert [gap.outcome for gap in found.gaps] == [Outcome.MALFORMED]


def test_one_odd_row_costs_only_itself(tmp_path):
    """Good rows survive; the odd one is named by list and place, and what it held."""
    line = account(role("good", allow("*")), user("odd", allow("*"))).lines[0]
    line["result"]["UserDetailList"][0]["AttachedManagedPolicies"] = "none"
    line["result"]["RoleDetailList"].append({"RoleName": "nameless"})

    found = loaded(tmp_path, line)

    assert found.identities_complete
    assert len(identity(found, "good").policies) == 1
    odd = identity(found, "odd")
    assert (1, (f"{odd.principal.id}/attached/*",)) == (len(odd.policies), odd.unread)
    [gap] = found.gaps
    assert gap.outcome == Outcome.MALFORMED
    assert "UserDetailList[0].AttachedManagedPolicies" in gap.why


def test_two_principals_with_one_arn_are_refused(tmp_path):
    """They are never merged: the error names the ARN."""
    parts = [role("twin", allow("a:B")), role("twin", deny("a:B"))]

    with pytest.raises(UnusableInput, match="role/twin"):
        loaded(tmp_path, *parts)


def test_an_account_without_a_listing_has_no_principals(tmp_path):
    """A hand-written estate asked for exactly the operations that are present."""
    file = account()
    file.lines = [line for line in file.lines if line["op"] != GAAD]

    found = load_aws(estate(tmp_path, file)).accounts[ACCOUNT]

    assert (found.identities, found.identities_complete, found.gaps) == ((), True, ())


def test_a_scan_that_did_not_get_to_the_listing_has_a_gap(tmp_path):
    """The manifest says what was asked for: what is not there was not answered."""
    file = account()
    file.lines = [line for line in file.lines if line["op"] != GAAD]
    scope = Scope("aws", "account", ACCOUNT, regions=("eu-west-1",))

    found = load_aws(estate(tmp_path, file, scopes=[scope])).accounts[ACCOUNT]

    assert not found.identities_complete
    assert GAAD in {gap.what for gap in found.gaps}


def test_an_account_that_was_asked_for_and_has_no_file_is_there(tmp_path):
    """Nothing about it is known, and that is said."""
    other = "000000000009"
    scopes = [Scope("aws", "account", other)]

    found = load_aws(estate(tmp_path, account(), scopes=scopes)).accounts[other]

    assert not found.identities_complete
    assert {"*"} == found.nodes_unknown
    assert found.gaps


def test_identity_center_roles_name_their_permission_set(tmp_path):
    """Reserved roles change only through the permission set behind them."""
    arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    reserved = "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    described = answer(
        "sso-admin:DescribePermissionSet",
        {"PermissionSet": {"PermissionSetArn": arn, "Name": "Run_Ops"}},
        params={"PermissionSetArn": arn},
    )
    found = load_aws(
        estate(
            tmp_path,
            account(
                role("AWSReservedSSO_Run_Ops_0123456789abcdef", path=reserved),
                role("AWSReservedSSO_Other_0123456789abcdef", path=reserved),
            ),
            organization(unit("W", member_account(ACCOUNT)), described),
        )
    ).accounts[ACCOUNT]

    sets = {each.principal.name: each.permission_set for each in found.identities}
    assert arn == sets["AWSReservedSSO_Run_Ops_0123456789abcdef"]
    assert sets["AWSReservedSSO_Other_0123456789abcdef"] is None
