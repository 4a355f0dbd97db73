"""Rates: turns are spaced, a throttle halves them, one ceiling holds over all."""

import pytest

from scanner.collection.rate import FLOOR, Bucket, Rates


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


def bucket(ceiling, burst=1):
    clock = Clock()
    return Bucket(ceiling, burst=burst, now=clock.now, sleep=clock.sleep), clock


def test_turns_are_spaced_by_the_rate():
    """Half the ceiling at first: eleven turns at five a second take two seconds."""
    found, clock = bucket(10)
    for _ in range(11):
        found.take()

    assert clock.time == pytest.approx(2.0)


def test_an_idle_bucket_saves_no_turns():
    """After a pause the next two turns are spaced as ever: no burst."""
    found, clock = bucket(10)
    found.take()
    clock.sleep(100)
    begun = clock.time
    found.take()
    found.take()

    assert clock.time - begun == pytest.approx(0.2)


def test_a_rested_bucket_hands_out_its_burst_at_once():
    """A small scope is read without waiting; what follows is spaced."""
    found, clock = bucket(10, burst=4)
    for _ in range(4):
        found.take()
    assert clock.time == pytest.approx(0)
    found.take()
    assert clock.time == pytest.approx(0.2)
    clock.sleep(100)
    begun = clock.time
    for _ in range(5):
        found.take()

    assert clock.time - begun == pytest.approx(0.2)


def test_a_throttle_ends_the_burst():
    """Where the provider said "too much", nothing goes out at once any more."""
    found, clock = bucket(10, burst=4)
    found.throttled()
    begun = clock.time
    for _ in range(3):
        found.take()

    assert clock.time - begun > 0.4


def test_a_ceiling_that_is_set_leaves_no_burst():
    """`--max-rate` is never exceeded, not even for a moment."""
    assert Rates(max_rate=3).bucket("a", "b", "ssm")._burst == 1
    assert Rates().bucket("a", "b", "ssm")._burst > 1


def test_a_throttle_halves_and_successes_recover_slowly():
    """The rate comes back by small steps, between floor and ceiling."""
    found, _ = bucket(10)
    found.throttled()
    assert found.rate == 2.5
    found.succeeded()
    assert 2.5 < found.rate < 3
    for _ in range(1000):
        found.succeeded()
    assert found.rate == 10
    for _ in range(50):
        found.throttled()
    assert found.rate == FLOOR


def test_a_ceiling_below_the_floor_is_kept():
    """`--max-rate 0.1` stays at 0.1 when throttled, it never rises."""
    found, _ = bucket(0.1)
    found.throttled()

    assert found.rate <= 0.1


def test_buckets_are_apart_and_the_ceiling_is_not():
    """Each account, region and service has its bucket; `max_rate` bounds every one."""
    rates = Rates(max_rate=4)

    assert rates.bucket("1", "eu", "ssm") is rates.bucket("1", "eu", "ssm")
    assert rates.bucket("1", "eu", "ssm") is not rates.bucket("2", "eu", "ssm")
    assert rates.bucket("1", "eu", "ssm").ceiling == 4
