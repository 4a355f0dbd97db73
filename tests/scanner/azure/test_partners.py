"""Partners: whom a delegation lets in is listed in the managing tenant, not here."""

import json

import pytest
from azure_estates import (
    RUN,
    SUB,
    assignment,
    authorization,
    block,
    delegation,
    group,
    guid,
    line,
    machine,
    member,
    members_line,
    role,
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
from scanner.evidence.reader import open_estate

S = subscription_scope()
MEMBERS = "graph/groups/transitiveMembers"
PARTNER = guid("partner")


def estate(tmp_path, partner_lines=(), **tenant):
    lines = tenant_lines(roles=[role("r", block([RUN]))], **tenant)
    write_azure(tmp_path, lines, (SUB, subscription_lines([machine(vm_id())])))
    if partner_lines:
        file = tmp_path / "azure" / f"{PARTNER}.jsonl"
        theirs = ({**one, "tenant": PARTNER} for one in partner_lines)
        file.write_text("".join(json.dumps(one) + "\n" for one in theirs))
    return load_azure(open_estate(tmp_path))


DELEGATED = {"delegations": [delegation(S, [authorization("ops", "r")])]}
ON_BEHALF = {"assignments": [assignment("ops", "r", S, "ForeignGroup")]}
#: What a scan of the managing tenant brings.
THEIRS = [
    line("graph/users", [user("ann")]),
    line("graph/groups", [group("ops")]),
    members_line("ops", member("ann")),
]


def unseen(found):
    return [one.why_not for one in found.not_covered if one.id == MEMBERS]


@pytest.mark.parametrize(
    ("tenant", "theirs", "named"),
    [
        (DELEGATED, (), PARTNER),
        (ON_BEHALF, (), "not named"),
        (DELEGATED, THEIRS, None),
        ({}, (), None),
    ],
    ids=["Lighthouse", "on behalf of", "both sides", "no partner"],
)
def test_whose_members_nobody_lists_here_is_said(tmp_path, tenant, theirs, named):
    found = unseen(decide_azure(estate(tmp_path, theirs, **tenant)))

    assert [named in why for why in found] == ([True] if named else [])


def test_from_both_sides_the_partner_s_people_are_linked(tmp_path):
    both = estate(tmp_path, THEIRS, **DELEGATED)

    hops = {(e.kind, e.source, e.target) for e in link_azure(both)[1]}
    assert {
        ("delegated-to", PARTNER, guid("ops")),
        ("member-of", guid("ann"), guid("ops")),
    } <= hops
