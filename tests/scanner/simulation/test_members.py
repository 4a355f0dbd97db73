"""A request's members: raw, and yet as strict as the strict parser."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.errors import UnusableInput
from scanner.evidence import strictjson
from scanner.simulation.errors import MalformedRequest
from scanner.simulation.members import echoed, members_of
from scanner.simulation.source import Piece

_VALUES = st.sampled_from(
    ["1", '"x"', '"\\""', '"\\u0022\\u0022"', "[]", '{"a": "b"}', "null", '"é"']
)
_NAMES = st.sampled_from(["a", "b", "Id", "\\u0061", 'q\\"', "é"])
_BLANKS = st.sampled_from(["", " ", "\n", " \t"])


@st.composite
def objects(draw):
    """Objects in text, some of whose names are there twice, spaced as people do."""
    pairs = draw(st.lists(st.tuples(_NAMES, _VALUES), max_size=4))
    spaced = [
        f'{draw(_BLANKS)}"{name}"{draw(_BLANKS)}:{draw(_BLANKS)}{value}{draw(_BLANKS)}'
        for name, value in pairs
    ]
    return "{" + ",".join(spaced) + "}"


@UNHURRIED
@given(objects())
def test_a_name_there_twice_is_found_however_it_is_written(text):
    try:
        expected = strictjson.loads(text.encode(), "file")
    except UnusableInput:
        with pytest.raises(MalformedRequest, match="twice"):
            members_of(Piece(text.encode(), 1))
        return

    found = members_of(Piece(text.encode(), 1))

    assert {name: json.loads(raw) for name, raw in found.items()} == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"[1]", "an object"),
        (b'"x"', "an object"),
        (b'{"a":}', "line 7, column 6"),
        (b'{"a":1,"a":2}', "'a' is there twice \\(line 7, column 8"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b'{"a":1e999}x', "line 7"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "nested"),
        (b'{"\xff":1}', "not UTF-8"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, reason):
    with pytest.raises(MalformedRequest, match=reason):
        members_of(Piece(text, 7))


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("1", "1"),
        ("-0.50", "-0.50"),
        ("1e2", "1e2"),
        ("9" * 60, "9" * 60),
        ("true", "true"),
        ("null", "null"),
        ('"a b"', '"a b"'),
        ('"\\u00e9"', '"\\u00e9"'),
        ('"é\u202e\x7f"', '"\\u00e9\\u202e\\u007f"'),
        ('"\\/"', '"/"'),
    ],
)
def test_an_id_is_echoed_as_ascii(raw, shown):
    assert echoed(raw.encode(), "Id") == shown


@pytest.mark.parametrize("raw", ["[]", "{}", "1e999", '"\\ud800"', "9" * 200])
def test_an_id_that_nobody_can_echo_is_refused(raw):
    with pytest.raises(MalformedRequest, match=r"^Id: "):
        echoed(raw.encode(), "Id")
