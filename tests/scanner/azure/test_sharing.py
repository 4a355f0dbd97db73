"""Deciding half of a tenant in a second process: the same grants in the same order."""

from azure_generated import tenants
from hypothesis import given, settings

from scanner.azure.model import AzureTenant
from scanner.azure.sharing import grants_of
from scanner.azure.tenant_grants import TenantGrants


def said(tenant: AzureTenant, processes: int, many: int) -> list[tuple[object, ...]]:
    """Return everything that the grants of a tenant say."""
    return [
        (
            grant.principals,
            grant.vector,
            grant.targets.bits,
            grant.decision,
            [grant.because_of(one) for one in grant.principals],
            [
                grant.because_at(grant.principals[0], target)
                for target in grant.targets
                if grant.because_at
            ],
        )
        for grant in grants_of(TenantGrants(tenant), processes, many)
    ]


@settings(max_examples=25)
@given(tenants())
def test_two_processes_give_what_one_gives(tenant):
    """Grants, their order, their targets and what they rest on do not tell."""
    expected = said(tenant, 1, 0)

    assert expected == said(tenant, 2, 0)
