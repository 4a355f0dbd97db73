"""All commands in an account or subscription as one: what is wrong with it whole."""

from collections.abc import Iterator

from checks.access import Access, Kind, kind_of, shared
from checks.context import Context
from checks.hits import Hit, is_command, is_service_linked
from checks.once import once
from scanner.estate import Provider
from scanner.facts import Fact, Topic
from scanner.grants import Grant, TargetSet
from scanner.graph import AccessGraph

#: Kinds of grants by scope, with their targets there.
_Parts = dict[str, dict[Kind, tuple[Grant, int]]]


def commands_in(graph: AccessGraph, provider: Provider, scope: str) -> Access | None:
    """Return what anybody but services can do in a scope; None where nobody can.

    One grant stands for all of its kind, on the targets of all of them.
    """
    parts = once(graph, _parts, provider).get(scope)
    return shared(graph, tuple(parts.values())) if parts else None


def facts_about(
    context: Context, provider: Provider, topic: Topic
) -> Iterator[tuple[str, list[Fact]]]:
    """Yield the scopes of which something is so, with the facts that say it."""
    found: dict[str, list[Fact]] = {}
    facts = context.graph.facts.get(provider)
    for fact in facts.known if facts else ():
        if fact.topic is topic:
            found.setdefault(fact.scope, []).append(fact)
    yield from sorted(found.items())


def hit_on_scope(
    context: Context, provider: Provider, scope: str, message: str
) -> Iterator[Hit]:
    """Yield the hit on a whole scope, where anybody can run commands in it."""
    access = commands_in(context.graph, provider, scope)
    if access is not None:
        yield Hit(f"{provider}:{scope}", None, access, message)


def _parts(graph: AccessGraph, provider: Provider) -> _Parts:
    found: _Parts = {}
    seen: dict[Kind, int] = {}
    for holding in graph.holdings:
        if all(map(is_service_linked, holding.principals)):
            continue
        for grant in holding.grants:
            if is_command(grant, provider):
                kind = kind_of(grant)
                before = seen.get(kind, 0)
                fresh = grant.targets.bits & ~before
                if fresh:
                    seen[kind] = before | fresh
                    _add(graph, found, grant, kind, fresh)
    return found


def _add(
    graph: AccessGraph, found: _Parts, grant: Grant, kind: Kind, fresh: int
) -> None:
    """Add targets that no grant of the kind had, scope by scope."""
    masks = graph.scopes(grant.targets.space).masks
    for name in graph.scopes_of([TargetSet(grant.targets.space, fresh)]):
        parts = found.setdefault(name, {})
        first, bits = parts.get(kind, (grant, 0))
        parts[kind] = first, bits | fresh & masks[name]
