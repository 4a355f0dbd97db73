"""Every finding of the bundled example gets an honest answer in a mode."""

from pathlib import Path

import pytest
from planning import wishes

import scanner
from checks.catalogue import run_checks
from policies.plan import plan_remediations
from scanner.analysis import analyse
from scanner.evidence.reader import open_estate
from scanner.graph import build_graph


@pytest.fixture(scope="module")
def example():
    folder = Path(scanner.__file__).parent / "example" / "estate"
    analysis = analyse(open_estate(folder))
    graph = build_graph(analysis.decided)
    return analysis, graph, run_checks(graph, analysis.coverage)


@pytest.mark.parametrize("mode", ["tighten", "guardrail"])
def test_no_plan_of_the_example_contradicts_itself(example, mode):
    """What a mode cannot close is advice: a failed proof is a fault of the planner."""
    analysis, graph, findings = example

    planned = plan_remediations(analysis, graph, findings, wishes(mode=mode))

    failed = [
        (one.title, one.counterexample)
        for one in planned
        if (one.proof is None and one.closes != "advice") or one.status == "failed"
    ]
    assert failed == []
    assert sum(one.status.startswith("proven") for one in planned) > 90
