"""Which role assignments stand behind an Azure grant, and how high they are."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from checks.access import Share
from checks.hits import is_command
from checks.once import once
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


@dataclass(frozen=True, slots=True)
class Held:
    """A grant, one of the assignments that it rests on, and what that one gives."""

    grant: Grant
    because: AssignmentBecause
    targets: TargetSet


class _Known:
    """What was worked out for a graph, each once: several checks ask.

    Attributes:
        held: what principals hold, by id.
        ids: of each space, ids of targets in order with the position of their class.
        below: the classes of a space below a scope.
        given: what an assignment gives of some targets, by their identity.
    """

    def __init__(self, graph: AccessGraph) -> None:
        """Begin with nothing."""
        self.held: dict[str, tuple[Held, ...]] = {}
        self.ids: dict[int, list[tuple[str, int]]] = {}
        self.below: dict[tuple[int, str], int] = {}
        self.given: dict[tuple[int, str], TargetSet] = {}


def held_directly(graph: AccessGraph, principal: Principal) -> tuple[Held, ...]:
    """Return the assignments that a principal holds itself and that run commands.

    What it holds through a group is the group's finding, unless the group is unknown.
    """
    known = once(graph, _Known)
    if principal.id not in known.held:
        known.held[principal.id] = tuple(_held(graph, known, principal))
    return known.held[principal.id]


def _held(graph: AccessGraph, known: _Known, principal: Principal) -> Iterator[Held]:
    resting: dict[int, tuple[AssignmentBecause, ...]] = {}
    for grant in graph.grants_of.get(principal.id, ()):
        if is_command(grant, Provider.AZURE):
            basis = id(grant.because_of)  # vectors that are answered alike share it
            if basis not in resting:
                resting[basis] = tuple(_own(graph, principal, grant))
            for why in resting[basis]:
                yield Held(grant, why, _given(known, grant, why.assignment))


def shares_of(held: Iterable[Held]) -> tuple[Share, ...]:
    """Return what some assignments give, grant by grant."""
    found: dict[Grant, int] = {}
    for one in held:
        before, bits = found.get(one.grant), one.targets.bits
        found[one.grant] = bits if before is None else before | bits
    return tuple(found.items())


def _given(known: _Known, grant: Grant, assignment: str) -> TargetSet:
    """Return the targets of a grant that one of its assignments gives.

    A grant adds up all assignments. Those at a subscription or below give what is below
    them; above, and where an Automation account stands between, all is taken.
    """
    if grant.vector.tier is not Tier.DIRECT:
        return grant.targets
    key = (id(grant.targets), assignment)
    found = known.given.get(key)
    if found is None:
        found = known.given[key] = _part(known, grant.targets, assignment)
    return found


def _part(known: _Known, targets: TargetSet, assignment: str) -> TargetSet:
    scope = scope_of_assignment(assignment).lower()
    if not scope.startswith("/subscriptions/"):
        return targets
    key = (id(targets.space), scope)
    if key not in known.below:
        known.below[key] = _below(known, targets.space, scope)
    bits = targets.bits & known.below[key]
    return targets if bits == targets.bits else TargetSet(targets.space, bits)


def _below(known: _Known, space: TargetSpace, scope: str) -> int:
    """Return the classes below a scope; no scope tells members of a class apart."""
    if id(space) not in known.ids:
        known.ids[id(space)] = sorted(
            (f"{members[0].id.lower()}/", position)
            for position, members in enumerate(space.classes)
        )
    ids = known.ids[id(space)]
    start = bisect_left(ids, (f"{scope}/", 0))
    # "0" follows "/": whatever lies below the scope comes before it.
    end = bisect_left(ids, (f"{scope}0", 0))
    return bits_of((position for _, position in ids[start:end]), len(ids))


def _own(
    graph: AccessGraph, principal: Principal, grant: Grant
) -> Iterator[AssignmentBecause]:
    """Yield the assignments of a grant that its holder holds itself."""
    for why in grant.because_of(principal):
        if isinstance(why, AssignmentBecause):
            group = why.group
            if group is None or group == principal.id or group not in graph.grants_of:
                yield why


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
