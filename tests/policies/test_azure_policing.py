"""Z6: a policy that denies extensions and managed run commands, proven."""

import azure_estates as e
import azure_policies as p
import pytest
from planning import holds, kinds, wishes

from checks.catalogue import run_checks
from policies.plan import plan_remediations
from scanner.analysis import analyse
from scanner.cli import main
from scanner.config import DEFAULTS
from scanner.evidence.reader import open_estate
from scanner.graph import build_graph

SUB = e.subscription_scope()
TOO_MANY = "t1651_azure_too_many_principals"
WRITER = e.role("Writer", e.block([e.EXTENSION, e.MANAGED_RUN, "Microsoft.Insights/*"]))
RUNNER = e.role("Runner", e.block([e.RUN, e.EXTENSION]))
OWNER = e.role("Owner", e.block(["*"]), custom=False)
PEOPLE = [f"u{n}" for n in range(DEFAULTS.thresholds.principals_per_scope + 2)]


def extension(kind):
    return {"type": "x/extensions", "properties": {"type": kind}}


def planned(root, role, *, wanted=None, in_use=None, more=(), lines=()):
    """Plan for a subscription in which too many hold a role, and none is excluded."""
    vms = [e.machine(e.vm_id(name)) for name in ("vm", "db")]
    if in_use is not None:
        vms = [{**one, "resources": [extension(k) for k in in_use]} for one in vms]
    name = role["properties"]["roleName"]
    given = [e.assignment(who, name, SUB) for who in PEOPLE]
    tenant = e.tenant_lines(
        roles=[role, OWNER],
        assignments=[*given, *more],
        users=[e.user(name) for name in (*PEOPLE, "boss")],
    )
    below = e.subscription_lines(vms=vms, workers=())
    e.write_azure(root, [*tenant, *lines], (e.SUB, below))
    analysis = analyse(open_estate(root))
    graph = build_graph(analysis.decided)
    findings = [f for f in run_checks(graph, analysis.coverage) if f.check == TOO_MANY]
    wants = wishes(**{"mode": "guardrail", **(wanted or {})})
    (found,) = plan_remediations(analysis, graph, findings, wants)
    return found


def test_a_policy_is_proven_to_take_the_writes_of_everybody(tmp_path):
    found = planned(tmp_path, WRITER)

    assert (found.status, kinds(found)) == ("proven", ["Z6", "Z6"])
    assert {one.vector for one in found.proof.removed} == {e.EXTENSION, e.MANAGED_RUN}
    assert {one.principal for one in found.proof.removed} == set(map(e.guid, PEOPLE))
    assert found.closes == "fully"
    assert found.proof.other_actions.different == ()
    assert found.proof.back


def test_it_never_claims_the_post(tmp_path):
    found = planned(tmp_path, RUNNER)

    assert {one.vector for one in found.proof.removed} == {e.EXTENSION}
    assert found.closes == "partly"
    assert any("runCommand/action" in one for one in found.side_effects)


def test_extensions_in_use_stay_approved(tmp_path):
    found = planned(tmp_path, WRITER, in_use=["AzureMonitorLinuxAgent"])

    assert (found.status, kinds(found)) == ("proven", ["Z6", "Z6"])
    (one,) = {change.after for change in found.proof.narrowed}
    assert one.endswith(f"when {p.KIND} in AzureMonitorLinuxAgent")
    assert {one.vector for one in found.proof.removed} == {e.MANAGED_RUN}


def test_whoever_undoes_it_is_named_and_no_counterexample(tmp_path):
    """An owner gets the writes back by the policy's end: that opens nothing new."""
    found = planned(tmp_path, WRITER, more=[e.assignment("boss", "Owner", SUB)])

    assert holds(found), found.counterexample
    assert found.closes == "partly"
    assert "Microsoft.Authorization/policyAssignments/delete by boss" in found.remaining
    assert any("can undo it" in one for one in found.side_effects)


@pytest.mark.parametrize(
    "wanted",
    [
        {"keep": ({"principal": e.guid("u0")},)},
        {"mode": "tighten"},
        {"mode": None},
    ],
)
def test_it_is_no_change_where_somebody_keeps_access_or_wants_no_guard_rail(
    tmp_path, wanted
):
    found = planned(tmp_path, WRITER, wanted=wanted)

    assert found.closes == "advice"
    assert bool(found.changes) is ("keep" not in wanted)


def test_a_policy_that_is_there_is_not_made_again(tmp_path):
    first = planned(tmp_path / "a", RUNNER)
    made = [change.after for change in first.changes]
    lines = p.policy_lines([made[1]], [made[0]])
    found = planned(tmp_path / "b", RUNNER, lines=lines)

    assert (found.closes, found.changes) == ("advice", ())


def test_the_bundle_is_written_and_verified_and_fails_once_it_is_loosened(
    tmp_path, capsys
):
    planned(tmp_path / "estate", WRITER)
    out = tmp_path / "out"
    asked = ["remediate", str(tmp_path / "estate")]

    assert main([*asked, "--out", str(out), "--mode", "guardrail"]) in (0, 3)
    assert main([*asked, "--verify", str(out)]) in (0, 3), capsys.readouterr()
    texts = {one: one.read_text() for one in out.glob("*/after/01.json")}
    file = next(one for one, text in texts.items() if "policyRule" in text)
    for ending, name in ((".bicep", "policyDefinitions"), (".tf", "azurerm_policy_d")):
        written = file.parents[1].rglob(f"*{ending}")
        assert any(name in one.read_text() for one in written), ending
    file.write_text(texts[file].replace('"deny"', '"audit"'))
    assert main([*asked, "--verify", str(out)]) == 1
