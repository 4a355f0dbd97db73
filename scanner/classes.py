"""Classes of callers: nodes of hops that the engine made, and that nobody is shown.

A thousand identities that may enter the same thousand roles are joined to them through
one node; those of several accounts through a node of each account, and one over these.
It holds nothing and is nobody; what a person sees goes from the identity to the role.
"""

from collections.abc import Sequence
from dataclasses import replace

from scanner.estate import Principal
from scanner.grants import Confidence, Edge
from scanner.hops import Cost, and_all, cost_of, verdict_of

CLASS = "class"
#: What an identity could make of itself: a node that only hops lead to. It holds what
#: it would hold, in `Decided.beyond`.
POWER = "power"
#: How ids of classes begin (`class:aws:sts:AssumeRole:0`); no principal's does.
CLASS_PREFIX = "class:"


def is_class(principal: Principal) -> bool:
    """True for a node that only stands for other principals."""
    return principal.kind == CLASS


def is_somebody(principal: Principal) -> bool:
    """True for a principal that exists and can be asked about."""
    return principal.kind not in (CLASS, POWER)


def hop_cost(hop: Edge) -> Cost:
    """Return what a hop adds to a path; into a class of callers it is no hop."""
    return cost_of(hop, hops=0 if hop.target.startswith(CLASS_PREFIX) else 1)


def shown_hops(hops: Sequence[Edge]) -> tuple[Edge, ...]:
    """Return a path's hops between real principals: those through classes are one."""
    found: list[Edge] = []
    for hop in hops:
        if (
            found
            and hop.source == found[-1].target
            and hop.source.startswith(CLASS_PREFIX)
        ):
            found.append(_joined(found.pop(), hop))
        else:
            found.append(hop)
    return tuple(found)


def _joined(into: Edge, out: Edge) -> Edge:
    """Return the hop that the way into a class and the way out of it stand for."""
    both = (into, out)
    certain = all(one.confidence is Confidence.CERTAIN for one in both)
    return replace(
        out,
        source=into.source,
        verdict=verdict_of(one.verdict for one in both),
        conditions=and_all(one.conditions for one in both)[0],
        confidence=Confidence.CERTAIN if certain else Confidence.INFERRED,
        reasons=tuple(dict.fromkeys((*into.reasons, *out.reasons))),
        because=tuple(dict.fromkeys((*into.because, *out.because))),
    )
