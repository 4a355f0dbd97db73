"""Making edges: an evaluation as a hop, and the reasons that are not statements."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from scanner.aws.iam.formulas import Settled
from scanner.grants import Because, Confidence, Edge, Verdict
from scanner.hops import Step, and_all, verdict_of

ASSUMES, MEMBER_OF = "assumes", "member-of"
RUNS_AS, DELEGATED_TO = "runs-as", "delegated-to"


def settled_edge(
    kind: str, source: str, target: str, settled: Settled, because: Iterable[Because]
) -> Edge:
    """Return a hop that rests on policies."""
    return Edge(
        kind,
        source,
        target,
        settled.verdict,
        settled.conditions,
        settled.confidence,
        settled.reasons,
        tuple(because),
    )


def unknown_edge(kind: str, source: str, target: str, reason: str) -> Edge:
    """Return a hop that missing evidence would decide."""
    return Edge(
        kind,
        source,
        target,
        Verdict.UNKNOWN,
        confidence=Confidence.INFERRED,
        reasons=(reason,),
    )


def after(steps: Sequence[Step], last: Edge) -> Edge:
    """Return a hop that only whoever takes other steps before can take.

    Args:
        steps: the verdicts of these steps.
        last: the hop itself, with all that it rests on.
    """
    steps = (*steps, last)
    certain = all(one.confidence is Confidence.CERTAIN for one in steps)
    verdict = verdict_of(one.verdict for one in steps)
    conditions = and_all(one.conditions for one in steps)[0]
    return replace(
        last,
        verdict=verdict,
        conditions=conditions if verdict is Verdict.CONDITIONAL else (),
        confidence=Confidence.CERTAIN if certain else Confidence.INFERRED,
        reasons=tuple(dict.fromkeys(r for one in steps for r in one.reasons)),
    )
