"""What AWS accounts say about themselves, and what nobody asked them."""

import aws_estates as a
import pytest

from scanner.aws.decide import decide_aws
from scanner.aws.load import load_aws
from scanner.facts import Topic

NODE = a.instance("i-1", registered=True, imdsv2=True)
SHELL = "SSM-SessionManagerRunShell"
ROLE = f"arn:aws:iam::{a.ACCOUNT}:role/ops"
LISTED = a.answer("ssm:ListDocuments", {"DocumentIdentifiers": []})
SHARING = "/ssm/documents/console/public-sharing-permission"
AGENT = "aws:AmazonSSMManagedEC2InstanceDefaultPolicy"
OUTSIDE, SIBLING = "777777777777", "222233334444"


def facts(tmp_path, *parts, organization=None):
    files = [a.account(NODE, *parts), *([organization] if organization else [])]
    return decide_aws(load_aws(a.estate(tmp_path, *files))).facts


def said(tmp_path, topic, *parts, **rest):
    found = facts(tmp_path, *parts, **rest).known
    return [(one.subject, one.detail) for one in found if one.topic is topic]


def preferences(**inputs):
    content = {"schemaVersion": "1.0", "inputs": inputs}
    return a.document(SHELL, content, kind="Session")


# ---- control policies ----


ABROAD = {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
DENIED = "no service control policy denies a command"


def under(*statements):
    scps = [a.FULL, a.control("p-1", *statements)] if statements else [a.FULL]
    return a.organization(a.member(a.ACCOUNT, scps=scps))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([], [("", DENIED)]),
        ([a.deny("s3:*")], [("", DENIED)]),
        ([a.deny("ssm:GetParameter")], [("", DENIED)]),
        ([a.deny("ssm:SendCommand")], []),
        ([a.deny("ssm:*", when={"Bool": {"aws:x": "true"}})], []),
        ([a.deny("ssm:Start*")], []),
        ([a.deny("*", when=ABROAD)], [("", DENIED)]),
        ([a.deny("*", when=ABROAD), a.deny("ssm:*")], []),
    ],
)
def test_a_control_policy_that_denies_any_command_counts(
    tmp_path, statements, expected
):
    found = said(tmp_path, Topic.NO_CONTROL, organization=under(*statements))

    assert found == expected


def test_a_list_of_what_is_allowed_is_a_control_as_well(tmp_path):
    """The twin of FullAWSAccess: commands are not on the list."""
    narrow = a.control("p-2", a.allow("s3:*", "ec2:*"))
    organization = a.organization(a.member(a.ACCOUNT, scps=[narrow]))

    assert said(tmp_path, Topic.NO_CONTROL, organization=organization) == []


def test_the_management_account_is_bound_by_nothing(tmp_path):
    organization = a.organization(management=a.ACCOUNT)

    assert said(tmp_path, Topic.NO_CONTROL, organization=organization) == [
        ("", "no policy binds the management account")
    ]


def test_policies_that_are_switched_off_control_nothing(tmp_path):
    organization = a.organization(a.member(a.ACCOUNT), enabled=[])

    assert said(tmp_path, Topic.NO_CONTROL, organization=organization) == [
        ("", "service control policies are switched off")
    ]


def test_an_account_in_no_organization_has_none(tmp_path):
    nobody = a.refusal(
        "organizations:DescribeOrganization",
        code="AWSOrganizationsNotInUseException",
    )

    assert said(tmp_path, Topic.NO_CONTROL, nobody) == [
        ("", "it is in no organization")
    ]


def test_an_organization_that_nobody_asked_about_is_not_known(tmp_path):
    found = facts(tmp_path)

    assert all(one.topic is not Topic.NO_CONTROL for one in found.known)
    assert ("organizations:ListPoliciesForTarget", a.ACCOUNT) in found.unasked


# ---- sessions ----


@pytest.mark.parametrize(
    ("parts", "logged", "run_as"),
    [
        ([LISTED], "without preferences", "without preferences"),
        ([preferences()], "by its preferences", "by its preferences"),
        ([preferences(s3BucketName="logs")], None, "by its preferences"),
        ([preferences(cloudWatchLogGroupName="logs")], None, "by its preferences"),
        ([preferences(s3BucketName="", runAsEnabled=True)], "by its preferences", None),
        ([preferences(s3BucketName="b", runAsEnabled="true")], None, None),
        ([a.document(SHELL, "not json", kind="Session")], None, None),
        ([a.document(SHELL, "[]", kind="Session")], None, None),
        ([a.document(SHELL, kind="Session")], None, None),
        ([], None, None),
    ],
)
def test_sessions_are_logged_where_preferences_say_so(tmp_path, parts, logged, run_as):
    """What cannot be read is not known: never a finding, and never a clean bill."""
    found = {(one.topic, one.detail) for one in facts(tmp_path, *parts).known}
    expected = {
        (Topic.SESSIONS_NOT_LOGGED, logged),
        (Topic.SESSIONS_AS_ADMINISTRATOR, run_as),
    }

    assert {each for each in found if each[0].startswith("sessions")} == {
        each for each in expected if each[1] is not None
    }


@pytest.mark.parametrize(
    ("part", "unread"),
    [
        (a.document(SHELL, "not json", kind="Session"), True),
        (a.document(SHELL, kind="Session"), True),
        (preferences(), False),
    ],
)
def test_preferences_that_cannot_be_read_are_named(tmp_path, part, unread):
    found = facts(tmp_path, part).unasked

    assert (("ssm:GetDocument", a.ACCOUNT) in found) is unread


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("Command", True),
        ("ManualApprovalPolicy", False),
        ("AutoApprovalPolicy", False),
    ],
)
def test_just_in_time_access_is_there_where_a_policy_of_it_is(tmp_path, kind, lacks):
    found = said(tmp_path, Topic.NO_JUST_IN_TIME, a.document("Own", {}, kind=kind))

    assert found == ([("", "")] if lacks else [])


# ---- settings ----


@pytest.mark.parametrize(
    ("value", "expected"), [("Enable", [(a.REGION, "")]), ("Disable", [])]
)
def test_public_sharing_is_open_unless_it_is_off(tmp_path, value, expected):
    setting = {"SettingId": SHARING, "SettingValue": value}
    line = a.answer(
        "ssm:GetServiceSetting",
        {"ServiceSetting": setting},
        params={"SettingId": SHARING},
    )

    assert said(tmp_path, Topic.SHARING_OPEN, line) == expected


@pytest.mark.parametrize("is_on", [True, False])
def test_the_serial_console_is_on_or_off(tmp_path, is_on):
    line = a.answer(
        "ec2:GetSerialConsoleAccessStatus", {"SerialConsoleAccessEnabled": is_on}
    )

    found = said(tmp_path, Topic.SERIAL_CONSOLE, line)

    assert found == ([(a.REGION, "")] if is_on else [])


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([AGENT], []),
        ([AGENT, "aws:AmazonS3FullAccess"], [(ROLE, "AmazonS3FullAccess")]),
        (["aws:AdministratorAccess"], [(ROLE, "AdministratorAccess")]),
    ],
)
def test_a_host_role_is_strong_that_holds_more_than_the_agent_needs(
    tmp_path, policies, expected
):
    documents = [
        a.managed_policy(name, a.allow("ssm:GetDocument")) for name in policies
    ]
    found = said(
        tmp_path,
        Topic.HOST_ROLE_STRONG,
        a.role("ops", managed=policies),
        a.default_host_management("ops"),
        *documents,
    )

    assert found == expected


# ---- documents ----


@pytest.mark.parametrize(
    ("shared", "public", "outside"),
    [
        ([], False, False),
        (["all"], True, False),
        (["All"], True, False),
        ([OUTSIDE], False, True),
        ([SIBLING], False, False),
        ([OUTSIDE, SIBLING, "all"], True, True),
    ],
)
def test_whom_a_document_is_shared_with(tmp_path, shared, public, outside):
    """An account of the organization is not outside."""
    organization = a.organization(a.member(a.ACCOUNT), a.member(SIBLING))
    part = a.document("Own", {}, shared_with=shared)

    found = facts(tmp_path, part, organization=organization).known

    topics = {one.topic for one in found if one.subject == "Own"}
    assert (Topic.DOCUMENT_PUBLIC in topics) is public
    assert (Topic.DOCUMENT_SHARED in topics) is outside


def test_documents_of_others_that_are_public_are_theirs_to_mind(tmp_path):
    part = a.document("Theirs", {}, owner=OUTSIDE, shared_with=["all"])

    assert said(tmp_path, Topic.DOCUMENT_PUBLIC, part) == []


@pytest.mark.parametrize(
    ("name", "version", "foreign"),
    [
        (f"arn:aws:ssm:{a.REGION}:{OUTSIDE}:document/Theirs", "$LATEST", True),
        (f"arn:aws:ssm:{a.REGION}:{OUTSIDE}:document/Theirs", None, True),
        (f"arn:aws:ssm:{a.REGION}:{OUTSIDE}:document/Theirs", "3", False),
        (f"arn:aws:ssm:{a.REGION}:{a.ACCOUNT}:document/Own", "$LATEST", False),
        (f"arn:aws:ssm:{a.REGION}::document/AWS-RunPatchBaseline", "$LATEST", False),
        ("AWS-RunPatchBaseline", "$LATEST", False),
        ("Own", "$LATEST", False),
    ],
)
def test_a_document_of_others_runs_that_is_not_pinned(tmp_path, name, version, foreign):
    row = {"Name": name, "AssociationId": "a-1", "DocumentVersion": version}
    row = {key: value for key, value in row.items() if value is not None}
    line = a.answer("ssm:ListAssociations", {"Associations": [row]})

    found = said(tmp_path, Topic.DOCUMENT_FOREIGN, line, a.document("Own", {}))

    assert found == ([(name, "association/a-1")] if foreign else [])


# ---- trusts ----


ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}


@pytest.mark.parametrize(
    ("statement", "fires"),
    [
        (a.trusting("*", ORGANIZATION), True),
        (a.trusting({"AWS": "*"}, ORGANIZATION), True),
        (
            a.trusting(
                {"AWS": "*"},
                {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}},
            ),
            True,
        ),
        (a.trusting({"AWS": "*"}), False),
        (a.trusting({"AWS": SIBLING}, ORGANIZATION), False),
        (a.trusting({"AWS": "*"}, ORGANIZATION, effect="Deny"), False),
    ],
)
def test_a_trust_in_a_whole_organization(tmp_path, statement, fires):
    found = said(tmp_path, Topic.TRUSTS_ORGANIZATION, a.role("ops", trust=[statement]))

    assert bool(found) is fires


# ---- what nobody asked ----


ASKED = {
    "ssm:ListDocuments": {"DocumentIdentifiers": []},
    "ssm:ListAssociations": {"Associations": []},
    "ssm:GetServiceSetting": {
        "ServiceSetting": {"SettingId": SHARING, "SettingValue": "Disable"}
    },
    "ec2:GetSerialConsoleAccessStatus": {"SerialConsoleAccessEnabled": False},
}


@pytest.mark.parametrize("left_out", [None, *ASKED])
def test_what_nobody_asked_is_named(tmp_path, left_out):
    """A refusal is asked: a gap tells of it."""
    lines = [a.answer(op, result) for op, result in ASKED.items() if op != left_out]

    found = facts(tmp_path, *lines, organization=under()).unasked

    assert found == ({(left_out, a.ACCOUNT)} if left_out else set())


def test_refusals_were_asked(tmp_path):
    lines = [a.refusal(op) for op in ASKED]

    assert facts(tmp_path, *lines, organization=under()).unasked == set()


def test_an_account_without_nodes_says_nothing(tmp_path):
    half = decide_aws(load_aws(a.estate(tmp_path, a.account(a.role("ops")))))

    assert (half.facts.known, half.facts.unasked) == ((), set())
