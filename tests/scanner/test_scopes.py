"""Which accounts a set of targets is in, found run by run."""

import decided as d
from hypothesis import given
from hypothesis import strategies as st

from scanner.grants import TargetSpace
from scanner.scopes import Scopes

#: The account of every class of targets; a class may span two.
LAYOUTS = st.lists(
    st.lists(st.sampled_from("abc"), min_size=1, max_size=2), min_size=1, max_size=9
)


def space_of(layout):
    return TargetSpace(
        tuple(
            tuple(d.vm(f"i-{n}-{m}", account) for m, account in enumerate(accounts))
            for n, accounts in enumerate(layout)
        )
    )


@given(LAYOUTS, st.integers(0, 511))
def test_scopes_equal_a_look_at_every_class(layout, bits):
    """The scopes touched, all targets around, and whether one scope is whole."""
    bits &= (1 << len(layout)) - 1
    numbers = {}
    scopes = Scopes(space_of(layout), numbers)
    inside = {
        name: {n for n, accounts in enumerate(layout) if name in accounts}
        for name in "abc"
    }
    chosen = {n for n in range(len(layout)) if bits >> n & 1}
    touched = {name for name, there in inside.items() if there & chosen}

    assert {name for name, n in numbers.items() if scopes.of(bits) >> n & 1} == touched
    around = {n for name in touched for n in inside[name]}
    assert scopes.around(bits) == sum(1 << n for n in around)
    assert scopes.covered(bits) == any(inside[name] <= chosen for name in touched)


def test_spaces_share_the_numbers_of_scopes():
    """One number for one account, however many spaces know it."""
    numbers = {}
    one, other = (Scopes(space_of(layout), numbers) for layout in (["a"], ["b", "a"]))

    assert one.of(1) == other.of(2)
    assert one.of(1) != other.of(1)
