"""Hops onto managed identities, each with a twin that differs by one fact."""

from dataclasses import replace

import azure_estates as a
import pytest
from decided import ACCOUNT, grant, half, hop, role, vms

from scanner.analysis import decide_azure_half
from scanner.azure.link import link_azure
from scanner.estate import Principal, Provider
from scanner.grants import Condition, Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

MMI = "Microsoft.ManagedIdentity/userAssignedIdentities"
FEDERATE = f"{MMI}/federatedIdentityCredentials/write"
ASSIGN = f"{MMI}/assign/action"
VM_WRITE = "Microsoft.Compute/virtualMachines/write"
HAND_OUT = "Microsoft.Authorization/roleAssignments/write"
SITE = "Microsoft.Web/sites"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"


def identity(name, rg="rg"):
    return {
        "id": f"{a.rg_scope(rg)}/providers/{MMI}/{name}",
        "name": name,
        "type": MMI,
        "properties": {"principalId": a.guid(name)},
    }


def site(name, acts_as):
    return {
        "id": f"{a.rg_scope()}/providers/{SITE}/{name}",
        "identity": {"type": "SystemAssigned", "principalId": a.guid(acts_as)},
    }


def estate(
    tmp_path,
    *writes,
    holds=(HAND_OUT,),
    at=None,
    identities=None,
    sites=(),
    extra=(),
    more=(),
    **tenant,
):
    """`writer` holds `writes`; the identity `deploy` holds `holds`."""
    roles = [a.role("writing", a.block(list(writes)))]
    assignments = [
        a.assignment(
            "writer", "writing", at or a.subscription_scope(), *tenant.pop("kind", ())
        )
    ]
    if holds:
        roles.append(a.role("strong", a.block(list(holds))))
        assignments.append(a.assignment("deploy", "strong", a.subscription_scope()))
    lines = a.tenant_lines(
        roles=roles + list(tenant.pop("roles", ())),
        assignments=assignments + list(more),
        users=[a.user("writer")],
        service_principals=[a.service_principal("deploy", managed=True)],
        **tenant,
    )
    below = a.subscription_lines(vms=[a.machine(a.vm_id())])
    below += [a.line(MMI, identities or [identity("deploy")]), a.line(SITE, sites)]
    return a.loaded(tmp_path, [*lines, *extra], (a.SUB, below))


def hops(found):
    """The hops by which somebody becomes `deploy`, by source."""
    _, edges = link_azure(found)
    onto = [edge for edge in edges if edge.target == a.guid("deploy")]
    assert {edge.kind for edge in onto} <= {"can-become"}
    assert len(onto) == len({edge.source for edge in onto})
    return {edge.source: edge for edge in onto}


@pytest.mark.parametrize(
    ("writes", "found"),
    [
        ((FEDERATE,), True),
        ((f"{MMI}/*",), True),
        ((f"{MMI}/write",), False),
        ((ASSIGN, VM_WRITE), True),
        ((ASSIGN,), False),
        ((VM_WRITE,), False),
        ((ASSIGN, f"{SITE}/write"), True),
        ((ASSIGN, "Microsoft.Resources/deploymentScripts/write"), True),
    ],
)
def test_who_writes_an_identity_becomes_it(tmp_path, writes, found):
    """By a credential for another issuer's token, or on what it is assigned to."""
    [*onto] = hops(estate(tmp_path, *writes)).values()

    assert [edge.verdict for edge in onto] == ([Verdict.ALLOWED] if found else [])
    if found:
        assert {edge.source for edge in onto} == {a.guid("writer")}
        assert {one.role for edge in onto for one in edge.because} == {"writing"}


@pytest.mark.parametrize(
    ("holds", "directory", "found"),
    [
        ((a.RUN,), False, True),
        ((HAND_OUT,), False, True),
        (("Microsoft.Storage/*",), False, False),
        ((), False, False),
        ((), True, True),
    ],
)
def test_only_an_identity_that_leads_on_is_worth_becoming(
    tmp_path, holds, directory, found
):
    extra = [
        a.line(
            "graph/roleAssignments",
            [{"id": "1", "principalId": a.guid("deploy"), "roleDefinitionId": GLOBAL}]
            if directory
            else [],
        )
    ]

    assert bool(hops(estate(tmp_path, FEDERATE, holds=holds, extra=extra))) is found


@pytest.mark.parametrize(
    ("at", "found"),
    [
        (f"{a.rg_scope()}/providers/{MMI}/deploy", True),
        (a.rg_scope(), True),
        (a.rg_scope("other"), False),
        (f"{a.rg_scope()}/providers/{MMI}/deploy-other", False),
    ],
)
def test_the_right_counts_where_the_identity_is(tmp_path, at, found):
    assert bool(hops(estate(tmp_path, FEDERATE, at=at))) is found


@pytest.mark.parametrize(
    ("writes", "found"), [(f"{SITE}/write", True), (f"{SITE}/read", False)]
)
def test_who_writes_what_acts_as_an_identity_becomes_it(tmp_path, writes, found):
    given = estate(
        tmp_path, writes, identities=[identity("other")], sites=[site("app", "deploy")]
    )

    assert bool(hops(given)) is found


@pytest.mark.parametrize(("blocked", "found"), [(FEDERATE, False), (ASSIGN, True)])
def test_a_deny_assignment_keeps_the_writer_out(tmp_path, blocked, found):
    denies = [a.deny(a.rg_scope(), a.block([blocked]))]

    assert bool(hops(estate(tmp_path, FEDERATE, denies=denies))) is found


@pytest.mark.parametrize(
    ("level", "found"), [("ReadOnly", False), ("CanNotDelete", True)]
)
def test_a_lock_on_the_identity_keeps_the_writer_out(tmp_path, level, found):
    locks = [a.lock(a.rg_scope(), level)]

    assert bool(hops(estate(tmp_path, FEDERATE, locks=locks))) is found


def test_an_eligible_writer_activates_first(tmp_path):
    eligible = a.eligible("later", "writing", a.subscription_scope())

    found = hops(estate(tmp_path, FEDERATE, eligibilities=[eligible]))[a.guid("later")]

    assert found.verdict is Verdict.CONDITIONAL
    assert found.conditions == ((Condition("roleAssignment", "ActivatedByPIM", ()),),)


def ops(**more):
    """A group with two members that holds what `writer` does."""
    return {
        "more": [a.assignment("ops", "writing", a.subscription_scope(), "Group")],
        "directory_groups": [a.group("ops")],
        "members": {"ops": [a.member("ann"), a.member("bob")]},
        **more,
    }


def test_members_of_a_group_become_it_through_the_group(tmp_path):
    """One hop stands for those of all members."""
    found = hops(estate(tmp_path, FEDERATE, **ops()))

    assert found.keys() == {a.guid("writer"), a.guid("ops")}


@pytest.mark.parametrize("excluded", [False, True])
def test_members_of_whom_one_is_denied_have_hops_of_their_own(tmp_path, excluded):
    denied = {"excluded": ["bob"]} if excluded else {}
    denies = [
        a.deny(a.rg_scope(), a.block([FEDERATE]), principals=["ann"], **denied)
        if not excluded
        else a.deny(a.rg_scope(), a.block([FEDERATE]), **denied)
    ]

    found = hops(estate(tmp_path, FEDERATE, **ops(denies=denies)))

    assert a.guid("bob") in found
    assert a.guid("ann") not in found
    assert a.guid("ops") not in found


def test_groups_in_each_other_keep_one_hop(tmp_path):
    groups = ops(
        directory_groups=[a.group("ops"), a.group("dev")],
        members={
            "ops": [a.member("dev", "group"), a.member("ann")],
            "dev": [a.member("ops", "group")],
        },
    )

    found = hops(estate(tmp_path, FEDERATE, **groups))

    assert len(found.keys() & {a.guid("ops"), a.guid("dev"), a.guid("ann")}) == 1


def test_what_the_identity_may_do_further_is_followed(tmp_path):
    """`deploy` writes a credential of `boss`, and `boss` hands out roles."""
    found = estate(
        tmp_path,
        FEDERATE,
        at=f"{a.rg_scope()}/providers/{MMI}/deploy",
        holds=(),
        identities=[identity("deploy"), identity("boss", "far")],
        roles=[a.role("owning", a.block(["*"]))],
        more=[
            a.assignment("deploy", "writing", a.rg_scope("far")),
            a.assignment("boss", "owning", a.subscription_scope()),
        ],
    )

    reached = reach_of(build_graph([decide_azure_half(found)]), a.guid("writer"))

    ways = {
        tuple(hop.target for hop in one.hops)
        for one in reached
        if one.grant.vector.id == a.RUN
    }
    assert (a.guid("deploy"), a.guid("boss")) in ways


@pytest.mark.parametrize(
    ("writes", "subject", "found"),
    [(FEDERATE, "deploy", True), (FEDERATE, "other", False), (a.RUN, "deploy", False)],
)
def test_an_identity_that_only_another_cloud_trusts_is_worth_becoming(
    tmp_path, writes, subject, found
):
    """AWS lets it in; nothing is assigned to it in Azure."""
    azure = decide_azure_half(estate(tmp_path, writes, holds=()))
    aws = trusting(a.guid(subject))

    reached = reach_of(build_graph([aws, azure]), a.guid("writer"))

    kinds = [[one.kind for one in each.hops] for each in reached if each.hops]
    expected = [["can-become", "can-become", "assumes"]] if found else []
    assert [one for one in kinds if "assumes" in one] == expected


def trusting(subject, audience=""):
    """An AWS half whose role `ops` takes tokens of the tenant for a subject."""
    issuer = f"sts.windows.net/{a.TENANT}/"
    id_ = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}#{subject}"
    outside = Principal(Provider.AWS, id_, id_, "federated", False, ACCOUNT)
    entry = hop("assumes", outside, role("ops"))
    if audience:
        wanted = Condition(f"{issuer}:aud", "StringEquals", (audience,))
        entry = replace(entry, verdict=Verdict.CONDITIONAL, conditions=((wanted,),))
    return half(
        grant([role("ops")], "ssm:SendCommand", vms("i-1"), documents="any"),
        edges=[entry],
        principals=[outside, role("ops")],
    )


@pytest.mark.parametrize(
    ("audience", "whole", "found"),
    [
        (a.guid("deployapp"), True, True),
        (f"api://{a.guid('deployapp')}", True, True),
        (a.guid("gone"), True, False),
        (f"api://{a.guid('gone')}", True, False),
        (a.guid("gone"), False, True),
        ("api://aws-access", True, True),
        ("", True, True),
    ],
)
def test_the_tenant_issues_tokens_for_applications_it_knows(
    tmp_path, audience, whole, found
):
    given = estate(tmp_path, FEDERATE, holds=())
    azure = decide_azure_half(given)
    if not whole:
        azure = replace(azure, audiences={})
    aws = trusting(a.guid("deploy"), audience)

    reached = reach_of(build_graph([aws, azure]), a.guid("deploy"))

    assert bool(reached) is found
