"""Files of requests: one, an array, JSON lines; blanks, line ends and broken starts."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iam_estates import UNHURRIED

from scanner.errors import UnusableInput
from scanner.simulation.source import pieces


def read(text: bytes) -> list[tuple[int, bytes]]:
    return [(one.line, one.text) for one in pieces(io.BytesIO(text), "file")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a":1}', [(1, b'{"a":1}')]),
        (b'{"a":1}\n{"b":2}\n', [(1, b'{"a":1}'), (2, b'{"b":2}')]),
        (b'\xef\xbb\xbf{"a":1}\r\n\r\n  3\r\n', [(1, b'{"a":1}'), (3, b"3")]),
        (b'\n\n{\n"a":\n1}\n', [(3, b'{\n"a":\n1}')]),
        (b'[{"a":1}, {"b":2}]', [(1, b'{"a":1}'), (1, b'{"b":2}')]),
        (b'\n[\n{},\n\n{"b":\n2}\n,3]', [(3, b"{}"), (5, b'{"b":\n2}'), (7, b"3")]),
        (b"[]", []),
        (b"[ \n ]", []),
        (b'[{"a":NaN},\n{"b":1}]', [(1, b'{"a":NaN}'), (2, b'{"b":1}')]),
        (b'{"a":\n{"b":2}\n', [(1, b'{"a":'), (2, b'{"b":2}')]),
        (b'{"a":1}\nnonsense', [(1, b'{"a":1}'), (2, b"nonsense")]),
        (b"null", [(1, b"null")]),
        (b'{"a":\nNaN}', [(1, b'{"a":\nNaN}')]),
    ],
)  # fmt: skip
def test_a_file_is_taken_apart(text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" \r\n\n",
        b"\xef\xbb\xbf",
        b"hello",
        b"Version: 2012\nStatement: []\n",
        b'[{"a":1},',
        b'[{"a":1}] x',
        b'[{"a":1}\n{"b":2}]',
        b'{"a":1',
        b'{"a":1,\n"b":2',
        b"\x00\x01\x02",
        '{"a":1}'.encode("utf-16"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_at_all_is_refused_before_anything_is_answered(text):
    found = []

    with pytest.raises(UnusableInput, match=r"^file"):
        found.extend(pieces(io.BytesIO(text), "file"))

    assert found == []


def test_json_lines_are_handed_on_as_they_come():
    """A reader that waits for an answer before it asks again is served."""

    class OneLine(io.RawIOBase):
        asked = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.asked += 1
            line = f'{{"n":{self.asked}}}\n'.encode()
            buffer[: len(line)] = line
            return len(line)

    source = OneLine()
    found = pieces(io.BufferedReader(source), "file")

    first = next(found)

    assert (first.text, source.asked) == (b'{"n":1}', 1)


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@UNHURRIED
@given(st.lists(_JSON, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_an_array_is_its_elements(values, indent, ascii_only):
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()

    found = read(text)

    assert [json.loads(element) for _, element in found] == values
    lines = text.split(b"\n")
    assert all(e.split(b"\n")[0] in lines[n - 1] for n, e in found)
