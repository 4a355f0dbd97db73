"""Usage of an AWS account: credential report, last-accessed data, last use of roles."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from aws_estates import ACCOUNT, account, allow, answer, estate, refusal, role, user
from hypothesis import given
from hypothesis import strategies as st

from scanner.analysis import analyse
from scanner.aws.load import load_aws
from scanner.aws.loading.credential_report import Unreadable, read_report
from scanner.aws.loading.usage import DETAILS, REPORT
from scanner.usage import Usage, Usages, Use

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
START = "iam:GenerateServiceLastAccessedDetails"
SEND, SESSION = "ssm:SendCommand", "ssm:StartSession"
ANN = f"arn:aws:iam::{ACCOUNT}:user/ann"
OPS = f"arn:aws:iam::{ACCOUNT}:role/ops"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_used_date",
    "access_key_2_active",
    "access_key_2_last_used_date",
)
KEY = "access_key_2_last_used_date"
OLD = {"CreateDate": "2020-01-01T00:00:00Z"}


def days(number):
    return NOW - timedelta(number)


def iso(number):
    return days(number).isoformat()


def row(arn=ANN, **values):
    plain = {
        "user": "ann",
        "arn": arn,
        "user_creation_time": iso(2000),
        "password_enabled": "false",
        "password_last_used": "N/A",
        "mfa_active": "false",
        "access_key_1_active": "false",
        "access_key_1_last_used_date": "N/A",
        "access_key_2_active": "false",
        "access_key_2_last_used_date": "N/A",
    }
    return ",".join({**plain, **values}[name] for name in COLUMNS)


def csv(*rows, columns=COLUMNS):
    return "\n".join([",".join(columns), *rows])


def report(*rows, text=None):
    content = base64.b64encode((text or csv(*rows)).encode()).decode()
    return answer(REPORT, {"Content": content, "ReportFormat": "text/csv"})


def service(name="ssm", last=None, **actions):
    found = {"ServiceNamespace": name, "ServiceName": "-"}
    if last is not None:
        found["LastAuthenticated"] = iso(last)
    if actions:
        found["TrackedActionsLastAccessed"] = [
            {"ActionName": action}
            | ({"LastAccessedTime": iso(at)} if at is not None else {})
            for action, at in actions.items()
        ]
    return found


def details(*services, params=None, status="COMPLETED", **members):
    params = {"Arn": OPS} if params is None else params
    result = {"JobStatus": status, "ServicesLastAccessed": list(services)}
    return answer(DETAILS, result, params=params, **members)


def loaded(tmp_path, *parts):
    people = (user("ann", **OLD), role("ops", **OLD))
    return load_aws(estate(tmp_path, account(*people, *parts))).accounts[ACCOUNT]


def usage(tmp_path, *parts, who=OPS):
    return loaded(tmp_path, *parts).usage.of(who)


# ---- the credential report ----


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, Usage(password=False, mfa=False, access_keys=0)),
        ({"mfa_active": "true"}, Usage(password=False, mfa=True, access_keys=0)),
        ({"mfa_active": "TRUE"}, Usage(password=False, mfa=True, access_keys=0)),
        ({"mfa_active": "?"}, Usage(password=False, mfa=None, access_keys=0)),
        (
            {"access_key_1_active": "true", "access_key_2_active": "true"},
            Usage(password=False, mfa=False, access_keys=2),
        ),
        (
            {"access_key_1_active": "true", "access_key_2_active": ""},
            Usage(password=False, mfa=False, access_keys=None),
        ),
        (
            {"password_enabled": "not_supported"},
            Usage(password=None, mfa=False, access_keys=0),
        ),
    ],
)
def test_what_a_user_signs_in_with(tmp_path, values, expected):
    """A value that is not documented is not known; it is never "no"."""
    found = usage(tmp_path, report(row(**values)), who=ANN)

    assert (found.password, found.mfa, found.access_keys) == (
        expected.password,
        expected.mfa,
        expected.access_keys,
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (None, 2000)),
        ({"user_creation_time": iso(10)}, (None, 10)),
        ({"password_last_used": iso(5)}, (5, 5)),
        ({"password_last_used": "no_information"}, (None, 2000)),
        (
            {"password_last_used": iso(50), "access_key_2_last_used_date": iso(7)},
            (7, 7),
        ),
        (
            {"password_last_used": iso(50), "access_key_1_last_used_date": "?"},
            (50, None),
        ),
        ({"password_last_used": "yesterday"}, (None, None)),
    ],
)
def test_when_a_user_was_last_there(tmp_path, values, expected):
    """By password or key, whichever is newest; nobody was there before it was made."""
    values = {"user_creation_time": iso(2000), **values}
    known, bound = (None if n is None else days(n) for n in expected)

    assert usage(tmp_path, report(row(**values)), who=ANN).seen == Use(
        NOW, known, bound
    )


def test_root_is_a_row_as_well(tmp_path):
    found = usage(tmp_path, report(row(ROOT, password_last_used=iso(3))), who=ROOT)

    assert found.seen == Use(NOW, days(3), days(3))


def test_a_row_about_somebody_of_another_account_is_not_believed(tmp_path):
    """Evidence of one account says nothing of another one's principals."""
    other = "arn:aws:iam::999999999999:user/ann"

    assert loaded(tmp_path, report(row(other))).usage == Usages(asked=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<html>", "not name the columns"),
        (csv(columns=["user", "name"]), "not name the columns"),
        (csv(columns=[*COLUMNS, "arn"]), "not name the columns"),
        (csv('"open'), "not CSV"),
        (csv(row() + ",more"), "row 1 is odd"),
        (csv("ann"), "row 1 is odd"),
        (csv(row(), row()), "row 2 is odd"),
        (csv(row(""), row("")), "row 1 is odd (and 1 more)"),
    ],
)
def test_an_odd_report_is_a_gap_and_says_nothing_of_the_odd_rows(tmp_path, text, why):
    """Of two rows about one user nobody knows which is true."""
    found = loaded(tmp_path, report(text=text))
    (gap,) = found.gaps

    assert (gap.what, gap.outcome) == (REPORT, "malformed")
    assert why in gap.why
    assert found.usage.of(ANN) == Usage()


def test_good_rows_beside_an_odd_one_are_kept(tmp_path):
    found = loaded(tmp_path, report("odd", row(mfa_active="true")))

    assert len(found.gaps) == 1
    assert found.usage.of(ANN).mfa is True


@pytest.mark.parametrize("content", ["!!!", "AAAAA", "/////w=="])
def test_what_is_not_base64_text_is_a_gap(tmp_path, content):
    line = answer(REPORT, {"Content": content})

    assert "base64" in loaded(tmp_path, line).gaps[0].why


def test_a_report_that_was_pasted_as_it_is_can_be_read(tmp_path):
    """People paste what `base64 -d` gave them."""
    line = answer(REPORT, {"Content": csv(row(mfa_active="true"))})

    assert usage(tmp_path, line, who=ANN).mfa is True


@given(st.text())
def test_no_text_breaks_the_reading_of_a_report(text):
    """It is read, or refused in words."""
    encoded = base64.b64encode(csv(text).encode("utf-8", "surrogatepass")).decode()
    for content in (text, encoded):
        try:
            found = read_report(content, NOW).users
        except Unreadable:
            continue
        assert all(isinstance(one, Usage) for one in found.values())


# ---- last-accessed data ----


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([service(last=5, SendCommand=5)], (5, 5)),
        ([service(last=5, SendCommand=None)], (None, 400)),
        ([service(last=5)], (None, 5)),
        ([service(last=200)], (None, 200)),
        ([service()], (None, 400)),
        ([service("SSM", last=7, sendcommand=7)], (7, 7)),
        ([service("ec2", last=5)], None),
        ([], None),
        ([service() | {"LastAuthenticated": 7}], (None, None)),
    ],
)
def test_when_a_vector_was_last_used(tmp_path, services, expected):
    """As tracked; else not after its service was; a service not listed says nothing."""
    found = usage(tmp_path, details(*services)).vectors.get(SEND)
    times = found and tuple(
        None if one is None else (NOW - one).days for one in (found.known, found.bound)
    )

    assert times == expected


def test_nothing_was_used_before_the_principal_was_made(tmp_path):
    """A young role is not idle for as long as AWS remembers."""
    young = role("young", CreateDate=iso(10))
    arn = OPS.replace("ops", "young")
    line = details(service(), params={"Arn": arn})

    assert usage(tmp_path, young, line, who=arn).vectors[SEND] == Use(
        NOW, None, days(10)
    )


def test_every_page_counts(tmp_path):
    pages = [
        details(service("ec2", last=3), page=0, last=False),
        details(service("ssm", last=4, SendCommand=4), page=1),
    ]
    found = usage(tmp_path, *pages)

    assert found.vectors[SEND].known == days(4)
    assert found.vectors["ec2:ModifyInstanceAttribute"].bound == days(3)
    assert found.seen == Use(NOW, days(3), None)


@pytest.mark.parametrize(
    "line",
    [
        details(service(), status="IN_PROGRESS"),
        details(service(), last=False),
        details(service(), "odd"),
        details(service(), params={}),
        details(service(), params={"JobId": "unknown"}),
        details(service(), at="…"),
        refusal(DETAILS, params={"Arn": OPS}),
    ],
    ids=["pending", "cut", "odd row", "nobody's", "no ticket", "undated", "refused"],
)
def test_what_is_not_whole_says_nothing(tmp_path, line):
    """A missing service could be the one that was used yesterday."""
    assert usage(tmp_path, line) == Usage()


def test_a_ticket_names_its_principal(tmp_path):
    """As the AWS CLI is used: one call gives the ticket, another one the data."""
    started = answer(START, {"JobId": "job-1"}, params={"Arn": OPS})
    line = details(service(last=5), params={"JobId": "job-1"})

    assert usage(tmp_path, started, line).vectors[SEND].bound == days(5)


def test_the_newest_data_counts(tmp_path):
    old = details(
        service(last=300), params={"Arn": OPS, "Granularity": "SERVICE_LEVEL"}
    )
    lines = (details(service(last=5)), {**old, "at": iso(200)})

    assert usage(tmp_path, *lines).vectors[SEND].bound == days(5)


# ---- roles ----


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"RoleLastUsed": {"LastUsedDate": iso(9), "Region": "eu-west-1"}}, (9, 9)),
        ({"RoleLastUsed": {}}, (None, 400)),
        ({}, None),
        ({"RoleLastUsed": {"LastUsedDate": "soon"}}, (None, None)),
        ({"RoleLastUsed": "odd"}, None),
    ],
)
def test_when_a_role_was_last_used(tmp_path, members, expected):
    """An empty object says "never", a member that is not there says nothing."""
    arn = OPS.replace("ops", "r")
    found = usage(tmp_path, role("r", **OLD, **members), report(row()), who=arn).seen
    times = found and tuple(
        None if one is None else (NOW - one).days for one in (found.known, found.bound)
    )

    assert times == expected


def test_without_usage_evidence_roles_tell_nothing_either(tmp_path):
    """Half of the truth would read like the whole."""
    used = role("r", RoleLastUsed={"LastUsedDate": iso(9)})

    assert loaded(tmp_path, used).usage == Usages()


@pytest.mark.parametrize("op", [REPORT, START, DETAILS, "iam:GenerateCredentialReport"])
def test_a_refusal_is_asked_for_and_nothing_known(tmp_path, op):
    found = loaded(tmp_path, refusal(op))

    assert found.usage == Usages(asked=True)
    assert [gap.what for gap in found.gaps] == [op]
    assert found.gaps[0].permission == op


def test_usage_changes_no_verdict(tmp_path):
    """The same grants with and without; the halves differ in their usage alone."""
    people = (role("ops", allow("ssm:*"), **OLD),)
    lines = (report(row()), details(service(last=5)))
    plain = analyse(estate(tmp_path / "a", account(*people)))
    asked = analyse(estate(tmp_path / "b", account(*people, *lines)))

    def told(analysis):
        return [
            (g.principals, g.vector, g.decision)
            for half in analysis.decided
            for g in half.grants
        ]

    assert told(plain) == told(asked)
    assert [half.usage.asked for half in asked.decided] == [True]
    assert asked.decided[0].usage.of(OPS).vectors[SEND].bound == days(5)
    assert asked.coverage.unknown_operations == ()


@pytest.mark.parametrize(
    ("lines", "unasked"),
    [
        ([], {REPORT, DETAILS}),
        ([report(row())], {DETAILS}),
        ([refusal(START)], {REPORT}),
        ([report(row()), details(service())], set()),
    ],
)
def test_what_nobody_asked_for_is_named(tmp_path, lines, unasked):
    """A refusal was asked for."""
    found = loaded(tmp_path, *lines).usage.unasked

    assert found == {(op, ACCOUNT) for op in unasked}
