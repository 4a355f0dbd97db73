"""Who is in a tenant's directory, joined from what its lists say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from scanner.azure.directory import (
    People,
    memberships,
    owned_principals,
    reach,
    standing_for,
    unsure_owners,
    ways_in,
)
from scanner.azure.directory_roles import (
    directory_roles,
    powers_of,
    roles_listed,
)
from scanner.azure.directory_rows import (
    ApplicationRow,
    GroupEligibilityRow,
    GroupRow,
    OwnerRow,
    ServicePrincipalRow,
)
from scanner.azure.drafts import Draft
from scanner.azure.entra import Directory
from scanner.azure.model import Assignment, DenyAssignment
from scanner.azure.powers import PERMISSIONS
from scanner.azure.rbac.scopes import ROOT
from scanner.azure.times import begin_of, is_over

#: Who holds a role of the directory, and who a permission of applications.
_KINDS = {False: "user", True: "service-principal"}


def directory_of(
    draft: Draft,
    people: People,
    assignments: Iterable[Assignment],
    denies: Iterable[DenyAssignment],
) -> Directory:
    """Return the directory of a tenant; whoever is only met there joins `people`."""
    members = memberships(draft.members)
    joining, owning = _eligible(draft, "member"), _eligible(draft, "owner")
    named = {assignment.principal for assignment in assignments}
    named |= {principal for principal, _ in joining}
    named |= {group for _, group in joining}
    held = directory_roles(draft)
    named |= {one.principal for one in held}
    for deny in denies:
        named |= deny.principals | deny.excluded
    groups = sorted(
        name
        for name in named
        if name in members or (name in people.found and _is_group(people, name))
    )
    reached, unseen = reach(groups, members, people.found)
    unseen -= _gone(draft, unseen)
    for one in held:
        people.add(one.principal, None, _KINDS[one.role in PERMISSIONS])
    joined = [principal for principal, _ in (*joining, *owning)]
    for ids in (*reached.values(), joined):
        for object_id in ids:
            people.add(object_id, None, "user")
    owners = [(r.id, origin.object) for r, origin in draft.with_origin(OwnerRow)]
    return Directory(
        dict(sorted(people.found.items())),
        members,
        reached,
        unseen,
        tuple(joining),
        tuple(owning),
        owned_principals(
            owners,
            draft.of(GroupRow),
            draft.of(ApplicationRow),
            draft.of(ServicePrincipalRow),
        ),
        held,
        roles_listed(draft),
        ways_in(draft.of(GroupRow)),
        standing_for(draft.of(ApplicationRow), draft.of(ServicePrincipalRow)),
        powers=powers_of(draft),
        joining_from=_later(joining),
        owning_from=_later(owning),
        audiences=_audiences(draft),
        unsure_owners=unsure_owners(owners, _described(draft, people), people.found),
    )


def _audiences(draft: Draft) -> frozenset[str] | None:
    """Return the ids of applications known here; None where some may be missing."""
    ids = [row.app_id for row in draft.of(ServicePrincipalRow)]
    if ROOT not in draft.lists.whole["graph/serviceprincipals"] or None in ids:
        return None
    return frozenset(id_.lower() for id_ in ids if id_)


def _described(draft: Draft, people: People) -> set[str]:
    """Return the groups and service principals of which rows tell, or that are gone."""
    known = {row.id.lower() for row in draft.of(GroupRow)}
    known |= {row.id.lower() for row in draft.of(ServicePrincipalRow)}
    kinds = {"group": "graph/groups", "service-principal": "graph/serviceprincipals"}
    whole = {k for k, op in kinds.items() if ROOT in draft.lists.whole[op]}
    return known | {id_ for id_, one in people.found.items() if one.kind in whole}


def _gone(draft: Draft, groups: Iterable[str]) -> set[str]:
    """Return the groups that a whole list of groups does not hold: deleted ones."""
    if ROOT not in draft.lists.whole["graph/groups"]:
        return set()
    return set(groups) - {row.id.lower() for row in draft.of(GroupRow)}


def _is_group(people: People, object_id: str) -> bool:
    return people.found[object_id].kind == "group"


def _eligible(draft: Draft, access: str) -> dict[tuple[str, str], str]:
    """Return whom PIM for Groups lets be a member of what, or own it, sorted.

    Each with the beginning of what is not in force yet; empty when it is.
    """
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row, origin in draft.with_origin(GroupEligibilityRow):
        asked = (row.access_id or "member").lower() == access
        if asked and not is_over(row, origin.at):
            pair = row.principal_id.lower(), row.group_id.lower()
            found[pair].add(begin_of(row, origin.at) or "")
    return {pair: min(found[pair]) for pair in sorted(found)}


def _later(found: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    return {pair: begins for pair, begins in found.items() if begins}
