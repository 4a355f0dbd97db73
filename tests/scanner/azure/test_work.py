"""Which roles of an Entra principal are for other work, and where identities live."""

import azure_estates as a
import pytest

from scanner.azure.decide import decide_azure

BLOBS = a.role(
    "blobs", a.block(["Microsoft.Storage/*/read"], data=["Microsoft.Storage/*"])
)
RG, OTHER = a.rg_scope(), a.rg_scope("other")


def decided(tmp_path, *lines, **tenant):
    tenant = {"users": [a.user("ann")], **tenant}
    return decide_azure(
        a.loaded(
            tmp_path,
            a.tenant_lines(**tenant),
            (a.SUB, [*a.subscription_lines(), *lines]),
        )
    )


def work(tmp_path, role, **tenant):
    held = a.assignment("ann", role["properties"]["roleName"], RG)
    tenant = {"roles": [role], "assignments": [held], **tenant}
    half = decided(tmp_path, **tenant)
    return half.work_of(next(p for p in half.principals if p.name == "ann"))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (a.block(["Microsoft.Web/sites/*"]), True),
        (a.block(["microsoft.web/sites/write"]), True),
        (a.block(["*/read"], data=["Microsoft.Storage/*/write"]), True),
        (a.block(["*/read", "Microsoft.Web/sites/Read"]), False),
        (a.block(["Microsoft.Compute/disks/write", "Microsoft.Insights/*"]), False),
        (a.block(["*"]), False),
        (a.block(["Microsoft.Web/*", a.RUN]), False),
        (a.block(["*"], ["Microsoft.Compute/*"]), False),
        (a.block(), False),
    ],
)
def test_other_work_changes_something_that_is_no_machine_and_runs_no_command(
    tmp_path, block, expected
):
    """A role that can also run commands is judged by its breadth, elsewhere."""
    assert work(tmp_path, a.role("r", block)) == (("r",) if expected else ())


@pytest.mark.parametrize(
    ("tenant", "expected"),
    [
        ({}, ("blobs",)),
        ({"assignments": []}, ()),
        (
            {"assignments": [], "eligibilities": [a.eligible("ann", "blobs", RG)]},
            (),
        ),
        (
            {
                "assignments": [a.assignment("team", "blobs", RG, kind="Group")],
                "directory_groups": [{"id": a.guid("team"), "displayName": "team"}],
                "members": {"team": [{"id": a.guid("ann")}]},
            },
            ("blobs",),
        ),
    ],
)
def test_roles_count_while_they_are_held(tmp_path, tenant, expected):
    """Oneself or by a group; what is only eligible is not daily."""
    assert work(tmp_path, BLOBS, **tenant) == expected


def homes(tmp_path, *lines, name="web"):
    half = decided(tmp_path, *lines)
    found = [half.homes_of(p) for p in half.principals if p.id == a.guid(name)]
    return found[0]


def test_an_identity_lives_where_it_is_and_where_it_is_used(tmp_path):
    """A machine's own one in its group; an assigned one in both."""
    identity = {
        "id": f"{OTHER}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i",
        "name": "web",
        "properties": {"principalId": a.guid("web")},
    }
    assigned = a.machine(a.vm_id())
    assigned["identity"] = {
        "type": "UserAssigned",
        "userAssignedIdentities": {identity["id"]: {"principalId": a.guid("web")}},
    }
    vms = "Microsoft.Compute/virtualMachines"
    own = a.line(vms, [a.machine(a.vm_id(), identity="web")], subscription=a.SUB)
    both = [
        a.line(vms, [assigned], subscription=a.SUB),
        a.line(
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            [identity],
            subscription=a.SUB,
        ),
    ]

    assert homes(tmp_path / "own", own) == (RG.lower(),)
    assert homes(tmp_path / "both", *both) == (OTHER.lower(), RG.lower())


def test_a_person_lives_nowhere(tmp_path):
    half = decided(tmp_path)

    assert [half.homes_of(who) for who in half.principals] == [()]
