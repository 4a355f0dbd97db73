"""What AzureHound collected, sorted into the lists of ARM and Graph it was read from.

It writes a list that it was refused as an empty one, and of role assignments it keeps
those of a few roles, unless it was told to list them all.
"""

from collections import Counter, defaultdict
from typing import Any

import msgspec

from scanner.azure.rbac.scopes import normalized, resource_group_of, subscription_of
from scanner.errors import UnusableInput
from scanner.evidence.importers.answers import GUID, Source
from scanner.evidence.importers.azurehound_kinds import (
    ASSIGNED,
    LISTED,
    RELATED,
    TENANT_WIDE,
)

Body = dict[str, Any]

_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
_DIRECTORY_ROLES = "graph/roleAssignments"
#: Outweighs any number of objects: the tenant that was collected says so itself.
_COLLECTED = 1 << 32


class Collected:
    """The objects of one file, by the list that they belong to.

    Attributes:
        lists: rows by operation and subscription (empty: of the tenant).
        related: rows by operation and the object they were listed for.
        assignments: role assignments by id, with the kind of the list that had each
            first: inherited ones repeat.
        listed: scopes of which all role assignments were listed, and some were found.
        groups: resource groups that anything lies in.
        subscriptions: ids of all that the file speaks of.
        unread: how many objects there are of each kind that is not read.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._tenants: Counter[str] = Counter()
        self._seen: set[tuple[str, str]] = set()
        self._apps: dict[str, str] = {}
        self.lists: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
        self.related: defaultdict[tuple[str, str], list[Body]] = defaultdict(list)
        self.assignments: dict[str, tuple[str, Body]] = {}
        self.listed: set[str] = set()
        self.groups: set[str] = set()
        self.subscriptions: set[str] = set()
        self.unread: Counter[str] = Counter()

    def add(self, item: Any, line: int) -> None:
        """Add one object of `data`.

        Raises:
            UnusableInput: it is not `{"kind": text, "data": object}`, or its data has
                another shape than its kind says.
        """
        kind = item.get("kind") if isinstance(item, dict) else None
        if not isinstance(kind, str):
            raise self._odd(line, "an object without a kind")
        known = kind in LISTED or kind in RELATED or kind in ASSIGNED
        if not known and kind not in ("AZTenant", "AZRoleAssignment"):
            self.unread[kind] += 1
            return
        data = item.get("data")
        if not isinstance(data, dict):
            raise self._odd(line, f"the data of an {kind} is no object")
        self._note_tenant(kind, data)
        if kind in LISTED:
            self._add_row(kind, data, line)
        elif kind in RELATED:
            self._add_related(kind, data, line)
        elif kind in ASSIGNED:
            self._add_assignments(kind, data, line)
        elif kind == "AZRoleAssignment":
            rows = self._entries(kind, data, "roleAssignments", "", line)
            self.lists[_DIRECTORY_ROLES, ""] += rows

    def tenant(self) -> str:
        """Return the tenant that was collected, or that most objects say.

        Raises:
            NeedsMore: neither they nor an option say it.
        """
        if not self._tenants:
            return self._source.tenant(self.subscriptions)
        return min(self._tenants, key=lambda name: (-self._tenants[name], name))

    def object_of(self, owned: str) -> str:
        """Return the object id of what is owned: applications go by either id."""
        return self._apps.get(owned, owned)

    def _odd(self, line: int, reason: str) -> UnusableInput:
        return UnusableInput(f"{self._source.path}:{line}", reason, "export it again")

    def _note_tenant(self, kind: str, data: Body) -> None:
        tenant = data.get("tenantId")
        if isinstance(tenant, str) and GUID.fullmatch(tenant):
            if kind != "AZTenant":
                self._tenants[tenant.lower()] += 1
            elif data.get("collected") is True:
                self._tenants[tenant.lower()] += _COLLECTED

    def _add_row(self, kind: str, data: Body, line: int) -> None:
        op, place = LISTED[kind], normalized(self._text(kind, data, "id", line))
        if (op, place) in self._seen:  # below several groups, or of two kinds
            return
        self._seen.add((op, place))
        subscription = self._subscription(kind, data, place, line)
        if kind == "AZApp":
            self._apps[str(data.get("appId")).lower()] = place.lstrip("/")
        if group := resource_group_of(place):
            self.groups.add(group)
        where = "" if kind in TENANT_WIDE else subscription
        row = msgspec.json.encode(_without_empty_parents(data))
        self.lists[op, where].append(msgspec.Raw(row))

    def _subscription(self, kind: str, data: Body, place: str, line: int) -> str:
        """Return the subscription that a row is or lies in; empty for Graph objects."""
        if kind in TENANT_WIDE and kind != "AZSubscription":
            return ""
        found = subscription_of(place) or str(data.get("subscriptionId")).lower()
        if not GUID.fullmatch(found):
            raise self._odd(line, f"an {kind} of no subscription")
        self.subscriptions.add(found)
        return found

    def _add_related(self, kind: str, data: Body, line: int) -> None:
        to = RELATED[kind]
        key = to.op, self._text(kind, data, to.id, line).lower()
        self.related[key] += self._entries(kind, data, to.list, to.entry, line)

    def _add_assignments(self, kind: str, data: Body, line: int) -> None:
        rows = self._entries(kind, data, *ASSIGNED[kind], line)
        for row in rows:
            key = str(row.get("id") or msgspec.json.encode(row, order="deterministic"))
            self.assignments.setdefault(normalized(key), (kind, row))
        if rows and kind == "AZSubscriptionRoleAssignment":
            name = self._text(kind, data, "subscriptionId", line)
            self.listed.add(f"/subscriptions/{name.rpartition('/')[2].lower()}")
        if rows and kind == "AZResourceGroupRoleAssignment":
            group = self._text(kind, data, "resourceGroupId", line)
            self.listed.add(normalized(group))

    def _text(self, kind: str, data: Body, name: str, line: int) -> str:
        value = data.get(name)
        if not isinstance(value, str) or not value:
            raise self._odd(line, f"an {kind} without {name}")
        return value

    def _entries(
        self, kind: str, data: Body, name: str, entry: str, line: int
    ) -> list[Body]:
        """Return the objects in a list: its entries, or what each holds in `entry`."""
        listed = data.get(name)
        if listed is None:
            return []
        if not isinstance(listed, list):
            raise self._odd(line, f"{name} of an {kind} is no list")
        rows: list[Body] = []
        for one in listed:
            row = one.get(entry) if entry and isinstance(one, dict) else one
            if not isinstance(row, dict):
                raise self._odd(line, f"an entry of an {kind} is no object")
            rows.append(row)
        return rows


def _without_empty_parents(row: Body) -> Body:
    """Drop `details` and `parent` that name nothing: every group would be a root.

    AzureHound writes out members that ARM did not send.
    """
    inner = row.get("properties")
    if not isinstance(inner, dict):
        return row
    details = inner.get("details")
    above = details.get("parent") if isinstance(details, dict) else None
    known = {"details": _names(above), "parent": _names(inner.get("parent"))}
    kept = {name: value for name, value in inner.items() if known.get(name, True)}
    return {**row, "properties": kept}


def _names(parent: Any) -> bool:
    return isinstance(parent, dict) and bool(parent.get("id") or parent.get("name"))
