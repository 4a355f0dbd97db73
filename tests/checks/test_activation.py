"""What makes eligible access too easy to activate, and what nobody can tell."""

import decided as d
import pytest

from checks.catalogue import run_checks
from scanner.config import DEFAULTS, Config, Thresholds
from scanner.estate import Provider
from scanner.grants import Activation, AssignmentBecause, Standing, Verdict
from scanner.graph import build_graph

RUN = "Microsoft.Compute/virtualMachines/runCommand/action"
CAROL, TEAM, OUTER = d.entra("carol"), d.entra("t", "group"), d.entra("o", "group")
CHECKS = {
    "t1651_azure_eligible_without_mfa",
    "t1651_azure_eligible_without_approval",
    "t1651_azure_approved_by_its_own",
    "t1651_azure_activation_lasts_long",
}


def found(*policies: Activation | None, edges=(), who=CAROL, config=DEFAULTS):
    given = [
        d.grant(
            [who],
            RUN,
            [d.azure_vm(f"m{n}")],
            standing=Standing.ELIGIBLE,
            activation=policy,
        )
        for n, policy in enumerate(policies)
    ]
    half = d.half(
        *given, edges=edges, principals=[TEAM, OUTER], provider=Provider.AZURE
    )
    checked = run_checks(build_graph([half]), config=config)
    return {one.check: one for one in checked if one.check in CHECKS}


@pytest.mark.parametrize(
    ("maximum", "long"),
    [
        ("PT8H", False),
        ("PT480M", False),
        ("PT8H0M0S", False),
        ("pt1h", False),
        ("PT481M", True),
        ("PT8H1M", True),
        ("PT9H", True),
        ("P1D", True),
        ("P1DT1H", True),
        ("P1M", True),
        ("P1Y", True),
        ("forever", True),
        ("", False),
    ],
)
def test_longer_than_eight_hours_is_long_unless_said(maximum, long):
    """A duration of months, or one that nobody can read, is not known to be short."""
    policy = Activation(True, True, maximum)

    assert ("t1651_azure_activation_lasts_long" in found(policy)) is long


@pytest.mark.parametrize(
    ("hours", "maximum", "words"),
    [
        (2, "PT2H", ""),
        (2, "PT121M", "within 2 hours: 1 node"),
        (1, "PT8H", "within 1 hour: 1 node"),
        (0, "PT1M", "within 0 hours: 1 node"),
        (12, "PT12H", ""),
        (24, "P1D", ""),
        (24, "P1M", "within 24 hours: 1 node"),
    ],
)
def test_how_long_is_accepted_is_configured(hours, maximum, words):
    config = Config(thresholds=Thresholds(activation_hours=hours))

    flagged = found(Activation(True, True, maximum), config=config)

    if words:
        message = flagged["t1651_azure_activation_lasts_long"].message
        assert message.endswith(f"without asking again {words}")
    else:
        assert not flagged


@pytest.mark.parametrize(
    ("approvers", "fires"),
    [
        ((CAROL.id,), True),
        ((TEAM.id,), True),
        ((OUTER.id,), True),
        (("somebody", OUTER.id), True),
        (("somebody",), False),
    ],
)
def test_approval_by_a_group_around_is_approval_by_its_own(approvers, fires):
    """Carol is in a team, and the team in another; groups in a circle end."""
    ends = [(CAROL, TEAM), (TEAM, OUTER), (OUTER, TEAM)]
    edges = [d.hop("member-of", *pair) for pair in ends]

    flagged = found(Activation(True, True, "PT1H", approvers), edges=edges)

    assert ("t1651_azure_approved_by_its_own" in flagged) is fires


def test_only_what_is_easy_to_activate_is_the_finding():
    flagged = found(Activation(False, True), Activation(True, True), None)

    finding = flagged["t1651_azure_eligible_without_mfa"]

    assert (finding.targets, finding.sample[0].name) == (1, "m0")
    assert finding.verdict is Verdict.ALLOWED


def test_policies_that_were_not_read_are_one_unknown_finding_of_the_tenant():
    """Never a clean bill, nor one for every principal."""
    flagged = found(None, None)

    assert flagged.keys() == CHECKS
    assert {one.verdict for one in flagged.values()} == {Verdict.UNKNOWN}
    assert {one.principal for one in flagged.values()} == {None}
    assert {one.scope for one in flagged.values()} == {f"azure:{d.TENANT}"}
    assert {one.targets for one in flagged.values()} == {2}


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (Standing.ELIGIBLE, {TEAM}),
        (Standing.PERMANENT, {CAROL}),
        (None, {CAROL}),
    ],
)
def test_what_a_member_may_activate_is_the_groups_finding(groups, expected):
    """Unless the group has it otherwise: it is joining the group that is activated."""
    why = AssignmentBecause("/x/providers/Microsoft.Authorization/y", "Owner", TEAM.id)
    easy = {"standing": Standing.ELIGIBLE, "activation": Activation(False, True)}
    given = [d.grant([CAROL], RUN, [d.azure_vm("m")], because=[why], **easy)]
    if groups is Standing.ELIGIBLE:
        given.append(d.grant([TEAM], RUN, [d.azure_vm("m")], because=[why], **easy))
    elif groups is not None:
        given.append(d.grant([TEAM], RUN, [d.azure_vm("m")], because=[why]))
    graph = build_graph([d.half(*given, provider=Provider.AZURE)])

    check = "t1651_azure_eligible_without_mfa"
    found = {one.principal for one in run_checks(graph) if one.check == check}

    assert found == expected


def test_a_partner_who_is_eligible_counts_like_everybody():
    partner = d.entra("msp", "foreign", external=True)

    flagged = found(Activation(False, False, "PT8H"), who=partner)

    assert flagged.keys() == {
        "t1651_azure_eligible_without_mfa",
        "t1651_azure_eligible_without_approval",
    }
