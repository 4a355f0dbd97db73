"""Workloads that leave their account: one finding for a crowd that gets to the same."""

from dataclasses import replace

import decided as d
import pytest

from checks.catalogue import run_checks
from scanner.config import DEFAULTS, Approved, Config
from scanner.graph import build_graph

SEND, THIRD = "ssm:SendCommand", "777788889999"
FAR, THIRD_OPS = d.role("ops", d.OTHER), d.role("ops", THIRD)
CHECK = "t1651_aws_workload_beyond_its_account"
HELD = (
    d.grant([FAR], SEND, [d.vm("i-8", d.OTHER), d.vm("i-9", d.OTHER)]),
    d.grant([THIRD_OPS], SEND, [d.vm("i-7", THIRD)]),
)


def workloads(number: int, prefix: str = "app"):
    return [d.role(f"{prefix}{n}") for n in range(number)]


def findings(*crowds, config=DEFAULTS, homes: bool = True):
    """Each crowd enters a role elsewhere; the roles live in their own accounts."""
    edges = [d.hop("assumes", one, role) for some, role in crowds for one in some]
    everybody = [one for some, _ in crowds for one in some]
    half = d.half(*HELD, edges=edges, principals=everybody)
    if homes:
        half = replace(half, homes_of=lambda who: (who.scope,))
    found = run_checks(build_graph([half]), config=config)
    return [one for one in found if one.check == CHECK]


@pytest.mark.parametrize("number", [50, 51])
def test_a_crowd_that_gets_to_the_same_accounts_is_one_finding(number):
    """The trust over there is to be changed, once, and not each of the workloads."""
    crowd = workloads(number)

    found = findings((crowd, FAR))

    if number == 50:
        assert {one.principal for one in found} == {*crowd}
    else:
        (one,) = found
        assert (one.principal, one.scope) == (None, f"aws:{d.ACCOUNT}")
        assert (one.targets, one.vectors) == (2, (SEND,))
        assert one.message == f"51 workloads can run commands in {d.OTHER}"
        assert [hop.target for hop in one.path] == [FAR.id]


def test_a_crowd_gets_to_the_same_accounts():
    """Sixty in all, thirty each way, and no finding for all of them."""
    found = findings((workloads(30), FAR), (workloads(30, "job"), THIRD_OPS))

    assert len({one.principal for one in found}) == len(found) == 60


def test_crowds_are_told_apart_from_scan_to_scan_by_where_they_get_to():
    both = [(workloads(60), FAR), (workloads(70, "job"), THIRD_OPS)]
    fewer = [(workloads(51), FAR), (workloads(52, "new"), THIRD_OPS)]

    first, later = findings(*both), findings(*reversed(fewer))

    named = {one.sample: one.fingerprint for one in first}
    assert len(set(named.values())) == 2
    assert named == {one.sample: one.fingerprint for one in later}


def test_whoever_is_approved_is_no_part_of_a_crowd():
    """An approval settles one principal's finding; a crowd's would be left without."""
    crowd = workloads(52)
    config = Config(approved=Approved(principals=(crowd[0].id,)))

    found = findings((crowd, FAR), config=config)

    assert {one.principal for one in found} == {None, crowd[0]}
    assert any(one.message.startswith("51 workloads") for one in found)


def test_what_is_at_home_in_no_account_may_get_to_one():
    """Without a home one account is home; with two, each workload leaves it."""
    crowd = workloads(51)

    assert findings((crowd, FAR), homes=False) == []
    (one,) = findings((crowd, FAR), (crowd, THIRD_OPS), homes=False)
    assert one.message == f"51 workloads can run commands in {THIRD}, {d.OTHER}"
    assert one.targets == 3
