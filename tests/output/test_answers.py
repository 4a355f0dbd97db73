"""who-can and what-can: best path first, in words, and honest about what is hidden."""

import json

import decided as given
import pytest
from output_results import gap, text_of, two_clouds

from output.answers import (
    write_what_can_json,
    write_what_can_table,
    write_who_can_json,
    write_who_can_table,
)
from output.table import Style
from scanner.everybody import Everybody
from scanner.paths import targets_of, what_can


def who(found, target, write, **style):
    reached = Everybody(found.graph, target.id)
    told = [reached, reached.principals] if style else [reached]
    return text_of(write, found, target, *told, **style)


def what(found, principal, write, **style):
    reached = what_can(found.graph, principal.id)
    told = [targets_of(found.graph, principal.id)] if style else []
    return text_of(write, found, principal, reached, *told, **style)


def test_who_can_names_everybody_best_path_first():
    answer = json.loads(who(two_clouds(), given.vm("i-1"), write_who_can_json))

    assert list(answer) == ["format", "coverage", "target", "principals"]
    names = [one["principal"]["name"] for one in answer["principals"]]
    assert names == ["ops", "alice", "bob"]
    assert answer["principals"][-1]["via"][0]["kind"] == "assumes"


def test_who_can_says_why_in_words():
    text = who(two_clouds(), given.vm("i-1"), write_who_can_table, style=Style())

    assert "3 principals can run commands on it" in text
    assert "Allow in arn:aws:iam::111122223333:policy/ops, statement 0" in text
    assert "assumes arn:aws:iam::111122223333:role/ops" in text


def test_who_can_of_a_target_that_nobody_reaches_says_nobody():
    found = two_clouds()
    text = who(found, given.vm("i-9"), write_who_can_table, style=Style())

    assert "0 principals can run commands on it" in text


@pytest.mark.parametrize(("gaps", "warned"), [((), False), ((gap(),), True)])
def test_gaps_that_may_hide_principals_are_told(gaps, warned):
    text = who(two_clouds(*gaps), given.vm("i-1"), write_who_can_table, style=Style())

    assert ("may hide more principals" in text) is warned


def test_what_can_lists_every_target():
    answer = json.loads(what(two_clouds(), given.user("alice"), write_what_can_json))

    assert list(answer) == ["format", "coverage", "principal", "grants"]
    assert [len(one["targets"]) for one in answer["grants"]] == [2, 1]


def test_what_can_says_what_qualifies_access():
    text = what(two_clouds(), given.user("alice"), write_what_can_table, style=Style())

    assert "It can run commands on 3 targets" in text
    assert "only if aws:SourceIp StringEquals 10.0.0.0/8" in text


def test_eligible_access_is_told_apart():
    text = what(two_clouds(), given.entra("carol"), write_what_can_table, style=Style())

    assert "eligible" in text
    assert "role Contributor through group group-1 by /a/1" in text


def test_unknown_access_is_shown_with_its_reason():
    text = who(two_clouds(), given.vm("i-3"), write_who_can_table, style=Style())

    assert "unknown" in text
    assert "because r" in text


def test_rows_beyond_the_top_are_counted():
    text = who(two_clouds(), given.vm("i-1"), write_who_can_table, style=Style(top=1))

    assert "… and 2 more principals (use --format json)" in text
