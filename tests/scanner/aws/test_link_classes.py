"""Hops decided by class are those decided pair by pair."""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    PARTNER,
    account,
    allow,
    control,
    deny,
    estate,
    managed_policy,
    member,
    organization,
    role,
    trusting,
    unit,
    user,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.aws.deciding.sides import Sides
from scanner.aws.linking import nodes
from scanner.aws.linking.assumes import OwnEntries
from scanner.aws.load import load_aws
from scanner.grants import Verdict

ASSUME = "sts:AssumeRole"
ACCOUNTS = (ACCOUNT, PARTNER)


def arn(resource, of=ACCOUNT):
    return f"arn:aws:iam::{of}:{resource}"


resources = st.sampled_from(
    [
        "*",
        arn("role/*"),
        arn("role/door0"),
        arn("role/door1"),
        arn("role/d*1"),
        arn("role/${aws:username}"),
        arn("role/*", PARTNER),
    ]
)
conditions = st.sampled_from(
    [
        None,
        None,
        {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        {"StringEquals": {"aws:PrincipalTag/team": "a"}},
        {"StringEquals": {"aws:ResourceTag/team": "a"}},
        {"ArnLike": {"aws:PrincipalArn": arn("user/u0")}},
    ]
)
statements = st.builds(
    lambda make, on, when: make(ASSUME, on=on, when=when),
    st.sampled_from([allow, allow, deny]),
    resources,
    conditions,
)
trusted = st.sampled_from(
    [
        {"AWS": ACCOUNT},
        {"AWS": arn("root", PARTNER)},
        {"AWS": arn("user/u0")},
        {"AWS": [arn("user/u1"), ACCOUNT]},
        "*",
    ]
)
trusts = st.builds(
    lambda principal, when, effect: trusting(principal, when, effect=effect),
    trusted,
    conditions,
    st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
)
users = st.builds(
    lambda held, boundary, tag: {
        "statements": held,
        "boundary": "B" if boundary else None,
        "tags": {"team": tag} if tag else None,
    },
    st.lists(statements, max_size=2),
    st.booleans(),
    st.sampled_from([None, "a", "b"]),
)
worlds = st.fixed_dictionaries(
    {
        "users": st.lists(users, min_size=2, max_size=4),
        "trusts": st.lists(
            st.lists(trusts, min_size=1, max_size=2), min_size=1, max_size=2
        ),
        "boundary": statements,
        "scp": st.none() | statements,
    }
)


def files(world):
    """Two accounts with the same users, roles by twos, and one SCP."""
    made = []
    for number, id_ in enumerate(ACCOUNTS):
        people = [
            user(
                f"u{n}",
                *each["statements"],
                boundary=each["boundary"],
                tags=each["tags"],
            )
            for n, each in enumerate(world["users"])
        ]
        doors = [
            role(f"door{n}", trust=trust, tags={"team": "a"} if n else None)
            for trust in (world["trusts"] if number == 0 else [])
            for n in range(2)
        ]
        unique = {id(door): door for door in doors}
        parts = [*people, *list(unique.values())[:2]]
        made.append(account(*parts, managed_policy("B", world["boundary"]), id=id_))
    controls = [FULL, *([control("p-x", world["scp"])] if world["scp"] else [])]
    tree = unit("W", member(ACCOUNT), member(PARTNER), scps=controls)
    return [*made, organization(tree)]


def pair_by_pair(found):
    """Every entry that the evaluator does not deny, asked one by one."""
    sides = Sides(found)
    identities = [i for each in found.accounts.values() for i in each.identities]
    for caller in identities:
        for door in identities:
            if door.trust is None or caller is door or caller.principal.kind == "root":
                continue
            settled = sides.entry(caller, door, ASSUME).settled
            if settled.verdict is not Verdict.DENIED:
                yield caller.principal.id, door.principal.id, settled.verdict


def reached(edges, classes):
    """Hops between identities, those through class nodes joined."""
    out = {}
    for each in edges:
        out.setdefault(each.source, []).append(each)
    for source in out.keys() - classes:
        ways = list(out[source])
        for way in ways:
            if way.target in classes:
                ways += out[way.target]
            elif way.target != source:
                yield source, way.target, way.verdict


def best(hops):
    """The strongest verdict of each pair: a class may offer a weaker way besides."""
    order = [Verdict.UNKNOWN, Verdict.CONDITIONAL, Verdict.ALLOWED]
    found = {}
    for source, target, verdict in sorted(hops, key=lambda hop: order.index(hop[2])):
        found[source, target] = verdict
    return found


@pytest.mark.parametrize("most_pairs", [10_000, 0])
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(worlds)
def test_hops_by_class_are_those_of_pairs(tmp_path, most_pairs, world):
    """Whatever the policies, boundaries, SCPs and trusts say."""
    found = load_aws(estate(tmp_path, *files(world)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nodes, "_MOST_PAIRS", most_pairs)
        entries = OwnEntries(found)
        edges = list(entries.edges())

    classes = {each.id for each in entries.classes}
    assert best(reached(edges, classes)) == best(pair_by_pair(found))


def test_roles_that_patterns_tell_apart_are_let_in_apart(tmp_path):
    """What is remembered of an account holds for roles of the same patterns only."""
    doors = [role(f"door{n}", trust=[trusting({"AWS": ACCOUNT})]) for n in range(2)]
    one = user("one", allow(ASSUME, on=arn("role/d*1")))
    both = user("both", allow(ASSUME, on=arn("role/*")))
    found = load_aws(estate(tmp_path, account(one, both, *doors)))

    edges = OwnEntries(found).edges()

    entered = {(e.source.split("/")[-1], e.target.split("/")[-1]) for e in edges}
    assert entered == {("one", "door1"), ("both", "door0"), ("both", "door1")}
