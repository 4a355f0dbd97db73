"""Reasons in words: statements, assignments, conditions and hops, as people say them.

Texts from the cloud are put in as they are; the table that prints them escapes them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from scanner.classes import shown_hops
from scanner.grants import (
    AssignmentBecause,
    Because,
    Condition,
    Conditions,
    Decision,
    Edge,
)

_HOPS = {
    "assumes": "assumes",
    "member-of": "is a member of",
    "runs-as": "which runs as",
    "can-become": "can become",
    "delegated-to": "is delegated",
    "can-run": "runs commands on",
}


#: Members of an M1026 number that are told with another one.
_TOLD_ELSEWHERE = ("principals", "of", "unknown-share")
_OPTIONAL = ("approved", "break-glass", "scopes-not-read")


def because_lines(because: Sequence[Because], most: int = 3) -> list[str]:
    """Say what a verdict rests on, a line per statement or assignment."""
    lines = [_because(one) for one in because[:most]]
    left = len(because) - most
    return [*lines, f"and {left} more"] if left > 0 else lines


def _because(one: Because) -> str:
    if isinstance(one, AssignmentBecause):
        through = f" through group {one.group}" if one.group else ""
        return f"role {one.role}{through} by {one.assignment}"
    sid = f" ({one.sid})" if one.sid else ""
    return f"{one.effect} in {one.source}, statement {one.index}{sid}"


def conditions_words(conditions: Conditions) -> str:
    """Say what a request must satisfy: `a and b, or c`."""
    return ", or ".join(" and ".join(map(_condition, some)) for some in conditions)


def _condition(one: Condition) -> str:
    values = ", ".join(one.values)
    return f"{one.key} {one.operator} {values}".rstrip()


def hops_words(hops: Sequence[Edge]) -> str:
    """Say a path: each hop with where it leads; empty for a direct grant."""
    return ", ".join(f"{hop_words(hop)} {hop.target}" for hop in shown_hops(hops))


def hop_words(hop: Edge) -> str:
    """Say of what kind a hop is: `is a member of`."""
    return _HOPS.get(hop.kind, hop.kind)


def claim_words(numbers: Mapping[str, Any]) -> str:
    """Say one of the M1026 numbers: `principals 3 of 9, unknown 1 (10.0 %)`.

    What is optional in it, and does not occur, is left out.
    """
    number = numbers.get("principals")
    told = [] if "principals" not in numbers else [_principals(number, numbers)]
    rest = {k: v for k, v in numbers.items() if k not in _TOLD_ELSEWHERE}
    share = f" ({numbers.get('unknown-share', 0):.1%})"
    for name, value in rest.items():
        if value or name not in _OPTIONAL:
            told.append(f"{name} {value}{share if name == 'unknown' else ''}")
    return ", ".join(told)


def _principals(number: Any, numbers: Mapping[str, Any]) -> str:
    among = f" of {numbers['of']}" if "of" in numbers else ""
    return f"principals {'not known' if number is None else number}{among}"


def decision_words(decision: Decision) -> str:
    """Say what qualifies a verdict: its conditions, reasons and how long it lasts."""
    parts = []
    if decision.conditions:
        parts.append(f"only if {conditions_words(decision.conditions)}")
    if decision.reasons:
        parts.append("because " + ", ".join(decision.reasons))
    if decision.standing.value != "permanent":
        until = f" until {decision.standing_until}" if decision.standing_until else ""
        parts.append(decision.standing.value + until)
    if isinstance(decision.documents, tuple):
        parts.append("documents " + ", ".join(decision.documents))
    return "; ".join(parts)
