"""Workloads and pipelines whose commands leave the place that they were made for."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from checks.access import Access, entered, held, together
from checks.context import Context
from checks.crowds import apart, in_crowds
from checks.declared import check
from checks.delegated import is_oidc
from checks.hits import COMMANDS, Hit, counted, listed, scope_of
from checks.ours import commands_of_ours
from checks.sides import WORKLOAD, side_of
from scanner.closure import Closure, closure_of
from scanner.estate import Principal, Provider, Target
from scanner.grants import Edge, Grant
from scanner.graph import AccessGraph
from scanner.search import hops_of

# ---- AWS: by hops, as no role's own rights leave its account ----


@check
def t1651_aws_workload_beyond_its_account(context: Context) -> Iterator[Hit]:
    """Look at hops: no role's own rights leave its account.

    One for all of an account that get to the same others, where they are many.
    """
    closure, config = closure_of(context.graph, COMMANDS), context.config
    seen = (
        ((scope_of(who), apart(config, who), one.accounts, one.at_home), one)
        for one in _leaving(context, closure)
        for who in (one.principal,)
    )
    for some in in_crowds(seen):
        yield _hit_on_all(closure, some) if len(some) > 1 else _hit(closure, *some)


class _Leaving(NamedTuple):
    """A workload that runs commands elsewhere.

    Attributes:
        hops: out of it, those that lead there.
        accounts: where it gets to.
        at_home: whether it has a home; a pipeline is at home in one account only.
    """

    principal: Principal
    hops: tuple[Edge, ...]
    accounts: frozenset[str]
    at_home: bool

    @property
    def what(self) -> str:
        """What it can do."""
        if self.at_home:
            return "can run commands outside its account"
        return f"can run commands in {counted(len(self.accounts), 'account')}"


def _leaving(context: Context, closure: Closure) -> Iterator[_Leaving]:
    graph = context.graph
    for _, principal in sorted(graph.principals.items()):
        if principal.provider is Provider.AWS and _is_program(context, principal):
            led = [(hop, closure.scopes(hop)) for hop in hops_of(graph, principal.id)]
            homes = frozenset(graph.homes_of(principal))
            leaving = tuple(hop for hop, scopes in led if scopes - homes)
            accounts = frozenset[str]().union(*(scopes for _, scopes in led)) - homes
            if len(accounts) > (0 if homes else 1):
                yield _Leaving(principal, leaving, accounts, bool(homes))


def _hit(closure: Closure, one: _Leaving) -> Hit:
    who, access = one.principal, together(list(_entered(closure, one)))
    return Hit(scope_of(who), who, access, f"Workload {who.name} {one.what}")


def _hit_on_all(closure: Closure, some: list[_Leaving]) -> Hit:
    """Return the hit on workloads of one account that get to the same others."""
    one = some[0]
    parts = [each for one in some for each in _entered(closure, one)]
    sets = {id(each): each for part in parts for each in part.sets}
    access = replace(together(parts), sets=tuple(sets.values()))
    accounts = sorted(one.accounts)
    subject = "\n".join(accounts if one.at_home else ("pipelines", *accounts))
    return Hit(
        scope_of(one.principal),
        None,
        access,
        f"{len(some)} workloads can run commands in {listed(accounts)}",
        subject=subject,
    )


def _entered(closure: Closure, one: _Leaving) -> Iterator[Access]:
    gains = map(closure.beyond, one.hops)
    return (entered(gain) for gain in gains if gain is not None)


def _is_program(context: Context, principal: Principal) -> bool:
    """A role that programs use, or a subject of an OIDC provider of ours."""
    if principal.kind == "federated":
        return is_oidc(principal)
    is_role = principal.kind == "role"
    return is_role and side_of(principal, context.config) == WORKLOAD


# ---- Azure: by its own rights ----


@check
def t1651_azure_workload_beyond_its_group(context: Context) -> Iterator[Hit]:
    """Look at its own rights."""
    graph = context.graph
    for principal, grants in commands_of_ours(graph, Provider.AZURE):
        program = principal.kind in ("service-principal", "managed-identity")
        if not program or side_of(principal, context.config) != WORKLOAD:
            continue
        homes = graph.homes_of(principal)
        outside = [g for g in grants if homes and _leaves(g, homes)]
        message = f"Workload {principal.name} can run commands outside its "
        if outside:
            access = held(graph, outside)
            yield Hit(
                scope_of(principal), principal, access, f"{message}resource group"
            )
        elif not homes:
            yield from _everywhere(graph, principal, grants)


def _everywhere(
    graph: AccessGraph, principal: Principal, grants: list[Grant]
) -> Iterator[Hit]:
    """An application without a home in Azure is at home in one subscription only."""
    scopes = graph.scopes_of(grant.targets for grant in grants)
    if len(scopes) > 1:
        where = counted(len(scopes), "subscription")
        message = f"Workload {principal.name} can run commands in {where}"
        yield Hit(scope_of(principal), principal, held(graph, grants), message)


def _leaves(grant: Grant, homes: tuple[str, ...]) -> bool:
    return any(not _is_within(target, homes) for target in grant.targets)


def _is_within(target: Target, homes: tuple[str, ...]) -> bool:
    place = target.id.lower()
    return any(place.startswith(f"{home}/") for home in homes)
