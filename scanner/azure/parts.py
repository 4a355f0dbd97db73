"""Sets of targets that share a decision: put over each other, and taken away from."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from scanner.azure.cuts import Cut
from scanner.azure.rbac.evaluation import doubted, either
from scanner.azure.rbac.truth import conjunction
from scanner.grants import Conditions, Decision, Verdict

#: Disjoint sets of target classes, each with its decision.
Parts = list[tuple[Decision, int]]


def less(parts: Parts, cut: Cut) -> Parts:
    """Take away what is cut, and say where that is not certain."""
    hits = [bits & cut.blocked for _, bits in parts] if cut.blocked else ()
    if any(hits):
        masked = ((d, bits ^ hit) for (d, bits), hit in zip(parts, hits, strict=True))
        parts = [(decision, bits) for decision, bits in masked if bits]
    for reason, bits in cut.unless:
        unsure = Decision(Verdict.UNKNOWN, reasons=(reason,))
        parts = list(_split(parts, bits, unsure))
    for reason, bits in cut.doubts:
        parts = list(_doubting(parts, bits, reason))
    for conditions, bits in cut.limits:
        parts = list(_limited(parts, bits, conditions))
    return parts


def overlaid(ranked: Iterable[tuple[Decision, int]]) -> Parts:
    """Make sets disjoint, given best first: the better decision takes the target.

    Where two conditional or two unknown ones meet, what they say adds up.
    """
    parts: Parts = []
    taken = 0
    for decision, bits in ranked:
        known = bits & taken
        if known:
            if decision.verdict is not Verdict.ALLOWED:
                parts = list(_added(parts, decision, known))
            bits ^= known
        if bits:
            parts.append((decision, bits))
            taken |= bits
    return joined(parts) if len(parts) > 1 else parts


def _added(
    parts: Parts, decision: Decision, bits: int
) -> Iterator[tuple[Decision, int]]:
    for known, covered in parts:
        meeting = covered & bits
        better = either(known, decision)
        if not meeting or better == known:
            yield known, covered
            continue
        yield better, meeting
        if covered != meeting:
            yield known, covered ^ meeting


def joined(parts: Iterable[tuple[Decision, int]]) -> Parts:
    """Join sets with equal decisions."""
    found: dict[Decision, int] = {}
    for decision, bits in parts:
        found[decision] = found.get(decision, 0) | bits
    return list(found.items())


def _split(
    parts: Parts, bits: int, instead: Decision
) -> Iterator[tuple[Decision, int]]:
    for decision, covered in parts:
        hit = covered & bits
        if hit:
            reasons = tuple(dict.fromkeys((*decision.reasons, *instead.reasons)))
            yield replace(instead, reasons=reasons), hit
        if covered != hit:
            yield decision, covered ^ hit


def _limited(
    parts: Parts, bits: int, conditions: Conditions
) -> Iterator[tuple[Decision, int]]:
    for decision, covered in parts:
        hit = covered & bits
        if hit:
            yield limited(decision, conditions), hit
        if covered != hit:
            yield decision, covered ^ hit


def limited(decision: Decision, conditions: Conditions) -> Decision:
    """Add conditions to a decision; what is unknown stays so."""
    if decision.verdict is Verdict.UNKNOWN:
        return decision
    rest = conjunction(decision.conditions, conditions)
    return replace(decision, verdict=Verdict.CONDITIONAL, conditions=rest)


def _doubting(parts: Parts, bits: int, reason: str) -> Iterator[tuple[Decision, int]]:
    for decision, covered in parts:
        hit = covered & bits
        if hit:
            yield doubted(decision, (reason,)), hit
        if covered != hit:
            yield decision, covered ^ hit
