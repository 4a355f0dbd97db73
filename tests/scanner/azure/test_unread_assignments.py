"""Role assignments that were not read: what they hide away from machines is named."""

import pytest
from azure_estates import (
    SUB,
    assignment,
    block,
    loaded,
    machine,
    refused,
    role,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure

MA = "Microsoft.Authorization"
HIDDEN = {
    f"{MA}/locks/delete",
    f"{MA}/denyAssignments/delete",
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
}


@pytest.mark.parametrize("read", [True, False])
def test_ways_around_guards_and_through_hosts_are_not_covered(tmp_path, read):
    """Of machines everybody is unknown then; nobody is asked about guards and hosts."""
    held = [assignment("u", "r", subscription_scope())]
    tenant = tenant_lines(
        roles=[role("r", block(["*"]))], assignments=held, users=[user("u")]
    )
    params = {"scope": subscription_scope()}
    extra = [] if read else [refused(f"{MA}/roleAssignments", params, subscription=SUB)]
    below = subscription_lines([machine(vm_id())]) + extra

    found = decide_azure(loaded(tmp_path, tenant, (SUB, below)))

    named = {one.id for one in found.not_covered if "role assignments" in one.why_not}
    assert named & HIDDEN == (set() if read else HIDDEN)
