"""Federated credentials: whose tokens a managed identity or application takes."""

from collections.abc import Iterator

from scanner.azure.directory import standing_for
from scanner.azure.directory_rows import (
    AdmittedRow,
    ApplicationRow,
    ServicePrincipalRow,
)
from scanner.azure.drafts import Draft
from scanner.azure.entra import Federated
from scanner.azure.rbac.scopes import normalized
from scanner.azure.resource_rows import FederatedRow, UserAssignedRow
from scanner.estate import Principal, Provider
from scanner.grants import AssignmentBecause, Confidence, Edge, Verdict

_BELOW = "/federatedidentitycredentials/"
_BY_EXPRESSION = "which subjects the credential admits is not in evidence"


def federated_of(draft: Draft) -> Iterator[Federated]:
    """Yield the credentials of managed identities and applications in evidence."""
    identities = {
        normalized(row.id): row.properties.principal_id
        for row in draft.of(UserAssignedRow)
        if row.properties and row.properties.principal_id
    }
    for row in draft.of(FederatedRow):
        said = row.properties
        owner = identities.get(normalized(row.id).rpartition(_BELOW)[0])
        if owner and said and said.issuer:
            yield Federated(row.id, owner.lower(), said.issuer, said.subject or "")

    standing = standing_for(draft.of(ApplicationRow), draft.of(ServicePrincipalRow))
    for admitting, origin in draft.with_origin(AdmittedRow):
        principal = standing.get(origin.object)
        if principal and admitting.issuer:
            subject = admitting.subject or ""
            yield Federated(admitting.id, principal, admitting.issuer, subject)


def admitted(one: Federated) -> tuple[Principal, Edge]:
    """Return the party that a credential admits, and its hop to the identity."""
    id_ = f"{one.issuer}#{one.subject}" if one.subject else one.issuer
    name = f"{one.issuer} {one.subject}".strip()
    party = Principal(Provider.AZURE, id_, name, "federated", True, "")
    why = AssignmentBecause(one.id, "federated credential", None)
    edge = Edge(
        "can-become",
        id_,
        one.identity,
        Verdict.ALLOWED if one.subject else Verdict.UNKNOWN,
        confidence=Confidence.CERTAIN if one.subject else Confidence.INFERRED,
        reasons=() if one.subject else (_BY_EXPRESSION,),
        because=(why,),
    )
    return party, edge
