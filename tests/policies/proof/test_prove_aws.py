"""What holds of a change to AWS policies is proven; what does not hold has a reason."""

import json
from dataclasses import replace

import iam_estates as e
import pytest
from applying import change
from proving import context_of, inline, proven

from policies.proof.model import Aim, Obligation

SEND, START, GET = "ssm:SendCommand", "ssm:StartSession", "s3:GetObject"
NODES = "arn:aws:ec2:*:*:instance/*"
SHELLS = "arn:aws:ssm:*:*:document/*"
PATCH = "arn:aws:ssm:*:*:document/AWS-RunPatchBaseline"
SHARED = f"arn:aws:iam::{e.ACCOUNT}:policy/shared"
TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "web"}}
FROM_VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}

OPS = e.role("ops", e.allow([SEND, GET]))
OTHER = e.role("other", e.allow(START))
VMS = (e.node("i-1", Env="prod"), e.node("i-2"))


def simple(*more):
    return e.estate(e.account(OPS, OTHER, *VMS, *more))


def taken(*statements, estate=None, **members):
    """Prove that these statements instead take SendCommand from `ops`."""
    changed = [inline(OPS, *statements)]
    return proven(estate or simple(), OPS.principal.id, [SEND], changed, **members)


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def test_taking_one_action_away_is_proven_with_what_it_takes_and_leaves():
    proof = taken(e.allow(GET))

    assert (proof.status, proof.closes, proof.back) == ("proven", "fully", True)
    assert [(o.vector, o.targets, o.after) for o in proof.removed] == [
        (SEND, 2, "denied")
    ]
    assert proof.other_actions.different == ()
    assert proof.other_actions.same > 15_000
    assert proof.estate == "sha256:0"


@pytest.mark.parametrize(
    ("statements", "obligation"),
    [
        ([e.allow([GET, "s3:PutObject"])], Obligation.ELSE),
        ([e.allow([GET, START])], Obligation.LEFT),
        ([e.allow([GET, SEND])], Obligation.TAKEN),
        ([e.allow("s3:*")], Obligation.ELSE),
        ([e.allow("s3:Get*")], Obligation.ELSE),
        ([e.allow("*")], Obligation.LEFT),
        ([e.allow(GET, on="arn:aws:s3:::one/*")], Obligation.ELSE),
        ([e.allow(GET, when=TAGGED)], Obligation.ELSE),
        ([e.allow("s3:ListBucket")], Obligation.ELSE),
        ([e.allow(GET), e.deny("s3:PutObject")], Obligation.ELSE),
    ],
)
def test_a_rewrite_that_is_loosened_or_tightened_elsewhere_fails(
    statements, obligation
):
    proof = taken(*statements)

    assert proof.status == "failed"
    assert proof.counterexample.obligation is obligation
    assert proof.counterexample.principal == OPS.principal.id


NARROW = [e.allow(SEND, on=[NODES, PATCH]), e.allow(GET)]


@pytest.mark.parametrize(
    ("statements", "status"),
    [
        (NARROW, "proven"),
        ([e.allow(SEND, when=FROM_VPC), e.allow(GET)], "proven"),
        ([e.allow(SEND, on=[NODES, SHELLS]), e.allow(GET)], "failed"),
        ([e.allow([SEND, GET])], "failed"),
        ([*NARROW, e.allow("ssm:GetParameter")], "failed"),
        ([NARROW[0], e.allow(GET, when=TAGGED)], "failed"),
    ],
)
def test_narrowing_leaves_strictly_less_and_nothing_else_changes(statements, status):
    proof = taken(*statements, aim=Aim.NARROW)

    assert proof.status == status
    if status == "proven":
        assert [one.vector for one in proof.narrowed] == [SEND]


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        ({"k1": ["a", "b"]}, {"k1": "a"}, "proven"),
        ({"k1": "a"}, {"k1": ["a", "b"]}, "failed"),
        ({"k1": "a"}, {"k1": "a", "k2": "b"}, "proven"),
        ({"k1": "a", "k2": "b"}, {"k1": "a"}, "failed"),
        ({"k1": "a"}, {"k1": "b"}, "failed"),
    ],
)
def test_a_new_condition_implies_the_old_one_and_is_stronger(first, then, status):
    one = e.role("one", e.allow(START, when=_vpc(first)))
    estate = e.estate(e.account(one, *VMS))
    changed = [inline(one, e.allow(START, when=_vpc(then)))]

    proof = proven(estate, one.principal.id, [START], changed, Aim.NARROW)

    assert proof.status == status


def _vpc(tags):
    keys = {"k1": "aws:SourceVpc", "k2": "aws:SourceVpce"}
    return {"StringEquals": {keys[key]: value for key, value in tags.items()}}


def shared_estate():
    """Two roles hold one policy; a third has it as its boundary."""
    held = e.attached(SHARED, e.allow([SEND, GET]))
    one, two = (e.role(name, policies=(held,)) for name in ("one", "two"))
    bound = e.role("bound", e.allow("*"), boundary=held)
    home = e.account(one, two, bound, *VMS, policies={SHARED: held})
    return e.estate(home), one, two, bound


def edited_shared():
    before, after = policy(e.allow([SEND, GET])), policy(e.allow(GET))
    return change("aws.managed-policy", SHARED, before=before, after=after)


def test_a_shared_policy_takes_from_everybody_who_holds_it_or_is_bound_by_it():
    estate, one, two, bound = shared_estate()
    ids = [each.principal.id for each in (one, two, bound)]

    alone = proven(estate, ids[0], [SEND], [edited_shared()])
    declared = dict.fromkeys(ids, frozenset({SEND}))
    told = proven(estate, ids[0], [SEND], [edited_shared()], loses=declared)

    assert alone.status == "failed"
    assert alone.counterexample.principal == ids[2]
    assert told.status == "proven"
    assert sorted(each.principal for each in told.removed) == sorted(ids)


def test_a_deny_that_is_dropped_while_tidying_lets_a_grant_appear():
    role = e.role("ops", e.allow([SEND, START]), e.deny(START))
    estate = e.estate(e.account(role, *VMS))
    changed = [inline(role, e.allow(START))]

    proof = proven(estate, role.principal.id, [SEND], changed)

    assert proof.status == "failed"
    wrong = proof.counterexample
    assert (wrong.obligation, wrong.vector) == (Obligation.LEFT, START)
    assert wrong.statement.endswith("inline/own Statement[0]")


def test_a_right_held_twice_is_neither_taken_nor_lost():
    extra = e.attached(f"arn:aws:iam::{e.ACCOUNT}:policy/extra", e.allow(GET))
    role = e.role("ops", e.allow([SEND, GET]), policies=(extra,))
    estate = e.estate(e.account(role, *VMS))

    proof = proven(estate, role.principal.id, [SEND], [inline(role)])

    assert proof.status == "proven"
    assert proof.other_actions.different == ()


def test_what_a_whole_policy_gave_besides_is_a_side_effect_only_when_declared():
    refused = taken()
    declared = taken(gives_up=True, side_effects=("said",))

    assert refused.counterexample.obligation is Obligation.ELSE
    assert declared.status == "proven"
    assert declared.side_effects[0] == "said"
    assert [one.action for one in declared.other_actions.different] == [GET]


def test_a_list_in_place_of_a_wildcard_is_told_of_as_future_actions():
    role = e.role("ops", e.allow("s3:*"), e.allow(SEND))
    estate = e.estate(e.account(role, *VMS))
    actions = context_of(estate).actions
    listed = [n for n in actions.names if n.startswith("s3:")]
    changed = [inline(role, e.allow(listed))]

    proof = proven(estate, role.principal.id, [SEND], changed)

    assert proof.status == "proven"
    assert ["s3:*" in one for one in proof.future_actions] == [True]


def test_other_vectors_to_the_same_machines_close_a_finding_partly():
    role = e.role("ops", e.allow([SEND, START]))
    estate = e.estate(e.account(role, *VMS))
    changed = [inline(role, e.allow(START))]

    proof = proven(estate, role.principal.id, [SEND], changed)

    assert (proof.status, proof.closes) == ("proven", "partly")
    assert proof.remaining_paths == ((role.principal.id, START),)


def test_a_role_that_it_may_enter_is_a_path_that_remains():
    trust = e.document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": OPS.principal.id},
        }
    )
    helper = e.role("helper", e.allow(SEND), trust=trust)

    proof = taken(e.allow(GET), estate=simple(helper))

    assert proof.closes == "partly"
    assert proof.remaining_paths == (
        (OPS.principal.id, "assumes", helper.principal.id, SEND),
    )


def test_a_way_into_a_role_may_not_appear():
    trust = e.document(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": f"arn:aws:iam::{e.ACCOUNT}:root"},
        }
    )
    helper = e.role("helper", e.allow(START), trust=trust)

    proof = taken(e.allow([GET, "sts:AssumeRole"]), estate=simple(helper))

    assert proof.status == "failed"
    assert [(h.kind, h.target, h.grown) for h in proof.hops] == [
        ("assumes", helper.principal.id, True)
    ]


def partner_trust(**when):
    one = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{e.PARTNER}:root"},
    }
    return policy(one | ({"Condition": when} if when else {}))


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (partner_trust(StringEquals={"sts:ExternalId": "x"}), "proven"),
        (partner_trust(), "failed"),
        (policy({**partner_trust()["Statement"][0], "Principal": "*"}), "failed"),
    ],
)
def test_an_entry_takes_a_condition_more_and_nobody_else_comes_in(after, status):
    before = partner_trust()
    role = e.role("ops", e.allow(SEND), trust=e.STORE.of_text(json.dumps(before)))
    estate = e.estate(e.account(role, *VMS))
    outsider = f"arn:aws:iam::{e.PARTNER}:root"
    changed = [
        change("aws.trust", role.principal.id, before=before, after=after),
    ]

    proof = proven(estate, outsider, [], changed, Aim.ENTRY, loses={outsider: None})

    assert proof.status == status


def test_a_control_policy_takes_from_members_and_not_from_the_management_account():
    full = e.attached("p-full", e.allow("*"))
    under = e.organization([full], [full], [full])
    managed = e.organization([full], [full], [full], management_account=e.ACCOUNT)
    fence = policy(e.deny(SEND))
    changes = [
        change("aws.scp", "fence", after=fence),
        change(
            "aws.control-attachment",
            e.UNIT_LEVEL,
            "fence",
            after={"PolicyId": "fence", "TargetId": e.UNIT_LEVEL},
        ),
    ]

    def of(organization):
        estate = e.estate(e.account(OPS, OTHER, *VMS), under=organization)
        loses = dict.fromkeys((OPS.principal.id, OTHER.principal.id), frozenset({SEND}))
        return proven(estate, OPS.principal.id, [SEND], changes, loses=loses)

    assert of(under).status == "proven"
    exempt = of(managed)
    assert exempt.status == "failed"
    assert exempt.counterexample.obligation is Obligation.TAKEN


def test_no_step_in_between_may_open_anything():
    source = f"{OPS.principal.id}/inline/fence"
    fence = e.attached(source, e.deny(START))
    role = e.role("ops", e.allow([SEND, START, GET]), policies=(fence,))
    estate = e.estate(e.account(role, *VMS))
    rewrite = inline(role, e.allow(GET))
    gone = inline(role, name="fence")
    again = replace(gone, before=None, after=gone.before)

    def of(*order):
        return proven(estate, role.principal.id, [SEND], order)

    assert of(rewrite, gone, again).status == "proven"
    opened = of(gone, rewrite, again).counterexample
    assert opened.obligation is Obligation.ORDER
    assert opened.why.startswith("after step 1: would be allowed")


def test_a_change_whose_before_is_not_what_the_estate_holds_fails():
    wrong = change(
        "aws.inline-policy",
        OPS.principal.id,
        "own",
        before=policy(e.allow([SEND, GET, START])),
        after=policy(e.allow(GET)),
    )
    missing = change("aws.inline-policy", OPS.principal.id, "none", before=policy())

    for one in (wrong, missing):
        proof = proven(simple(), OPS.principal.id, [SEND], [one])
        assert proof.status == "failed"
        assert proof.counterexample.obligation is Obligation.BACK


BOSS = e.user("boss", e.allow(["ec2:*", START]))
KEYS, RENEW = "iam:CreateAccessKey", "iam:CreatePolicyVersion"


def becoming(*statements):
    """Somebody who may create keys for `boss`, and what is left of that."""
    clerk = e.role("clerk", e.allow([KEYS, SEND]))
    estate = e.estate(e.account(clerk, BOSS, *VMS))
    changed = [inline(clerk, *statements)]
    lost = {clerk.principal.id: frozenset({SEND})}
    return proven(estate, clerk.principal.id, [SEND], changed, loses=lost)


def test_a_right_to_become_somebody_that_stays_is_no_hop_that_differs():
    proof = becoming(e.allow(KEYS))

    assert (proof.status, proof.hops) == ("proven", ())


@pytest.mark.parametrize(
    ("right", "target"),
    [
        ("iam:PutUserPolicy", " with any policy"),
        ("iam:CreateLoginProfile", ""),
    ],
)
def test_a_right_to_become_somebody_may_not_appear(right, target):
    clerk = e.role("clerk", e.allow([GET, SEND]))
    estate = e.estate(e.account(clerk, BOSS, *VMS))

    proof = proven(
        estate, clerk.principal.id, [SEND], [inline(clerk, e.allow([GET, right]))]
    )

    assert proof.status == "failed"
    grown = [one for one in proof.hops if one.grown]
    assert [(one.kind, one.target) for one in grown] == [
        ("can-become", f"{BOSS.principal.id}{target}")
    ]


def test_becoming_somebody_is_an_entry_that_can_be_taken():
    clerk = e.role("clerk", e.allow([KEYS, GET]))
    estate = e.estate(e.account(clerk, BOSS, *VMS))
    changed = [inline(clerk, e.allow(GET))]
    id_ = clerk.principal.id

    members = {"loses": {id_: frozenset()}, "also": frozenset({KEYS})}
    proof = proven(estate, id_, [START], changed, Aim.ENTRY, **members)
    other = proven(
        estate, id_, [START], [inline(clerk, e.allow(KEYS))], Aim.ENTRY, gives_up=True
    )

    assert proof.status == "proven"
    assert [(hop.target, hop.after) for hop in proof.hops] == [
        (BOSS.principal.id, "denied")
    ]
    assert other.counterexample.obligation is Obligation.TAKEN


@pytest.mark.parametrize("before", [True, False])
def test_a_copy_that_somebody_may_rewrite_opens_what_the_original_did_not(before):
    """AWS's policy is rewritten by nobody; a copy is, by whoever may edit policies."""
    aws = "arn:aws:iam::aws:policy/Ops"
    copy = f"arn:aws:iam::{e.ACCOUNT}:policy/Ops-less"
    held = e.attached(aws, e.allow([SEND, GET]))
    ops = e.role("ops", policies=(held,))
    rights = ["iam:PutRolePolicy", RENEW] if before else [RENEW]
    editor = e.role("editor", e.allow(rights))
    home = e.account(ops, editor, *VMS, policies={aws: held})
    less = policy(e.allow(GET))
    changes = [
        change("aws.managed-policy", copy, before=None, after=less),
        change("aws.attachment", ops.principal.id, copy, before=None, after={}),
        change("aws.attachment", ops.principal.id, aws, before={}, after=None),
    ]

    proof = proven(e.estate(home), ops.principal.id, [SEND], changes)

    grown = [(one.source, one.target) for one in proof.hops if one.grown]
    if before:
        assert (proof.status, grown) == ("proven", [])
    else:
        assert proof.counterexample.obligation is Obligation.LEFT
        assert grown == [(editor.principal.id, f"{ops.principal.id} with any policy")]


@pytest.mark.parametrize(
    ("first", "status"), [([SEND, GET], "proven"), ([GET, START], "failed")]
)
def test_a_policy_that_stands_in_for_another_gives_no_more_on_the_way(first, status):
    """What is attached for one step only may not be more than what goes."""
    aws = "arn:aws:iam::aws:policy/Ops"
    passing, last = (f"arn:aws:iam::{e.ACCOUNT}:policy/{n}" for n in ("one", "two"))
    held = e.attached(aws, e.allow([SEND, GET]))
    ops = e.role("ops", policies=(held,))
    home = e.account(ops, *VMS, policies={aws: held})
    id_ = ops.principal.id
    changes = [
        change(
            "aws.managed-policy", passing, before=None, after=policy(e.allow(first))
        ),
        change("aws.attachment", id_, passing, before=None, after={}),
        change("aws.managed-policy", last, before=None, after=policy(e.allow(GET))),
        change("aws.attachment", id_, last, before=None, after={}),
        change("aws.attachment", id_, aws, before={}, after=None),
        change("aws.attachment", id_, passing, before={}, after=None),
    ]

    proof = proven(e.estate(home), id_, [SEND], changes)

    assert proof.status == status
    if status == "failed":
        assert proof.counterexample.obligation is Obligation.ORDER
        assert proof.counterexample.vector == START


@pytest.mark.parametrize(
    ("order", "status"),
    [((0, 1, 2), "proven"), ((0, 2, 1), "failed"), ((2, 0, 1), "failed")],
)
@pytest.mark.parametrize("twice", [False, True])
def test_a_right_that_stays_is_not_gone_between_the_steps(order, status, twice):
    """The new policy comes before the old one goes, or another one gives the same."""
    old, new = (f"arn:aws:iam::{e.ACCOUNT}:policy/{n}" for n in ("old", "new"))
    held = e.attached(old, e.allow([SEND, GET]))
    id_ = OPS.principal.id
    also = e.attached(f"{id_}/inline/also", e.allow(GET))
    ops = e.role("ops", policies=(held, also) if twice else (held,))
    home = e.account(ops, *VMS, policies={old: held})
    steps = [
        change("aws.managed-policy", new, before=None, after=policy(e.allow(GET))),
        change("aws.attachment", id_, new, before=None, after={}),
        change("aws.attachment", id_, old, before={}, after=None),
    ]

    proof = proven(e.estate(home), id_, [SEND], [steps[n] for n in order])

    assert proof.status == ("proven" if twice else status)
    if proof.status == "failed":
        assert proof.counterexample.obligation is Obligation.ORDER
        assert proof.counterexample.vector == GET
