"""Managed identities of resources: their own, and those that are assigned to them.

A row may name an assigned identity by its resource id alone; the list of identities
then says who that is.
"""

from collections.abc import Iterable, Mapping

import msgspec

from scanner.azure.model import Machine
from scanner.azure.rbac.scopes import normalized
from scanner.azure.resource_rows import IdentityRow, UserAssignedRow

_ID = "/"


def held_by(row: IdentityRow | None) -> tuple[str, ...]:
    """Return the object ids of a resource's identities, sorted.

    Of one that is named by its resource id alone that id, normalized: it comes first.
    """
    if row is None:
        return ()
    found = {row.principal_id.lower()} if row.principal_id else set()
    for name, assigned in (row.user_assigned_identities or {}).items():
        held = assigned.get("principalId") if isinstance(assigned, dict) else None
        if isinstance(held, str) and held:
            found.add(held.lower())
        elif name.startswith(_ID):
            found.add(normalized(name))
    return tuple(sorted(found))


def is_unnamed(identities: tuple[str, ...]) -> bool:
    """Say whether any identity is named by its resource id alone."""
    return bool(identities) and identities[0].startswith(_ID)


def listed_identities(rows: Iterable[UserAssignedRow]) -> dict[str, str]:
    """Return the object ids of user-assigned identities, by normalized resource id."""
    return {
        normalized(row.id): row.properties.principal_id.lower()
        for row in rows
        if row.properties and row.properties.principal_id
    }


def identities_of(
    row: IdentityRow | None, listed: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the object ids of a resource's identities, as far as evidence has them."""
    return _named(held_by(row), listed)


def is_unsaid(row: IdentityRow | None, listed: Mapping[str, str]) -> bool:
    """Say whether a resource has an identity of which nobody knows who that is."""
    if row is None:
        return False
    own = "systemassigned" in (row.type or "").lower()
    if own and not row.principal_id:
        return True
    unnamed = (name for name in held_by(row) if name.startswith(_ID))
    return not all(name in listed for name in unnamed)


def with_identities(
    machines: tuple[Machine, ...], listed: Mapping[str, str]
) -> tuple[Machine, ...]:
    """Return machines with the object ids of the identities named by resource id."""
    return tuple(
        msgspec.structs.replace(one, identities=_named(one.identities, listed))
        if is_unnamed(one.identities)
        else one
        for one in machines
    )


def all_known(machines: tuple[Machine, ...], listed: Mapping[str, str]) -> bool:
    """Say whether every identity of some machines is known."""
    names = {name for one in machines for name in one.identities}
    return all(name in listed for name in names if name.startswith(_ID))


def _named(identities: tuple[str, ...], listed: Mapping[str, str]) -> tuple[str, ...]:
    if not is_unnamed(identities):
        return identities
    found = {listed.get(name, name) for name in identities}
    return tuple(sorted(name for name in found if not name.startswith(_ID)))
