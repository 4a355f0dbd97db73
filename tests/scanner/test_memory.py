"""The garbage collector is paused while an estate is built, and only then."""

import gc
from contextlib import suppress

import pytest

from scanner.memory import collector_paused


@pytest.mark.parametrize("was_on", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_the_collector_is_off_inside_and_as_before_after(was_on, fails):
    """Also when the block fails."""
    before = gc.isenabled()
    (gc.enable if was_on else gc.disable)()
    try:
        with suppress(KeyError), collector_paused():
            inside = gc.isenabled()
            _ = {}["x"] if fails else None
        after = gc.isenabled()
    finally:
        (gc.enable if before else gc.disable)()

    assert (inside, after) == (False, was_on)
