"""How the roles of Azure assignments are written."""

from azure_estates import (
    RUN,
    SUB,
    assignment,
    block,
    loaded,
    machine,
    role,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.grants import AssignmentBecause, StatementBecause
from scanner.wording import Wording

BLOCKS = (block(["Microsoft.Compute/*"], [RUN]), block([], [], ["*"], ["x/y/action"]))


def half(tmp_path, *roles):
    names = [each["properties"]["roleName"] for each in roles]
    given = [assignment("ann", name, subscription_scope()) for name in names]
    tenant = tenant_lines(roles=roles, assignments=given)
    machines = subscription_lines(vms=[machine(vm_id())])
    return decide_azure(loaded(tmp_path, tenant, (SUB, machines))), given


def test_a_role_has_one_wording_for_each_block(tmp_path):
    decided, (given,) = half(tmp_path, role("operator", *BLOCKS))
    because = AssignmentBecause(given["id"].upper(), "operator", None)

    assert decided.wording_of(because) == (
        Wording(("Microsoft.Compute/*",), (RUN,)),
        Wording(("*",), ("x/y/action",)),
    )


def test_built_in_roles_are_not_ours(tmp_path):
    decided, (given,) = half(tmp_path, role("Owner", block(["*"]), custom=False))
    because = AssignmentBecause(given["id"], "Owner", None)

    assert decided.wording_of(because) == (Wording(("*",), ours=False),)


def test_what_is_not_in_evidence_has_no_wording(tmp_path):
    decided, (given,) = half(tmp_path, role("operator", *BLOCKS))

    assert decided.wording_of(AssignmentBecause(given["id"], "other", None)) == ()
    assert decided.wording_of(StatementBecause("arn", 0, None, "Allow")) == ()
