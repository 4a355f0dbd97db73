"""Small tenants with answers derived by hand from the provider's rules.

Each row: what `u` holds, where, and what it may do then, of a few operations; the rest
of them is denied.
"""

import pytest
from azure_estates import (
    EXTENSION,
    LOGIN,
    MANAGED_RUN,
    RUN,
    SUB,
    SUB2,
    TENANT,
    arc_id,
    arc_machine,
    assignment,
    block,
    group,
    group_scope,
    guid,
    loaded,
    machine,
    management_group,
    member,
    placed,
    rg_scope,
    role,
    rows_of,
    set_id,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
)

from scanner.azure.decide import decide_azure
from scanner.grants import Verdict

S = subscription_scope()
VM = "Microsoft.Compute/virtualMachines"
SET = "Microsoft.Compute/virtualMachineScaleSets"
WRITE, ADMIN = f"{VM}/write", f"{VM}/loginAsAdmin/action"
ON_INSTANCE = f"{SET}/virtualMachines/runCommand/action"
INSTANCE_EXTENSION = f"{SET}/virtualMachines/extensions/write"
SET_EXTENSION, SET_WRITE = f"{SET}/extensions/write", f"{SET}/write"
ARC_RUN = "Microsoft.HybridCompute/machines/runCommands/write"
ASKED = (RUN, MANAGED_RUN, EXTENSION, WRITE, LOGIN, ADMIN)
EVERYTHING = (RUN, MANAGED_RUN, EXTENSION, WRITE)


def held(tmp_path, blocks, scope, below=None, condition=None, **tenant):
    lines = tenant_lines(
        roles=[role("r", *blocks)],
        assignments=[assignment("u", "r", scope, condition=condition)],
        users=[user("u")],
        **tenant,
    )
    below = below or subscription_lines([machine(vm_id())])
    rows = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))
    return {(vector, name): one.verdict for (_, vector, name), one in rows.items()}


BLOCKS = {
    "one block takes away, another gives": (
        [block([f"{VM}/*"], [RUN]), block([RUN])],
        EVERYTHING,
    ),
    "both take away": (
        [block([f"{VM}/*"], [RUN]), block([f"{VM}/*/action"], [RUN.upper()])],
        (MANAGED_RUN, EXTENSION, WRITE),
    ),
    "the planes do not mix": ([block([], [], [f"{VM}/*"])], (LOGIN, ADMIN)),
    "everything but data": ([block(["*"])], EVERYTHING),
    "data but one": ([block([], [], ["*"], [LOGIN])], (ADMIN,)),
    "a wildcard in the middle": (
        [block(["Microsoft.Compute/*/runCommand/action"])],
        (RUN,),
    ),
    "two wildcards": ([block(["*compute*/RUNCOMMAND/*"])], (RUN,)),
    "every write": ([block(["*/write"])], (MANAGED_RUN, EXTENSION, WRITE)),
    "every action": ([block(["*/ACTION"])], (RUN,)),
    "no slash before the wildcard": ([block([f"{VM}*"])], EVERYTHING),
    "anchored on the left": ([block(["icrosoft.Compute/*"])], ()),
    "anchored on the right": ([block([f"{VM}/runCommand/actio"])], ()),
    "not an expression": (
        [block([f"{VM}/run.ommand/action", f"{VM}/extensions/writ?", f"{VM}/[w]rite"])],
        (),
    ),
    "names that run nothing": (
        [
            block(
                [
                    f"{VM}/runCommand/write",
                    f"{VM}/runCommands/read",
                    f"{VM}/start/action",
                    "Microsoft.Resources/deployments/write",
                ]
            )
        ],
        (),
    ),
}


@pytest.mark.parametrize(("blocks", "expected"), BLOCKS.values(), ids=BLOCKS)
def test_what_blocks_of_a_role_give(tmp_path, blocks, expected):
    rows = held(tmp_path, blocks, S)

    assert {one for one in ASKED if (one, "vm") in rows} == set(expected)


def fleet():
    """Two instances of a scale set, a VM and an Arc machine of one name."""
    policy = {"orchestrationMode": "Uniform", "upgradePolicy": {"mode": "Automatic"}}
    return subscription_lines(
        [machine(vm_id("same")), machine(vm_id("same2")), machine(vm_id("far", "rg2"))],
        scale_sets=[{"id": set_id(), "name": "set", "properties": policy}],
        instances=[machine(f"{set_id()}/virtualMachines/{n}") for n in "01"],
        arc=[arc_machine(arc_id("same"))],
    )


def on(names, *vectors):
    return {(vector, name) for vector in vectors for name in names}


ON_VM = (RUN, MANAGED_RUN, EXTENSION)
ON_SET = (SET_EXTENSION, SET_WRITE)
INSIDE = (ON_INSTANCE, INSTANCE_EXTENSION)
SCOPES = {
    "in capitals, with a slash": (vm_id("same").upper() + "/", on(["same"], *ON_VM)),
    "a child of the VM": (vm_id("same") + "/extensions/x", on(["same"], EXTENSION)),
    "a command of the VM": (
        vm_id("same") + "/runCommands/x",
        on(["same"], MANAGED_RUN),
    ),
    "not a group whose name goes on": (rg_scope("r"), set()),
    "the group": (rg_scope("RG2"), on(["far"], *ON_VM)),
    "the Arc machine": (arc_id("same"), on(["same"], ARC_RUN)),
    "the set": (set_id(), on("01", *INSIDE, *ON_SET)),
    "an instance": (f"{set_id()}/virtualMachines/0", on("0", *INSIDE)),
    "a child of an instance": (
        f"{set_id()}/virtualMachines/0/extensions/x",
        on("0", INSTANCE_EXTENSION),
    ),
    "a child of the set": (f"{set_id()}/extensions/x", on("01", SET_EXTENSION)),
    "another subscription": (subscription_scope(SUB2), set()),
}
NAMED = {*ON_VM, *ON_SET, *INSIDE, ARC_RUN}


@pytest.mark.parametrize(("scope", "expected"), SCOPES.values(), ids=SCOPES)
def test_where_a_scope_counts(tmp_path, scope, expected):
    """Path segment by path segment; the role gives everything."""
    rows = held(tmp_path, [block(["*"])], scope, fleet())

    assert {key for key in rows if key[0] in NAMED} == expected


def matches(operation):
    return f"ActionMatches{{'{operation}'}}"


YES, NO, PERHAPS = Verdict.ALLOWED, None, Verdict.CONDITIONAL
CONDITIONS = {
    "deep": (f"((((!((({matches(RUN)})))))))", NO),
    "either": (f"({matches(EXTENSION)}) OR ({matches(RUN)})", YES),
    "neither": (f"({matches(EXTENSION)}) || ({matches(WRITE)})", NO),
    "both of two": (f"{matches(EXTENSION)} && {matches(RUN)}", NO),
    "not not": (f"not (nOt {matches(RUN)})", YES),
    "either reading differs": (
        f"{matches(RUN)} OR {matches(WRITE)} AND {matches(EXTENSION)}",
        PERHAPS,
    ),
    "either reading agrees": (
        f"{matches(RUN)} AND {matches('Microsoft.Compute/*')} OR {matches('*')}",
        YES,
    ),
    "over lines": (f"(\n !(\r\n\t{matches(RUN)}\n)\n)", NO),
    "unknown and false": (
        f"({matches(EXTENSION)} AND @Resource[x] StringEquals 'a')",
        NO,
    ),
    "unknown or true": (f"({matches(RUN)} OR @Resource[x] StringEquals 'a')", YES),
    "unknown and true": (f"({matches(RUN)} AND @Resource[x] StringLike 'a*')", PERHAPS),
    "it exists": ("Exists @Resource[x]", PERHAPS),
    "a number": ("@Environment[x] NumericGreaterThan 3", PERHAPS),
    "a sub-operation of another": (
        f"{matches(EXTENSION)} AND SubOperationMatches{{'x'}}",
        NO,
    ),
    "an unknown function": ("@Resource[x] Resembles 'a'", PERHAPS),
    "unbalanced": (f"({matches(EXTENSION)}", PERHAPS),
    "empty": ("", YES),
}


@pytest.mark.parametrize(("text", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_a_condition_leaves(tmp_path, text, expected):
    rows = held(tmp_path, [block(["*"])], S, condition=text)

    assert rows.get((RUN, "vm")) is expected


def test_a_member_in_a_circle_of_groups_holds_what_any_of_them_holds(tmp_path):
    """Devices ask nothing; who is in no group holds nothing."""
    lines = tenant_lines(
        roles=[role("r", block([RUN]))],
        assignments=[assignment("a", "r", S, "Group")],
        users=[user("u"), user("w")],
        directory_groups=[group("a"), group("b"), group("c")],
        members={
            "a": [member("b", "group")],
            "b": [member("c", "group"), member("laptop", "device")],
            "c": [member("a", "group"), member("u")],
        },
    )
    below = subscription_lines([machine(vm_id())])
    found = rows_of(decide_azure(loaded(tmp_path, lines, (SUB, below))))

    assert {who for who, *_ in found} == {"a", "b", "c", "u"}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [("P", True), ("q", False), (TENANT, True), (guid("nowhere"), False)],
)
def test_a_management_group_counts_for_what_hangs_below_it(tmp_path, scope, expected):
    tree = [management_group(TENANT)]
    tree += [management_group(one, TENANT) for one in "pq"]
    rows = held(
        tmp_path,
        [block([RUN])],
        group_scope(scope).upper(),
        groups=tree,
        placements=[placed(SUB, "p")],
    )

    assert ((RUN, "vm") in rows) is expected
