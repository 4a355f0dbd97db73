"""Through how broad a role: any document on every node, broad policies, wide scopes."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from checks.access import shared
from checks.azure_assignments import (
    Held,
    held_directly,
    is_wide,
    scope_level,
    shares_of,
)
from checks.context import Context
from checks.declared import check
from checks.hits import Hit, hit_on_held, scope_of
from checks.ours import commands_of_ours
from checks.reach import covers_a_scope
from checks.statements import behind
from scanner.estate import Provider
from scanner.grants import Because, Grant, StatementBecause
from scanner.graph import AccessGraph

_AWS_MANAGED = re.compile(r"arn:[^:]+:iam::aws:policy/")

#: Words that make a role's name tell what it can do to machines.
_SAYS_MACHINE = re.compile(
    r"^(owner|contributor)$|machine|\bvms?\b|compute|server|run ?command",
    re.IGNORECASE,
)


@check
def t1651_aws_any_document_every_node(context: Context) -> Iterator[Hit]:
    """Yield a hit per principal with a whole account and no list of documents."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        any_ = [grant for grant in grants if _any_document(grant)]
        if any(covers_a_scope(graph, grant.targets) for grant in any_):
            # Vectors without a document are open to any code as well.
            free = [g for g in grants if not isinstance(g.decision.documents, tuple)]
            wide = [grant for grant in free if covers_a_scope(graph, grant.targets)]
            message = f"{principal.name} can run any document on every node"
            yield hit_on_held(graph, principal, wide, message)


@check
def t1651_aws_any_document(context: Context) -> Iterator[Hit]:
    """Yield a hit per principal whose nodes are scoped and whose code is not."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        any_ = [grant for grant in grants if _any_document(grant)]
        if any_ and not any(covers_a_scope(graph, grant.targets) for grant in any_):
            message = f"{principal.name} can run any document on some nodes"
            yield hit_on_held(graph, principal, any_, message)


def _any_document(grant: Grant) -> bool:
    return grant.decision.documents == "any"


@check
def t1651_aws_managed_policy_grants(context: Context) -> Iterator[Hit]:
    """Yield a hit per principal that AWS-managed policies let run commands."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AWS):
        names = _policies(behind(graph, principal))
        if names:
            through = [g for g in grants if _policies(g.because_of(principal))]
            what = f"can run commands through {', '.join(sorted(names))}"
            yield hit_on_held(graph, principal, through, f"{principal.name} {what}")


def _policies(because: Iterable[Because]) -> set[str]:
    """Return the names of the AWS-managed policies among what allows something."""
    sources = (
        why.source
        for why in because
        if isinstance(why, StatementBecause) and why.allows
    )
    return {name for name in map(_managed_by_aws, sources) if name}


@lru_cache(maxsize=65_536)
def _managed_by_aws(source: str) -> str:
    return source.rpartition("/")[2] if _AWS_MANAGED.match(source) else ""


@check
def t1651_azure_wide_scope(context: Context) -> Iterator[Hit]:
    """Look at how high assignments are."""
    yield from _by_assignment(
        context.graph,
        lambda held: is_wide(held.because.assignment),
        lambda held: f"{held.because.role} at {scope_level(held.because.assignment)}",
    )


@check
def t1651_azure_unexpected_role(context: Context) -> Iterator[Hit]:
    """Look at what roles are called."""
    yield from _by_assignment(
        context.graph,
        lambda held: not _SAYS_MACHINE.search(held.because.role),
        lambda held: held.because.role,
    )


def _by_assignment(
    graph: AccessGraph, flagged: Callable[[Held], bool], name: Callable[[Held], str]
) -> Iterator[Hit]:
    """Yield a hit per principal of ours that holds flagged assignments itself."""
    for principal, _ in commands_of_ours(graph, Provider.AZURE):
        held = [one for one in held_directly(graph, principal) if flagged(one)]
        if held:
            names = ", ".join(sorted({name(one) for one in held}))
            access = shared(graph, shares_of(held))
            because = tuple(dict.fromkeys(one.because for one in held))
            message = f"{principal.name} can run commands as {names}"
            yield Hit(scope_of(principal), principal, access, message, because)
