"""Which role assignments stand behind an Azure grant, and how high they are."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanner.estate import Principal
from scanner.grants import AssignmentBecause, Grant
from scanner.graph import AccessGraph

_OBJECT = re.compile(
    r"/?providers/microsoft\.(authorization|managedservices)/", re.IGNORECASE
)
_MANAGEMENT_GROUP = re.compile(
    r"/providers/microsoft\.management/managementgroups/([^/]+)$", re.IGNORECASE
)
_SUBSCRIPTION = re.compile(r"/subscriptions/[^/]+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Held:
    """A grant and one of the assignments that it rests on."""

    grant: Grant
    because: AssignmentBecause


def held_directly(
    graph: AccessGraph, principal: Principal, grants: Iterable[Grant]
) -> Iterator[Held]:
    """Yield the assignments that a principal holds itself.

    What it holds through a group is the group's finding, unless the group is unknown.
    """
    for grant in grants:
        for why in grant.because_of(principal):
            if isinstance(why, AssignmentBecause) and _own(graph, principal, why):
                yield Held(grant, why)


def _own(graph: AccessGraph, principal: Principal, why: AssignmentBecause) -> bool:
    group = why.group
    return group is None or group == principal.id or group not in graph.grants_of


def scope_of_assignment(assignment: str) -> str:
    """Return the scope of an assignment or delegation from its id; `/` at the root."""
    found = list(_OBJECT.finditer(assignment))
    return (assignment[: found[-1].start()] if found else assignment) or "/"


def is_wide(assignment: str) -> bool:
    """True when an assignment is at a subscription, a management group or the root."""
    scope = scope_of_assignment(assignment)
    return scope == "/" or bool(
        _SUBSCRIPTION.fullmatch(scope) or _MANAGEMENT_GROUP.fullmatch(scope)
    )


def scope_level(assignment: str) -> str:
    """Say where a wide assignment is, in words."""
    scope = scope_of_assignment(assignment)
    group = _MANAGEMENT_GROUP.fullmatch(scope)
    if scope == "/":
        return "the root"
    return f"management group {group[1]}" if group else "a subscription"
