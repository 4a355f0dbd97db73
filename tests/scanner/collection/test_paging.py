"""Endless lists: each way to be one is noticed, and no honest list is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.collection.paging import IDLE, Endless, Paging


def read(watch, tokens, rows):
    """Go on until the list is over or stopped; returns the pages that were read."""
    for number, token in enumerate(tokens):
        try:
            watch.go_on(token, rows(number))
        except Endless as endless:
            return number + 1, str(endless)
    return None


def new(count):
    return (str(number) for number in range(count))


def test_a_long_list_of_new_rows_is_read_to_its_end():
    assert read(Paging(1000, 60), new(999), lambda n: [{"Id": n}]) is None


def test_a_token_that_comes_again_ends_it():
    assert read(Paging(1000, 60), ["a", "b", "a"], lambda n: [n]) == (
        3,
        "a page token came twice",
    )


@pytest.mark.parametrize("rows", [lambda _: [], lambda _: [{"Id": 1}]])
def test_new_tokens_that_bring_nothing_new_end_it(rows):
    """Without rows, or with the same ones again and again."""
    pages, why = read(Paging(10**6, 60), new(10**6), rows)

    assert pages in (IDLE, IDLE + 1)
    assert "nothing new" in why


def test_empty_pages_between_full_ones_are_no_fault():
    """Services that filter behind the page do that."""
    rows = lambda n: [n] if n % (IDLE - 1) == 0 else []  # noqa: E731

    assert read(Paging(10**4, 60), new(IDLE * 10), rows) is None


def test_rows_that_are_invented_end_at_the_number_of_pages():
    assert read(Paging(50, 60), new(100), lambda n: [n]) == (50, "more than 50 pages")


def test_rows_that_are_invented_slowly_end_in_time():
    clock = iter(range(0, 10**6, 30))
    watch = Paging(10**6, 300, now=lambda: next(clock))

    assert read(watch, new(100), lambda n: [n]) == (
        11,
        "not at its end after 300 seconds",
    )


@given(st.text(st.characters()), st.text(st.characters()))
def test_tokens_are_told_apart_whatever_they_hold(one, other):
    watch = Paging(10, 60)
    watch.go_on(one, [1])
    if one == other:
        with pytest.raises(Endless):
            watch.go_on(other, [2])
    else:
        watch.go_on(other, [2])
