"""How bad a finding is: reach x exposure x ease x confidence, never taste.

* reach: 3 every node of an account or subscription, 2 nodes told apart by a tag or more
  than nine named ones, 1 fewer, 0 none yet;
* exposure: 2 for somebody else's principal, 1 for one of ours;
* ease: 3 for standing access to any code, one less for each of: a condition must hold,
  only listed documents run, the access is not permanent, it takes hops (at least 1; an
  outsider enters a role as a matter of course, so its hops do not count);
* confidence: one level down when the verdict is inferred, two when it is unknown.

The product of the first three gives the level: 12 critical, 6 high, 3 medium, 1 low. A
check's own severity is the most that its findings can have.
"""

from dataclasses import dataclass

from checks.finding import Severity

#: From worst to least.
LEVELS = tuple(Severity)
_FLOORS = (12, 6, 3, 1, 0)
_REACH = {"every-node": 3, "tagged-nodes": 2, "named-nodes": 1, "none-yet": 0}
_MANY = 10


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
    reach = _REACH[risk.reach_kind]
    if reach == 1 and risk.targets >= _MANY:
        reach = 2
    harder = (risk.conditional, risk.listed_documents, risk.temporary, risk.by_hops)
    score = reach * (2 if risk.external else 1) * max(1, 3 - sum(harder))
    level = next(n for n, floor in enumerate(_FLOORS) if score >= floor)
    level += 2 if risk.unknown else 1 if risk.inferred else 0
    return LEVELS[min(max(level, LEVELS.index(most)), len(LEVELS) - 1)]
