"""What somebody has answered for stays in every format, apart, with the reason."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date

import decided as given
import pytest
from output_results import finding, hostile, result, text_of

from checks.suppressions import Suppressed
from output.csv_report import write_claims_csv, write_findings_csv
from output.json_report import write_report_json
from output.table import Style
from output.table_report import write_report_table

ALICE, BOB = given.user("alice"), given.user("bob")
ACCEPTED = Suppressed(
    finding(BOB),
    "accept[1]",
    "rolled out",
    "ops@example.com",
    date(2099, 1, 31),
    "SEC-1",
)
APPROVED = Suppressed(finding(BOB), "approved principal", "said by w.toml")
WARNING = "w.toml: accept[2] expired on 2026-01-31"


def with_suppressed(*suppressed: Suppressed):
    found = result(findings=[finding(ALICE)])
    chosen = {"suppressed": suppressed, "config": "w.toml", "warnings": (WARNING,)}
    return replace(found, **chosen)


def table(found, **style) -> str:
    return text_of(write_report_table, found, style=Style(**style))


def test_json_lists_them_apart_with_who_answers_and_until_when():
    report = json.loads(text_of(write_report_json, with_suppressed(ACCEPTED)))

    (one,) = report["suppressed"]
    assert one["fingerprint"] == ACCEPTED.finding.fingerprint
    assert one["suppression"] == {
        "by": "accept[1]",
        "reason": "rolled out",
        "owner": "ops@example.com",
        "until": "2099-01-31",
        "ticket": "SEC-1",
    }
    assert report["configuration"] == {
        "path": "w.toml",
        "warnings": [WARNING],
        "accepted_gaps": [],
    }


def test_json_shows_them_like_findings_and_counts_them_apart():
    report = json.loads(text_of(write_report_json, with_suppressed(ACCEPTED)))

    assert {*report["suppressed"][0]} == {*report["findings"][0], "suppression"}
    assert report["summary"]["suppressed"] == 1
    assert sum(report["summary"]["findings"].values()) == 1


def test_json_without_a_configuration_says_so():
    report = json.loads(text_of(write_report_json, result()))

    assert not any(report["configuration"].values())
    assert report["suppressed"] == report["findings"] == []


@pytest.mark.parametrize(
    ("one", "reason", "until"),
    [
        (ACCEPTED, "rolled out (ops@example.com)", "2099-01-31"),
        (APPROVED, "said by w.toml", ""),
    ],
)
def test_csv_gives_them_another_status(one, reason, until):
    text = text_of(write_findings_csv, with_suppressed(one), raw=True)

    first, last = csv.DictReader(io.StringIO(text, newline=""))
    assert (first["status"], first["suppressed_reason"]) == ("open", "")
    assert last["status"] == "suppressed"
    assert (last["suppressed_reason"], last["suppressed_until"]) == (reason, until)
    assert last["principal"] == BOB.id


def test_the_table_has_a_section_of_its_own():
    text = table(with_suppressed(ACCEPTED))

    assert "Configuration w.toml: 1 finding suppressed" in text
    assert text.index("\n1 finding: 1 high") < text.index(
        "\n1 finding more, suppressed"
    )
    assert re.search(r"bob can run any document +rolled out\n", text)
    assert "ops@example.com, SEC-1, until 2099-01-31" in text
    assert f"Warning: {WARNING}\n" in text


def test_the_table_counts_those_that_it_leaves_out():
    many = [replace(ACCEPTED, finding=finding(given.user(f"u{n}"))) for n in range(5)]

    assert "… and 3 more (use --format json)" in table(with_suppressed(*many), top=2)


def test_without_any_the_table_says_nothing_of_them():
    text = table(result(findings=[finding(ALICE)]))

    assert "suppressed" not in text
    assert "Configuration" not in text


def test_names_in_suppressed_findings_are_as_little_trusted():
    bad = hostile()
    found = replace(
        bad,
        findings=(),
        suppressed=tuple(Suppressed(one, "accept[1]", "r") for one in bad.findings),
    )

    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", table(found))
    text = text_of(write_findings_csv, found)
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@")]


def test_the_numbers_have_a_csv_of_their_own():
    found = replace(
        result(), claims={"day-to-day": {"principals": None, "unknown": 3, "why": "=x"}}
    )

    rows = list(csv.reader(io.StringIO(text_of(write_claims_csv, found), newline="")))

    assert rows == [
        ["claim", "number", "value"],
        ["day-to-day", "principals", ""],
        ["day-to-day", "unknown", "3"],
        ["day-to-day", "why", "'=x"],
    ]
