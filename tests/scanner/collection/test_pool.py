"""The pool: bounded, ends when all is done, stops at once when told or when broken."""

import os
import signal
import threading
import time

import pytest

from scanner.collection.pool import Pool
from scanner.errors import Interrupted


def test_every_job_runs_and_no_more_than_the_workers_at_once():
    """Forty jobs on three workers: all run, at most three at the same time."""
    lock, running, most, done = threading.Lock(), 0, 0, []

    def job(number):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.001)
        with lock:
            running -= 1
            done.append(number)

    with Pool(3) as pool:
        for number in range(40):
            pool.submit(lambda number=number: job(number))
        pool.wait()

    assert sorted(done) == list(range(40))
    assert most <= 3


def test_jobs_may_submit_jobs_and_waiting_includes_them():
    """A job's own jobs are done before `wait` returns."""
    done = []

    def parent():
        for number in range(5):
            pool.submit(lambda number=number: done.append(number))

    with Pool(2) as pool:
        pool.submit(parent)
        pool.wait()

    assert sorted(done) == list(range(5))


def test_first_jobs_overtake_the_queue():
    """A job submitted with `first` runs before those that wait already."""
    order, gate = [], threading.Event()
    with Pool(1) as pool:
        pool.submit(gate.wait)
        pool.submit(lambda: order.append("later"))
        pool.submit(lambda: order.append("first"), first=True)
        gate.set()
        pool.wait()

    assert order == ["first", "later"]


def test_an_exception_stops_the_rest_and_is_raised():
    """The first fault leaves `wait`, and queued jobs never start."""
    done, gate = [], threading.Event()

    def broken():
        gate.wait()
        raise KeyError("odd")

    with Pool(1) as pool:
        pool.submit(broken)
        pool.submit(lambda: done.append(1))
        gate.set()
        with pytest.raises(KeyError):
            pool.wait()

    assert done == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_block_within_the_grace(number):
    """A call that hangs is abandoned; nothing new is started."""
    hang, done = threading.Event(), []
    before = signal.getsignal(signal.SIGTERM)
    begun = time.monotonic()

    def run():
        with Pool(1, grace=0.1) as pool:
            pool.submit(lambda: hang.wait(60))
            pool.submit(lambda: done.append(1))
            threading.Timer(0.1, lambda: os.kill(os.getpid(), number)).start()
            pool.wait()

    with pytest.raises(Interrupted):
        run()
    hang.set()

    assert time.monotonic() - begun < 30
    assert done == []
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_signal_waits_for_no_call():
    """The grace is for calls that come back; who asks twice does not want to wait."""
    hang, begun = threading.Event(), time.monotonic()

    def run():
        with Pool(1, grace=90) as pool:
            pool.submit(lambda: hang.wait(60))
            for wait in (0.1, 0.3):
                threading.Timer(
                    wait, lambda: os.kill(os.getpid(), signal.SIGINT)
                ).start()
            pool.wait()

    with pytest.raises(Interrupted):
        run()
    hang.set()

    assert time.monotonic() - begun < 30


def test_nothing_to_do_is_done():
    """Waiting for an empty pool returns."""
    with Pool(4) as pool:
        pool.wait()

    assert pool.stopping


def test_waiting_may_have_an_end():
    """A deadline leaves hanging jobs behind and says so."""
    hang = threading.Event()
    with Pool(1, grace=0.1) as pool:
        pool.submit(lambda: hang.wait(10))
        in_time = pool.wait(0.05)
    hang.set()

    assert in_time is False
