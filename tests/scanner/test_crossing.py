"""Hops between the clouds: each with a twin that stays in its own."""

from dataclasses import replace

import pytest
from decided import ACCOUNT, TENANT, azure_vm, entra, grant, half, hop, role, vms

from scanner.estate import Principal, Provider
from scanner.graph import build_graph
from scanner.paths import reach_of

ISSUER = f"sts.windows.net/{TENANT}/"
BOT = entra("bot", kind="managed-identity")
OPS = role("ops")


def federated(subject, issuer=ISSUER):
    id_ = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}"
    id_ = f"{id_}#{subject}" if subject else id_
    return Principal(Provider.AWS, id_, id_, "federated", False, ACCOUNT)


@pytest.mark.parametrize(
    ("issuer", "subject", "found"),
    [
        (ISSUER, BOT.id, True),
        (f"login.microsoftonline.com/{TENANT}/v2.0", BOT.id, True),
        (ISSUER, "oid-*", True),
        (ISSUER, "", True),
        (ISSUER, "oid-other", False),
        ("sts.windows.net/99999999-0000-0000-0000-000000000001/", BOT.id, False),
        ("token.actions.githubusercontent.com", BOT.id, False),
    ],
)
def test_an_entra_identity_enters_the_role_that_trusts_its_token(
    issuer, subject, found
):
    """The subject of a workload's own token is its object id."""
    outside = federated(subject, issuer)
    aws = half(
        grant([OPS], "ssm:SendCommand", vms("i-1"), documents="any"),
        edges=[hop("assumes", outside, OPS)],
        principals=[outside, OPS],
    )
    azure = half(provider=Provider.AZURE, principals=[BOT])

    reached = reach_of(build_graph([aws, azure]), BOT.id)

    assert [hop.kind for one in reached for hop in one.hops] == (
        ["can-become", "assumes"] if found else []
    )


@pytest.mark.parametrize(("known_as", "found"), [("i-vm", True), ("i-other", False)])
def test_a_vm_that_both_clouds_know_runs_as_what_either_gives_it(known_as, found):
    """Whoever commands the SSM node acts as the identity of the VM in Azure."""
    (node,), vm = vms("mi-1"), azure_vm("i-vm")
    far = azure_vm("i-far")
    aws = half(grant([OPS], "ssm:SendCommand", [node], documents="any"))
    aws = replace(aws, same_machine={node.id: vm.id if known_as == "i-vm" else "-"})
    azure = half(
        grant([BOT], "runCommand", [far]),
        edges=[hop("runs-as", vm, BOT)],
        targets=[vm],
        provider=Provider.AZURE,
    )

    reached = {
        target.id
        for one in reach_of(build_graph([aws, azure]), OPS.id)
        for target in one.targets
    }

    assert (far.id in reached) is found


GITHUB = "token.actions.githubusercontent.com"
MAIN = "repo:acme/app:ref:refs/heads/main"


def subject_of(issuer, subject):
    id_ = f"{issuer}#{subject}"
    return Principal(Provider.AZURE, id_, id_, "federated", True, "")


@pytest.mark.parametrize(
    ("issuer", "pattern", "found"),
    [
        (GITHUB, MAIN, True),
        (GITHUB, "repo:acme/*", True),
        (GITHUB, "", True),
        (GITHUB, "repo:acme/other:*", False),
        (GITHUB, "repo:ACME/*", False),
        ("gitlab.com", MAIN, False),
    ],
)
def test_a_subject_that_both_clouds_trust_is_one(issuer, pattern, found):
    """Its one token opens the AWS role as well."""
    party = subject_of(f"https://{GITHUB}", MAIN)
    outside = federated(pattern, issuer)
    aws = half(
        grant([OPS], "ssm:SendCommand", vms("i-1"), documents="any"),
        edges=[hop("assumes", outside, OPS)],
        principals=[outside, OPS],
    )
    azure = half(provider=Provider.AZURE, principals=[party])

    graph = build_graph([aws, azure])

    assert bool(reach_of(graph, party.id)) is found
    joined = {(a, b) for a, b, data in graph.graph.edges(data=True) if a == party.id}
    assert bool(joined) is found


@pytest.mark.parametrize(
    ("issuer", "found"),
    [
        (
            "https://00000000-1111-2222-3333-444444444444.tokens.sts.global.api.aws",
            True,
        ),
        ("https://tokens.example.com", False),
    ],
)
def test_an_aws_identity_enters_azure_by_a_token_of_its_own(issuer, found):
    """A federated credential that trusts the account's issuer names the role's ARN."""
    party, vm = subject_of(issuer, OPS.id), azure_vm("vm")
    aws = half(principals=[OPS])
    azure = half(
        grant([BOT], "runCommand", [vm]),
        edges=[hop("can-become", party, BOT)],
        principals=[party],
        provider=Provider.AZURE,
    )

    reached = reach_of(build_graph([aws, azure]), OPS.id)

    assert [hop.target for one in reached for hop in one.hops] == (
        [party.id, BOT.id] if found else []
    )
