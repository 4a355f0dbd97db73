"""Is access used? What the usage evidence of a graph says of somebody's commands."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scanner.estate import Principal
from scanner.grants import Grant, Tier
from scanner.graph import AccessGraph
from scanner.usage import Use


class Judgement(StrEnum):
    """Whether somebody has used its commands in a number of days."""

    USED = "used"
    UNUSED = "unused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Commands:
    """What is known of the use of somebody's commands.

    `unused`: the grants that it has certainly not used.
    """

    judgement: Judgement
    unused: tuple[Grant, ...] = ()


def use_of_commands(
    graph: AccessGraph, principal: Principal, grants: Sequence[Grant], days: int
) -> Commands:
    """Say whether a principal has used any of some grants in the last days.

    One that it has used is enough. Unused are its commands when it has used none of
    those that command a machine directly; of the others, which services carry out,
    evidence knows little. A principal without direct ones is judged by all it has.

    Args:
        graph: with the usage that was collected.
        principal: who holds the grants.
        grants: of vectors that run commands.
        days: how long ago a use no longer counts.
    """
    uses = [(grant, _use(graph, principal, grant)) for grant in grants]
    if any(use is not None and use.used_within(days) for _, use in uses):
        return Commands(Judgement.USED)
    unused = tuple(g for g, use in uses if use is not None and use.unused_for(days))
    direct = [g for g in grants if g.vector.tier is Tier.DIRECT] or grants
    idle = set(map(id, unused))
    if not unused or any(id(grant) not in idle for grant in direct):
        return Commands(Judgement.UNKNOWN, unused)
    return Commands(Judgement.UNUSED, unused)


def works_daily(
    graph: AccessGraph, principal: Principal, grants: Sequence[Grant], days: int
) -> Judgement:
    """Say whether a principal that can run commands is in use, for anything at all."""
    seen = graph.usage[principal.provider].of(principal.id).seen
    if seen is not None and seen.used_within(days):
        return Judgement.USED
    if seen is not None and seen.unused_for(days):
        return Judgement.UNUSED
    return use_of_commands(graph, principal, grants, days).judgement


def _use(graph: AccessGraph, principal: Principal, grant: Grant) -> Use | None:
    usage = graph.usage[grant.vector.provider]
    return usage.of_vector(
        principal.id, grant.vector.id, graph.scopes_of([grant.targets])
    )
