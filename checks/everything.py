"""All of it: who can command every node of every account or subscription."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from checks.access import Access, entered, held, together
from checks.context import Context
from checks.crowds import CROWD
from checks.declared import check
from checks.hits import COMMANDS, Hit, is_service_linked, scope_of
from scanner.classes import is_class
from scanner.closure import Closure, closure_of
from scanner.estate import Principal, Provider
from scanner.grants import TargetSet
from scanner.graph import AccessGraph
from scanner.search import hops_of

_SEVERAL = 2
#: How the ARN of a group of Identity Center goes on.
_GROUP = ":identitystore:::group/"


@check
def t1651_aws_every_account(context: Context) -> Iterator[Hit]:
    """Look at all accounts with nodes."""
    return _everything(context, Provider.AWS)


@check
def t1651_azure_every_subscription(context: Context) -> Iterator[Hit]:
    """Look at all subscriptions with machines."""
    return _everything(context, Provider.AZURE)


def _everything(context: Context, provider: Provider) -> Iterator[Hit]:
    graph, closure = context.graph, closure_of(context.graph, COMMANDS)
    scopes = _scopes(graph, provider)
    if len(scopes) < _SEVERAL or not scopes <= graph.scope_numbers.keys():
        return
    kind = "accounts" if provider is Provider.AWS else "subscriptions"
    what = f"can run commands on every node of all {len(scopes)} {kind}"
    found = tuple(_reaching(provider, graph, closure, scopes))
    if len(found) > CROWD:
        access = _access(graph, closure, *found[0])
        message = f"{len(found)} principals {what}"
        yield Hit(f"{provider}:*", None, access, message)
        return
    for principal, sets in found:
        access = _access(graph, closure, principal, sets)
        yield Hit(scope_of(principal), principal, access, f"{principal.name} {what}")


def _reaching(
    provider: Provider, graph: AccessGraph, closure: Closure, wanted: set[str]
) -> Iterator[tuple[Principal, tuple[TargetSet, ...]]]:
    """Yield whoever commands all targets of the wanted scopes, with these targets."""
    answers: dict[object, tuple[TargetSet, ...]] = {}
    for _, principal in sorted(graph.principals.items()):
        if principal.provider is not provider or not _counts(principal):
            continue
        alike = closure.alike(principal.id)
        if alike not in answers:
            _, sets = closure.at(principal.id)
            answers[alike] = sets if _cover(graph, sets, wanted) else ()
        if answers[alike]:
            yield principal, answers[alike]


def _scopes(graph: AccessGraph, provider: Provider) -> set[str]:
    """Return the accounts or subscriptions with machines."""
    halves = (half for half in graph.decided if half.provider is provider)
    return {target.scope for half in halves for target in half.targets}


def _counts(principal: Principal) -> bool:
    """True for whoever acts and is ours; partners and roots have checks of their own.

    A group does nothing itself: its members are looked at one by one.
    """
    return not (
        principal.external
        or principal.kind in ("root", "group")
        or _GROUP in principal.id
        or is_class(principal)
        or is_service_linked(principal)
    )


def _cover(
    graph: AccessGraph, sets: tuple[TargetSet, ...], wanted: Iterable[str]
) -> bool:
    """True when all targets that a space has of each wanted scope are among these."""
    known = [(graph.scopes(one.space).masks, one.bits) for one in sets]
    return all(
        any(scope in masks and not masks[scope] & ~bits for masks, bits in known)
        for scope in wanted
    )


def _access(
    graph: AccessGraph,
    closure: Closure,
    principal: Principal,
    sets: tuple[TargetSet, ...],
) -> Access:
    """Return all that a principal has, itself and by hops."""
    own = closure.own(principal.id)
    gains = map(closure.beyond, hops_of(graph, principal.id))
    parts = [entered(gain) for gain in gains if gain is not None]
    found = together([held(graph, own), *parts] if own else parts)
    return replace(found, sets=sets, grants=own)
