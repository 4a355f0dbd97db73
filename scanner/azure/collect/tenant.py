"""Read what belongs to the whole tenant: subscriptions, management groups, the root."""

from dataclasses import dataclass

from scanner.azure.collect.answers import page_of
from scanner.azure.collect.ask import Asker, Call, Row
from scanner.azure.collect.client import Client
from scanner.azure.collect.faults import MALFORMED, Fault
from scanner.azure.collect.mentions import Mentions, guid
from scanner.azure.collect.subscription import (
    POLICIES_OF_PIM,
    PRINCIPAL_LISTS,
    at_scope,
    built_in_roles,
    role_guid,
)

_SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
_GROUPS = "Microsoft.Management/managementGroups"
#: Not asked: nothing runs there until somebody brings them back.
_ASLEEP = frozenset({"disabled", "deleted"})


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as the list names it; `name` is untrusted text."""

    id: str
    tenant: str | None
    name: str | None
    state: str

    @property
    def skipped(self) -> str | None:
        """Why it is not asked, or None."""
        return self.state if self.state.lower() in _ASLEEP else None


def subscriptions_call() -> Call:
    """Return the call that lists the subscriptions the credential sees."""
    return Call(_SUBSCRIPTIONS, "/subscriptions")


def subscription_of(row: Row) -> Subscription | None:
    """Read one row of the list; None where its id is no GUID."""
    found = guid(row.get("subscriptionId"))
    if found is None:
        return None
    home = guid(row.get("homeTenantId")) or guid(row.get("tenantId"))
    name = row.get("displayName")
    return Subscription(
        found, home, name if isinstance(name, str) else None, str(row.get("state", ""))
    )


def tenants_seen(client: Client) -> frozenset[str]:
    """Return the tenants of the first page of subscriptions.

    Raises:
        Fault: the list cannot be read.
    """
    call = subscriptions_call()
    url = f"{client.endpoints['arm']}{call.path}?api-version={call.versions[0]}"
    rows = page_of(client.get("arm", url, "tenant")).rows
    found = filter(None, map(subscription_of, rows))
    return frozenset(s.tenant for s in found if s.tenant is not None)


def read_subscriptions(asker: Asker) -> dict[str, Subscription]:
    """List the subscriptions that the credential sees, by id.

    A row whose id is no GUID is recorded as malformed: such an id names no file.
    """
    rows = asker.ask(subscriptions_call(), _with_id).rows
    for odd in sorted(odd for odd, found in rows if found is None):
        call = Call(_SUBSCRIPTIONS, "", {"subscription": odd})
        asker.refuse(call, Fault(MALFORMED, "the subscription's id is no GUID", 200))
    return {found.id: found for _, found in rows if found is not None}


def _with_id(row: Row) -> tuple[str, Subscription | None]:
    return str(row.get("subscriptionId"))[:100], subscription_of(row)


def read_descendants(asker: Asker, group: str) -> frozenset[str]:
    """List the subscriptions below a management group, however deep."""
    op = f"{_GROUPS}/descendants"
    call = Call(op, f"/providers/{_GROUPS}/{group}/descendants", {"group": group})
    return frozenset(asker.ask(call, _subscription_below).rows)


def _subscription_below(row: Row) -> str | None:
    kind = str(row.get("type")).lower()
    return guid(row.get("name")) if kind.endswith("/subscriptions") else None


def read_built_in_roles(asker: Asker) -> frozenset[str]:
    """List the built-in roles; returns their GUIDs."""
    return frozenset(asker.ask(built_in_roles(), role_guid).rows)


def read_hierarchy(asker: Asker, mentions: Mentions) -> None:
    """Read the root and every management group: its place, its subscriptions, roles.

    The list of groups does not say where a group hangs, so each is asked for itself:
    one object with `properties.details.parent`. Its `subscriptions` carry
    `properties.parent`. Roles are asked at each group as well, although they come back
    inherited at every subscription: a group may have none below it. Delegations are
    not asked: they exist at subscriptions and resource groups only.
    """
    asker.ask(at_scope(PRINCIPAL_LISTS[0], "/"), mentions.note)
    listed = asker.ask(Call(_GROUPS, f"/providers/{_GROUPS}"), _name)
    for name in listed.rows:
        path, params = f"/providers/{_GROUPS}/{name}", {"group": name}
        asker.read(Call(_GROUPS, path, params, one=True))
        below = f"{_GROUPS}/subscriptions"
        asker.read(Call(below, f"{path}/subscriptions", params))
        for op in PRINCIPAL_LISTS:
            asker.ask(at_scope(op, path), mentions.note)
        asker.read(at_scope(POLICIES_OF_PIM, path))


def _name(row: Row) -> str:
    return str(row.get("name"))
