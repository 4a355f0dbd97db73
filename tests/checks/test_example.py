"""The example estate: every check finds what it was built to find, and nothing else."""

import re
from importlib.resources import as_file, files

import pytest
from example_findings import EXPECTED

from checks.catalogue import catalogue, run_checks
from scanner.analysis import analyse
from scanner.evidence.reader import open_estate
from scanner.grants import Verdict
from scanner.graph import build_graph
from tools.example_estate.aws_organization import NAMES
from tools.example_estate.azure_tenant import PARTNER_TENANT, SUBSCRIPTIONS, TENANT

PLACES = {**NAMES, **SUBSCRIPTIONS, TENANT: "entra", PARTNER_TENANT: "vantage"}
MARKS = {Verdict.ALLOWED: "", Verdict.CONDITIONAL: " ?", Verdict.UNKNOWN: " ??"}
_SSO = re.compile(r"AWSReservedSSO_(\w+)_\w+")


@pytest.fixture(scope="module")
def findings():
    """Those about somebody or some place; not what gaps leave unknown."""
    with as_file(files("scanner") / "example" / "estate") as folder:
        analysis = analyse(open_estate(folder))
    found = run_checks(build_graph(analysis.decided), analysis.coverage)
    return [one for one in found if one.targets]


def shown(finding):
    place = PLACES[finding.scope.partition(":")[2]]
    name = finding.principal.name if finding.principal else "*"
    name = _SSO.sub(r"\1", name).partition("@")[0]
    return f"{place}/{name} {finding.targets}{MARKS[finding.verdict]}"


def test_every_check_is_expected_to_find_something():
    assert EXPECTED.keys() == {check.id for check in catalogue()}
    assert all(EXPECTED.values())


@pytest.mark.parametrize("check", catalogue(), ids=lambda check: check.id)
def test_a_check_finds_what_is_expected(findings, check):
    """Neither more nor less: a new finding is reviewed before it is written down."""
    found = [shown(one) for one in findings if one.check == check.id]

    assert sorted(found) == sorted(EXPECTED[check.id])


def test_no_two_findings_are_the_same(findings):
    prints = [one.fingerprint for one in findings]

    assert len(prints) == len(set(prints))
