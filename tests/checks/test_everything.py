"""Who commands all there is, over accounts and over clouds."""

import decided as d
import pytest

from checks.catalogue import run_checks
from scanner.estate import Provider
from scanner.graph import build_graph

SEND = "ssm:SendCommand"
RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
OPS, BOSS = d.role("ops"), d.role("boss")
FAR, NODE, FAR_NODE = d.role("ops", d.OTHER), d.vm("i-1"), d.vm("i-9", d.OTHER)
CAROL, MACHINE = d.entra("carol"), d.azure_vm("web")


def any_document(who, *targets):
    return d.grant([who], SEND, targets, documents="any")


def flagged(check: str, *halves):
    return [one for one in run_checks(build_graph(halves)) if one.check == check]


def aws(*hops, targets=(), extra=(), principals=(BOSS,)):
    return d.half(
        any_document(OPS, NODE),
        any_document(FAR, FAR_NODE),
        *extra,
        edges=[d.hop("assumes", *ends) for ends in hops],
        principals=[*principals],
        targets=targets,
    )


@pytest.mark.parametrize(
    ("hops", "expected"),
    [
        ([(BOSS, OPS), (BOSS, FAR)], [BOSS]),
        ([(BOSS, OPS), (OPS, FAR)], [BOSS, OPS]),
        ([(OPS, FAR), (FAR, OPS)], [OPS, FAR]),
        ([(BOSS, OPS)], []),
    ],
)
def test_everything_is_added_up_over_hops_and_own_rights(hops, expected):
    found = flagged("t1651_aws_every_account", aws(*hops))

    assert {one.principal for one in found} == {*expected}
    assert {one.targets for one in found} <= {2}


@pytest.mark.parametrize("many", [50, 51])
def test_a_crowd_that_reaches_everything_is_one_finding(many):
    """What all of them pass is to be changed, not each of them."""
    crowd = [d.role(f"r{n}") for n in range(many)]
    hops = [(one, role) for one in crowd for role in (OPS, FAR)]

    found = flagged("t1651_aws_every_account", aws(*hops, principals=crowd))

    if many == 50:
        assert {one.principal for one in found} == {*crowd}
    else:
        (finding,) = found
        assert finding.principal is None
        assert finding.message.startswith("51 principals can run commands on every")
        assert finding.targets == 2


def test_an_account_that_nobody_reaches_is_not_everything():
    """The twin of the case above: one more node, in a third account."""
    third = d.vm("i-3", d.PARTNER)

    assert not flagged(
        "t1651_aws_every_account", aws((BOSS, OPS), (BOSS, FAR), targets=[third])
    )


def test_one_more_node_in_an_account_makes_it_less_than_everything():
    other = d.grant([d.role("else")], SEND, [d.vm("i-2")], documents="any")

    assert not flagged(
        "t1651_aws_every_account", aws((BOSS, OPS), (BOSS, FAR), extra=[other])
    )


def test_a_machine_of_one_cloud_that_is_an_identity_of_the_other():
    """Whoever runs on the Azure VM is the AWS role, which commands a node."""
    azure = d.half(d.grant([CAROL], RUN, [MACHINE]), provider=Provider.AZURE)
    half = d.half(any_document(OPS, NODE), edges=[d.hop("runs-as", MACHINE, OPS)])

    (finding,) = flagged("t1651_aws_from_azure", half, azure)

    assert finding.principal == OPS
    assert finding.message == "web of Azure can run commands in AWS: 1 node"
    assert [edge.source for edge in finding.path] == [MACHINE.id]


def test_a_hop_within_a_cloud_is_no_crossing():
    half = d.half(any_document(OPS, NODE), edges=[d.hop("runs-as", NODE, OPS)])

    assert not flagged("t1651_aws_from_azure", half)


def test_ways_into_several_accounts_are_a_finding_of_each():
    """Two roles of one account are one finding, those of the other another."""
    azure = d.half(principals=[CAROL], provider=Provider.AZURE)
    more = d.role("more")
    ends = [(CAROL, OPS), (CAROL, more), (CAROL, FAR)]
    half = aws(*ends, extra=[any_document(more, NODE)])

    found = flagged("t1651_aws_from_azure", half, azure)

    assert [one.scope for one in found] == [f"aws:{d.ACCOUNT}", f"aws:{d.OTHER}"]
    assert len({one.fingerprint for one in found}) == 2
