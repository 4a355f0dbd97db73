"""Denials that leave other commands: one finding for a crowd under the same denial."""

from dataclasses import replace

import decided as d
import pytest

from checks.catalogue import run_checks
from scanner.config import DEFAULTS, Approved, Config
from scanner.estate import Provider
from scanner.grants import AssignmentBecause, Tier
from scanner.graph import build_graph

SEND, AUTOMATION = "ssm:SendCommand", "ssm:StartAutomationExecution"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
WRITE = "Microsoft.Compute/virtualMachines/runCommands/write"
CHECK = "t1651_aws_denial_leaves_others"
SCP = d.statement("arn:aws:organizations::1:policy/o/no-shell", effect="Deny")
OTHER_SCP = replace(SCP, index=1)
FLEET = (*d.vms("i-1", "i-2"), d.vm("i-9", d.OTHER))


def people(number: int, account: str = d.ACCOUNT, prefix: str = "r"):
    return [d.role(f"{prefix}{n}", account) for n in range(number)]


def denied(*crowds):
    """Everybody may start automations; each crowd is denied `SEND` by a statement."""
    by = {one.id: why for some, why in crowds for one in some}
    everybody = [one for some, _ in crowds for one in some]
    half = d.half(d.grant(everybody, AUTOMATION, FLEET, tier=Tier.INDIRECT))
    return replace(
        half,
        denied_because=lambda who, vector, _: (
            (by[who.id],) if vector.id == SEND else ()
        ),
    )


def findings(half, config=DEFAULTS, check=CHECK):
    graph = build_graph([half])
    return [one for one in run_checks(graph, config=config) if one.check == check]


@pytest.mark.parametrize("number", [50, 51])
def test_a_crowd_under_one_denial_is_one_finding(number):
    """The denial is to be changed, once, and not each of those whom it binds."""
    crowd = people(number)

    found = findings(denied((crowd, SCP)))

    if number == 50:
        assert {one.principal for one in found} == {*crowd}
    else:
        (one,) = found
        assert (one.principal, one.scope) == (None, f"aws:{d.ACCOUNT}")
        assert one.because == (SCP,)
        assert (one.targets, one.vectors) == (3, (AUTOMATION,))
        assert one.message == (
            "51 principals are denied ssm:SendCommand and can run commands all the same"
        )


@pytest.mark.parametrize(
    "crowds",
    [
        [(people(30), SCP), (people(30, prefix="s"), OTHER_SCP)],
        [(people(30), SCP), (people(30, d.OTHER), SCP)],
    ],
    ids=["two statements", "two accounts"],
)
def test_a_crowd_has_one_scope_and_the_same_denials(crowds):
    """Sixty in all, and no finding for all of them: each is one of its own."""
    found = findings(denied(*crowds))

    assert len({one.principal for one in found}) == len(found) == 60


def test_crowds_of_one_account_are_told_apart_from_scan_to_scan():
    """Their fingerprints name the denial: neither how many there are, nor who."""
    both = [(people(60), SCP), (people(70, prefix="s"), OTHER_SCP)]
    fewer = [(people(55), SCP), (people(52, prefix="t"), OTHER_SCP)]

    first, later = findings(denied(*both)), findings(denied(*reversed(fewer)))

    named = {one.because: one.fingerprint for one in first}
    assert len(set(named.values())) == 2
    assert named == {one.because: one.fingerprint for one in later}


def test_a_statement_with_an_id_is_known_by_it_wherever_it_stands():
    """Another statement before it changes its index, and not the finding."""
    said = replace(SCP, sid="NoShell")
    moved = replace(said, index=7)

    (before,) = findings(denied((people(51), said)))
    (after,) = findings(denied((people(51), moved)))

    assert before.fingerprint == after.fingerprint


def test_whoever_is_approved_is_no_part_of_a_crowd():
    """An approval settles one principal's finding; a crowd's would be left without."""
    crowd = people(52)
    config = Config(approved=Approved(principals=(crowd[0].id,)))

    found = findings(denied((crowd, SCP)), config)

    assert {one.principal for one in found} == {None, crowd[0]}
    assert any(one.message.startswith("51 principals") for one in found)


def test_a_crowd_under_a_deny_assignment_is_one_finding_of_the_tenant():
    deny = AssignmentBecause(
        f"/subscriptions/{d.SUBSCRIPTION}/providers/Microsoft.Authorization/"
        "denyAssignments/x",
        "no run command",
        None,
    )
    crowd = [d.entra(f"p{n}") for n in range(51)]
    own = AssignmentBecause("/providers/Microsoft.Authorization/a/1", "Owner", None)
    half = replace(
        d.half(
            d.grant(crowd, RUN, [d.azure_vm("web")], because=[own]),
            provider=Provider.AZURE,
        ),
        denied_because=lambda _, vector, __: (deny,) if vector.id == WRITE else (),
    )

    (one,) = findings(half, check="t1651_azure_denial_leaves_others")

    assert (one.principal, one.scope) == (None, f"azure:{d.TENANT}")
    assert one.because == (deny,)
