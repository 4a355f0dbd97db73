"""Planted names reach every format as text only: nothing hidden, nothing that runs."""

import csv
import io
import json
import re

import pytest
from output_results import HOSTILE, hostile, text_of

from output.access_table import write_access_table, write_classes_table
from output.answers import write_what_can_table, write_who_can_table
from output.classes import class_rows, write_classes_csv
from output.coverage import write_coverage_csv
from output.csv_report import write_findings_csv
from output.escape import visible
from output.holdings import direct_holdings
from output.remediation_table import write_remediation_table
from output.rows import write_access_csv, write_access_jsonl
from output.table import Style
from output.table_report import write_report_table
from scanner.everybody import who_can
from scanner.paths import reach_of

RESULT = hostile()
PRINCIPAL, TARGET = RESULT.decided[0].principals[3], RESULT.decided[0].targets[3]
STYLE = Style(top=100)
_RAW = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]"
)


def holdings():
    return direct_holdings(RESULT.decided)


TABLES = {
    "report": lambda: text_of(write_report_table, RESULT, style=STYLE),
    "access": lambda: text_of(write_access_table, holdings(), style=STYLE),
    "classes": lambda: text_of(
        write_classes_table, class_rows(RESULT.decided), style=STYLE
    ),
    "who-can": lambda: text_of(
        write_who_can_table,
        RESULT,
        TARGET,
        who_can(RESULT.graph, TARGET.id),
        1,
        style=STYLE,
    ),
    "what-can": lambda: text_of(
        write_what_can_table,
        RESULT,
        PRINCIPAL,
        reach_of(RESULT.graph, PRINCIPAL.id),
        1,
        style=STYLE,
    ),
    "remediate": lambda: text_of(
        write_remediation_table, RESULT.remediations, style=STYLE
    ),
}
CSVS = {
    "access": lambda raw: text_of(write_access_csv, holdings(), raw=raw),
    "classes": lambda raw: text_of(
        write_classes_csv, class_rows(RESULT.decided), raw=raw
    ),
    "findings": lambda raw: text_of(write_findings_csv, RESULT, raw=raw),
    "coverage": lambda raw: text_of(write_coverage_csv, RESULT.coverage, raw=raw),
}


def cells(text):
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


@pytest.mark.parametrize("name", TABLES)
def test_a_terminal_gets_no_control_or_bidirectional_character(name):
    assert not _RAW.search(TABLES[name]())


@pytest.mark.parametrize("text", HOSTILE)
def test_every_name_is_there_to_read_in_the_report(text):
    assert visible(text)[:20] in TABLES["report"]()


@pytest.mark.parametrize("name", CSVS)
def test_no_cell_starts_a_formula(name):
    assert not [one for one in cells(CSVS[name](raw=False)) if one[:1] in set("=+-@＝")]  # noqa: RUF001


@pytest.mark.parametrize("name", CSVS)
def test_raw_csv_differs_by_the_quotes_alone(name):
    safe, raw = cells(CSVS[name](raw=False)), cells(CSVS[name](raw=True))

    assert [cell.removeprefix("'") for cell in safe] == raw
    assert safe != raw


@pytest.mark.parametrize("name", CSVS)
def test_rows_stay_whole_whatever_their_names_hold(name):
    rows = list(csv.reader(io.StringIO(CSVS[name](raw=False), newline="")))

    assert len({len(row) for row in rows}) == 1
    assert len(rows) == len(HOSTILE) + 1


def test_json_lines_give_the_names_back_unchanged():
    lines = text_of(write_access_jsonl, holdings()).split("\n")[:-1]
    names = {json.loads(line)["principal_name"] for line in lines}

    assert names == set(HOSTILE)
    assert all(line.isascii() for line in lines)
