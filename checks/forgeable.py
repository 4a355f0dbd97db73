"""Scopes that whoever is bound by them can widen: tags that the principal sets."""

from collections.abc import Iterable, Iterator, Mapping

from checks.access import held
from checks.context import Context
from checks.declared import check
from checks.hits import Hit, listed, scope_of
from checks.ours import commands_of_ours
from checks.statements import Allowing, allowing
from scanner.estate import Principal, Provider, Target
from scanner.grants import Because, Grant, TargetSet
from scanner.graph import AccessGraph

#: Nodes with different tags that are looked at, of those that are out of scope now.
_TRIED = 10
_SEEN = 500


@check
def t1651_aws_forgeable_tag(context: Context) -> Iterator[Hit]:
    """Yield a hit per principal that can tag itself into more nodes."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        scoped = [one for one in allowing(graph, principal) if one[1].tags]
        if not scoped:
            continue
        through = [
            g for g in grants if any(said.names(g.vector.id) for _, said in scoped)
        ]
        others = list(_beyond(through))
        forged = dict(_forged(graph, principal, scoped, others))
        if forged:
            what = "tag" if len(forged) == 1 else "tags"
            scope = "scopes" if len(forged) == 1 else "scope"
            message = (
                f"{principal.name} can set the {what} {listed(forged)} that {scope} "
                "its commands"
            )
            yield Hit(
                scope_of(principal),
                principal,
                held(graph, through),
                message,
                tuple(dict.fromkeys(_because(scoped, forged))),
            )


def _forged(
    graph: AccessGraph,
    principal: Principal,
    scoped: Iterable[Allowing],
    others: list[Target],
) -> Iterator[tuple[str, tuple[Because, ...]]]:
    """Yield the keys that can be set on a node out of scope, and what allows it."""
    for key in dict.fromkeys(key for _, said in scoped for key in said.tags):
        ways = (graph.retags(principal, key, target) for target in others)
        found = next(filter(None, ways), None)
        if found:
            yield key, found


def _because(
    scoped: Iterable[Allowing], forged: Mapping[str, tuple[Because, ...]]
) -> Iterator[Because]:
    for why, said in scoped:
        if not forged.keys().isdisjoint(said.tags):
            yield why
    for some in forged.values():
        yield from some


def _beyond(grants: Iterable[Grant]) -> Iterator[Target]:
    """Yield nodes that grants do not reach: some of each set of tags."""
    reached: dict[int, TargetSet] = {}
    for grant in grants:
        space, bits = grant.targets.space, grant.targets.bits
        before = reached.get(id(space))
        bits |= before.bits if before else 0
        reached[id(space)] = TargetSet(space, bits)
    for one in reached.values():
        everything = (1 << len(one.space.classes)) - 1
        yield from _varied(TargetSet(one.space, everything & ~one.bits))


def _varied(targets: TargetSet) -> Iterator[Target]:
    seen: set[object] = set()
    for n, target in enumerate(targets):
        if n == _SEEN or len(seen) == _TRIED:
            return
        kind = target.kind, target.tags
        if kind not in seen:
            seen.add(kind)
            yield target
