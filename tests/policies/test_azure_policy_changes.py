"""What changes of Azure Policy give and take, and that undoing them gives it back."""

import azure_estates as z
import azure_policies as p
import pytest
from applying import change, decisions

from policies.apply import applied, inverse, same, touched
from policies.apply.azure_draft import AzureIndex
from policies.shifts import Way
from policies.what_if import what_if
from scanner.analysis import decide_azure_half
from scanner.graph import build_graph

SUB, RG = z.subscription_scope(), z.rg_scope()
WRITER = z.role("writer", z.block([z.EXTENSION]))
OWNER = z.role("owner", z.block(["*"]))
READER = z.role("reader", z.block(["*/read"]))
DENIES = p.definition("denies", p.is_type(p.EXTENSIONS), SUB)
AUDITS = p.definition("denies", p.is_type(p.EXTENSIONS), SUB, effect="audit")
STORAGE = p.definition("other", p.is_type("Microsoft.Storage/storageAccounts"), SUB)
GUARD = p.assigned(RG, DENIES["id"])
OFF = p.assigned(RG, DENIES["id"], enforcementMode="DoNotEnforce")
NEW = p.assigned(SUB, DENIES["id"], "new")
IDLE = p.assigned(SUB, STORAGE["id"], "idle")
SPARED = p.exemption(z.vm_id(), GUARD)
GAIN, LOSS, NONE = (Way.GAINED,), (Way.LOST,), ()


def estate(root, *more):
    lines = z.tenant_lines(
        roles=[WRITER, OWNER, READER],
        assignments=[
            z.assignment("alice", "writer", SUB),
            z.assignment("carol", "reader", SUB),
            *more,
        ],
        users=[z.user(name) for name in ("alice", "boss", "carol")],
    )
    lines += p.policy_lines([GUARD], [DENIES, STORAGE])
    vms = [z.machine(z.vm_id()), z.machine(z.vm_id("free", "rg2"))]
    return z.loaded(root, lines, (z.SUB, z.subscription_lines(vms)))


def of(kind, before=None, after=None):
    return change(f"azure.{kind}", (before or after)["id"], before=before, after=after)


CHANGES = [
    (of("policy-assignment", GUARD, None), GAIN),
    (of("policy-assignment", GUARD, OFF), GAIN),
    (of("policy-assignment", None, NEW), LOSS),
    (of("policy-assignment", None, IDLE), NONE),
    (of("policy-definition", DENIES, AUDITS), GAIN),
    (of("policy-definition", STORAGE, None), NONE),
    (of("policy-exemption", None, SPARED), GAIN),
    (of("policy-exemption", None, p.exemption(RG + "x", GUARD)), NONE),
    (of("policy-set-definition", None, p.initiative("s", [], SUB)), NONE),
]


@pytest.mark.parametrize(("made", "ways"), CHANGES)
def test_what_a_change_of_a_policy_gives_and_takes(tmp_path, made, ways):
    half = estate(tmp_path)
    index, graph = AzureIndex(half), build_graph([decide_azure_half(half)])

    found = what_if(graph, [made], None, index)

    assert tuple(sorted({one.way for one in found.grants})) == ways
    assert {one.principal.name for one in found.grants} <= {"alice"}
    assert found.gains == (Way.GAINED in ways)


@pytest.mark.parametrize("made", [made for made, _ in CHANGES])
def test_undoing_gives_the_same_estate_and_only_the_touched_are_decided_again(
    tmp_path, made
):
    half = estate(tmp_path)
    index = AzureIndex(half)
    after = applied(half, [made], index)
    before, now = decisions(half)[0], decisions(after)[0]
    who = touched(half, [made], index)

    assert {key[0] for key in {*before, *now} if before.get(key) != now.get(key)} <= who
    assert same(applied(after, [inverse(made)]), half)


def test_whoever_may_remove_a_new_policy_gains_nothing_by_it(tmp_path):
    """It is shown all the same."""
    half = estate(tmp_path, z.assignment("boss", "owner", SUB))
    index, graph = AzureIndex(half), build_graph([decide_azure_half(half)])

    found = what_if(graph, [of("policy-assignment", None, NEW)], None, index)

    gained = [one for one in found.grants if one.way is Way.GAINED]
    assert {one.principal.name for one in gained} == {"boss"}
    assert all("removing the guard" in one.why for one in gained)
    assert not found.gains


def test_whoever_is_given_the_right_to_remove_a_policy_gains(tmp_path):
    """Also beside a new one: what was not there before is no way back."""
    half = estate(tmp_path)
    index, graph = AzureIndex(half), build_graph([decide_azure_half(half)])
    given = of("role-assignment", None, z.assignment("carol", "owner", SUB))

    found = what_if(graph, [of("policy-assignment", None, NEW), given], None, index)

    assert found.gains
