"""Principals of a tenant and how they belong to each other, from Graph and ARM."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from scanner.azure.directory_rows import (
    ApplicationRow,
    GroupRow,
    MemberRow,
    ServicePrincipalRow,
    UserRow,
)
from scanner.azure.entra import GroupMembers, WayIn
from scanner.estate import Principal, Provider

#: Tenants in which Microsoft publishes its own applications.
_MICROSOFT = frozenset(
    {
        "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "72f988bf-86f1-41af-91ab-2d7cd011db47",
    }
)
_GUEST_MARK = "#ext#"
#: Principal types of assignments to the words of the model. What Azure no longer knows
#: (a deleted principal) and devices act with a credential of their own.
_KINDS = {
    "user": "user",
    "group": "group",
    "foreigngroup": "foreign",
    "msi": "managed-identity",
}


@dataclass(frozen=True, slots=True)
class MemberList:
    """One answer about a group's members; `whole` when it was read to the end."""

    group: str
    transitive: bool
    members: tuple[MemberRow, ...]
    whole: bool


class People:
    """Collects the principals of one tenant; the first to describe one wins."""

    def __init__(self, tenant: str) -> None:
        """Begin with nobody."""
        self.found: dict[str, Principal] = {}
        self._tenant = tenant

    def add(
        self,
        object_id: str,
        name: str | None,
        kind: str,
        external: bool = False,
        scope: str | None = None,
    ) -> None:
        """Add a principal unless it is known; without a name it is called by its id."""
        key = object_id.lower()
        if key not in self.found:
            home = self._tenant if scope is None else scope
            self.found[key] = Principal(
                Provider.AZURE, key, name or key, kind, external, home
            )

    def add_users(self, rows: Iterable[UserRow | MemberRow]) -> None:
        """Add users; guests by their type, or by the mark in their name."""
        for row in rows:
            named = row.user_principal_name or ""
            guest = (row.user_type or "").lower() == "guest"
            guest = guest or _GUEST_MARK in named.lower()
            kind = "guest" if guest else "user"
            self.add(row.id, named or row.display_name, kind, guest)

    def add_groups(self, rows: Iterable[GroupRow | MemberRow]) -> None:
        """Add groups."""
        for row in rows:
            self.add(row.id, row.display_name, "group")

    def add_service_principals(
        self, rows: Iterable[ServicePrincipalRow | MemberRow]
    ) -> None:
        """Add applications and managed identities.

        An application of another publisher is external: that publisher holds its
        credential.
        """
        for row in rows:
            managed = (row.service_principal_type or "").lower() == "managedidentity"
            owner = (row.app_owner_organization_id or "").lower()
            ours = not owner or owner == self._tenant or owner in _MICROSOFT
            kind = "managed-identity" if managed else "service-principal"
            self.add(row.id, row.display_name, kind, not ours and not managed)

    def add_members(self, lists: Iterable[MemberList]) -> None:
        """Add whom only a group's members name."""
        for found in lists:
            for row in found.members:
                kind = (row.odata_type or "").lower().rpartition(".")[2]
                if kind == "user":
                    self.add_users([row])
                elif kind == "serviceprincipal":
                    self.add_service_principals([row])
                elif kind == "group":
                    self.add_groups([row])
            self.add(found.group, None, "group")

    def add_assigned(self, object_id: str, kind: str | None, name: str | None) -> None:
        """Add whom only an assignment names: deleted, foreign, or never read."""
        word = _KINDS.get((kind or "").lower(), "service-principal")
        foreign = word == "foreign"
        scope = "" if foreign else None
        self.add(object_id, name, word, foreign, scope)


def memberships(lists: Iterable[MemberList]) -> dict[str, GroupMembers]:
    """Join the answers about each group: direct members, or all when transitive.

    A whole answer wins over a broken one, a transitive over a direct one. Devices and
    contacts are left out: no ARM request comes from them.
    """
    found: dict[str, GroupMembers] = {}
    for listed in lists:
        ids = frozenset(m.id.lower() for m in listed.members if _may_ask(m))
        this = GroupMembers(ids, listed.whole, listed.transitive)
        known = found.get(listed.group)
        found[listed.group] = _joined(known, this) if known else this
    return found


def _may_ask(member: MemberRow) -> bool:
    kind = (member.odata_type or "").lower().rpartition(".")[2]
    return kind not in ("device", "orgcontact")


def _joined(one: GroupMembers, other: GroupMembers) -> GroupMembers:
    if one.transitive == other.transitive and one.complete == other.complete:
        return GroupMembers(one.ids | other.ids, one.complete, one.transitive)
    first, second = sorted((one, other), key=lambda m: (m.complete, m.transitive))
    return GroupMembers(first.ids | second.ids, second.complete, second.transitive)


def reach(
    groups: Iterable[str],
    members: Mapping[str, GroupMembers],
    principals: Mapping[str, Principal],
) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Expand groups through nested ones; loops end.

    Returns:
        Everybody in each group, nested groups included and the group itself not, and
        the groups that may have members nobody has seen.
    """
    reached: dict[str, frozenset[str]] = {}
    unseen: set[str] = set()
    for group in groups:
        found, whole = _expanded(group, members, principals)
        reached[group] = frozenset(found - {group})
        if not whole:
            unseen.add(group)
    return reached, frozenset(unseen)


def _expanded(
    group: str, members: Mapping[str, GroupMembers], principals: Mapping[str, Principal]
) -> tuple[set[str], bool]:
    found: set[str] = set()
    waiting, whole = [group], True
    while waiting:
        known = members.get(waiting.pop())
        if known is None or not known.complete:
            whole = False
        if known is None:
            continue
        fresh = known.ids - found
        found |= fresh
        if not (known.transitive and known.complete):
            waiting += (m for m in fresh if _is_group(m, members, principals))
    return found, whole


def _is_group(
    object_id: str,
    members: Mapping[str, GroupMembers],
    principals: Mapping[str, Principal],
) -> bool:
    known = principals.get(object_id)
    return known.kind == "group" if known else object_id in members


def owned_principals(
    owners: Iterable[tuple[str, str]],
    groups: Iterable[GroupRow],
    applications: Iterable[ApplicationRow],
    service_principals: Iterable[ServicePrincipalRow],
) -> tuple[tuple[str, str], ...]:
    """Return (owner, principal that the owner can become), sorted.

    An owner adds himself to a group, unless a rule or another directory fills it; the
    owner of an application adds a credential to it, never to a managed identity.

    Args:
        owners: (owner, owned object) as `graph/owners` gave them; owners inside the
            rows count too.
        groups: those that an owner may join himself are told apart by their rows.
        applications: owned objects that stand for a service principal.
        service_principals: joined to applications by their app id.
    """
    service_principals, applications = list(service_principals), list(applications)
    apps = [row for row in service_principals if row.service_principal_type != _MANAGED]
    becomes = {row.id.lower(): row.id.lower() for row in apps}
    becomes |= standing_for(applications, apps)
    pairs = list(owners)
    for group in groups:
        if _way_in(group) is not WayIn.CLOSED:
            becomes[group.id.lower()] = group.id.lower()
        pairs += ((o.id, group.id) for o in group.owners or ())
    for application in applications:
        pairs += ((o.id, application.id) for o in application.owners or ())
    for row in apps:
        pairs += ((o.id, row.id) for o in row.owners or ())
    known = ((owner.lower(), becomes.get(owned.lower())) for owner, owned in pairs)
    return tuple(sorted({(a, b) for a, b in known if b is not None and a != b}))


def unsure_owners(
    owners: Iterable[tuple[str, str]],
    described: Set[str],
    principals: Mapping[str, Principal],
) -> tuple[tuple[str, str], ...]:
    """Return (owner, owned) where what is owned is known by its id alone, sorted.

    Whether an owner joins such a group, or adds a credential to such a service
    principal, its own row would tell.

    Args:
        owners: (owner, owned object) as `graph/owners` gave them.
        described: ids of the groups and service principals with rows, and of those
            that a whole list does not hold.
        principals: by id, in lower case.
    """
    found = ((owner.lower(), owned.lower()) for owner, owned in owners)
    return tuple(
        sorted(
            {
                (owner, owned)
                for owner, owned in found
                if owned in principals
                and owned not in described
                and principals[owned].kind in ("group", "service-principal")
            }
        )
    )


def standing_for(
    applications: Iterable[ApplicationRow],
    service_principals: Iterable[ServicePrincipalRow],
) -> dict[str, str]:
    """Return the service principal of each application that has one here."""
    by_app = {r.app_id.lower(): r.id.lower() for r in service_principals if r.app_id}
    found = ((row.id.lower(), (row.app_id or "").lower()) for row in applications)
    return {id_: by_app[app] for id_, app in found if app in by_app}


_MANAGED = "ManagedIdentity"


def ways_in(groups: Iterable[GroupRow]) -> dict[str, WayIn]:
    """Return how somebody gets into each group, besides by its owners."""
    return {group.id.lower(): _way_in(group) for group in groups}


def _way_in(group: GroupRow) -> WayIn:
    kinds = [kind.lower() for kind in group.group_types or ()]
    ruled = bool(group.membership_rule) or "dynamicmembership" in kinds
    if ruled or group.on_premises_sync_enabled:
        return WayIn.CLOSED
    return WayIn.PROTECTED if group.is_assignable_to_role else WayIn.OPEN
