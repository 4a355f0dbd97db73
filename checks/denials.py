"""Denials of one command that leave the others: they look like a guard and are none."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from checks.access import held
from checks.azure_assignments import held_directly
from checks.context import Context
from checks.crowds import apart, in_crowds
from checks.declared import check
from checks.hits import Hit, hit_on_held, listed, scope_of
from checks.ours import commands_of_ours
from checks.wordings import SIBLINGS
from scanner.estate import Principal, Provider, Target
from scanner.grants import AssignmentBecause, Because, Grant, Tier, Vector
from scanner.graph import AccessGraph

_ALL_THE_SAME = "and can run commands all the same"
_DENY = "/denyassignments/"


def _vectors(provider: Provider, *ids: str) -> tuple[Vector, ...]:
    return tuple(Vector(one, provider, Tier.DIRECT) for one in ids)


#: What people deny first, by the kind of target that it is for.
_SSM = _vectors(Provider.AWS, "ssm:SendCommand", "ssm:StartSession")
_DENIED: Mapping[str, tuple[Vector, ...]] = {
    "ec2": _SSM,
    "ssm-node": _SSM,
    "vm": _vectors(Provider.AZURE, *SIBLINGS[0]),
    "vmss": _vectors(Provider.AZURE, *SIBLINGS[1]),
    "arc": _vectors(Provider.AZURE, *SIBLINGS[2]),
}


@check
def t1651_aws_denial_leaves_others(context: Context) -> Iterator[Hit]:
    """Look at what policies deny."""
    return _hits(context, Provider.AWS)


@check
def t1651_azure_denial_leaves_others(context: Context) -> Iterator[Hit]:
    """Look at what deny assignments deny."""
    return _hits(context, Provider.AZURE)


class _Left(NamedTuple):
    """A principal with commands that denials leave it, beside those that they take."""

    principal: Principal
    denied: Mapping[str, tuple[Because, ...]]
    grants: tuple[Grant, ...]

    @property
    def because(self) -> tuple[Because, ...]:
        """What denies it anything, each once."""
        return tuple(
            dict.fromkeys(why for some in self.denied.values() for why in some)
        )


def _hits(context: Context, provider: Provider) -> Iterator[Hit]:
    """Yield a hit per principal that is denied a command where it has another.

    One for all whom the same statements of the same scope deny, where they are many.
    """
    graph, config = context.graph, context.config
    seen = (
        ((scope_of(who), apart(config, who), frozenset(left.because)), left)
        for left in _left(graph, provider)
        for who in (left.principal,)
    )
    for some in in_crowds(seen):
        yield _hit_on_all(graph, some) if len(some) > 1 else _hit(graph, *some)


def _hit(graph: AccessGraph, left: _Left) -> Hit:
    message = f"{left.principal.name} is denied {listed(left.denied)} {_ALL_THE_SAME}"
    hit = hit_on_held(graph, left.principal, list(left.grants), message)
    return replace(hit, because=left.because)


def _hit_on_all(graph: AccessGraph, some: list[_Left]) -> Hit:
    """Return the hit on principals of one scope whom the same statements deny."""
    names = listed(name for left in some for name in left.denied)
    grants = dict.fromkeys(grant for left in some for grant in left.grants)
    because = some[0].because
    return Hit(
        scope_of(some[0].principal),
        None,
        held(graph, grants),
        f"{len(some)} principals are denied {names} {_ALL_THE_SAME}",
        because,
        subject="\n".join(sorted(map(_name_of, because))),
    )


def _name_of(why: Because) -> str:
    """Name a statement as far as it keeps its name, or a deny assignment."""
    if isinstance(why, AssignmentBecause):
        return why.assignment
    return f"{why.source}#{why.sid or why.index}"


def _left(graph: AccessGraph, provider: Provider) -> Iterator[_Left]:
    for principal, everything in commands_of_ours(graph, provider):
        grants = _own(graph, principal, everything)
        denied: dict[str, tuple[Because, ...]] = {}
        left: dict[Grant, None] = {}
        for target, grant in _examples(grants):
            for vector in _lacking(graph, principal, grants, target):
                because = tuple(_denials(graph, principal, vector, target))
                if because:
                    denied[vector.id] = because
                    left[grant] = None
        if denied:
            some = tuple(grant for grant in grants if _shares(grant, left))
            yield _Left(principal, denied, some)


def _own(graph: AccessGraph, principal: Principal, grants: list[Grant]) -> list[Grant]:
    """Leave out what a principal of Azure holds as a member: it is the group's."""
    if principal.provider is Provider.AWS:
        return grants
    own = {one.grant for one in held_directly(graph, principal)}
    return [grant for grant in grants if grant in own]


def _examples(grants: list[Grant]) -> Iterator[tuple[Target, Grant]]:
    """Yield one target of each set that grants are on, with such a grant."""
    seen: set[tuple[int, int]] = set()
    for grant in grants:
        key = id(grant.targets.space), grant.targets.bits
        if key not in seen:
            seen.add(key)
            first = next(iter(grant.targets), None)
            if first is not None:
                yield first, grant


def _shares(grant: Grant, others: Mapping[Grant, None]) -> bool:
    """True when a grant has targets of some others."""
    return any(
        grant.targets.space is one.targets.space
        and grant.targets.bits & one.targets.bits
        for one in others
    )


def _lacking(
    graph: AccessGraph, principal: Principal, grants: list[Grant], target: Target
) -> Iterator[Vector]:
    """Yield what is denied first and is in no grant on a target."""
    places = {id(space): place for space, place in graph.positions(target.id)}
    held = {grant.vector.id for grant in grants if _is_on(grant, places)}
    for vector in _DENIED.get(target.kind, ()):
        if vector.id not in held:
            yield vector


def _is_on(grant: Grant, places: Mapping[int, int]) -> bool:
    """True when a grant is on a target, given by its places in the spaces."""
    place = places.get(id(grant.targets.space))
    return place is not None and bool(grant.targets.bits >> place & 1)


def _denials(
    graph: AccessGraph, principal: Principal, vector: Vector, target: Target
) -> Iterator[Because]:
    """Yield the statements or deny assignments that take a vector away.

    Not the policies that merely do not allow it.
    """
    for why in graph.denied_because(principal, vector, target):
        if isinstance(why, AssignmentBecause):
            if _DENY in why.assignment.lower():
                yield why
        elif why.effect == "Deny" and why.index >= 0:
            yield why
