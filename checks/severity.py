"""How bad a finding is: reach x exposure x ease x confidence, never taste.

The factors, and what each counts, stand in the tables of this module; `docs/checks.md`
prints them. Reach, exposure and ease are multiplied, and the product gives the level.
Confidence takes levels away: what is only inferred, or unknown, is never as bad as what
is certain. A check's own severity is the most that its findings can have.
"""

from dataclasses import dataclass

from checks.finding import Severity

RULE = "reach x exposure x ease x confidence"

#: From worst to least.
LEVELS = tuple(Severity)
#: The least product of reach, exposure and ease that gives a level.
FLOORS = {
    Severity.CRITICAL: 12,
    Severity.HIGH: 6,
    Severity.MEDIUM: 3,
    Severity.LOW: 1,
    Severity.INFO: 0,
}
#: Every node of an account or subscription, nodes told apart by a tag, named ones.
REACH = {"every-node": 3, "tagged-nodes": 2, "named-nodes": 1, "none-yet": 0}
#: So many named nodes count as much as tagged ones.
MANY = 10
#: Somebody else's principal: whom it serves, and who leaves, others decide.
EXPOSURE = {"a principal of ours": 1, "somebody else's principal": 2}
#: Standing access to any code. Each of `HARDER` takes one away, down to 1.
EASE = 3
#: Facts of a `Risk` that make it harder to use, in words.
HARDER = {
    "conditional": "a condition on the request must hold",
    "listed_documents": "only listed documents run",
    "temporary": "the access is not permanent",
    "by_hops": "it takes hops (an outsider enters a role as a matter of course: its "
    "hops do not count)",
}
#: Levels that a doubt takes away.
DOUBT = {"certain": 0, "inferred": 1, "unknown": 2}


@dataclass(frozen=True, slots=True)
class Risk:
    """What the rule looks at."""

    reach_kind: str
    targets: int
    external: bool = False
    conditional: bool = False
    listed_documents: bool = False
    temporary: bool = False
    by_hops: bool = False
    inferred: bool = False
    unknown: bool = False


def severity_of(risk: Risk, most: Severity = Severity.CRITICAL) -> Severity:
    """Apply the rule; `most` is the severity of the check."""
    reach = REACH[risk.reach_kind]
    if risk.reach_kind == "named-nodes" and risk.targets >= MANY:
        reach = REACH["tagged-nodes"]
    ours, theirs = EXPOSURE.values()
    exposure = theirs if risk.external else ours
    ease = max(1, EASE - sum(getattr(risk, fact) for fact in HARDER))
    score = reach * exposure * ease
    level = next(n for n, one in enumerate(LEVELS) if score >= FLOORS[one])
    level += DOUBT[_certainty(risk)]
    return LEVELS[min(max(level, LEVELS.index(most)), len(LEVELS) - 1)]


def _certainty(risk: Risk) -> str:
    if risk.unknown:
        return "unknown"
    return "inferred" if risk.inferred else "certain"
