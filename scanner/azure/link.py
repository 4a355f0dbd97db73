"""Hops of the Azure half: membership, identities of machines, owners, partners."""

from collections.abc import Iterator

from scanner.azure.becoming import becoming
from scanner.azure.borrowing import Borrowing
from scanner.azure.entra import WayIn
from scanner.azure.federation import admitted
from scanner.azure.model import AzureEstate, AzureTenant
from scanner.azure.rbac.evaluation import because_of
from scanner.azure.rbac.truth import conjunction
from scanner.azure.times import not_before
from scanner.estate import Principal, Provider
from scanner.grants import Condition, Conditions, Edge, Verdict

_ACTIVATION = ((Condition("membership", "ActivatedByPIM", ()),),)
_OWNED_UNREAD = ("what the owner owns was not read",)
_OWNERSHIP = ((Condition("ownership", "ActivatedByPIM", ()),),)


def link_azure(estate: AzureEstate) -> tuple[tuple[Principal, ...], tuple[Edge, ...]]:
    """Return the outsiders that hops name, and the hops.

    * `member-of`: a principal to a group it is in directly; conditional where PIM for
      Groups makes it eligible. Its grants through the group are its own already.
    * `runs-as`: a machine to the managed identities that code on it can become.
    * `can-become`: an owner (conditional where PIM makes it one) to the group it can
      join, or to the service principal that it can add a credential to (unknown where
      nobody has read what it is that it owns); an
      administrator of the directory to whom its role lets it become (`becoming`);
      whoever writes a federated credential of a managed identity, assigns it to what it
      writes, or writes what has it, to the identity (`Borrowing`); a subject of another
      issuer to the managed identity or application whose credential admits it.
    * `delegated-to`: a managing tenant to the partner principal it delegates to.
    """
    edges: set[Edge] = set()
    outsiders: set[Principal] = set()
    for tenant in estate.tenants.values():
        edges |= {*_members(tenant), *_identities(tenant), *_owners(tenant)}
        edges |= {*becoming(tenant), *Borrowing(tenant).hops()}
        for principal, edge in _partners(tenant):
            outsiders.add(principal)
            edges.add(edge)
        for principal, edge in map(admitted, tenant.federated):
            outsiders.add(principal)
            edges.add(edge)
    return tuple(sorted(outsiders)), tuple(sorted(edges, key=_place))


def hops_onto(estate: AzureEstate, ids: frozenset[str]) -> tuple[Edge, ...]:
    """Return the hops onto managed identities that lead on in another cloud only.

    Args:
        estate: what `link_azure` linked; hops that it returned may come again.
        ids: object ids of the identities.
    """
    found = (
        edge
        for tenant in estate.tenants.values()
        for edge in Borrowing(tenant).onto(ids)
    )
    return tuple(sorted(set(found), key=_place))


def _place(edge: Edge) -> tuple[str, ...]:
    because = repr(edge.because) if edge.because else ""
    return edge.kind, edge.source, edge.target, edge.verdict, because


def _members(tenant: AzureTenant) -> Iterator[Edge]:
    directory, joined = tenant.directory, set()
    for group, members in directory.members.items():
        for member in members.ids - {group}:
            joined.add((member, group))
            yield Edge("member-of", member, group, Verdict.ALLOWED)
    for principal, group in directory.eligible:
        if (principal, group) not in joined:
            begins = directory.joining_from.get((principal, group))
            wanted = _from(begins, _ACTIVATION)
            yield Edge("member-of", principal, group, Verdict.CONDITIONAL, wanted)


def _from(begins: str | None, activation: Conditions) -> Conditions:
    return conjunction(activation, not_before(begins)) if begins else activation


def _identities(tenant: AzureTenant) -> Iterator[Edge]:
    for machine in tenant.machines:
        for identity in machine.identities:
            yield Edge("runs-as", machine.target.id, identity, Verdict.ALLOWED)


def _owners(tenant: AzureTenant) -> Iterator[Edge]:
    directory = tenant.directory
    for owner, owned in directory.owners:
        yield Edge("can-become", owner, owned, Verdict.ALLOWED)
    for owner, owned in directory.unsure_owners:
        yield Edge("can-become", owner, owned, Verdict.UNKNOWN, reasons=_OWNED_UNREAD)
    for owner, group in {*directory.eligible_owners} - {*directory.owners}:
        if directory.ways_in.get(group) is not WayIn.CLOSED:
            wanted = _from(directory.owning_from.get((owner, group)), _OWNERSHIP)
            yield Edge("can-become", owner, group, Verdict.CONDITIONAL, wanted)


def _partners(tenant: AzureTenant) -> Iterator[tuple[Principal, Edge]]:
    principals = tenant.directory.principals
    for assignment in tenant.assignments:
        partner = principals.get(assignment.principal)
        if not assignment.delegated or partner is None or not partner.scope:
            continue
        home = partner.scope
        because = because_of(assignment, tenant.roles, partner.id)
        managing = Principal(Provider.AZURE, home, home, "foreign", True, home)
        edge = Edge(
            "delegated-to", home, partner.id, Verdict.ALLOWED, because=(because,)
        )
        yield managing, edge
