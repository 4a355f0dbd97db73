"""One row of an Azure list: its type, its place, and ARM's own shape."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from scanner.azure.operations import OPERATIONS
from scanner.evidence.importers.answers import GUID, Row, rows_of

Body = dict[str, Any]
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
_GROUPS = "Microsoft.Management/managementGroups"
_BELOW = f"{_GROUPS}/subscriptions"
_WORKERS = "Microsoft.Automation/automationAccounts/hybridRunbookWorkers"

#: Lists that are asked at a scope and name it in their parameters.
ASKED_AT_SCOPE = frozenset(
    op
    for op in OPERATIONS
    if op.startswith(("Microsoft.Authorization/", "Microsoft.ManagedServices/"))
)
#: Resource types compare without case, and some answers write them in full.
_KNOWN = {op.lower(): op for op in OPERATIONS if not op.startswith("graph/")} | {
    "microsoft.automation/automationaccounts/hybridrunbookworkergroups"
    "/hybridrunbookworkers": _WORKERS,
    "microsoft.authorization/rolemanagementpolicyassignment": (
        "Microsoft.Authorization/roleManagementPolicyAssignments"
    ),
    "/subscriptions": _BELOW,
}
#: Members of an ARM resource that stay beside `properties`; the CLI mixes both.
_BESIDE = frozenset(
    {
        *("id", "name", "type", "location", "tags", "identity", "sku", "zones", "plan"),
        *("kind", "managedBy", "etag", "systemData", "extendedLocation"),
        *("resourceGroup", "resources"),
    }
)
_SUBSCRIPTION = re.compile(rf"^/subscriptions/({GUID.pattern})(?:/|$)", re.IGNORECASE)
_POWER = re.compile(r"^VM (?P<state>\w+)$")


def op_of(row: Row) -> str:
    """Return the list that a row belongs to, spelled as in evidence; empty if none.

    Some answers leave out the type; the id says it too.
    """
    kind = str(row.get("type") or _type_in(str(row.get("id")))).lower()
    return _KNOWN.get(kind.removeprefix("/providers/"), "")


def _type_in(resource: str) -> str:
    """Return the type in an id: the namespace, then every second part."""
    namespace, *parts = resource.rpartition("/providers/")[2].split("/")
    return "/".join([namespace, *parts[::2]])


def wrapped(op: str, row: Body) -> Body:
    """Return a row in ARM's shape: what the CLI flattened goes into `properties`."""
    if isinstance(row.get("properties"), dict):
        return row
    top = {name: value for name, value in row.items() if name in _BESIDE}
    inner = {name: value for name, value in row.items() if name not in _BESIDE}
    if op.endswith("/roleDefinitions") and "roleType" in inner:
        inner["type"] = inner.pop("roleType")
    if power := _POWER.match(str(inner.get("powerState"))):
        status = {"code": f"PowerState/{power['state']}"}
        inner.setdefault("instanceView", {"statuses": [status]})
    if isinstance(top.get("resources"), list):
        nested = top["resources"]
        top["resources"] = [
            wrapped("", part) if isinstance(part, dict) else part for part in nested
        ]
    return {**top, "properties": inner}


def subscription_row(row: Body) -> Body | None:
    """Return a subscription in ARM's shape, from ARM or from `az account list`.

    None stands for the CLI's entry of a tenant without subscriptions.
    """
    if "subscriptionId" in row:
        return row
    number = str(row.get("id"))
    if number == row.get("tenantId"):
        return None
    kept = ("tenantId", "homeTenantId", "state", "managedByTenants")
    return {
        "id": f"/subscriptions/{number}",
        "subscriptionId": number,
        "displayName": row.get("name"),
        **{name: row[name] for name in kept if name in row},
    }


def children_of(group: Body) -> Iterator[Body]:
    """Yield a management group and all that `show --expand --recurse` lists below it.

    Children name neither parent nor tenant: both are written in, as the lists have it.
    """
    row = wrapped(_GROUPS, group)
    inner = row["properties"]
    for child in rows_of(inner.get("children") or []):
        yield from children_of(_below(child, row, inner.get("tenantId")))
    mine = {name: value for name, value in inner.items() if name != "children"}
    yield {**row, "properties": mine}


def _below(child: Body, parent: Body, tenant: Any) -> Body:
    row = wrapped("", child)
    up = {"id": parent.get("id")}
    where = {"parent": up} if op_of(row) == _BELOW else {"details": {"parent": up}}
    return {**row, "properties": {"tenantId": tenant, **where, **row["properties"]}}


def scope_of(row: Row) -> str:
    """Return the scope that a row of an authorization list speaks of."""
    properties = row.get("properties")
    inner = properties.get("scope") if isinstance(properties, dict) else None
    if isinstance(inner, str) and inner:
        return inner
    head, _, _ = str(row.get("id") or "").rpartition("/providers/")
    return head or "/"


def scopes_of(rows: Iterable[Row]) -> set[str]:
    """Return the different scopes of rows."""
    return {scope_of(row) for row in rows}


def subscription_of(op: str, row: Row) -> str:
    """Return the subscription that a row is in, in lower case; empty above them."""
    place = scope_of(row) if op in ASKED_AT_SCOPE else str(row.get("id"))
    found = _SUBSCRIPTION.match(place) or _SUBSCRIPTION.match(str(row.get("id")))
    return found.group(1).lower() if found else ""


def parent_of(op: str, row: Row) -> str:
    """Return the resource that a row was listed below, if not a whole subscription."""
    if op in ASKED_AT_SCOPE or op.count("/") < 2 or op.startswith(_GROUPS):
        return ""
    return "/".join(str(row.get("id")).split("/")[:-2])
