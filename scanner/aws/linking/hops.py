"""Making edges: an evaluation as a hop, and the reasons that are not statements."""

from collections.abc import Iterable

from scanner.aws.iam.formulas import Settled
from scanner.grants import Because, Confidence, Edge, Verdict

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
