"""Instance profiles: whoever commands a VM and may give it a role becomes that role.

Every estate is asked end to end, and each has a twin that differs by one fact.
"""

import pytest
from aws_estates import (
    ACCOUNT,
    FULL,
    account,
    allow,
    deny,
    estate,
    group,
    instance,
    member,
    organization,
    role,
    trusting,
    unit,
    user,
)

from scanner.analysis import decide_aws_half
from scanner.aws.load import load_aws
from scanner.grants import Confidence, Verdict
from scanner.graph import build_graph
from scanner.paths import reach_of

IAM = f"arn:aws:iam::{ACCOUNT}"
EVE, OPS = f"{IAM}:user/eve", f"{IAM}:role/ops"
NODE = f"arn:aws:ec2:*:{ACCOUNT}:instance/i-1"
FAR = f"arn:aws:ec2:*:{ACCOUNT}:instance/i-2"
SHELL = allow(
    "ssm:SendCommand", on=[NODE, "arn:aws:ssm:*:*:document/*"], sid="Commands"
)
PASS = allow("iam:PassRole", on=OPS)
ASSOCIATE = allow("ec2:AssociateIamInstanceProfile", on=NODE)
REPLACE = allow("ec2:ReplaceIamInstanceProfileAssociation", on=NODE)
PROFILE = f"{IAM}:instance-profile/app"
ADD = allow("iam:AddRoleToInstanceProfile", on=PROFILE)
REMOVE = allow("iam:RemoveRoleFromInstanceProfile", on=PROFILE)


def graph_of(tmp_path, *statements, on=None, service="ec2", in_profile=True):
    """eve, who may do this, and a role that commands the node `i-2`."""
    trust = [trusting({"Service": f"{service}.amazonaws.com"})]
    ops = role("ops", allow("ssm:*"), trust=trust, profile=in_profile)
    app = role("app", profile=True)
    file = account(
        user("eve", *statements),
        ops,
        app,
        instance("i-1", registered=True, profile=on),
        instance("i-2", registered=True),
    )
    return linked(tmp_path, file)


def linked(tmp_path, file):
    home = organization(unit("Work", member(ACCOUNT)), scps=[FULL])
    return build_graph([decide_aws_half(load_aws(estate(tmp_path, file, home)))])


def far(graph):
    """How eve commands the other node, by the fewest hops."""
    found = [
        one
        for one in reach_of(graph, EVE)
        if one.grant.vector.id == "ssm:SendCommand"
        and any(target.id.endswith("i-2") for target in one.targets)
    ]
    return min(found, key=lambda one: len(one.hops), default=None)


@pytest.mark.parametrize(
    ("statements", "on", "found"),
    [
        # a node without a profile
        ([SHELL, PASS, ASSOCIATE], None, True),
        ([PASS, ASSOCIATE], None, False),
        ([SHELL, ASSOCIATE], None, False),
        ([SHELL, PASS], None, False),
        ([SHELL, PASS, ASSOCIATE, deny("iam:PassRole", on=OPS)], None, False),
        (
            [SHELL, PASS, allow("ec2:AssociateIamInstanceProfile", on=FAR)],
            None,
            False,
        ),
        # a node that has one
        ([SHELL, PASS, REPLACE], "app", True),
        ([SHELL, PASS, ASSOCIATE], "app", False),
        (
            [
                SHELL,
                PASS,
                ASSOCIATE,
                allow("ec2:DisassociateIamInstanceProfile", on=NODE),
            ],
            "app",
            True,
        ),
        # another role in the profile of the node
        ([SHELL, PASS, ADD, REMOVE], "app", True),
        ([SHELL, PASS, ADD], "app", False),
        ([SHELL, PASS, ADD, REMOVE], None, False),
        # a role for another service only
        (
            [
                SHELL,
                ASSOCIATE,
                allow(
                    "iam:PassRole",
                    when={
                        "StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}
                    },
                ),
            ],
            None,
            False,
        ),
    ],
)
def test_whoever_gives_its_node_a_role_becomes_the_role(
    tmp_path, statements, on, found
):
    """PassRole, the association, and commands on the node: all three are needed."""
    one = far(graph_of(tmp_path, *statements, on=on))

    assert (one is not None) is found
    if one is not None:
        assert [(h.kind, h.target) for h in one.hops] == [("can-become", OPS)]
        assert one.verdict is Verdict.ALLOWED


@pytest.mark.parametrize(("service", "found"), [("ec2", True), ("lambda", False)])
def test_ec2_must_be_trusted(tmp_path, service, found):
    """A role that EC2 may not assume is on no node."""
    graph = graph_of(tmp_path, SHELL, PASS, ASSOCIATE, service=service)

    assert (far(graph) is not None) is found


def test_a_role_in_no_profile_is_an_assumption(tmp_path):
    """Somebody would have to make a profile for it."""
    one = far(graph_of(tmp_path, SHELL, PASS, ASSOCIATE, in_profile=False))

    assert one.confidence is Confidence.INFERRED
    assert one.reasons == ("an instance profile must hold the role",)


def test_conditions_of_the_command_and_of_the_association_add_up(tmp_path):
    """The hop takes the command first; it names all statements that it rests on."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    shell = allow("ssm:SendCommand", when=mfa, sid="Commands", on=SHELL["Resource"])

    one = far(graph_of(tmp_path, shell, PASS, ASSOCIATE))

    assert one.verdict is Verdict.CONDITIONAL
    assert [c.key for c in one.conditions[0]] == ["aws:MultiFactorAuthPresent"]
    assert "Commands" in {why.sid for hop in one.hops for why in hop.because}


def test_many_roles_share_a_node(tmp_path):
    """Callers x roles never become edges one by one."""
    callers = [
        user(f"a{n:02}", SHELL, ASSOCIATE, allow("iam:PassRole")) for n in range(20)
    ]
    roles = [role(f"r{n:02}", allow("ssm:*"), profile=True) for n in range(20)]
    file = account(*callers, *roles, instance("i-1", registered=True))
    graph = linked(tmp_path, file)

    becoming = [edge for edge in graph.edges if edge.kind == "can-become"]

    assert f"{IAM}:role/r07" in {edge.target for edge in becoming}
    assert len(becoming) < 100


# ---- as somebody else ----


def entered(name, by, *statements, **members):
    """A role that somebody enters."""
    return role(name, *statements, trust=[trusting({"AWS": f"{IAM}:{by}"})], **members)


def shared(tmp_path, *parts):
    """Two nodes, a role that EC2 may assume and that commands the other, and these."""
    trust = [trusting({"Service": "ec2.amazonaws.com"})]
    nodes = (instance(one, registered=True) for one in ("i-1", "i-2"))
    ops = role("ops", allow("ssm:*"), trust=trust, profile=True)
    return linked(tmp_path, account(ops, *nodes, *parts))


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        # whoever may give the node a role enters who commands it, and may not
        ([user("eve", PASS, ASSOCIATE), entered("runs", "user/eve", SHELL)], True),
        ([user("eve", PASS, ASSOCIATE), entered("runs", "user/bob", SHELL)], False),
        ([user("eve", PASS), entered("runs", "user/eve", SHELL)], False),
        ([user("eve", ASSOCIATE), entered("runs", "user/eve", SHELL)], False),
        # commands on another node are of no use
        (
            [
                user("eve", PASS, ASSOCIATE),
                entered("runs", "user/eve", allow("ssm:StartSession", on=[FAR])),
            ],
            False,
        ),
        # whoever commands it enters who may give it a role
        ([user("eve", SHELL), entered("gives", "user/eve", PASS, ASSOCIATE)], True),
        ([user("eve", SHELL), entered("gives", "user/bob", PASS, ASSOCIATE)], False),
        # both at a distance
        (
            [
                user("eve"),
                entered("middle", "user/eve", PASS, ASSOCIATE),
                entered("runs", "user/eve", SHELL),
            ],
            True,
        ),
        # half the rights at each
        (
            [
                user("eve"),
                entered("gives", "user/eve", PASS),
                entered("runs", "user/eve", SHELL, ASSOCIATE),
            ],
            False,
        ),
        # the commands come with a policy of its choice
        (
            [
                user(
                    "eve",
                    *(PASS, ASSOCIATE, allow("iam:AddUserToGroup")),
                ),
                group("runners", SHELL),
            ],
            True,
        ),
    ],
)
def test_the_role_is_given_as_one_and_the_node_commanded_as_another(
    tmp_path, parts, found
):
    """It takes somebody that is both, at whatever distance."""
    assert (far(shared(tmp_path, *parts)) is not None) is found


def test_conditions_and_statements_of_the_entry_are_of_the_hop(tmp_path):
    """The hop to the role takes the entry to whoever commands."""
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    trust = [trusting({"AWS": EVE}, when=mfa)]
    runs = role("runs", SHELL, trust=trust)

    one = far(shared(tmp_path, user("eve", PASS, ASSOCIATE), runs))

    assert [hop.target for hop in one.hops] == [OPS]
    assert one.verdict is Verdict.CONDITIONAL
    assert [c.key for c in one.conditions[0]] == ["aws:MultiFactorAuthPresent"]
    assert "Commands" in {why.sid for hop in one.hops for why in hop.because}
