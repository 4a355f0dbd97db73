"""JSON that people hand in: read exactly as it stands, or refused with its place."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import UnusableInput
from scanner.evidence import strictjson
from scanner.evidence.strictjson import MAX_DEPTH, MAX_NUMBER, load_file, loads

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=25,
)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (b'{"Effect": "Allow",\n "Effect": "Deny"}', "2:2", "'Effect' is there twice"),
        (b'[{"a": 1}, {"a": 1, "b": 2, "b": 3}]', "1:29", "'b' is there twice"),
        (b'{"\\u0061": 1, "a": 2}', "1:15", "'a' is there twice"),
        (b'{"x": {"a": 1}, "a": {"x": 1, "x": 2}}', "1:31", "'x' is there twice"),
        (b"[1, NaN]", "1:5", "NaN"),
        (b"[Infinity]", "1:2", "Infinity"),
        (b'{"a":\n-Infinity}', "2:1", "-Infinity"),
        (b"[1e999]", "1:2", "too large"),
        (b"[-1e999]", "1:2", "too large"),
        (b"[" + b"1" * (MAX_NUMBER + 1) + b"]", "1:2", "a number of"),
        (b"[0." + b"1" * MAX_NUMBER + b"]", "1:2", "a number of"),
        (b"{} {}", "1:4", "Extra data"),
        (b"[1] garbage", "1:5", "Extra data"),
        (b"[1,]", "1:", ""),
        (b"{'a': 1}", "1:2", ""),
        (b"", "1:1", "empty"),
        (b" \n ", "1:1", "empty"),
        (b"\xef\xbb\xbf", "1:1", "empty"),
        (b'["\xff"]', "1:3", "not UTF-8"),
        (b'\n["a\nb"]', "2:4", ""),
        ('{"a": 1}'.encode("utf-16"), "1:1", "UTF-16"),
        ('{"a": 1}'.encode("utf-16-le"), "1:1", "UTF-16"),
        ('{"a": 1}'.encode("utf-32"), "1:1", "UTF-16"),
        (b'["\\ud800"]', "1:2", "surrogate"),
        (b'["\\udc00\\ud800"]', "1:2", "surrogate"),
        (b"[" * 100_000, f"1:{MAX_DEPTH + 1}", "deep"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, f"1:{5 * MAX_DEPTH + 1}", "deep"),
    ],
)
def test_what_json_forgives_is_refused_with_its_place(text, place, reason):
    with pytest.raises(UnusableInput) as caught:
        loads(text, "policy.json")

    assert caught.value.source.startswith(f"policy.json:{place}")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": {"x": 1}, "b": {"x": 1}}',
        b'{"a": "a", "b": ["a", "a"], "c": "a: {\\"a"}',
        b'["\\ud83d\\ude00"]',
        b"[" * MAX_DEPTH + b"]" * MAX_DEPTH,
        b'["' + b"[" * 1000 + b'"]',
        b'["\\"' + b"{" * 1000 + b'"]',
        b"[" + b"1" * MAX_NUMBER + b"]",
        b"[1e308, -0, 1.50, -1.5e-7]",
        b"null",
    ],
)
def test_what_only_looks_wrong_is_read(text):
    assert json.loads(text) == loads(text, "policy.json")


def test_a_byte_order_mark_is_tolerated():
    assert loads(b'\xef\xbb\xbf{"a": 1}', "policy.json") == {"a": 1}


@given(VALUES, st.sampled_from([None, 1, 4]), st.booleans())
def test_valid_json_is_read_as_the_standard_library_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()

    assert json.loads(text) == loads(text, "x")


@given(st.binary(max_size=60) | st.text('[]{}:,"\\nu0eE-.1dD89', max_size=40))
def test_any_bytes_are_read_or_refused_in_one_line(text):
    """Whatever is accepted, the standard library accepts too, with the same value."""
    text = text.encode() if isinstance(text, str) else text
    refusals = []
    try:
        actual = loads(text, "x")
        assert json.loads(text) == actual
    except UnusableInput as error:
        refusals.append(str(error))
    assert not any("\n" in refusal for refusal in refusals)


@given(st.dictionaries(st.text(), st.integers(), min_size=1), st.data())
def test_a_name_that_is_there_twice_is_always_found(members, data):
    name = data.draw(st.sampled_from(sorted(members)))
    text = json.dumps(members)[:-1] + f", {json.dumps(name)}: 0}}"

    with pytest.raises(UnusableInput, match="twice"):
        loads(text.encode(), "x")


def test_a_line_of_a_larger_file_is_named_by_its_own_number():
    with pytest.raises(UnusableInput) as caught:
        loads(b'{"a": 1, "a": 2}', "requests.jsonl", line=7)

    assert caught.value.source == "requests.jsonl:7:10"


def test_a_hostile_name_is_shown_as_visible_escapes():
    with pytest.raises(UnusableInput) as caught:
        loads('{"\u202e\\u001b[2J": 1, "\u202e\\u001b[2J": 2}'.encode(), "x")

    assert str(caught.value).isascii()
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        b'["' + b'\\"' * 500_000,
        b"[" * 1_000_000,
        b'{"a":' * 300_000,
        b"[" + b"1," * 500_000,
        b'["' + b"\\u0041" * 200_000 + b'"]',
    ],
)
def test_hostile_text_takes_linear_time(text):
    start = time.process_time()
    with contextlib.suppress(UnusableInput):
        loads(text, "x")

    assert time.process_time() - start < 5


def test_a_file_over_the_cap_is_refused(tmp_path):
    path = tmp_path / "large.json"
    path.write_bytes(b"[" + b" " * 100 + b"]")

    assert load_file(path) == []
    with pytest.raises(UnusableInput, match="larger than 50 bytes"):
        strictjson.read_bytes(path, limit=50)


@pytest.mark.parametrize("name", ["missing.json", ".", "nul\0.json"])
def test_a_file_that_cannot_be_read_is_one_line(tmp_path, name):
    with pytest.raises(UnusableInput, match="name a file to read"):
        load_file(tmp_path / name)
