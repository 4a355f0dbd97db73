"""Deciding again only whom changes concern is the same as deciding everybody again."""

import json
from dataclasses import replace

import aws_estates as a
import iam_estates as e
from applying import change, decisions, pairs_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from proving import context_of, finding_of, inline, proven

from policies.proof.context import Context
from policies.proof.intent import Intent
from policies.proof.model import Aim
from policies.proof.outcomes import outcome_of
from policies.proof.prove import prove
from scanner.analysis import analyse
from scanner.graph import build_graph

SEND, START = "ssm:SendCommand", "ssm:StartSession"
#: What makes somebody able to act as another role of the account.
LENT = ("iam:PassRole", "ec2:RunInstances", "ssm:StartAutomationExecution")
EC2 = e.trust_in("ec2.amazonaws.com")
SSM = e.trust_in("ssm.amazonaws.com")
STATEMENTS = st.builds(
    lambda effect, actions: effect(actions),
    st.sampled_from([e.allow, e.allow, e.deny]),
    st.lists(st.sampled_from([SEND, START, *LENT]), min_size=1, unique=True),
)
LISTS = st.lists(STATEMENTS, min_size=1, max_size=3)


@settings(max_examples=60)
@given(st.tuples(LISTS, LISTS, LISTS), LISTS, st.integers(0, 2))
def test_who_may_lend_a_changed_role_is_decided_again_too(lists, rewritten, which):
    roles = [
        e.role("one", *lists[0], trust=EC2),
        e.role("two", *lists[1], trust=SSM),
        e.role("three", *lists[2]),
    ]
    world = e.estate(e.account(*roles, e.node("i-1"), e.node("i-2")))
    context = context_of(world)

    outcome = outcome_of(context, world, [inline(roles[which], *rewritten)])

    same_as_everything(context, world, outcome)


def same_as_everything(context, world, outcome):
    """What was decided again, beside what was not, is what deciding all gives."""
    expected, _ = decisions(outcome.copy.after)
    before, _ = decisions(world)
    after = {id_: outcome.after[id_] for id_ in outcome.copy.ids}
    grants = [grant for some in after.values() for grant in some]
    (half,) = context.graph.decided
    again = pairs_of(replace(half, grants=grants))
    kept = {key: how for key, how in before.items() if key[0] not in after}
    assert {k: v for k, v in again.items() if k[0] in after} | kept == expected


OWN, OTHER, ANY_NODE = (
    f"arn:aws:ssm:eu-west-1:{e.ACCOUNT}:document/own-*",
    "arn:aws:ssm:*:*:document/AWS-Run*",
    "arn:aws:ec2:*:*:instance/*",
)
DOCUMENTS = st.builds(
    lambda effect, actions, on: effect(actions, on=[*on, ANY_NODE]),
    st.sampled_from([e.allow, e.allow, e.deny]),
    st.lists(st.sampled_from([SEND, START, *LENT]), min_size=1, unique=True),
    st.lists(st.sampled_from(["*", OWN, OTHER]), min_size=1, unique=True),
)
NAMING = st.lists(DOCUMENTS | STATEMENTS, min_size=1, max_size=3)


@settings(max_examples=40)
@given(st.tuples(NAMING, NAMING), st.lists(NAMING, min_size=2, max_size=3))
def test_what_proofs_share_changes_none_of_them(lists, rewritings):
    """The universes of an account serve one proof after the other."""
    roles = [e.role("one", *lists[0], trust=EC2), e.role("two", *lists[1])]
    world = e.estate(e.account(*roles, e.node("i-1"), e.node("i-2")))
    context = context_of(world)

    for n, rewritten in enumerate(rewritings):
        change_ = inline(roles[n % 2], *rewritten)

        same_as_everything(context, world, outcome_of(context, world, [change_]))


def test_refused_control_policies_are_what_a_proof_is_given(tmp_path):
    """The verdict stands; that it was allowed before is not known."""
    ops = f"arn:aws:iam::{a.ACCOUNT}:role/ops"
    lines = a.account(
        a.role("ops", a.allow(SEND, "s3:GetObject")),
        a.instance("i-1", registered=True),
    )
    analysis = analyse(a.estate(tmp_path, lines, a.organization(a.member(a.ACCOUNT))))
    context = Context(analysis, build_graph(analysis.decided))
    before, after = (
        a.policy(a.allow(SEND, "s3:GetObject")),
        a.policy(a.allow("s3:GetObject")),
    )
    changes = (change("aws.inline-policy", ops, "inline", before=before, after=after),)
    intent = Intent(changes, Aim.REMOVE, {ops: frozenset({SEND})})

    known = prove(context, "R-1", finding_of(ops, SEND), intent)
    alone = analyse(a.estate(tmp_path / "alone", lines))
    given_ = prove(
        Context(alone, build_graph(alone.decided)),
        "R-1",
        finding_of(ops, SEND),
        intent,
    )

    assert known.status == "proven"
    assert given_.status == "proven-given"
    assert any("service control policies" in one for one in given_.unknowns)


def test_a_permission_set_takes_from_its_roles_in_every_account():
    set_arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-1"
    content = e.document(e.allow([SEND, "s3:GetObject"]))

    def home(account):
        role = e.role(
            "AWSReservedSSO_ops_1",
            account=account,
            path="/aws-reserved/sso.amazonaws.com/",
            permission_set=set_arn,
        )
        source = f"{role.principal.id}/inline/AwsSSOInlinePolicy"
        held = replace(role, policies=(e.Attached(source, content),))
        return held, account

    (one, first), (two, second) = home(e.ACCOUNT), home(e.PARTNER)
    far = e.node("i-9")
    id_ = far.target.id.replace(e.ACCOUNT, e.PARTNER)
    target = structs.replace(far.target, id=id_, scope=e.PARTNER)
    nodes = (replace(far, target=target),)
    estate = e.estate(
        e.account(one, e.node("i-1"), id=first),
        e.account(two, *nodes, id=second),
    )
    after = {"Version": "2012-10-17", "Statement": [e.allow("s3:GetObject")]}
    changes = [
        change(
            "aws.permission-set-inline",
            set_arn,
            before=json.loads(content.text),
            after=after,
        )
    ]

    alone = proven(estate, one.principal.id, [SEND], changes)

    assert alone.status == "failed"
    assert alone.counterexample.principal == two.principal.id
