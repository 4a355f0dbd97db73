"""Broken, odd and refused answers over HTTP: never an empty list, always a gap."""

import json
from dataclasses import replace

import aws_server as wire
import pytest
from aws_collecting import QUICK, Lab, options

from scanner.evidence.outcomes import Outcome

EU, GLOBAL = "eu-west-1", "us-east-1"
STORE = {"IdentityStoreId": "d-1234567890"}

#: List call, region, parameters, list member (as it is spelled on the wire).
JSON_LISTS = [
    ("ssm:DescribeInstanceInformation", EU, {}, "InstanceInformationList"),
    ("organizations:ListAccounts", GLOBAL, {}, "Accounts"),
    ("sso-admin:ListInstances", EU, {}, "Instances"),
    ("identitystore:ListUsers", EU, STORE, "Users"),
]
#: A text member of each list's rows.
FIELD = {
    "InstanceInformationList": "InstanceId",
    "Accounts": "Id",
    "Instances": "InstanceArn",
    "Users": "UserId",
}
XML_LISTS = [
    ("iam:GetAccountAuthorizationDetails", GLOBAL, {}, "RoleDetailList"),
    ("ec2:DescribeInstances", EU, {}, "reservationSet"),
]
MALFORMED, FAILED = Outcome.MALFORMED, Outcome.FAILED


@pytest.fixture
def rows(server):
    """Every JSON list has two rows, so that an empty one would be a lie."""
    for op, _, _, member in JSON_LISTS:
        rows = [{FIELD[member]: "one"}, {FIELD[member]: "two"}]
        server.answer(op, {member: rows})


def html(status):
    """A proxy's page in place of the provider's answer."""
    return wire.sends(b"<html><body>Sign in</body></html>", status)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("op", "region", "params", "member"), JSON_LISTS)
def test_a_whole_answer_is_knowledge(lab, op, region, params, member):
    """The twin of all faults below: both rows, answered."""
    found = lab.ask(op, region, params)

    assert found.outcome is Outcome.ANSWERED
    assert [len(page[member]) for page in found.plain()] == [2]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("op", "region", "params", "member"), JSON_LISTS)
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (lambda _: wire.sends(b""), MALFORMED),
        (lambda _: wire.sends(b"", 204), MALFORMED),
        (lambda _: html(200), MALFORMED),
        (lambda _: wire.cut_off, MALFORMED),
        (wire.without, MALFORMED),
        (lambda name: wire.changed(**{name: None}), MALFORMED),
        (lambda name: wire.changed(**{name: {}}), MALFORMED),
        (lambda name: wire.changed(**{name: [None]}), MALFORMED),
        (lambda name: wire.changed(**{name: ["text"]}), MALFORMED),
        (lambda name: wire.changed(**{name: [{FIELD[name]: "\ud800"}]}), MALFORMED),
        (lambda name: wire.spelled(name, name.lower()), MALFORMED),
        (lambda name: wire.changed(**{name.lower(): []}), MALFORMED),
        (wire.twice, MALFORMED),
        (lambda _: wire.sends(b"null"), MALFORMED),
        (lambda _: wire.sends(b"[]"), MALFORMED),
        (lambda _: wire.sends(b"{" * 100_000), MALFORMED),
        (lambda _: wire.sends(b'{"\xff": 1}'), MALFORMED),
        (lambda name: wire.sends(b'{"%s": ["\xff"]}' % name.encode()), MALFORMED),
        (lambda _: wire.changed(NextToken=5), MALFORMED),
        (lambda _: wire.changed(nexttoken="more"), MALFORMED),
        (lambda _: html(302), MALFORMED),
        (lambda _: html(403), Outcome.REFUSED),
        (lambda _: html(500), FAILED),
        (lambda _: wire.refused(), Outcome.REFUSED),
        (lambda _: wire.refused("ExpiredTokenException"), Outcome.EXPIRED),
        (lambda _: wire.refused("ThrottlingException"), Outcome.THROTTLED),
        (lambda _: wire.sends(b"slow down", 429, "text/plain"), Outcome.THROTTLED),
        (lambda _: wire.tokens("A"), MALFORMED),
        (lambda _: wire.tokens("A", "B"), MALFORMED),
        (lambda _: wire.reset, FAILED),
    ],
)
def test_json_faults_are_gaps(server, lab, op, region, params, member, fault, outcome):
    """Each ends as one error line whose outcome is named."""
    server.fault(op, fault(member))

    found = lab.ask(op, region, params)

    assert found.outcome is outcome
    assert found.error is not None


@pytest.mark.parametrize(("op", "region", "params", "element"), XML_LISTS)
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (lambda _: wire.sends(b""), MALFORMED),
        (lambda _: html(200), MALFORMED),
        (lambda _: wire.cut_off, MALFORMED),
        (wire.without, MALFORMED),
        (lambda name: wire.spelled(name, name.upper()), MALFORMED),
        (wire.twice, MALFORMED),
        (lambda _: wire.sends(b"\xff\xfe<"), MALFORMED),
        (lambda _: html(302), MALFORMED),
        (lambda _: html(403), Outcome.REFUSED),
        (lambda _: wire.refused("AccessDenied", 403), Outcome.REFUSED),
        (lambda _: wire.refused("ExpiredToken", 403), Outcome.EXPIRED),
        (lambda _: wire.refused("RequestLimitExceeded", 503), Outcome.THROTTLED),
        (lambda _: wire.reset, FAILED),
    ],
)
def test_xml_faults_are_gaps(server, lab, op, region, params, element, fault, outcome):
    """The query protocol and EC2's variant of it fail just as visibly."""
    server.fault(op, fault(element))

    assert lab.ask(op, region, params).outcome is outcome


def test_two_page_tokens_in_xml_are_a_gap(server, lab):
    """The SDK makes a list of them, which is no token to go on with."""
    two = b"<reservationSet/><nextToken>a</nextToken><nextToken>b</nextToken>"
    body = b"<DescribeInstancesResponse>%s</DescribeInstancesResponse>" % two
    server.fault("ec2:DescribeInstances", wire.sends(body, kind="text/xml"))

    assert lab.ask("ec2:DescribeInstances").outcome is MALFORMED


def test_an_empty_list_that_is_there_is_an_answer(lab):
    """EC2's empty `<reservationSet/>` means no instance; a missing one does not."""
    found = lab.ask("ec2:DescribeInstances")

    assert found.answered
    assert list(found.plain()) == [{"Reservations": []}]


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (html(200), MALFORMED),
        (wire.without("Account"), MALFORMED),
        (wire.cut_off, MALFORMED),
    ],
)
def test_identity_must_be_whole(server, lab, fault, outcome):
    """sts shares the query protocol and has no list: its members are asserted."""
    server.fault("sts:GetCallerIdentity", fault)

    assert lab.ask("sts:GetCallerIdentity").outcome is outcome


def test_truncated_without_a_marker_is_incomplete_and_kept(server, lab):
    """IAM says that there is more and not where: page 0 counts, the list does not."""
    server.client("iam").create_user(UserName="somebody")
    server.fault(
        "iam:GetAccountAuthorizationDetails",
        lambda reply: wire.spelled("IsTruncated>false", "IsTruncated>true")(reply),
    )

    found = lab.ask("iam:GetAccountAuthorizationDetails", GLOBAL)

    assert found.outcome is MALFORMED
    assert [len(page["UserDetailList"]) for page in found.plain()] == [1]


def test_pages_are_kept_when_a_later_one_is_refused(server, lab):
    """A refusal on page 2 leaves pages 0 and 1, and a series that is not whole."""
    pages = {None: "A", "A": "B", "B": None}

    def page(params):
        token = pages[params.get("NextToken")]
        return {"InstanceInformationList": [{"InstanceId": "i"}], "NextToken": token}

    op = "ssm:DescribeInstanceInformation"
    server.answer(op, page)
    server.fault(op, wire.refused(), after=2)

    found = lab.ask(op)

    assert found.outcome is Outcome.REFUSED
    assert len(found.pages) == 2
    lines = [json.loads(line) for line in lab.path.read_text().splitlines()]
    assert [(line["page"], "error" in line) for line in lines] == [
        (0, False),
        (1, False),
        (2, True),
    ]


def test_pages_follow_their_tokens_to_the_end(server, lab):
    """The twin: three pages, the empty one in the middle included."""
    pages = {None: "A", "A": "B", "B": ""}

    def page(params):
        token = params.get("NextToken")
        rows = [] if token == "A" else [{"InstanceId": token or "first"}]
        return {"InstanceInformationList": rows, "NextToken": pages[token]}

    server.answer("ssm:DescribeInstanceInformation", page)

    found = lab.ask("ssm:DescribeInstanceInformation")

    assert found.answered
    rows = [p["InstanceInformationList"] for p in found.plain()]
    assert rows == [[{"InstanceId": "first"}], [], [{"InstanceId": "B"}]]


def test_calls_without_a_paginator_are_paged_too(server, lab):
    """`ssm:DescribeDocumentPermission` pages though the SDK has no paginator for it."""
    pages = {None: "A", "A": None}
    server.answer(
        "ssm:DescribeDocumentPermission",
        lambda p: {"AccountIds": ["all"], "NextToken": pages[p.get("NextToken")]},
    )
    params = {"Name": "mine", "PermissionType": "Share"}

    assert len(lab.ask("ssm:DescribeDocumentPermission", EU, params).pages) == 2


@pytest.mark.parametrize(
    "fault",
    [wire.refused("ThrottlingException"), html(503), wire.reset],
)
def test_a_passing_fault_is_tried_again(server, lab, fault):
    """One bad answer and then a good one is a good answer."""
    server.fault("ssm:DescribeInstanceInformation", fault, times=1)

    assert lab.ask("ssm:DescribeInstanceInformation").answered
    assert server.ops() == ["ssm:DescribeInstanceInformation"] * 2


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (wire.refused("ThrottlingException"), 4),
        (html(503), 2),
        (wire.refused(), 1),
        (wire.refused("ExpiredTokenException"), 1),
        (wire.sends(b""), 1),
    ],
)
def test_tries_are_bounded_and_refusals_are_not_tried_again(
    server, lab, fault, requests
):
    """As many tries as the settings say, and none where trying cannot help."""
    server.fault("ssm:*", fault)
    lab.ask("ssm:DescribeInstanceInformation")

    assert len(server.requests) == requests


@pytest.mark.parametrize(("times", "code"), [(1, None), (2, "Timeout")])
def test_a_slow_server_is_a_timeout(server, tmp_path, times, code):
    """Late once is tried again; late every time is a line that says `Timeout`."""
    lab = Lab(tmp_path, options(timings=replace(QUICK, read=0.6)))
    server.fault("ssm:*", wire.slow(1.2), times=times)
    error = lab.ask("ssm:DescribeInstanceInformation").error
    lab.file.close()

    assert (error and error.code) == code


def test_throttles_slow_the_bucket_down(server, lab):
    """The rate of that account, region and service falls; others keep theirs."""
    server.fault("ssm:*", wire.refused("ThrottlingException"), times=2)
    lab.ask("ssm:DescribeInstanceInformation")
    lab.ask("ec2:DescribeInstances")
    rates = lab.scan.rates

    slow = rates.bucket(wire.ACCOUNT, EU, "ssm").rate
    assert slow < rates.bucket(wire.ACCOUNT, EU, "ec2").rate / 3


def test_messages_carry_no_credential(server, lab):
    """A signature error quotes the request; the session token is not recorded."""
    text = "expected 'GET / x-amz-security-token:FQoGZXIvYXdzEJr Signature=abcdef0123'"
    body = json.dumps({"__type": "SignatureDoesNotMatch", "message": text})
    server.fault("ssm:*", wire.sends(body.encode(), 400, "application/json"))
    lab.ask("ssm:DescribeInstanceInformation")

    recorded = lab.path.read_text()
    assert "FQoGZXIvYXdzEJr" not in recorded
    assert "abcdef0123" not in recorded


def test_an_operation_that_is_not_listed_is_not_sent(server, lab):
    """Read-only by construction: the allow-list is in front of the SDK."""
    with pytest.raises(PermissionError):
        lab.ask("ssm:SendCommand")

    assert server.requests == []


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({}, Outcome.ANSWERED),
        ({"InlinePolicy": ""}, Outcome.ANSWERED),
        ({"inlinePolicy": "{}"}, MALFORMED),
    ],
)
def test_a_permission_set_may_have_no_inline_policy(server, lab, body, outcome):
    """No member and an empty one both mean none; another spelling hides a policy."""
    op = "sso-admin:GetInlinePolicyForPermissionSet"
    arn = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
    server.answer(op, body)
    params = {"InstanceArn": arn, "PermissionSetArn": f"{arn}/ps-1234567890abcdef"}

    assert lab.ask(op, EU, params).outcome is outcome


def test_a_permission_set_without_a_boundary_is_an_answer(server, lab):
    """AWS says `ResourceNotFoundException` where there is none; other errors stay."""
    op = "sso-admin:GetPermissionsBoundaryForPermissionSet"
    arn = "arn:aws:sso:::instance/ssoins-1234567890abcdef"
    params = {"InstanceArn": arn, "PermissionSetArn": f"{arn}/ps-1234567890abcdef"}
    server.answer(op, {})
    server.fault(op, wire.refused("ResourceNotFoundException"), times=1)
    assert list(lab.ask(op, EU, params).plain()) == [{}]

    server.fault(op, wire.refused("InternalServerException", 500))
    assert lab.ask(op, GLOBAL, params).outcome is FAILED
