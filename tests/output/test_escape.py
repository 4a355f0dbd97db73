"""One escape per sink, each reversible or visibly lossy, never silently so."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from output_results import HOSTILE

from output.escape import csv_cell, file_name, markdown, terminal, visible

ANY_TEXT = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("arn:aws:iam::1:role/ops", "arn:aws:iam::1:role/ops"),
        ("Müller 東京 👍", "Müller 東京 👍"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\u202egnp", "\\u202egnp"),
        ("a\nb\tc\rd\0e", "a\\nb\\tc\\rd\\0e"),
        ("\x9b\x7f", "\\x9b\\x7f"),
        ("\u2028\ufeff\u200b", "\\u2028\\ufeff\\u200b"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
    ],
)
def test_invisible_characters_are_shown_as_escapes(text, expected):
    assert expected == visible(text)


@given(ANY_TEXT)
def test_a_terminal_gets_one_printable_line(text):
    shown = terminal(text)

    assert not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028]", shown)
    assert "\n" not in shown


def test_a_long_text_is_cut_and_its_length_told():
    assert terminal("x" * 1000, longest=5) == "xxxxx… (1000 characters)"
    assert terminal("x" * 5, longest=5) == "xxxxx"


@pytest.mark.parametrize(
    "text",
    ["=1", "+1", "-1", "@x", " =1", "\u3000=1", "＝1", "﹦1", "'x", " '"],  # noqa: RUF001
)
def test_a_cell_that_could_start_a_formula_gets_a_quote(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "ops", "a=1", "0123", "  ops", "[1]", "é=1", "*"])
def test_other_cells_stay_as_they_are(text):
    assert csv_cell(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\tx", "\\tx"),
        ("\r=1", "\\r=1"),
        ("\u200b=1", "\\u200b=1"),
        ("a\0b", "a\\0b"),
        ("=\x1b[31m", "'=\\x1b[31m"),
        ("a\nb", "a\\nb"),
    ],
)
def test_what_nobody_sees_is_shown_and_not_dropped(text, expected):
    """Escaped, such a character starts no formula and commands no terminal."""
    assert csv_cell(text) == expected
    assert csv_cell(text, raw=True) == expected.removeprefix("'")


def test_raw_cells_keep_formulas():
    assert csv_cell("=1", raw=True) == "=1"


@given(ANY_TEXT)
def test_the_documented_way_back_restores_the_cell(text):
    stream = io.StringIO(newline="")
    csv.writer(stream, quoting=csv.QUOTE_ALL).writerow([csv_cell(text), "end"])
    cell, end = next(csv.reader(io.StringIO(stream.getvalue(), newline="")))

    assert end == "end"
    assert cell.removeprefix("'") == visible(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ops", "`ops`"),
        ("a|b", "`a\\|b`"),
        ("a`b", "`` a`b ``"),
        ("```", "```` ``` ````"),
        ("![](http://x) @team", "`![](http://x) @team`"),
        ("a\nb", "`a\\nb`"),
        ("", "`  `"),
    ],
)
def test_markdown_is_a_code_span_that_nothing_leaves(text, expected):
    assert expected == markdown(text)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("r-1a2b3c4d", r"r-1a2b3c4d\.json"),
        ("../../etc/passwd", r"etc-passwd\.[0-9a-f]{10}\.json"),
        ("..", r"unnamed\.[0-9a-f]{10}\.json"),
        ("", r"unnamed\.[0-9a-f]{10}\.json"),
        ("-rf", r"rf\.[0-9a-f]{10}\.json"),
        ("con", r"con\.[0-9a-f]{10}\.json"),
        ("x" * 500, r"x{48}\.[0-9a-f]{10}\.json"),
    ],
)
def test_file_names_are_portable(text, pattern):
    assert re.fullmatch(pattern, file_name(text, ".json"))


@given(st.lists(ANY_TEXT | st.sampled_from(HOSTILE), unique=True, max_size=20))
def test_different_texts_get_different_file_names_even_without_case(texts):
    names = {file_name(text).casefold() for text in texts}

    assert len(names) == len(texts)


def test_names_equal_after_cutting_or_but_for_case_are_two_files():
    assert file_name("Ops") != file_name("ops")
    assert file_name("a/b").casefold() != file_name("a-b").casefold()
