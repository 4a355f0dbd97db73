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


def bucket(ceiling):
    clock = Clock()
    return Bucket(ceiling, now=clock.now, sleep=clock.sleep), clock


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
