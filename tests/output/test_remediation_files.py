"""The remediation folder: one file each, an index, a summary; honest about limits."""

import json
import re

from output_results import HOSTILE, remediation, text_of

from output.remediation_files import remediation_files, write_remediation_table
from output.table import Style


def test_one_file_each_with_index_and_summary():
    files = remediation_files([remediation("R-0123abcd"), remediation("R-89abcdef")])

    assert sorted(files) == [
        "README.md",
        "index.json",
        "r-0123abcd.json",
        "r-89abcdef.json",
    ]


def test_a_file_holds_the_changes_and_what_was_not_checked():
    files = remediation_files([remediation()])
    written = json.loads(files["r-0123abcd.json"])

    assert written["changes"][0]["before"] == {"Statement": []}
    assert written["status"] == "checked"
    assert written["not_checked"] == ["size and quota limits"]


def test_the_index_leads_to_the_files():
    files = remediation_files([remediation()])
    (entry,) = json.loads(files["index.json"])["remediations"]

    assert entry["file"] in files
    assert entry["finding"] == "wcr1:0123456789ab"


def test_a_failed_remediation_is_told_of_but_not_handed_out():
    failed = remediation(status="failed", counterexample="role/x keeps access")
    files = remediation_files([failed])
    (entry,) = json.loads(files["index.json"])["remediations"]

    assert sorted(files) == ["README.md", "index.json"]
    assert entry["file"] is None
    assert entry["counterexample"] == "role/x keeps access"


def test_the_summary_says_what_was_not_checked():
    assert b"size and quota limits" in remediation_files([remediation()])["README.md"]
    everything = remediation(not_checked=())
    assert b"Not checked" not in remediation_files([everything])["README.md"]


def test_files_do_not_depend_on_the_order():
    one, two = remediation("R-0123abcd"), remediation("R-89abcdef")

    assert remediation_files([one, two]) == remediation_files([two, one])


def test_hostile_ids_stay_in_the_folder_and_apart():
    many = [remediation(text) for text in HOSTILE]
    files = remediation_files(many)

    assert len(files) == len(HOSTILE) + 2
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in files)
    assert not any(name.startswith((".", "-")) for name in files)


def test_hostile_titles_leave_the_summary_table_whole():
    many = [remediation(f"R-{n}", title=text) for n, text in enumerate(HOSTILE)]
    summary = remediation_files(many)["README.md"].decode()
    rows = [line for line in summary.splitlines() if line.startswith("|")]
    bars = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}

    assert len(rows) == len(HOSTILE) + 2
    assert bars == {7}
    for row in rows:
        outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", row)
        assert not re.search(r"[<@!]", outside)


def test_the_table_counts_and_names_what_is_not_checked():
    text = text_of(write_remediation_table, [remediation()], style=Style())

    assert text.startswith("1 remediation\n")
    assert "size and quota limits" in text
