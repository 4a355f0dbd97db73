"""Work in a second process: the same result as here, whatever becomes of it."""

import os
import signal

import pytest

from scanner.grants import Edge, StatementBecause, Verdict
from scanner.processes import apart, available

MADE = Edge(
    "assumes",
    "a",
    "b",
    Verdict.CONDITIONAL,
    reasons=("why",),
    because=(StatementBecause("p", 0, None, "Allow"),),
)


@pytest.mark.parametrize("handed", [(), (Edge, StatementBecause)])
def test_what_it_made_is_handed_over(handed):
    """Equal to what was made, dataclasses with slots included."""
    with apart(lambda: (os.getpid(), [MADE] * 3), handed) as second:
        where, made = second.result()

    assert where != os.getpid()
    assert made == [MADE] * 3


def test_more_than_a_pipe_holds_is_handed_over():
    """A result of some megabytes."""
    with apart(lambda: "x" * 5_000_000) as second:
        assert len(second.result()) == 5_000_000


@pytest.mark.parametrize(
    "end",
    [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: 1 / 0, lambda: os._exit(3)],
)
def test_what_it_could_not_make_is_made_here(end):
    """Killed for want of memory, or failed: the work is done, and fails, here."""
    here = os.getpid()

    def work():
        return "made here" if os.getpid() == here else end()

    with apart(work) as second:
        assert second.result() == "made here"


def test_a_failure_is_raised_where_the_result_is_wanted():
    """The work fails here as well."""
    with apart(lambda: 1 / 0) as second, pytest.raises(ZeroDivisionError):
        second.result()


def test_it_is_ended_when_nobody_waits_for_it():
    """An error in between leaves no process behind."""
    with pytest.raises(KeyError), apart(lambda: (os.getpid(), signal.pause())):
        {}["x"]

    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_there_is_a_processor():
    """At least the one that this runs on."""
    assert available() >= 1
