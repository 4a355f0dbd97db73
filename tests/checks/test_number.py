"""Counting who can command each scope: in binary digits over all scopes at once."""

from hypothesis import given
from hypothesis import strategies as st

from checks.number import _Counts


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 40)), max_size=20))
def test_counts_equal_adding_scope_by_scope(added):
    """Scopes as a set of five numbers, each time counted so many times."""
    counts = _Counts()
    for scopes, times in added:
        counts.add(scopes, times)

    for scope in range(5):
        wanted = sum(times for scopes, times in added if scopes >> scope & 1)
        assert counts.of(scope) == wanted
