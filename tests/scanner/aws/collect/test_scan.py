"""Whole scans over HTTP: what is asked, what is recorded, what is left alone."""

import json
import re
import stat

import aws_server as wire
import pytest
from aws_collecting import QUICK, REGION, collect, gaps, options, series
from aws_companies import company, fleet
from aws_server import ACCOUNT

from scanner import __version__
from scanner.aws.collect import AwsOptions, collect_aws
from scanner.aws.operations import COLLECTED
from scanner.collection.progress import Progress
from scanner.collection.rate import Rates
from scanner.errors import UsageError
from scanner.evidence.manifest import read_manifest
from scanner.evidence.outcomes import Outcome
from scanner.evidence.store import EstateStore

HOME = "us-east-1"
FILE = f"aws/{ACCOUNT}.jsonl"


def asked(folder, op, account=ACCOUNT):
    """Return what was asked of one operation: (region, parameters) of each series."""
    found = series(folder)
    return [
        (region, json.loads(params))
        for (name, owner, region, params) in sorted(found)
        if (name, owner) == (op, account)
    ]


def scope_of(folder, identity):
    """Return the manifest's scope of an account or organization."""
    return next(s for s in read_manifest(folder).scopes if s.id == identity)


def test_one_account_is_read_whole_and_only_read(server, tmp_path):
    """Every request is in the table of read operations, and every answer recorded."""
    fleet(server, REGION)
    server.requests.clear()
    folder = tmp_path / "estate"
    found = collect(server, folder)

    assert found.accounts == (ACCOUNT,)
    assert gaps(folder) == {}
    assert set(server.ops()) <= COLLECTED.keys()
    read_only = re.compile(r"[\w-]+:(Get|List|Describe)\w+")
    assert all(read_only.fullmatch(op) for op in server.ops())
    assert FILE in read_manifest(folder).files
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert {r.agent.split()[0] for r in server.requests} == {f"whocanrun/{__version__}"}


def test_rows_lead_to_further_calls(server, tmp_path):
    """Own documents are read with their readers; foreign ones where referred to."""
    association = fleet(server, REGION)
    folder = tmp_path / "estate"
    collect(server, folder)

    names = [params["Name"] for _, params in asked(folder, "ssm:GetDocument")]
    assert names == [
        f"arn:aws:ssm:{REGION}:999999999999:document/theirs",
        "own-document",
    ]
    assert [p["Name"] for _, p in asked(folder, "ssm:DescribeDocumentPermission")] == [
        "own-document"
    ]
    assert asked(folder, "ssm:DescribeAssociation") == [
        (REGION, {"AssociationId": association})
    ]
    assert len(asked(folder, "ssm:DescribeMaintenanceWindowTasks")) == 1
    assert len(asked(folder, "ssm:DescribeMaintenanceWindowTargets")) == 1
    assert len(asked(folder, "ssm:ListDocuments")) == 3


def test_secrets_in_parameters_are_not_kept(server, tmp_path):
    """Commands of tasks and associations may hold passwords; names are enough."""
    fleet(server, REGION)
    folder = tmp_path / "estate"
    collect(server, folder)
    text = (folder / FILE).read_text()

    assert "planted-secret" not in text
    assert "AWS-RunShellScript" in text


def test_iam_is_asked_once_and_regions_each(server, tmp_path):
    """IAM belongs to the account; instances to every region."""
    folder = tmp_path / "estate"
    collect(server, folder, regions=("eu-west-1", "us-west-2"))

    assert asked(folder, "iam:GetAccountAuthorizationDetails") == [(HOME, {})]
    assert asked(folder, "ec2:DescribeInstances") == [
        ("eu-west-1", {}),
        ("us-west-2", {}),
    ]


def regions_answer(*rows):
    """An answer to DescribeRegions: (name, opt-in status) of each."""
    items = "".join(
        f"<item><regionName>{name}</regionName><optInStatus>{status}</optInStatus></item>"
        for name, status in rows
    )
    inner = f"<regionInfo>{items}</regionInfo>"
    return wire.ec2_body("DescribeRegions", inner)


THREE = regions_answer(
    ("eu-west-1", "opt-in-not-required"),
    ("me-south-1", "opted-in"),
    ("af-south-1", "not-opted-in"),
)


@pytest.mark.parametrize(
    ("limit", "read", "off"),
    [
        ((), ("eu-west-1", "me-south-1"), ("af-south-1",)),
        (("me-south-1",), ("me-south-1",), ()),
        (("af-south-1", "me-south-1"), ("me-south-1",), ("af-south-1",)),
    ],
)
def test_regions_are_those_switched_on(server, tmp_path, limit, read, off):
    """A region that is off is recorded as off, neither asked nor forgotten."""
    server.answer("ec2:DescribeRegions", THREE)
    folder = tmp_path / "estate"
    collect(server, folder, regions=limit)
    scope = scope_of(folder, ACCOUNT)

    assert (scope.regions, scope.not_enabled) == (read, off)
    assert tuple(r for r, _ in asked(folder, "ec2:DescribeInstances")) == read


def test_a_wrong_region_name_is_told_with_what_may_be_meant(server, tmp_path):
    """One line, exit code 2, and no service was asked for a region that is none."""
    with pytest.raises(UsageError, match=r"'eu-wst-1'.*eu-west-1") as error:
        collect(server, tmp_path / "estate", regions=("eu-wst-1",))

    assert "\n" not in str(error.value)
    assert "ec2:DescribeInstances" not in server.ops()


def test_a_refused_region_list_does_not_hide_the_regions(server, tmp_path):
    """The list is a gap; the regions asked for are read all the same."""
    server.fault("ec2:DescribeRegions", wire.refused("UnauthorizedOperation", 403))
    folder = tmp_path / "estate"
    collect(server, folder)

    assert gaps(folder) == {
        ("ec2:DescribeRegions", ACCOUNT, REGION): Outcome.REFUSED.value
    }
    assert scope_of(folder, ACCOUNT).regions == (REGION,)


def test_one_refused_region_is_a_gap_of_that_region_only(server, tmp_path):
    """The twin region answers, and its empty list is knowledge."""
    op = "ssm:DescribeInstanceInformation"
    server.fault(op, wire.refused(), region="us-west-2")
    folder = tmp_path / "estate"
    collect(server, folder, regions=("eu-west-1", "us-west-2"))

    assert gaps(folder) == {(op, ACCOUNT, "us-west-2"): "refused"}


def test_boundaries_that_the_details_leave_out_are_fetched(server, tmp_path):
    """A policy that is only a boundary may be missing from the account's list."""
    iam = server.client("iam")
    allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [allow]}
    arn = iam.create_policy(PolicyName="edge", PolicyDocument=json.dumps(document))[
        "Policy"
    ]["Arn"]
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(
        RoleName="bounded", AssumeRolePolicyDocument=trust, PermissionsBoundary=arn
    )
    op = "iam:GetAccountAuthorizationDetails"
    empty = wire.replace
    server.fault(
        op,
        lambda reply: empty(
            reply,
            body=re.sub(
                rb"<Policies>.*</Policies>\s*<", b"<Policies/><", reply.body, flags=re.S
            ),
        ),
    )
    folder = tmp_path / "estate"
    collect(server, folder)

    assert asked(folder, "iam:GetPolicy") == [(HOME, {"PolicyArn": arn})]
    assert asked(folder, "iam:GetPolicyVersion") == [
        (HOME, {"PolicyArn": arn, "VersionId": "v1"})
    ]


def test_a_row_without_what_is_needed_is_a_gap_of_the_next_call(server, tmp_path):
    """An association without an id cannot be described: said, not skipped."""
    server.answer("ssm:ListAssociations", {"Associations": [{"Name": "x"}]})
    folder = tmp_path / "estate"
    collect(server, folder)

    assert gaps(folder) == {("ssm:DescribeAssociation", ACCOUNT, REGION): "malformed"}


def test_an_account_in_no_organization_says_so(server, tmp_path):
    """That is an answer: nothing to restrict it, no organization file, no gap."""
    folder = tmp_path / "estate"
    collect(server, folder)
    found = series(folder)["organizations:DescribeOrganization", ACCOUNT, HOME, "{}"]

    assert found.outcome is Outcome.NOT_ENABLED
    assert not (folder / "aws/organization.jsonl").exists()


def test_org_without_an_organization_is_said(server, tmp_path):
    """Whoever asks for an organization is told that only one account was read."""
    found = collect(server, tmp_path / "estate", org=True, role_name="audit")

    assert found.accounts == (ACCOUNT,)
    assert "no organization" in found.advice[0]


def test_a_mere_member_records_what_it_may_not_see(server, tmp_path):
    """Refused control policies are gaps of the organization, the account is read."""
    master = {"Id": "o-abcdefghij", "MasterAccountId": "222222222222"}
    server.answer("organizations:DescribeOrganization", {"Organization": master})
    server.fault("organizations:List*", wire.refused())
    server.fault("sso-admin:*", wire.refused())
    folder = tmp_path / "estate"
    collect(server, folder)
    found = series(folder)

    controls = [
        found["organizations:ListPoliciesForTarget", ACCOUNT, HOME, key].outcome
        for key in (
            f'{{"Filter":"SERVICE_CONTROL_POLICY","TargetId":"{ACCOUNT}"}}',
            f'{{"Filter":"RESOURCE_CONTROL_POLICY","TargetId":"{ACCOUNT}"}}',
        )
    ]
    assert controls == [Outcome.REFUSED] * 2
    assert found["iam:GetAccountAuthorizationDetails", ACCOUNT, HOME, "{}"].answered
    assert scope_of(folder, "o-abcdefghij").kind == "organization"


@pytest.fixture
def firm(server):
    """An organization around the caller's account, with Identity Center."""
    found = company(server, REGION)
    server.requests.clear()
    return found


def test_an_organization_is_entered_member_by_member(server, firm, tmp_path):
    """Active members by the named role, the caller with its own credentials."""
    folder = tmp_path / "estate"
    found = collect(server, folder, org=True, role_name="audit")

    assert found.accounts == tuple(sorted((ACCOUNT, firm.prod, firm.dev)))
    assert found.skipped == {firm.closed: "SUSPENDED"}
    assert scope_of(folder, firm.closed).skipped == "SUSPENDED"
    assert scope_of(folder, firm.prod).name == "prod"
    assert server.ops().count("sts:AssumeRole") == 2
    assert gaps(folder) == {}
    for account in found.accounts:
        whole = series(folder)[
            "iam:GetAccountAuthorizationDetails", account, HOME, "{}"
        ]
        assert whole.answered
        assert f"aws/{account}.jsonl" in read_manifest(folder).files


def test_the_tree_its_controls_and_people_are_read(server, firm, tmp_path):
    """Policies at every level, their text, and who is behind a permission set."""
    folder = tmp_path / "estate"
    collect(server, folder)
    targets = {
        params["TargetId"]
        for _, params in asked(folder, "organizations:ListPoliciesForTarget")
    }
    text = (folder / "aws/organization.jsonl").read_text()

    assert {ACCOUNT, firm.prod, firm.dev, firm.unit} < targets
    assert (HOME, {"PolicyId": firm.guard_rail}) in asked(
        folder, "organizations:DescribePolicy"
    )
    assert len(asked(folder, "sso-admin:ListAccountAssignments")) == 1
    assert len(asked(folder, "identitystore:ListGroupMemberships")) == 1
    assert '"kim"' in text
    assert "@example.com" not in text
    assert server.ops().count("sts:AssumeRole") == 0


def test_a_member_that_cannot_be_entered_is_a_gap_of_that_member(
    server, firm, tmp_path
):
    """The refusal is in that account's file; the other member is read whole."""
    server.fault(
        "sts:AssumeRole", wire.refused("AccessDenied", 403), holds=f"{firm.dev}%3Arole"
    )
    folder = tmp_path / "estate"
    found = collect(server, folder, org=True, role_name="audit")

    assert gaps(folder) == {("sts:AssumeRole", firm.dev, REGION): "refused"}
    assert found.not_entered == {firm.dev: "AccessDenied"}
    assert firm.dev in found.advice[0]
    assert scope_of(folder, firm.dev).kind == "account"
    assert f"aws/{firm.dev}.jsonl" in read_manifest(folder).files


def test_a_role_that_leads_elsewhere_is_not_believed(server, firm, tmp_path):
    """Answers of another account must not be filed under a member's name."""
    server.fault(
        "sts:GetCallerIdentity",
        wire.spelled(firm.dev, "333333333333"),
        account=firm.dev,
    )
    folder = tmp_path / "estate"
    collect(server, folder, org=True, role_name="audit")

    assert gaps(folder) == {("sts:AssumeRole", firm.dev, REGION): "malformed"}


def test_a_refused_account_list_still_reads_the_caller(server, firm, tmp_path):
    """Without ListAccounts nobody can be entered: a gap, and one account read."""
    server.fault("organizations:ListAccounts", wire.refused())
    folder = tmp_path / "estate"
    found = collect(server, folder, org=True, role_name="audit")

    assert found.accounts == (ACCOUNT,)
    assert ("organizations:ListAccounts", ACCOUNT, HOME) in gaps(folder)


@pytest.mark.parametrize("given", [{"org": True}, {"role_name": "audit"}])
def test_org_and_role_name_go_together(server, tmp_path, given):
    """Either alone is a mistake of the command line."""
    with pytest.raises(UsageError):
        collect(server, tmp_path / "estate", **given)


def write_profiles(server, monkeypatch, tmp_path, **accounts):
    """Write a shared credentials file and take the environment's keys away."""
    lines = []
    for name, account in accounts.items():
        keys = server.keys(account)
        lines += [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items())]
        lines += [f"region = {REGION}"]
    path = tmp_path / "credentials"
    path.write_text("\n".join(lines))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)


def test_each_profile_is_an_account(server, monkeypatch, tmp_path):
    """Two profiles of one account count once."""
    write_profiles(
        server, monkeypatch, tmp_path, one=ACCOUNT, two="222222222222", again=ACCOUNT
    )
    folder = tmp_path / "estate"
    found = collect(server, folder, profiles=("one", "two", "again"))

    assert found.accounts == (ACCOUNT, "222222222222")
    assert gaps(folder) == {}


def test_an_unknown_profile_is_a_usage_error(server, monkeypatch, tmp_path):
    """The line names it."""
    write_profiles(server, monkeypatch, tmp_path, one=ACCOUNT)
    with pytest.raises(UsageError, match="nobody"):
        collect(server, tmp_path / "estate", profiles=("nobody",))


def test_another_partition_needs_no_option(server, monkeypatch, tmp_path):
    """Everything follows from the caller's ARN: IAM's region, the member's role."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-gov-west-1")
    folder = tmp_path / "estate"
    collect(server, folder, regions=("us-gov-west-1",))
    identity = read_manifest(folder).identities["aws"]

    assert identity == f"{ACCOUNT}/aws-us-gov"
    assert asked(folder, "iam:GetAccountAuthorizationDetails") == [
        ("us-gov-west-1", {})
    ]
    assert {request.region for request in server.requests} == {"us-gov-west-1"}


def test_the_ceiling_of_the_whole_scan_holds(server, tmp_path):
    """`--max-rate 40`: no second of the request log holds more, retries included."""
    server.fault("ssm:*", wire.refused("ThrottlingException"), times=1)
    store = EstateStore(tmp_path / "estate")
    collect_aws(options(), store, Rates(40, ceiling=1000), Progress(quiet=True))
    store.close(finished=True)
    times = sorted(request.at for request in server.requests)
    busiest = max(sum(t <= at < t + 1 for at in times) for t in times)

    assert len(times) > 35
    assert busiest <= 44  # a tenth for the jitter of threads and clocks


def test_time_that_runs_out_is_said(server, tmp_path):
    """What was not asked before the deadline is a gap, and the file is not whole."""
    folder = tmp_path / "estate"
    late = AwsOptions(timings=QUICK).timings
    found = collect(server, folder, timings=wire.replace(late, deadline=-1.0))

    assert found.deadline_passed
    assert set(gaps(folder).values()) == {"not-asked"}
    assert FILE not in read_manifest(folder).files
    assert "--resume" in found.advice[0]
