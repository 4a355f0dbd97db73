"""Evidence in any file and shape becomes the same estate; odd rows become gaps."""

import gzip
import json

import pytest
from azure_estates import (
    AUTHORIZATION,
    RUN,
    RUNNING,
    STOPPED,
    SUB,
    TENANT,
    account_id,
    arc_id,
    arc_machine,
    assignment,
    authorization,
    block,
    delegation,
    deny,
    eligible,
    group,
    group_scope,
    guid,
    line,
    loaded,
    machine,
    management_group,
    placed,
    role,
    rows_of,
    service_principal,
    set_id,
    subscription,
    subscription_lines,
    subscription_scope,
    tenant_lines,
    user,
    vm_id,
    write_azure,
)

from scanner.azure.decide import decide_azure
from scanner.azure.link import link_azure
from scanner.azure.load import load_azure
from scanner.evidence.outcomes import Outcome
from scanner.evidence.reader import open_estate
from scanner.grants import Verdict

S = subscription_scope()
ROLE = role("vmc", block(["Microsoft.Compute/virtualMachines/*"]))
BASE = {
    "roles": [ROLE],
    "assignments": [assignment("u", "vmc", S)],
    "users": [user("u")],
}
VM_OP = "Microsoft.Compute/virtualMachines"


def tenant(tmp_path, lines, below=None):
    below = subscription_lines([machine(vm_id())]) if below is None else below
    return loaded(tmp_path, lines, (SUB, below))


def runs(estate):
    return {key[0] for key in rows_of(decide_azure(estate)) if key[1] == RUN}


def test_lists_count_in_whichever_file_they_stand(tmp_path):
    """A tenant's lists in the subscription's file, and machines in the tenant's."""
    whole = tenant_lines(**BASE)
    vms = subscription_lines([machine(vm_id())])
    one = loaded(tmp_path / "one", [*whole, *vms])
    asked = [{**one_line, "subscription": SUB} for one_line in whole]
    other = loaded(tmp_path / "other", [], (SUB, [*asked, *vms]))

    assert runs(one) == runs(other) == {"u"}


def test_a_file_without_tenant_members_belongs_to_the_only_tenant(tmp_path):
    vms = subscription_lines([machine(vm_id())])
    for one in vms:
        del one["tenant"]

    assert runs(tenant(tmp_path, tenant_lines(**BASE), vms)) == {"u"}


def test_ids_in_mixed_case_are_the_same_and_stay_as_collected(tmp_path):
    vm = machine(vm_id("Web").replace("/subscriptions/", "/SUBSCRIPTIONS/"))
    found = assignment("u", "vmc", vm_id("wEB").upper())
    found["properties"]["principalId"] = guid("u").upper()
    found["properties"]["roleDefinitionId"] = ROLE["id"].upper()
    lines = tenant_lines(**{**BASE, "assignments": [found]})
    estate = tenant(tmp_path, lines, subscription_lines([vm]))

    assert runs(estate) == {"u"}
    assert estate.tenants[TENANT].machines[0].target.id == vm["id"]


def test_objects_that_repeat_are_the_same_by_id(tmp_path):
    again = assignment("u", "vmc", S)
    again["id"] = again["id"].upper()
    lines = [*tenant_lines(**BASE), line(f"{AUTHORIZATION}/roleAssignments", [again],
             {"scope": S}, subscription=SUB)]  # fmt: skip

    assert len(tenant(tmp_path, lines).tenants[TENANT].assignments) == 1


@pytest.mark.parametrize(
    "rows",
    [
        {"data": [assignment("u", "vmc", S)], "resultTruncated": "false"},
        {
            "data": {
                "columns": [{"name": "id"}, {"name": "type"}, {"name": "properties"}],
                "rows": [list(map(assignment("u", "vmc", S).get,
                                  ("id", "type", "properties")))],
            }
        },
    ],
    ids=["objects", "table"],
)  # fmt: skip
def test_resource_graph_rows_are_read_by_their_own_type(tmp_path, rows):
    lines = tenant_lines(**{**BASE, "assignments": []})
    lines.append(line("ResourceGraph/authorizationresources", [], result=rows))

    assert runs(tenant(tmp_path, lines)) == {"u"}


@pytest.mark.parametrize(
    "data",
    [
        {"a": 1},
        {"columns": [{"name": "id"}]},
        {"columns": [{"name": "id"}], "rows": ["x"]},
        [None],
        "x",
        None,
    ],
)
def test_resource_graph_answers_that_are_no_rows_are_gaps(tmp_path, data):
    """Neither a list of objects nor a table: what they would have said is unknown."""
    op = "ResourceGraph/authorizationresources"
    lines = [*tenant_lines(**BASE), line(op, [], result={"data": data})]

    assert [gap.what for gap in tenant(tmp_path, lines).gaps] == [op]


def test_an_odd_resource_graph_row_does_not_hide_the_others(tmp_path):
    """Good rows stay, whatever stands next to them."""
    row = {**assignment("u", "vmc", S), "type": f"{AUTHORIZATION}/roleAssignments"}
    lines = tenant_lines(**{**BASE, "assignments": []})
    op = "ResourceGraph/authorizationresources"
    lines.append(line(op, [], result={"data": [5, row]}))
    found = tenant(tmp_path, lines)

    assert runs(found) == {"u"}
    assert op in {gap.what for gap in found.gaps}


def test_resource_graph_places_subscriptions_and_machines(tmp_path):
    chain = [{"name": "leaf"}, {"name": TENANT}]
    containers = {
        "id": S,
        "type": "microsoft.resources/subscriptions",
        "subscriptionId": SUB,
        "properties": {"managementGroupAncestorsChain": chain},
    }
    vm = {
        "id": vm_id(),
        "type": "microsoft.compute/virtualmachines",
        "properties": {
            "extended": {
                "instanceView": {"powerState": {"code": "PowerState/deallocated"}}
            }
        },
    }
    found = assignment("u", "vmc", group_scope("leaf"))
    lines = [
        *tenant_lines(**{**BASE, "assignments": [found]}, groups=[], placements=[]),
        line("ResourceGraph/resourcecontainers", [], result={"data": [containers]}),
        line("ResourceGraph/resources", [], result={"data": [vm]}),
    ]
    estate = tenant(tmp_path, lines, [])

    assert runs(estate) == {"u"}
    assert estate.tenants[TENANT].machines[0].target.reachability == "offline"


def test_a_management_group_may_come_as_one_object_with_children(tmp_path):
    tree = management_group(TENANT)
    tree["properties"]["children"] = [
        {
            "id": group_scope("leaf"),
            "children": [{"id": S, "type": "/subscriptions"}],
        }
    ]
    found = assignment("u", "vmc", group_scope("leaf"))
    lines = tenant_lines(**{**BASE, "assignments": [found]}, groups=[], placements=[])
    lines.append(
        line(
            "Microsoft.Management/managementGroups", [], {"group": TENANT}, result=tree
        )
    )

    assert runs(tenant(tmp_path, lines)) == {"u"}


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "result",
    [{}, {"value": None}, {"value": {}}, {"value": [{"id": 3}]}, {"a": 1}],
)
def test_an_odd_answer_is_a_gap_and_not_an_empty_list(tmp_path, result):
    lines = tenant_lines(**BASE)
    lines.append(line("graph/groups/members", [], {"group": guid("g")}, result=result))
    estate = tenant(tmp_path, lines)

    (gap,) = estate.gaps
    assert (gap.what, gap.outcome) == ("graph/groups/members", Outcome.MALFORMED)
    assert gap.effect


def test_good_rows_next_to_odd_ones_are_kept(tmp_path):
    vms = [
        machine(vm_id("good")),
        {"id": None},
        {"name": "no id"},
        machine(vm_id("too")),
    ]
    estate = tenant(tmp_path, tenant_lines(**BASE), subscription_lines(vms))

    names = [m.target.name for m in estate.tenants[TENANT].machines]
    assert names == ["good", "too"]
    assert [gap.what for gap in estate.gaps] == [VM_OP]
    assert "1 more" in estate.gaps[0].why


def test_a_delegation_to_an_unread_definition_is_a_gap(tmp_path):
    _, registration = delegation(S, [authorization("msp", "vmc")])
    lines = tenant_lines(**BASE)
    lines.append(
        line("Microsoft.ManagedServices/registrationAssignments", [registration])
    )
    estate = tenant(tmp_path, lines)

    assert [gap.effect for gap in estate.gaps] == ["who the delegation lets in unknown"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_delegation_may_hold_its_definition(tmp_path, inside):
    definition, registration = delegation(S, [authorization("msp", "vmc")])
    if inside:
        registration["properties"]["registrationDefinition"] = definition
        lines = tenant_lines(**BASE)
    else:
        registration["properties"]["registrationDefinition"] = {"id": definition["id"]}
        lines = tenant_lines(**BASE, delegations=[(definition, registration)])
    lines.append(
        line(
            "Microsoft.ManagedServices/registrationAssignments",
            [registration],
            {"scope": S},
            subscription=SUB,
        )
    )

    estate = tenant(tmp_path, lines)
    assert runs(estate) == {"u", "msp"}
    assert estate.gaps == ()


@pytest.mark.parametrize(
    "change",
    [
        {"scope": None},
        {"condition": ""},
        {"principalType": None},
        {"principalType": "SomethingNew"},
        {"conditionVersion": "9.9"},
    ],
)
def test_members_that_are_null_or_new_lose_nothing(tmp_path, change):
    found = assignment("u", "vmc", S)
    found["properties"] |= change
    lines = tenant_lines(**{**BASE, "assignments": [found]})

    assert runs(tenant(tmp_path, lines)) == {"u"}


def test_scopes_and_principals_that_name_nothing_are_harmless(tmp_path):
    odd = [
        assignment("u", "vmc", "", name="1"),
        assignment("u", "vmc", "/nowhere/at/all", name="2"),
        assignment("", "vmc", S, name="3"),
    ]
    lines = tenant_lines(**{**BASE, "assignments": odd}, denies=[deny("/x", block())])

    assert "u" in runs(tenant(tmp_path, lines))


def test_packed_files_are_read(tmp_path):
    root = write_azure(tmp_path, tenant_lines(**BASE))
    text = "".join(json.dumps(o) + "\n" for o in subscription_lines([machine(vm_id())]))
    (root / "azure" / f"{SUB}.jsonl.gz").write_bytes(gzip.compress(text.encode()))

    assert runs(load_azure(open_estate(root))) == {"u"}


def test_line_order_does_not_matter(tmp_path):
    lines, below = tenant_lines(**BASE), subscription_lines([machine(vm_id())])
    one = loaded(tmp_path / "a", lines, (SUB, below))
    other = loaded(tmp_path / "b", lines[::-1], (SUB, below[::-1]))

    assert one == other


# -- reachability ----------------------------------------------------------------------

OFF = {"osProfile": {"allowExtensionOperations": False}}
NO_AGENT = {"osProfile": {"linuxConfiguration": {"provisionVMAgent": False}}}
NOT_READY = {"code": "ProvisioningState/Unavailable", "displayStatus": "Not Ready"}
READY = {"code": "ProvisioningState/succeeded", "displayStatus": "Ready"}


def agent(version=None, *statuses, **os_profile):
    """A running VM whose agent says this."""
    view = {**RUNNING, "vmAgent": {"statuses": list(statuses)}}
    if version is not None:
        view["vmAgent"]["vmAgentVersion"] = version
    properties = {"osProfile": os_profile} if os_profile else {}
    return machine(vm_id(), view, properties=properties)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (machine(vm_id()), "online"),
        (machine(vm_id(), STOPPED), "offline"),
        (machine(vm_id(), None), "unknown"),
        (machine(vm_id(), {"statuses": RUNNING["statuses"]}), "unknown"),
        (machine(vm_id(), properties=OFF), "not-managed"),
        (machine(vm_id(), properties=NO_AGENT), "not-managed"),
        (agent(None, READY), "online"),
        (agent("Unknown", READY), "online"),
        (agent(None, {"code": "ProvisioningState/succeeded"}), "online"),
        (agent("2"), "online"),
        (agent("2", NOT_READY), "unknown"),
        (agent(None, NOT_READY), "unknown"),
        (agent("Unknown"), "unknown"),
        (agent(), "unknown"),
        (agent(None, READY, allowExtensionOperations=False), "not-managed"),
        (agent(None, READY, allowExtensionOperations=True), "online"),
        ({"id": vm_id()}, "unknown"),
    ],
)
def test_reachability_of_a_vm(tmp_path, row, expected):
    estate = tenant(tmp_path, tenant_lines(), subscription_lines([row]))

    assert estate.tenants[TENANT].machines[0].target.reachability == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "Connected"}, "online"),
        ({"status": "Disconnected"}, "offline"),
        ({"status": None}, "unknown"),
        (
            {"status": "Connected", "agentConfiguration": {"configMode": "monitor"}},
            "not-managed",
        ),
        (
            {
                "status": "Connected",
                "agentConfiguration": {"extensionsEnabled": "false"},
            },
            "not-managed",
        ),
    ],
)
def test_reachability_of_an_arc_machine(tmp_path, change, expected):
    row = {**arc_machine(), "properties": change}
    estate = tenant(tmp_path, tenant_lines(), subscription_lines(arc=[row]))

    assert estate.tenants[TENANT].machines[0].target.reachability == expected


def test_a_list_of_states_joins_the_list_of_vms(tmp_path):
    below = subscription_lines([machine(vm_id(), None, tags={"env": "prod"})])
    states = [{"id": vm_id().upper(), "properties": {"instanceView": RUNNING}}]
    below.append(line(VM_OP, states, {"statusOnly": "true"}, subscription=SUB))
    estate = tenant(tmp_path, tenant_lines(), below)

    (found,) = estate.tenants[TENANT].machines
    assert (found.target.reachability, found.target.tags) == (
        "online",
        (("env", "prod"),),
    )


# -- hops ------------------------------------------------------------------------------


def test_hops_of_members_identities_owners_and_partners(tmp_path):
    vm = machine(vm_id(), identity="mi")
    vm["identity"]["userAssignedIdentities"] = {"x": {"principalId": guid("ua")}}
    inside = machine(f"{set_id()}/virtualMachines/0")
    scale_set = {"id": set_id(), "identity": {"principalId": guid("set")}}
    lines = [
        *tenant_lines(
            **BASE,
            directory_groups=[
                group("g", owners=[{"id": guid("u")}]),
                group("ruled", owners=[{"id": guid("u")}], membershipRule="x"),
            ],
            service_principals=[service_principal("app")],
            members={"g": [{"id": guid("u"), "@odata.type": "#microsoft.graph.user"}]},
            delegations=[delegation(S, [authorization("msp", "vmc")])],
        ),
        line("graph/applications", [{"id": guid("reg"), "appId": guid("appapp")}]),
        line("graph/owners", [{"id": guid("u")}], {"object": guid("reg")}),
        line(
            "graph/groupEligibility", [{"groupId": guid("g"), "principalId": guid("e")}]
        ),
    ]
    below = subscription_lines([vm], [scale_set], [inside], [arc_machine(arc_id())])
    outsiders, edges = link_azure(tenant(tmp_path, lines, below))

    found = {(e.kind, e.source, e.target, e.verdict) for e in edges}
    yes, maybe = Verdict.ALLOWED, Verdict.CONDITIONAL
    assert found == {
        ("member-of", guid("u"), guid("g"), yes),
        ("member-of", guid("e"), guid("g"), maybe),
        ("runs-as", vm_id(), guid("mi"), yes),
        ("runs-as", vm_id(), guid("ua"), yes),
        ("runs-as", inside["id"], guid("set"), yes),
        ("can-become", guid("u"), guid("g"), yes),
        ("can-become", guid("u"), guid("app"), yes),
        ("delegated-to", guid("partner"), guid("msp"), yes),
    }
    assert [principal.id for principal in outsiders] == [guid("partner")]


def test_an_identity_of_a_machine_is_a_managed_identity(tmp_path):
    below = subscription_lines([machine(vm_id(), identity="mi")])
    below.append(
        line(
            "Microsoft.Automation/automationAccounts",
            [{"id": account_id(), "identity": {"principalId": guid("auto")}}],
            {"x": "y"},
            subscription=SUB,
        )
    )
    principals = tenant(tmp_path, tenant_lines(), below).tenants[TENANT].directory

    assert {p.id: p.kind for p in principals.principals.values()} == {
        guid("mi"): "managed-identity",
        guid("auto"): "managed-identity",
    }


def test_two_tenants_stay_apart(tmp_path):
    other = "99999999-0000-4000-8000-000000000009"
    lines = tenant_lines(**BASE)
    theirs = [
        {**one, "tenant": other}
        for one in tenant_lines(
            roles=[ROLE], assignments=[assignment("x", "vmc", "/")], users=[user("x")],
            subscriptions=(), groups=[management_group(other)],
        )
    ]  # fmt: skip
    below = subscription_lines([machine(vm_id())])
    root = write_azure(tmp_path, lines, (SUB, below), (other, theirs))
    estate = load_azure(open_estate(root))

    assert set(estate.tenants) == {TENANT, other}
    assert runs(estate) == {"u"}


def test_what_pim_calls_a_scope_is_the_subscription(tmp_path):
    found = eligible("u", "vmc", f"/providers/Microsoft.Subscription{S}")
    lines = tenant_lines(roles=[ROLE], eligibilities=[found], users=[user("u")])

    assert runs(tenant(tmp_path, lines)) == {"u"}


def test_a_subscription_has_a_name_and_a_place(tmp_path):
    named = subscription(SUB, "prod")
    lines = [
        *tenant_lines(subscriptions=()),
        line("Microsoft.Resources/subscriptions", [named], {"$top": 9}),
        line(
            "Microsoft.Management/managementGroups/subscriptions",
            [placed(SUB, TENANT)],
            {"group": TENANT},
        ),
    ]
    found = tenant(tmp_path, lines).tenants[TENANT]

    assert found.subscriptions == {SUB: "prod"}
    assert found.hierarchy.chain(SUB) == ((group_scope(TENANT).lower(),), True)


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, Verdict.CONDITIONAL), ({"membershipRule": "x"}, None)],
)
def test_whom_pim_makes_an_owner_may_join_the_group(tmp_path, more, expected):
    lines = [
        *tenant_lines(users=[user("u")], directory_groups=[group("g", **more)]),
        line(
            "graph/groupEligibility",
            [{"groupId": guid("g"), "principalId": guid("u"), "accessId": "owner"}],
        ),
    ]
    _, edges = link_azure(tenant(tmp_path, lines, subscription_lines()))

    found = {(e.kind, e.source, e.target): e.verdict for e in edges}
    assert expected is found.get(("can-become", guid("u"), guid("g")))


@pytest.mark.parametrize(
    "name", ["roleAssignments", "roleEligibilityScheduleInstances"]
)
def test_a_row_that_names_nobody_is_a_gap(tmp_path, name):
    """An empty id is nobody's: no principal of that name appears."""
    row = assignment("u", "vmc", S)
    row["properties"]["principalId"] = ""
    op = f"{AUTHORIZATION}/{name}"
    lines = tenant_lines(**{**BASE, "assignments": []})
    lines.append(line(op, [row], {"scope": "/other"}))
    found = tenant(tmp_path, lines)

    assert runs(found) == set()
    assert [gap.what for gap in found.gaps] == [op]
