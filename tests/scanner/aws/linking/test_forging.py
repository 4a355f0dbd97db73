"""Tag forging: a condition on a node's tag is as strong as the right to set it.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    account,
    allow,
    control,
    deny,
    estate,
    group,
    instance,
    member,
    organization,
    registration,
    role,
    trusting,
    unit,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.classes import is_somebody
from scanner.grants import Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

EVE = f"arn:aws:iam::{ACCOUNT}:user/eve"
NODES = f"arn:aws:ec2:*:{ACCOUNT}:instance/*"
HYBRIDS = f"arn:aws:ssm:*:{ACCOUNT}:managed-instance/*"
RUN = "ssm:SendCommand"
DOCUMENTS = allow(RUN, on="arn:aws:ssm:*:*:document/*")
DEV = {"StringEquals": {"aws:ResourceTag/env": "dev"}}
SCOPED = allow(RUN, on=[NODES, HYBRIDS], when=DEV, sid="Scoped")
TAGS = allow("ec2:CreateTags", on=NODES, sid="Tags")


def graph_of(tmp_path, *statements, nodes=None, scps=()):
    tree = unit("Work", member(ACCOUNT), scps=[FULL, *scps])
    nodes = nodes or [instance("i-1", registered=True)]
    file = account(user("eve", *statements), *nodes)
    home = organization(tree, scps=[FULL])
    return build_graph([decide_aws_half(load_aws(estate(tmp_path, file, home)))])


def forged(graph, who=EVE):
    """How somebody commands nodes by SendCommand after a hop, or nothing."""
    found = reach_of(graph, who)
    return [one for one in found if one.grant.vector.id == RUN and one.hops]


def asking(key, value):
    return {"StringEquals": {key: value}}


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([SCOPED, DOCUMENTS, TAGS], True),
        # no right to tag, on no node, or denied for the key or for all
        ([SCOPED, DOCUMENTS], False),
        ([SCOPED, DOCUMENTS, allow("ec2:CreateTags", on=f"{NODES[:-1]}i-2")], False),
        ([SCOPED, DOCUMENTS, TAGS, deny("ec2:CreateTags")], False),
        (
            [
                SCOPED,
                DOCUMENTS,
                TAGS,
                deny(
                    "ec2:CreateTags",
                    when={"ForAnyValue:StringEquals": {"aws:TagKeys": "env"}},
                ),
            ],
            False,
        ),
        (
            [
                SCOPED,
                DOCUMENTS,
                TAGS,
                deny(
                    "ec2:CreateTags",
                    when={"ForAnyValue:StringEquals": {"aws:TagKeys": "team"}},
                ),
            ],
            True,
        ),
        # the value that is wanted, and another one
        *(
            (
                [
                    SCOPED,
                    DOCUMENTS,
                    allow("ec2:CreateTags", when=asking("aws:RequestTag/env", value)),
                ],
                value == "dev",
            )
            for value in ("dev", "test")
        ),
        # tagging only what one starts is no tagging of what runs
        (
            [
                SCOPED,
                DOCUMENTS,
                allow(
                    "ec2:CreateTags", when=asking("ec2:CreateAction", "RunInstances")
                ),
            ],
            False,
        ),
        # nodes without a document, and a document that would need the tag as well
        ([SCOPED, TAGS], False),
        ([allow(RUN, when=DEV), TAGS], False),
        # what denies by tag, and what denies anyhow
        (
            [
                allow(RUN),
                deny(
                    RUN,
                    on=NODES,
                    when={"StringNotEquals": {"ssm:resourceTag/env": "dev"}},
                ),
                TAGS,
            ],
            True,
        ),
        ([allow(RUN), deny(RUN, on=NODES), TAGS], False),
        # SSM tags hybrid nodes only
        ([SCOPED, DOCUMENTS, allow("ssm:AddTagsToResource")], False),
        # two tags, of which one may be set
        *(
            (
                [
                    allow(
                        RUN,
                        on=NODES,
                        when={
                            "StringEquals": {
                                "aws:ResourceTag/env": "dev",
                                "aws:ResourceTag/team": "ops",
                            }
                        },
                    ),
                    DOCUMENTS,
                    allow(
                        "ec2:CreateTags",
                        when={"ForAllValues:StringEquals": {"aws:TagKeys": keys}},
                    ),
                ],
                "team" in keys,
            )
            for keys in (["env"], ["env", "team"])
        ),
    ],
)
def test_whoever_may_set_the_tag_commands_the_node(tmp_path, statements, found):
    """The tag condition is met after one call."""
    reached = forged(graph_of(tmp_path, *statements))

    assert bool(reached) is found


def test_the_path_says_which_tag_to_set_and_why(tmp_path):
    """Its condition is the tag; its hop rests on the right to tag."""
    [one] = forged(graph_of(tmp_path, SCOPED, DOCUMENTS, TAGS))

    assert one.verdict is Verdict.CONDITIONAL
    assert [(c.key, c.values) for each in one.conditions for c in each] == [
        ("aws:ResourceTag/env", ("dev",))
    ]
    assert [why.sid for hop in one.hops for why in hop.because] == ["Tags"]
    [principal] = one.grant.principals
    assert "Scoped" in {why.sid for why in one.grant.because_of(principal)}


def test_a_node_that_carries_the_tag_is_commanded_without(tmp_path):
    """What is granted already is no escalation."""
    nodes = [instance("i-1", registered=True, tags={"env": "dev"})]

    graph = graph_of(tmp_path, SCOPED, DOCUMENTS, TAGS, nodes=nodes)

    assert forged(graph) == []
    assert all(is_somebody(principal) for principal in graph.principals.values())


@pytest.mark.parametrize(("id_", "found"), [("mi-1", True), ("mi-2", False)])
def test_hybrid_nodes_are_tagged_in_ssm(tmp_path, id_, found):
    """`ssm:AddTagsToResource` on the node itself."""
    tags = allow("ssm:AddTagsToResource", on=f"{HYBRIDS[:-1]}{id_}")
    nodes = [registration("mi-1", ResourceType="ManagedInstance")]

    graph = graph_of(tmp_path, SCOPED, DOCUMENTS, tags, nodes=nodes)

    assert bool(forged(graph)) is found


@pytest.mark.parametrize(("key", "found"), [("env", False), ("team", True)])
def test_a_control_policy_on_the_tag_keeps_it_from_being_set(tmp_path, key, found):
    """A guard rail on who writes the key closes the path."""
    when = {"ForAnyValue:StringEquals": {"aws:TagKeys": key}}
    rail = control("p-tags", deny("ec2:CreateTags", when=when))

    graph = graph_of(tmp_path, SCOPED, DOCUMENTS, TAGS, scps=[rail])

    assert bool(forged(graph)) is found


# ---- somebody else tags ----

IAM = f"arn:aws:iam::{ACCOUNT}"


KEYS = {"ForAnyValue:StringEquals": {"aws:TagKeys": "env"}}


def shared(tmp_path, *parts, scps=()):
    """An account with one node and these in it."""
    tree = unit("Work", member(ACCOUNT), scps=[FULL, *scps])
    file = account(instance("i-1", registered=True), *parts)
    home = organization(tree, scps=[FULL])
    return build_graph([decide_aws_half(load_aws(estate(tmp_path, file, home)))])


def entered(name, by, *statements):
    """A role that somebody enters."""
    return role(name, *statements, trust=[trusting({"AWS": f"{IAM}:{by}"})])


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        # the tagger enters the role that commands, and one that may not
        ([user("eve", TAGS), entered("ops", "user/eve", SCOPED, DOCUMENTS)], True),
        ([user("eve", TAGS), entered("ops", "user/bob", SCOPED, DOCUMENTS)], False),
        ([user("eve"), entered("ops", "user/eve", SCOPED, DOCUMENTS)], False),
        ([user("eve", TAGS), entered("ops", "user/eve", SCOPED)], False),
        # whoever commands enters the role that tags
        ([user("eve", SCOPED, DOCUMENTS), entered("tags", "user/eve", TAGS)], True),
        ([user("eve", SCOPED, DOCUMENTS), entered("tags", "user/bob", TAGS)], False),
        # it enters both, and only one of them
        *(
            (
                [
                    user("eve"),
                    entered("ops", "user/eve", SCOPED, DOCUMENTS),
                    entered("tags", f"user/{who}", TAGS),
                ],
                who == "eve",
            )
            for who in ("eve", "bob")
        ),
        # at a distance
        (
            [
                user("eve", TAGS),
                entered("middle", "user/eve"),
                entered("ops", "role/middle", SCOPED, DOCUMENTS),
            ],
            True,
        ),
        # a tag that the tagger may not set
        (
            [
                user("eve", TAGS, deny("ec2:CreateTags", when=KEYS)),
                entered("ops", "user/eve", SCOPED, DOCUMENTS),
            ],
            False,
        ),
        # a group that somebody joins gives the one half
        (
            [
                user("eve", TAGS, allow("iam:AddUserToGroup")),
                group("runners", SCOPED, DOCUMENTS),
            ],
            True,
        ),
        (
            [
                user("eve", allow("iam:AddUserToGroup")),
                group("runners", SCOPED, DOCUMENTS),
            ],
            False,
        ),
    ],
)
def test_one_identity_tags_and_another_commands(tmp_path, parts, found):
    """It takes somebody that is both, at whatever distance."""
    assert bool(forged(shared(tmp_path, *parts))) is found


def test_the_hop_names_who_tags_and_how_it_commands(tmp_path):
    """Statements of the tagger come first; conditions of the entry stay."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    trust = [trusting({"AWS": EVE}, when=mfa)]
    ops = role("ops", SCOPED, DOCUMENTS, trust=trust)

    [one] = forged(shared(tmp_path, user("eve", TAGS), ops))

    assert one.hops[0].because[0].sid == "Tags"
    keys = {c.key for each in one.conditions for c in each}
    assert keys == {"aws:MultiFactorAuthPresent", "aws:ResourceTag/env"}


def test_whoever_only_leads_to_somebody_that_is_both_has_no_hop_of_its_own(tmp_path):
    """What two identities hold together is found once, where they first meet."""
    graph = shared(
        tmp_path,
        user("ann"),
        entered("eve", "user/ann", TAGS),
        entered("ops", "role/eve", SCOPED, DOCUMENTS),
    )

    sources = [edge.source for edge in graph.edges if "#others-tags" in edge.target]
    assert sources == [f"{IAM}:role/eve"]
    assert forged(graph, f"{IAM}:user/ann")
