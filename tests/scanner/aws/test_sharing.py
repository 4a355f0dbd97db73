"""Hops found in a second process: the same decisions and hops as in one."""

import pytest
from iam_estates import account, allow, deny, estate, node, role, root, user

from scanner.aws.model import AwsEstate
from scanner.aws.sharing import decided_and_linked
from scanner.grants import Because, Grant

COMMAND = allow("ssm:SendCommand")
EVERYTHING = allow("*")


def world() -> AwsEstate:
    """Somebody who rewrites itself, joins others, and has denies that stay."""
    return estate(
        account(
            root(),
            user("plain", COMMAND),
            user("writer", allow("iam:PutUserPolicy"), deny("ssm:StartSession")),
            user("maker", allow("iam:AttachUserPolicy", "*")),
            role("admin", EVERYTHING),
            nodes=(node("i-1"), node("i-2")),
        )
    )


def said(processes: int, many: int = 0) -> tuple[object, ...]:
    """Return everything that decisions and hops say."""
    decided, links = decided_and_linked(world(), processes, many)

    def why(grant: Grant) -> list[tuple[Because, ...]]:
        return [grant.because_of(one) for one in grant.principals]

    def of(grants: object) -> list[tuple[object, ...]]:
        return [
            (g.vector.id, g.principals, g.targets.bits, g.decision, why(g))
            for g in grants
        ]

    return of(decided.grants), of(decided.beyond), links.edges, links.outsiders


@pytest.mark.parametrize("many", [0, 1_000])
def test_two_processes_give_what_one_gives(many):
    """Grants, what somebody could hold, and hops; whether it is worth it or not."""
    expected = said(1)

    assert expected[1], "somebody could make more of itself"
    assert said(2, many) == expected


def test_documents_of_what_is_made_are_those_of_the_estate():
    """Documents are compared by identity: a copy would be another policy."""
    here = world()
    _, links = decided_and_linked(here, 2, 0)

    known = {
        id(policy.document)
        for one in here.accounts.values()
        for identity in one.identities
        for policy in identity.policies
    }
    made = [one for each in links.made.values() for one in each]
    denies = [p for one in made for p in one.policies if "Deny" in p.document.text]
    assert denies
    assert all(id(policy.document) in known for policy in denies)
