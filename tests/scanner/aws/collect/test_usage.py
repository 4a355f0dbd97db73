"""`scan --usage` of AWS: two reports, made on demand, polled, paged and resumed."""

import base64
import json

import aws_server as wire
import pytest
from aws_collecting import Lab, collect, gaps, options, series
from aws_server import ACCOUNT, query_body

from scanner.aws.collect.usage import Candidates, ask_usage
from scanner.aws.operations import COLLECTED, USAGE
from scanner.evidence.store import RESUME

HOME = "us-east-1"
MAKE_REPORT, REPORT = "iam:GenerateCredentialReport", "iam:GetCredentialReport"
START = "iam:GenerateServiceLastAccessedDetails"
DETAILS = "iam:GetServiceLastAccessedDetails"
RUN = {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*"}
READ = {"Effect": "Allow", "Action": ["ec2:Describe*", "s3:*"], "Resource": "*"}


def arn(resource):
    return f"arn:aws:iam::{ACCOUNT}:{resource}"


def service(name="ssm", at="2026-11-01T00:00:00Z"):
    return (
        f"<member><ServiceName>-</ServiceName><ServiceNamespace>{name}"
        f"</ServiceNamespace><LastAuthenticated>{at}</LastAuthenticated></member>"
    )


def details(*services, status="COMPLETED", marker=""):
    more = f"<IsTruncated>{str(bool(marker)).lower()}</IsTruncated>"
    more += f"<Marker>{marker}</Marker>" if marker else ""
    inner = f"<JobStatus>{status}</JobStatus>{more}"
    listed = "".join(services)
    return query_body(
        "GetServiceLastAccessedDetails",
        f"{inner}<ServicesLastAccessed>{listed}</ServicesLastAccessed>",
    )


def ticket(params):
    """A job's id that tells whose it is."""
    job = params["Arn"].rpartition(":")[2]
    return query_body(START[4:], f"<JobId>{job:-<36}</JobId>")


@pytest.fixture
def lab(server, tmp_path):
    """An asker's surroundings for a scan with usage."""
    server.answer(START, ticket)
    server.answer(DETAILS, details(service()))
    found = Lab(tmp_path, options(usage=True))
    yield found
    found.file.close()


def usage(lab):
    """Ask about two users; return what evidence says by op and end of the ARN."""
    ask_usage(lab.asker(), HOME, [arn("user/ann"), arn("user/bob")])
    found = {}
    for (op, _, _, params), each in series(lab.path.parent.parent).items():
        found[op, json.loads(params).get("Arn", "").rpartition(":")[2]] = each
    return found


def broken(found):
    return {op for (op, _), each in found.items() if each.outcome.is_gap}


def test_no_usage_call_can_be_made_without_the_option(server, tmp_path):
    """By construction: refused before it is sent, not merely left out."""
    asker = Lab(tmp_path).asker()

    with pytest.raises(PermissionError, match="GenerateCredentialReport"):
        asker.start(MAKE_REPORT, HOME, {})


def test_a_whole_scan_asks_about_those_whose_policies_name_a_vector(server, tmp_path):
    """Last-accessed data is named by the principal, not by a ticket of the day."""
    client = server.client("iam")
    document = json.dumps({"Version": "2012-10-17", "Statement": [RUN]})
    for name in ("ann", "reader"):
        client.create_user(UserName=name)
    client.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
    server.answer(START, ticket)
    server.answer(DETAILS, details(service()))
    server.requests.clear()
    folder = tmp_path / "estate"
    collect(server, folder, usage=True)
    found = series(folder)
    (report,) = [list(s.plain()) for key, s in found.items() if key[0] == REPORT]
    params = f'{{"Arn":"{arn("user/ann")}","Granularity":"ACTION_LEVEL"}}'

    assert gaps(folder) == {}
    assert set(server.ops()) <= COLLECTED.keys() | USAGE.keys()
    text = base64.b64decode(report[0]["Content"]).decode()
    assert {"ann", "reader"} <= {row.partition(",")[0] for row in text.split()}
    assert [key for key in found if key[0] == DETAILS] == [
        (DETAILS, ACCOUNT, HOME, params)
    ]
    assert {key[0] for key in found}.isdisjoint({MAKE_REPORT, START})

    server.requests.clear()
    collect(server, folder, RESUME, usage=True)

    assert USAGE.keys().isdisjoint(server.ops())  # what is there is not asked again


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([RUN], True),
        ([READ], False),
        (READ, False),
        ([], False),
        ([{**RUN, "Action": "*"}], True),
        ([{**RUN, "Action": "SSM:send*"}], True),
        ([{**RUN, "Effect": "Deny"}], False),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], True),
        ([READ, RUN], True),
        (["odd"], True),
    ],
)
@pytest.mark.parametrize("how", ["own", "managed", "group"])
def test_only_those_whose_policies_name_a_vector_are_candidates(
    how, statements, expected
):
    """By a policy of one's own, a managed one, or a group's; what is odd counts."""
    document = {"Version": "2012-10-17", "Statement": statements}
    inline = [{"PolicyName": "p", "PolicyDocument": document}]
    version = {"IsDefaultVersion": True, "Document": document}
    user = {"Arn": arn("user/ann"), "UserName": "ann", "Path": "/"}
    user |= {
        "own": {"UserPolicyList": inline},
        "managed": {"AttachedManagedPolicies": [{"PolicyArn": "arn:p"}]},
        "group": {"GroupList": ["ops"]},
    }[how]
    group = {"Arn": arn("group/ops"), "GroupName": "ops", "GroupPolicyList": inline}
    found = Candidates()
    found.note(page(UserDetailList=[user], GroupDetailList=[group]))
    found.note(page(Policies=[{"Arn": "arn:p", "PolicyVersionList": [version]}]))

    assert found.arns() == ([arn("user/ann")] if expected else [])


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ({"AttachedManagedPolicies": [{"PolicyArn": "arn:unlisted"}]}, True),
        ({"RolePolicyList": [{"PolicyDocument": "not JSON"}]}, True),
        ({}, False),
        (
            {
                "Path": "/aws-service-role/ssm.amazonaws.com/",
                "AttachedManagedPolicies": [{"PolicyArn": "arn:unlisted"}],
            },
            False,
        ),
    ],
)
def test_what_cannot_be_read_may_name_a_vector(role, expected):
    """A role that only its service can use has no day-to-day use to ask about."""
    found = Candidates()
    found.note(page(RoleDetailList=[{"Arn": arn("role/r"), "Path": "/", **role}]))

    assert found.arns() == ([arn("role/r")] if expected else [])


def page(**lists):
    names = ("UserDetailList", "RoleDetailList", "GroupDetailList", "Policies")
    return {**{name: [] for name in names}, **lists}


def test_a_report_that_is_not_ready_is_asked_again(server, lab):
    """Whatever is pending is no answer: neither an empty list nor a fault."""
    pending = details(status="IN_PROGRESS").replace("ServicesLastAccessed>", "x>")
    server.fault(DETAILS, wire.sends(pending.encode(), kind="text/xml"), times=3)
    started = query_body(MAKE_REPORT[4:], "<State>STARTED</State>").encode()
    server.fault(MAKE_REPORT, wire.sends(started, kind="text/xml"), times=2)

    assert broken(usage(lab)) == set()
    assert server.ops().count(DETAILS) == 2 + 3


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (details(status="FAILED"), "ReportFailed"),
        (details(status="IN_PROGRESS"), "NotReady"),
        (details().replace("ServicesLastAccessed>", "Services>"), "MalformedAnswer"),
        (details().replace("JobStatus>", "Status>"), "ReportFailed"),
    ],
)
def test_a_report_that_never_comes_is_a_gap(server, lab, body, code):
    """Patience ends; what was not read is not "never used"."""
    server.answer(DETAILS, body)
    found = usage(lab)

    assert found[DETAILS, "user/ann"].error.code == code
    assert found[DETAILS, "user/bob"].error.code == code


def test_pages_are_read_to_the_last(server, lab):
    """Every page is asked with the ticket, and the second one with the marker."""
    asked = []

    def paged(params):
        asked.append((params["JobId"].rstrip("-"), params.get("Marker")))
        if params.get("Marker"):
            return details(service("ec2"))
        return details(service("ssm"), marker="next")

    server.answer(DETAILS, paged)
    found = usage(lab)

    assert len(found[DETAILS, "user/ann"].pages) == 2
    assert asked == [
        ("user/ann", None),
        ("user/ann", "next"),
        ("user/bob", None),
        ("user/bob", "next"),
    ]


@pytest.mark.parametrize("op", sorted(USAGE))
def test_throttled_calls_are_tried_again(server, lab, op):
    """The same patience as everywhere."""
    server.fault(op, wire.refused("Throttling", 400), times=2)

    assert broken(usage(lab)) == set()


@pytest.mark.parametrize("op", sorted(USAGE))
def test_each_refusal_is_a_gap_of_that_call(server, lab, op):
    """A right that is missing is named; what does not need it is read all the same."""
    server.fault(op, wire.refused("AccessDenied", 403))
    found = usage(lab)
    others = {REPORT, DETAILS} - {op, op.replace("Generate", "Get")}

    assert broken(found) == {op}
    assert others <= {name for (name, _), each in found.items() if each.answered}


def test_who_may_not_start_a_report_is_not_asked_thousands_of_times(server, lab):
    """One refusal, and one line about all the others."""
    server.fault(START, wire.refused("AccessDenied", 403))
    found = usage(lab)

    assert server.ops().count(START) == 1
    assert found[START, ""].error.code == "NotAsked"
    assert "1 more" in found[START, ""].error.message


def test_one_principal_that_is_gone_costs_only_itself(server, lab):
    """Deleted while the scan ran: the others are asked."""
    server.fault(START, wire.refused("NoSuchEntity", 404), holds="user%2Fann")
    found = usage(lab)

    assert found[DETAILS, "user/bob"].answered
    assert found[START, "user/ann"].error.code == "NoSuchEntity"
    assert (DETAILS, "user/ann") not in found


@pytest.mark.parametrize("op", sorted(USAGE))
@pytest.mark.parametrize(
    "fault",
    [wire.sends(b""), wire.sends(b"<html>Sign in</html>"), wire.cut_off, wire.reset],
    ids=["empty", "page", "cut", "reset"],
)
def test_broken_answers_are_gaps(server, lab, op, fault):
    """No silent zero: a broken report is not an empty one."""
    server.fault(op, fault)

    assert op in broken(usage(lab))
