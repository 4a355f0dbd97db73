"""Who is in a tenant's directory, joined from what its lists say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from scanner.azure.directory import (
    People,
    memberships,
    owned_principals,
    reach,
    standing_for,
    ways_in,
)
from scanner.azure.directory_roles import directory_roles, roles_listed
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
from scanner.azure.rbac.scopes import ROOT


def directory_of(
    draft: Draft,
    people: People,
    assignments: Iterable[Assignment],
    denies: Iterable[DenyAssignment],
) -> Directory:
    """Return the directory of a tenant; whoever is only met there joins `people`."""
    members = memberships(draft.members)
    joining = tuple(_eligible(draft, "member"))
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
    for ids in (*reached.values(), [one.principal for one in held]):
        for object_id in ids:
            people.add(object_id, None, "user")
    return Directory(
        dict(sorted(people.found.items())),
        members,
        reached,
        unseen,
        joining,
        tuple(_eligible(draft, "owner")),
        owned_principals(
            ((row.id, origin.object) for row, origin in draft.with_origin(OwnerRow)),
            draft.of(GroupRow),
            draft.of(ApplicationRow),
            draft.of(ServicePrincipalRow),
        ),
        held,
        roles_listed(draft),
        ways_in(draft.of(GroupRow)),
        standing_for(draft.of(ApplicationRow), draft.of(ServicePrincipalRow)),
    )


def _gone(draft: Draft, groups: Iterable[str]) -> set[str]:
    """Return the groups that a whole list of groups does not hold: deleted ones."""
    if ROOT not in draft.lists.whole["graph/groups"]:
        return set()
    return set(groups) - {row.id.lower() for row in draft.of(GroupRow)}


def _is_group(people: People, object_id: str) -> bool:
    return people.found[object_id].kind == "group"


def _eligible(draft: Draft, access: str) -> Iterator[tuple[str, str]]:
    """Yield whom PIM for Groups lets be a member of what, or own it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in draft.of(GroupEligibilityRow):
        if (row.access_id or "member").lower() == access:
            found[row.principal_id.lower()].add(row.group_id.lower())
    for principal, groups in sorted(found.items()):
        yield from ((principal, group) for group in sorted(groups))
