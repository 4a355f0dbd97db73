"""A file of columns gives back what was put in, or is refused as a whole."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.kept.columns import Columns, Unusable, Writer
from scanner.rows import Rows, grouped, rows_of

SMALL = st.integers(0, 2**32 - 1)


def file_of(folder, **sections):
    writer = Writer()
    for name, (add, *arguments) in sections.items():
        getattr(writer, add)(name, *arguments)
    path = folder / "file"
    path.write_bytes(writer.file("the key"))
    return path


@given(
    st.lists(SMALL),
    st.lists(st.integers(-(2**62), 2**62)),
    st.lists(st.lists(SMALL)),
    st.lists(st.text(st.characters(codec=None))),
    st.lists(st.binary()),
)
def test_what_was_put_in_comes_back(
    tmp_path_factory, small, large, rows, texts, binary
):
    """Lone surrogates, empty texts and empty sections included."""
    path = file_of(
        tmp_path_factory.mktemp("columns"),
        small=("numbers", "I", small),
        large=("numbers", "q", large),
        rows=("rows", rows_of(rows)),
        texts=("texts", texts),
        binary=("blobs", binary),
    )

    found = Columns(path)

    assert found.key == "the key"
    assert list(found.numbers("small", "I")) == small
    assert list(found.numbers("large", "q")) == large
    kept = found.rows("rows")
    assert [list(kept[n]) for n in range(len(rows))] == rows
    assert (list(found.texts("texts")), list(found.blobs("binary"))) == (texts, binary)


@given(st.integers(0), st.integers(1, 255))
def test_any_changed_byte_is_noticed(tmp_path_factory, at, change):
    path = file_of(tmp_path_factory.mktemp("columns"), few=("numbers", "I", [1, 2]))
    text = bytearray(path.read_bytes())
    text[at % len(text)] ^= change
    path.write_bytes(text)

    with pytest.raises(Unusable):
        Columns(path)


@pytest.mark.parametrize("length", [0, 1, 40, 79, 80, 81, 100])
def test_a_part_of_a_file_is_refused(tmp_path, length):
    path = file_of(tmp_path, few=("numbers", "I", [1, 2]))
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(Unusable):
        Columns(path)


def test_a_section_that_is_missing_is_refused(tmp_path):
    found = Columns(file_of(tmp_path, few=("numbers", "I", [1, 2])))

    with pytest.raises(Unusable, match="no section other"):
        found.numbers("other", "I")


def test_things_are_made_once_and_only_when_looked_at(tmp_path):
    found = Columns(file_of(tmp_path, some=("values", [[1], [2], [3]])))

    values = found.values("some", list[int])

    assert values[1] is values[1]
    assert values[1:] == [[2], [3]]
    with pytest.raises(IndexError):
        values[3]


@given(st.lists(st.integers(0, 5)))
def test_grouping_keeps_the_order_within_each_group(keys):
    rows = grouped(array("I", keys), 6)

    found = [list(rows[key]) for key in range(6)]

    assert found == [[n for n, one in enumerate(keys) if one == k] for k in range(6)]


def test_rows_may_be_empty():
    assert rows_of([]) == Rows(array("I", [0]), array("I"))
    assert [list(rows_of([[], [7]])[n]) for n in (0, 1)] == [[], [7]]
