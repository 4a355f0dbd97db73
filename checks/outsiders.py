"""Outsiders in Azure: partners by delegation, foreign applications, guests."""

from collections.abc import Iterator
from enum import StrEnum
from functools import partial

from checks.access import shared
from checks.context import Context
from checks.evidence import AZURE_BASE, AZURE_DELEGATIONS, AZURE_DIRECTORY
from checks.finding import Check, Claim, Severity
from checks.hits import (
    ACCOUNTS,
    COMMANDS,
    M1026,
    MFA,
    PARTNERS,
    T1651,
    TRUSTED,
    Hit,
    define,
    hit_on_held,
)
from scanner.estate import Principal, Provider
from scanner.grants import Grant
from scanner.graph import AccessGraph

_TRUSTED = "https://attack.mitre.org/techniques/T1199/"
_TECHNIQUES = (T1651, TRUSTED)
#: M1026 for T1651; T1199 is mitigated by the other two, not by M1026.
_MITIGATIONS = (M1026, MFA, ACCOUNTS)


def checks() -> tuple[Check, ...]:
    """Return the checks of this family."""
    return (
        define(
            "t1651_azure_partner_access",
            title="A partner's principals can run commands on machines",
            severity=Severity.CRITICAL,
            claim=Claim.COUNT,
            techniques=_TECHNIQUES,
            mitigations=_MITIGATIONS,
            rationale="Lighthouse and admin-on-behalf-of give access to people of "
            "another tenant that you cannot list; APT29 used exactly this way.",
            fix="Have the partner offer again with a lesser built-in role, a resource "
            "group instead of the subscription, or eligible authorizations.",
            find=partial(_azure_outsiders, Outsider.PARTNER),
            example="Partner principal msp can run commands: 2 nodes",
            settled_by=PARTNERS,
            needs=(*AZURE_BASE, *AZURE_DELEGATIONS, *AZURE_DIRECTORY),
            references=(
                _TRUSTED,
                "https://learn.microsoft.com/azure/lighthouse/concepts/"
                "recommended-security-practices",
            ),
        ),
        define(
            "t1651_azure_foreign_application",
            title="An application of another publisher can run commands on machines",
            severity=Severity.CRITICAL,
            claim=Claim.COUNT,
            techniques=_TECHNIQUES,
            mitigations=_MITIGATIONS,
            rationale="A multi-tenant application's credential lies with its "
            "publisher: whoever breaks in there runs commands in every tenant that "
            "consented.",
            fix="Remove the role assignment, or give the application a custom role "
            "without operations that run commands.",
            find=partial(_azure_outsiders, Outsider.APPLICATION),
            example="Application monitor of another publisher can run commands: "
            "2 nodes",
            settled_by=PARTNERS,
            needs=(*AZURE_BASE, *AZURE_DIRECTORY),
            references=(
                _TRUSTED,
                "https://learn.microsoft.com/entra/identity-platform/"
                "single-and-multi-tenant-apps",
            ),
        ),
        define(
            "t1651_azure_guest_access",
            title="A guest user can run commands on machines",
            severity=Severity.HIGH,
            claim=Claim.COUNT,
            techniques=_TECHNIQUES,
            mitigations=_MITIGATIONS,
            rationale="A guest's password, MFA and leaving date are somebody else's.",
            fix="Remove the guest's assignment, or make it eligible with approval.",
            find=partial(_azure_outsiders, Outsider.GUEST),
            example="Guest guest can run commands: 2 nodes",
            settled_by=PARTNERS,
            needs=(*AZURE_BASE, *AZURE_DIRECTORY),
            references=(_TRUSTED,),
        ),
    )


class Outsider(StrEnum):
    """Who an Azure outsider is: how a finding calls it."""

    GUEST = "Guest {}"
    PARTNER = "Partner principal {}"
    APPLICATION = "Application {} of another publisher"


def _azure_outsiders(who: Outsider, context: Context) -> Iterator[Hit]:
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
