"""A change names its tenant, and none where the estate does not tell."""

import pytest
from render_changes import GROUP_SCOPE, SUBSCRIPTION, change

from policies.azure.tenants import in_tenants
from policies.resources import ResourceKind
from scanner.azure.model import AzureEstate, AzureTenant
from scanner.azure.rbac.scopes import Hierarchy

ID = SUBSCRIPTION.rpartition("/")[2]
ROOT = "/providers/microsoft.management/managementgroups/root"


def estate(*tenants):
    return AzureEstate({one.id: one for one in tenants})


ONE = AzureTenant("t1", {ID: "prod"}, Hierarchy({SUBSCRIPTION: ROOT}))
OTHER = AzureTenant("t2", {"other": "test"})


@pytest.mark.parametrize(
    ("scope", "tenant"),
    [
        (SUBSCRIPTION, "t1"),
        (GROUP_SCOPE.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/"), "t1"),
        ("/subscriptions/OTHER", "t2"),
        (ROOT, "t1"),
        ("/subscriptions/unknown", ""),
        ("/", ""),
    ],
)
def test_a_scope_is_in_the_tenant_that_lists_it(scope, tenant):
    one = change(ResourceKind.DENY_ASSIGNMENT, scope=scope)
    (found,) = in_tenants(estate(ONE, OTHER), [one])

    assert found.resource.tenant == tenant


def test_two_tenants_that_list_a_subscription_leave_it_open():
    """A delegated subscription is seen from the managing tenant as well."""
    twin = AzureTenant("t3", {ID: "prod"})
    one = change(ResourceKind.ROLE_ASSIGNMENT, "remove", scope=SUBSCRIPTION)
    (found,) = in_tenants(estate(ONE, twin), [one])

    assert found.resource.tenant == ""
