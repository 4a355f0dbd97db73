"""On random small estates a proof's verdict is that of comparing everything."""

import json

import iam_estates as e
from applying import change, decisions
from hypothesis import event, given, settings
from hypothesis import strategies as st
from proving import context_of, finding_of

from policies.apply import applied
from policies.proof.copies import copied
from policies.proof.intent import Intent
from policies.proof.model import Aim
from policies.proof.prove import prove
from scanner.grants import Verdict

SEND, START, GET, ASSUME = (
    "ssm:SendCommand",
    "ssm:StartSession",
    "s3:GetObject",
    "sts:AssumeRole",
)
ACTIONS = (SEND, START, GET, ASSUME)
SHARED = f"arn:aws:iam::{e.ACCOUNT}:policy/shared"
VPCS = ("vpc-1", "vpc-2", None)
TRUST = e.document(
    {
        "Effect": "Allow",
        "Action": ASSUME,
        "Principal": {"AWS": f"arn:aws:iam::{e.ACCOUNT}:root"},
    }
)
VPC = st.sampled_from(VPCS)


@st.composite
def statements(draw):
    effect = draw(st.sampled_from([e.allow, e.allow, e.deny]))
    actions = draw(st.lists(st.sampled_from(ACTIONS), min_size=1, unique=True))
    vpc = draw(VPC)
    when = {"StringEquals": {"aws:SourceVpc": vpc}} if vpc else None
    return effect(actions, when=when)


COMMANDS = e.allow([SEND, GET])
LISTS = st.lists(statements(), min_size=1, max_size=3)


@st.composite
def worlds(draw):
    """Three roles, a policy that two of them share, and somebody's boundary."""
    shared = e.attached(SHARED, *draw(LISTS))
    bound = shared if draw(st.booleans()) else None
    roles = [
        e.role("one", COMMANDS, *draw(LISTS), trust=TRUST),
        e.role("two", COMMANDS, *draw(LISTS), policies=(shared,), trust=TRUST),
        e.role("three", *draw(LISTS), policies=(shared,), boundary=bound),
    ]
    return e.estate(
        e.account(*roles, e.node("i-1"), e.node("i-2"), policies={SHARED: shared})
    )


def without_commands(statement):
    """The same Allow without SendCommand; a Deny as it is."""
    left = [one for one in statement["Action"] if one != SEND] or [GET]
    return statement | {"Action": left} if statement["Effect"] == "Allow" else statement


@st.composite
def cases(draw):
    """A world, and another content for one of its documents."""
    world = draw(worlds())
    (account,) = world.accounts.values()
    role = draw(st.sampled_from(account.identities))
    own = next(one for one in role.policies if one.source.endswith("/own"))
    kept = [
        s for s in json.loads(own.document.text)["Statement"] if draw(st.booleans())
    ]
    after = e.document(*(kept + draw(st.lists(statements(), max_size=1))))
    if draw(st.booleans()):
        held = account.policies[SHARED]
        made = ("aws.managed-policy", SHARED, "", held, after)
    else:
        made = ("aws.inline-policy", role.principal.id, "own", own, after)
    kind, id_, name, before, after = made
    before, after = (json.loads(t) for t in (before.document.text, after.text))
    return world, role, change(kind, id_, name, before=before, after=after)


@st.composite
def rewrites(draw):
    """A world, and one of its inline policies without SendCommand, or nearly so."""
    world = draw(worlds())
    role = draw(st.sampled_from(world.accounts[e.ACCOUNT].identities))
    own = next(one for one in role.policies if one.source.endswith("/own"))
    before = json.loads(own.document.text)
    kept = [without_commands(one) for one in before["Statement"]]
    extra = draw(
        st.sampled_from([[], [e.allow(GET)], [e.allow(START)], [e.deny(SEND)]])
    )
    after = {**before, "Statement": [*kept, *extra]}
    id_ = role.principal.id
    made = change("aws.inline-policy", id_, "own", before=before, after=after)
    return world, role, made


def says(attached, action, vpc):
    """What documents allow and do not deny, and what they deny."""
    matched = [
        (one.effect, {v for _, _, values in one.conditions for v in values} or {vpc})
        for each in attached
        for one in each.document.statements
        if action in one.actions
    ]
    denied = any(effect == "Deny" and vpc in values for effect, values in matched)
    allowed = any(effect == "Allow" and vpc in values for effect, values in matched)
    return allowed and not denied, denied


EVERYTHING = e.attached("all", e.allow(list(ACTIONS)))


def layers(estate):
    (account,) = estate.accounts.values()
    for one in account.identities:
        yield one.principal.id, one.policies, (one.boundary or EVERYTHING,)


def wrong_actions(before, after, may_lose):
    """Whether an action is gained in a layer, or lost that may not be lost."""
    for (who, *old), (_, *new) in zip(layers(before), layers(after), strict=True):
        for was, is_ in zip(old, new, strict=True):
            for action in ACTIONS:
                for vpc in VPCS:
                    (a, d), (b, f) = says(was, action, vpc), says(is_, action, vpc)
                    gained = (b and not a) or (d and not f)
                    lost = (a and not b) or (f and not d)
                    if gained or (lost and action not in may_lose.get(who, ())):
                        return True
    return False


def rank(key):
    """How many of the VPCs a decision lets through: those that it names."""
    verdict, conditions, *rest = key
    if verdict is Verdict.ALLOWED:
        return set(VPCS), rest
    named = {
        c.values[0] for both in conditions for c in both if "Not" not in c.operator
    }
    if any("Not" in c.operator for both in conditions for c in both):
        refused = {v for both in conditions for c in both for v in c.values}
        return set(VPCS) - refused, rest
    return named, rest


def wrong_pairs(before, after, meant):
    """Whether a pair is gained or widened, or changes though nobody meant it."""
    for key in {*before, *after}:
        was, is_ = before.get(key), after.get(key)
        if was == is_:
            continue
        if was is None or not meant(key):
            return True
        if is_ is not None and not (rank(is_)[0] <= rank(was)[0]):
            return True
    return False


def brute(before, after, who, may_lose):
    """Whether the change is right, told from every decision of both estates."""
    (old, old_hops), (new, new_hops) = decisions(before), decisions(after)

    def of_grant(key):
        return key[1] in may_lose.get(key[0], ())

    def of_hop(key):
        return key[1] in may_lose

    wanted = {key for key in old if key[:2] == (who, SEND)}
    return not (
        not wanted
        or any(key in new for key in wanted)
        or wrong_pairs(old, new, of_grant)
        or wrong_pairs(old_hops, new_hops, of_hop)
        or wrong_actions(before, after, may_lose)
    )


@settings(max_examples=80)
@given(cases() | rewrites(), st.booleans())
def test_the_verdict_is_that_of_comparing_all_decisions(case, everybody):
    world, role, made = case
    ids = [one.principal.id for one in world.accounts[e.ACCOUNT].identities]
    may_lose = {
        id_: frozenset({SEND, ASSUME})
        for id_ in (ids if everybody else [role.principal.id])
    }
    intent = Intent((made,), Aim.REMOVE, may_lose)
    who = role.principal.id

    proof = prove(context_of(world), "R-1", finding_of(who, SEND), intent)

    expected = brute(world, applied(world, [made]), who, may_lose)
    event(f"holds: {expected}")
    assert (proof.status == "proven") is expected, proof.counterexample


@settings(max_examples=40)
@given(cases() | rewrites())
def test_nothing_differs_but_for_those_who_are_decided_again(case):
    world, _, made = case
    (old, old_hops), (new, new_hops) = (
        decisions(one) for one in (world, applied(world, [made]))
    )

    copy = copied(context_of(world), world, [made])

    changed = {key[0] for key in {*old, *new} if old.get(key) != new.get(key)}
    hopping = {key[1] for key in old_hops.keys() ^ new_hops.keys()}
    assert changed | hopping <= copy.ids
