"""Which role assignments stand behind an Azure grant, and how high they are."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from weakref import WeakKeyDictionary

from checks.access import Share
from checks.hits import COMMANDS
from scanner.estate import Principal, Provider
from scanner.grants import (
    AssignmentBecause,
    Grant,
    TargetSet,
    TargetSpace,
    Tier,
    bits_of,
)
from scanner.graph import AccessGraph

_OBJECT = re.compile(
    r"/?providers/microsoft\.(authorization|managedservices)/", re.IGNORECASE
)
_MANAGEMENT_GROUP = re.compile(
    r"/providers/microsoft\.management/managementgroups/([^/]+)$", re.IGNORECASE
)
_SUBSCRIPTION = re.compile(r"/subscriptions/[^/]+$", re.IGNORECASE)


#: Ids in order, with the position of their class, by graph and space.
_BELOW: WeakKeyDictionary[AccessGraph, dict[int, list[tuple[str, int]]]] = (
    WeakKeyDictionary()
)


#: What principals hold, by graph and id: several checks ask.
_HELD: "WeakKeyDictionary[AccessGraph, dict[str, tuple[Held, ...]]]"
_HELD = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Held:
    """A grant, one of the assignments that it rests on, and what that one gives."""

    grant: Grant
    because: AssignmentBecause
    targets: TargetSet


def held_directly(graph: AccessGraph, principal: Principal) -> tuple[Held, ...]:
    """Return the assignments that a principal holds itself and that run commands.

    What it holds through a group is the group's finding, unless the group is unknown.
    """
    known = _HELD.setdefault(graph, {})
    if principal.id not in known:
        known[principal.id] = tuple(_held(graph, principal))
    return known[principal.id]


def _held(graph: AccessGraph, principal: Principal) -> Iterator[Held]:
    for grant in graph.grants_of.get(principal.id, ()):
        vector = grant.vector
        if vector.provider is Provider.AZURE and vector.tier in COMMANDS:
            for why in grant.because_of(principal):
                if isinstance(why, AssignmentBecause) and _own(graph, principal, why):
                    yield Held(grant, why, _given(graph, grant, why.assignment))


def shares_of(held: Iterable[Held]) -> tuple[Share, ...]:
    """Return what some assignments give, grant by grant."""
    found: dict[Grant, int] = {}
    for one in held:
        found[one.grant] = found.get(one.grant, 0) | one.targets.bits
    return tuple(found.items())


def _given(graph: AccessGraph, grant: Grant, assignment: str) -> TargetSet:
    """Return the targets of a grant that one of its assignments gives.

    A grant adds up all assignments. Those at a subscription or below give what is below
    them; above, and where an Automation account stands between, all is taken.
    """
    scope = scope_of_assignment(assignment).lower()
    above = not scope.startswith("/subscriptions/")
    if above or grant.vector.tier is not Tier.DIRECT:
        return grant.targets
    space = grant.targets.space
    return TargetSet(space, grant.targets.bits & _below(graph, space, scope))


def _below(graph: AccessGraph, space: TargetSpace, scope: str) -> int:
    """Return the classes below a scope; no scope tells members of a class apart."""
    index = _BELOW.setdefault(graph, {})
    if id(space) not in index:
        index[id(space)] = sorted(
            (f"{members[0].id.lower()}/", position)
            for position, members in enumerate(space.classes)
        )
    ids = index[id(space)]
    start = bisect_left(ids, (f"{scope}/", 0))
    # "0" follows "/": whatever lies below the scope comes before it.
    end = bisect_left(ids, (f"{scope}0", 0))
    return bits_of((position for _, position in ids[start:end]), len(ids))


def _own(graph: AccessGraph, principal: Principal, why: AssignmentBecause) -> bool:
    group = why.group
    return group is None or group == principal.id or group not in graph.grants_of


@lru_cache(maxsize=65_536)
def scope_of_assignment(assignment: str) -> str:
    """Return the scope of an assignment or delegation from its id; `/` at the root."""
    found = list(_OBJECT.finditer(assignment))
    return (assignment[: found[-1].start()] if found else assignment) or "/"


@lru_cache(maxsize=65_536)
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
