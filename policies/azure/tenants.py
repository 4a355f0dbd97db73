"""Which tenant a change is made in, so that a script can tell the right one."""

from collections.abc import Iterable
from dataclasses import replace

from policies.remediation import Change
from policies.resources import Resource
from scanner.azure.model import AzureEstate, AzureTenant

_GROUPS = "/providers/microsoft.management/managementgroups/"


def in_tenants(estate: AzureEstate, changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes whose resources name their tenant, where the estate says it."""
    return tuple(
        replace(one, resource=replace(one.resource, tenant=_of(estate, one)))
        for one in changes
    )


def _of(estate: AzureEstate, change: Change) -> str:
    """Return the tenant that has the scope or group; empty when it is unclear."""
    tenants = estate.tenants.values()
    found = [one.id for one in tenants if _holds(one, change.resource)]
    return found[0] if len(found) == 1 else ""


def _holds(tenant: AzureTenant, resource: Resource) -> bool:
    scope = resource.scope.lower()
    if not scope:
        return resource.id in tenant.directory.principals
    if scope.startswith(_GROUPS):
        known = {*tenant.hierarchy.parents.values(), *tenant.hierarchy.roots}
        return scope in {one.lower() for one in known}
    subscription = scope.removeprefix("/subscriptions/").partition("/")[0]
    return subscription in {one.lower() for one in tenant.subscriptions}
