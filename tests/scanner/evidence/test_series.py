"""Pages belong together by what was asked; the newest complete series counts."""

import json

import msgspec
import pytest
from evidence_lines import line, refusal
from hypothesis import given
from hypothesis import strategies as st

from scanner.evidence.lines import Line, canonical
from scanner.evidence.outcomes import Outcome
from scanner.evidence.series import group

OLD, NEW = "2026-11-24T04:00:00Z", "2026-11-24T05:00:00Z"


def parsed(*lines):
    return [msgspec.json.decode(json.dumps(one).encode(), type=Line) for one in lines]


def only(*lines):
    """The one series that lines of one call make."""
    (series,) = group(parsed(*lines)).values()
    return series


def run(pages, at, word, *, last=True, error=None):
    """One asking of a call: `pages` pages that say `word`, then perhaps an error."""
    lines = [
        line(page=n, last=last and n == pages - 1, at=at, result={"Says": f"{word}{n}"})
        for n in range(pages)
    ]
    return lines if error is None else [*lines, line(page=pages, at=at, error=error)]


def words(series):
    return [page["Says"] for page in series.plain()]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (run(1, OLD, "a"), Outcome.ANSWERED),
        (run(3, OLD, "a"), Outcome.ANSWERED),
        (run(3, OLD, "a", last=False), Outcome.INCOMPLETE),
        (run(3, OLD, "a")[1:], Outcome.INCOMPLETE),
        ([run(3, OLD, "a")[0], run(3, OLD, "a")[2]], Outcome.INCOMPLETE),
        (run(0, OLD, "a", error=refusal()), Outcome.REFUSED),
        (run(2, OLD, "a", last=False, error=refusal()), Outcome.REFUSED),
        ([line(result=None)], Outcome.MALFORMED),
        ([line(result=[])], Outcome.MALFORMED),
        ([line(result="")], Outcome.MALFORMED),
        ([line(result={"Reservations": []}, last=False)], Outcome.INCOMPLETE),
    ],
)
def test_a_series_is_answered_only_when_all_its_pages_are_there(lines, expected):
    assert expected == only(*lines).outcome


@pytest.mark.parametrize(
    ("leftover", "expected"),
    [
        ({"NextToken": "t"}, Outcome.INCOMPLETE),
        ({"NextToken": ""}, Outcome.ANSWERED),
        ({"NextToken": None}, Outcome.ANSWERED),
        ({"nextToken": "t"}, Outcome.INCOMPLETE),
        ({"NextMarker": "t"}, Outcome.INCOMPLETE),
        ({"IsTruncated": True}, Outcome.INCOMPLETE),
        ({"IsTruncated": False}, Outcome.ANSWERED),
        ({"nextLink": "https://arm/next"}, Outcome.INCOMPLETE),
        ({"@odata.nextLink": "https://graph/next"}, Outcome.INCOMPLETE),
        ({"$skipToken": "t"}, Outcome.INCOMPLETE),
        ({"resultTruncated": "true"}, Outcome.INCOMPLETE),
        ({"resultTruncated": "false"}, Outcome.ANSWERED),
        ({"Rows": [{"NextToken": "a row's own"}]}, Outcome.ANSWERED),
    ],
)
def test_a_last_page_that_names_a_next_one_is_not_the_last(leftover, expected):
    assert expected == only(line(result=leftover)).outcome


def test_a_token_on_an_earlier_page_is_how_paging_works():
    first, second = run(2, OLD, "a")
    first["result"]["NextToken"] = "t"

    assert only(first, second).answered


def test_the_newest_complete_series_wins():
    assert words(only(*run(2, OLD, "old"), *run(1, NEW, "new"))) == ["new0"]


@pytest.mark.parametrize(
    "newer",
    [
        run(0, NEW, "new", error=refusal()),
        run(2, NEW, "new", last=False),
        run(1, NEW, "new", last=False, error=refusal()),
        run(2, NEW, "new")[1:],
    ],
)
def test_an_older_complete_series_wins_over_a_newer_broken_one(newer):
    series = only(*run(2, OLD, "old"), *newer)

    assert series.answered
    assert words(series) == ["old0", "old1"]


def test_two_runs_are_never_mixed_into_one_whole():
    """Page 0 of a finished run and page 1 of a later one are not a series."""
    newer = run(3, NEW, "new")
    series = only(*run(1, OLD, "old"), newer[1], newer[2])

    assert words(series) == ["old0"]


def test_the_newest_of_broken_series_says_why_the_list_is_missing():
    lines = [*run(0, OLD, "a", error=refusal()), *run(1, NEW, "a", last=False)]

    assert Outcome.INCOMPLETE is only(*lines).outcome


def test_a_line_that_was_copied_twice_is_one_page():
    lines = run(2, OLD, "a")

    assert words(only(*lines, *lines)) == ["a0", "a1"]


def test_parameters_in_another_order_ask_for_the_same_list():
    one = line(params={"a": 1, "b": 2})
    other = line(params={"b": 2, "a": 1})

    assert len(group(parsed(one, other))) == 1
    assert len(group(parsed(one, line(params={"a": 1})))) == 2


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans()))
def test_canonical_parameters_do_not_depend_on_order(params):
    turned = dict(reversed(params.items()))

    assert canonical(params) == canonical(turned)


WHOLE = st.none()


@st.composite
def histories(draw, lost=WHOLE):
    """Several askings of two calls, at different times, whole or broken.

    `lost`: number of a page of each asking whose line is gone. An asking that lost its
    first pages cannot be told from the late end of one before, so only the test of the
    order of lines loses any; a scan that dies loses the end.
    """
    lines = []
    for hour in range(draw(st.integers(1, 4))):
        at = f"2026-11-24T{hour:02}:00:00Z"
        pages, last = draw(st.integers(0, 3)), draw(st.booleans())
        error = refusal() if not pages or draw(st.booleans()) else None
        found = run(pages, at, f"{hour}-", last=last and error is None, error=error)
        region = draw(st.sampled_from(["eu-west-1", "us-east-1"]))
        dropped = draw(lost)
        lines += [
            {**one, "region": region} for n, one in enumerate(found) if n != dropped
        ]
    return lines


@given(
    histories(lost=st.none() | st.integers(0, 3)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_lines_does_not_matter(lines, random):
    shuffled = list(lines)
    random.shuffle(shuffled)

    expected = {
        k: (s.outcome, words(s), s.at) for k, s in group(parsed(*lines)).items()
    }
    actual = {
        k: (s.outcome, words(s), s.at) for k, s in group(parsed(*shuffled)).items()
    }
    assert expected == actual


@given(histories())
def test_an_answer_is_always_the_pages_of_one_run(lines):
    for series in group(parsed(*lines)).values():
        if series.answered:
            hours = {word.partition("-")[0] for word in words(series)}
            assert len(hours) == 1
            assert [int(w.partition("-")[2]) for w in words(series)] == list(
                range(len(series.pages))
            )
