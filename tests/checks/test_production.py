"""Who gets into production from outside: by itself, by hops, from another account."""

import decided as d
import pytest

from checks.catalogue import run_checks
from scanner.config import Config, Stage
from scanner.grants import Decided, Verdict
from scanner.graph import build_graph

CHECK = "t1651_aws_production_from_outside"
SEND = "ssm:SendCommand"
LIVE, TEST = d.vm("i-live", env="prod"), d.vm("i-test", env="test")
OPS, CI, APP = d.role("ops"), d.role("ci", d.OTHER), d.role("app")


def fired(half: Decided, config: Config = Config()):  # noqa: B008 - immutable
    found = run_checks(build_graph([half]), config=config)
    return [one for one in found if one.check == CHECK]


def half(*edges, given=None) -> Decided:
    grant = given or d.grant([OPS], SEND, [LIVE, TEST], documents="any")
    return d.half(grant, edges=edges, principals=[OPS, CI, APP])


def test_hops_from_the_machine_to_production_are_the_path():
    """Machine, its role, the role that it assumes: only production nodes count."""
    edges = [d.hop("runs-as", TEST, APP), d.hop("assumes", APP, OPS)]

    (finding,) = fired(half(*edges))

    assert finding.principal == APP
    assert [hop.kind for hop in finding.path] == ["runs-as", "assumes"]
    assert (finding.sample, finding.targets) == ((LIVE,), 1)
    assert finding.vectors == (SEND,)


def test_more_hops_are_followed_past_those_who_command_nothing_there():
    """The first role on the way commands machines outside production only."""
    own = d.grant([APP], SEND, [TEST])
    command = d.grant([OPS], SEND, [LIVE])
    edges = [d.hop("runs-as", TEST, APP), d.hop("assumes", APP, OPS)]

    (finding,) = fired(d.half(own, command, edges=edges))

    assert (finding.principal, finding.sample) == (APP, (LIVE,))


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [(Verdict.UNKNOWN, Verdict.UNKNOWN), (Verdict.ALLOWED, Verdict.ALLOWED)],
)
def test_an_unknown_hop_makes_the_finding_unknown(verdict, expected):
    edges = [d.hop("runs-as", TEST, APP), d.hop("assumes", APP, OPS, verdict)]

    (finding,) = fired(half(*edges))

    assert finding.verdict is expected


def test_a_denied_hop_leads_nowhere():
    denied = Verdict.DENIED

    assert not fired(
        half(d.hop("runs-as", TEST, APP), d.hop("assumes", APP, OPS, denied))
    )
    assert not fired(
        half(d.hop("runs-as", TEST, APP, denied), d.hop("assumes", APP, OPS))
    )


@pytest.mark.parametrize(("scopes", "fires"), [((d.OTHER,), True), ((), False)])
def test_whoever_lives_in_an_account_outside_production_counts(scopes, fires):
    config = Config("w.toml", non_production=Stage(scopes=scopes))

    found = fired(half(d.hop("assumes", CI, OPS)), config)

    assert [one.principal for one in found] == ([CI] if fires else [])
    for one in found:
        assert "of an account outside production" in one.message


@pytest.mark.parametrize(
    ("tags", "scopes", "fires"),
    [
        (("env=live",), (), False),
        (("env=p*",), (), True),
        ((), (d.ACCOUNT,), False),
    ],
)
def test_what_is_production_is_what_the_file_says(tags, scopes, fires):
    """An account that is production as a whole has nothing outside it."""
    config = Config("w.toml", production=Stage(tags, scopes))

    assert bool(fired(half(d.hop("runs-as", TEST, OPS)), config)) is fires
