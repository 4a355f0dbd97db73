"""Counting who can command each scope and VM: in binary digits over all at once."""

from hypothesis import given
from hypothesis import strategies as st

from checks.counting import Counts


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 40)), max_size=20))
def test_counts_equal_adding_scope_by_scope(added):
    """Scopes as a set of five numbers, each time counted so many times."""
    counts = Counts()
    for scopes, times in added:
        counts.add(scopes, times)

    for scope in range(5):
        wanted = sum(times for scopes, times in added if scopes >> scope & 1)
        assert counts.of(scope) == wanted


@given(
    st.lists(st.tuples(st.integers(0, 31), st.integers(0, 40)), max_size=20),
    st.integers(0, 300),
    st.integers(0, 31),
)
def test_who_is_above_a_limit_and_the_most_equal_asking_each(added, limit, some):
    """All at once, digit by digit."""
    counts = Counts()
    for scopes, times in added:
        counts.add(scopes, times)
    each = {member: counts.of(member) for member in range(5)}

    above = {member for member in each if counts.above(limit) >> member & 1}

    assert above == {member for member, number in each.items() if number > limit}
    chosen = (number for member, number in each.items() if some >> member & 1)
    assert counts.most(some) == max(chosen, default=0)
