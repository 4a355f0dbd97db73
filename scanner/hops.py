"""What a chain of hops adds up to: its cost, verdict and conditions."""

from collections.abc import Iterable
from itertools import product
from math import prod
from typing import Protocol

from scanner.grants import Condition, Conditions, Confidence, Tier, Verdict

#: The kind of hop that is a command on a target, to go on as what the target is.
CAN_RUN = "can-run"
#: Vectors of these tiers end in code on the VM, which then acts as the VM's identity.
RUNS_CODE = (Tier.DIRECT, Tier.INDIRECT, Tier.ADJACENT)

#: Unknown hops, conditions, hops: compared in this order.
Cost = tuple[int, int, int]

#: A conjunction with more alternatives than this keeps only the simplest of each hop.
MOST_ALTERNATIVES = 256
_SIMPLEST = "only the simplest alternatives of the conditions along the path are shown"


class Step(Protocol):
    """A hop or a grant's decision: whatever a path is made of."""

    @property
    def verdict(self) -> Verdict: ...  # noqa: D102
    @property
    def conditions(self) -> Conditions: ...  # noqa: D102
    @property
    def confidence(self) -> Confidence: ...  # noqa: D102
    @property
    def reasons(self) -> tuple[str, ...]: ...  # noqa: D102


def cost_of(step: Step, hops: int = 1) -> Cost:
    """Return what a step adds to a path; a condition not spelt out counts one."""
    if step.verdict is Verdict.UNKNOWN:
        return (1, 0, hops)
    if step.verdict is Verdict.CONDITIONAL:
        return (0, min(map(len, step.conditions), default=1) or 1, hops)
    return (0, 0, hops)


def plus(one: Cost, other: Cost) -> Cost:
    """Add two costs."""
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])


def rank_of(cost: Cost) -> int:
    """Rank the verdict that a cost stands for: 0 allowed, 1 conditional, 2 unknown."""
    return 2 if cost[0] else 1 if cost[1] else 0


def verdict_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a chain: as good as its worst step, unknown before all."""
    found = set(verdicts)
    for worst in (Verdict.DENIED, Verdict.UNKNOWN, Verdict.CONDITIONAL):
        if worst in found:
            return worst
    return Verdict.ALLOWED


def and_all(parts: Iterable[Conditions]) -> tuple[Conditions, str]:
    """Join alternatives of several steps: one of each step must hold.

    Steps are separate requests, so equal keys with other values do not contradict.

    Returns:
        The alternatives of the whole, without those that another one implies, and why
        some were left out, or an empty string.
    """
    open_ = [part for part in parts if part]
    if not open_:
        return (), ""
    cut = ""
    if prod(map(len, open_)) > MOST_ALTERNATIVES:
        open_ = [
            (min(part, key=lambda alternative: len(alternative)),) for part in open_
        ]
        cut = _SIMPLEST
    joined = {
        tuple(sorted({condition for part in choice for condition in part}))
        for choice in product(*open_)
    }
    return _simplest(joined), cut


def _simplest(alternatives: set[tuple[Condition, ...]]) -> Conditions:
    kept: list[tuple[Condition, ...]] = []
    for alternative in sorted(alternatives, key=lambda one: (len(one), one)):
        if not any(set(one) <= set(alternative) for one in kept):
            kept.append(alternative)
    return tuple(kept)
