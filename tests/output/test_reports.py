"""The report in its formats: coverage first, the same numbers, nothing cut silently."""

import csv
import io
import json
import re
from dataclasses import replace
from types import SimpleNamespace

import decided as given
import pytest
from output_results import (
    coverage,
    finding,
    gap,
    hostile,
    result,
    scope,
    text_of,
    two_clouds,
)

from checks.finding import Severity
from output.coverage import CSV_COLUMNS, coverage_json, write_coverage_csv
from output.csv_report import COLUMNS, write_findings_csv
from output.json_report import write_report_json
from output.reach import ranked
from output.table import Style
from output.table_report import write_report_table
from scanner.coverage import Coverage
from scanner.estate import Provider
from scanner.evidence.outcomes import Outcome
from scanner.grants import Decided, Tier, Vector, Verdict

FINDING_COLUMNS = [
    "fingerprint",
    "status",
    "severity",
    "provider",
    "account",
    "account_name",
    "principal",
    "principal_kind",
    "external",
    "vector",
    "reach_kind",
    "target_count",
    "condition_keys",
    "standing",
    "last_used",
    "granting_policy",
    "check",
    "suppressed_reason",
    "suppressed_until",
    "collected_at",
]


def report(found):
    return json.loads(text_of(write_report_json, found))


def findings_csv(found, **options):
    text = text_of(write_findings_csv, found, **options)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def table(found, **style):
    return text_of(write_report_table, found, style=Style(**style))


# ---- JSON ----


def test_json_has_the_fixed_members_with_coverage_before_conclusions():
    found = report(two_clouds())

    assert list(found) == [
        "format",
        "tool",
        "attack",
        "estate",
        "configuration",
        "coverage",
        "summary",
        "findings",
        "suppressed",
    ]
    assert found["format"] == 1
    assert found["attack"] == {"version": "18.1", "technique": "T1651"}
    assert found["estate"]["path"] == "estate"


def test_json_pairs_are_exact_per_vector_and_verdict():
    assert report(two_clouds())["summary"]["pairs"] == {
        "ssm:SendCommand": {"allowed": 4, "unknown": 1},
        "ssm:StartSession": {"conditional": 1},
        "Microsoft.Compute/virtualMachines/runCommand/action": {"allowed": 1},
    }


def test_json_lists_vectors_that_nothing_decides_yet():
    vector = Vector("lambda:InvokeFunction", Provider.AWS, Tier.INDIRECT, covered=False)
    half = Decided(Provider.AWS, (), (), (), (), (vector,), lambda *_: ())

    assert report(result(half))["summary"]["not_covered"] == [
        {"provider": "aws", "id": "lambda:InvokeFunction", "tier": "indirect"}
    ]


def test_a_json_finding_is_tagged_and_says_who_what_and_why():
    first = report(two_clouds())["findings"][0]

    assert first["principal"]["id"] == "arn:aws:iam::111122223333:user/alice"
    assert first["targets"]["count"] == 2
    assert first["targets"]["sample"][0]["name"] == "i-1"
    assert first["because"][0]["sid"] == "Sid"
    assert first["remediation"] is None


@pytest.mark.parametrize(
    ("techniques", "mitigations", "expected"),
    [
        (["T1651"], ["M1026"], {"T1651": ["M1026"]}),
        (
            ["T1651", "T1078.004"],
            ["M1026"],
            {"T1651": ["M1026"], "T1078.004": ["M1026"]},
        ),
        (
            ["T1651", "T1199"],
            ["M1026", "M1032", "M1018"],
            {"T1651": ["M1026"], "T1199": ["M1032", "M1018"]},
        ),
    ],
)
def test_m1026_is_never_paired_with_trusted_relationship(
    techniques, mitigations, expected
):
    check = SimpleNamespace(
        id="t1651_aws_send_command_everywhere",
        techniques=techniques,
        mitigations=mitigations,
    )
    found = replace(two_clouds(), catalogue=(check,))
    tags = report(found)["findings"][0]["attack"]

    assert {one["technique"]: one["mitigations"] for one in tags} == expected


def test_a_json_finding_names_its_remediation():
    found = two_clouds()
    ids = {found.findings[0].fingerprint: "R-0123abcd"}

    findings = report(replace(found, remediation_ids=ids))["findings"]

    assert [one["remediation"] for one in findings] == ["R-0123abcd", None]


def test_json_without_findings_is_still_json():
    assert report(result())["findings"] == []


def test_json_is_ascii_so_that_any_terminal_is_safe():
    text = text_of(write_report_json, hostile())

    assert text.isascii()
    assert not re.search("[\x00-\x09\x0b-\x1f]", text)


# ---- coverage ----


def test_coverage_counts_each_kind_of_gap():
    outcomes = [Outcome.REFUSED, Outcome.THROTTLED, Outcome.NOT_ASKED, Outcome.EXPIRED]
    gaps = [gap(outcome=outcome) for outcome in outcomes]
    (shown,) = coverage_json(coverage(*gaps))["scopes"]

    assert shown["state"] == "partial"
    assert (shown["asked"], shown["answered"]) == (12, 8)
    counted = [shown[w] for w in ("refused", "throttled", "not_asked", "broken")]
    assert counted == [1, 1, 1, 1]
    assert shown["gaps"][0]["permission"] == "ssm:DescribeInstanceInformation"
    assert shown["gaps"][0]["effect"] == "node registration unknown"


@pytest.mark.parametrize(("gaps", "expected"), [((), True), ((gap(),), False)])
def test_coverage_is_complete_without_gaps_only(gaps, expected):
    assert coverage_json(coverage(*gaps))["complete"] is expected


def test_coverage_csv_has_a_row_per_gap_and_one_for_a_scope_without():
    covered = Coverage((scope(gaps=[gap(), gap(region="us-east-1")]), scope("2")))
    text = text_of(write_coverage_csv, covered)
    header, *rows = csv.reader(io.StringIO(text, newline=""))

    assert header == list(CSV_COLUMNS)
    assert [row[2] for row in rows] == [given.ACCOUNT, given.ACCOUNT, "2"]
    assert [row[9] for row in rows] == ["eu-west-1", "us-east-1", ""]


# ---- CSV of findings ----


def test_findings_csv_has_the_fixed_columns():
    assert list(COLUMNS) == FINDING_COLUMNS


def test_a_finding_row_joins_scope_grant_and_policy():
    row = findings_csv(two_clouds())[0]

    assert row["account"] == given.ACCOUNT
    assert row["account_name"] == "prod"
    assert row["collected_at"] == "2026-11-24T03:10:00Z"
    assert row["standing"] == "permanent"
    assert row["granting_policy"] == "arn:aws:iam::aws:policy/X"
    assert row["external"] == "false"


def test_a_finding_row_names_the_condition_keys_of_its_vectors():
    found = two_clouds()
    alice = given.user("alice")
    found = result(
        *found.decided, findings=[finding(alice, vectors=("ssm:StartSession",))]
    )

    assert findings_csv(found)[0]["condition_keys"] == "aws:SourceIp"


def test_a_finding_about_a_scope_has_no_principal():
    row = findings_csv(result(findings=[finding(None)]))[0]

    assert (row["principal"], row["principal_kind"], row["external"]) == ("", "", "")


# ---- table ----


def test_the_table_shows_coverage_before_findings():
    text = table(two_clouds(gap()))

    assert text.index("INCOMPLETE") < text.index("2 findings")
    assert "1 gap in 1 of 1 scope" in text
    assert "ssm:DescribeInstanceInformation" in text


def test_the_same_gap_in_many_places_is_one_row_of_the_table():
    gaps = [gap(region=f"r{n}") for n in range(20)]
    text = table(result(covered=coverage(*gaps)), top=3)

    assert "111122223333 r0 and 19 more" in text
    assert "20 gaps in 1 of 1 scope" in text


def test_a_complete_estate_never_reads_like_an_incomplete_one():
    assert "INCOMPLETE" not in table(two_clouds())
    assert "Coverage: complete" in table(two_clouds())


def test_what_the_table_leaves_out_is_counted():
    found = [finding(given.user(f"u{n}")) for n in range(7)]
    gaps = [gap(what=f"ssm:List{n}") for n in range(5)]
    text = table(result(findings=found, covered=coverage(*gaps)), top=3)

    assert "… and 4 more (use --format json)" in text
    assert "… and 2 more (use --format json)" in text


def test_colour_only_when_asked_for():
    assert "\x1b[" not in table(two_clouds(gap()))
    assert "\x1b[1;33mINCOMPLETE\x1b[0m" in table(two_clouds(gap()), colour=True)


def test_unknown_severities_are_counted_in_the_heading():
    found = [
        finding(given.user("a"), severity=Severity.CRITICAL),
        finding(given.user("b"), severity=Severity.LOW),
    ]

    assert "2 findings: 1 critical, 1 low" in table(result(findings=found))


# ---- reach ----


def test_principals_rank_by_reach_then_outsiders_first():
    one, two = given.vms("i-1", "i-2")
    partner = given.outsider()
    half = given.half(
        given.grant([given.user("a")], "ssm:SendCommand", [one]),
        given.grant([partner], "ssm:SendCommand", [two]),
        given.grant([given.user("b")], "ssm:SendCommand", [one, two]),
    )

    names = [reach.first.name for reach in ranked([half])]

    assert names == ["b", partner.name, "a"]


def test_clones_fold_into_one_row():
    people = [given.role(f"r{n}") for n in range(17)]
    half = given.half(given.grant(people, "ssm:SendCommand", given.vms("i-1")))
    (reach,) = ranked([half])

    assert len(reach.principals) == 17
    assert "r0 and 16 alike" in table(result(half))


def test_a_target_counts_once_however_many_vectors_reach_it():
    one, two = given.vms("i-1", "i-2")
    alice = given.user("alice")
    half = given.half(
        given.grant([alice], "ssm:SendCommand", [one]),
        given.grant([alice], "ssm:StartSession", [one], Verdict.CONDITIONAL),
        given.grant([alice], "ssm:StartSession", [two], Verdict.UNKNOWN),
    )
    (reach,) = ranked([half])

    assert (reach.allowed, reach.conditional, reach.unknown) == (1, 0, 1)


# ---- all of them ----


@pytest.mark.parametrize("found", [two_clouds(), two_clouds(gap()), hostile()])
def test_all_formats_agree_on_the_number_of_findings(found):
    number = len(found.findings)

    assert len(report(found)["findings"]) == number
    assert len(findings_csv(found)) == number
    assert f"\n{number} findings" in table(found)


@pytest.mark.parametrize("write", [write_report_json, write_findings_csv])
def test_same_result_same_bytes(write):
    assert text_of(write, two_clouds(gap())) == text_of(write, two_clouds(gap()))
