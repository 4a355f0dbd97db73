"""Access rows: exact members, exact order, one per principal, vector and target."""

import csv
import io
import json
from dataclasses import replace

import decided as given
import pytest
from output_results import result, text_of, two_clouds

from output.access_table import write_access_table
from output.classes import CLASS_COLUMNS, class_rows, write_classes_csv
from output.holdings import Selection, denied_holdings, direct_holdings, path_holdings
from output.rows import COLUMNS, write_access_csv, write_access_jsonl
from output.table import Style
from scanner.grants import Confidence, Decision, Tier, Vector, Verdict
from scanner.paths import reach_of

MEMBERS = [
    "provider",
    "principal",
    "principal_name",
    "principal_kind",
    "external",
    "vector",
    "tier",
    "target",
    "target_kind",
    "reachability",
    "verdict",
    "conditions",
    "confidence",
    "reasons",
    "standing",
    "standing_until",
    "documents",
    "via",
    "because",
]


def rows_of(holdings):
    return [json.loads(line) for line in lines_of(holdings)]


def lines_of(holdings):
    return text_of(write_access_jsonl, holdings).splitlines()


def test_every_row_has_exactly_the_members_in_order():
    for row in rows_of(direct_holdings(two_clouds().decided)):
        assert list(row) == MEMBERS == list(COLUMNS)


def test_a_row_says_all_of_its_grant():
    found = two_clouds()
    selection = Selection(vectors=frozenset({"ssm:startsession"}))
    (row,) = rows_of(direct_holdings(found.decided, selection))

    assert row == {
        "provider": "aws",
        "principal": "arn:aws:iam::111122223333:user/alice",
        "principal_name": "alice",
        "principal_kind": "user",
        "external": False,
        "vector": "ssm:StartSession",
        "tier": "direct",
        "target": "arn:aws:ec2:eu-west-1:111122223333:instance/i-3",
        "target_kind": "ec2",
        "reachability": "online",
        "verdict": "conditional",
        "conditions": [
            [
                {
                    "key": "aws:SourceIp",
                    "operator": "StringEquals",
                    "values": ["10.0.0.0/8"],
                }
            ]
        ],
        "confidence": "certain",
        "reasons": [],
        "standing": "permanent",
        "standing_until": None,
        "documents": ["AWS-StartSSHSession"],
        "via": [],
        "because": [],
    }


def test_because_names_statements_or_assignments():
    rows = rows_of(direct_holdings(two_clouds().decided))
    statement = {
        "source": "arn:aws:iam::111122223333:policy/ops",
        "index": 0,
        "sid": None,
        "effect": "Allow",
    }
    assignment = {"assignment": "/a/1", "role": "Contributor", "group": "group-1"}

    assert [statement] in [row["because"] for row in rows]
    assert [assignment] in [row["because"] for row in rows]


def test_a_row_rests_on_what_counts_for_its_target():
    """Where the engine can tell, statements of other targets are left out."""
    half = given.half(
        given.grant([given.user("a")], "ssm:SendCommand", given.vms("i-1", "i-2"))
    )
    (one,) = half.grants

    def at(_principal, target):
        return (given.statement(f"policy/{target.name}"),)

    half = replace(half, grants=(replace(one, because_at=at),))
    rows = rows_of(direct_holdings((half,)))

    assert [[b["source"] for b in row["because"]] for row in rows] == [
        ["policy/i-1"],
        ["policy/i-2"],
    ]


def test_rows_are_sorted_whatever_the_order_of_grants():
    names = ["i-3", "i-1", "i-2"]
    grants = [
        given.grant([given.user(who)], vector, [given.vm(name)])
        for who in ("zoe", "Amy", "bob")
        for vector in ("ssm:StartSession", "ssm:SendCommand")
        for name in names
    ]
    rows = rows_of(direct_holdings((given.half(*grants),)))
    keys = [(r["provider"], r["principal"], r["vector"], r["target"]) for r in rows]

    assert keys == sorted(keys)
    assert len(keys) == len(set(keys)) == 18


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), 7),
        (Selection(principal="arn:aws:iam::111122223333:user/alice"), 3),
        (Selection(target="arn:aws:ec2:eu-west-1:111122223333:instance/i-3"), 2),
        (Selection(vectors=frozenset({"ssm:sendcommand"})), 5),
        (Selection(verdicts=frozenset({Verdict.UNKNOWN})), 1),
        (Selection(verdicts=frozenset({Verdict.ALLOWED, Verdict.UNKNOWN})), 6),
        (Selection(principal="nobody"), 0),
    ],
)
def test_filters_pick_rows(selection, expected):
    """The whole estate of the fixture has seven rows."""
    found = rows_of(direct_holdings(two_clouds().decided, selection))

    assert len(found) == expected


def test_paths_add_rows_with_their_hops():
    found = two_clouds()
    bob = "arn:aws:iam::111122223333:user/bob"
    rows = rows_of(path_holdings(reach_of(found.graph, bob)))
    via = [row for row in rows if row["via"]]

    assert [row["target"][-3:] for row in via] == ["i-1", "i-2"]
    assert via[0]["via"] == [
        {
            "kind": "assumes",
            "from": bob,
            "to": "arn:aws:iam::111122223333:role/ops",
            "conditions": [],
            "because": [],
        }
    ]
    assert [row["verdict"] for row in rows if not row["via"]] == ["unknown"]


def test_a_denied_pair_says_what_denies_it():
    alice, bob = given.user("alice"), given.user("bob")
    one = given.vm("i-1")
    half = given.half(given.grant([alice], "ssm:SendCommand", [one]), principals=[bob])
    vector = Vector("ssm:SendCommand", half.provider, Tier.DIRECT)

    assert list(denied_holdings(half, [vector], alice, one)) == []
    (held,) = denied_holdings(half, [vector], bob, one)
    (row,) = rows_of([held])
    assert (row["verdict"], row["confidence"]) == ("denied", "certain")


def test_a_denied_row_says_how_sure_the_denial_is():
    bob, one = given.user("bob"), given.vm("i-1")
    doubtful = Decision(
        Verdict.DENIED, confidence=Confidence.INFERRED, reasons=("by a lock",)
    )
    half = replace(given.half(principals=[bob]), denied_as=lambda *_: doubtful)
    vector = Vector("ssm:SendCommand", half.provider, Tier.DIRECT)

    (row,) = rows_of(denied_holdings(half, [vector], bob, one))
    assert (row["confidence"], row["reasons"]) == ("inferred", ["by a lock"])


def test_csv_has_the_same_rows_with_nested_members_as_json():
    decided = two_clouds().decided
    text = text_of(write_access_csv, direct_holdings(decided))
    header, *cells = csv.reader(io.StringIO(text, newline=""))
    expected = rows_of(direct_holdings(decided))

    assert header == MEMBERS
    assert len(cells) == len(expected)
    for row, members in zip(cells, expected, strict=True):
        for cell, value in zip(row, members.values(), strict=True):
            shown = "" if value is None else value
            assert cell == (shown if isinstance(shown, str) else json.dumps(shown))


def test_classes_count_their_members():
    decided = two_clouds().decided
    rows = list(class_rows(decided))
    pairs = sum(row["pairs"] for row in rows)

    assert [row["principals"] for row in rows][-1] == 1
    assert pairs == len(lines_of(direct_holdings(decided)))
    assert all(tuple(row) == CLASS_COLUMNS for row in rows)


def test_classes_as_csv_have_a_header_even_when_there_are_none():
    text = text_of(write_classes_csv, class_rows(()))

    assert next(csv.reader(io.StringIO(text))) == list(CLASS_COLUMNS)


def test_a_table_counts_what_it_leaves_out():
    decided = two_clouds().decided
    total = len(lines_of(direct_holdings(decided)))
    text = text_of(write_access_table, direct_holdings(decided), style=Style(top=2))

    assert f"… and {total - 2} more (use --format jsonl)" in text
    assert "more" not in text_of(
        write_access_table, direct_holdings(decided), style=Style(top=total)
    )


def test_same_input_same_bytes():
    first = lines_of(direct_holdings(two_clouds().decided))

    assert first == lines_of(direct_holdings(two_clouds().decided))


def test_no_grants_no_rows():
    assert lines_of(direct_holdings(result().decided)) == []
