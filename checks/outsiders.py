"""Outsiders in Azure: partners by delegation, foreign applications, guests."""

from collections.abc import Iterator
from enum import StrEnum

from checks.access import shared
from checks.context import Context
from checks.declared import check
from checks.hits import COMMANDS, Hit, hit_on_held
from scanner.estate import Principal, Provider
from scanner.grants import Grant
from scanner.graph import AccessGraph


@check
def t1651_azure_partner_access(context: Context) -> Iterator[Hit]:
    """Look at principals of other tenants that a delegation brings."""
    return _azure_outsiders(context, Outsider.PARTNER)


@check
def t1651_azure_foreign_application(context: Context) -> Iterator[Hit]:
    """Look at service principals whose application is another tenant's."""
    return _azure_outsiders(context, Outsider.APPLICATION)


@check
def t1651_azure_guest_access(context: Context) -> Iterator[Hit]:
    """Look at guests."""
    return _azure_outsiders(context, Outsider.GUEST)


class Outsider(StrEnum):
    """Who an Azure outsider is: how a finding calls it."""

    GUEST = "Guest {}"
    PARTNER = "Partner principal {}"
    APPLICATION = "Application {} of another publisher"


def _azure_outsiders(context: Context, who: Outsider) -> Iterator[Hit]:
    """Yield a hit per outsider of a kind, in its own tenant.

    Where that tenant is not known, each subscription that it reaches has a hit.
    """
    graph = context.graph
    for holding in graph.holdings:
        grants = [g for g in holding.grants if g.vector.tier in COMMANDS]
        for principal in holding.principals if grants else ():
            if _outsider(principal) is who:
                message = f"{who.format(principal.name)} can run commands"
                if principal.scope:
                    yield hit_on_held(graph, principal, grants, message)
                else:
                    yield from _hit_by_scope(graph, principal, grants, message)


def _hit_by_scope(
    graph: AccessGraph, principal: Principal, grants: list[Grant], message: str
) -> Iterator[Hit]:
    for scope in sorted(graph.scopes_of(grant.targets for grant in grants)):
        parts = ((one, _there(graph, one, scope)) for one in grants)
        access = shared(graph, [(one, bits) for one, bits in parts if bits])
        yield Hit(f"{principal.provider}:{scope}", principal, access, message)


def _there(graph: AccessGraph, grant: Grant, scope: str) -> int:
    """Return the targets of a grant that are in an account or subscription."""
    space = grant.targets.space
    return grant.targets.bits & graph.scopes(space).masks.get(scope, 0)


def _outsider(principal: Principal) -> Outsider | None:
    if principal.provider is not Provider.AZURE:
        return None
    if principal.kind == "guest":
        return Outsider.GUEST
    if not principal.external:
        return None
    application = principal.kind == "service-principal"
    return Outsider.APPLICATION if application else Outsider.PARTNER
