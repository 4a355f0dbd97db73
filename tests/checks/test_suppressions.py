"""Findings that somebody has answered for are shown with the reason, never hidden."""

from datetime import date, timedelta

import decided as d
import pytest

from checks.catalogue import catalogue, run_checks
from checks.claims import claims
from checks.suppressions import Weighed, weigh
from scanner.config import Acceptance, Approved, Config, Identities, Stage, Thresholds
from scanner.coverage import Coverage, ScopeCoverage
from scanner.estate import Gap, Provider
from scanner.evidence.outcomes import Outcome
from scanner.grants import AssignmentBecause, Decided, Verdict
from scanner.graph import build_graph

SEND, RUN = "ssm:SendCommand", "Microsoft.Compute/virtualMachines/runCommand/action"
FLEET = d.vms("i-1", "i-2")
OPS, DEPLOY = d.role("ops"), d.role("deploy")
EVERY = "t1651_aws_any_document_every_node"
TODAY = date(2026, 11, 24)
ESTATE = d.half(
    d.grant([OPS, DEPLOY, d.user("alice")], SEND, FLEET, documents="any"),
)


def weighed(config: Config, *halves: Decided, coverage=None) -> Weighed:
    graph = build_graph(halves or [ESTATE])
    findings = run_checks(graph, coverage, config)
    return weigh(findings, graph, config, catalogue(), TODAY)


def accept(**selector) -> Acceptance:
    chosen = {"expires": TODAY, **selector}
    return Acceptance("accept[1]", "rolled out", "ops@example.com", **chosen)


def accepting(*given: Acceptance) -> Config:
    return Config("w.toml", accept=given)


def found(config: Config = Config(), *halves: Decided):  # noqa: B008 - immutable
    return weighed(config, *halves).findings


#: The finding about `ops`, among those about all three.
(OPS_FINDING,) = [one for one in found() if one.principal == OPS]


# ---- suppressions ----


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({"finding": OPS_FINDING.fingerprint}, True),
        ({"finding": "wcr1:000000000000"}, False),
        ({"check": EVERY, "principal": OPS.id}, True),
        ({"check": EVERY, "principal": OPS.id.upper()}, True),
        ({"check": EVERY, "principal": "arn:aws:iam::*:role/op?"}, True),
        ({"check": EVERY, "principal": OPS.name}, False),
        ({"check": "t1651_aws_iam_user", "principal": OPS.id}, False),
        ({"check": EVERY, "scope": f"aws:{d.ACCOUNT}"}, True),
        ({"check": EVERY, "scope": f"aws:{d.OTHER}"}, False),
        ({"check": EVERY, "scope": "aws:*"}, False),
        (
            {"finding": OPS_FINDING.fingerprint, "check": "t1651_aws_iam_user"},
            False,
        ),
    ],
)
def test_a_suppression_fits_when_all_that_it_names_does(selector, fits):
    result = weighed(accepting(accept(**selector)))

    suppressed = {one.finding.fingerprint for one in result.suppressed}
    assert (OPS_FINDING.fingerprint in suppressed) is fits
    assert (OPS_FINDING in result.findings) is not fits
    assert bool(result.warnings) is not fits


def test_a_suppressed_finding_keeps_its_reason_owner_and_last_day():
    config = accepting(accept(finding=OPS_FINDING.fingerprint, ticket="SEC-1"))

    (one,) = weighed(config).suppressed

    assert one.finding == OPS_FINDING
    assert (one.by, one.reason, one.owner) == (
        "accept[1]",
        "rolled out",
        "ops@example.com",
    )
    assert (one.until, one.ticket) == (TODAY, "SEC-1")


def test_nothing_is_lost_and_nothing_counts_twice():
    result = weighed(accepting(accept(check=EVERY, scope=f"aws:{d.ACCOUNT}")))

    parts = [*result.findings, *(one.finding for one in result.suppressed)]
    assert sorted(one.fingerprint for one in parts) == sorted(
        one.fingerprint for one in found()
    )


@pytest.mark.parametrize(("days", "holds"), [(-1, False), (0, True), (1, True)])
def test_a_suppression_holds_to_the_end_of_its_last_day(days, holds):
    """Then its findings are back, and a warning names the entry and its owner."""
    expires = TODAY + timedelta(days)
    selector = {"finding": OPS_FINDING.fingerprint, "expires": expires}

    result = weighed(accepting(accept(**selector)))

    assert (OPS_FINDING not in result.findings) is holds
    if holds:
        assert result.warnings == ()
    else:
        (warning,) = result.warnings
        assert "w.toml: accept[1] (ops@example.com: rolled out)" in warning
        assert f"expired on {expires}: what it fits counts again" in warning


def test_another_suppression_may_still_hold_what_an_expired_one_did():
    old = accept(finding=OPS_FINDING.fingerprint, expires=TODAY - timedelta(1))
    new = Acceptance("accept[2]", "r", "o", TODAY, check=EVERY, principal=OPS.id)

    result = weighed(accepting(old, new))

    assert [one.by for one in result.suppressed] == ["accept[2]"]


def test_an_old_suppression_that_fits_nothing_says_so():
    past = accept(finding="wcr1:000000000000", expires=TODAY - timedelta(1))

    (warning,) = weighed(accepting(past)).warnings

    assert "no finding fits it" in warning


def test_what_a_check_could_not_see_can_be_accepted_by_name():
    """Its scope is `aws:*`, which fits no other finding."""
    refused = Outcome.REFUSED
    gap = Gap(Provider.AWS, d.ACCOUNT, "*", "", "{}", refused, "AccessDenied", "open")
    scope = ScopeCoverage(
        Provider.AWS, "account", d.ACCOUNT, "", "partial", None, 3, 2, (gap,)
    )
    config = accepting(accept(check=EVERY, scope="aws:*"))

    result = weighed(config, coverage=Coverage((scope,)))

    (one,) = result.suppressed
    assert (one.finding.verdict, one.finding.scope) == (Verdict.UNKNOWN, "aws:*")


# ---- approvals ----


def approving(**who: tuple[str, ...]) -> Config:
    return Config("w.toml", approved=Approved(**who))


def settled(config: Config, *halves: Decided) -> set[str]:
    result = weighed(config, *halves)
    assert result.warnings == ()
    return {one.finding.check for one in result.suppressed}


ALICE = d.user("alice")
OWNER = AssignmentBecause(
    f"/subscriptions/{d.SUBSCRIPTION}/providers/Microsoft.Authorization"
    "/roleAssignments/1",
    "Owner",
    None,
)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("principals", {EVERY}),
        ("break_glass", {EVERY, "t1651_aws_iam_user"}),
    ],
)
def test_an_approval_settles_how_much_and_break_glass_the_key_as_well(kind, expected):
    assert settled(approving(**{kind: (ALICE.id,)})) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("principals", {"t1651_azure_wide_scope"}),
        ("break_glass", {"t1651_azure_wide_scope", "t1651_azure_permanent_access"}),
    ],
)
def test_only_break_glass_access_may_be_permanent(kind, expected):
    carol = d.entra("carol")
    half = d.half(
        d.grant([carol], RUN, [d.azure_vm("v")], because=[OWNER]),
        provider=Provider.AZURE,
    )

    assert settled(approving(**{kind: (carol.id,)}), half) == expected


@pytest.mark.parametrize("external_id", [True, False])
def test_a_partner_is_settled_but_not_that_its_external_id_is_missing(external_id):
    partner = d.outsider()
    conditions = d.when("sts:ExternalId", "contract-17") if external_id else ()
    entry = d.hop("assumes", partner, OPS, conditions=conditions)
    half = d.half(d.grant([OPS], SEND, FLEET), edges=[entry], principals=[partner])
    expected = {"t1651_aws_external_account"} if external_id else set()

    assert settled(approving(partners=(d.PARTNER,)), half) == expected


def test_a_lateral_path_is_settled_by_no_approval():
    carrier = d.hop("runs-as", FLEET[0], OPS)
    half = d.half(d.grant([OPS], SEND, FLEET), edges=[carrier])

    assert settled(approving(break_glass=(OPS.id,)), half) == set()


@pytest.mark.parametrize(
    ("approved", "too_many"), [((), True), ((OPS.id,), False), ((ALICE.id,), False)]
)
def test_approved_principals_do_not_count_towards_a_threshold(approved, too_many):
    config = Config(
        "w.toml",
        Thresholds(principals_per_scope=2),
        Approved(principals=approved),
    )

    checks = {one.check for one in found(config)}

    assert ("t1651_aws_too_many_principals" in checks) is too_many


def test_the_numbers_count_approved_ones_as_well_and_beside():
    config = approving(principals=(OPS.id,), break_glass=(ALICE.id,))

    count = claims(build_graph([ESTATE]), config)["count"]

    assert (count["principals"], count["approved"], count["break-glass"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("said", "human"),
    [({}, 1), ({"people": (OPS.id,)}, 2), ({"workloads": (ALICE.id,)}, 0)],
)
def test_who_is_behind_a_principal_can_be_said(said, human):
    config = Config("w.toml", identities=Identities(**said))

    assert claims(build_graph([ESTATE]), config)["count"]["human"] == human


# ---- what fits nothing ----

NOBODY = ("arn:aws:iam::111122223333:role/gone",)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (Config("w.toml", approved=Approved(principals=NOBODY)), "approved.principals"),
        (Config("w.toml", approved=Approved(partners=(d.PARTNER,))), "partners"),
        (Config("w.toml", approved=Approved(partners=(ALICE.id,))), "partners"),
        (Config("w.toml", approved=Approved(break_glass=NOBODY)), "break_glass"),
        (Config("w.toml", identities=Identities(people=NOBODY)), "identities.people"),
        (Config("w.toml", identities=Identities(workloads=NOBODY)), "workloads"),
        (Config("w.toml", production=Stage(("env=prod",))), "production.tags"),
        (Config("w.toml", production=Stage((), (d.OTHER,))), "production.scopes"),
        (Config("w.toml", non_production=Stage(("a=b",))), "non_production.tags"),
        (
            Config("w.toml", non_production=Stage((), (d.OTHER,))),
            "non_production.scopes",
        ),
    ],
)
def test_what_fits_nothing_here_is_warned_about(config, key):
    (warning,) = weighed(config).warnings

    assert key in warning
    assert "fits nothing here" in warning


def test_what_fits_something_is_not():
    half = d.half(d.grant([OPS], SEND, [d.vm("i-1", env="prod")]))
    config = Config(
        "w.toml",
        approved=Approved(principals=(OPS.id,)),
        production=Stage(("env=prod",), (d.ACCOUNT,)),
    )

    assert weighed(config, half).warnings == ()
