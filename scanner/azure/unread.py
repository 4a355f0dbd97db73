"""Lists that only refine: what nobody has read of them hides a way to commands.

Verdicts do not change for want of them; the ways are named as not covered.
"""

from collections.abc import Iterable, Iterator, Mapping, Set

from scanner.azure.directory import standing_for
from scanner.azure.directory_rows import (
    ApplicationRow,
    GroupRow,
    ServicePrincipalRow,
)
from scanner.azure.drafts import Draft
from scanner.azure.entra import Directory, WayIn
from scanner.azure.model import Assignment
from scanner.azure.rbac.scopes import ROOT, Hierarchy
from scanner.azure.rows import ClassicRow

_AUTHORIZATION = "Microsoft.Authorization"
_CLASSIC = "classic administrators"
OF_MACHINES = "identities of machines"
_JOINING = "members of groups by PIM"
_OWNERS = "owners of groups and applications"
_APPLICATIONS = "applications of service principals"
_ADMITTED = "federated credentials of applications"
_PRINCIPALS = "service principals and what they are"
_ROLES = "eligible roles of the directory"
#: Lists of a subscription, in words.
_OF_SUBSCRIPTIONS = {
    "eligible access (PIM)": f"{_AUTHORIZATION}/roleEligibilityScheduleInstances",
    _CLASSIC: f"{_AUTHORIZATION}/classicAdministrators",
    "delegated partners (Lighthouse)": (
        "Microsoft.ManagedServices/registrationAssignments"
    ),
}
#: What is hidden, in words, to the list that would say it.
REFINING: Mapping[str, str] = {
    **_OF_SUBSCRIPTIONS,
    OF_MACHINES: "Microsoft.ManagedIdentity/userAssignedIdentities",
    _JOINING: "graph/groupEligibility",
    _OWNERS: "graph/owners",
    _APPLICATIONS: "graph/applications",
    _PRINCIPALS: "graph/servicePrincipals",
    _ADMITTED: "graph/applications/federatedIdentityCredentials",
    _ROLES: "graph/roleEligibilityScheduleInstances",
}


def unread_refinements(
    draft: Draft,
    subscriptions: Iterable[str],
    hierarchy: Hierarchy,
    directory: Directory,
    assignments: Iterable[Assignment],
) -> Iterator[str]:
    """Yield what lists that were not read whole hide, in words.

    Args:
        draft: with the lists.
        subscriptions: ids of those that have machines.
        hierarchy: what is above them.
        directory: its groups and service principals.
        assignments: whoever holds one is worth becoming.
    """
    above = {one: hierarchy.chain(one)[0] for one in subscriptions}
    for words, op in _OF_SUBSCRIPTIONS.items():
        known, name = draft.lists.known, op.lower()
        if not all(known(name, one, groups) for one, groups in above.items()):
            yield words
    if not all(row.is_said for row in draft.of(ClassicRow)):
        yield _CLASSIC
    if not _whole(draft, REFINING[_ROLES], {ROOT}):
        yield _ROLES
    holders = {one.principal for one in assignments}
    holders |= {one.principal for one in directory.roles}
    groups = {
        one for one in holders & directory.reached.keys() if _joinable(directory, one)
    }
    inside = {one for group in groups for one in directory.reached[group]}
    groups |= {one for one in inside if _is(directory, one, "group")}
    holders |= inside
    apps = {one for one in holders if _is(directory, one, "service-principal")}
    if not _whole(draft, REFINING[_JOINING], groups):
        yield _JOINING
    yield from _owners(draft, groups, apps)


def _owners(draft: Draft, groups: Set[str], apps: Set[str]) -> Iterator[str]:
    applications = list(draft.of(ApplicationRow))
    principals = list(draft.of(ServicePrincipalRow))
    told = {row.id.lower() for row in draft.of(GroupRow) if row.owners is not None}
    told |= {row.id.lower() for row in applications if row.owners is not None}
    told |= {row.id.lower() for row in principals if row.owners is not None}
    standing = standing_for(applications, principals)
    registered = {app for app, principal in standing.items() if principal in apps}
    if not _whole(draft, REFINING[_OWNERS], (groups | apps | registered) - told):
        yield _OWNERS
    if not _whole(draft, REFINING[_ADMITTED], registered):
        yield _ADMITTED
    nameless = not all(row.app_id for row in applications)
    if apps and (nameless or not _whole(draft, REFINING[_APPLICATIONS], {ROOT})):
        yield _APPLICATIONS
    nameless = not all(row.app_id for row in principals)
    if apps and (nameless or not _whole(draft, REFINING[_PRINCIPALS], {ROOT})):
        yield _PRINCIPALS


def _whole(draft: Draft, op: str, objects: Set[str]) -> bool:
    """Say whether a list was read whole: for everything, or for each of some."""
    whole, broken = draft.lists.whole[op.lower()], draft.lists.broken[op.lower()]
    return not broken and (ROOT in whole or objects <= whole)


def _joinable(directory: Directory, group: str) -> bool:
    return directory.ways_in.get(group) is not WayIn.CLOSED


def _is(directory: Directory, id_: str, kind: str) -> bool:
    known = directory.principals.get(id_)
    return known is not None and known.kind == kind
